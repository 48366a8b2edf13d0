//! Who is refused: no certificate, another region, a stranger, another disk, an older life.

use futures_util::stream;
use kms_proto::internal::raft::v1 as pb;
use kms_proto::internal::raft::v1::raft_internal_client::RaftInternalClient;
use tonic::{Code, Status};

use super::region::{PlainDial, TestRegion, create_key, write};
use crate::{Dial, Node};

/// A falsification of a header.
type Edit = fn(&mut pb::CallHeader);

/// The header that `node` would send to `target`.
fn header(node: &Node, target: u64) -> pb::CallHeader {
    node.inner_for_test().core.local.header(target)
}

async fn read_clock(address: &str, caller: u64, header: pb::CallHeader) -> Result<(), Status> {
    let channel = PlainDial(caller).channel(0, address).unwrap();
    let message = pb::ReadClockRequest { header: Some(header) };
    RaftInternalClient::new(channel)
        .read_clock(message)
        .await
        .map(|_| ())
}

/// Asks once as it should be and once with this header, both on one stream.
async fn read_votes(address: &str, caller: u64, headers: [pb::CallHeader; 2]) -> Result<(), Status> {
    let channel = PlainDial(caller).channel(0, address).unwrap();
    let questions = headers.map(|header| pb::ReadVoteRequest { header: Some(header) });
    let mut client = RaftInternalClient::new(channel);
    let opened = client.read_votes(stream::iter(questions)).await;
    let mut answers = opened?.into_inner();
    assert!(
        answers.message().await?.is_some(),
        "the good question is answered"
    );
    answers.message().await.map(|_| ())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_refused_unless_certificate_cluster_region_target_and_store_are_right() {
    let region = TestRegion::of(3).await;
    let address = region.address(1);
    let good = header(&region.node(2), 1);
    read_clock(&address, 2, good.clone()).await.unwrap();
    read_votes(&address, 2, [good.clone(), good.clone()])
        .await
        .unwrap();

    let edits: [(&str, Edit); 7] = [
        ("another cluster", |h| h.cluster_id = "other".to_owned()),
        ("another region", |h| h.region = "eu-west-1".to_owned()),
        ("another node than the certificate's", |h| h.node_id = 3),
        ("a call for another node", |h| h.target_node_id = 3),
        ("another store", |h| h.store_id = vec![1; 16].into()),
        ("an older life", |h| h.boot_count -= 1),
        ("another nonce in the same life", |h| {
            h.boot_nonce = vec![1; 16].into()
        }),
    ];
    for (what, edit) in edits {
        let mut header = good.clone();
        edit(&mut header);
        let refused = read_clock(&address, 2, header.clone()).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{what}: {refused:?}");
        let refused = read_votes(&address, 2, [good.clone(), header]).await.unwrap_err();
        assert_eq!(
            refused.code(),
            Code::PermissionDenied,
            "in a stream, {what}: {refused:?}"
        );
    }
    let mut stranger = good.clone();
    stranger.node_id = 9;
    let refused = read_clock(&address, 9, stranger).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);

    // Node id u64::MAX + 1 does not parse, so the listener finds no identity.
    let channel = tonic::transport::Endpoint::from_shared(format!("http://{address}"))
        .unwrap()
        .connect_lazy();
    let message = pb::ReadClockRequest { header: Some(good) };
    let refused = RaftInternalClient::new(channel)
        .read_clock(message)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_does_not_speak_in_the_name_of_another_leader() {
    let region = TestRegion::of(3).await;
    let leader = region.leader().await;
    let caller = region.follower().await;
    let target = (1..=3).find(|id| *id != leader && *id != caller).unwrap();
    let term = region.node(leader).status().term;
    let vote = pb::RaftVote {
        term: term + 1,
        node_id: leader,
        committed: true,
    };
    let channel = PlainDial(caller).channel(0, &region.address(target)).unwrap();
    let mut client = RaftInternalClient::new(channel);
    let head = || Some(header(&region.node(caller), target));

    let append = pb::AppendEntriesRequest {
        header: head(),
        vote: Some(vote),
        ..Default::default()
    };
    let refused = client.append_entries(append).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let election = pb::VoteRequest {
        header: head(),
        vote: Some(vote),
        ..Default::default()
    };
    let refused = client.vote(election).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let transfer = pb::TransferLeaderRequest {
        header: head(),
        from_leader: Some(vote),
        to_node_id: target,
        last_log_id: None,
    };
    let refused = client.transfer_leader(transfer).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let install = pb::InstallSnapshotRequest {
        header: head(),
        vote: Some(vote),
        ..Default::default()
    };
    let refused = client.install_snapshot(install).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert_eq!(region.node(target).status().term, term);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_emptied_disk_cannot_speak_for_its_node_again() {
    let mut region = TestRegion::of(3).await;
    let emptied = region.follower().await;
    region.kill(emptied).await;
    std::fs::remove_dir_all(region.path(emptied)).unwrap();
    region.start(emptied).await;
    let other = (1..=3).find(|id| *id != emptied).unwrap();
    let header = header(&region.node(emptied), other);
    let refused = read_clock(&region.address(other), emptied, header)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    // The two others go on, and nothing is sent to the impostor.
    write(&region.node(other), &create_key(1)).await;
    assert_eq!(region.node(emptied).view().applied, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_was_under_way_when_its_node_raised_the_boot_count_still_counts() {
    let region = TestRegion::of(3).await;
    let address = region.address(1);
    let caller = region.node(2);
    let before = header(&caller, 1);
    read_clock(&address, 2, before.clone()).await.unwrap();
    caller.inner_for_test().raise_boot_count_for_test().await;
    read_clock(&address, 2, header(&caller, 1)).await.unwrap();
    read_clock(&address, 2, before.clone()).await.unwrap();
    let mut forged = before;
    forged.boot_nonce = vec![1; 16].into();
    let refused = read_clock(&address, 2, forged).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
}
