//! Must hold 9: an unknown, undecodable or oversized message is refused on every listener, without memory growth, even
//! from those whom the listener is for.

use crate::identities::{Listener, listeners};
use crate::support::CALL;
use kms_proto::{admin, internal, kms};
use kms_tests::certificates::CertificateFiles;
use kms_tests::client::Credentials;
use kms_tests::cluster::{Cluster, Endpoint};
use kms_tests::ledger::within;
use kms_tests::names::NodeName;
use kms_tests::summary::figure;
use kms_tests::test_cluster::TestCluster;
use std::collections::BTreeSet;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Status};
use tonic_prost::ProstCodec;

const REGION: &str = "us-east-1";
const OTHER: &str = "eu-west-1";
/// Far more than all strange messages together may leave behind, far less than they hold.
const GROWTH_KIB_MAX: u64 = 64 * 1_024;
/// Bytes of a strange message of usual size: together with the repetitions more than 300 MiB a listener.
const USUAL_BYTES: usize = 64 << 10;
const REPETITIONS: usize = 5_000;
const SIZES: [usize; 3] = [8 << 20, 64 << 20, 256 << 20];

/// The service of a listener, one of its methods, and who may call it.
fn service(cluster: &Cluster, endpoint: Endpoint) -> (&'static str, &'static str, CertificateFiles) {
    match endpoint {
        Endpoint::Client => (
            kms::v1::kms_server::SERVICE_NAME,
            "Encrypt",
            cluster.caller_files(),
        ),
        Endpoint::Admin => (
            admin::v1::admin_server::SERVICE_NAME,
            "DescribeReplication",
            cluster.operator_files(),
        ),
        Endpoint::Raft => (
            internal::raft::v1::raft_internal_server::SERVICE_NAME,
            "Identify",
            cluster.listener_files(&NodeName::new(REGION, 1), "raft"),
        ),
        Endpoint::Replication => (
            internal::replication::v1::replication_internal_server::SERVICE_NAME,
            "Ship",
            cluster.listener_files(&NodeName::new(OTHER, 1), "replication"),
        ),
        Endpoint::Metrics | Endpoint::Http => unreachable!("not a gRPC listener"),
    }
}

/// What is sent. Each method's first field is text or a message: a number in it does not decode.
enum Strange {
    UnknownMethod,
    Undecodable,
    Oversized(usize),
}

async fn refused(
    channel: &Channel,
    service: &str,
    method: &str,
    strange: &Strange,
) -> anyhow::Result<Status> {
    let mut grpc = Grpc::new(channel.clone()).max_encoding_message_size(usize::MAX);
    grpc.ready().await?;
    let path = |method: &str| PathAndQuery::try_from(format!("/{service}/{method}"));
    let answer = match strange {
        Strange::UnknownMethod => {
            let codec = ProstCodec::<Vec<u8>, Vec<u8>>::default();
            grpc.unary(within(vec![7; USUAL_BYTES], CALL), path("NoSuchMethod")?, codec)
                .await
        }
        Strange::Undecodable => {
            let codec = ProstCodec::<u64, Vec<u8>>::default();
            grpc.unary(within(u64::MAX, CALL), path(method)?, codec).await
        }
        Strange::Oversized(bytes) => {
            let codec = ProstCodec::<Vec<u8>, Vec<u8>>::default();
            grpc.unary(within(vec![7; *bytes], CALL), path(method)?, codec)
                .await
        }
    };
    match answer {
        Ok(_) => anyhow::bail!("{service}/{method} took it"),
        Err(status) => Ok(status),
    }
}

fn channel(
    cluster: &Cluster,
    node: &NodeName,
    listener: &Listener,
    files: &CertificateFiles,
) -> anyhow::Result<Channel> {
    let credentials = Credentials {
        identity: Some((&files.certificate, &files.key)),
        server_ca: &listener.server_ca,
        server_name: &listener.server_name,
    };
    credentials.lazy_channel(&cluster.address(node, listener.endpoint))
}

/// Resident memory of a node's process, in KiB.
fn resident_kib(cluster: &Cluster, node: &NodeName) -> anyhow::Result<u64> {
    let pid = cluster
        .node(node)
        .running()
        .ok_or_else(|| anyhow::anyhow!("{node} does not run"))?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(kib
        .ok_or_else(|| anyhow::anyhow!("no VmRSS in {status}"))?
        .parse()?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_undecodable_and_oversized_messages_are_refused_without_memory_growth() -> anyhow::Result<()>
{
    let cluster = TestCluster::start("strange", &[REGION, OTHER], 1).await?;
    let node = NodeName::new(REGION, 1);
    let before = resident_kib(&cluster, &node)?;
    for listener in listeners(&cluster, &node) {
        let (service, method, files) = service(&cluster, listener.endpoint);
        let open = channel(&cluster, &node, &listener, &files)?;
        let unknown = refused(&open, service, method, &Strange::UnknownMethod).await?;
        assert_eq!(unknown.code(), Code::Unimplemented, "{service}: {unknown:?}");
        let mut undecodable = BTreeSet::new();
        for _ in 0..REPETITIONS {
            refused(&open, service, method, &Strange::UnknownMethod).await?;
            let status = refused(&open, service, method, &Strange::Undecodable).await?;
            undecodable.insert(format!("{:?}: {}", status.code(), status.message()));
        }
        assert_eq!(undecodable.len(), 1, "{service}: {undecodable:?}");
        assert!(
            undecodable.iter().all(|told| told.contains("decode")),
            "{service}: {undecodable:?}"
        );
        for bytes in SIZES {
            // The node may close the connection while the rest is still being sent: a new one for each.
            let open = channel(&cluster, &node, &listener, &files)?;
            refused(&open, service, method, &Strange::Oversized(bytes)).await?;
        }
        let after = resident_kib(&cluster, &node)?;
        figure(
            "9, strange messages",
            &format!("{service}: {before} KiB resident before, {after} KiB after"),
        );
        assert!(
            after < before + GROWTH_KIB_MAX,
            "{service}: memory grew from {before} KiB to {after} KiB"
        );
    }
    cluster.answers(&node).await?;
    cluster.passed();
    Ok(())
}
