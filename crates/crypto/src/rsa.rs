//! Material of an RSA key.

use crate::SecretBytes;
use crate::error::CryptoError;
use kms_domain::vocabulary::KeySpec;

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
}
