//! What regions tell each other about an account or an access key: its whole present record, from its home region.
//!
//! Revisions order the records of one identity, because only its home makes them. The sender is the home, so that no
//! message can speak for another region.

use crate::identity::{AccessKey, AccessKeyStatus, Account, AccountStatus, IdentityId};
use crate::key::KeyName;
use crate::vocabulary::{AccessKeyId, AccountId, Incarnation, Principal, RegionName, Timestamp};

/// What an outbox row, and one message between regions, is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordId {
    /// A key.
    Key(KeyName),
    /// An account or an access key.
    Identity(IdentityId),
}

impl From<KeyName> for RecordId {
    fn from(key: KeyName) -> Self {
        Self::Key(key)
    }
}

impl From<IdentityId> for RecordId {
    fn from(id: IdentityId) -> Self {
        Self::Identity(id)
    }
}

/// One message about one identity, from its home. `M` is [`crate::key::WrappedMaterial`] inside a region and the
/// sealed form between regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityShipment<M> {
    /// The sender, and the identity's home.
    pub from: RegionName,
    /// The sender's life; must be the pinned one.
    pub from_incarnation: Incarnation,
    /// The addressee.
    pub to: RegionName,
    /// What is said.
    pub record: IdentityRecord<M>,
}

/// An identity as its home has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityRecord<M> {
    /// An account.
    Account(AccountRecord),
    /// An access key.
    AccessKey(AccessKeyRecord<M>),
}

/// An account as it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRecord {
    /// Its id.
    pub id: AccountId,
    /// What operators call it.
    pub name: String,
    /// Whether its callers may do anything.
    pub status: AccountStatus,
    /// When it was made, as shown.
    pub creation_date: Timestamp,
    /// Orders its records.
    pub revision: u64,
}

/// An access key as it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKeyRecord<M> {
    /// Its public half.
    pub id: AccessKeyId,
    /// Whom it proves.
    pub principal: Principal,
    /// Whether it proves anything.
    pub status: AccessKeyStatus,
    /// When it was made, as shown.
    pub creation_date: Timestamp,
    /// Orders its records.
    pub revision: u64,
    /// The secret half; none when deleted, and inside a region that holds it already.
    pub secret: Option<M>,
}

/// What the receiver did with an identity's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityOutcome {
    /// Taken over, or held already.
    Adopted {
        /// The revision held now.
        revision: u64,
    },
    /// Something newer is held.
    Stale {
        /// The revision held now.
        revision: u64,
    },
    /// Not possible now or not allowed; shown to operators, tried again after a back-off.
    Refused {
        /// Why, at most 256 characters, without secrets.
        reason: String,
    },
}

/// The answer to an identity's shipment: exactly what it acknowledges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityReceipt {
    /// The region that answers; authenticated by the transport before it is proposed.
    pub from: RegionName,
    /// Its life, so that what a former one acknowledged counts no longer.
    pub from_incarnation: Incarnation,
    /// The identity.
    pub id: IdentityId,
    /// The revision that is answered.
    pub revision: u64,
    /// What became of it.
    pub outcome: IdentityOutcome,
}

impl<M> IdentityRecord<M> {
    /// Which identity it is about.
    pub const fn id(&self) -> IdentityId {
        match self {
            Self::Account(record) => IdentityId::Account(record.id),
            Self::AccessKey(record) => IdentityId::AccessKey(record.id),
        }
    }

    /// Its place among the records of the identity.
    pub const fn revision(&self) -> u64 {
        match self {
            Self::Account(record) => record.revision,
            Self::AccessKey(record) => record.revision,
        }
    }
}

impl From<&Account> for AccountRecord {
    fn from(row: &Account) -> Self {
        Self {
            id: row.id,
            name: row.name.clone(),
            status: row.status,
            creation_date: row.creation_date,
            revision: row.revision,
        }
    }
}

impl<M> AccessKeyRecord<M> {
    /// The row's record, with the secret in the form in which it is to travel.
    pub(crate) fn of(row: &AccessKey, secret: Option<M>) -> Self {
        Self {
            id: row.id,
            principal: row.principal.clone(),
            status: row.status,
            creation_date: row.creation_date,
            revision: row.revision,
            secret,
        }
    }

    /// The same record with the secret in another form.
    pub(crate) fn with_secret<N>(&self, secret: Option<N>) -> AccessKeyRecord<N> {
        AccessKeyRecord {
            id: self.id,
            principal: self.principal.clone(),
            status: self.status,
            creation_date: self.creation_date,
            revision: self.revision,
            secret,
        }
    }
}
