//! Cryptography as a plain model: what is sealed names everything it is bound to, and a signature names its signer.
//! Nothing is secret, but whatever real cryptography would refuse, this refuses.

use kms_domain::key::{KeyName, Material, WrappedMaterial};
use kms_domain::multi_region::{HandoverProof, MaterialBinding, Reseal, ResealError, SecretBinding};
use kms_domain::rows::{PeerRegion, Region};
use kms_domain::vocabulary::{Epoch, HpkeKeyId, Incarnation, KeyOrigin, RegionName};
use std::sync::Arc;

const COMMITMENT: &[u8] = b"commitment to ";

/// What a sealed thing is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Binding {
    Material(MaterialBinding),
    Secret(SecretBinding),
}

/// Material between regions; of imported material, a commitment to it. Or the secret of an access key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sealed {
    pub(crate) source: (RegionName, Incarnation),
    pub(crate) destination: (RegionName, Incarnation),
    pub(crate) hpke_key: HpkeKeyId,
    pub(crate) hpke_public: Arc<[u8]>,
    pub(crate) binding: Binding,
    pub(crate) secret: Vec<u8>,
}

/// The secret as `region` keeps it: its name, a separator, the bytes.
pub(crate) fn wrap(region: &Region, secret: &[u8]) -> WrappedMaterial {
    let mut bytes = region.name.as_str().as_bytes().to_vec();
    bytes.push(0);
    bytes.extend_from_slice(secret);
    WrappedMaterial {
        wrapping_key: region.wrapping_key,
        bytes: bytes.into(),
    }
}

/// The bytes behind [`wrap`], if `region` wrapped them.
pub(crate) fn unwrap(region: &RegionName, wrapped: &WrappedMaterial) -> Option<Vec<u8>> {
    let prefix = region.as_str().as_bytes();
    let rest = wrapped.bytes.strip_prefix(prefix)?;
    rest.strip_prefix(&[0]).map(<[u8]>::to_vec)
}

/// What imported bytes are recognized by. Nothing is secret here, so their owner finds them in it.
pub(crate) fn commit(secret: &[u8]) -> Vec<u8> {
    [COMMITMENT, secret].concat()
}

/// The bytes that a commitment is to.
pub(crate) fn committed(commitment: &[u8]) -> Option<Vec<u8>> {
    commitment.strip_prefix(COMMITMENT).map(<[u8]>::to_vec)
}

/// A region's signature: its public key, and what is signed in full.
pub(crate) fn sign(signer: &[u8; 32], key: &KeyName, from: &Epoch, to: &Epoch) -> HandoverProof {
    HandoverProof {
        from: from.clone(),
        to: to.clone(),
        signature: signed_text(signer, key, from, to).into(),
    }
}

fn signed_text(signer: &[u8; 32], key: &KeyName, from: &Epoch, to: &Epoch) -> Vec<u8> {
    let mut text = signer.to_vec();
    text.extend_from_slice(format!("{key:?}/{from:?}/{to:?}").as_bytes());
    text
}

/// The model.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ModelReseal;

impl Reseal for ModelReseal {
    type Sealed = Sealed;

    fn seal(
        &self,
        region: &Region,
        peer: &PeerRegion,
        binding: &MaterialBinding,
        material: &Material,
    ) -> Result<Sealed, ResealError> {
        let wrapped = match binding.origin {
            KeyOrigin::External => material.imported.as_ref().map(|imported| &imported.commitment),
            _ => material.wrapped.as_ref(),
        };
        let secret = wrapped
            .and_then(|wrapped| unwrap(&region.name, wrapped))
            .ok_or_else(|| ResealError("wrapped by another region, or not here".into()))?;
        Ok(Sealed {
            source: (region.name.clone(), region.incarnation),
            destination: (peer.name.clone(), peer.incarnation),
            hpke_key: peer.hpke_key,
            hpke_public: peer.hpke_public.clone(),
            binding: Binding::Material(binding.clone()),
            secret,
        })
    }

    fn open_and_wrap(
        &self,
        region: &Region,
        peer: &PeerRegion,
        binding: &MaterialBinding,
        sealed: &Sealed,
    ) -> Result<WrappedMaterial, ResealError> {
        let opens = sealed.source == (peer.name.clone(), peer.incarnation)
            && sealed.destination == (region.name.clone(), region.incarnation)
            && sealed.hpke_key <= region.hpke_key
            && sealed.binding == Binding::Material(binding.clone())
            && committed(&sealed.secret).is_some() == (binding.origin == KeyOrigin::External);
        if !opens {
            return Err(ResealError("the sealed material does not open".into()));
        }
        Ok(wrap(region, &sealed.secret))
    }

    fn seal_secret(
        &self,
        region: &Region,
        peer: &PeerRegion,
        binding: &SecretBinding,
        secret: &WrappedMaterial,
    ) -> Result<Sealed, ResealError> {
        let secret =
            unwrap(&region.name, secret).ok_or_else(|| ResealError("wrapped by another region".into()))?;
        Ok(Sealed {
            source: (region.name.clone(), region.incarnation),
            destination: (peer.name.clone(), peer.incarnation),
            hpke_key: peer.hpke_key,
            hpke_public: peer.hpke_public.clone(),
            binding: Binding::Secret(binding.clone()),
            secret,
        })
    }

    fn open_and_wrap_secret(
        &self,
        region: &Region,
        peer: &PeerRegion,
        binding: &SecretBinding,
        sealed: &Sealed,
    ) -> Result<WrappedMaterial, ResealError> {
        let opens = sealed.source == (peer.name.clone(), peer.incarnation)
            && sealed.destination == (region.name.clone(), region.incarnation)
            && sealed.hpke_key <= region.hpke_key
            && sealed.binding == Binding::Secret(binding.clone());
        if !opens {
            return Err(ResealError("the sealed secret does not open".into()));
        }
        Ok(wrap(region, &sealed.secret))
    }

    fn verify_handover(
        &self,
        _region: &Region,
        signer: &[u8; 32],
        key: &KeyName,
        proof: &HandoverProof,
    ) -> bool {
        *proof.signature == *signed_text(signer, key, &proof.from, &proof.to)
    }
}
