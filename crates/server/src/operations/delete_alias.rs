//! DeleteAlias: removes a name; the key stays.

use super::Call;
use super::authorization::{allow_alias, region_of};
use super::change::Decided;
use super::service::Service;
use super::validation::alias_name;
use crate::errors::OperationError;
use kms_domain::command::DeleteAlias;
use kms_domain::key_states::Operation;
use kms_domain::vocabulary::AliasArn;
use kms_domain::{Command, KmsError};
use kms_proto::kms::v1;

impl Service {
    /// Removes a name; the key stays.
    pub async fn delete_alias(
        &self,
        call: &Call,
        request: v1::DeleteAliasRequest,
    ) -> Result<v1::DeleteAliasResponse, OperationError> {
        const OPERATION: Operation = Operation::DeleteAlias;
        let account = call.account();
        let alias = alias_name(&request.alias_name)?;
        self.change(
            call,
            OPERATION,
            &request,
            |state| allow_alias(state, call, OPERATION, &alias),
            |state, guard| {
                if state.alias(account, &alias).is_none() {
                    let region = region_of(state)?.clone();
                    return Err(KmsError::AliasNotFound(AliasArn {
                        region,
                        account,
                        alias: alias.clone(),
                    })
                    .into());
                }
                let command = Command::DeleteAlias(DeleteAlias {
                    account,
                    alias: alias.clone(),
                });
                Ok(Decided {
                    guard: guard.clone(),
                    command,
                })
            },
        )
        .await?;
        Ok(v1::DeleteAliasResponse {})
    }
}
