//! CreateAccessKey, ListAccessKeys, SetAccessKeyStatus, DeleteAccessKey.

use super::identities::{Page, access_key, change, parsed, shown_access_key};
use super::{Asked, read};
use crate::errors::OperationError;
use crate::node::Running;
use crate::operations::change::Decided;
use kms_crypto::SecretBytes;
use kms_domain::command::{CreateAccessKey, SetAccessKeyStatus};
use kms_domain::key::WrappedMaterial;
use kms_domain::vocabulary::{AccessKeyId, AccountId, Principal};
use kms_domain::{Command, Guard, KmsError, Reply, State};
use kms_proto::admin::v1;
use prost::Message;
use std::sync::{Mutex, PoisonError};

/// Makes an access key. The secret is in this answer and nowhere else: what the region remembers of a request is the id
/// alone, so that a repetition is told which access key there is, and that it must be deleted if nobody has its secret.
pub(super) async fn create_access_key(
    running: &Running,
    asked: Asked,
    request: v1::CreateAccessKeyRequest,
) -> Result<v1::CreateAccessKeyResponse, OperationError> {
    let principal: Principal = parsed("principal", &request.principal)?;
    let making = Making {
        id: AccessKeyId::from_random(running.keyring.random_bytes()),
        made: Mutex::default(),
    };
    let decide = |state: &State| {
        let secret = making.secret_for(running, state, &principal)?;
        Ok(Decided {
            guard: Guard {
                wrapping_key: Some(secret.wrapping_key),
                ..Guard::default()
            },
            command: Command::CreateAccessKey(Box::new(CreateAccessKey {
                id: making.id,
                principal: principal.clone(),
                secret,
            })),
        })
    };
    let (reply, view) = change(running, &asked, "CreateAccessKey", &request, decide).await?;
    let id = making.id;
    let secret = making.shown_once(&reply)?;
    Ok(v1::CreateAccessKeyResponse {
        access_key: Some(shown_access_key(&view.state, id)?),
        secret_access_key: secret,
    })
}

/// The access key that one call makes. Its id and secret are the same for every proposal of the call, so that whichever
/// of them took effect is the one that is shown.
struct Making {
    id: AccessKeyId,
    made: Mutex<Option<(SecretBytes, WrappedMaterial)>>,
}

impl Making {
    /// The secret wrapped under the region's present wrapping key. One that was wrapped under an earlier key was
    /// refused with its proposal, and is made again.
    fn secret_for(
        &self,
        running: &Running,
        state: &State,
        principal: &Principal,
    ) -> Result<WrappedMaterial, OperationError> {
        let present = state.region().map(|region| region.wrapping_key);
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        match &*made {
            Some((_, wrapped)) if Some(wrapped.wrapping_key) == present => Ok(wrapped.clone()),
            _ => {
                let account = principal.account();
                let new = running.keyring.make_access_key_secret(state, account, self.id)?;
                let wrapped = new.1.clone();
                *made = Some(new);
                Ok(wrapped)
            }
        }
    }

    /// The secret, if it is this call that made the access key.
    fn shown_once(self, reply: &Reply) -> Result<String, OperationError> {
        let Reply::AccessKeyCreated { id } = reply else {
            return Err(KmsError::Internal("an unexpected reply to CreateAccessKey".to_owned()).into());
        };
        let made = self.made.into_inner().unwrap_or_else(PoisonError::into_inner);
        let secret = made.filter(|_| *id == self.id).map(|(secret, _)| secret);
        let Some(secret) = secret else {
            return Err(KmsError::AlreadyExists(format!(
                "access key {id} was made by this request before, and its secret is shown only once; delete it if nobody has it, and make another"
            ))
            .into());
        };
        String::from_utf8(secret.expose().to_vec())
            .map_err(|_| KmsError::Internal("the secret is no text".to_owned()).into())
    }
}

/// Lists access keys of all regions.
pub(super) async fn list_access_keys(
    running: &Running,
    request: v1::ListAccessKeysRequest,
) -> Result<v1::ListAccessKeysResponse, OperationError> {
    let account = request.account_id.as_deref();
    let account: Option<AccountId> = account.map(|text| parsed("account_id", text)).transpose()?;
    let view = read(running).await?;
    let state = &view.state;
    let rows = state
        .access_keys()
        .filter(|row| account.is_none_or(|account| row.principal.account() == account));
    let page = Page::of(
        rows,
        |row| row.id,
        |row| access_key(state, row),
        request.limit,
        request.marker.as_deref(),
    )?;
    Ok(v1::ListAccessKeysResponse {
        access_keys: page.entries,
        truncated: page.next_marker.is_some(),
        next_marker: page.next_marker,
    })
}

/// Disables an access key or enables it again.
pub(super) async fn set_access_key_status(
    running: &Running,
    asked: Asked,
    request: v1::SetAccessKeyStatusRequest,
) -> Result<v1::SetAccessKeyStatusResponse, OperationError> {
    let id = parsed("access_key_id", &request.access_key_id)?;
    let enabled = request.enabled;
    let command = Command::SetAccessKeyStatus(SetAccessKeyStatus { id, enabled });
    let access_key = changed(running, &asked, "SetAccessKeyStatus", &request, id, command).await?;
    Ok(v1::SetAccessKeyStatusResponse {
        access_key: Some(access_key),
    })
}

/// Deletes an access key.
pub(super) async fn delete_access_key(
    running: &Running,
    asked: Asked,
    request: v1::DeleteAccessKeyRequest,
) -> Result<v1::DeleteAccessKeyResponse, OperationError> {
    let id = parsed("access_key_id", &request.access_key_id)?;
    let command = Command::DeleteAccessKey(id);
    let access_key = changed(running, &asked, "DeleteAccessKey", &request, id, command).await?;
    Ok(v1::DeleteAccessKeyResponse {
        access_key: Some(access_key),
    })
}

/// The access key after the command.
async fn changed(
    running: &Running,
    asked: &Asked,
    operation: &str,
    parameters: &impl Message,
    id: AccessKeyId,
    command: Command,
) -> Result<v1::AccessKey, OperationError> {
    let decide = |_: &State| {
        Ok(Decided {
            guard: Guard::default(),
            command: command.clone(),
        })
    };
    let (_, view) = change(running, asked, operation, parameters, decide).await?;
    shown_access_key(&view.state, id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn making(number: u8) -> Making {
        let wrapped = WrappedMaterial {
            wrapping_key: 1,
            bytes: [0; 40].into(),
        };
        Making {
            id: AccessKeyId::from_random([number; 10]),
            made: Mutex::new(Some((SecretBytes::copy_of(&[b'A'; 40]), wrapped))),
        }
    }

    #[test]
    fn the_call_that_made_an_access_key_shows_its_secret() {
        let making = making(1);
        let reply = Reply::AccessKeyCreated { id: making.id };
        assert_eq!(making.shown_once(&reply), Ok("A".repeat(40)));
    }

    #[test]
    fn a_repeated_request_is_told_which_access_key_there_is_and_no_secret() {
        let earlier = AccessKeyId::from_random([9; 10]);
        let refused = making(1).shown_once(&Reply::AccessKeyCreated { id: earlier });
        let Err(OperationError::Kms(KmsError::AlreadyExists(text))) = refused else {
            panic!("{refused:?}");
        };
        assert!(
            text.contains(earlier.as_str()) && !text.contains("AAAAAAAAAA"),
            "{text}"
        );
    }
}
