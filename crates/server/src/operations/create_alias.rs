//! CreateAlias: gives a key a name.

use super::Call;
use super::authorization::authorize_key;
use super::change::Decided;
use super::service::Service;
use super::validation::{KeyForms, alias_name};
use crate::errors::OperationError;
use kms_domain::Command;
use kms_domain::command::SetAlias;
use kms_domain::key_states::Operation;
use kms_proto::kms::v1;

impl Service {
    /// CreateAlias: gives a key a name.
    pub async fn create_alias(
        &self,
        call: &Call,
        request: v1::CreateAliasRequest,
    ) -> Result<v1::CreateAliasResponse, OperationError> {
        const OPERATION: Operation = Operation::CreateAlias;
        let alias = alias_name(&request.alias_name)?;
        self.change(
            call,
            OPERATION,
            &request,
            |state| {
                authorize_key(
                    state,
                    call,
                    OPERATION,
                    "targetKeyId",
                    &request.target_key_id,
                    KeyForms::IdOrArn,
                )
            },
            |_, key| {
                let command = SetAlias {
                    alias: alias.clone(),
                    key: key.name,
                };
                Ok(Decided {
                    guard: key.guard.clone(),
                    command: Command::CreateAlias(command),
                })
            },
        )
        .await?;
        Ok(v1::CreateAliasResponse {})
    }
}
