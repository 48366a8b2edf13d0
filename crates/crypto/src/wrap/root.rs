//! The root key: one per region, the same on all its nodes, held by a seal provider and never by Raft.

use super::{KIND_ROOT, WrappingKey, open, parse_key_id, prefix, seal};
use crate::error::CryptoError;
use crate::fields::Fields;
use crate::{CryptoRng, SecretBytes, SecretKey256};
use kms_domain::vocabulary::{RegionName, WrappingKeyId};
use std::fmt;

const LABEL: &str = "concord.kms/root-wrap/v1";
const DERIVE_LABEL: &str = "concord.kms/root-derive/v1";
const WRAPPING_KEY_PURPOSE: &str = "wrapping-key";
const WRAPPING_KEY_LABEL: &str = "concord.kms/wrapping-key/v1";

/// The id of a root key: 128 random bits, not secret, stored beside what the key wrapped.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootKeyId(pub [u8; 16]);

impl fmt::Display for RootKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for RootKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// 256 random bits under which a region's wrapping keys, storage keys and private keys are kept.
pub struct RootKey {
    id: RootKeyId,
    pub(crate) key: SecretKey256,
}

impl RootKey {
    /// Makes a root key; `seal init` does so once in a region's life.
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        Self::from_parts(RootKeyId(id), SecretKey256::random(rng))
    }

    /// A root key that a seal provider kept.
    pub const fn from_parts(id: RootKeyId, key: SecretKey256) -> Self {
        Self { id, key }
    }

    /// The key's id.
    pub const fn id(&self) -> RootKeyId {
        self.id
    }

    /// Wraps bytes for one purpose, such as `storage-key`, bound to `aad`: the encoded [`Fields`] of their place.
    ///
    /// # Errors
    /// [`CryptoError::Library`].
    pub fn wrap(
        &self,
        purpose: &str,
        aad: &[u8],
        bytes: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, CryptoError> {
        seal(&self.key, &self.prefix(), &self.bound(purpose, aad), bytes, rng)
    }

    /// Unwraps what [`RootKey::wrap`] made for the same purpose and place.
    ///
    /// # Errors
    /// [`CryptoError::Unwrap`], whatever is wrong.
    pub fn unwrap(&self, purpose: &str, aad: &[u8], wrapped: &[u8]) -> Result<SecretBytes, CryptoError> {
        open(&self.key, &self.prefix(), &self.bound(purpose, aad), wrapped)
    }

    /// Wraps a wrapping key for its row in a region of a cluster.
    ///
    /// # Errors
    /// [`CryptoError::Library`].
    pub fn wrap_wrapping_key(
        &self,
        cluster: &str,
        region: &RegionName,
        wrapping_key: &WrappingKey,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, CryptoError> {
        let aad = wrapping_key_place(cluster, region, wrapping_key.id());
        let bytes = wrapping_key.key.expose();
        self.wrap(WRAPPING_KEY_PURPOSE, aad.as_bytes(), bytes, rng)
    }

    /// Unwraps the wrapping key with this id of a region.
    ///
    /// # Errors
    /// [`CryptoError::Unwrap`] under another root key, for another place, or when any byte was changed.
    pub fn unwrap_wrapping_key(
        &self,
        cluster: &str,
        region: &RegionName,
        id: WrappingKeyId,
        wrapped: &[u8],
    ) -> Result<WrappingKey, CryptoError> {
        let aad = wrapping_key_place(cluster, region, id);
        let bytes = self.unwrap(WRAPPING_KEY_PURPOSE, aad.as_bytes(), wrapped)?;
        let key = SecretKey256::copy_of(bytes.expose())
            .ok_or(CryptoError::StoredFormat("a wrapping key is 32 bytes"))?;
        Ok(WrappingKey::from_parts(id, key))
    }

    /// Derives a key for one purpose under which nothing lasting is kept, such as the tags of pagination markers.
    /// All nodes of a region derive the same.
    ///
    /// # Errors
    /// [`CryptoError::Library`].
    pub fn derive(&self, purpose: &str) -> Result<SecretKey256, CryptoError> {
        let context = Fields::new(DERIVE_LABEL).text(purpose).bytes(&self.id.0);
        crate::envelope::derive(&self.key, DERIVE_LABEL.as_bytes(), context.as_bytes())
    }

    /// Which root key wrapped these bytes, before they are opened.
    ///
    /// # Errors
    /// [`CryptoError::StoredFormat`] for bytes that no root key of this format wrapped.
    pub fn id_of(wrapped: &[u8]) -> Result<RootKeyId, CryptoError> {
        parse_key_id(KIND_ROOT, wrapped).map(RootKeyId)
    }

    fn prefix(&self) -> Vec<u8> {
        prefix(KIND_ROOT, &self.id.0)
    }

    fn bound(&self, purpose: &str, aad: &[u8]) -> Fields {
        Fields::new(LABEL).text(purpose).bytes(aad).bytes(&self.id.0)
    }
}

fn wrapping_key_place(cluster: &str, region: &RegionName, id: WrappingKeyId) -> Fields {
    Fields::new(WRAPPING_KEY_LABEL)
        .text(cluster)
        .region(region)
        .number(id)
}
