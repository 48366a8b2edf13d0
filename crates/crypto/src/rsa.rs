//! Material of an RSA key.

use crate::SecretBytes;
use crate::error::CryptoError;
use kms_domain::vocabulary::{KeySpec, MessageType, SigningAlgorithm};

/// Material of an RSA key.
pub struct RsaMaterial {
    spec: KeySpec,
    bytes: SecretBytes,
}

impl RsaMaterial {
    pub(crate) fn generate(spec: KeySpec) -> Result<Self, CryptoError> {
        Err(CryptoError::SpecNotSupported(spec))
    }

    pub(crate) fn from_stored(spec: KeySpec, _bytes: &[u8]) -> Result<Self, CryptoError> {
        Err(CryptoError::SpecNotSupported(spec))
    }

    pub(crate) fn import(spec: KeySpec, _bytes: &[u8]) -> Result<Self, CryptoError> {
        Err(CryptoError::SpecNotSupported(spec))
    }

    pub(crate) const fn spec(&self) -> KeySpec {
        self.spec
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.expose()
    }

    pub(crate) fn public_key_der(&self) -> &[u8] {
        &[]
    }

    pub(crate) fn sign(
        &self,
        _algorithm: SigningAlgorithm,
        _message_type: MessageType,
        _message: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        Err(CryptoError::SpecNotSupported(self.spec))
    }

    pub(crate) fn verify(
        &self,
        _algorithm: SigningAlgorithm,
        _message_type: MessageType,
        _message: &[u8],
        _signature: &[u8],
    ) -> Result<(), CryptoError> {
        Err(CryptoError::SpecNotSupported(self.spec))
    }
}

/// A new key pair: PKCS#8 DER, and DER of SubjectPublicKeyInfo.
pub(crate) fn generate_pair(spec: KeySpec) -> Result<(SecretBytes, Vec<u8>), CryptoError> {
    Err(CryptoError::SpecNotSupported(spec))
}
