//! One file per command; each looks at the state and returns what to change. Only [`crate::State::apply`] writes.

mod accept_identity;
mod accept_shipment;
mod add_hpke_key;
mod alias_rows;
mod bootstrap;
mod cancel_key_deletion;
mod create_access_key;
mod create_account;
mod create_alias;
mod create_key;
mod delete_access_key;
mod delete_account;
mod delete_alias;
mod delete_imported_key_material;
mod disable_key;
mod disable_key_rotation;
mod enable_key;
mod enable_key_rotation;
mod identity_rows;
mod import_key_material;
mod mark_all_dirty;
mod note_identity_receipt;
mod note_key_usage;
mod note_receipt;
mod pair_region;
mod pulse;
mod put_import_parameters;
mod raise_feature_level;
mod renew_peer_hpke_key;
mod replicate_key;
mod rotate_key_automatically;
mod rotate_key_on_demand;
mod rotate_to_imported_material;
pub mod rules;
mod schedule_key_deletion;
mod set_access_key_status;
mod set_account_status;
mod tag_resource;
mod unpair_region;
mod untag_resource;
mod update_alias;
mod update_key_description;
mod update_primary_region;

use crate::key::{Key, KeyName};
use crate::key_states::check_state;
use crate::limits::UPDATING_PATIENCE_MS;
use crate::rows::{Region, Row};
use crate::{Changes, Command, KeyState, KmsError, Operation, Proposal, Reply, State};
use std::sync::Arc;

/// What a handler answers: the reply and the rows to write, or a refusal.
pub(crate) type Outcome = Result<(Reply, Changes), KmsError>;

/// Calls the handler of the proposal's command.
pub(crate) fn dispatch(state: &State, proposal: &Proposal) -> Outcome {
    match &proposal.command {
        Command::Bootstrap(command) => bootstrap::handle(state, command),
        Command::Pulse(command) => pulse::handle(state, command),
        Command::RaiseFeatureLevel(command) => raise_feature_level::handle(state, command),
        Command::CreateKey(command) => create_key::handle(state, proposal, command),
        Command::EnableKey(name) => enable_key::handle(state, name),
        Command::DisableKey(name) => disable_key::handle(state, name),
        Command::UpdateKeyDescription(command) => update_key_description::handle(state, command),
        Command::ScheduleKeyDeletion(command) => schedule_key_deletion::handle(state, proposal, command),
        Command::CancelKeyDeletion(name) => cancel_key_deletion::handle(state, name),
        Command::CreateAlias(command) => create_alias::handle(state, proposal, command),
        Command::UpdateAlias(command) => update_alias::handle(state, proposal, command),
        Command::DeleteAlias(command) => delete_alias::handle(state, command),
        Command::TagResource(command) => tag_resource::handle(state, command),
        Command::UntagResource(command) => untag_resource::handle(state, command),
        Command::EnableKeyRotation(command) => enable_key_rotation::handle(state, command),
        Command::DisableKeyRotation(name) => disable_key_rotation::handle(state, name),
        Command::RotateKeyOnDemand(command) => rotate_key_on_demand::handle(state, proposal, command),
        Command::RotateKeyAutomatically(command) => {
            rotate_key_automatically::handle(state, proposal, command)
        }
        Command::ReplicateKey(command) => replicate_key::handle(state, proposal, command),
        Command::UpdatePrimaryRegion(command) => update_primary_region::handle(state, proposal, command),
        Command::AcceptShipment(command) => accept_shipment::handle(state, proposal, command),
        Command::NoteReceipt(command) => note_receipt::handle(state, proposal, command),
        Command::PairRegion(command) => pair_region::handle(state, proposal, command),
        Command::UnpairRegion(command) => unpair_region::handle(state, proposal, command),
        Command::MarkAllDirty(command) => mark_all_dirty::handle(state, proposal, command),
        Command::AddHpkeKey(command) => add_hpke_key::handle(state, proposal, command),
        Command::RenewPeerHpkeKey(command) => renew_peer_hpke_key::handle(state, command),
        Command::PutImportParameters(parameters) => put_import_parameters::handle(state, parameters),
        Command::ImportKeyMaterial(command) => import_key_material::handle(state, command),
        Command::DeleteImportedKeyMaterial(command) => delete_imported_key_material::handle(state, command),
        Command::RotateToImportedMaterial(name) => rotate_to_imported_material::handle(state, proposal, name),
        Command::NoteKeyUsage(command) => note_key_usage::handle(state, command),
        Command::CreateAccount(command) => create_account::handle(state, proposal, command),
        Command::SetAccountStatus(command) => set_account_status::handle(state, command),
        Command::DeleteAccount(id) => delete_account::handle(state, id),
        Command::CreateAccessKey(command) => create_access_key::handle(state, proposal, command),
        Command::SetAccessKeyStatus(command) => set_access_key_status::handle(state, command),
        Command::DeleteAccessKey(id) => delete_access_key::handle(state, id),
        Command::AcceptIdentity(shipment) => accept_identity::handle(state, shipment),
        Command::NoteIdentityReceipt(receipt) => note_identity_receipt::handle(state, receipt),
    }
}

/// The region; apply has seen that it exists.
fn current_region(state: &State) -> Result<&Region, KmsError> {
    let region = state.region().map(Arc::as_ref);
    region.ok_or_else(|| KmsError::Bootstrap("the region is not bootstrapped".into()))
}

/// Writes a changed copy of a key.
fn replace_key(changes: &mut Changes, key: &Key, change: impl FnOnce(&mut Key)) {
    let mut key = key.clone();
    change(&mut key);
    changes.put(Row::Key(Arc::new(key)));
}

/// The key of an operation that takes a right away, state checked. A hand-over refuses it for a while only: ending a
/// right never waits for another region.
fn key_whose_rights_end<'a>(
    state: &'a State,
    name: &KeyName,
    operation: Operation,
) -> Result<&'a Arc<Key>, KmsError> {
    let (key, arn) = state.existing_key(name)?;
    let handover = key.multi_region.as_ref().and_then(|m| m.handover.as_ref());
    let waited_ms = handover.map_or(0, |h| state.log_time().since_ms(h.since));
    if key.state() == KeyState::Updating && waited_ms >= UPDATING_PATIENCE_MS {
        return Ok(key);
    }
    check_state(key, operation, &arn)?;
    Ok(key)
}
