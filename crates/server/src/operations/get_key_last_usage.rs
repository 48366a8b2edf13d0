//! GetKeyLastUsage: the last successful cryptographic use of a key in this region.

use super::Call;
use super::authorization::authorize_key;
use super::metadata::timestamp;
use super::service::Service;
use super::validation::KeyForms;
use crate::errors::OperationError;
use kms_domain::key_states::Operation;
use kms_domain::rows::KeyUsageRow;
use kms_proto::kms::v1;

impl Service {
    /// The newer of what the region knows and what this node has not made known yet.
    pub async fn get_key_last_usage(
        &self,
        call: &Call,
        request: v1::GetKeyLastUsageRequest,
    ) -> Result<v1::GetKeyLastUsageResponse, OperationError> {
        const OPERATION: Operation = Operation::GetKeyLastUsage;
        self.look(call, |state| {
            let id = &request.key_id;
            let key = authorize_key(state, call, OPERATION, "keyId", id, KeyForms::IdOrArn)?;
            let known = state.key_usage(&key.name).map(|row| (**row).clone());
            let newest = known
                .into_iter()
                .chain(self.usage.newest_of(&key.name))
                .max_by_key(|usage| usage.at);
            let created = timestamp(key.key.creation_date);
            Ok(v1::GetKeyLastUsageResponse {
                key_id: key.arn.to_string(),
                key_last_usage: Some(newest.map(shown).unwrap_or_default()),
                tracking_start_date: Some(created),
                key_creation_date: Some(created),
            })
        })
        .await
    }
}

fn shown(usage: KeyUsageRow) -> v1::KeyLastUsageData {
    v1::KeyLastUsageData {
        operation: Some(usage.operation.to_string()),
        timestamp: Some(timestamp(usage.at)),
        cloud_trail_event_id: None,
        kms_request_id: usage.request_id,
    }
}
