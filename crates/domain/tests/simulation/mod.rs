//! The multi-region simulation: seeded, one thread for each run, no IO. It must find what the happy protocol would
//! hide: lost and repeated messages, outcomes nobody learns, stale decisions, two leaders, crashes between any two
//! steps, regions away for long, leaps of clocks, restored states, compromised regions.
//!
//! `CONCORD_SIM_SEEDS` sets how many seeds run (200 when unset), `CONCORD_SIM_SEED` runs one alone.

mod adversary;
mod away_region;
mod census;
mod compromised_region;
mod convergence;
mod faults;
mod handovers;
mod identities;
mod imported_keys;
mod imports;
mod invariants;
mod many_materials;
mod model_reseal;
mod network;
mod prng;
mod random_runs;
mod region;
mod restored_region;
mod workload;
mod world;

/// Seeds to run: one that is named, or so many.
#[allow(
    clippy::disallowed_methods,
    reason = "says how much is tested, never what a region does"
)]
fn seeds() -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    match number("CONCORD_SIM_SEED") {
        Some(seed) => vec![seed],
        None => (0..number("CONCORD_SIM_SEEDS").unwrap_or(200)).collect(),
    }
}
