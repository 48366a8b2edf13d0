//! CreateAccount, ListAccounts, SetAccountStatus, DeleteAccount.

use super::identities::{Page, account, change, parsed, shown_account};
use super::{Asked, read};
use crate::errors::OperationError;
use crate::node::Running;
use crate::operations::change::Decided;
use kms_domain::command::{CreateAccount, SetAccountStatus};
use kms_domain::vocabulary::AccountId;
use kms_domain::{Command, Guard};
use kms_proto::admin::v1;
use prost::Message;

/// Makes an account in this region.
pub(super) async fn create_account(
    running: &Running,
    asked: Asked,
    request: v1::CreateAccountRequest,
) -> Result<v1::CreateAccountResponse, OperationError> {
    let id = parsed("account_id", &request.account_id)?;
    let name = request.name.clone();
    let command = Command::CreateAccount(CreateAccount { id, name });
    let account = changed(running, &asked, "CreateAccount", &request, id, command).await?;
    Ok(v1::CreateAccountResponse {
        account: Some(account),
    })
}

/// Lists accounts of all regions.
pub(super) async fn list_accounts(
    running: &Running,
    request: v1::ListAccountsRequest,
) -> Result<v1::ListAccountsResponse, OperationError> {
    let view = read(running).await?;
    let state = &view.state;
    let page = Page::of(
        state.accounts(),
        |row| row.id,
        |row| account(state, row),
        request.limit,
        request.marker.as_deref(),
    )?;
    Ok(v1::ListAccountsResponse {
        accounts: page.entries,
        truncated: page.next_marker.is_some(),
        next_marker: page.next_marker,
    })
}

/// Disables an account or enables it again.
pub(super) async fn set_account_status(
    running: &Running,
    asked: Asked,
    request: v1::SetAccountStatusRequest,
) -> Result<v1::SetAccountStatusResponse, OperationError> {
    let id = parsed("account_id", &request.account_id)?;
    let enabled = request.enabled;
    let command = Command::SetAccountStatus(SetAccountStatus { id, enabled });
    let account = changed(running, &asked, "SetAccountStatus", &request, id, command).await?;
    Ok(v1::SetAccountStatusResponse {
        account: Some(account),
    })
}

/// Deletes an account.
pub(super) async fn delete_account(
    running: &Running,
    asked: Asked,
    request: v1::DeleteAccountRequest,
) -> Result<v1::DeleteAccountResponse, OperationError> {
    let id = parsed("account_id", &request.account_id)?;
    let command = Command::DeleteAccount(id);
    let account = changed(running, &asked, "DeleteAccount", &request, id, command).await?;
    Ok(v1::DeleteAccountResponse {
        account: Some(account),
    })
}

/// The account after the command.
async fn changed(
    running: &Running,
    asked: &Asked,
    operation: &str,
    parameters: &impl Message,
    id: AccountId,
    command: Command,
) -> Result<v1::Account, OperationError> {
    let decide = |_: &kms_domain::State| {
        Ok(Decided {
            guard: Guard::default(),
            command: command.clone(),
        })
    };
    let (_, view) = change(running, asked, operation, parameters, decide).await?;
    shown_account(&view.state, id)
}
