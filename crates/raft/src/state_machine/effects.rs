//! The way from apply to the work that follows a commit. Effects are hints: whatever they ask for is
//! also visible in the state, so that one lost to a full queue is found again by looking.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kms_domain::Effect;
use tokio::sync::mpsc;

/// Effects that may wait for whoever carries them out; later ones are dropped.
pub(crate) const EFFECTS_WAITING_MAX: usize = 16_384;

/// An effect of a committed entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmittedEffect {
    /// The entry.
    pub log_index: u64,
    /// What to do.
    pub effect: Effect,
}

/// Hands effects out: those for every node always, those for the leader only while this node leads.
pub(crate) struct EffectSender {
    sender: mpsc::Sender<EmittedEffect>,
    leads: Arc<AtomicBool>,
}

impl EffectSender {
    pub(crate) fn new(sender: mpsc::Sender<EmittedEffect>, leads: Arc<AtomicBool>) -> Self {
        Self { sender, leads }
    }

    /// Never waits: apply must not depend on who listens.
    pub(crate) fn emit(&self, log_index: u64, effects: Vec<Effect>) {
        for effect in effects {
            if !is_for_every_node(&effect) && !self.leads.load(Ordering::Relaxed) {
                continue;
            }
            if self.sender.try_send(EmittedEffect { log_index, effect }).is_err() {
                tracing::debug!(log_index, "an effect was dropped; it will be found by looking");
            }
        }
    }
}

fn is_for_every_node(effect: &Effect) -> bool {
    match effect {
        Effect::Evict { .. } => true,
        Effect::Ship { .. } | Effect::MakeRotationMaterial { .. } => false,
    }
}
