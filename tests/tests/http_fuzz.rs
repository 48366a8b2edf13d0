//! Must hold 6 of issue "Unmodified AWS clients": inputs derived from the service model, and broken ones, over HTTP: no
//! 5xx, no panic, no hang, no memory growth.

use crate::hostile_http::{REGIONS, run};
use anyhow::Context;
use kms_tests::summary::{figure, skipped};
use kms_tests::test_cluster::{TestCluster, long};
use std::time::Duration;

const PROMISE: &str = "HTTP fuzzing";

/// How long it runs.
const SHORT: Duration = Duration::from_secs(20);
const LONG: Duration = Duration::from_secs(600);

/// What may come on top: starting, and the last answers.
const LATER: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn no_input_over_http_makes_a_node_fail_hang_panic_or_grow() -> anyhow::Result<()> {
    let cluster = TestCluster::start("http_fuzz", &REGIONS, 1).await?;
    cluster.make_aws_profiles().await?;
    let time = if long() { LONG } else { SHORT };
    let mut arguments: Vec<String> = REGIONS.map(str::to_owned).into();
    arguments.extend(["--seconds".to_owned(), time.as_secs().to_string()]);
    for node in cluster.nodes() {
        let pid = cluster.node(&node).running().context("a node has ended")?;
        arguments.extend(["--pid".to_owned(), pid.to_string()]);
    }
    let Some(told) = run(&cluster, "fuzz_http.py", &arguments, time + LATER).await? else {
        skipped(PROMISE, "no Python is named");
        return Ok(());
    };
    // How memory went, and the counts.
    for line in told.lines().filter(|line| line.starts_with("process ")) {
        figure(PROMISE, line);
    }
    figure(PROMISE, told.lines().last().unwrap_or_default());
    cluster.passed();
    Ok(())
}
