//! What to tell a peer about one key: always the current record, made at this moment.

use super::identity_record::RecordId;
use super::record::{MaterialInRecord, SharedImport, SharedRecord, Shipment, ShipmentBody};
use super::reseal::{MaterialBinding, Reseal, ResealError};
use super::role::{MultiRegion, Role};
use crate::State;
use crate::identity::IdentityId;
use crate::import::materials_with_bytes;
use crate::key::{Key, KeyName, Material};
use crate::limits::MATERIALS_PER_SHIPMENT_MAX;
use crate::rows::{PeerRegion, Region};
use crate::vocabulary::{KeyOrigin, RegionName, Timestamp};
use std::sync::Arc;

/// The shipment due to `peer` about `key`; `None` when there is nothing to say, or when this region is fenced.
///
/// From a primary it is the current shared record with the materials that the peer is not known to hold, at most
/// [`MATERIALS_PER_SHIPMENT_MAX`] of them. From a replica of an imported key it is which bytes are there, to the recorded
/// primary; from a region whose replica has ended, the news of that. Errors are those of sealing.
pub fn ship<R: Reseal>(
    state: &State,
    peer: &PeerRegion,
    key: &KeyName,
    reseal: &R,
) -> Result<Option<Shipment<R::Sealed>>, ResealError> {
    let Some(region) = state.region().filter(|region| !region.fenced) else {
        return Ok(None);
    };
    let body = match state.key(key) {
        Some(held) => match imports_body(state, &peer.name, held) {
            None => record_body(state, region, peer, held, reseal)?,
            imports => imports,
        },
        None => gone_body(state, &peer.name, key),
    };
    Ok(body.map(|body| Shipment {
        from: region.name.clone(),
        from_incarnation: region.incarnation,
        to: peer.name.clone(),
        key: *key,
        body,
    }))
}

/// Records that are to be shipped to `peer` at `now`, keys first, each kind in the order of ids: dirty rows whose back-off is over, and replicas whose
/// end that peer is to be told. An access key waits until the peer has its account, which it would miss otherwise.
pub fn due<'a>(
    state: &'a State,
    peer: &'a RegionName,
    now: Timestamp,
) -> impl Iterator<Item = RecordId> + use<'a> {
    let dirty = state
        .outbox_of(peer, None)
        .filter(move |row| row.refusal.as_ref().is_none_or(|r| r.retry_after <= now))
        .filter(move |row| !waits_for_account(state, peer, &row.record))
        .map(|row| row.record);
    let ended = state
        .tombstones_to_tell()
        .filter(move |t| t.tell.as_ref() == Some(peer) && state.key(&t.key).is_none())
        .map(|t| RecordId::Key(t.key));
    dirty.chain(ended)
}

fn waits_for_account(state: &State, peer: &RegionName, record: &RecordId) -> bool {
    let RecordId::Identity(IdentityId::AccessKey(id)) = record else {
        return false;
    };
    state.access_key(id).is_some_and(|row| {
        let account = IdentityId::Account(row.principal.account());
        state.outbox_row(peer, &account.into()).is_some()
    })
}

/// The shared record as this copy holds it; `None` for a key that is not multi-Region.
pub fn shared_record(state: &State, key: &Key) -> Option<SharedRecord> {
    let multi_region = key.multi_region.as_ref()?;
    let current = key.current_material.and_then(|id| state.material(&key.name, &id));
    Some(SharedRecord {
        stamp: multi_region.stamp(),
        spec: key.spec,
        usage: key.usage,
        origin: key.origin,
        creation_date: key.creation_date,
        current_material: key.current_material,
        current_rotation_date: current.and_then(|m| m.rotation_date),
        current_rotation_kind: current.and_then(|m| m.rotation_kind),
        rotation_automatic: key.rotation.automatic,
        rotation_period_days: key.rotation.period_days,
        rotation_next_date: key.rotation.next_date,
        on_demand_count: key.rotation.on_demand_count,
        pending: key.rotation.pending.clone(),
        replicas: multi_region
            .replicas
            .iter()
            .map(|(region, replica)| (region.clone(), replica.incarnation))
            .collect(),
        primary_incarnation: multi_region.incarnation,
        handover: multi_region.handover.as_ref().map(|h| h.epoch.clone()),
        import: (key.origin == KeyOrigin::External).then(|| SharedImport {
            pending: key.imported_pending(),
            materials: state.materials_of(key.name, 0).map(|m| m.material_id).collect(),
        }),
    })
}

fn record_body<R: Reseal>(
    state: &State,
    region: &Region,
    peer: &PeerRegion,
    key: &Key,
    reseal: &R,
) -> Result<Option<ShipmentBody<R::Sealed>>, ResealError> {
    let Some(record) = shared_record(state, key) else {
        return Ok(None);
    };
    let Some((multi_region, replica)) = key
        .multi_region
        .as_ref()
        .filter(|m| m.role == Role::Primary)
        .and_then(|m| Some((m, m.replicas.get(&peer.name)?)))
    else {
        return Ok(None);
    };
    let (chosen, complete) = materials_for(state, key, &peer.name);
    let materials = chosen
        .into_iter()
        .map(|material| seal(region, peer, key, multi_region, material, reseal))
        .collect::<Result<_, _>>()?;
    Ok(Some(ShipmentBody::Record {
        record: Box::new(record),
        replica_incarnation: replica.incarnation,
        materials,
        complete,
        creation: replica.creation.clone(),
        proofs: multi_region.proofs.clone(),
    }))
}

/// Materials for one shipment in the order in which they were made, and whether they are all that the peer lacks. The
/// current and the prepared one are among them before any other, because the record cannot be adopted without them.
fn materials_for<'a>(state: &'a State, key: &'a Key, peer: &RegionName) -> (Vec<&'a Arc<Material>>, bool) {
    let missing: Vec<&Arc<Material>> = state
        .materials_of(key.name, 0)
        .filter(|material| !material.held_by.contains(peer))
        .collect();
    if missing.len() <= MATERIALS_PER_SHIPMENT_MAX {
        return (missing, true);
    }
    let pending = key.rotation.pending.as_ref().map(|p| p.material_id);
    let (mut chosen, others): (Vec<_>, Vec<_>) = missing
        .into_iter()
        .partition(|m| Some(m.material_id) == key.current_material || Some(m.material_id) == pending);
    let room = MATERIALS_PER_SHIPMENT_MAX.saturating_sub(chosen.len());
    chosen.extend(others.into_iter().take(room));
    chosen.sort_by_key(|m| m.sequence);
    (chosen, false)
}

fn seal<R: Reseal>(
    region: &Region,
    peer: &PeerRegion,
    key: &Key,
    multi_region: &MultiRegion,
    material: &Material,
    reseal: &R,
) -> Result<MaterialInRecord<R::Sealed>, ResealError> {
    let binding = MaterialBinding {
        key: key.name,
        material_id: material.material_id,
        spec: key.spec,
        origin: key.origin,
        epoch: multi_region.epoch.clone(),
        shared_revision: multi_region.shared_revision,
    };
    Ok(MaterialInRecord {
        material_id: material.material_id,
        rotation_date: material.rotation_date,
        rotation_kind: material.rotation_kind,
        material: reseal.seal(region, peer, &binding, material)?,
    })
}

fn imports_body<S>(state: &State, peer: &RegionName, key: &Key) -> Option<ShipmentBody<S>> {
    let copy = key.multi_region.as_ref()?;
    let told = key.origin == KeyOrigin::External && copy.role == Role::Replica && copy.epoch.region == *peer;
    told.then(|| ShipmentBody::MaterialsImported {
        incarnation: copy.incarnation,
        revision: key.revisions.material,
        materials: materials_with_bytes(state, &key.name),
    })
}

fn gone_body<S>(state: &State, peer: &RegionName, key: &KeyName) -> Option<ShipmentBody<S>> {
    let tombstone = state.tombstone(key)?;
    (tombstone.tell.as_ref() == Some(peer)).then_some(ShipmentBody::ReplicaGone {
        incarnation: tombstone.incarnation,
    })
}
