//! What a command handler wants changed: rows to put and to remove, and effects. Handlers only describe; one function
//! writes ([`crate::State::apply`]).

use crate::effect::Effect;
use crate::key::KeyName;
use crate::rows::{Row, RowKey};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows to write, later ones winning, and effects.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    rows: BTreeMap<RowKey, Option<Row>>,
    effects: Vec<Effect>,
}

impl Changes {
    /// No change.
    pub fn none() -> Self {
        Self::default()
    }

    /// Writes a row.
    pub fn put(&mut self, row: Row) {
        self.rows.insert(row.key(), Some(row));
    }

    /// Removes a row.
    pub fn remove(&mut self, key: RowKey) {
        self.rows.insert(key, None);
    }

    /// Asks the leader for work after commit.
    pub fn effect(&mut self, effect: Effect) {
        if !self.effects.contains(&effect) {
            self.effects.push(effect);
        }
    }

    /// The row as it will be: `Some(None)` when it is to be removed, `None` when it is untouched.
    pub fn pending(&self, key: &RowKey) -> Option<Option<&Row>> {
        self.rows.get(key).map(Option::as_ref)
    }

    /// Gives keys that are made by this command an `authz` revision that no earlier key of the same name can have
    /// had: revisions grow by at most one a log entry, so none exceeds the log index. Without this, a decision made
    /// on a destroyed replica could hold for the one made again in its place.
    pub(crate) fn start_authz_revisions_at(&mut self, log_index: u64, is_new: impl Fn(&KeyName) -> bool) {
        for row in self.rows.values_mut() {
            if let Some(Row::Key(key)) = row
                && is_new(&key.name)
            {
                Arc::make_mut(key).revisions.authz = log_index;
            }
        }
    }

    pub(crate) fn into_parts(self) -> (BTreeMap<RowKey, Option<Row>>, Vec<Effect>) {
        (self.rows, self.effects)
    }
}
