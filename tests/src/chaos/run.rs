//! One run from the first process to the verdict.

use crate::chaos::faults::Conductor;
use crate::chaos::history::{Finding, History};
use crate::chaos::plan::Plan;
use crate::chaos::report::{Checks, FAIL_OVER_MAX, Report};
use crate::chaos::roster::{Roster, roster};
use crate::chaos::settle::{decrypt_all, enable_all, heal, observe};
use crate::chaos::traffic::callers::Load;
use crate::chaos::traffic::keys::Keys;
use crate::chaos::validate::{convergence, disabled_keys, lost_changes, primaries};
use crate::chaos::watch::Watch;
use crate::cluster::Cluster;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

const CONVERGED_WITHIN: Duration = Duration::from_secs(90);

/// Runs a plan on a cluster that is up.
///
/// # Errors
/// When the run could not be held at all; what the cluster did wrong is in the report.
pub async fn run(
    cluster: &mut Cluster,
    plan: Plan,
    began: Instant,
    out: &mut (impl Write + Send),
) -> anyhow::Result<Report> {
    let (publisher, roster) = roster(cluster)?;
    let history = Arc::new(History::default());
    let keys = Arc::new(Keys::default());
    let random = SmallRng::seed_from_u64(plan.seed);
    let mut conductor = Conductor::new(cluster, publisher, random).await?;
    let load = Load::start(&plan, &history, &keys, &roster);
    let watch = Watch::start(plan.seed, &history, &keys, &roster);
    let (mut done, mut not_done) = (Vec::new(), Vec::new());
    for (number, step) in (1..).zip(&plan.steps) {
        match conductor.carry_out(step).await {
            Ok(result) => {
                writeln!(
                    out,
                    "{:>6.1} s  {number:>2}/{} {}: {}",
                    began.elapsed().as_secs_f64(),
                    plan.steps.len(),
                    result.fault,
                    result.detail
                )?;
                if let Some(trouble) = &result.not_recovered {
                    writeln!(out, "          NOT RECOVERED: {trouble}")?;
                    history.finding(Finding::new(
                        "the cluster recovers from every fault",
                        format!("{}: {trouble}", result.fault),
                    ));
                }
                if let Some(took) = result.fail_over.filter(|took| *took > FAIL_OVER_MAX) {
                    history.finding(Finding::new(
                        "survivors of a killed leader work again within 2 s",
                        format!(
                            "{}: {} after {} ms",
                            result.fault,
                            result.detail,
                            took.as_millis()
                        ),
                    ));
                }
                done.push(result);
            }
            Err(error) => {
                writeln!(out, "          NOT CARRIED OUT: {}: {error:#}", step.fault)?;
                not_done.push(format!("{}: {error:#}", step.fault));
            }
        }
    }
    tokio::time::sleep(plan.quiet_at_the_end).await;
    load.stop().await?;
    writeln!(
        out,
        "{:>6.1} s  load ended; healing",
        began.elapsed().as_secs_f64()
    )?;
    let mut checks = Checks::default();
    let found = judge(conductor.cluster(), &roster, &history, &mut checks).await;
    checks.watched = watch.stop().await;
    checks.claims = u64::try_from(history.all_claims().len()).unwrap_or(u64::MAX);
    let mut findings = history.findings();
    findings.extend(found);
    findings.extend(primaries::contradictions(&history.all_claims()));
    Ok(Report {
        plan,
        events: history.events(),
        done,
        not_done,
        findings,
        checks,
        took: began.elapsed(),
    })
}

/// Heals, and holds what is there against what was promised.
async fn judge(cluster: &Cluster, roster: &Roster, history: &History, checks: &mut Checks) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Err(error) = heal(cluster, roster, CONVERGED_WITHIN).await {
        findings.push(Finding::new("healed regions agree", format!("{error:#}")));
    }
    let events = history.events();
    let (late, tested) = disabled_keys::late_encrypts(&events);
    checks.disabled_encrypts = tested;
    findings.extend(late);
    let observed = match observe(roster).await {
        Ok(observed) => observed,
        Err(error) => {
            findings.push(Finding::new("a healed cluster answers", format!("{error:#}")));
            return findings;
        }
    };
    findings.extend(convergence::disagreements(&observed));
    let (lost, changes) = lost_changes::check(&events, &history.rotations(), &observed);
    checks.changes = changes;
    findings.extend(lost);
    if let Err(error) = enable_all(roster, &observed).await {
        findings.push(Finding::new("a healed cluster answers", format!("{error:#}")));
    }
    let (opened, unopened) = decrypt_all(roster, history, &observed).await;
    checks.ciphertexts = opened;
    findings.extend(unopened);
    findings
}
