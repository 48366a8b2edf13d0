//! One request's worth of shipments, made from the state at this moment.

use std::sync::Arc;

use kms_domain::State;
use kms_domain::key::KeyName;
use kms_domain::multi_region::{Receipt, RecordStamp, Shipment, ShipmentBody, ship};
use kms_domain::rows::PeerRegion;
use kms_domain::vocabulary::{Incarnation, MaterialId};
use kms_proto::internal::replication::v1 as pb;
use kms_raft::encode_sealed_shipment;

use super::schedule::Fate;
use crate::ReplicationError;
use crate::frame::Route;
use crate::key_ring::KeyRing;
use crate::reseal::{HpkeReseal, life_of_peer, life_of_region};

/// A request to send, and what became of the keys that are not in it.
pub(crate) struct Batch {
    pub(crate) request: pb::ShipRequest,
    /// What the request says, in its order.
    pub(crate) shipped: Vec<Shipped>,
    /// Keys with nothing to send, or that could not be sealed.
    pub(crate) fates: Vec<(KeyName, Fate)>,
    /// Keys for which there was no room.
    pub(crate) left_over: Vec<KeyName>,
}

/// What a receipt for a shipment may acknowledge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shipped {
    pub(crate) key: KeyName,
    pub(crate) stamp: Option<RecordStamp>,
    incarnation: Incarnation,
    materials: Vec<MaterialId>,
}

impl Shipped {
    pub(crate) fn of(shipment: &Shipment<Arc<[u8]>>) -> Self {
        match &shipment.body {
            ShipmentBody::ReplicaGone { incarnation }
            | ShipmentBody::MaterialsImported { incarnation, .. } => Self {
                key: shipment.key,
                stamp: None,
                incarnation: *incarnation,
                materials: Vec::new(),
            },
            ShipmentBody::Record {
                record,
                replica_incarnation,
                materials,
                ..
            } => Self {
                key: shipment.key,
                stamp: Some(record.stamp.clone()),
                incarnation: *replica_incarnation,
                materials: materials.iter().map(|material| material.material_id).collect(),
            },
        }
    }

    /// Whether `receipt` answers this shipment: a receipt counts for what was shipped to that region and nothing
    /// more.
    pub(crate) fn is_answered_by(&self, receipt: &Receipt, peer: &PeerRegion) -> bool {
        receipt.from == peer.name
            && receipt.key == self.key
            && receipt.stamp == self.stamp
            && receipt.incarnation == self.incarnation
            && receipt
                .materials_held
                .iter()
                .all(|material| self.materials.contains(material))
    }
}

/// Makes and signs shipments about `keys`, until the request holds `bytes` bytes. Blocks: sealing takes some 0.1 ms
/// a material.
///
/// # Errors
/// When the region's signing key is not available, which concerns all keys alike.
pub(crate) fn make_batch(
    state: &State,
    peer: &PeerRegion,
    keys: Vec<KeyName>,
    key_ring: &dyn KeyRing,
    bytes: usize,
) -> Result<Batch, ReplicationError> {
    let region = state
        .region()
        .ok_or_else(|| ReplicationError::Region("it has not been bootstrapped".to_owned()))?;
    let signing_key = key_ring
        .signing_key(region)
        .map_err(|error| ReplicationError::KeyRing(error.to_string()))?;
    let route = Route {
        cluster: region.cluster.clone(),
        from: life_of_region(region),
        to: life_of_peer(peer),
    };
    let reseal = HpkeReseal::new(state, key_ring);
    let mut shipments = Vec::new();
    let mut shipped = Vec::new();
    let mut fates = Vec::new();
    let mut keys = keys.into_iter();
    while shipments.len() < bytes
        && let Some(key) = keys.next()
    {
        match ship(state, peer, &key, &reseal) {
            Ok(Some(shipment)) => {
                let encoded = encode_sealed_shipment(&shipment);
                route
                    .append_signed(&mut shipments, &encoded, &signing_key)
                    .map_err(|error| ReplicationError::KeyRing(error.to_string()))?;
                shipped.push(Shipped::of(&shipment));
            }
            Ok(None) => fates.push((key, Fate::Stuck(None))),
            Err(error) => fates.push((key, Fate::Failed(error.0))),
        }
    }
    Ok(Batch {
        request: route.request(shipments),
        shipped,
        fates,
        left_over: keys.collect(),
    })
}
