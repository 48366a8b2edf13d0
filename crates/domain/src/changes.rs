//! What a command handler wants changed: rows to put and to remove, and effects. Handlers only describe; one function
//! writes ([`crate::State::apply`]).

use crate::effect::Effect;
use crate::rows::{Row, RowKey};
use std::collections::BTreeMap;

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

    pub(crate) fn into_parts(self) -> (BTreeMap<RowKey, Option<Row>>, Vec<Effect>) {
        (self.rows, self.effects)
    }
}
