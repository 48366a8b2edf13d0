//! `scripts/chaos`: hurts a real cluster of three regions under load and judges what it promised.

use anyhow::Context;
use clap::Parser;
use kms_tests::chaos::plan::Plan;
use kms_tests::chaos::report::Verdict;
use kms_tests::chaos::run::run;
use kms_tests::process::told_to_end;
use kms_tests::test_cluster::{THREE_REGIONS, TestCluster};
use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

/// Fewer entries than a run makes, so that snapshots and purges happen under load.
const SNAPSHOT_EVERY_ENTRIES: u64 = 1_000;

/// Kills, wipes and stops nodes of a cluster under load, and checks that nothing acknowledged is lost.
///
/// Ends with 0 when every promise was kept, with 1 when one was broken, and with 3 when too little happened to prove
/// anything.
#[derive(Parser)]
#[command(name = "chaos", version)]
struct Arguments {
    /// About a quarter of an hour instead of a minute or two.
    #[arg(long)]
    long: bool,
    /// Where all choices come from; a new one each time if absent. Processes and clocks are not repeated by it.
    #[arg(long)]
    seed: Option<u64>,
    /// Keep the cluster's files and logs also when it passed.
    #[arg(long)]
    keep: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(3)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        tokio::select! {
            verdict = chaos(&arguments) => verdict,
            told = told_to_end() => {
                told?;
                anyhow::bail!("broken off")
            }
        }
    })
}

async fn chaos(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout();
    let began = Instant::now();
    let seed = arguments.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let mut cluster = TestCluster::make("chaos", &THREE_REGIONS, 3, |plan| {
        plan.snapshot_every_entries = Some(SNAPSHOT_EVERY_ENTRIES);
    })
    .await?;
    let folder = cluster.folder().to_owned();
    writeln!(
        out,
        "seed {seed}; nine nodes in three regions, in {}",
        folder.display()
    )?;
    cluster.bring_up().await.with_context(|| {
        format!(
            "the cluster did not come up; its logs are in {}",
            folder.display()
        )
    })?;
    writeln!(out, "{:>6.1} s  the cluster is up", began.elapsed().as_secs_f64())?;
    let regions = cluster.regions().to_vec();
    let plan = if arguments.long {
        Plan::long(seed, &regions)
    } else {
        Plan::short(seed, &regions)
    };
    let report = run(&mut cluster, plan, began, &mut out)
        .await
        .with_context(|| format!("the run was broken off; its logs are in {}", folder.display()))?;
    write!(out, "{}", report.text()?)?;
    let verdict = report.verdict();
    if verdict == Verdict::Passed && !arguments.keep {
        cluster.passed();
    } else {
        writeln!(out, "logs: {}/<region>/node-<id>/kmsd.log", folder.display())?;
    }
    Ok(ExitCode::from(verdict.exit_code()))
}
