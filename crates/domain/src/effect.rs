//! What the leader does after a command has committed. Effects are hints: whatever they ask for is also visible in
//! the state, so a lost effect is found again by looking.

use crate::key::KeyName;
use crate::vocabulary::{MaterialId, RegionName};

/// Work for the leader, or for every node where said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Something is dirty for this peer region.
    Ship {
        /// The peer.
        peer: RegionName,
    },
    /// An automatic rotation is due: make material and propose `RotateKeyAutomatically`.
    MakeRotationMaterial {
        /// The key.
        key: KeyName,
    },
    /// Every node: drop cached material of this key, or one material of it.
    Evict {
        /// The key.
        key: KeyName,
        /// One material, or all.
        material: Option<MaterialId>,
    },
}
