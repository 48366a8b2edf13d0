//! The shipments of one admitted request: verified and opened on a thread that may block, proposed all at once so
//! that they share durable commits, answered each by itself.

use std::sync::Arc;

use kms_crypto::region::RegionVerifyingKey;
use kms_domain::multi_region::{Parcel, ParcelOutcome, parcel_outcome, parcel_receipt, receive_parcel};
use kms_domain::rows::PeerRegion;
use kms_domain::{Command, Guard, KmsError, Proposal, State};
use kms_proto::internal::replication::v1 as pb;
use kms_raft::{decode_sealed_shipment, encode_receipt};
use pb::shipment_answer::Answer;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tonic::Status;

use crate::ReplicationError;
use crate::driver::{Clock, outcome_name};
use crate::frame::{Route, split_batch};
use crate::key_ring::KeyRing;
use crate::limits::REQUEST_SHIPMENTS_MAX;
use crate::local_region::LocalRegion;
use crate::measures::Measures;
use crate::reseal::HpkeReseal;

/// How often a shipment is opened again because the wrapping key changed meanwhile.
const OPENINGS_MAX: usize = 3;

const SOMETHING_ELSE: ReplicationError = ReplicationError::Answer("the state machine said something else");

type SealedParcel = Parcel<Arc<[u8]>>;

/// What is to be proposed, or was judged without the log.
type Judged = Result<Command, ParcelOutcome>;

/// One admitted request.
pub(super) struct Call {
    pub(super) region: Arc<dyn LocalRegion>,
    pub(super) key_ring: Arc<dyn KeyRing>,
    pub(super) clock: Clock,
    pub(super) peer: Arc<PeerRegion>,
    pub(super) route: Route,
    pub(super) deadline: Instant,
}

impl Call {
    /// An answer for each shipment, in order. A batch that is malformed as a whole is refused as a whole.
    pub(super) async fn answer(
        self,
        state: State,
        batch: Vec<u8>,
    ) -> Result<Vec<pb::ShipmentAnswer>, Status> {
        let call = Arc::new(self);
        let opening = {
            let (call, state) = (Arc::clone(&call), state.clone());
            move || call.open_batch(&state, &batch)
        };
        let opened = tokio::task::spawn_blocking(opening)
            .await
            .map_err(|_| Status::internal("a batch was not opened"))?
            .map_err(|error| Status::invalid_argument(error.to_string()))?;

        let mut answers = vec![None; opened.len()];
        let mut settling = JoinSet::new();
        for (place, opened) in opened.into_iter().enumerate() {
            let (call, state) = (Arc::clone(&call), state.clone());
            settling.spawn(async move { (place, call.settle(state, opened).await) });
        }
        while let Some(settled) = settling.join_next().await {
            let (place, answer) = settled.map_err(|_| Status::internal("a shipment was not settled"))?;
            answers[place] = Some(answer);
        }
        let unanswered = || pb::ShipmentAnswer { answer: None };
        Ok(answers
            .into_iter()
            .map(|answer| answer.unwrap_or_else(unanswered))
            .collect())
    }

    /// Verifies and opens every shipment; one that fails is answered alone.
    #[allow(clippy::type_complexity)]
    fn open_batch(
        &self,
        state: &State,
        batch: &[u8],
    ) -> Result<Vec<Result<(SealedParcel, Judged), ReplicationError>>, ReplicationError> {
        let signer = RegionVerifyingKey::from_bytes(self.peer.signing_public);
        let signed = split_batch(batch, REQUEST_SHIPMENTS_MAX)?;
        let open = |signed| {
            self.route.verify(&signed, &signer)?;
            let shipment = decode_sealed_shipment(signed.shipment)
                .map_err(|error| ReplicationError::Shipment(error.to_string()))?;
            let judged = self.judge(state, &shipment);
            Ok((shipment, judged))
        };
        Ok(signed.into_iter().map(open).collect())
    }

    fn judge(&self, state: &State, shipment: &SealedParcel) -> Judged {
        receive_parcel(
            state,
            &self.peer,
            shipment,
            &HpkeReseal::new(state, self.key_ring.as_ref()),
        )
    }

    /// Proposes what is to be proposed and makes the answer.
    async fn settle(
        self: Arc<Self>,
        state: State,
        opened: Result<(SealedParcel, Judged), ReplicationError>,
    ) -> pb::ShipmentAnswer {
        let answer = match opened {
            Ok((shipment, judged)) => Arc::clone(&self).receipt_for(state, shipment, judged).await,
            Err(error) => Err(error),
        };
        let answer = match answer {
            Ok(receipt) => Answer::Receipt(receipt),
            Err(error) => {
                tracing::debug!(peer = %self.peer.name, %error, "a shipment is not answered");
                Measures::of(&self.peer.name).received("unanswered");
                Answer::Unanswered(error.to_string())
            }
        };
        pb::ShipmentAnswer { answer: Some(answer) }
    }

    async fn receipt_for(
        self: Arc<Self>,
        mut state: State,
        shipment: SealedParcel,
        mut judged: Judged,
    ) -> Result<Vec<u8>, ReplicationError> {
        let mut openings = 1;
        let (state, outcome) = loop {
            let command = match judged {
                Ok(command) => command,
                Err(outcome) => break (state, outcome),
            };
            let applied = self.region.propose(self.proposal(command), self.deadline).await?;
            state = self.region.state_at(applied.log_index, self.deadline).await?;
            match applied.reply {
                Ok(reply) => break (state, parcel_outcome(reply).ok_or(SOMETHING_ELSE)?),
                Err(KmsError::StaleGuard) if openings < OPENINGS_MAX => openings += 1,
                Err(refusal) => return Err(ReplicationError::Region(refusal.to_string())),
            }
            let opening = {
                let (call, state, shipment) = (Arc::clone(&self), state.clone(), shipment.clone());
                move || call.judge(&state, &shipment)
            };
            judged = tokio::task::spawn_blocking(opening)
                .await
                .map_err(|_| ReplicationError::Region("a shipment was not opened".to_owned()))?;
        };
        Measures::of(&self.peer.name).received(outcome_name(&outcome));
        let receipt = parcel_receipt(&state, &shipment, outcome).ok_or(SOMETHING_ELSE)?;
        Ok(encode_receipt(&receipt))
    }

    fn proposal(&self, command: Command) -> Proposal {
        Proposal {
            time: (self.clock)(),
            principal: None,
            request: None,
            guard: Guard::default(),
            command,
        }
    }
}
