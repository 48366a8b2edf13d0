//! Must hold 9: whoever has no right certificate is refused on every listener, and whoever has it is admitted on the
//! one that it is for.

use crate::speaker::{Speaker, store_id_of};
use crate::support::{SETTLED, status};
use kms_proto::admin::v1::RegionStatusRequest;
use kms_proto::admin::v1::admin_client::AdminClient;
use kms_proto::internal::raft::v1::raft_internal_client::RaftInternalClient;
use kms_proto::internal::raft::v1::{IdentifyRequest, ReadIndexRequest};
use kms_proto::internal::replication::v1::ShipRequest;
use kms_proto::internal::replication::v1::replication_internal_client::ReplicationInternalClient;
use kms_proto::kms::v1::ListKeysRequest;
use kms_proto::kms::v1::kms_client::KmsClient;
use kms_tests::certificates::{Authority, CertificateFiles, Subject, VALID_FOR};
use kms_tests::client::Credentials;
use kms_tests::cluster::{ACCOUNT, Cluster, Endpoint};
use kms_tests::ledger::within;
use kms_tests::names::NodeName;
use kms_tests::test_cluster::TestCluster;
use std::path::PathBuf;
use std::time::Duration;
use tonic::Code;
use tonic::transport::Channel;

const REGION: &str = "us-east-1";
const OTHER: &str = "eu-west-1";

/// An identity somebody might try, and on which listeners it is right.
struct Attempt {
    who: &'static str,
    files: Option<CertificateFiles>,
    right_on: Option<Endpoint>,
}

/// A listener of a node, and whom one finds there.
pub(crate) struct Listener {
    pub(crate) endpoint: Endpoint,
    pub(crate) server_ca: PathBuf,
    pub(crate) server_name: String,
}

pub(crate) fn listeners(cluster: &Cluster, node: &NodeName) -> Vec<Listener> {
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
    let own_replication = cluster.authority(&format!("{REGION}-replication"))?;
    let other_replication = cluster.authority(&format!("{OTHER}-replication"))?;
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
            "paired region's node",
            cluster.listener_files(&NodeName::new(OTHER, 1), "replication"),
            Some(Endpoint::Replication),
        ),
        attempt(
            "node of the region itself, on replication",
            cluster.listener_files(&own, "replication"),
            None,
        ),
        attempt(
            "paired region's identity under another region's CA",
            issue(&own_replication, "impostor", node_uri(OTHER, 1))?,
            None,
        ),
        attempt(
            "unknown region under a paired region's CA",
            issue(&other_replication, "unknown", node_uri("mars-1", 1))?,
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

/// Whether the service behind a listener answers a call, rather than refusing the caller.
async fn admitted(cluster: &Cluster, endpoint: Endpoint, channel: Channel) -> bool {
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
        // Identify is answered to any node of the region that says who it is: here to node 2.
        Endpoint::Raft => {
            let speaker = Speaker {
                cluster,
                node: &NodeName::new(REGION, 2),
                store_id: vec![1; 16],
                boot_count: 1,
            };
            let request = IdentifyRequest {
                header: Some(speaker.header(&NodeName::new(REGION, 1))),
            };
            RaftInternalClient::new(channel)
                .identify(within(request, deadline))
                .await
                .map(|_| ())
        }
        Endpoint::Replication => ReplicationInternalClient::new(channel)
            .ship(within(ShipRequest::default(), deadline))
            .await
            .map(|_| ()),
        Endpoint::Metrics | Endpoint::Http => Ok(()),
    };
    let timed_out = |status: &tonic::Status| status.message().contains("Timeout expired");
    match outcome.map_err(|status| (status.code(), timed_out(&status))) {
        Ok(()) => true,
        // A paired region is told that its message is senseless; a stranger is not told even that.
        Err((Code::FailedPrecondition, _)) if endpoint == Endpoint::Replication => true,
        // The connection was refused, or closed under the call, or the caller was refused.
        Err((
            Code::Unavailable
            | Code::Unknown
            | Code::Cancelled
            | Code::Unauthenticated
            | Code::PermissionDenied,
            false,
        )) => false,
        Err(other) => panic!("{endpoint:?} neither answers nor refuses: {other:?}"),
    }
}

async fn is_admitted(
    cluster: &Cluster,
    node: &NodeName,
    listener: &Listener,
    files: Option<&CertificateFiles>,
) -> anyhow::Result<bool> {
    let credentials = Credentials {
        identity: files.map(|f| (f.certificate.as_path(), f.key.as_path())),
        server_ca: &listener.server_ca,
        server_name: &listener.server_name,
    };
    let channel = credentials.lazy_channel(&cluster.address(node, listener.endpoint))?;
    Ok(admitted(cluster, listener.endpoint, channel).await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_not_who_the_listener_is_for_is_refused() -> anyhow::Result<()> {
    let cluster = TestCluster::start("identities", &[REGION, OTHER], 3).await?;
    let node = NodeName::new(REGION, 1);
    let mut right = 0;
    for attempt in attempts(&cluster)? {
        for listener in listeners(&cluster, &node) {
            let admitted = is_admitted(&cluster, &node, &listener, attempt.files.as_ref()).await?;
            let expected = attempt.right_on == Some(listener.endpoint);
            assert_eq!(admitted, expected, "{} on {:?}", attempt.who, listener.endpoint);
            right += usize::from(admitted);
        }
    }
    assert_eq!(right, 4, "each listener admits the one that it is for");
    // The same certificate of the same region, which is not paired any more.
    cluster.kmsctl(&["--context", REGION, "region", "unpair", OTHER, "--yes"])?;
    let files = cluster.listener_files(&NodeName::new(OTHER, 1), "replication");
    let all = listeners(&cluster, &node);
    let replication = all
        .iter()
        .find(|listener| listener.endpoint == Endpoint::Replication)
        .unwrap();
    kms_tests::wait::until("the unpaired region to be refused", SETTLED, || async {
        let admitted = is_admitted(&cluster, &node, replication, Some(&files)).await?;
        anyhow::ensure!(!admitted, "it is admitted still");
        Ok(())
    })
    .await?;
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
    // From here on the test speaks in the node's name: a later life of its disk, of which the peers know nothing bad.
    let own = status(&cluster, &removed).await?;
    cluster.kill(&removed)?;
    let speaker = Speaker {
        cluster: &cluster,
        node: &removed,
        store_id: store_id_of(&own)?,
        boot_count: own.boot_count + 1_000,
    };
    let ask = async || {
        let request = ReadIndexRequest {
            header: Some(speaker.header(&leader)),
            ..Default::default()
        };
        let mut raft = speaker.raft(&leader)?;
        let answer = raft.read_index(within(request, Duration::from_secs(3))).await;
        anyhow::Ok(answer.map(|_| ()))
    };
    let as_member = ask().await?;
    assert!(as_member.is_ok(), "a member is refused: {as_member:?}");
    let id = removed.id.to_string();
    cluster.kmsctl(&["--context", REGION, "region", "remove-node", &id, "--yes"])?;
    let refused = ask().await?.expect_err("a removed node is answered");
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused:?}");
    assert_eq!(refused.message(), format!("node {id} is not a member"));
    cluster.passed();
    Ok(())
}
