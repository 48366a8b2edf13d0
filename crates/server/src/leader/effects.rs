//! Carrying out what a commit asks of this node. Effects are hints; what they ask for is also found by looking.

use crate::node::Running;
use kms_domain::Effect;
use kms_raft::EmittedEffect;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Carries out effects until the node ends.
pub(super) async fn carry_out(running: Arc<Running>, mut effects: mpsc::Receiver<EmittedEffect>) {
    while let Some(emitted) = effects.recv().await {
        match emitted.effect {
            Effect::Evict { key, material } => running.cache.evict(&key, material.as_ref()),
            Effect::Ship { peer } => running.replication.wake(&peer),
            // Found at the next look, which is at most a second away.
            Effect::MakeRotationMaterial { .. } => {}
        }
    }
}
