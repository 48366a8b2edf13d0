//! Writing one row, and keeping the derived indexes true to the rows.

use crate::key::{DeletionDeadline, Key, Material};
use crate::limits::UPDATING_PATIENCE_MS;
use crate::rows::{AccessKey, AccessKeyStatus, AccountStatus, ImportParameters, Row, RowKey};
use crate::state::{Deadline, Derived, State};
use crate::vocabulary::Timestamp;
use imbl::OrdMap;

impl State {
    /// Replaces (or removes) one row and its traces in the indexes.
    pub(crate) fn write_row(&mut self, key: RowKey, after: Option<Row>) {
        if let Some(before) = self.row(&key) {
            self.derived.forget(&before);
        }
        if let Some(row) = &after {
            self.derived.learn(row);
        }
        match after {
            Some(row) => self.insert(row),
            None => self.delete(&key),
        }
    }

    fn insert(&mut self, row: Row) {
        match row {
            Row::Region(row) => self.region = Some(row),
            Row::WrappingKey(row) => drop(self.wrapping_keys.insert(row.id, row)),
            Row::HpkeKey(row) => drop(self.hpke_keys.insert(row.id, row)),
            Row::Peer(row) => drop(self.peers.insert(row.name.clone(), row)),
            Row::Key(row) => drop(self.keys.insert(row.name, row)),
            Row::Material(row) => drop(self.materials.insert((row.key, row.material_id), row)),
            Row::Alias(row) => drop(self.aliases.insert((row.account, row.alias.clone()), row)),
            Row::Tombstone(row) => drop(self.tombstones.insert(row.key, row)),
            Row::Outbox(row) => drop(self.outbox.insert((row.peer.clone(), row.record), row)),
            Row::Answer(row) => {
                let key = (
                    row.principal.clone(),
                    row.operation.clone(),
                    row.request_id.clone(),
                );
                drop(self.answers.insert(key, row));
            }
            Row::ImportParameters(row) => drop(self.import_parameters.insert((row.key, row.id), row)),
            Row::KeyUsage(row) => drop(self.key_usages.insert(row.key, row)),
            Row::Account(row) => drop(self.accounts.insert(row.id, row)),
            Row::AccessKey(row) => drop(self.access_keys.insert(row.id, row)),
        }
    }

    fn delete(&mut self, key: &RowKey) {
        match key {
            RowKey::Region => self.region = None,
            RowKey::WrappingKey(id) => drop(self.wrapping_keys.remove(id)),
            RowKey::HpkeKey(id) => drop(self.hpke_keys.remove(id)),
            RowKey::Peer(name) => drop(self.peers.remove(name)),
            RowKey::Key(name) => drop(self.keys.remove(name)),
            RowKey::Material(name, id) => drop(self.materials.remove(&(*name, *id))),
            RowKey::Alias(account, alias) => drop(self.aliases.remove(&(*account, alias.clone()))),
            RowKey::Tombstone(name) => drop(self.tombstones.remove(name)),
            RowKey::Outbox(peer, record) => drop(self.outbox.remove(&(peer.clone(), *record))),
            RowKey::Answer(principal, operation, id) => {
                drop(
                    self.answers
                        .remove(&(principal.clone(), operation.clone(), id.clone())),
                );
            }
            RowKey::ImportParameters(name, id) => drop(self.import_parameters.remove(&(*name, *id))),
            RowKey::KeyUsage(name) => drop(self.key_usages.remove(name)),
            RowKey::Account(id) => drop(self.accounts.remove(id)),
            RowKey::AccessKey(id) => drop(self.access_keys.remove(id)),
        }
    }
}

impl Derived {
    fn learn(&mut self, row: &Row) {
        match row {
            Row::Key(key) => {
                *self.keys_per_account.entry(key.name.account).or_insert(0) += 1;
                self.deadlines.extend(deadlines_of(key));
                if starts_at_next_pulse(key) {
                    self.deletions_to_start.insert(key.name);
                }
            }
            Row::Material(row) => {
                self.materials_by_sequence
                    .insert((row.key, row.sequence), row.material_id);
                self.deadlines.extend(expiry_of(row));
            }
            Row::ImportParameters(row) => drop(self.deadlines.insert(end_of(row))),
            Row::Alias(row) => {
                let key = crate::key::KeyName {
                    account: row.account,
                    key_id: row.key_id,
                };
                self.aliases_by_key
                    .entry(key)
                    .or_default()
                    .insert(row.alias.clone());
                *self.aliases_per_account.entry(row.account).or_insert(0) += 1;
            }
            Row::Tombstone(row) if row.tell.is_some() => drop(self.tombstones_to_tell.insert(row.key)),
            Row::Answer(answer) => {
                let key = row.key();
                self.answers_by_age
                    .insert((answer.remembered_at, answer.sequence), key.clone());
                self.answers_by_principal
                    .insert((answer.principal.clone(), answer.sequence), key);
                *self
                    .answers_per_principal
                    .entry(answer.principal.clone())
                    .or_insert(0) += 1;
            }
            Row::Account(row) if row.status != AccountStatus::Deleted => self.accounts_kept += 1,
            Row::AccessKey(row) => self.learn_access_key(row),
            Row::Region(_) | Row::WrappingKey(_) | Row::HpkeKey(_) | Row::Peer(_) => {}
            Row::Account(_) | Row::Tombstone(_) | Row::Outbox(_) | Row::KeyUsage(_) => {}
        }
    }

    fn forget(&mut self, row: &Row) {
        match row {
            Row::Key(key) => {
                decrement(&mut self.keys_per_account, &key.name.account);
                for deadline in deadlines_of(key) {
                    self.deadlines.remove(&deadline);
                }
                self.deletions_to_start.remove(&key.name);
            }
            Row::Material(row) => {
                self.materials_by_sequence.remove(&(row.key, row.sequence));
                if let Some(deadline) = expiry_of(row) {
                    self.deadlines.remove(&deadline);
                }
            }
            Row::ImportParameters(row) => drop(self.deadlines.remove(&end_of(row))),
            Row::Alias(row) => {
                let key = crate::key::KeyName {
                    account: row.account,
                    key_id: row.key_id,
                };
                let mut names = self.aliases_by_key.remove(&key).unwrap_or_default();
                names.remove(&row.alias);
                if !names.is_empty() {
                    self.aliases_by_key.insert(key, names);
                }
                decrement(&mut self.aliases_per_account, &row.account);
            }
            Row::Tombstone(row) => drop(self.tombstones_to_tell.remove(&row.key)),
            Row::Answer(answer) => {
                self.answers_by_age
                    .remove(&(answer.remembered_at, answer.sequence));
                self.answers_by_principal
                    .remove(&(answer.principal.clone(), answer.sequence));
                decrement(&mut self.answers_per_principal, &answer.principal);
            }
            Row::Account(row) if row.status != AccountStatus::Deleted => {
                self.accounts_kept = self.accounts_kept.saturating_sub(1);
            }
            Row::AccessKey(row) => self.forget_access_key(row),
            Row::Region(_) | Row::WrappingKey(_) | Row::HpkeKey(_) | Row::Peer(_) => {}
            Row::Account(_) | Row::Outbox(_) | Row::KeyUsage(_) => {}
        }
    }

    fn learn_access_key(&mut self, row: &AccessKey) {
        if row.status == AccessKeyStatus::Deleted {
            return;
        }
        self.access_keys_kept += 1;
        *self
            .access_keys_per_principal
            .entry(row.principal.clone())
            .or_insert(0) += 1;
        if row.status == AccessKeyStatus::Active {
            *self
                .active_access_keys_per_account
                .entry(row.principal.account())
                .or_insert(0) += 1;
        }
    }

    fn forget_access_key(&mut self, row: &AccessKey) {
        if row.status == AccessKeyStatus::Deleted {
            return;
        }
        self.access_keys_kept = self.access_keys_kept.saturating_sub(1);
        decrement(&mut self.access_keys_per_principal, &row.principal);
        if row.status == AccessKeyStatus::Active {
            decrement(&mut self.active_access_keys_per_account, &row.principal.account());
        }
    }
}

/// Counts reach zero by removal, so that equal rows always give equal indexes.
fn decrement<K: Ord + Clone>(counts: &mut OrdMap<K, u64>, key: &K) {
    let left = counts.get(key).copied().unwrap_or(0).saturating_sub(1);
    if left == 0 {
        counts.remove(key);
    } else {
        counts.insert(key.clone(), left);
    }
}

fn starts_at_next_pulse(key: &Key) -> bool {
    key.deletion
        .is_some_and(|d| d.deadline == DeletionDeadline::StartsAtNextPulse)
}

/// Bytes that are here and do not stay.
fn expiry_of(row: &Material) -> Option<(Timestamp, Deadline)> {
    let imported = row.imported.as_ref().filter(|_| row.wrapped.is_some())?;
    let what = Deadline::MaterialExpiry(row.key, row.material_id);
    imported.expires.map(|at| (at, what))
}

fn end_of(row: &ImportParameters) -> (Timestamp, Deadline) {
    (row.expires, Deadline::ImportParametersExpiry(row.key, row.id))
}

fn deadlines_of(key: &Key) -> Vec<(Timestamp, Deadline)> {
    let mut deadlines = Vec::new();
    if let Some(DeletionDeadline::At(at)) = key.deletion.map(|d| d.deadline) {
        deadlines.push((at, Deadline::Deletion(key.name)));
    }
    let rotates = key.deletion.is_none() && key.enabled && key.rotation.pending.is_none();
    let decides = key.multi_region.as_ref().is_none_or(|m| m.decides_shared_state());
    if let Some(at) = key.rotation.next_date
        && rotates
        && decides
    {
        deadlines.push((at, Deadline::Rotation(key.name)));
    }
    if let Some(handover) = key.multi_region.as_ref().and_then(|m| m.handover.as_ref()) {
        deadlines.push((
            handover.since.plus_ms(UPDATING_PATIENCE_MS),
            Deadline::HandoverPatience(key.name),
        ));
    }
    deadlines
}
