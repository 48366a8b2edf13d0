//! A batch of signed shipments as bytes. Each shipment is signed by its source region over the lives of both regions,
//! so that it counts nowhere else and never again after either was restored.

use kms_crypto::CryptoError;
use kms_crypto::fields::Fields;
use kms_crypto::region::{RegionLife, RegionSigningKey, RegionVerifyingKey, Signature};
use kms_proto::internal::replication::v1 as pb;

use crate::ReplicationError;

const LABEL: &str = "concord.kms/shipment/v1";
const LENGTH_BYTES: usize = 4;
const SIGNATURE_BYTES: usize = 64;

/// Between whom shipments travel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// The installation.
    pub(crate) cluster: String,
    /// The sender.
    pub(crate) from: RegionLife,
    /// The addressee.
    pub(crate) to: RegionLife,
}

impl Route {
    fn signed_fields(&self, shipment: &[u8]) -> Fields {
        Fields::new(LABEL)
            .text(&self.cluster)
            .region(&self.from.region)
            .incarnation(&self.from.incarnation)
            .region(&self.to.region)
            .incarnation(&self.to.incarnation)
            .bytes(shipment)
    }

    /// Appends a shipment and its signature to a batch.
    pub(crate) fn append_signed(
        &self,
        batch: &mut Vec<u8>,
        shipment: &[u8],
        key: &RegionSigningKey,
    ) -> Result<(), CryptoError> {
        let length = u32::try_from(shipment.len())
            .map_err(|_| CryptoError::Library("a shipment is shorter than 4 GiB"))?;
        let signature = key.sign(&self.signed_fields(shipment))?;
        batch.extend_from_slice(&length.to_be_bytes());
        batch.extend_from_slice(shipment);
        batch.extend_from_slice(&signature.0);
        Ok(())
    }

    /// The request that carries a batch.
    pub(crate) fn request(&self, shipments: Vec<u8>) -> pb::ShipRequest {
        pb::ShipRequest {
            cluster: self.cluster.clone(),
            from: Some(life_message(&self.from)),
            to: Some(life_message(&self.to)),
            shipments,
        }
    }

    /// The request that asks for the addressee's sealing key.
    pub(crate) fn sealing_key_request(&self) -> pb::SealingKeyRequest {
        pb::SealingKeyRequest {
            cluster: self.cluster.clone(),
            from: Some(life_message(&self.from)),
            to: Some(life_message(&self.to)),
        }
    }

    /// Whether a request that names `cluster`, `from` and `to` goes this way.
    pub(crate) fn is_named_by(
        &self,
        cluster: &str,
        from: Option<&pb::RegionLife>,
        to: Option<&pb::RegionLife>,
    ) -> bool {
        cluster == self.cluster
            && from == Some(&life_message(&self.from))
            && to == Some(&life_message(&self.to))
    }

    /// Whether the source region signed this shipment for this route.
    pub(crate) fn verify(
        &self,
        signed: &SignedShipment<'_>,
        key: &RegionVerifyingKey,
    ) -> Result<(), ReplicationError> {
        key.verify(&self.signed_fields(signed.shipment), &Signature(signed.signature))
            .map_err(|_| ReplicationError::Signature)
    }
}

fn life_message(life: &RegionLife) -> pb::RegionLife {
    pb::RegionLife {
        region: life.region.to_string(),
        incarnation: life.incarnation.0.to_vec(),
    }
}

/// One shipment of a batch, not verified yet.
pub(crate) struct SignedShipment<'a> {
    pub(crate) shipment: &'a [u8],
    signature: [u8; SIGNATURE_BYTES],
}

/// Splits a batch; refuses one with more than `shipments_max` or with bytes left over.
pub(crate) fn split_batch(
    mut batch: &[u8],
    shipments_max: usize,
) -> Result<Vec<SignedShipment<'_>>, ReplicationError> {
    const CUT: ReplicationError = ReplicationError::Batch("it ends within a shipment");
    let mut shipments = Vec::new();
    while !batch.is_empty() {
        if shipments.len() == shipments_max {
            return Err(ReplicationError::Batch("it holds too many shipments"));
        }
        let (length, rest) = batch.split_first_chunk::<LENGTH_BYTES>().ok_or(CUT)?;
        let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| CUT)?;
        let (shipment, rest) = rest.split_at_checked(length).ok_or(CUT)?;
        let (signature, rest) = rest.split_first_chunk::<SIGNATURE_BYTES>().ok_or(CUT)?;
        shipments.push(SignedShipment {
            shipment,
            signature: *signature,
        });
        batch = rest;
    }
    Ok(shipments)
}
