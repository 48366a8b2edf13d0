//! The encoding of accounts and access keys, and of the commands that change them.

use kms_domain::command::{CreateAccessKey, CreateAccount, SetAccessKeyStatus, SetAccountStatus};
use kms_domain::identity::IdentityId;
use kms_domain::rows::{AccessKey, AccessKeyStatus, Account, AccountStatus};
use kms_domain::vocabulary::Timestamp;
use kms_proto::internal::state::v1 as pb;
use pb::identity_id::Id;

use super::DecodeError;
use super::wire::{Wire, number, optional, parsed, required, unknown_number};
use super::words::region_name;

impl Wire for IdentityId {
    type Message = pb::IdentityId;

    fn to_message(&self) -> pb::IdentityId {
        let id = match self {
            Self::Account(id) => Id::Account(id.to_string()),
            Self::AccessKey(id) => Id::AccessKey(id.to_string()),
        };
        pb::IdentityId { id: Some(id) }
    }

    fn from_message(message: pb::IdentityId) -> Result<Self, DecodeError> {
        Ok(match message.id.ok_or(DecodeError::Missing("identity"))? {
            Id::Account(id) => Self::Account(parsed(&id, "account")?),
            Id::AccessKey(id) => Self::AccessKey(parsed(&id, "access key")?),
        })
    }
}

impl Wire for Account {
    type Message = pb::AccountRow;

    fn to_message(&self) -> pb::AccountRow {
        pb::AccountRow {
            id: self.id.to_string(),
            name: self.name.clone(),
            status: account_status_number(self.status),
            creation_date_ms: self.creation_date.0,
            home: self.home.to_string(),
            revision: self.revision,
        }
    }

    fn from_message(message: pb::AccountRow) -> Result<Self, DecodeError> {
        Ok(Self {
            id: parsed(&message.id, "account")?,
            name: message.name,
            status: account_status(message.status)?,
            creation_date: Timestamp(message.creation_date_ms),
            home: region_name(&message.home)?,
            revision: message.revision,
        })
    }
}

impl Wire for AccessKey {
    type Message = pb::AccessKeyRow;

    fn to_message(&self) -> pb::AccessKeyRow {
        pb::AccessKeyRow {
            id: self.id.to_string(),
            principal: self.principal.arn().to_owned(),
            status: access_key_status_number(self.status),
            creation_date_ms: self.creation_date.0,
            home: self.home.to_string(),
            revision: self.revision,
            secret: self.secret.as_ref().map(Wire::to_message),
        }
    }

    fn from_message(message: pb::AccessKeyRow) -> Result<Self, DecodeError> {
        Ok(Self {
            id: parsed(&message.id, "access key")?,
            principal: parsed(&message.principal, "principal")?,
            status: access_key_status(message.status)?,
            creation_date: Timestamp(message.creation_date_ms),
            home: region_name(&message.home)?,
            revision: message.revision,
            secret: optional(message.secret)?,
        })
    }
}

impl Wire for CreateAccount {
    type Message = pb::CreateAccount;

    fn to_message(&self) -> pb::CreateAccount {
        pb::CreateAccount {
            id: self.id.to_string(),
            name: self.name.clone(),
        }
    }

    fn from_message(message: pb::CreateAccount) -> Result<Self, DecodeError> {
        Ok(Self {
            id: parsed(&message.id, "account")?,
            name: message.name,
        })
    }
}

impl Wire for SetAccountStatus {
    type Message = pb::SetAccountStatus;

    fn to_message(&self) -> pb::SetAccountStatus {
        pb::SetAccountStatus {
            id: self.id.to_string(),
            enabled: self.enabled,
        }
    }

    fn from_message(message: pb::SetAccountStatus) -> Result<Self, DecodeError> {
        Ok(Self {
            id: parsed(&message.id, "account")?,
            enabled: message.enabled,
        })
    }
}

impl Wire for CreateAccessKey {
    type Message = pb::CreateAccessKey;

    fn to_message(&self) -> pb::CreateAccessKey {
        pb::CreateAccessKey {
            id: self.id.to_string(),
            principal: self.principal.arn().to_owned(),
            secret: Some(self.secret.to_message()),
        }
    }

    fn from_message(message: pb::CreateAccessKey) -> Result<Self, DecodeError> {
        Ok(Self {
            id: parsed(&message.id, "access key")?,
            principal: parsed(&message.principal, "principal")?,
            secret: required(message.secret, "secret of an access key")?,
        })
    }
}

impl Wire for SetAccessKeyStatus {
    type Message = pb::SetAccessKeyStatus;

    fn to_message(&self) -> pb::SetAccessKeyStatus {
        pb::SetAccessKeyStatus {
            id: self.id.to_string(),
            enabled: self.enabled,
        }
    }

    fn from_message(message: pb::SetAccessKeyStatus) -> Result<Self, DecodeError> {
        Ok(Self {
            id: parsed(&message.id, "access key")?,
            enabled: message.enabled,
        })
    }
}

/// The number of an account's status.
pub(super) fn account_status_number(status: AccountStatus) -> i32 {
    match status {
        AccountStatus::Active => pb::AccountStatus::Active,
        AccountStatus::Disabled => pb::AccountStatus::Disabled,
        AccountStatus::Deleted => pb::AccountStatus::Deleted,
    }
    .into()
}

/// The opposite of [`account_status_number`].
pub(super) fn account_status(value: i32) -> Result<AccountStatus, DecodeError> {
    match number(value, "account status")? {
        pb::AccountStatus::Unspecified => Err(unknown_number(value, "account status")),
        pb::AccountStatus::Active => Ok(AccountStatus::Active),
        pb::AccountStatus::Disabled => Ok(AccountStatus::Disabled),
        pb::AccountStatus::Deleted => Ok(AccountStatus::Deleted),
    }
}

/// The number of an access key's status.
pub(super) fn access_key_status_number(status: AccessKeyStatus) -> i32 {
    match status {
        AccessKeyStatus::Active => pb::AccessKeyStatus::Active,
        AccessKeyStatus::Inactive => pb::AccessKeyStatus::Inactive,
        AccessKeyStatus::Deleted => pb::AccessKeyStatus::Deleted,
    }
    .into()
}

/// The opposite of [`access_key_status_number`].
pub(super) fn access_key_status(value: i32) -> Result<AccessKeyStatus, DecodeError> {
    match number(value, "access key status")? {
        pb::AccessKeyStatus::Unspecified => Err(unknown_number(value, "access key status")),
        pb::AccessKeyStatus::Active => Ok(AccessKeyStatus::Active),
        pb::AccessKeyStatus::Inactive => Ok(AccessKeyStatus::Inactive),
        pb::AccessKeyStatus::Deleted => Ok(AccessKeyStatus::Deleted),
    }
}
