//! Who may call: accounts and their access keys. They are shared records: each is made and changed in its home region
//! only, and every other region holds a copy, by which it decides alone.
//!
//! A deleted one stays as a row without a secret, so that nothing said about it before can bring it back.

use crate::key::WrappedMaterial;
use crate::vocabulary::{AccessKeyId, AccountId, Principal, RegionName, Timestamp};

/// An account, where it has a row: one that was never made here has none, and is administered by certificates alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id; never used again.
    pub id: AccountId,
    /// What operators call it.
    pub name: String,
    /// Whether its callers may do anything.
    pub status: AccountStatus,
    /// When it was made, as shown.
    pub creation_date: Timestamp,
    /// The one region that changes it.
    pub home: RegionName,
    /// Counts its changes.
    pub revision: u64,
}

/// What may be done in an account's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccountStatus {
    /// Everything.
    Active,
    /// Nothing, until it is enabled again.
    Disabled,
    /// Nothing, for ever.
    Deleted,
}

/// An access key: what a caller signs requests with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    /// Its public half.
    pub id: AccessKeyId,
    /// Whom it proves, `arn:aws:iam::ACCOUNT:user/NAME`.
    pub principal: Principal,
    /// Whether it proves anything.
    pub status: AccessKeyStatus,
    /// When it was made, as shown.
    pub creation_date: Timestamp,
    /// The one region that changes it: its account's.
    pub home: RegionName,
    /// Counts its changes.
    pub revision: u64,
    /// The secret half, wrapped under this region's wrapping key; none when deleted.
    pub secret: Option<WrappedMaterial>,
}

/// Whether an access key proves its principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessKeyStatus {
    /// It does.
    Active,
    /// It does not, until it is enabled again.
    Inactive,
    /// It does not, for ever.
    Deleted,
}

/// Names an account or an access key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentityId {
    /// An account.
    Account(AccountId),
    /// An access key.
    AccessKey(AccessKeyId),
}

impl std::fmt::Display for IdentityId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Account(id) => write!(f, "account {id}"),
            Self::AccessKey(id) => write!(f, "access key {id}"),
        }
    }
}
