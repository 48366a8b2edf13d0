//! `scripts/bench`: measures one region of three nodes against ceilings measured in the same run.

use anyhow::Context;
use clap::{Parser, Subcommand};
use kms_tests::bench::echo::{self, Protocol};
use kms_tests::bench::http;
use kms_tests::bench::operations::Operation;
use kms_tests::bench::run::{Form, run};
use kms_tests::bench::scale::memory;
use kms_tests::bench::timing;
use kms_tests::cluster::Cluster;
use kms_tests::process::told_to_end;
use kms_tests::summary::skipped;
use kms_tests::test_cluster::TestCluster;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The measured region and its peer.
const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

/// Measures Encrypt, Decrypt, GenerateDataKey and CreateKey over TLS on a region of three nodes, beside a bare tonic
/// echo and durable appends in the same run; memory at rest, restart with many keys, and how soon a peer region sees a
/// change.
#[derive(Parser)]
#[command(name = "bench", version)]
struct Arguments {
    /// About twenty seconds, no thresholds: only whether every operation works.
    #[arg(long)]
    smoke: bool,
    /// Keys of the node that is restarted.
    #[arg(long, default_value_t = 100_000)]
    keys: u64,
    /// Only this operation, beside the echo: no disk, fill, restart or peer region.
    #[arg(long)]
    only: Option<Operation>,
    /// Only what AWS clients see: Encrypt over HTTP/1.1 beside an axum echo, and beside clients that mean harm.
    #[arg(long, conflicts_with = "only")]
    aws_clients_only: bool,
    /// Where the figures go as JSON.
    #[arg(long, default_value = ".state/bench-results.json")]
    json: PathBuf,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Subcommand)]
enum Part {
    /// Whether the time to refuse a ciphertext or MAC tells which check refused it: Welch's t between kinds of damage.
    Timing {
        /// Refusals of each kind; a twentieth of them for RSA.
        #[arg(long, default_value_t = 200_000)]
        rounds: u32,
    },
    /// The ceiling's server; started by the bench itself.
    #[command(hide = true)]
    EchoServer {
        #[arg(long)]
        protocol: Protocol,
        #[arg(long)]
        address: SocketAddr,
        #[arg(long)]
        certificate: PathBuf,
        #[arg(long)]
        key: PathBuf,
        #[arg(long)]
        ca: PathBuf,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match arguments.part {
        Some(Part::Timing { rounds }) => {
            std::io::stdout().write_all(timing::compare(rounds)?.as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Part::EchoServer {
            protocol,
            address,
            certificate,
            key,
            ca,
        }) => runtime
            .block_on(async {
                match protocol {
                    Protocol::Grpc => echo::serve(address, &certificate, &key, &ca).await,
                    Protocol::Http1 => http::echo::serve(address, &certificate, &key).await,
                }
            })
            .map(|()| ExitCode::SUCCESS),
        None => runtime.block_on(async {
            tokio::select! {
                code = bench(&arguments) => code,
                told = told_to_end() => {
                    told?;
                    anyhow::bail!("broken off")
                }
            }
        }),
    }
}

async fn bench(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut out = std::io::stdout();
    let form = if arguments.smoke {
        Form::smoke()
    } else {
        Form::full(arguments.keys)
    };
    let form = Form {
        only: arguments.only,
        aws_clients_only: arguments.aws_clients_only,
        ..form
    };
    let cluster = TestCluster::make("bench", &REGIONS, 3, |plan| plan.http_tls = true).await?;
    let folder = cluster.folder().to_owned();
    writeln!(out, "one region of three nodes, in {}", folder.display())?;
    let measured = async {
        cluster.bring_up_region(REGIONS[0]).await?;
        must_be_locked(&cluster, &form)?;
        run(&cluster, &form, &mut out).await
    }
    .await
    .with_context(|| format!("the bench was broken off; its logs are in {}", folder.display()));
    let report = measured?;
    write!(out, "{}", report.text()?)?;
    save(&arguments.json, &serde_json::to_vec_pretty(&report)?)?;
    writeln!(out, "figures: {}", arguments.json.display())?;
    let broken = report.broken();
    for figure in &broken {
        writeln!(
            out,
            "{} did not work: {}",
            figure.name,
            figure.first_failure.as_deref().unwrap_or("no call was answered")
        )?;
    }
    if !broken.is_empty() {
        writeln!(out, "logs: {}", folder.display())?;
        return Ok(ExitCode::FAILURE);
    }
    cluster.passed();
    let missed = report.figures.iter().filter(|f| f.met == Some(false)).count();
    if missed > 0 {
        writeln!(out, "{missed} thresholds were missed")?;
        return Ok(ExitCode::from(2));
    }
    Ok(ExitCode::SUCCESS)
}

/// What is promised is promised of nodes with locked memory, and the cluster's mode lets them go on without.
fn must_be_locked(cluster: &Cluster, form: &Form) -> anyhow::Result<()> {
    for node in cluster.nodes_of(REGIONS[0]) {
        if memory(cluster, &node)?.locked_bytes > 0 {
            continue;
        }
        let why = format!("{node} could not lock its memory (mlockall): raise RLIMIT_MEMLOCK");
        anyhow::ensure!(form.smoke, "{why}");
        skipped("14, bench with locked memory", &why);
    }
    Ok(())
}

fn save(path: &Path, json: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, json).with_context(|| format!("cannot write {}", path.display()))
}
