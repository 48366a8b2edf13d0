//! Must hold 1 of issue "Unmodified AWS clients": clients as they come from their registries work against two regions.
//! One cluster serves them all, one after another.

mod examples;
mod workplace;

use kms_tests::summary::{figure, skipped};
use kms_tests::test_cluster::TestCluster;
use workplace::{Runtime, Workplace};

const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

/// Programs below `tests/interop`, with the client that each shows. They print a line for each promise that was kept.
const PROGRAMS: [(Runtime, &str, &str); 6] = [
    (Runtime::Python, "boto3_calls.py", "boto3"),
    (Runtime::Python, "model_calls.py", "boto3 by the service model"),
    (Runtime::Python, "aws_cli_calls.py", "AWS CLI"),
    (
        Runtime::Python,
        "encryption_sdk_calls.py",
        "Encryption SDK for Python",
    ),
    (Runtime::Node, "client_kms_calls.mjs", "@aws-sdk/client-kms"),
    (
        Runtime::Node,
        "encryption_sdk_calls.mjs",
        "Encryption SDK for JavaScript",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn unmodified_aws_clients_work_against_two_regions() -> anyhow::Result<()> {
    let cluster = TestCluster::start("aws_clients", &REGIONS, 1).await?;
    cluster.make_aws_profiles().await?;
    let place = Workplace::new(&cluster)?;
    for (runtime, program, client) in PROGRAMS {
        let promise = format!("AWS clients, {client}");
        match place.program(runtime, program) {
            None => skipped(&promise, runtime.absent()),
            Some(mut command) => {
                let kept = place.run(program, command.args(REGIONS)).await?;
                anyhow::ensure!(kept.errors.is_empty(), "{program} warns: {}", kept.errors);
                let (promises, seconds) = (kept.output.lines().count(), kept.took.as_secs_f32());
                anyhow::ensure!(promises > 0, "{program} kept no promise");
                figure(&promise, &format!("{promises} promises kept in {seconds:.1} s"));
            }
        }
    }
    examples::run(&place).await?;
    cluster.passed();
    Ok(())
}
