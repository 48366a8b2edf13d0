//! One file per command; each looks at the state and returns what to change. Only [`crate::State::apply`] writes.

mod accept_shipment;
mod add_hpke_key;
mod mark_all_dirty;
mod note_receipt;
mod pair_region;
mod replicate_key;
mod unpair_region;
mod update_primary_region;

use crate::{Changes, Command, KmsError, Proposal, Reply, State};

/// What a handler answers: the reply and the rows to write, or a refusal.
pub(crate) type Outcome = Result<(Reply, Changes), KmsError>;

/// Calls the handler of the proposal's command.
pub(crate) fn dispatch(state: &State, proposal: &Proposal) -> Outcome {
    match &proposal.command {
        Command::ReplicateKey(command) => replicate_key::handle(state, proposal, command),
        Command::UpdatePrimaryRegion(command) => update_primary_region::handle(state, proposal, command),
        Command::AcceptShipment(command) => accept_shipment::handle(state, proposal, command),
        Command::NoteReceipt(command) => note_receipt::handle(state, proposal, command),
        Command::PairRegion(command) => pair_region::handle(state, proposal, command),
        Command::UnpairRegion(command) => unpair_region::handle(state, proposal, command),
        Command::MarkAllDirty(command) => mark_all_dirty::handle(state, proposal, command),
        Command::AddHpkeKey(command) => add_hpke_key::handle(state, proposal, command),
        _ => Err(KmsError::Internal("not built yet".into())),
    }
}
