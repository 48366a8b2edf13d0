//! DescribeKey: a key's metadata.

use super::Call;
use super::authorization::authorize_key;
use super::metadata::key_metadata;
use super::service::Service;
use super::validation::{KeyForms, grant_tokens};
use crate::errors::OperationError;
use kms_domain::key_states::Operation;
use kms_proto::kms::v1;

impl Service {
    /// A key's metadata.
    pub async fn describe_key(
        &self,
        call: &Call,
        request: v1::DescribeKeyRequest,
    ) -> Result<v1::DescribeKeyResponse, OperationError> {
        grant_tokens(&request.grant_tokens)?;
        self.look(call, |state| {
            let key = authorize_key(
                state,
                call,
                Operation::DescribeKey,
                "keyId",
                &request.key_id,
                KeyForms::Any,
            )?;
            Ok(v1::DescribeKeyResponse {
                key_metadata: Some(key_metadata(state, &key.key, &key.arn)),
            })
        })
        .await
    }
}
