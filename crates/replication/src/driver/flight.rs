//! One request on its way: made, sent, answered, and its receipts written into this region's log.

use std::sync::Arc;
use std::time::Duration;

use kms_domain::multi_region::{AcceptOutcome, IdentityOutcome, ParcelOutcome, ParcelReceipt, RecordId};
use kms_domain::rows::PeerRegion;
use kms_domain::{Guard, Proposal, Reply, State};
use kms_proto::internal::replication::v1 as pb;
use kms_proto::internal::replication::v1::replication_internal_client::ReplicationInternalClient;
use kms_raft::decode_receipt;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::Request;
use tonic::transport::Channel;

use super::Shared;
use super::batch::{Batch, Shipped, make_batch};
use super::schedule::Fate;
use crate::ReplicationError;
use crate::measures::Measures;

/// What came of one request.
pub(crate) struct Landed {
    /// What became of each record that was taken for it.
    pub(crate) fates: Vec<(RecordId, Fate)>,
    /// Records for which there was no room.
    pub(crate) left_over: Vec<RecordId>,
    /// Whether the peer answered; `None` when there was nothing to send.
    pub(crate) call: Option<Result<(), ReplicationError>>,
    /// Which connection was used.
    pub(crate) connection: u64,
}

/// Ships records to `peer`.
pub(crate) async fn fly(
    shared: Arc<Shared>,
    state: State,
    peer: Arc<PeerRegion>,
    records: Vec<RecordId>,
    client: ReplicationInternalClient<Channel>,
    connection: u64,
) -> Landed {
    let untried: Vec<(RecordId, Fate)> = records.iter().map(|record| (*record, Fate::Untried)).collect();
    let failed = |error| Landed {
        fates: untried,
        left_over: Vec::new(),
        call: Some(Err(error)),
        connection,
    };
    let making = {
        let (shared, peer) = (Arc::clone(&shared), Arc::clone(&peer));
        move || {
            make_batch(
                &state,
                &peer,
                records,
                shared.key_ring.as_ref(),
                shared.limits.batch_bytes(),
            )
        }
    };
    let batch = match tokio::task::spawn_blocking(making).await {
        Ok(Ok(batch)) => batch,
        Ok(Err(error)) => return failed(error),
        Err(_) => return failed(ReplicationError::Region("a batch was not made".to_owned())),
    };
    let Batch {
        request,
        shipped,
        mut fates,
        left_over,
    } = batch;
    if shipped.is_empty() {
        return Landed {
            fates,
            left_over,
            call: None,
            connection,
        };
    }
    Measures::of(&peer.name).sent(request.shipments.len());
    let call = match call(client, request, shipped.len(), shared.limits.call_timeout).await {
        Ok(answers) => {
            fates.extend(note_answers(&shared, &peer, shipped, answers).await);
            Ok(())
        }
        Err(error) => {
            fates.extend(shipped.into_iter().map(|shipped| (shipped.record, Fate::Untried)));
            Err(error)
        }
    };
    Landed {
        fates,
        left_over,
        call: Some(call),
        connection,
    }
}

async fn call(
    mut client: ReplicationInternalClient<Channel>,
    request: pb::ShipRequest,
    shipments: usize,
    timeout: Duration,
) -> Result<Vec<pb::ShipmentAnswer>, ReplicationError> {
    let mut request = Request::new(request);
    request.set_timeout(timeout);
    let answered = tokio::time::timeout(timeout, client.ship(request))
        .await
        .map_err(|_| ReplicationError::Call(format!("no answer within {} ms", timeout.as_millis())))?
        .map_err(|status| ReplicationError::Call(format!("{:?}: {}", status.code(), status.message())))?;
    let answers = answered.into_inner().answers;
    if answers.len() == shipments {
        Ok(answers)
    } else {
        Err(ReplicationError::Answer("not one answer for each shipment"))
    }
}

/// Writes all receipts at once, so that they share durable commits.
async fn note_answers(
    shared: &Arc<Shared>,
    peer: &Arc<PeerRegion>,
    shipped: Vec<Shipped>,
    answers: Vec<pb::ShipmentAnswer>,
) -> Vec<(RecordId, Fate)> {
    let mut fates = Vec::with_capacity(shipped.len());
    let mut noting = JoinSet::new();
    for (shipped, answer) in shipped.into_iter().zip(answers) {
        match receipt_of(&shipped, &answer, peer) {
            Ok(receipt) => {
                Measures::of(&peer.name).answered(receipt_name(&receipt));
                let shared = Arc::clone(shared);
                noting.spawn(async move { (shipped.record, note(&shared, &shipped, receipt).await) });
            }
            Err(error) => fates.push((shipped.record, Fate::Failed(error.to_string()))),
        }
    }
    while let Some(noted) = noting.join_next().await {
        fates.extend(noted.ok());
    }
    fates
}

fn receipt_of(
    shipped: &Shipped,
    answer: &pb::ShipmentAnswer,
    peer: &PeerRegion,
) -> Result<ParcelReceipt, ReplicationError> {
    let bytes = match &answer.answer {
        Some(pb::shipment_answer::Answer::Receipt(bytes)) => bytes,
        Some(pb::shipment_answer::Answer::Unanswered(reason)) => {
            return Err(ReplicationError::Call(reason.chars().take(256).collect()));
        }
        None => return Err(ReplicationError::Answer("an answer is empty")),
    };
    let receipt = decode_receipt(bytes).map_err(|_| ReplicationError::Answer("a receipt does not decode"))?;
    if shipped.is_answered_by(&receipt, peer) {
        Ok(receipt)
    } else {
        Err(ReplicationError::Answer(
            "a receipt is for something that was not shipped",
        ))
    }
}

async fn note(shared: &Shared, shipped: &Shipped, receipt: ParcelReceipt) -> Fate {
    let (held_more, settles_alone, told) = match &receipt {
        ParcelReceipt::Identity(_) => (false, true, false),
        ParcelReceipt::Key(receipt) => (
            !receipt.materials_held.is_empty(),
            shipped.version.is_some() || matches!(receipt.outcome, AcceptOutcome::ImportsNoted { .. }),
            receipt.stamp.is_none() && receipt.outcome == AcceptOutcome::GoneNoted,
        ),
    };
    let proposal = Proposal {
        time: (shared.clock)(),
        principal: None,
        request: None,
        guard: Guard::default(),
        command: receipt.into_command(),
    };
    let deadline = Instant::now() + shared.limits.region_timeout;
    let noted = match shared.region.propose(proposal, deadline).await {
        Ok(outcome) => outcome.reply,
        Err(error) => return Fate::Failed(error.to_string()),
    };
    let settled = matches!(noted, Ok(Reply::AcknowledgementNoted { settled: true }));
    match noted {
        Err(refusal) => Fate::Failed(refusal.to_string()),
        Ok(_) if told || (settled && settles_alone) => Fate::Settled,
        Ok(_) if held_more => Fate::Progressed,
        Ok(_) => Fate::Stuck(shipped.version.clone()),
    }
}

/// The outcome's name in metrics.
pub(crate) const fn outcome_name(outcome: &ParcelOutcome) -> &'static str {
    match outcome {
        ParcelOutcome::Key(outcome) => key_outcome_name(outcome),
        ParcelOutcome::Identity(outcome) => identity_outcome_name(outcome),
    }
}

/// The name of a receipt's outcome in metrics.
const fn receipt_name(receipt: &ParcelReceipt) -> &'static str {
    match receipt {
        ParcelReceipt::Key(receipt) => key_outcome_name(&receipt.outcome),
        ParcelReceipt::Identity(receipt) => identity_outcome_name(&receipt.outcome),
    }
}

const fn identity_outcome_name(outcome: &IdentityOutcome) -> &'static str {
    match outcome {
        IdentityOutcome::Adopted { .. } => "adopted",
        IdentityOutcome::Stale { .. } => "stale",
        IdentityOutcome::Refused { .. } => "refused",
    }
}

const fn key_outcome_name(outcome: &AcceptOutcome) -> &'static str {
    match outcome {
        AcceptOutcome::Adopted { .. } => "adopted",
        AcceptOutcome::Stale { .. } => "stale",
        AcceptOutcome::Gone { .. } => "gone",
        AcceptOutcome::GoneNoted => "gone_noted",
        AcceptOutcome::NotPrimary { .. } => "not_primary",
        AcceptOutcome::Refused { .. } => "refused",
        AcceptOutcome::HandoverDeclined { .. } => "handover_declined",
        AcceptOutcome::ImportsNoted { .. } => "imports_noted",
    }
}
