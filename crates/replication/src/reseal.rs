//! Sealing to, and opening from, other regions with HPKE (SECURITY.md, "Between regions"). The only place of this
//! crate where key material is open, and only inside `kms-crypto`'s types. Of imported material only the commitment
//! is ever opened here.

use std::sync::Arc;

use kms_crypto::CryptoError;
use kms_crypto::access_key::AccessKeyPlace;
use kms_crypto::material::{KeyMaterial, MaterialCommitment, MaterialName};
use kms_crypto::region::{
    AccessKeyShipmentPlace, HpkeKeyPair, HpkePublicKey, RegionLife, RegionVerifyingKey, ShipmentHeader,
    ShipmentPlace, Signature, handover_fields, open_access_key_secret, open_commitment, open_material,
    seal_access_key_secret, seal_commitment, seal_material,
};
use kms_crypto::wrap::{MaterialPlace, WrappingKey};
use kms_domain::State;
use kms_domain::key::{KeyName, Material, WrappedMaterial};
use kms_domain::multi_region::{HandoverProof, MaterialBinding, Reseal, ResealError, SecretBinding};
use kms_domain::rows::{PeerRegion, Region};
use kms_domain::vocabulary::{KeyOrigin, WrappingKeyId};

use crate::key_ring::{KeyRing, KeyRingError};

/// The format of material rows, which wrapped material is bound to.
const MATERIAL_ROW_FORMAT: u64 = 1;

/// The format of access keys' rows, which their wrapped secrets are bound to.
const ACCESS_KEY_ROW_FORMAT: u64 = 1;

/// HPKE between pinned regions, over one state.
pub(crate) struct HpkeReseal<'a> {
    state: &'a State,
    key_ring: &'a dyn KeyRing,
}

impl<'a> HpkeReseal<'a> {
    pub(crate) fn new(state: &'a State, key_ring: &'a dyn KeyRing) -> Self {
        Self { state, key_ring }
    }

    fn wrapping_key(&self, region: &Region, id: WrappingKeyId) -> Result<Arc<WrappingKey>, ResealError> {
        let row = self
            .state
            .wrapping_key(id)
            .ok_or_else(|| ResealError(format!("wrapping key {id} is not known")))?;
        self.key_ring.wrapping_key(region, row).map_err(from_key_ring)
    }

    fn unwrap_material(
        &self,
        region: &Region,
        binding: &MaterialBinding,
        material: &Material,
    ) -> Result<KeyMaterial, ResealError> {
        let wrapped = material.wrapped.as_ref().ok_or_else(|| incomplete(binding))?;
        self.wrapping_key(region, wrapped.wrapping_key)?
            .unwrap_material(&material_place(region, binding), &wrapped.bytes)
            .map_err(from_crypto)
    }

    fn unwrap_commitment(
        &self,
        region: &Region,
        binding: &MaterialBinding,
        material: &Material,
    ) -> Result<MaterialCommitment, ResealError> {
        let imported = material.imported.as_ref().ok_or_else(|| incomplete(binding))?;
        self.wrapping_key(region, imported.commitment.wrapping_key)?
            .unwrap_commitment(&material_place(region, binding), &imported.commitment.bytes)
            .map_err(from_crypto)
    }

    /// This region's key pair to which `sealed` says it was sealed.
    fn own_key_pair(&self, region: &Region, sealed: &[u8]) -> Result<Arc<HpkeKeyPair>, ResealError> {
        let header = ShipmentHeader::parse(sealed).map_err(from_crypto)?;
        let row = self.state.hpke_key(header.hpke_key_id).ok_or_else(|| {
            ResealError(format!(
                "HPKE key {} is not known here; pair the regions again",
                header.hpke_key_id
            ))
        })?;
        self.key_ring.hpke_key(region, row).map_err(from_key_ring)
    }

    /// The HPKE key that is pinned for `peer`, while it is valid. Log time decides, because one node's clock may be
    /// wrong.
    fn recipient(&self, peer: &PeerRegion) -> Result<HpkePublicKey, ResealError> {
        if self.state.log_time() > peer.hpke_valid_until {
            return Err(ResealError(format!(
                "the HPKE key {} pinned for {} has expired; pair the regions again",
                peer.hpke_key, peer.name
            )));
        }
        HpkePublicKey::pinned(peer.hpke_key, &peer.hpke_public).map_err(from_crypto)
    }
}

impl Reseal for HpkeReseal<'_> {
    type Sealed = Arc<[u8]>;

    fn seal(
        &self,
        region: &Region,
        peer: &PeerRegion,
        binding: &MaterialBinding,
        material: &Material,
    ) -> Result<Arc<[u8]>, ResealError> {
        let signing_key = self.key_ring.signing_key(region).map_err(from_key_ring)?;
        let (source, destination) = (life_of_region(region), life_of_peer(peer));
        let place = shipment_place(region, &source, &destination, binding);
        let recipient = self.recipient(peer)?;
        let rng = &mut rand::rng();
        let sealed = match kind_of(binding) {
            Kind::Commitment => {
                let opened = self.unwrap_commitment(region, binding, material)?;
                seal_commitment(&opened, &place, &recipient, &signing_key, rng)
            }
            Kind::Material => {
                let opened = self.unwrap_material(region, binding, material)?;
                seal_material(&opened, &place, &recipient, &signing_key, rng)
            }
        };
        sealed.map(Arc::from).map_err(from_crypto)
    }

    fn open_and_wrap(
        &self,
        region: &Region,
        peer: &PeerRegion,
        binding: &MaterialBinding,
        sealed: &Arc<[u8]>,
    ) -> Result<WrappedMaterial, ResealError> {
        let recipient = self.own_key_pair(region, sealed)?;
        let (source, destination) = (life_of_peer(peer), life_of_region(region));
        let signer = RegionVerifyingKey::from_bytes(peer.signing_public);
        let place = shipment_place(region, &source, &destination, binding);
        let wrapping_key = self.wrapping_key(region, region.wrapping_key)?;
        let own_place = material_place(region, binding);
        let rng = &mut rand::rng();
        let wrapped = match kind_of(binding) {
            Kind::Commitment => open_commitment(sealed, &place, &recipient, &signer)
                .and_then(|opened| wrapping_key.wrap_commitment(&own_place, &opened, rng)),
            Kind::Material => open_material(sealed, &place, &recipient, &signer)
                .and_then(|opened| wrapping_key.wrap_material(&own_place, &opened, rng)),
        };
        Ok(WrappedMaterial {
            wrapping_key: wrapping_key.id(),
            bytes: wrapped.map_err(from_crypto)?.into(),
        })
    }

    fn seal_secret(
        &self,
        region: &Region,
        peer: &PeerRegion,
        binding: &SecretBinding,
        secret: &WrappedMaterial,
    ) -> Result<Arc<[u8]>, ResealError> {
        let signing_key = self.key_ring.signing_key(region).map_err(from_key_ring)?;
        let (source, destination) = (life_of_region(region), life_of_peer(peer));
        let place = secret_shipment_place(region, &source, &destination, binding);
        let recipient = self.recipient(peer)?;
        let opened = self
            .wrapping_key(region, secret.wrapping_key)?
            .unwrap_access_key_secret(&access_key_place(region, binding), &secret.bytes)
            .map_err(from_crypto)?;
        seal_access_key_secret(&opened, &place, &recipient, &signing_key, &mut rand::rng())
            .map(Arc::from)
            .map_err(from_crypto)
    }

    fn open_and_wrap_secret(
        &self,
        region: &Region,
        peer: &PeerRegion,
        binding: &SecretBinding,
        sealed: &Arc<[u8]>,
    ) -> Result<WrappedMaterial, ResealError> {
        let recipient = self.own_key_pair(region, sealed)?;
        let (source, destination) = (life_of_peer(peer), life_of_region(region));
        let signer = RegionVerifyingKey::from_bytes(peer.signing_public);
        let place = secret_shipment_place(region, &source, &destination, binding);
        let wrapping_key = self.wrapping_key(region, region.wrapping_key)?;
        let own_place = access_key_place(region, binding);
        let wrapped = open_access_key_secret(sealed, &place, &recipient, &signer)
            .and_then(|opened| wrapping_key.wrap_access_key_secret(&own_place, &opened, &mut rand::rng()))
            .map_err(from_crypto)?;
        Ok(WrappedMaterial {
            wrapping_key: wrapping_key.id(),
            bytes: wrapped.into(),
        })
    }

    fn verify_handover(
        &self,
        region: &Region,
        signer: &[u8; 32],
        key: &KeyName,
        proof: &HandoverProof,
    ) -> bool {
        let Ok(signature) = <[u8; 64]>::try_from(&*proof.signature) else {
            return false;
        };
        let fields = handover_fields(&region.cluster, &key.account, &key.key_id, &proof.from, &proof.to);
        RegionVerifyingKey::from_bytes(*signer)
            .verify(&fields, &Signature(signature))
            .is_ok()
    }
}

/// What travels of a material.
enum Kind {
    /// The secret itself.
    Material,
    /// The commitment to it: what was imported into one region never leaves it.
    Commitment,
}

fn kind_of(binding: &MaterialBinding) -> Kind {
    match binding.origin {
        KeyOrigin::External => Kind::Commitment,
        KeyOrigin::AwsKms | KeyOrigin::AwsCloudHsm | KeyOrigin::ExternalKeyStore => Kind::Material,
    }
}

fn incomplete(binding: &MaterialBinding) -> ResealError {
    ResealError(format!(
        "the row of material {} holds nothing to seal",
        binding.material_id
    ))
}

fn access_key_place<'a>(region: &'a Region, binding: &SecretBinding) -> AccessKeyPlace<'a> {
    AccessKeyPlace {
        cluster: &region.cluster,
        region: &region.name,
        account: binding.account,
        id: binding.id,
        row_format: ACCESS_KEY_ROW_FORMAT,
    }
}

fn secret_shipment_place<'a>(
    region: &'a Region,
    source: &'a RegionLife,
    destination: &'a RegionLife,
    binding: &SecretBinding,
) -> AccessKeyShipmentPlace<'a> {
    AccessKeyShipmentPlace {
        cluster: &region.cluster,
        source,
        destination,
        account: binding.account,
        id: binding.id,
        revision: binding.revision,
    }
}

/// This region's present life.
pub(crate) fn life_of_region(region: &Region) -> RegionLife {
    RegionLife {
        region: region.name.clone(),
        incarnation: region.incarnation,
    }
}

/// The pinned life of a peer.
pub(crate) fn life_of_peer(peer: &PeerRegion) -> RegionLife {
    RegionLife {
        region: peer.name.clone(),
        incarnation: peer.incarnation,
    }
}

fn material_name(binding: &MaterialBinding) -> MaterialName {
    MaterialName {
        account: binding.key.account,
        key_id: binding.key.key_id,
        material_id: binding.material_id,
    }
}

fn material_place<'a>(region: &'a Region, binding: &MaterialBinding) -> MaterialPlace<'a> {
    MaterialPlace {
        cluster: &region.cluster,
        region: &region.name,
        name: material_name(binding),
        spec: binding.spec,
        origin: binding.origin,
        row_format: MATERIAL_ROW_FORMAT,
    }
}

fn shipment_place<'a>(
    region: &'a Region,
    source: &'a RegionLife,
    destination: &'a RegionLife,
    binding: &'a MaterialBinding,
) -> ShipmentPlace<'a> {
    ShipmentPlace {
        cluster: &region.cluster,
        source,
        destination,
        name: material_name(binding),
        spec: binding.spec,
        epoch: &binding.epoch,
        revision: binding.shared_revision,
    }
}

fn from_crypto(error: CryptoError) -> ResealError {
    ResealError(error.to_string())
}

fn from_key_ring(error: KeyRingError) -> ResealError {
    ResealError(error.to_string())
}
