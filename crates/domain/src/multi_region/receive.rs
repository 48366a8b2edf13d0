//! The receiving leader's part: judge, check signatures, open, and re-wrap, so that what enters the log is this
//! region's own.

use super::examine::{check_addresses, examine, record_view, refused};
use super::record::{
    AcceptOutcome, HandoverProof, MaterialInRecord, Receipt, SharedRecord, Shipment, ShipmentBody,
};
use super::reseal::{MaterialBinding, Reseal};
use crate::State;
use crate::key::{KeyName, WrappedMaterial};
use crate::rows::{PeerRegion, Region};
use std::sync::Arc;

/// Turns a shipment from `peer` into the one to propose as [`crate::Command::AcceptShipment`], or answers it at once.
///
/// `peer` is the pinned region that the transport has authenticated. Materials held already are left out; proofs
/// whose signature does not verify are left out with all before them. Nothing is decided for good here: apply judges
/// again.
pub fn receive<R: Reseal>(
    state: &State,
    peer: &PeerRegion,
    shipment: &Shipment<R::Sealed>,
    reseal: &R,
) -> Result<Shipment<WrappedMaterial>, AcceptOutcome> {
    let Some(region) = state.region() else {
        return Err(refused("this region has not been bootstrapped"));
    };
    if shipment.from != peer.name {
        return Err(refused(format!("{} speaks for {}", peer.name, shipment.from)));
    }
    check_addresses(state, region, shipment)?;
    let body = match &shipment.body {
        ShipmentBody::ReplicaGone { incarnation } => ShipmentBody::ReplicaGone {
            incarnation: *incarnation,
        },
        ShipmentBody::MaterialsImported {
            incarnation,
            revision,
            materials,
        } => ShipmentBody::MaterialsImported {
            incarnation: *incarnation,
            revision: *revision,
            materials: materials.clone(),
        },
        ShipmentBody::Record {
            record,
            replica_incarnation,
            materials,
            complete,
            creation,
            proofs,
        } => {
            let mut view = record_view(shipment)?.ok_or_else(|| refused("not a record"))?;
            let verified = verified_suffix(state, region, &shipment.key, proofs, reseal);
            view.proofs = verified;
            examine(state, &view)?;
            ShipmentBody::Record {
                record: record.clone(),
                replica_incarnation: *replica_incarnation,
                materials: open(state, region, peer, &shipment.key, record, materials, reseal)?,
                complete: *complete,
                creation: creation.clone(),
                proofs: verified.to_vec(),
            }
        }
    };
    Ok(Shipment {
        from: shipment.from.clone(),
        from_incarnation: shipment.from_incarnation,
        to: shipment.to.clone(),
        key: shipment.key,
        body,
    })
}

/// The answer to send back for `shipment` after `outcome`. `state` is one in which the outcome's command has been
/// applied, or for an answer given at once, the one it was given from; a later one is as good.
pub fn receipt<M>(state: &State, shipment: &Shipment<M>, outcome: AcceptOutcome) -> Receipt {
    let (stamp, incarnation, materials): (_, _, &[MaterialInRecord<M>]) = match &shipment.body {
        ShipmentBody::ReplicaGone { incarnation } | ShipmentBody::MaterialsImported { incarnation, .. } => {
            (None, *incarnation, &[])
        }
        ShipmentBody::Record {
            record,
            replica_incarnation,
            materials,
            ..
        } => (Some(record.stamp.clone()), *replica_incarnation, materials),
    };
    let copy = state
        .key(&shipment.key)
        .and_then(|key| key.multi_region.as_ref())
        .filter(|copy| copy.incarnation == incarnation);
    let held = |m: &&MaterialInRecord<M>| state.material(&shipment.key, &m.material_id).is_some();
    Receipt {
        from: shipment.to.clone(),
        key: shipment.key,
        stamp,
        incarnation,
        materials_held: match copy {
            Some(_) => materials.iter().filter(held).map(|m| m.material_id).collect(),
            None => Vec::new(),
        },
        complete: copy.is_some_and(|copy| !copy.creating),
        outcome,
    }
}

/// The longest run of proofs, up to the newest, whose signatures verify under pinned signing keys. An older one that
/// does not (its region's key may have been replaced since) only matters to a region that is still behind it.
fn verified_suffix<'a, R: Reseal>(
    state: &State,
    region: &Region,
    key: &KeyName,
    proofs: &'a [HandoverProof],
    reseal: &R,
) -> &'a [HandoverProof] {
    let verifies = |proof: &HandoverProof| {
        let signer = if proof.from.region == region.name {
            Some(&region.signing_public)
        } else {
            state
                .peer(&proof.from.region)
                .map(|signer| &signer.signing_public)
        };
        signer.is_some_and(|signer| reseal.verify_handover(region, signer, key, proof))
    };
    let unverified = proofs.iter().rposition(|proof| !verifies(proof));
    &proofs[unverified.map_or(0, |position| position + 1)..]
}

fn open<R: Reseal>(
    state: &State,
    region: &Arc<Region>,
    peer: &PeerRegion,
    key: &KeyName,
    record: &SharedRecord,
    materials: &[MaterialInRecord<R::Sealed>],
    reseal: &R,
) -> Result<Vec<MaterialInRecord<WrappedMaterial>>, AcceptOutcome> {
    materials
        .iter()
        .filter(|sealed| state.material(key, &sealed.material_id).is_none())
        .map(|sealed| {
            let binding = MaterialBinding {
                key: *key,
                material_id: sealed.material_id,
                spec: record.spec,
                origin: record.origin,
                epoch: record.stamp.epoch.clone(),
                shared_revision: record.stamp.shared_revision,
            };
            let material = reseal
                .open_and_wrap(region, peer, &binding, &sealed.material)
                .map_err(|error| refused(error.0))?;
            Ok(MaterialInRecord {
                material_id: sealed.material_id,
                rotation_date: sealed.rotation_date,
                rotation_kind: sealed.rotation_kind,
                material,
            })
        })
        .collect()
}
