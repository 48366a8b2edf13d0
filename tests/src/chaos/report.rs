//! The verdict, and the table it stands on.

use crate::chaos::faults::Done;
use crate::chaos::history::{Event, Finding, Kind, Outcome};
use crate::chaos::plan::{FaultKind, Plan};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

const FAULTS: [FaultKind; 5] = [
    FaultKind::KillLeader,
    FaultKind::KillFollower,
    FaultKind::WipeAndReplace,
    FaultKind::StopRegion,
    FaultKind::KillAll,
];

/// Findings shown of one promise; the number of the others is said.
const SHOWN_PER_PROMISE: usize = 8;

/// The longest fail-over that the product promises.
pub const FAIL_OVER_MAX: Duration = Duration::from_secs(2);

/// What the run proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All that was planned happened, and every promise was kept.
    Passed,
    /// A promise was broken.
    Failed,
    /// Too little happened to prove anything.
    Invalid,
}

impl Verdict {
    /// The exit code: 0, 1 and 3.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Failed => 1,
            Self::Invalid => 3,
        }
    }
}

/// Checks that were made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Checks {
    /// Ciphertexts opened at the end, each region counted.
    pub ciphertexts: u64,
    /// Acknowledged changes held against the end state.
    pub changes: u64,
    /// Encrypts that were answered while their key was surely disabled.
    pub disabled_encrypts: u64,
    /// Different claims of a primary role.
    pub claims: u64,
    /// Answers of DescribeReplication while running.
    pub watched: u64,
}

/// A finished run.
#[derive(Debug)]
pub struct Report {
    /// What was planned.
    pub plan: Plan,
    /// All calls.
    pub events: Vec<Event>,
    /// Faults carried out.
    pub done: Vec<Done>,
    /// Faults that could not be carried out, and why.
    pub not_done: Vec<String>,
    /// Broken promises.
    pub findings: Vec<Finding>,
    /// Checks made.
    pub checks: Checks,
    /// From the first process to the last check.
    pub took: Duration,
}

#[derive(Default)]
struct Count {
    acknowledged: u64,
    refused: u64,
    unknown: u64,
}

impl Report {
    /// What the run proves. A broken promise counts whatever else is missing.
    pub fn verdict(&self) -> Verdict {
        if !self.findings.is_empty() {
            Verdict::Failed
        } else if self.missing().is_empty() {
            Verdict::Passed
        } else {
            Verdict::Invalid
        }
    }

    /// What was planned and did not happen, or not often enough.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = self.not_done.clone();
        let counts = self.counts();
        for (kind, least) in &self.plan.least {
            let had = counts.get(kind).map_or(0, |count| count.acknowledged);
            if had < *least {
                missing.push(format!("{kind}: {had} acknowledged, {least} needed"));
            }
        }
        for kind in FAULTS {
            let (had, planned) = (self.done_of(kind), self.plan.planned(kind));
            if had < planned {
                missing.push(format!("{kind}: {had} carried out, {planned} planned"));
            }
        }
        let (tested, least) = (self.checks.disabled_encrypts, self.plan.least_tested_encrypts);
        if tested < least {
            missing.push(format!(
                "Encrypts on disabled keys: {tested} answered, {least} needed"
            ));
        }
        let watched = u64::try_from(self.plan.steps.len()).unwrap_or(u64::MAX);
        if self.checks.watched < watched {
            missing.push(format!(
                "DescribeReplication: {} answers, {watched} needed",
                self.checks.watched
            ));
        }
        missing
    }

    fn counts(&self) -> BTreeMap<Kind, Count> {
        let mut counts: BTreeMap<Kind, Count> = BTreeMap::new();
        for event in &self.events {
            let count = counts.entry(event.operation.kind()).or_default();
            match event.outcome {
                Outcome::Acknowledged => count.acknowledged += 1,
                Outcome::Refused(_) => count.refused += 1,
                Outcome::Unknown => count.unknown += 1,
            }
        }
        counts
    }

    fn done_of(&self, kind: FaultKind) -> usize {
        self.done.iter().filter(|done| done.fault.kind() == kind).count()
    }

    /// The report as text.
    ///
    /// # Errors
    /// None that a string could give.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        writeln!(
            text,
            "\n{:<26} {:>12} {:>9} {:>9}",
            "OPERATION", "ACKNOWLEDGED", "REFUSED", "UNKNOWN"
        )?;
        let counts = self.counts();
        for kind in Kind::ALL {
            let none = Count::default();
            let count = counts.get(&kind).unwrap_or(&none);
            writeln!(
                text,
                "{kind:<26} {:>12} {:>9} {:>9}",
                count.acknowledged, count.refused, count.unknown
            )?;
        }
        self.write_refusals(&mut text)?;
        writeln!(text, "\n{:<26} {:>12} {:>9}", "FAULT", "CARRIED OUT", "PLANNED")?;
        for kind in FAULTS {
            writeln!(
                text,
                "{kind:<26} {:>12} {:>9}",
                self.done_of(kind),
                self.plan.planned(kind)
            )?;
        }
        self.write_checks(&mut text)?;
        self.write_verdict(&mut text)?;
        Ok(text)
    }

    fn write_refusals(&self, text: &mut String) -> std::fmt::Result {
        let mut refusals: BTreeMap<(Kind, &str), u64> = BTreeMap::new();
        for event in &self.events {
            if let Outcome::Refused(exception) = &event.outcome {
                *refusals.entry((event.operation.kind(), exception)).or_insert(0) += 1;
            }
        }
        writeln!(text, "\nrefused with")?;
        for ((kind, exception), count) in refusals {
            writeln!(text, "  {kind:<24} {count:>6} {exception}")?;
        }
        Ok(())
    }

    fn write_checks(&self, text: &mut String) -> std::fmt::Result {
        let mut fail_overs: Vec<Duration> = self.done.iter().filter_map(|done| done.fail_over).collect();
        fail_overs.sort_unstable();
        if let Some(slowest) = fail_overs.last() {
            let late = fail_overs.iter().filter(|took| **took > FAIL_OVER_MAX).count();
            writeln!(
                text,
                "\nslowest fail-over {} ms, median {} ms; {late} of {} above {} ms",
                slowest.as_millis(),
                fail_overs[fail_overs.len() / 2].as_millis(),
                fail_overs.len(),
                FAIL_OVER_MAX.as_millis()
            )?;
        }
        let Checks {
            ciphertexts,
            changes,
            disabled_encrypts,
            claims,
            watched,
        } = self.checks;
        writeln!(
            text,
            "checked: {ciphertexts} ciphertexts opened at the end, {changes} acknowledged changes, \
             {disabled_encrypts} Encrypts on disabled keys, {claims} claims of a primary role in {watched} looks"
        )
    }

    fn write_verdict(&self, text: &mut String) -> std::fmt::Result {
        for missing in self.missing() {
            writeln!(text, "missing: {missing}")?;
        }
        let mut shown: BTreeMap<&str, usize> = BTreeMap::new();
        for finding in &self.findings {
            let count = shown.entry(finding.promise).or_insert(0);
            *count += 1;
            if *count <= SHOWN_PER_PROMISE {
                writeln!(text, "BROKEN: {}: {}", finding.promise, finding.what)?;
            }
        }
        for (promise, count) in shown.iter().filter(|(_, count)| **count > SHOWN_PER_PROMISE) {
            writeln!(text, "BROKEN: {promise}: {} more", count - SHOWN_PER_PROMISE)?;
        }
        let verdict = match self.verdict() {
            Verdict::Passed => "PASSED: every promise was kept",
            Verdict::Failed => "FAILED: a promise was broken",
            Verdict::Invalid => "INVALID: too little happened to prove anything",
        };
        writeln!(
            text,
            "\n{verdict} (seed {}, {:.0} s)",
            self.plan.seed,
            self.took.as_secs_f64()
        )
    }
}
