//! UpdatePrimaryRegion: hands the primary role of a multi-Region key to one of its replicas.

use super::Call;
use super::authorization::{AuthorizedKey, authorize_key};
use super::change::Decided;
use super::service::Service;
use super::validation::{KeyForms, region_name};
use crate::errors::OperationError;
use kms_domain::key_states::{Operation, check_state};
use kms_domain::vocabulary::{Epoch, RegionName};
use kms_domain::{Command, KmsError, State, command};
use kms_proto::kms::v1;

impl Service {
    /// Begins the move; both regions show Updating for a moment and cryptography goes on.
    pub async fn update_primary_region(
        &self,
        call: &Call,
        request: v1::UpdatePrimaryRegionRequest,
    ) -> Result<v1::UpdatePrimaryRegionResponse, OperationError> {
        const OPERATION: Operation = Operation::UpdatePrimaryRegion;
        let target = region_name("primaryRegion", &request.primary_region)?;
        self.change(
            call,
            OPERATION,
            &request,
            |state| {
                authorize_key(
                    state,
                    call,
                    OPERATION,
                    "keyId",
                    &request.key_id,
                    KeyForms::IdOrArn,
                )
            },
            |state, key| {
                check_state(&key.key, OPERATION, &key.arn)?;
                let (from, to) = next_epoch(state, key, &target)?;
                let proof = self.keyring.sign_handover(state, &key.name, from, to)?;
                let command = command::UpdatePrimaryRegion {
                    key: key.name,
                    target: target.clone(),
                    proof,
                };
                Ok(Decided {
                    guard: key.guard.clone(),
                    command: Command::UpdatePrimaryRegion(command),
                })
            },
        )
        .await?;
        Ok(v1::UpdatePrimaryRegionResponse {})
    }
}

/// The epoch that is left and the one that follows, which the proof of the hand-over names.
fn next_epoch(state: &State, key: &AuthorizedKey, target: &RegionName) -> Result<(Epoch, Epoch), KmsError> {
    let Some(multi_region) = &key.key.multi_region else {
        return Err(KmsError::UnsupportedOperation(format!(
            "{} is not a multi-region primary key.",
            key.arn
        )));
    };
    let peer = state
        .peer(target)
        .ok_or_else(|| KmsError::RegionNotPaired(target.clone()))?;
    let from = multi_region.epoch.clone();
    let to = Epoch {
        counter: from.counter.saturating_add(1),
        region: target.clone(),
        incarnation: peer.incarnation,
    };
    Ok((from, to))
}
