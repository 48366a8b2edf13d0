//! Must hold 4 and 7 of issue "Unmodified AWS clients", over the wire: a request that is not the one that was signed is
//! refused by its own error, and hostile HTTP is cut off while others are served.

use kms_tests::cluster::Cluster;
use kms_tests::interop::python;
use kms_tests::programs;
use kms_tests::summary::{figure, skipped};
use kms_tests::test_cluster::{TestCluster, long};
use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

pub(crate) const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];
const PROMISE: &str = "hostile HTTP";

/// The slowest is waiting for a silent connection's end.
const DONE_WITHIN: Duration = Duration::from_secs(300);

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_signed_right_or_is_hostile_is_refused_while_others_are_served() -> anyhow::Result<()> {
    let cluster = TestCluster::start("hostile_http", &REGIONS, 1).await?;
    cluster.make_aws_profiles().await?;
    let mut arguments = REGIONS.to_vec();
    if long() {
        arguments.push("--long");
    }
    let Some(kept) = run(&cluster, "raw_http.py", &arguments, DONE_WITHIN).await? else {
        skipped(PROMISE, "no Python is named");
        return Ok(());
    };
    figure(PROMISE, &format!("{} promises kept", kept.lines().count()));
    cluster.passed();
    Ok(())
}

/// Runs a Python program of `tests/interop` with the cluster's profiles; gives what it wrote. `None` where no Python is
/// named.
pub(crate) async fn run(
    cluster: &Cluster,
    program: &str,
    arguments: &[impl AsRef<OsStr>],
    within: Duration,
) -> anyhow::Result<Option<String>> {
    let Some(python) = python() else {
        return Ok(None);
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("interop")
        .join(program);
    let mut command = programs::command(python);
    // No compiled files beside the sources.
    command.arg("-B").arg(path).args(arguments);
    programs::with_profiles(&mut command, cluster);
    let done = programs::run(program, &mut command, within).await?;
    anyhow::ensure!(done.errors.is_empty(), "{program} warns: {}", done.errors);
    Ok(Some(done.output))
}
