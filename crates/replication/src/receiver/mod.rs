//! The receiving side: authenticate, verify, let the protocol judge, propose, answer. Any node of the region takes
//! the call and proposes through the leader.

mod accept;

use std::sync::Arc;

use kms_domain::State;
use kms_proto::internal::replication::v1 as pb;
use kms_proto::internal::replication::v1::replication_internal_server::{
    ReplicationInternal, ReplicationInternalServer,
};
use tokio::sync::Semaphore;
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

    /// What is known of the caller and its request, against a state that is not behind.
    fn admit(
        state: State,
        identity: &PeerRegionIdentity,
        request: &pb::ShipRequest,
    ) -> Result<Admitted, Status> {
        let peer = pinned_region(&state, identity)?;
        let region = state
            .region()
            .cloned()
            .ok_or_else(|| Status::failed_precondition("this region has not been bootstrapped"))?;
        let route = Route {
            cluster: region.cluster.clone(),
            from: life_of_peer(&peer),
            to: life_of_region(&region),
        };
        if !route.is_of(request) {
            return Err(Status::failed_precondition(
                "the request is not between the present lives of these two regions; pair them again",
            ));
        }
        Ok(Admitted { state, peer, route })
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
        let Some(identity) = request.extensions().get::<PeerRegionIdentity>().cloned() else {
            return Err(Status::unauthenticated("no identity was shown"));
        };
        let Ok(_place) = self.places.try_acquire() else {
            return Err(Status::resource_exhausted("too many requests at once"));
        };
        let deadline = Instant::now() + self.limits.region_timeout;
        let state = self
            .region
            .read(deadline)
            .await
            .map_err(|error| Status::unavailable(error.to_string()))?;
        let request = request.into_inner();
        let Admitted { state, peer, route } = Self::admit(state, &identity, &request)?;
        let call = Call {
            region: Arc::clone(&self.region),
            key_ring: Arc::clone(&self.key_ring),
            clock: Arc::clone(&self.clock),
            peer,
            route,
            deadline,
        };
        let answers = call.answer(state, request.shipments).await?;
        Ok(Response::new(pb::ShipResponse { answers }))
    }
}
