//! What a run will do, all of it from one seed, and how much of it must have happened for the run to count.

use crate::chaos::history::Kind;
use rand::rngs::SmallRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use std::fmt;
use std::ops::Range;
use std::time::Duration;

/// Something that is done to the cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// kill -9 of a region's leader; started again later.
    KillLeader {
        /// The region.
        region: String,
    },
    /// kill -9 of a node that does not lead; started again later.
    KillFollower {
        /// The region.
        region: String,
    },
    /// kill -9, the disk emptied, the node replaced under a new id.
    WipeAndReplace {
        /// The region.
        region: String,
    },
    /// All nodes of a region stopped in good order, and started again later.
    StopRegion {
        /// The region.
        region: String,
    },
    /// kill -9 of every node of every region at once, and all started again.
    KillAll,
}

/// [`Fault`] without its region, as the report counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// See [`Fault::KillLeader`].
    KillLeader,
    /// See [`Fault::KillFollower`].
    KillFollower,
    /// See [`Fault::WipeAndReplace`].
    WipeAndReplace,
    /// See [`Fault::StopRegion`].
    StopRegion,
    /// See [`Fault::KillAll`].
    KillAll,
}

impl Fault {
    /// The fault's kind.
    pub const fn kind(&self) -> FaultKind {
        match self {
            Self::KillLeader { .. } => FaultKind::KillLeader,
            Self::KillFollower { .. } => FaultKind::KillFollower,
            Self::WipeAndReplace { .. } => FaultKind::WipeAndReplace,
            Self::StopRegion { .. } => FaultKind::StopRegion,
            Self::KillAll => FaultKind::KillAll,
        }
    }

    const fn region(&self) -> Option<&String> {
        match self {
            Self::KillLeader { region }
            | Self::KillFollower { region }
            | Self::WipeAndReplace { region }
            | Self::StopRegion { region } => Some(region),
            Self::KillAll => None,
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::KillLeader => "leader killed",
            Self::KillFollower => "follower killed",
            Self::WipeAndReplace => "disk wiped, node replaced",
            Self::StopRegion => "region stopped",
            Self::KillAll => "all nodes killed",
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind())?;
        match self.region() {
            Some(region) => write!(f, " in {region}"),
            None => Ok(()),
        }
    }
}

/// One fault and its timing.
#[derive(Debug, Clone)]
pub struct Step {
    /// Load without a fault before it.
    pub quiet: Duration,
    /// The fault.
    pub fault: Fault,
    /// How long the damage lasts after the rest has recovered, before it is mended.
    pub held: Duration,
}

/// A run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Where all choices come from.
    pub seed: u64,
    /// Faults in order.
    pub steps: Vec<Step>,
    /// Load after the last fault.
    pub quiet_at_the_end: Duration,
    /// Callers in each region.
    pub callers_per_region: u64,
    /// Keys of one kind that a region makes at most.
    pub keys_per_region_max: usize,
    /// Acknowledged calls of each kind without which the run proves nothing.
    pub least: Vec<(Kind, u64)>,
    /// Encrypts on surely disabled keys without which the run proves nothing.
    pub least_tested_encrypts: u64,
}

impl Plan {
    /// The short form: about a minute of faults.
    pub fn short(seed: u64, regions: &[String]) -> Self {
        let counts = [
            (FaultKind::KillLeader, 3),
            (FaultKind::KillFollower, 1),
            (FaultKind::WipeAndReplace, 1),
            (FaultKind::StopRegion, 1),
            (FaultKind::KillAll, 1),
        ];
        Self::new(seed, regions, &counts, 1, 1_000..2_500)
    }

    /// The long form: about a quarter of an hour of faults.
    pub fn long(seed: u64, regions: &[String]) -> Self {
        let counts = [
            (FaultKind::KillLeader, 20),
            (FaultKind::KillFollower, 6),
            (FaultKind::WipeAndReplace, 6),
            (FaultKind::StopRegion, 5),
            (FaultKind::KillAll, 10),
        ];
        Self::new(seed, regions, &counts, 5, 5_000..16_000)
    }

    /// How often each kind of fault is planned.
    pub fn planned(&self, kind: FaultKind) -> usize {
        self.steps.iter().filter(|step| step.fault.kind() == kind).count()
    }

    fn new(
        seed: u64,
        regions: &[String],
        counts: &[(FaultKind, usize)],
        scale: u64,
        quiet_ms: Range<u64>,
    ) -> Self {
        let mut random = SmallRng::seed_from_u64(seed);
        let mut faults = Vec::new();
        for (kind, count) in counts {
            // Every region gets its turn before any gets a second one.
            let mut turns = regions.to_vec();
            turns.shuffle(&mut random);
            faults.extend(
                turns
                    .iter()
                    .cycle()
                    .take(*count)
                    .map(|region| fault(*kind, region)),
            );
        }
        faults.shuffle(&mut random);
        let mut between = |ms: Range<u64>| Duration::from_millis(random.random_range(ms));
        let steps = faults
            .into_iter()
            .map(|fault| Step {
                quiet: between(quiet_ms.clone()),
                held: between(300..3_000),
                fault,
            })
            .collect();
        Self {
            seed,
            steps,
            quiet_at_the_end: Duration::from_secs(3),
            callers_per_region: 3,
            keys_per_region_max: 40 * usize::try_from(scale).unwrap_or(1),
            least: Kind::ALL
                .iter()
                .map(|kind| (*kind, least(*kind) * scale))
                .collect(),
            least_tested_encrypts: 10 * scale,
        }
    }
}

fn fault(kind: FaultKind, region: &str) -> Fault {
    let region = region.to_owned();
    match kind {
        FaultKind::KillLeader => Fault::KillLeader { region },
        FaultKind::KillFollower => Fault::KillFollower { region },
        FaultKind::WipeAndReplace => Fault::WipeAndReplace { region },
        FaultKind::StopRegion => Fault::StopRegion { region },
        FaultKind::KillAll => Fault::KillAll,
    }
}

const fn least(kind: Kind) -> u64 {
    match kind {
        Kind::CreateKey | Kind::CreateMultiRegionKey | Kind::ReplicateKey | Kind::RotateKeyOnDemand => 10,
        Kind::UpdatePrimaryRegion => 5,
        Kind::EnableKey | Kind::DisableKey => 10,
        Kind::UpdateKeyDescription => 50,
        Kind::Encrypt | Kind::Decrypt => 200,
    }
}

/// One of `from`, chosen by `random`.
pub fn one_of<'a, T>(from: &'a [T], random: &mut SmallRng) -> Option<&'a T> {
    from.choose(random)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regions() -> Vec<String> {
        ["a", "b", "c"].map(str::to_owned).to_vec()
    }

    #[test]
    fn one_seed_makes_one_plan() {
        let faults = |seed| {
            Plan::long(seed, &regions())
                .steps
                .into_iter()
                .map(|step| (step.fault, step.quiet, step.held))
                .collect::<Vec<_>>()
        };
        assert_eq!(faults(7), faults(7));
        assert_ne!(faults(7), faults(8));
    }

    #[test]
    fn the_long_form_has_what_the_issue_asks_for() {
        let plan = Plan::long(1, &regions());
        assert_eq!(plan.planned(FaultKind::KillLeader), 20);
        assert_eq!(plan.planned(FaultKind::KillAll), 10);
        assert!(plan.planned(FaultKind::WipeAndReplace) >= 3 && plan.planned(FaultKind::StopRegion) >= 3);
    }

    #[test]
    fn no_operation_may_be_missing() {
        let plan = Plan::short(1, &regions());
        for kind in Kind::ALL {
            assert!(plan.least.iter().any(|(k, least)| *k == kind && *least > 0));
        }
    }
}
