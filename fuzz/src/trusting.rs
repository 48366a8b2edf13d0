//! Cryptography that believes everything, so that the rules of the protocol stand alone.

use kms_domain::key::{KeyName, Material, WrappedMaterial};
use kms_domain::multi_region::{HandoverProof, MaterialBinding, Reseal, ResealError, SecretBinding};
use kms_domain::rows::{PeerRegion, Region};
use std::sync::Arc;

/// A region that believes every seal and signature: a shipment meets the rules alone, as one does from a region that
/// was taken over and signs what it likes.
pub(crate) struct Trusting;

impl Reseal for Trusting {
    type Sealed = Arc<[u8]>;

    fn seal(
        &self,
        _: &Region,
        _: &PeerRegion,
        _: &MaterialBinding,
        material: &Material,
    ) -> Result<Arc<[u8]>, ResealError> {
        let commitment = material.imported.as_ref().map(|imported| &imported.commitment);
        let sealed = commitment.or(material.wrapped.as_ref());
        Ok(Arc::clone(&sealed.expect("what is not imported is here").bytes))
    }

    fn open_and_wrap(
        &self,
        region: &Region,
        _: &PeerRegion,
        _: &MaterialBinding,
        sealed: &Arc<[u8]>,
    ) -> Result<WrappedMaterial, ResealError> {
        Ok(WrappedMaterial {
            wrapping_key: region.wrapping_key,
            bytes: Arc::clone(sealed),
        })
    }

    fn seal_secret(
        &self,
        _: &Region,
        _: &PeerRegion,
        _: &SecretBinding,
        secret: &WrappedMaterial,
    ) -> Result<Arc<[u8]>, ResealError> {
        Ok(Arc::clone(&secret.bytes))
    }

    fn open_and_wrap_secret(
        &self,
        region: &Region,
        _: &PeerRegion,
        _: &SecretBinding,
        sealed: &Arc<[u8]>,
    ) -> Result<WrappedMaterial, ResealError> {
        Ok(WrappedMaterial {
            wrapping_key: region.wrapping_key,
            bytes: Arc::clone(sealed),
        })
    }

    fn verify_handover(&self, _: &Region, _: &[u8; 32], _: &KeyName, _: &HandoverProof) -> bool {
        true
    }
}
