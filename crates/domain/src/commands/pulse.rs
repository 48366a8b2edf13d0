//! Pulse: see [`crate::pulse`], where log time lives.

use super::Outcome;
use crate::State;
use crate::command::Pulse;

/// Moves log time and does what has fallen due.
pub(crate) fn handle(state: &State, command: &Pulse) -> Outcome {
    crate::pulse::advance(state, &command.readings)
}
