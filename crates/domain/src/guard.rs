//! What a decision depended on, so that apply can refuse it when that has changed.

use crate::key::KeyName;
use crate::vocabulary::{AccessKeyId, AccountId, AliasName, Timestamp, WrappingKeyId};

/// The rows a decision read. Apply answers [`crate::KmsError::StaleGuard`] when any of them has changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Guard {
    /// Keys and the `authz` revision that was read; `None` where the key did not exist.
    pub keys: Vec<(KeyName, Option<u64>)>,
    /// Aliases that were resolved and the revision that was read; `None` where there was no such alias.
    pub aliases: Vec<(AccountId, AliasName, Option<u64>)>,
    /// Access keys that proved the caller and the revision that was read; `None` where there was no such access key.
    pub access_keys: Vec<(AccessKeyId, Option<u64>)>,
    /// Accounts whose status was read, and its revision; `None` where the account has no row.
    pub accounts: Vec<(AccountId, Option<u64>)>,
    /// The wrapping key under which the command's material is wrapped.
    pub wrapping_key: Option<WrappingKeyId>,
    /// When the decision was made, by the deciding node's clock; for the record only.
    pub decided_at: Timestamp,
}
