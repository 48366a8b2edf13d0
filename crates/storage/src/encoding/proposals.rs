//! The encoding of log entries: the command, and who asked for it, when, and on what grounds.

use kms_domain::identity::IdentityId;
use kms_domain::vocabulary::{AccessKeyId, AccountId, Timestamp};
use kms_domain::{Guard, Proposal, RequestKey};
use kms_proto::internal::state::v1 as pb;

use super::DecodeError;
use super::wire::{Wire, fixed, optional, parsed, required};

impl Wire for Proposal {
    type Message = pb::Proposal;

    fn to_message(&self) -> pb::Proposal {
        pb::Proposal {
            time_ms: self.time.0,
            principal: self
                .principal
                .as_ref()
                .map(|principal| principal.arn().to_owned()),
            request: self.request.as_ref().map(Wire::to_message),
            guard: Some(self.guard.to_message()),
            command: Some(self.command.to_message()),
        }
    }

    fn from_message(message: pb::Proposal) -> Result<Self, DecodeError> {
        let command = message.command.ok_or(DecodeError::UnknownCommand)?;
        let principal = message.principal.as_deref();
        Ok(Self {
            time: Timestamp(message.time_ms),
            principal: principal.map(|arn| parsed(arn, "principal")).transpose()?,
            request: optional(message.request)?,
            guard: required(message.guard, "guard")?,
            command: Wire::from_message(command)?,
        })
    }
}

impl Wire for RequestKey {
    type Message = pb::RequestKey;

    fn to_message(&self) -> pb::RequestKey {
        pb::RequestKey {
            operation: self.operation.clone(),
            id: self.id.clone(),
            parameters_hash: self.parameters_hash.to_vec(),
        }
    }

    fn from_message(message: pb::RequestKey) -> Result<Self, DecodeError> {
        Ok(Self {
            operation: message.operation,
            id: message.id,
            parameters_hash: fixed(&message.parameters_hash, "parameters hash")?,
        })
    }
}

impl Wire for Guard {
    type Message = pb::Guard;

    fn to_message(&self) -> pb::Guard {
        let keys = self.keys.iter().map(|(key, revision)| pb::guard::GuardedKey {
            key: Some(key.to_message()),
            authz_revision: *revision,
        });
        let aliases = self
            .aliases
            .iter()
            .map(|(account, alias, revision)| pb::guard::GuardedAlias {
                account: account.to_string(),
                alias: alias.to_string(),
                revision: *revision,
            });
        let access_keys = self.access_keys.iter();
        let access_keys = access_keys.map(|(id, revision)| (IdentityId::AccessKey(*id), *revision));
        let accounts = self.accounts.iter();
        let accounts = accounts.map(|(id, revision)| (IdentityId::Account(*id), *revision));
        let identities = access_keys
            .chain(accounts)
            .map(|(id, revision)| pb::guard::GuardedIdentity {
                id: Some(id.to_message()),
                revision,
            });
        pb::Guard {
            keys: keys.collect(),
            aliases: aliases.collect(),
            wrapping_key: self.wrapping_key,
            decided_at_ms: self.decided_at.0,
            identities: identities.collect(),
        }
    }

    fn from_message(message: pb::Guard) -> Result<Self, DecodeError> {
        let keys = message
            .keys
            .into_iter()
            .map(|guarded| Ok((required(guarded.key, "guarded key")?, guarded.authz_revision)));
        let aliases = message.aliases.into_iter().map(|guarded| {
            let account = parsed(&guarded.account, "account")?;
            Ok((account, parsed(&guarded.alias, "alias")?, guarded.revision))
        });
        let (access_keys, accounts) = guarded_identities(message.identities)?;
        Ok(Self {
            keys: keys.collect::<Result<_, DecodeError>>()?,
            aliases: aliases.collect::<Result<_, DecodeError>>()?,
            access_keys,
            accounts,
            wrapping_key: message.wrapping_key,
            decided_at: Timestamp(message.decided_at_ms),
        })
    }
}

type GuardedIdentities = (Vec<(AccessKeyId, Option<u64>)>, Vec<(AccountId, Option<u64>)>);

/// Access keys, then accounts: another order would be other bytes for the same guard.
fn guarded_identities(messages: Vec<pb::guard::GuardedIdentity>) -> Result<GuardedIdentities, DecodeError> {
    let (mut access_keys, mut accounts) = (Vec::new(), Vec::new());
    for guarded in messages {
        match required(guarded.id, "guarded identity")? {
            IdentityId::AccessKey(_) if !accounts.is_empty() => {
                return Err(DecodeError::NotAscending("guarded identities"));
            }
            IdentityId::AccessKey(id) => access_keys.push((id, guarded.revision)),
            IdentityId::Account(id) => accounts.push((id, guarded.revision)),
        }
    }
    Ok((access_keys, accounts))
}
