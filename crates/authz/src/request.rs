//! What is asked: by whom, which operation, on what.

use kms_domain::key::KeyName;
use kms_domain::vocabulary::{AccountId, AliasName, Principal};
use kms_domain::{Guard, Operation, Resolved, State};

/// Who asks, as authentication found. A [`Caller`] is made only from a verified certificate or signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Holds a certificate of the client CA: the administrator of the principal's account.
    Administrator(Principal),
    /// Holds a certificate of the admin CA: runs the service, and has no rights on anybody's keys.
    Operator(Principal),
}

impl Caller {
    /// The authenticated principal.
    pub fn principal(&self) -> &Principal {
        match self {
            Self::Administrator(principal) | Self::Operator(principal) => principal,
        }
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
