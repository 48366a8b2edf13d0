//! Material of an HMAC key.

use crate::error::CryptoError;
use crate::{CryptoRng, SecretBytes};
use kms_domain::vocabulary::KeySpec;

/// Material of an HMAC key.
pub struct HmacMaterial {
    spec: KeySpec,
    bytes: SecretBytes,
}

impl HmacMaterial {
    pub(crate) fn generate(spec: KeySpec, _rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
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
}
