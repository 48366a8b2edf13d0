//! Must hold 9: whoever has no right certificate is refused on every listener, and an unknown or oversized message is
//! refused without memory growth.

use crate::support::{CALL, SETTLED, any_kms, create_key};
use kms_proto::admin::v1::RegionStatusRequest;
use kms_proto::admin::v1::admin_client::AdminClient;
use kms_proto::internal::raft::v1::raft_internal_client::RaftInternalClient;
use kms_proto::internal::raft::v1::{IdentifyRequest, ReadIndexRequest};
use kms_proto::kms::v1::kms_client::KmsClient;
use kms_proto::kms::v1::{EncryptRequest, ListKeysRequest};
use kms_tests::certificates::{Authority, CertificateFiles, Subject, VALID_FOR};
use kms_tests::client::Credentials;
use kms_tests::cluster::{ACCOUNT, Cluster, Endpoint};
use kms_tests::ledger::within;
use kms_tests::names::NodeName;
use kms_tests::test_cluster::TestCluster;
use std::path::PathBuf;
use std::time::Duration;
use tonic::transport::Channel;

const REGION: &str = "us-east-1";
const OTHER: &str = "eu-west-1";

/// An identity somebody might try, and on which listeners it is right.
struct Attempt {
    who: &'static str,
    files: Option<CertificateFiles>,
    right_on: Option<Endpoint>,
}

struct Listener {
    endpoint: Endpoint,
    server_ca: PathBuf,
    server_name: String,
}

fn listeners(cluster: &Cluster, node: &NodeName) -> Vec<Listener> {
    let (region, name) = (&node.region, &cluster.plan().cluster);
    let listener = |endpoint, server_ca, server_name: &str| Listener {
        endpoint,
        server_ca,
        server_name: server_name.to_owned(),
    };
    vec![
        listener(Endpoint::Client, cluster.client_ca(), "localhost"),
        listener(Endpoint::Admin, cluster.admin_ca(), "localhost"),
        listener(
            Endpoint::Raft,
            cluster.region_ca(region, "raft"),
            &format!("node-{}.{region}.{name}.concord.internal", node.id),
        ),
        listener(
            Endpoint::Replication,
            cluster.region_ca(region, "replication"),
            &format!("{region}.{name}.concord.internal"),
        ),
    ]
}

fn attempts(cluster: &Cluster) -> anyhow::Result<Vec<Attempt>> {
    let folder = cluster.folder().join("strangers");
    let wrong = Authority::open_or_make(&folder, "wrong", "Nobody")?;
    let issue = |authority: &Authority, name: &str, uri: String| {
        authority.issue(
            &folder,
            name,
            &Subject {
                dns: "localhost",
                uri,
                valid_for: VALID_FOR,
            },
        )
    };
    let cluster_name = &cluster.plan().cluster;
    let raft = cluster.authority(&format!("{REGION}-raft"))?;
    let client = cluster.authority("client")?;
    let own = NodeName::new(REGION, 2);
    let node_uri = |region: &str, id: u64| format!("spiffe://{cluster_name}/region/{region}/node/{id}");
    let caller_uri = format!("spiffe://{cluster_name}/account/{ACCOUNT}/user/administrator");
    let attempt = |who, files, right_on| Attempt {
        who,
        files: Some(files),
        right_on,
    };
    Ok(vec![
        Attempt {
            who: "nobody",
            files: None,
            right_on: None,
        },
        attempt("wrong CA", issue(&wrong, "caller", caller_uri.clone())?, None),
        attempt(
            "wrong CA, node identity",
            issue(&wrong, "node", node_uri(REGION, 2))?,
            None,
        ),
        attempt("caller", cluster.caller_files(), Some(Endpoint::Client)),
        attempt("operator", cluster.operator_files(), Some(Endpoint::Admin)),
        attempt(
            "raft node",
            cluster.listener_files(&own, "raft"),
            Some(Endpoint::Raft),
        ),
        attempt(
            "another region's node",
            cluster.listener_files(&NodeName::new(OTHER, 1), "raft"),
            None,
        ),
        attempt(
            "right CA, another region",
            issue(&raft, "foreign", node_uri(OTHER, 1))?,
            None,
        ),
        attempt(
            "right CA, node that is no member",
            issue(&raft, "stranger", node_uri(REGION, 9))?,
            None,
        ),
        attempt(
            "right CA, another cluster",
            issue(&raft, "cluster", format!("spiffe://other/region/{REGION}/node/2"))?,
            None,
        ),
        attempt(
            "client CA, operator identity",
            issue(&client, "op", format!("spiffe://{cluster_name}/operator/x"))?,
            None,
        ),
        attempt(
            "client CA, no account",
            issue(
                &client,
                "none",
                format!("spiffe://{cluster_name}/account/1/user/x"),
            )?,
            None,
        ),
        attempt(
            "node on the client CA",
            cluster.listener_files(&own, "client"),
            None,
        ),
    ])
}

/// Whether a call to the listener's own service is answered by the service, rather than refused.
async fn admitted(endpoint: Endpoint, channel: Channel) -> bool {
    let deadline = Duration::from_secs(3);
    let outcome = match endpoint {
        Endpoint::Client => KmsClient::new(channel)
            .list_keys(within(ListKeysRequest::default(), deadline))
            .await
            .map(|_| ()),
        Endpoint::Admin => AdminClient::new(channel)
            .region_status(within(RegionStatusRequest {}, deadline))
            .await
            .map(|_| ()),
        Endpoint::Raft => {
            let request = within(ReadIndexRequest::default(), deadline);
            RaftInternalClient::new(channel)
                .read_index(request)
                .await
                .map(|_| ())
        }
        Endpoint::Replication => {
            let request = within(
                kms_proto::internal::replication::v1::ShipRequest::default(),
                deadline,
            );
            kms_proto::internal::replication::v1::replication_internal_client::ReplicationInternalClient::new(
                channel,
            )
            .ship(request)
            .await
            .map(|_| ())
        }
        Endpoint::Metrics => Ok(()),
    };
    match outcome {
        Ok(()) => true,
        // A right identity with a senseless message is told about the message.
        Err(status) => matches!(
            status.code(),
            tonic::Code::InvalidArgument | tonic::Code::FailedPrecondition
        ),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_not_who_the_listener_is_for_is_refused() -> anyhow::Result<()> {
    let cluster = TestCluster::start("identities", &[REGION, OTHER], 3).await?;
    let node = NodeName::new(REGION, 1);
    for attempt in attempts(&cluster)? {
        for listener in listeners(&cluster, &node) {
            let credentials = Credentials {
                identity: attempt
                    .files
                    .as_ref()
                    .map(|f| (f.certificate.as_path(), f.key.as_path())),
                server_ca: &listener.server_ca,
                server_name: &listener.server_name,
            };
            let channel = credentials.lazy_channel(&cluster.address(&node, listener.endpoint))?;
            let admitted = admitted(listener.endpoint, channel).await;
            // What a raft node may say is checked message by message; its certificate alone must not be refused as
            // a stranger's is, but a senseless message may be refused in any way.
            if attempt.right_on == Some(Endpoint::Raft) && listener.endpoint == Endpoint::Raft {
                continue;
            }
            let right = attempt.right_on == Some(listener.endpoint);
            assert_eq!(admitted, right, "{} on {:?}", attempt.who, listener.endpoint);
        }
    }
    cluster.passed();
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_node_is_refused_although_its_certificate_is_still_valid() -> anyhow::Result<()> {
    let cluster = TestCluster::start("removed", &[REGION], 3).await?;
    let leader = cluster.leader(REGION).await?;
    let removed = cluster
        .nodes_of(REGION)
        .into_iter()
        .find(|node| *node != leader)
        .unwrap();
    let files = cluster.listener_files(&removed, "raft");
    let server_ca = cluster.region_ca(REGION, "raft");
    let server_name = format!(
        "node-{}.{REGION}.{}.concord.internal",
        leader.id,
        cluster.plan().cluster
    );
    let identify = async || {
        let credentials = Credentials {
            identity: Some((&files.certificate, &files.key)),
            server_ca: &server_ca,
            server_name: &server_name,
        };
        let channel = credentials.lazy_channel(&cluster.address(&leader, Endpoint::Raft))?;
        let request = within(ReadIndexRequest::default(), Duration::from_secs(3));
        let status = RaftInternalClient::new(channel).read_index(request).await.err();
        anyhow::Ok(
            status
                .map(|status| status.message().to_owned())
                .unwrap_or_default(),
        )
    };
    let as_member = identify().await?;
    let id = removed.id.to_string();
    cluster.kmsctl(&["--context", REGION, "region", "remove-node", &id, "--yes"])?;
    kms_tests::wait::until("the removed node to be refused", SETTLED, || async {
        let as_stranger = identify().await?;
        anyhow::ensure!(
            as_stranger != as_member,
            "it is answered as before: {as_stranger}"
        );
        Ok(())
    })
    .await?;
    cluster.passed();
    Ok(())
}

/// Resident memory of a node's process, in KiB.
fn resident_kib(cluster: &Cluster, node: &NodeName) -> anyhow::Result<u64> {
    let pid = cluster
        .node(node)
        .running()
        .ok_or_else(|| anyhow::anyhow!("{node} does not run"))?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap_or_default();
    Ok(line.split_whitespace().nth(1).unwrap_or("0").parse()?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unknown_and_oversized_messages_are_refused_without_memory_growth() -> anyhow::Result<()> {
    const GROWTH_KIB_MAX: u64 = 64 * 1024;
    let cluster = TestCluster::start("oversized", &[REGION], 1).await?;
    let node = NodeName::new(REGION, 1);
    let key = create_key(&mut any_kms(&cluster, REGION)?, false).await?;
    let before = resident_kib(&cluster, &node)?;
    for size in [1_usize << 20, 8 << 20, 64 << 20] {
        for _ in 0..4 {
            let mut kms = any_kms(&cluster, REGION)?.max_encoding_message_size(usize::MAX);
            let request = EncryptRequest {
                key_id: key.clone(),
                plaintext: vec![7; size],
                ..Default::default()
            };
            assert!(
                kms.encrypt(within(request, CALL)).await.is_err(),
                "{size} bytes were taken"
            );
        }
    }
    let files = cluster.listener_files(&node, "raft");
    let server_ca = cluster.region_ca(REGION, "raft");
    let server_name = format!("node-1.{REGION}.{}.concord.internal", cluster.plan().cluster);
    let credentials = Credentials {
        identity: Some((&files.certificate, &files.key)),
        server_ca: &server_ca,
        server_name: &server_name,
    };
    for _ in 0..4 {
        let channel = credentials.lazy_channel(&cluster.address(&node, Endpoint::Raft))?;
        let mut raft = RaftInternalClient::new(channel).max_encoding_message_size(usize::MAX);
        let mut request = IdentifyRequest::default();
        request.header.get_or_insert_default().cluster_id = "x".repeat(64 << 20);
        assert!(raft.identify(within(request, CALL)).await.is_err());
    }
    let after = resident_kib(&cluster, &node)?;
    assert!(
        after < before + GROWTH_KIB_MAX,
        "memory grew from {before} KiB to {after} KiB"
    );
    cluster.answers(&node).await?;
    cluster.passed();
    Ok(())
}
