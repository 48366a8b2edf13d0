//! How accounts and access keys reach the other regions: what their home says, and how the others judge it. Judged
//! twice, as keys' records are: by the receiving leader, and again in apply, where alone it counts.
//!
//! A compromised region can speak only for what has its home there. So access keys live where their account does:
//! otherwise any region could make callers of any account.

use super::examine::{address_problem, bounded_reason};
use super::identity_record::{
    AccessKeyRecord, AccountRecord, IdentityOutcome, IdentityReceipt, IdentityRecord, IdentityShipment,
};
use super::reseal::{Reseal, ResealError, SecretBinding};
use super::shared_change::mark_dirty;
use crate::commands::rules::{check_account_name, check_user};
use crate::identity::{AccessKey, AccessKeyStatus, Account, AccountStatus, IdentityId};
use crate::key::WrappedMaterial;
use crate::limits::{ACCESS_KEY_ROWS_MAX, ACCESS_KEYS_MAX, ACCOUNT_ROWS_MAX, ACCOUNTS_MAX};
use crate::rows::{PeerRegion, Region, Row};
use crate::vocabulary::{AccessKeyId, Principal, RegionName};
use crate::{Changes, State};
use std::sync::Arc;

/// The shipment due to `peer` about `id`; `None` when this is not its home, or when this region is fenced. Errors are
/// those of sealing.
pub fn ship_identity<R: Reseal>(
    state: &State,
    peer: &PeerRegion,
    id: IdentityId,
    reseal: &R,
) -> Result<Option<IdentityShipment<R::Sealed>>, ResealError> {
    let Some(region) = state.region().filter(|region| !region.fenced) else {
        return Ok(None);
    };
    let record = match id {
        IdentityId::Account(id) => state
            .account(id)
            .filter(|row| row.home == region.name)
            .map(|row| IdentityRecord::Account(AccountRecord::from(&**row))),
        IdentityId::AccessKey(id) => match state.access_key(&id).filter(|row| row.home == region.name) {
            Some(row) => Some(IdentityRecord::AccessKey(sealed_record(
                region, peer, row, reseal,
            )?)),
            None => None,
        },
    };
    Ok(record.map(|record| IdentityShipment {
        from: region.name.clone(),
        from_incarnation: region.incarnation,
        to: peer.name.clone(),
        record,
    }))
}

fn sealed_record<R: Reseal>(
    region: &Region,
    peer: &PeerRegion,
    row: &AccessKey,
    reseal: &R,
) -> Result<AccessKeyRecord<R::Sealed>, ResealError> {
    let binding = binding_of(&row.principal, row.id, row.revision);
    let seal = |secret| reseal.seal_secret(region, peer, &binding, secret);
    Ok(AccessKeyRecord::of(
        row,
        row.secret.as_ref().map(seal).transpose()?,
    ))
}

fn binding_of(principal: &Principal, id: AccessKeyId, revision: u64) -> SecretBinding {
    SecretBinding {
        account: principal.account(),
        id,
        revision,
    }
}

/// Turns a shipment from `peer` into the one to propose as [`crate::Command::AcceptIdentity`], or answers it at once.
///
/// `peer` is the pinned region that the transport has authenticated. A secret that is held already is left out.
/// Nothing is decided for good here: apply judges again.
pub fn receive_identity<R: Reseal>(
    state: &State,
    peer: &PeerRegion,
    shipment: &IdentityShipment<R::Sealed>,
    reseal: &R,
) -> Result<IdentityShipment<WrappedMaterial>, IdentityOutcome> {
    let Some(region) = state.region() else {
        return Err(refused("this region has not been bootstrapped"));
    };
    if shipment.from != peer.name {
        return Err(refused(format!("{} speaks for {}", peer.name, shipment.from)));
    }
    examine_identity(state, region, shipment)?;
    let record = match &shipment.record {
        IdentityRecord::Account(record) => IdentityRecord::Account(record.clone()),
        IdentityRecord::AccessKey(record) => {
            let secret = wrapped_secret(state, region, peer, record, reseal)?;
            IdentityRecord::AccessKey(record.with_secret(secret))
        }
    };
    Ok(IdentityShipment {
        from: shipment.from.clone(),
        from_incarnation: shipment.from_incarnation,
        to: shipment.to.clone(),
        record,
    })
}

fn wrapped_secret<R: Reseal>(
    state: &State,
    region: &Region,
    peer: &PeerRegion,
    record: &AccessKeyRecord<R::Sealed>,
    reseal: &R,
) -> Result<Option<WrappedMaterial>, IdentityOutcome> {
    if record.secret.is_some() != (record.status != AccessKeyStatus::Deleted) {
        return Err(refused("an access key has a secret until it is deleted"));
    }
    let held = state.access_key(&record.id).and_then(|row| row.secret.as_ref());
    let Some(sealed) = record.secret.as_ref().filter(|_| held.is_none()) else {
        return Ok(None);
    };
    let binding = binding_of(&record.principal, record.id, record.revision);
    reseal
        .open_and_wrap_secret(region, peer, &binding, sealed)
        .map(Some)
        .map_err(|error| refused(error.0))
}

/// The answer to send back for `shipment` after `outcome`; `None` before bootstrap, when there is nobody to answer.
pub fn identity_receipt<M>(
    state: &State,
    shipment: &IdentityShipment<M>,
    outcome: IdentityOutcome,
) -> Option<IdentityReceipt> {
    let region = state.region()?;
    Some(IdentityReceipt {
        from: region.name.clone(),
        from_incarnation: region.incarnation,
        id: shipment.record.id(),
        revision: shipment.record.revision(),
        outcome,
    })
}

/// Holds a record against the state: `Ok` when it is newer than what is held.
pub(crate) fn examine_identity<M>(
    state: &State,
    region: &Region,
    shipment: &IdentityShipment<M>,
) -> Result<(), IdentityOutcome> {
    let addressed = address_problem(
        state,
        region,
        (&shipment.from, shipment.from_incarnation),
        &shipment.to,
    );
    if let Some(problem) = addressed {
        return Err(refused(problem));
    }
    match &shipment.record {
        IdentityRecord::Account(record) => examine_account(state, &shipment.from, record),
        IdentityRecord::AccessKey(record) => examine_access_key(state, &shipment.from, record),
    }
}

fn examine_account(state: &State, from: &RegionName, record: &AccountRecord) -> Result<(), IdentityOutcome> {
    check_account_name(&record.name).map_err(|error| refused(error.to_string()))?;
    let Some(held) = state.account(record.id) else {
        let full = record.status != AccountStatus::Deleted && state.account_count() >= ACCOUNTS_MAX;
        if full || state.accounts().len() >= ACCOUNT_ROWS_MAX {
            return Err(refused("this region has as many accounts as it may have"));
        }
        return Ok(());
    };
    check_home(from, &held.home)?;
    let same = AccountRecord::from(&**held) == *record;
    check_revision(held.revision, record.revision, same)?;
    let comes_back = held.status == AccountStatus::Deleted && record.status != AccountStatus::Deleted;
    if comes_back || held.creation_date != record.creation_date {
        return Err(refused(
            "a deleted account stays deleted, and none changes its date",
        ));
    }
    Ok(())
}

fn examine_access_key<M>(
    state: &State,
    from: &RegionName,
    record: &AccessKeyRecord<M>,
) -> Result<(), IdentityOutcome> {
    check_user(&record.principal).map_err(|error| refused(error.to_string()))?;
    let Some(held) = state.access_key(&record.id) else {
        let account = record.principal.account();
        let Some(account) = state.account(account) else {
            return Err(refused(format!("account {account} is not known here")));
        };
        check_home(from, &account.home)?;
        let full = record.status != AccessKeyStatus::Deleted && state.access_key_count() >= ACCESS_KEYS_MAX;
        if full || state.access_keys().len() >= ACCESS_KEY_ROWS_MAX {
            return Err(refused("this region has as many access keys as it may have"));
        }
        return Ok(());
    };
    check_home(from, &held.home)?;
    let same = AccessKeyRecord::<()>::of(held, None) == record.with_secret(None);
    check_revision(held.revision, record.revision, same)?;
    let comes_back = held.status == AccessKeyStatus::Deleted && record.status != AccessKeyStatus::Deleted;
    if comes_back || held.principal != record.principal || held.creation_date != record.creation_date {
        return Err(refused(
            "a deleted access key stays deleted, and none changes its principal or date",
        ));
    }
    Ok(())
}

fn check_home(from: &RegionName, home: &RegionName) -> Result<(), IdentityOutcome> {
    if from == home {
        return Ok(());
    }
    Err(refused(format!("its home is {home}, not {from}")))
}

/// One revision stands for one record.
fn check_revision(held: u64, offered: u64, same: bool) -> Result<(), IdentityOutcome> {
    if offered > held {
        return Ok(());
    }
    if offered < held {
        return Err(IdentityOutcome::Stale { revision: held });
    }
    if same {
        return Err(IdentityOutcome::Adopted { revision: held });
    }
    Err(refused(format!("another record of revision {held} is held")))
}

/// Takes over a record that [`examine_identity`] found newer.
pub(crate) fn adopt_identity(
    state: &State,
    changes: &mut Changes,
    shipment: &IdentityShipment<WrappedMaterial>,
) -> IdentityOutcome {
    let home = shipment.from.clone();
    match &shipment.record {
        IdentityRecord::Account(record) => changes.put(Row::Account(Arc::new(Account {
            id: record.id,
            name: record.name.clone(),
            status: record.status,
            creation_date: record.creation_date,
            home,
            revision: record.revision,
        }))),
        IdentityRecord::AccessKey(record) => {
            let held = state.access_key(&record.id).and_then(|row| row.secret.clone());
            let secret = held
                .or_else(|| record.secret.clone())
                .filter(|_| record.status != AccessKeyStatus::Deleted);
            if secret.is_none() && record.status != AccessKeyStatus::Deleted {
                return refused("the secret of the access key is missing");
            }
            changes.put(Row::AccessKey(Arc::new(AccessKey {
                id: record.id,
                principal: record.principal.clone(),
                status: record.status,
                creation_date: record.creation_date,
                home,
                revision: record.revision,
                secret,
            })));
        }
    }
    IdentityOutcome::Adopted {
        revision: shipment.record.revision(),
    }
}

/// Writes an identity that has its home here, and tells every pinned region.
pub(crate) fn change_identity(state: &State, changes: &mut Changes, row: Row) {
    let id = match &row {
        Row::Account(row) => IdentityId::Account(row.id),
        Row::AccessKey(row) => IdentityId::AccessKey(row.id),
        _ => return,
    };
    changes.put(row);
    for peer in state.peers() {
        mark_dirty(state, changes, &peer.name, id.into());
    }
}

/// Makes dirty for `peer` every identity that has its home here.
pub(crate) fn mark_identities_dirty(
    state: &State,
    changes: &mut Changes,
    region: &Region,
    peer: &RegionName,
) {
    let accounts = state.accounts().filter(|row| row.home == region.name);
    let accounts = accounts.map(|row| IdentityId::Account(row.id));
    let access_keys = state.access_keys().filter(|row| row.home == region.name);
    let access_keys = access_keys.map(|row| IdentityId::AccessKey(row.id));
    for id in accounts.chain(access_keys) {
        mark_dirty(state, changes, peer, id.into());
    }
}

fn refused(reason: impl Into<String>) -> IdentityOutcome {
    IdentityOutcome::Refused {
        reason: bounded_reason(&reason.into()),
    }
}
