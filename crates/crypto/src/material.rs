//! Key material: what a KMS key holds, its name, and the commitment by which it is recognized.

use crate::error::CryptoError;
use crate::fields::Fields;
use crate::{CryptoRng, SecretBytes, SecretKey256};
use aws_lc_rs::hmac;
use kms_domain::vocabulary::{AccountId, KeyId, KeySpec, MaterialId};
use subtle::ConstantTimeEq;

const COMMITMENT_LABEL: &str = "concord.kms/material-commitment/v1";

/// The name by which all regions know one key material.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MaterialName {
    /// The account that owns the key.
    pub account: AccountId,
    /// The key.
    pub key_id: KeyId,
    /// The material, among those of the key.
    pub material_id: MaterialId,
}

impl MaterialName {
    pub(crate) fn append_to(&self, fields: Fields) -> Fields {
        fields
            .account(&self.account)
            .key_id(&self.key_id)
            .material_id(&self.material_id)
    }
}

/// Material of a SYMMETRIC_DEFAULT key: 256 bits, used only to derive a key for each message.
pub struct SymmetricMaterial(pub(crate) SecretKey256);

/// The material of a key, by the kind of its spec.
pub enum KeyMaterial {
    /// SYMMETRIC_DEFAULT.
    Symmetric(SymmetricMaterial),
}

impl KeyMaterial {
    /// Makes new material.
    ///
    /// # Errors
    /// [`CryptoError::SpecNotSupported`] for every spec but SYMMETRIC_DEFAULT.
    pub fn generate(spec: KeySpec, rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        match spec {
            KeySpec::SymmetricDefault => Ok(Self::Symmetric(SymmetricMaterial(SecretKey256::random(rng)))),
            other => Err(CryptoError::SpecNotSupported(other)),
        }
    }

    /// Takes bytes that were material before: [`KeyMaterial::bytes`] of the same spec, or imported ones.
    ///
    /// # Errors
    /// [`CryptoError::StoredFormat`] when SYMMETRIC_DEFAULT bytes are not exactly 32 long, and
    /// [`CryptoError::SpecNotSupported`] for every other spec.
    pub fn from_bytes(spec: KeySpec, bytes: &SecretBytes) -> Result<Self, CryptoError> {
        Self::from_slice(spec, bytes.expose())
    }

    pub(crate) fn from_slice(spec: KeySpec, bytes: &[u8]) -> Result<Self, CryptoError> {
        match spec {
            KeySpec::SymmetricDefault => SecretKey256::copy_of(bytes)
                .map(|key| Self::Symmetric(SymmetricMaterial(key)))
                .ok_or(CryptoError::StoredFormat("symmetric key material is 32 bytes")),
            other => Err(CryptoError::SpecNotSupported(other)),
        }
    }

    /// The spec of the key that holds this material.
    pub const fn spec(&self) -> KeySpec {
        match self {
            Self::Symmetric(_) => KeySpec::SymmetricDefault,
        }
    }

    /// The material if it is symmetric.
    pub const fn as_symmetric(&self) -> Option<&SymmetricMaterial> {
        match self {
            Self::Symmetric(material) => Some(material),
        }
    }

    /// The secret bytes in the encoding that is wrapped and sealed. SYMMETRIC_DEFAULT: the 32 bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Symmetric(material) => material.0.expose(),
        }
    }

    /// Commits to these bytes under this name.
    pub fn commitment(&self, name: &MaterialName) -> MaterialCommitment {
        MaterialCommitment::of(self.bytes(), name)
    }
}

/// HMAC-SHA256(material, label || account || key id || material id).
///
/// It recognizes the same bytes under the same name, after a journey or when imported again, and tells nothing
/// else about them. It lets whoever holds it test a guess of the bytes, so it is kept wrapped or sealed.
#[derive(Clone, Copy)]
pub struct MaterialCommitment([u8; Self::BYTES]);

impl MaterialCommitment {
    /// Length in bytes.
    pub const BYTES: usize = 32;

    /// A commitment that was made before.
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// Whether both commit to the same bytes and name, in constant time.
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    fn of(material: &[u8], name: &MaterialName) -> Self {
        let fields = name.append_to(Fields::new(COMMITMENT_LABEL));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, material), fields.as_bytes());
        let mut bytes = [0; Self::BYTES];
        bytes.copy_from_slice(tag.as_ref());
        Self(bytes)
    }
}
