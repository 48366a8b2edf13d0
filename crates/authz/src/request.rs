//! What is asked: by whom, which operation, on what.

use kms_domain::key::KeyName;
use kms_domain::vocabulary::{AccessKeyId, AccountId, AliasName, Principal};
use kms_domain::{Guard, Operation, Resolved, State};

/// Who asks, as authentication found. A [`Caller`] is made only from a verified certificate or signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Holds a certificate of the client CA: the administrator of the principal's account.
    Administrator(Principal),
    /// Signed the request with an access key that was at this revision when the signature was verified: administers
    /// the principal's account while access key and account are active.
    AccessKey {
        /// The access key's principal.
        principal: Principal,
        /// Which access key.
        id: AccessKeyId,
        /// Its revision.
        revision: u64,
    },
    /// Holds a certificate of the admin CA: runs the service, and has no rights on anybody's keys.
    Operator(Principal),
}

impl Caller {
    /// The authenticated principal.
    pub fn principal(&self) -> &Principal {
        match self {
            Self::Administrator(principal)
            | Self::AccessKey { principal, .. }
            | Self::Operator(principal) => principal,
        }
    }

    /// Names in the guard what is read of the caller, absence included. A certificate is good without an account's
    /// row, but not against one.
    pub(crate) fn add_to(&self, state: &State, guard: &mut Guard) {
        match self {
            Self::Operator(_) => return,
            Self::Administrator(_) => {}
            Self::AccessKey { id, .. } => {
                let revision = state.access_key(id).map(|row| row.revision);
                guard.access_keys.push((*id, revision));
            }
        }
        let account = self.principal().account();
        let revision = state.account(account).map(|row| row.revision);
        guard.accounts.push((account, revision));
    }
}

/// What an operation acts on.
#[derive(Debug, Clone)]
pub enum Resource<'a> {
    /// The account itself: CreateKey, ListKeys, ListAliases, GenerateRandom.
    Account(AccountId),
    /// A key, and the alias through which it was named.
    Key(Resolved<'a>),
    /// A key that is not there. Decided like one that is, so that a caller without rights learns nothing from it.
    AbsentKey(KeyName),
    /// An alias as such, there or not: CreateAlias, UpdateAlias, DeleteAlias, and a `KeyId` naming an unknown alias.
    Alias(AccountId, AliasName),
}

impl Resource<'_> {
    /// The account that owns the resource.
    pub fn account(&self) -> AccountId {
        match self {
            Self::Account(account) | Self::Alias(account, _) => *account,
            Self::Key(resolved) => resolved.name().account,
            Self::AbsentKey(name) => name.account,
        }
    }

    /// Names in the guard what was read of this resource, absence included.
    pub(crate) fn add_to(&self, state: &State, guard: &mut Guard) {
        match self {
            Self::Account(_) => {}
            Self::Key(resolved) => resolved.add_to(guard),
            Self::AbsentKey(name) => guard.keys.push((*name, None)),
            Self::Alias(account, alias) => {
                let revision = state.alias(*account, alias).map(|row| row.revision);
                guard.aliases.push((*account, alias.clone(), revision));
            }
        }
    }
}

/// One question for the evaluator.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// Who asks.
    pub caller: &'a Caller,
    /// For what.
    pub operation: Operation,
    /// Everything the operation acts on; all of it must be allowed. Never empty: an operation without a key acts on
    /// the caller's account.
    pub resources: Vec<Resource<'a>>,
}
