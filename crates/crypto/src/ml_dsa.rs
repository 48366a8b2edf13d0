//! Material of an ML-DSA key.

use crate::error::CryptoError;
use crate::{CryptoRng, SecretBytes};
use kms_domain::vocabulary::KeySpec;

/// Material of an ML-DSA key.
pub struct MlDsaMaterial {
    spec: KeySpec,
    bytes: SecretBytes,
}

impl MlDsaMaterial {
    pub(crate) fn generate(spec: KeySpec, _rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        Err(CryptoError::SpecNotSupported(spec))
    }

    pub(crate) fn from_stored(spec: KeySpec, _bytes: &[u8]) -> Result<Self, CryptoError> {
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
