//! Sending a snapshot part by part. A transfer that breaks goes on where it broke.

use std::time::Duration;

use kms_proto::internal::raft::v1 as pb;
use kms_storage::{SnapshotChunk, SnapshotReader};
use openraft::errors::{NetworkError, StreamingError};
use openraft::raft::SnapshotResponse;
use tokio::time::Instant;

use super::peer::{CallError, Peer};
use super::raft_network::broken_transfer;
use crate::state_machine::{RaftSnapshot, SnapshotData, blocking};
use crate::type_config::{TypeConfig, Vote};
use crate::wire::{log_id_to_pb, stored_membership_to_pb, vote_from_pb, vote_to_pb};

/// The longest wait for one part.
const PART_TIMEOUT: Duration = Duration::from_secs(10);

/// Calls that may fail in a row before the transfer is given up; openraft then starts another, which
/// resumes this one.
const FAILURES_MAX: u32 = 10;

/// The wait after a failed call.
const PAUSE: Duration = Duration::from_millis(200);

type Failed = StreamingError<TypeConfig>;

/// Transfers a snapshot and has it installed within `timeout`.
pub(super) async fn send(
    peer: &Peer,
    vote: Vote,
    snapshot: RaftSnapshot,
    timeout: Duration,
) -> Result<SnapshotResponse<TypeConfig>, Failed> {
    let deadline = Instant::now() + timeout;
    let SnapshotData::Stored(mut reader) = snapshot.snapshot else {
        return Err(failed("only a stored snapshot can be sent"));
    };
    let name = reader.info().name().to_owned();
    let last_log_id = snapshot.meta.last_log_id.as_ref().map(log_id_to_pb);
    let total = reader.chunks();
    let offer = pb::OfferSnapshotRequest {
        header: None,
        last_log_id,
        snapshot_name: name.clone(),
    };
    let mut next = None;
    let mut failures = 0;
    while next != Some(total) {
        let progress = match next {
            None => offer_snapshot(peer, offer.clone()).await,
            Some(number) => {
                let (chunk, back) = read_chunk(reader, number).await?;
                reader = back;
                send_chunk(peer, &name, chunk).await
            }
        };
        match progress {
            Ok(progress) => {
                failures = 0;
                next = Some(progress.next_chunk.min(total));
            }
            Err(error) if failures == FAILURES_MAX || Instant::now() >= deadline => {
                return Err(broken_transfer(error));
            }
            Err(error) => {
                tracing::debug!(%error, "a part of a snapshot did not arrive");
                failures += 1;
                tokio::time::sleep(PAUSE).await;
                // Ask again what has arrived.
                next = None;
            }
        }
    }
    let message = pb::InstallSnapshotRequest {
        header: peer.header(),
        vote: Some(vote_to_pb(&vote)),
        snapshot_name: name,
        last_log_id,
        membership: Some(stored_membership_to_pb(&snapshot.meta.last_membership)),
    };
    let left = deadline.saturating_duration_since(Instant::now());
    let installed: pb::InstallSnapshotResponse = peer
        .call(message, left, |mut client, request| async move {
            client.install_snapshot(request).await
        })
        .await
        .map_err(broken_transfer)?;
    let vote = vote_from_pb(installed.vote.as_ref()).map_err(|error| failed(&error.to_string()))?;
    Ok(SnapshotResponse::new(vote))
}

async fn offer_snapshot(
    peer: &Peer,
    mut message: pb::OfferSnapshotRequest,
) -> Result<pb::SnapshotProgress, CallError> {
    message.header = peer.header();
    peer.call(message, PART_TIMEOUT, |mut client, request| async move {
        client.offer_snapshot(request).await
    })
    .await
}

async fn send_chunk(
    peer: &Peer,
    name: &str,
    chunk: SnapshotChunk,
) -> Result<pb::SnapshotProgress, CallError> {
    let message = pb::SnapshotChunk {
        header: peer.header(),
        snapshot_name: name.to_owned(),
        number: chunk.number,
        total: chunk.total,
        data: chunk.bytes,
        checksum: chunk.checksum.to_vec().into(),
    };
    peer.call(message, PART_TIMEOUT, |mut client, request| async move {
        client.send_snapshot_chunk(request).await
    })
    .await
}

async fn read_chunk(
    mut reader: Box<SnapshotReader>,
    number: u64,
) -> Result<(SnapshotChunk, Box<SnapshotReader>), Failed> {
    let read = blocking(move || Ok((reader.chunk(number)?, reader))).await;
    read.map_err(|error| failed(&error.to_string()))
}

fn failed(text: &str) -> Failed {
    StreamingError::Network(NetworkError::from_string(text))
}
