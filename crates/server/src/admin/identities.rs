//! What the calls on accounts and access keys share: one way to change, one shape to show, one kind of page.

use super::fold::time;
use super::{Asked, QUORUM_PATIENCE};
use crate::errors::OperationError;
use crate::node::Running;
use crate::operations::change::{Decided, Wanted, carry_out};
use crate::operations::{Call, RequestId};
use kms_authz::Caller;
use kms_domain::identity::IdentityId;
use kms_domain::proposal::RequestKey;
use kms_domain::rows::{AccessKey, AccessKeyStatus, Account, AccountStatus};
use kms_domain::vocabulary::{AccessKeyId, AccountId, Malformed};
use kms_domain::{KmsError, Reply, State};
use kms_proto::admin::v1;
use kms_raft::View;
use prost::Message;
use sha2::{Digest, Sha256};
use std::str::FromStr;
use std::sync::Arc;

const PAGE_DEFAULT: i32 = 100;
const PAGE_MAX: i32 = 1_000;

/// Proposes what `decide` makes of the state, once for one request id, and again while the state changes underneath.
/// The answer comes with a view that contains the change.
pub(super) async fn change(
    running: &Running,
    asked: &Asked,
    operation: &str,
    parameters: &impl Message,
    decide: impl Fn(&State) -> Result<Decided, OperationError>,
) -> Result<(Reply, Arc<View>), OperationError> {
    let caller = Caller::Operator(asked.principal()?);
    let call = Call::arriving_now(caller, asked.request_id.clone(), Some(QUORUM_PATIENCE));
    let id = call.request_id.clone().unwrap_or_else(RequestId::random);
    let wanted = Wanted {
        call: &call,
        request: RequestKey {
            operation: operation.to_owned(),
            id: id.as_str().to_owned(),
            parameters_hash: Sha256::digest(parameters.encode_to_vec()).into(),
        },
        now: &|| running.clock.now(),
    };
    // Whoever reaches the admin listener is an operator, who may do all that is asked there.
    carry_out(&running.raft, &wanted, |_| Ok(()), |state, ()| decide(state)).await
}

/// Parses a member of a request.
pub(super) fn parsed<T: FromStr<Err = Malformed>>(member: &str, text: &str) -> Result<T, OperationError> {
    text.parse()
        .map_err(|malformed| KmsError::Validation(format!("{member}: {malformed}")).into())
}

/// An account as it is shown, from a state that holds it.
pub(super) fn shown_account(state: &State, id: AccountId) -> Result<v1::Account, OperationError> {
    let id_shown = IdentityId::Account(id);
    let row = state.account(id).ok_or(KmsError::IdentityNotFound(id_shown))?;
    Ok(account(state, row))
}

/// An access key as it is shown, from a state that holds it.
pub(super) fn shown_access_key(state: &State, id: AccessKeyId) -> Result<v1::AccessKey, OperationError> {
    let id_shown = IdentityId::AccessKey(id);
    let row = state
        .access_key(&id)
        .ok_or(KmsError::IdentityNotFound(id_shown))?;
    Ok(access_key(state, row))
}

/// An account as it is shown.
pub(super) fn account(state: &State, row: &Account) -> v1::Account {
    let status = match row.status {
        AccountStatus::Active => "Active",
        AccountStatus::Disabled => "Disabled",
        AccountStatus::Deleted => "Deleted",
    };
    v1::Account {
        account_id: row.id.to_string(),
        name: row.name.clone(),
        status: status.to_owned(),
        creation_date: Some(time(row.creation_date)),
        home_region: row.home.to_string(),
        revision: row.revision,
        unacknowledged_by: unacknowledged_by(state, IdentityId::Account(row.id)),
    }
}

/// An access key as it is shown.
pub(super) fn access_key(state: &State, row: &AccessKey) -> v1::AccessKey {
    let status = match row.status {
        AccessKeyStatus::Active => "Active",
        AccessKeyStatus::Inactive => "Inactive",
        AccessKeyStatus::Deleted => "Deleted",
    };
    v1::AccessKey {
        access_key_id: row.id.to_string(),
        principal: row.principal.to_string(),
        status: status.to_owned(),
        creation_date: Some(time(row.creation_date)),
        home_region: row.home.to_string(),
        revision: row.revision,
        unacknowledged_by: unacknowledged_by(state, IdentityId::AccessKey(row.id)),
    }
}

fn unacknowledged_by(state: &State, id: IdentityId) -> Vec<v1::UnacknowledgedRegion> {
    state
        .peers()
        .filter_map(|peer| state.outbox_row(&peer.name, &id.into()))
        .map(|row| v1::UnacknowledgedRegion {
            region: row.peer.to_string(),
            since: Some(time(row.since)),
            refusal: row.refusal.as_ref().map(|refusal| refusal.reason.clone()),
        })
        .collect()
}

/// One page of rows that come in the order of their ids.
pub(super) struct Page<T> {
    pub(super) entries: Vec<T>,
    pub(super) next_marker: Option<String>,
}

impl<T> Page<T> {
    /// The rows behind `marker`, at most `limit` of them. Operators see everything, so a marker hides nothing: it is the
    /// id of the last entry.
    pub(super) fn of<R, I>(
        rows: impl Iterator<Item = R>,
        id_of: impl Fn(&R) -> I,
        entry: impl Fn(R) -> T,
        limit: Option<i32>,
        marker: Option<&str>,
    ) -> Result<Self, OperationError>
    where
        I: Ord + FromStr<Err = Malformed> + ToString,
    {
        let limit = limit.unwrap_or(PAGE_DEFAULT);
        if !(1..=PAGE_MAX).contains(&limit) {
            return Err(KmsError::Validation(format!("limit is 1 to {PAGE_MAX}")).into());
        }
        let after: Option<I> = marker
            .map(|marker| marker.parse().map_err(|_| KmsError::InvalidMarker))
            .transpose()?;
        let mut rows = rows
            .filter(|row| after.as_ref().is_none_or(|after| id_of(row) > *after))
            .peekable();
        let limit = usize::try_from(limit).unwrap_or_default();
        let mut entries = Vec::new();
        let mut last = None;
        while entries.len() < limit
            && let Some(row) = rows.next()
        {
            last = Some(id_of(&row).to_string());
            entries.push(entry(row));
        }
        let next_marker = last.filter(|_| rows.peek().is_some());
        Ok(Self { entries, next_marker })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account_id(number: u32) -> AccountId {
        format!("{number:012}").parse().unwrap()
    }

    fn page(limit: Option<i32>, marker: Option<&str>) -> Result<Page<AccountId>, OperationError> {
        let rows = (1..=5).map(account_id);
        Page::of(rows, |id| *id, |id| id, limit, marker)
    }

    #[test]
    fn pages_follow_one_another_without_gap_or_repetition() {
        let mut seen = Vec::new();
        let mut marker: Option<String> = None;
        loop {
            let page = page(Some(2), marker.as_deref()).unwrap();
            seen.extend(page.entries);
            marker = page.next_marker;
            if marker.is_none() {
                break;
            }
        }
        let all: Vec<AccountId> = (1..=5).map(account_id).collect();
        assert_eq!(seen, all);
        assert_eq!(page(Some(5), None).unwrap().next_marker, None);
    }

    #[test]
    fn a_limit_out_of_bounds_and_a_foreign_marker_are_refused() {
        for limit in [0, -1, 1_001] {
            assert!(page(Some(limit), None).is_err(), "{limit}");
        }
        let refused = page(None, Some("AKIA")).err();
        assert_eq!(refused, Some(KmsError::InvalidMarker.into()));
    }
}
