//! The door through which the pure protocol reaches cryptography.

use super::record::HandoverProof;
use crate::key::{KeyName, Material, WrappedMaterial};
use crate::rows::{PeerRegion, Region};
use crate::vocabulary::{AccessKeyId, AccountId, Epoch, KeyOrigin, KeySpec, MaterialId};

/// Why material could not be re-sealed or opened. Never says more about the secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ResealError(pub String);

/// What a sealed material is bound to, beside source and destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaterialBinding {
    /// The key.
    pub key: KeyName,
    /// The material.
    pub material_id: MaterialId,
    /// The key's spec.
    pub spec: KeySpec,
    /// The key's origin.
    pub origin: KeyOrigin,
    /// The epoch of the record it travels with.
    pub epoch: Epoch,
    /// The shared revision of that record.
    pub shared_revision: u64,
}

/// What the sealed secret of an access key is bound to, beside source and destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretBinding {
    /// The account of the access key's principal.
    pub account: AccountId,
    /// The access key.
    pub id: AccessKeyId,
    /// The revision of the record it travels with.
    pub revision: u64,
}

/// Seals for, and opens from, other regions. Implemented with HPKE in production and by a plain model in simulation.
pub trait Reseal {
    /// The sealed form.
    type Sealed: Clone;

    /// Opens this region's wrapping and seals to `peer`'s HPKE key. Of imported material it is the commitment that is
    /// sealed, never the bytes.
    fn seal(
        &self,
        region: &Region,
        peer: &PeerRegion,
        binding: &MaterialBinding,
        material: &Material,
    ) -> Result<Self::Sealed, ResealError>;

    /// Opens what `peer` sealed to this region, checks its commitment, and wraps it under this region's wrapping key.
    /// When the binding's origin is EXTERNAL, what is opened and wrapped is the commitment alone.
    fn open_and_wrap(
        &self,
        region: &Region,
        peer: &PeerRegion,
        binding: &MaterialBinding,
        sealed: &Self::Sealed,
    ) -> Result<WrappedMaterial, ResealError>;

    /// Opens this region's wrapping of an access key's secret and seals it to `peer`'s HPKE key.
    fn seal_secret(
        &self,
        region: &Region,
        peer: &PeerRegion,
        binding: &SecretBinding,
        secret: &WrappedMaterial,
    ) -> Result<Self::Sealed, ResealError>;

    /// Opens the secret that `peer` sealed to this region, and wraps it under this region's wrapping key.
    fn open_and_wrap_secret(
        &self,
        region: &Region,
        peer: &PeerRegion,
        binding: &SecretBinding,
        sealed: &Self::Sealed,
    ) -> Result<WrappedMaterial, ResealError>;

    /// Whether `proof` was signed by `signer` for `key`.
    fn verify_handover(
        &self,
        region: &Region,
        signer: &[u8; 32],
        key: &KeyName,
        proof: &HandoverProof,
    ) -> bool;
}
