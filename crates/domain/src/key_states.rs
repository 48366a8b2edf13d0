//! Key states, and what each operation may do in them: `key-states.csv` as code.
//!
//! The table is in `table.rs`; a test compares every cell with the file. This module turns a cell into a permission or
//! into the exact refusal, and holds the proof that a key was checked ([`UsableKey`]).

mod operation;
mod table;
mod usable;

pub use operation::Operation;
pub use table::{Verdict, verdict};
pub(crate) use usable::wrong_origin;
pub use usable::{UsableKey, check_state};

use crate::key::{DeletionDeadline, Key};

/// The state of a key, as DescribeKey shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyState {
    /// Usable.
    Enabled,
    /// Switched off by its owner.
    Disabled,
    /// Waits to be destroyed.
    PendingDeletion,
    /// A primary waits for its replicas to go, and is destroyed after its own waiting period.
    PendingReplicaDeletion,
    /// Imported key without its material.
    PendingImport,
    /// Its custom key store is disconnected.
    Unavailable,
    /// A replica that has not received everything.
    Creating,
    /// Its primary role is being moved.
    Updating,
}

impl KeyState {
    /// Every state.
    pub const ALL: &[Self] = &[
        Self::Enabled,
        Self::Disabled,
        Self::PendingDeletion,
        Self::PendingReplicaDeletion,
        Self::PendingImport,
        Self::Unavailable,
        Self::Creating,
        Self::Updating,
    ];

    /// The spelling of the service model.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingDeletion => "PendingDeletion",
            Self::PendingReplicaDeletion => "PendingReplicaDeletion",
            Self::PendingImport => "PendingImport",
            Self::Unavailable => "Unavailable",
            Self::Creating => "Creating",
            Self::Updating => "Updating",
        }
    }
}

impl Key {
    /// The state that callers are shown and operations are checked against.
    ///
    /// Where several conditions hold, the one that takes more rights away is the state. Disabled therefore comes
    /// before Updating: a key disabled during a hand-over that drags on must not encrypt.
    pub fn state(&self) -> KeyState {
        if let Some(deletion) = self.deletion {
            return match deletion.deadline {
                DeletionDeadline::AwaitingReplicas => KeyState::PendingReplicaDeletion,
                DeletionDeadline::StartsAtNextPulse | DeletionDeadline::At(_) => KeyState::PendingDeletion,
            };
        }
        let multi_region = self.multi_region.as_ref();
        if multi_region.is_some_and(|m| m.creating) {
            return KeyState::Creating;
        }
        if self.awaits_import() {
            return KeyState::PendingImport;
        }
        if !self.enabled {
            return KeyState::Disabled;
        }
        if multi_region.is_some_and(|m| m.handover.is_some()) {
            return KeyState::Updating;
        }
        KeyState::Enabled
    }
}
