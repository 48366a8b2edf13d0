//! A message about any record, for those who carry it without asking what it is about.

use super::identities::{identity_receipt, receive_identity, ship_identity};
use super::identity_record::{IdentityOutcome, IdentityReceipt, IdentityShipment, RecordId};
use super::receive::{receipt, receive};
use super::record::{AcceptOutcome, Receipt, Shipment};
use super::reseal::{Reseal, ResealError};
use super::ship::ship;
use crate::rows::PeerRegion;
use crate::vocabulary::RegionName;
use crate::{Command, Reply, State};

/// One message from one region to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parcel<M> {
    /// About a key.
    Key(Shipment<M>),
    /// About an account or an access key.
    Identity(IdentityShipment<M>),
}

/// What became of a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParcelOutcome {
    /// Of one about a key.
    Key(AcceptOutcome),
    /// Of one about an account or an access key.
    Identity(IdentityOutcome),
}

/// The answer to a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParcelReceipt {
    /// To one about a key.
    Key(Receipt),
    /// To one about an account or an access key.
    Identity(IdentityReceipt),
}

impl<M> Parcel<M> {
    /// What it is about.
    pub const fn record(&self) -> RecordId {
        match self {
            Self::Key(shipment) => RecordId::Key(shipment.key),
            Self::Identity(shipment) => RecordId::Identity(shipment.record.id()),
        }
    }

    /// The region that sent it.
    pub const fn sender(&self) -> &RegionName {
        match self {
            Self::Key(shipment) => &shipment.from,
            Self::Identity(shipment) => &shipment.from,
        }
    }
}

impl ParcelReceipt {
    /// The command that notes it.
    pub fn into_command(self) -> Command {
        match self {
            Self::Key(receipt) => Command::NoteReceipt(Box::new(receipt)),
            Self::Identity(receipt) => Command::NoteIdentityReceipt(Box::new(receipt)),
        }
    }
}

/// The parcel due to `peer` about `record`: [`ship`] or [`ship_identity`].
pub fn ship_parcel<R: Reseal>(
    state: &State,
    peer: &PeerRegion,
    record: &RecordId,
    reseal: &R,
) -> Result<Option<Parcel<R::Sealed>>, ResealError> {
    Ok(match record {
        RecordId::Key(key) => ship(state, peer, key, reseal)?.map(Parcel::Key),
        RecordId::Identity(id) => ship_identity(state, peer, *id, reseal)?.map(Parcel::Identity),
    })
}

/// Turns a parcel from `peer` into the command that accepts it, or answers it at once: [`receive()`] or
/// [`receive_identity`].
pub fn receive_parcel<R: Reseal>(
    state: &State,
    peer: &PeerRegion,
    parcel: &Parcel<R::Sealed>,
    reseal: &R,
) -> Result<Command, ParcelOutcome> {
    match parcel {
        Parcel::Key(shipment) => receive(state, peer, shipment, reseal)
            .map(|shipment| Command::AcceptShipment(Box::new(shipment)))
            .map_err(ParcelOutcome::Key),
        Parcel::Identity(shipment) => receive_identity(state, peer, shipment, reseal)
            .map(|shipment| Command::AcceptIdentity(Box::new(shipment)))
            .map_err(ParcelOutcome::Identity),
    }
}

/// What the state machine said of a parcel's command; `None` when it is no answer to one.
pub fn parcel_outcome(reply: Reply) -> Option<ParcelOutcome> {
    match reply {
        Reply::RecordAccepted(outcome) => Some(ParcelOutcome::Key(outcome)),
        Reply::IdentityAccepted(outcome) => Some(ParcelOutcome::Identity(outcome)),
        _ => None,
    }
}

/// The answer to send back for `parcel` after `outcome`; `None` when the two do not fit each other. `state` is as
/// [`receipt`] wants it.
pub fn parcel_receipt<M>(state: &State, parcel: &Parcel<M>, outcome: ParcelOutcome) -> Option<ParcelReceipt> {
    match (parcel, outcome) {
        (Parcel::Key(shipment), ParcelOutcome::Key(outcome)) => {
            Some(ParcelReceipt::Key(receipt(state, shipment, outcome)))
        }
        (Parcel::Identity(shipment), ParcelOutcome::Identity(outcome)) => {
            identity_receipt(state, shipment, outcome).map(ParcelReceipt::Identity)
        }
        _ => None,
    }
}
