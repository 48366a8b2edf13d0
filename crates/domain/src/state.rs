//! The state of one region, in ordered persistent maps: a copy is O(1), and applying never disturbs a reader's copy.

use crate::key::{Alias, Key, KeyName, Material};
use crate::multi_region::{RecordId, Tombstone};
use crate::rows::{
    AccessKey, Account, Answer, HpkeKeyRow, ImportParameters, KeyUsageRow, OutboxRow, PeerRegion, Region,
    Row, RowChange, RowKey, WrappingKeyRow,
};
use crate::vocabulary::{
    AccessKeyId, AccountId, AliasName, HpkeKeyId, ImportTokenId, KeyArn, MaterialId, Principal, RegionName,
    Timestamp, WrappingKeyId,
};
use imbl::{OrdMap, OrdSet};
use std::sync::Arc;

/// Everything a region knows. Equal logs give equal states.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    pub(crate) region: Option<Arc<Region>>,
    pub(crate) wrapping_keys: OrdMap<WrappingKeyId, Arc<WrappingKeyRow>>,
    pub(crate) hpke_keys: OrdMap<HpkeKeyId, Arc<HpkeKeyRow>>,
    pub(crate) peers: OrdMap<RegionName, Arc<PeerRegion>>,
    pub(crate) keys: OrdMap<KeyName, Arc<Key>>,
    pub(crate) materials: OrdMap<(KeyName, MaterialId), Arc<Material>>,
    pub(crate) aliases: OrdMap<(AccountId, AliasName), Arc<Alias>>,
    pub(crate) tombstones: OrdMap<KeyName, Arc<Tombstone>>,
    pub(crate) outbox: OrdMap<(RegionName, RecordId), Arc<OutboxRow>>,
    pub(crate) answers: OrdMap<(Principal, String, String), Arc<Answer>>,
    pub(crate) import_parameters: OrdMap<(KeyName, ImportTokenId), Arc<ImportParameters>>,
    pub(crate) key_usages: OrdMap<KeyName, Arc<KeyUsageRow>>,
    pub(crate) accounts: OrdMap<AccountId, Arc<Account>>,
    pub(crate) access_keys: OrdMap<AccessKeyId, Arc<AccessKey>>,
    pub(crate) derived: Derived,
}

/// Indexes that follow from the rows; never persisted, rebuilt as rows are written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Derived {
    pub(crate) aliases_by_key: OrdMap<KeyName, OrdSet<AliasName>>,
    pub(crate) materials_by_sequence: OrdMap<(KeyName, u64), MaterialId>,
    pub(crate) keys_per_account: OrdMap<AccountId, u64>,
    pub(crate) aliases_per_account: OrdMap<AccountId, u64>,
    pub(crate) deadlines: OrdSet<(Timestamp, Deadline)>,
    pub(crate) deletions_to_start: OrdSet<KeyName>,
    pub(crate) answers_by_age: OrdMap<(Timestamp, u64), RowKey>,
    pub(crate) answers_by_principal: OrdMap<(Principal, u64), RowKey>,
    pub(crate) answers_per_principal: OrdMap<Principal, u64>,
    pub(crate) tombstones_to_tell: OrdSet<KeyName>,
    pub(crate) accounts_kept: u64,
    pub(crate) access_keys_kept: u64,
    pub(crate) access_keys_per_principal: OrdMap<Principal, u64>,
    pub(crate) active_access_keys_per_account: OrdMap<AccountId, u64>,
}

/// What is due at a deadline.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deadline {
    /// The key's waiting period ends.
    Deletion(KeyName),
    /// The key's rotation period ends.
    Rotation(KeyName),
    /// A hand-over has lasted as long as callers must wait for it.
    HandoverPatience(KeyName),
    /// Imported material is to be deleted.
    MaterialExpiry(KeyName, MaterialId),
    /// An import token is worth nothing more.
    ImportParametersExpiry(KeyName, ImportTokenId),
}

impl State {
    /// A state from rows, as an image or a snapshot holds them, in any order.
    pub fn from_rows(rows: impl IntoIterator<Item = Row>) -> Self {
        let mut state = Self::default();
        for row in rows {
            state.write_row(row.key(), Some(row));
        }
        state
    }

    /// Every row, in row key order.
    pub fn rows(&self) -> impl Iterator<Item = Row> + '_ {
        let region = self.region.iter().cloned().map(Row::Region);
        let wrapping_keys = self.wrapping_keys.values().cloned().map(Row::WrappingKey);
        let hpke_keys = self.hpke_keys.values().cloned().map(Row::HpkeKey);
        let peers = self.peers.values().cloned().map(Row::Peer);
        let keys = self.keys.values().cloned().map(Row::Key);
        let materials = self.materials.values().cloned().map(Row::Material);
        let aliases = self.aliases.values().cloned().map(Row::Alias);
        let tombstones = self.tombstones.values().cloned().map(Row::Tombstone);
        let outbox = self.outbox.values().cloned().map(Row::Outbox);
        let answers = self.answers.values().cloned().map(Row::Answer);
        let import_parameters = self.import_parameters.values().cloned();
        let key_usages = self.key_usages.values().cloned().map(Row::KeyUsage);
        let accounts = self.accounts.values().cloned().map(Row::Account);
        let access_keys = self.access_keys.values().cloned().map(Row::AccessKey);
        region
            .chain(wrapping_keys)
            .chain(hpke_keys)
            .chain(peers)
            .chain(keys)
            .chain(materials)
            .chain(aliases)
            .chain(tombstones)
            .chain(outbox)
            .chain(answers)
            .chain(import_parameters.map(Row::ImportParameters))
            .chain(key_usages)
            .chain(accounts)
            .chain(access_keys)
    }

    /// The row under `key`.
    pub fn row(&self, key: &RowKey) -> Option<Row> {
        match key {
            RowKey::Region => self.region.clone().map(Row::Region),
            RowKey::WrappingKey(id) => self.wrapping_keys.get(id).cloned().map(Row::WrappingKey),
            RowKey::HpkeKey(id) => self.hpke_keys.get(id).cloned().map(Row::HpkeKey),
            RowKey::Peer(name) => self.peers.get(name).cloned().map(Row::Peer),
            RowKey::Key(name) => self.keys.get(name).cloned().map(Row::Key),
            RowKey::Material(name, id) => self.materials.get(&(*name, *id)).cloned().map(Row::Material),
            RowKey::Alias(account, alias) => self
                .aliases
                .get(&(*account, alias.clone()))
                .cloned()
                .map(Row::Alias),
            RowKey::Tombstone(name) => self.tombstones.get(name).cloned().map(Row::Tombstone),
            RowKey::Outbox(peer, record) => self
                .outbox
                .get(&(peer.clone(), *record))
                .cloned()
                .map(Row::Outbox),
            RowKey::Answer(principal, operation, id) => {
                let key = (principal.clone(), operation.clone(), id.clone());
                self.answers.get(&key).cloned().map(Row::Answer)
            }
            RowKey::ImportParameters(name, id) => {
                let row = self.import_parameters.get(&(*name, *id)).cloned();
                row.map(Row::ImportParameters)
            }
            RowKey::KeyUsage(name) => self.key_usages.get(name).cloned().map(Row::KeyUsage),
            RowKey::Account(id) => self.accounts.get(id).cloned().map(Row::Account),
            RowKey::AccessKey(id) => self.access_keys.get(id).cloned().map(Row::AccessKey),
        }
    }

    /// The region; `None` until bootstrap.
    pub fn region(&self) -> Option<&Arc<Region>> {
        self.region.as_ref()
    }

    /// Log time: moved by Pulse only.
    pub fn log_time(&self) -> Timestamp {
        self.region.as_ref().map(|r| r.log_time).unwrap_or_default()
    }

    /// A wrapping key.
    pub fn wrapping_key(&self, id: WrappingKeyId) -> Option<&Arc<WrappingKeyRow>> {
        self.wrapping_keys.get(&id)
    }

    /// All wrapping keys, oldest first.
    pub fn wrapping_keys(&self) -> impl Iterator<Item = &Arc<WrappingKeyRow>> {
        self.wrapping_keys.values()
    }

    /// An HPKE key pair of this region.
    pub fn hpke_key(&self, id: HpkeKeyId) -> Option<&Arc<HpkeKeyRow>> {
        self.hpke_keys.get(&id)
    }

    /// A pinned region.
    pub fn peer(&self, name: &RegionName) -> Option<&Arc<PeerRegion>> {
        self.peers.get(name)
    }

    /// All pinned regions, by name.
    pub fn peers(&self) -> impl Iterator<Item = &Arc<PeerRegion>> {
        self.peers.values()
    }

    /// A key.
    pub fn key(&self, name: &KeyName) -> Option<&Arc<Key>> {
        self.keys.get(name)
    }

    /// Keys of one account in key id order, from `after` (exclusive).
    pub fn keys_of(
        &self,
        account: AccountId,
        after: Option<crate::vocabulary::KeyId>,
    ) -> impl Iterator<Item = &Arc<Key>> {
        use std::ops::Bound;
        let first = crate::vocabulary::KeyId::uuid([0; 16]);
        let from = match after {
            Some(key_id) => Bound::Excluded(KeyName { account, key_id }),
            None => Bound::Included(KeyName {
                account,
                key_id: first,
            }),
        };
        self.keys
            .range((from, Bound::Unbounded))
            .map(|(_, key)| key)
            .take_while(move |k| k.name.account == account)
    }

    /// Every key, by account and id.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<Key>> {
        self.keys.values()
    }

    /// How many keys there are in all accounts.
    pub fn key_count(&self) -> usize {
        self.keys.len()
    }

    /// How many keys an account has.
    pub fn key_count_of(&self, account: AccountId) -> u64 {
        self.derived.keys_per_account.get(&account).copied().unwrap_or(0)
    }

    /// A material of a key.
    pub fn material(&self, key: &KeyName, id: &MaterialId) -> Option<&Arc<Material>> {
        self.materials.get(&(*key, *id))
    }

    /// A key's materials, in the order in which this region learned of them, from sequence `from`.
    pub fn materials_of(&self, key: KeyName, from: u64) -> impl Iterator<Item = &Arc<Material>> {
        self.derived
            .materials_by_sequence
            .range((key, from)..=(key, u64::MAX))
            .filter_map(move |(_, id)| self.materials.get(&(key, *id)))
    }

    /// An alias.
    pub fn alias(&self, account: AccountId, alias: &AliasName) -> Option<&Arc<Alias>> {
        self.aliases.get(&(account, alias.clone()))
    }

    /// Aliases of one account in name order, from `after` (exclusive).
    pub fn aliases_of(
        &self,
        account: AccountId,
        after: Option<&AliasName>,
    ) -> impl Iterator<Item = &Arc<Alias>> {
        use std::ops::Bound;
        let from = match after {
            Some(alias) => Bound::Excluded((account, alias.clone())),
            None => Bound::Included((account, AliasName::lower_bound())),
        };
        self.aliases
            .range((from, Bound::Unbounded))
            .take_while(move |((owner, _), _)| *owner == account)
            .map(|(_, alias)| alias)
    }

    /// How many aliases an account has.
    pub fn alias_count_of(&self, account: AccountId) -> u64 {
        self.derived
            .aliases_per_account
            .get(&account)
            .copied()
            .unwrap_or(0)
    }

    /// Names of a key's aliases, in order.
    pub fn aliases_of_key(&self, key: &KeyName) -> impl Iterator<Item = &AliasName> {
        self.derived.aliases_by_key.get(key).into_iter().flatten()
    }

    /// A tombstone.
    pub fn tombstone(&self, key: &KeyName) -> Option<&Arc<Tombstone>> {
        self.tombstones.get(key)
    }

    /// Tombstones whose end the recorded primary has not been told.
    pub fn tombstones_to_tell(&self) -> impl Iterator<Item = &Arc<Tombstone>> {
        self.derived
            .tombstones_to_tell
            .iter()
            .filter_map(|key| self.tombstones.get(key))
    }

    /// Dirty rows of one peer, in the order of records, from `after` (exclusive).
    pub fn outbox_of(
        &self,
        peer: &RegionName,
        after: Option<RecordId>,
    ) -> impl Iterator<Item = &Arc<OutboxRow>> {
        use std::ops::Bound;
        let wanted = peer.clone();
        let first = RecordId::Key(KeyName {
            account: AccountId::FIRST,
            key_id: crate::vocabulary::KeyId::uuid([0; 16]),
        });
        let from = match after {
            Some(record) => Bound::Excluded((peer.clone(), record)),
            None => Bound::Included((peer.clone(), first)),
        };
        self.outbox
            .range((from, Bound::Unbounded))
            .take_while(move |((owner, _), _)| *owner == wanted)
            .map(|(_, row)| row)
    }

    /// One dirty row.
    pub fn outbox_row(&self, peer: &RegionName, record: &RecordId) -> Option<&Arc<OutboxRow>> {
        self.outbox.get(&(peer.clone(), *record))
    }

    /// How many dirty rows there are for all peers.
    pub fn outbox_len(&self) -> usize {
        self.outbox.len()
    }

    /// What GetParametersForImport made for a key, by its import token.
    pub fn import_parameters(&self, key: &KeyName, id: &ImportTokenId) -> Option<&Arc<ImportParameters>> {
        self.import_parameters.get(&(*key, *id))
    }

    /// Everything that GetParametersForImport made for a key and that is still worth something, used ones included.
    pub fn import_parameters_of(&self, key: KeyName) -> impl Iterator<Item = &Arc<ImportParameters>> {
        let range = (key, ImportTokenId([0; 32]))..=(key, ImportTokenId([0xff; 32]));
        self.import_parameters.range(range).map(|(_, row)| row)
    }

    /// When a key was last used, as far as the log knows.
    pub fn key_usage(&self, key: &KeyName) -> Option<&Arc<KeyUsageRow>> {
        self.key_usages.get(key)
    }

    /// An account that has a row, deleted ones included.
    pub fn account(&self, id: AccountId) -> Option<&Arc<Account>> {
        self.accounts.get(&id)
    }

    /// All accounts that have a row, by id, deleted ones included.
    pub fn accounts(&self) -> impl ExactSizeIterator<Item = &Arc<Account>> {
        self.accounts.values()
    }

    /// How many accounts have a row and are not deleted.
    pub fn account_count(&self) -> u64 {
        self.derived.accounts_kept
    }

    /// An access key, deleted ones included.
    pub fn access_key(&self, id: &AccessKeyId) -> Option<&Arc<AccessKey>> {
        self.access_keys.get(id)
    }

    /// All access keys, by id, deleted ones included.
    pub fn access_keys(&self) -> impl ExactSizeIterator<Item = &Arc<AccessKey>> {
        self.access_keys.values()
    }

    /// How many access keys there are that are not deleted.
    pub fn access_key_count(&self) -> u64 {
        self.derived.access_keys_kept
    }

    /// How many access keys a principal has that are not deleted.
    pub fn access_key_count_of(&self, principal: &Principal) -> u64 {
        let count = self.derived.access_keys_per_principal.get(principal).copied();
        count.unwrap_or(0)
    }

    /// How many active access keys the principals of an account have together.
    pub fn active_access_key_count_of(&self, account: AccountId) -> u64 {
        let count = self.derived.active_access_keys_per_account.get(&account).copied();
        count.unwrap_or(0)
    }

    /// A remembered answer.
    pub fn answer(&self, principal: &Principal, operation: &str, id: &str) -> Option<&Arc<Answer>> {
        self.answers
            .get(&(principal.clone(), operation.to_owned(), id.to_owned()))
    }

    /// How many answers to a principal are remembered.
    pub fn answer_count_of(&self, principal: &Principal) -> usize {
        let count = self.derived.answers_per_principal.get(principal).copied();
        usize::try_from(count.unwrap_or(0)).unwrap_or(usize::MAX)
    }

    /// Remembered answers of a principal, oldest first.
    pub(crate) fn answers_of(&self, principal: &Principal) -> impl Iterator<Item = &RowKey> {
        let range = (principal.clone(), 0)..=(principal.clone(), u64::MAX);
        self.derived.answers_by_principal.range(range).map(|(_, row)| row)
    }

    /// Answers remembered at `limit` or before, oldest first.
    pub(crate) fn answers_until(&self, limit: Timestamp) -> impl Iterator<Item = &RowKey> {
        self.derived
            .answers_by_age
            .range(..=(limit, u64::MAX))
            .map(|(_, row)| row)
    }

    /// The ARN of a key in this region.
    pub fn key_arn(&self, name: &KeyName) -> Option<KeyArn> {
        let region = self.region.as_ref()?.name.clone();
        Some(KeyArn {
            region,
            account: name.account,
            key_id: name.key_id,
        })
    }

    /// The log time at which a Pulse has something to do, if anything is scheduled.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.derived.deadlines.get_min().map(|(at, _)| *at)
    }

    /// What is due at or before `now`, earliest first.
    pub fn due(&self, now: Timestamp) -> impl Iterator<Item = &Deadline> {
        self.derived
            .deadlines
            .iter()
            .take_while(move |(at, _)| *at <= now)
            .map(|(_, what)| what)
    }

    /// Whether something falls due after `from` and no later than `to`.
    pub(crate) fn deadline_between(&self, from: Timestamp, to: Timestamp) -> bool {
        let first = match from.0.checked_add(1) {
            Some(next) => Timestamp(next),
            None => return false,
        };
        let lowest = Deadline::Deletion(crate::key::KeyName {
            account: AccountId::FIRST,
            key_id: crate::vocabulary::KeyId::uuid([0; 16]),
        });
        let next = self.derived.deadlines.range((first, lowest)..).next();
        next.is_some_and(|(at, _)| *at <= to)
    }

    /// Keys whose waiting period starts at the next Pulse.
    pub fn deletions_to_start(&self) -> impl Iterator<Item = &KeyName> {
        self.derived.deletions_to_start.iter()
    }

    /// Writes rows and says what changed. The only writer beside [`State::from_rows`].
    pub(crate) fn write(&mut self, rows: std::collections::BTreeMap<RowKey, Option<Row>>) -> Vec<RowChange> {
        let mut changes = Vec::with_capacity(rows.len());
        for (key, after) in rows {
            let before = self.row(&key);
            if before == after {
                continue;
            }
            self.write_row(key.clone(), after.clone());
            changes.push(RowChange { key, before, after });
        }
        changes
    }
}
