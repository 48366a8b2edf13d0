//! A real cluster under load, hurt by plan, and judged by what it promised.
//!
//! The parts know little of each other, so that a mistake in one cannot hide one in another: `traffic` calls the
//! cluster and writes down what it was answered in the `history`; `faults` carries out the `plan`; `watch` notes which
//! region claims which primary role; `settle` heals everything and reads the end state; `validate` holds the history
//! against what was seen and knows nothing of clusters; `report` says the verdict.
//!
//! A call without a definite answer is *unknown*: it may have happened, may not have, and may yet happen for as long
//! as [`history::LATE_EFFECT_MAX`]. It is never a finding, and never an acknowledgement.

pub mod faults;
pub mod history;
pub mod plan;
pub mod report;
pub mod roster;
pub mod run;
pub mod settle;
pub mod traffic;
pub mod validate;
pub mod watch;
