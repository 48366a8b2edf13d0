//! What readers see: one consistent copy of the state and where in the log it stands.

use kms_domain::State;
use kms_storage::StateHash;

/// The state after some entry. Immutable; holding one keeps nobody waiting.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// The state itself.
    pub state: State,
    /// Term and index of the last entry in it; `None` before the first.
    pub applied: Option<AppliedId>,
    /// The hash over all rows. Equal on all nodes that have applied the same entry.
    pub hash: StateHash,
}

/// The place of an applied entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppliedId {
    /// Term of the leader that appended it.
    pub term: u64,
    /// Its index.
    pub index: u64,
}

impl View {
    /// The index of the last entry in this view.
    pub fn applied_index(&self) -> Option<u64> {
        self.applied.map(|applied| applied.index)
    }
}
