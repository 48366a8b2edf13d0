//! The door to this region's own keys. The server opens them with the root key; nothing here ever sees that.

use std::sync::Arc;

use kms_crypto::region::{HpkeKeyPair, RegionSigningKey};
use kms_crypto::wrap::WrappingKey;
use kms_domain::rows::{HpkeKeyRow, Region, WrappingKeyRow};

/// Why a key could not be opened. Says nothing of the key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyRingError(pub String);

/// Opens keys of this region from their rows. Called often: implementations keep what they have opened.
pub trait KeyRing: Send + Sync + 'static {
    /// A wrapping key.
    ///
    /// # Errors
    /// When the row does not open under this node's root key.
    fn wrapping_key(&self, region: &Region, row: &WrappingKeyRow) -> Result<Arc<WrappingKey>, KeyRingError>;

    /// The key that signs for this region.
    ///
    /// # Errors
    /// When the row does not open under this node's root key.
    fn signing_key(&self, region: &Region) -> Result<Arc<RegionSigningKey>, KeyRingError>;

    /// An HPKE key pair to which peers seal.
    ///
    /// # Errors
    /// When the row does not open under this node's root key.
    fn hpke_key(&self, region: &Region, row: &HpkeKeyRow) -> Result<Arc<HpkeKeyPair>, KeyRingError>;
}
