//! Must hold 1 of issue "Unmodified AWS clients": boto3, as it is installed from its registry, works against two regions.

use anyhow::Context;
use kms_tests::interop::python;
use kms_tests::summary::{figure, skipped};
use kms_tests::test_cluster::TestCluster;
use std::path::Path;
use std::time::Duration;
use tokio::process::Command;

const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];
const PROMISE: &str = "AWS clients, boto3";

/// The slowest is what waits for another region.
const DONE_WITHIN: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread")]
async fn an_unmodified_boto3_works_against_two_regions() -> anyhow::Result<()> {
    let Some(python) = python() else {
        skipped(PROMISE, "no Python is named");
        return Ok(());
    };
    let cluster = TestCluster::start("aws_clients", &REGIONS, 1).await?;
    cluster.make_aws_profiles().await?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/boto3_calls.py");
    let mut calls = Command::new(python);
    calls
        .arg("-B")
        .arg(script)
        .args(REGIONS)
        .env("AWS_CONFIG_FILE", cluster.aws_config())
        .env("AWS_SHARED_CREDENTIALS_FILE", cluster.aws_credentials())
        .env_remove("AWS_PROFILE")
        .env_remove("AWS_ACCESS_KEY_ID")
        .env_remove("AWS_SECRET_ACCESS_KEY")
        .kill_on_drop(true);
    let output = tokio::time::timeout(DONE_WITHIN, calls.output())
        .await
        .context("boto3_calls.py did not end")??;
    let kept = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "after\n{kept}{errors}");
    // Nothing that its parser warns of.
    anyhow::ensure!(errors.is_empty(), "boto3 warns: {errors}");
    figure(PROMISE, &format!("{} promises kept", kept.lines().count()));
    cluster.passed();
    Ok(())
}
