//! The receiving side: authenticate, verify, let the protocol judge, propose, answer. Any node of the region takes
//! the call and proposes through the leader.

mod accept;
mod sealing_key;

use std::sync::Arc;

use kms_domain::State;
use kms_proto::internal::replication::v1 as pb;
use kms_proto::internal::replication::v1::replication_internal_server::{
    ReplicationInternal, ReplicationInternalServer,
};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use crate::driver::Clock;
use crate::frame::Route;
use crate::identity::{PeerRegionIdentity, pinned_region};
use crate::key_ring::KeyRing;
use crate::limits::{Limits, REQUEST_BYTES_MAX, RESPONSE_BYTES_MAX};
use crate::local_region::LocalRegion;
use crate::reseal::{life_of_peer, life_of_region};
use accept::Call;

/// What a receiver needs.
pub struct ReceiverOptions {
    /// This node.
    pub region: Arc<dyn LocalRegion>,
    /// This region's keys.
    pub key_ring: Arc<dyn KeyRing>,
    /// The wall clock, for times that are shown.
    pub clock: Clock,
    /// Bounds and times.
    pub limits: Limits,
}

/// The service on the replication listener.
pub struct Receiver {
    region: Arc<dyn LocalRegion>,
    key_ring: Arc<dyn KeyRing>,
    clock: Clock,
    limits: Limits,
    places: Semaphore,
}

/// The service for the replication listener. The server's TLS layer must put a [`PeerRegionIdentity`] into every
/// request; a longer request than [`REQUEST_BYTES_MAX`] is refused by its announced length, before it is read.
pub fn receiver(options: ReceiverOptions) -> ReplicationInternalServer<Receiver> {
    ReplicationInternalServer::new(Receiver::new(options))
        .max_decoding_message_size(REQUEST_BYTES_MAX)
        .max_encoding_message_size(RESPONSE_BYTES_MAX)
}

impl Receiver {
    pub(crate) fn new(options: ReceiverOptions) -> Self {
        let ReceiverOptions {
            region,
            key_ring,
            clock,
            limits,
        } = options;
        let places = Semaphore::new(limits.requests_at_once_max);
        Self {
            region,
            key_ring,
            clock,
            limits,
            places,
        }
    }

    /// Who asks, against a state that is not behind. `named` is what the request says of itself: cluster, sender and
    /// addressee.
    async fn admit<T>(
        &self,
        request: &Request<T>,
        deadline: Instant,
        named: impl Fn(&T) -> (&str, Option<&pb::RegionLife>, Option<&pb::RegionLife>),
    ) -> Result<Admitted, Status> {
        let Some(identity) = request.extensions().get::<PeerRegionIdentity>() else {
            return Err(Status::unauthenticated("no identity was shown"));
        };
        let state = self
            .region
            .read(deadline)
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        let peer = pinned_region(&state, identity)?;
        let region = state
            .region()
            .ok_or_else(|| Status::failed_precondition("this region has not been bootstrapped"))?;
        let route = Route {
            cluster: region.cluster.clone(),
            from: life_of_peer(&peer),
            to: life_of_region(region),
        };
        let (cluster, from, to) = named(request.get_ref());
        if !route.is_named_by(cluster, from, to) {
            return Err(Status::failed_precondition(
                "the request is not between the present lives of these two regions; pair them again",
            ));
        }
        Ok(Admitted { state, peer, route })
    }

    fn place(&self) -> Result<SemaphorePermit<'_>, Status> {
        let place = self.places.try_acquire();
        place.map_err(|_| Status::resource_exhausted("too many requests at once"))
    }
}

/// A request of an authenticated, pinned region that is meant for this one.
struct Admitted {
    state: State,
    peer: Arc<kms_domain::rows::PeerRegion>,
    route: Route,
}

#[tonic::async_trait]
impl ReplicationInternal for Receiver {
    async fn ship(&self, request: Request<pb::ShipRequest>) -> Result<Response<pb::ShipResponse>, Status> {
        let _place = self.place()?;
        let deadline = Instant::now() + self.limits.region_timeout;
        let admitted = self.admit(&request, deadline, |r| {
            (&r.cluster, r.from.as_ref(), r.to.as_ref())
        });
        let Admitted { state, peer, route } = admitted.await?;
        let call = Call {
            region: Arc::clone(&self.region),
            key_ring: Arc::clone(&self.key_ring),
            clock: Arc::clone(&self.clock),
            peer,
            route,
            deadline,
        };
        let answers = call.answer(state, request.into_inner().shipments).await?;
        Ok(Response::new(pb::ShipResponse { answers }))
    }

    async fn sealing_key(
        &self,
        request: Request<pb::SealingKeyRequest>,
    ) -> Result<Response<pb::SealingKeyResponse>, Status> {
        let _place = self.place()?;
        let deadline = Instant::now() + self.limits.region_timeout;
        let admitted = self.admit(&request, deadline, |r| {
            (&r.cluster, r.from.as_ref(), r.to.as_ref())
        });
        let signed = sealing_key::signed_hpke_key(&admitted.await?.state)?;
        Ok(Response::new(pb::SealingKeyResponse {
            signed_hpke_key: signed.to_bytes(),
        }))
    }
}
