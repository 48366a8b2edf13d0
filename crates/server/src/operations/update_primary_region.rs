//! UpdatePrimaryRegion: hands the primary role of a multi-Region key to one of its replicas.

use super::Call;
use super::authorization::authorize_key;
use super::service::{Decided, Service};
use super::validation::{KeyForms, region_name};
use crate::errors::OperationError;
use kms_domain::key_states::{Operation, check_state};
use kms_domain::multi_region::next_epoch;
use kms_domain::{Command, command};
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
            |state| authorize_key(state, call, OPERATION, "keyId", &request.key_id, KeyForms::IdOrArn),
            |state, key| {
                check_state(&key.key, OPERATION, &key.arn)?;
                let (from, to) = next_epoch(state, &key.key, &target)?;
                let proof = self.keyring.sign_handover(state, &key.name, from, to)?;
                let command = command::UpdatePrimaryRegion { key: key.name, target: target.clone(), proof };
                Ok(Decided { guard: key.guard.clone(), command: Command::UpdatePrimaryRegion(command) })
            },
        )
        .await?;
        Ok(v1::UpdatePrimaryRegionResponse {})
    }
}
