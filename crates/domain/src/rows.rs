//! The rows a region's state consists of. Storage persists rows and knows nothing else of the state.

pub use crate::identity::{AccessKey, AccessKeyStatus, Account, AccountStatus};
use crate::key::{Alias, Key, KeyName, Material, WrappedMaterial};
use crate::key_states::Operation;
use crate::multi_region::{RecordId, Tombstone};
use crate::reply::Reply;
use crate::vocabulary::{
    AccessKeyId, AccountId, AliasName, HpkeKeyId, ImportTokenId, Incarnation, MaterialId, Principal,
    RegionName, Timestamp, WrappingAlgorithm, WrappingKeyId, WrappingKeySpec,
};
use std::sync::Arc;

/// Names a row. The order of variants and fields is the order of rows in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowKey {
    /// The one row about the region itself.
    Region,
    /// A wrapping key.
    WrappingKey(WrappingKeyId),
    /// An HPKE key pair of this region.
    HpkeKey(HpkeKeyId),
    /// A pinned peer region.
    Peer(RegionName),
    /// A key.
    Key(KeyName),
    /// A material of a key.
    Material(KeyName, MaterialId),
    /// An alias.
    Alias(AccountId, AliasName),
    /// A multi-Region key that was here and must not come back.
    Tombstone(KeyName),
    /// Something a peer region has not acknowledged.
    Outbox(RegionName, RecordId),
    /// A remembered answer: principal, operation, request id.
    Answer(Principal, String, String),
    /// A key pair under which material of a key may be imported.
    ImportParameters(KeyName, ImportTokenId),
    /// When a key was last used.
    KeyUsage(KeyName),
    /// An account.
    Account(AccountId),
    /// An access key.
    AccessKey(AccessKeyId),
}

/// A row's value. Shared pointers, so that a copy of the state costs nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// See [`RowKey::Region`].
    Region(Arc<Region>),
    /// See [`RowKey::WrappingKey`].
    WrappingKey(Arc<WrappingKeyRow>),
    /// See [`RowKey::HpkeKey`].
    HpkeKey(Arc<HpkeKeyRow>),
    /// See [`RowKey::Peer`].
    Peer(Arc<PeerRegion>),
    /// See [`RowKey::Key`].
    Key(Arc<Key>),
    /// See [`RowKey::Material`].
    Material(Arc<Material>),
    /// See [`RowKey::Alias`].
    Alias(Arc<Alias>),
    /// See [`RowKey::Tombstone`].
    Tombstone(Arc<Tombstone>),
    /// See [`RowKey::Outbox`].
    Outbox(Arc<OutboxRow>),
    /// See [`RowKey::Answer`].
    Answer(Arc<Answer>),
    /// See [`RowKey::ImportParameters`].
    ImportParameters(Arc<ImportParameters>),
    /// See [`RowKey::KeyUsage`].
    KeyUsage(Arc<KeyUsageRow>),
    /// See [`RowKey::Account`].
    Account(Arc<Account>),
    /// See [`RowKey::AccessKey`].
    AccessKey(Arc<AccessKey>),
}

/// A row that changed: absent before when it is new, absent after when it is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowChange {
    /// Which row.
    pub key: RowKey,
    /// Its value before.
    pub before: Option<Row>,
    /// Its value after.
    pub after: Option<Row>,
}

/// What a region is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Names the whole installation; 1 to 64 characters of `a-z`, `0-9` and `-`.
    pub cluster: String,
    /// This region.
    pub name: RegionName,
    /// Its present life.
    pub incarnation: Incarnation,
    /// Semantics that all nodes support; new ones branch on it.
    pub feature_level: u32,
    /// Moved by Pulse only; never goes back.
    pub log_time: Timestamp,
    /// The wrapping key that wraps new material.
    pub wrapping_key: WrappingKeyId,
    /// The HPKE key pair that peers seal to.
    pub hpke_key: HpkeKeyId,
    /// Ed25519 public key that signs records and hand-overs, 32 bytes.
    pub signing_public: [u8; 32],
    /// Its private half, wrapped by the root key.
    pub signing_private_wrapped: Arc<[u8]>,
    /// Grows with each change of an alias, so that a re-made alias has a revision of its own.
    pub alias_revision: u64,
    /// A restored region serves no crypto and no shared change until its peers have told it what it missed.
    pub fenced: bool,
}

/// A wrapping key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappingKeyRow {
    /// Its id.
    pub id: WrappingKeyId,
    /// The root key that wraps it, by its id.
    pub root_key_id: [u8; 16],
    /// The wrapped bytes.
    pub wrapped: Arc<[u8]>,
    /// No longer wraps new material.
    pub retired: bool,
}

/// An HPKE key pair of this region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HpkeKeyRow {
    /// Its counter.
    pub id: HpkeKeyId,
    /// The public half, X-Wing encoding.
    pub public: Arc<[u8]>,
    /// The private half, wrapped by the root key.
    pub private_wrapped: Arc<[u8]>,
    /// End of its validity, by the clock of the node that made it.
    pub valid_until: Timestamp,
    /// The region signing key's signature over id, validity and public half.
    pub signature: Arc<[u8]>,
}

/// A region pinned by an administrator. Nothing here is ever learned from the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerRegion {
    /// Its name.
    pub name: RegionName,
    /// Its life when it was pinned.
    pub incarnation: Incarnation,
    /// Ed25519 public key of the region, 32 bytes.
    pub signing_public: [u8; 32],
    /// Counter of the HPKE key below; a lower one is refused.
    pub hpke_key: HpkeKeyId,
    /// Its HPKE public key, X-Wing encoding.
    pub hpke_public: Arc<[u8]>,
    /// End of the HPKE key's validity.
    pub hpke_valid_until: Timestamp,
    /// SHA-256 of the SubjectPublicKeyInfo of the CA that issues its nodes' replication certificates.
    pub issuing_ca_spki_sha256: [u8; 32],
    /// Replication listeners of its nodes, `https://host:port`, tried in turn.
    pub endpoints: Vec<String>,
}

/// A record, as it is now, has not been acknowledged by a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxRow {
    /// The peer.
    pub peer: RegionName,
    /// What is to be shipped.
    pub record: RecordId,
    /// Log time at which it became dirty.
    pub since: Timestamp,
    /// Why the peer refused it last, until it accepts.
    pub refusal: Option<Refusal>,
}

/// A peer's refusal: a state with a back-off, not a loss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The peer's reason, at most 256 characters.
    pub reason: String,
    /// Refusals in a row.
    pub count: u32,
    /// Log time before which it is not shipped again.
    pub retry_after: Timestamp,
}

/// A remembered answer. Holds no secret: responses with plaintext are never remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Who asked.
    pub principal: Principal,
    /// AWS operation name.
    pub operation: String,
    /// The request's id.
    pub request_id: String,
    /// SHA-256 of the canonical parameters.
    pub parameters_hash: [u8; 32],
    /// What was answered.
    pub reply: Reply,
    /// Log time at which it was remembered.
    pub remembered_at: Timestamp,
    /// Log index of the command, which orders answers remembered at one log time.
    pub sequence: u64,
}

/// What GetParametersForImport answered: a key pair for one import, and the token that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportParameters {
    /// Random; the import token carries it.
    pub id: ImportTokenId,
    /// The key whose material is to be imported.
    pub key: KeyName,
    /// How the caller is to wrap the material.
    pub algorithm: WrappingAlgorithm,
    /// Kind of the key pair.
    pub wrapping_key_spec: WrappingKeySpec,
    /// SHA-256 of the public half, as SubjectPublicKeyInfo in DER.
    pub public_sha256: [u8; 32],
    /// The private half, wrapped under this region's wrapping key.
    pub private_wrapped: WrappedMaterial,
    /// Log time at which pair and token are worth nothing more: the proposer's clock and 24 hours.
    pub expires: Timestamp,
    /// The import that they were used for. A token serves one import, and its retries.
    pub used: Option<UsedFor>,
}

/// The import for which a token was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedFor {
    /// SHA-256 over the token, the encrypted bytes and the other parameters.
    pub request_sha256: [u8; 32],
    /// What was imported.
    pub material_id: MaterialId,
}

/// The last time a key was used for cryptography, as far as this region's log knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUsageRow {
    /// The key.
    pub key: KeyName,
    /// What it was used for.
    pub operation: Operation,
    /// By the clock of the node that used it; shown only.
    pub at: Timestamp,
    /// The caller's request, if it is known.
    pub request_id: Option<String>,
}

impl Row {
    /// The key under which this row is held.
    pub fn key(&self) -> RowKey {
        match self {
            Self::Region(_) => RowKey::Region,
            Self::WrappingKey(row) => RowKey::WrappingKey(row.id),
            Self::HpkeKey(row) => RowKey::HpkeKey(row.id),
            Self::Peer(row) => RowKey::Peer(row.name.clone()),
            Self::Key(row) => RowKey::Key(row.name),
            Self::Material(row) => RowKey::Material(row.key, row.material_id),
            Self::Alias(row) => RowKey::Alias(row.account, row.alias.clone()),
            Self::Tombstone(row) => RowKey::Tombstone(row.key),
            Self::Outbox(row) => RowKey::Outbox(row.peer.clone(), row.record),
            Self::Answer(row) => RowKey::Answer(
                row.principal.clone(),
                row.operation.clone(),
                row.request_id.clone(),
            ),
            Self::ImportParameters(row) => RowKey::ImportParameters(row.key, row.id),
            Self::KeyUsage(row) => RowKey::KeyUsage(row.key),
            Self::Account(row) => RowKey::Account(row.id),
            Self::AccessKey(row) => RowKey::AccessKey(row.id),
        }
    }
}
