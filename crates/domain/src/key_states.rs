//! Key states and what each operation may do in them (key-states.csv).

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
