//! Asks a peer region for the HPKE key to which its material is sealed. Regions renew theirs well before it expires; a
//! region that nobody asked would one day be sealed to no more.
//!
//! Only what the pinned signing key vouches for is taken, and only forward, so that whoever answers can at worst say
//! nothing.

use std::sync::Arc;
use std::time::Duration;

use kms_crypto::CryptoError;
use kms_crypto::region::{RegionIdentity, RegionVerifyingKey, SignedHpkeKey};
use kms_domain::command::RenewPeerHpkeKey;
use kms_domain::rows::PeerRegion;
use kms_domain::vocabulary::RegionName;
use kms_domain::{Command, Guard, Proposal, State};
use kms_proto::internal::replication::v1::SealingKeyResponse;
use kms_proto::internal::replication::v1::replication_internal_client::ReplicationInternalClient;
use tokio::time::Instant;
use tonic::Request;

use super::Shared;
use crate::ReplicationError;
use crate::frame::Route;
use crate::limits::SEALING_KEY_RESPONSE_BYTES_MAX;
use crate::reseal::{life_of_peer, life_of_region};

/// The wait after a failure: the peer may be down for a while, and nothing is urgent.
const RETRY_INTERVAL: Duration = Duration::from_secs(30);

/// Asks again and again, for ever.
pub(super) async fn keep_fresh(shared: Arc<Shared>, region: RegionName) {
    let interval = shared.limits.sealing_key_interval;
    loop {
        let wait = match refresh(&shared, &region).await {
            Ok(()) => interval,
            Err(error) => {
                tracing::debug!(peer = %region, %error, "the peer's HPKE key was not asked for");
                RETRY_INTERVAL.min(interval)
            }
        };
        tokio::time::sleep(wait).await;
    }
}

/// Asks the pinned endpoints in turn until one answers, and pins a newer key.
async fn refresh(shared: &Shared, region: &RegionName) -> Result<(), ReplicationError> {
    let state = shared.region.state();
    let Some(peer) = state.peer(region) else {
        return Ok(());
    };
    let mut last = ReplicationError::Dial("the region is pinned without endpoints".to_owned());
    for endpoint in &peer.endpoints {
        match ask(shared, &state, peer, endpoint).await {
            Ok(answer) => return take(shared, &state, peer, &answer).await,
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn ask(
    shared: &Shared,
    state: &State,
    peer: &PeerRegion,
    endpoint: &str,
) -> Result<SealingKeyResponse, ReplicationError> {
    let region = state
        .region()
        .ok_or_else(|| ReplicationError::Region("it is not bootstrapped".to_owned()))?;
    let channel = shared
        .dial
        .channel(peer, endpoint)
        .map_err(|error| ReplicationError::Dial(error.to_string()))?;
    let mut client =
        ReplicationInternalClient::new(channel).max_decoding_message_size(SEALING_KEY_RESPONSE_BYTES_MAX);
    let route = Route {
        cluster: region.cluster.clone(),
        from: life_of_region(region),
        to: life_of_peer(peer),
    };
    let timeout = shared.limits.call_timeout;
    let mut request = Request::new(route.sealing_key_request());
    request.set_timeout(timeout);
    tokio::time::timeout(timeout, client.sealing_key(request))
        .await
        .map_err(|_| ReplicationError::Call(format!("no answer within {} ms", timeout.as_millis())))?
        .map(tonic::Response::into_inner)
        .map_err(|status| ReplicationError::Call(format!("{:?}: {}", status.code(), status.message())))
}

/// Pins the key if it is newer than the one pinned and the peer's signing key vouches for it.
async fn take(
    shared: &Shared,
    state: &State,
    peer: &PeerRegion,
    answer: &SealingKeyResponse,
) -> Result<(), ReplicationError> {
    let Some(renewal) = renewal(state, peer, &answer.signed_hpke_key)
        .map_err(|error| ReplicationError::SealingKey(error.to_string()))?
    else {
        return Ok(());
    };
    tracing::info!(peer = %peer.name, id = renewal.hpke_key, "the peer has a new HPKE key");
    let proposal = Proposal {
        time: (shared.clock)(),
        principal: None,
        request: None,
        guard: Guard::default(),
        command: Command::RenewPeerHpkeKey(Box::new(renewal)),
    };
    let deadline = Instant::now() + shared.limits.region_timeout;
    let outcome = shared.region.propose(proposal, deadline).await?;
    outcome
        .reply
        .map(|_| ())
        .map_err(|refusal| ReplicationError::Region(refusal.to_string()))
}

fn renewal(state: &State, peer: &PeerRegion, signed: &[u8]) -> Result<Option<RenewPeerHpkeKey>, CryptoError> {
    let signed = SignedHpkeKey::from_bytes(signed)?;
    if signed.claimed_id() == peer.hpke_key {
        return Ok(None);
    }
    let cluster = state
        .region()
        .map(|region| region.cluster.as_str())
        .unwrap_or_default();
    let owner = RegionIdentity {
        life: life_of_peer(peer),
        issuer_spki: Vec::new(),
        signing_key: RegionVerifyingKey::from_bytes(peer.signing_public),
    };
    // Log time decides what is valid, because one node's clock may be wrong.
    let public = signed.verify(cluster, &owner, state.log_time(), peer.hpke_key)?;
    Ok(Some(RenewPeerHpkeKey {
        peer: peer.name.clone(),
        incarnation: peer.incarnation,
        hpke_key: public.id(),
        hpke_public: public.to_bytes().into(),
        hpke_valid_until: signed.claimed_not_after(),
    }))
}
