//! Applying a proposal: total, synchronous, deterministic.
//!
//! The order is fixed: the region must exist; a repeated request gets its remembered answer; a stale decision is
//! refused; then the command's handler looks, and one write follows. A handler never writes.

use crate::commands::dispatch;
use crate::limits::{ANSWERS_PER_PRINCIPAL_MAX, OPERATION_NAME_BYTES_MAX, REQUEST_ID_BYTES_MAX};
use crate::rows::{Answer, Row, RowKey};
use crate::vocabulary::Principal;
use crate::{Applied, Changes, Command, Guard, KmsError, Proposal, Reply, RequestKey, State};
use std::sync::Arc;

/// Answers evicted at most by one command, so that a lowered bound cannot make one command slow.
const EVICTIONS_PER_COMMAND_MAX: usize = 16;

impl State {
    /// Applies the proposal committed at `log_index`. Never panics; a refused proposal changes no row that a caller can see.
    pub fn apply(&mut self, log_index: u64, proposal: &Proposal) -> Applied {
        match self.decide(log_index, proposal) {
            Err(refusal) => Applied {
                result: Err(refusal),
                effects: Vec::new(),
                changes: Vec::new(),
            },
            Ok((reply, changes)) => {
                let (rows, effects) = changes.into_parts();
                Applied {
                    result: Ok(reply),
                    effects,
                    changes: self.write(rows),
                }
            }
        }
    }

    /// The answer given before to the same request of the same principal, or [`KmsError::RequestIdReused`] when its
    /// parameters differ. `None` when the request is new. A server asks this before it decides, and authorizes the
    /// caller again before it repeats the answer.
    pub fn remembered(&self, principal: &Principal, request: &RequestKey) -> Option<Result<Reply, KmsError>> {
        let answer = self.answer(principal, &request.operation, &request.id)?;
        if answer.parameters_hash == request.parameters_hash {
            Some(Ok(answer.reply.clone()))
        } else {
            Some(Err(KmsError::RequestIdReused))
        }
    }

    /// Whether everything the guard names is still as it was read.
    pub fn guard_holds(&self, guard: &Guard) -> bool {
        let keys_hold = guard
            .keys
            .iter()
            .all(|(name, read)| self.key(name).map(|key| key.revisions.authz) == *read);
        let aliases_hold = guard
            .aliases
            .iter()
            .all(|(account, alias, read)| self.alias(*account, alias).map(|row| row.revision) == *read);
        let wrapping_key_holds = guard
            .wrapping_key
            .is_none_or(|id| self.region().is_some_and(|region| region.wrapping_key == id));
        let access_keys_hold = guard
            .access_keys
            .iter()
            .all(|(id, read)| self.access_key(id).map(|row| row.revision) == *read);
        let accounts_hold = guard
            .accounts
            .iter()
            .all(|(id, read)| self.account(*id).map(|row| row.revision) == *read);
        keys_hold && aliases_hold && access_keys_hold && accounts_hold && wrapping_key_holds
    }

    fn decide(&self, log_index: u64, proposal: &Proposal) -> Result<(Reply, Changes), KmsError> {
        let bootstraps = matches!(proposal.command, Command::Bootstrap(_));
        if self.region().is_none() && !bootstraps {
            return Err(KmsError::Bootstrap("the region is not bootstrapped".into()));
        }
        let caller = proposal.principal.as_ref().zip(proposal.request.as_ref());
        if let Some((principal, request)) = caller {
            check_request(request)?;
            if let Some(answer) = self.remembered(principal, request) {
                return answer.map(|reply| (reply, Changes::none()));
            }
        }
        if !self.guard_holds(&proposal.guard) {
            return Err(KmsError::StaleGuard);
        }
        let (reply, mut changes) = dispatch(self, proposal)?;
        changes.start_authz_revisions_at(log_index, |key| self.key(key).is_none());
        if let Some((principal, request)) = caller {
            self.remember(&mut changes, log_index, principal, request, &reply);
        }
        Ok((reply, changes))
    }

    fn remember(
        &self,
        changes: &mut Changes,
        log_index: u64,
        principal: &Principal,
        request: &RequestKey,
        reply: &Reply,
    ) {
        let kept = self.answer_count_of(principal);
        let surplus = (kept + 1).saturating_sub(ANSWERS_PER_PRINCIPAL_MAX);
        let oldest: Vec<RowKey> = self
            .answers_of(principal)
            .take(surplus.min(EVICTIONS_PER_COMMAND_MAX))
            .cloned()
            .collect();
        for row in oldest {
            changes.remove(row);
        }
        changes.put(Row::Answer(Arc::new(Answer {
            principal: principal.clone(),
            operation: request.operation.clone(),
            request_id: request.id.clone(),
            parameters_hash: request.parameters_hash,
            reply: reply.clone(),
            remembered_at: self.log_time(),
            sequence: log_index,
        })));
    }
}

/// Bounds what a caller can make the region remember.
fn check_request(request: &RequestKey) -> Result<(), KmsError> {
    if !(1..=REQUEST_ID_BYTES_MAX).contains(&request.id.len()) {
        return Err(KmsError::Validation(format!(
            "a request id is 1 to {REQUEST_ID_BYTES_MAX} bytes"
        )));
    }
    if request.operation.len() > OPERATION_NAME_BYTES_MAX {
        return Err(KmsError::Validation("unknown operation".into()));
    }
    Ok(())
}
