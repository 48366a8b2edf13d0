//! One request's worth of shipments, made from the state at this moment.

use std::sync::Arc;

use kms_domain::State;
use kms_domain::multi_region::{Parcel, ParcelReceipt, RecordId, ShipmentBody, ship_parcel};
use kms_domain::rows::PeerRegion;
use kms_domain::vocabulary::{Incarnation, MaterialId};
use kms_proto::internal::replication::v1 as pb;
use kms_raft::encode_sealed_shipment;

use super::schedule::{Fate, Version};
use crate::ReplicationError;
use crate::frame::Route;
use crate::key_ring::KeyRing;
use crate::reseal::{HpkeReseal, life_of_peer, life_of_region};

/// A request to send, and what became of the records that are not in it.
pub(crate) struct Batch {
    pub(crate) request: pb::ShipRequest,
    /// What the request says, in its order.
    pub(crate) shipped: Vec<Shipped>,
    /// Records with nothing to send, or that could not be sealed.
    pub(crate) fates: Vec<(RecordId, Fate)>,
    /// Records for which there was no room.
    pub(crate) left_over: Vec<RecordId>,
}

/// What a receipt for a shipment may acknowledge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shipped {
    pub(crate) record: RecordId,
    /// None for news that are no record.
    pub(crate) version: Option<Version>,
    /// The life that may answer; of an identity, the region's.
    incarnation: Incarnation,
    materials: Vec<MaterialId>,
}

impl Shipped {
    /// `peer` is the addressee.
    pub(crate) fn of(parcel: &Parcel<Arc<[u8]>>, peer: &PeerRegion) -> Self {
        let record = parcel.record();
        let (version, incarnation, materials) = match parcel {
            Parcel::Identity(shipment) => {
                let version = Version::Revision(shipment.record.revision());
                (Some(version), peer.incarnation, Vec::new())
            }
            Parcel::Key(shipment) => match &shipment.body {
                ShipmentBody::ReplicaGone { incarnation }
                | ShipmentBody::MaterialsImported { incarnation, .. } => (None, *incarnation, Vec::new()),
                ShipmentBody::Record {
                    record,
                    replica_incarnation,
                    materials,
                    ..
                } => (
                    Some(Version::Stamp(record.stamp.clone())),
                    *replica_incarnation,
                    materials.iter().map(|material| material.material_id).collect(),
                ),
            },
        };
        Self {
            record,
            version,
            incarnation,
            materials,
        }
    }

    /// Whether `receipt` answers this shipment: a receipt counts for what was shipped to that region and nothing
    /// more.
    pub(crate) fn is_answered_by(&self, receipt: &ParcelReceipt, peer: &PeerRegion) -> bool {
        match receipt {
            ParcelReceipt::Key(receipt) => {
                receipt.from == peer.name
                    && RecordId::Key(receipt.key) == self.record
                    && receipt.stamp.clone().map(Version::Stamp) == self.version
                    && receipt.incarnation == self.incarnation
                    && receipt
                        .materials_held
                        .iter()
                        .all(|material| self.materials.contains(material))
            }
            ParcelReceipt::Identity(receipt) => {
                receipt.from == peer.name
                    && RecordId::Identity(receipt.id) == self.record
                    && self.version == Some(Version::Revision(receipt.revision))
                    && receipt.from_incarnation == self.incarnation
            }
        }
    }
}

/// Makes and signs shipments about records, until the request holds `bytes` bytes. Blocks: sealing takes some 0.1 ms
/// a material.
///
/// # Errors
/// When the region's signing key is not available, which concerns all of them alike.
pub(crate) fn make_batch(
    state: &State,
    peer: &PeerRegion,
    records: Vec<RecordId>,
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
    let mut records = records.into_iter();
    while shipments.len() < bytes
        && let Some(record) = records.next()
    {
        match ship_parcel(state, peer, &record, &reseal) {
            Ok(Some(parcel)) => {
                let encoded = encode_sealed_shipment(&parcel);
                route
                    .append_signed(&mut shipments, &encoded, &signing_key)
                    .map_err(|error| ReplicationError::KeyRing(error.to_string()))?;
                shipped.push(Shipped::of(&parcel, peer));
            }
            Ok(None) => fates.push((record, Fate::Stuck(None))),
            Err(error) => fates.push((record, Fate::Failed(error.0))),
        }
    }
    Ok(Batch {
        request: route.request(shipments),
        shipped,
        fates,
        left_over: records.collect(),
    })
}
