//! DescribeReplication: how multi-Region keys stand towards each peer region.

use super::fold::{epoch, time};
use super::read;
use crate::errors::OperationError;
use crate::node::Running;
use kms_domain::key::KeyName;
use kms_domain::multi_region::{self, KeyReplication, PeerReplication, ReplicaPhase, Role};
use kms_domain::rows::PeerRegion;
use kms_domain::vocabulary::{KeyArn, KeyId, Timestamp};
use kms_domain::{KmsError, State};
use kms_proto::admin::v1;

const PAGE_DEFAULT: i32 = 100;
const PAGE_MAX: i32 = 1_000;

/// Describes one key, or a page of all multi-Region keys in order of account and key id.
pub(super) async fn describe_replication(
    running: &Running,
    request: v1::DescribeReplicationRequest,
) -> Result<v1::DescribeReplicationResponse, OperationError> {
    let limit = request.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(invalid(&format!("limit is 1 to {PAGE_MAX}")));
    }
    let wanted = request.key_id.as_deref().map(parse_key_id).transpose()?;
    let after = request.marker.as_deref().map(parse_marker).transpose()?;
    let view = read(running).await?;
    let state = &view.state;
    let region = state
        .region()
        .ok_or_else(|| KmsError::Bootstrap("the region has not been bootstrapped".to_owned()))?;
    let mut found: Vec<KeyName> = state
        .keys()
        .filter(|key| key.multi_region.is_some())
        .map(|key| key.name)
        .filter(|name| wanted.is_none_or(|id| name.key_id == id))
        .filter(|name| after.is_none_or(|marker| *name > marker))
        .take(usize::try_from(limit).unwrap_or_default() + 1)
        .collect();
    if let Some(id) = wanted
        && found.is_empty()
        && after.is_none()
    {
        return Err(invalid(&format!("{id} is not a multi-Region key of this region")));
    }
    let truncated = found.len() > usize::try_from(limit).unwrap_or_default();
    if truncated {
        found.pop();
    }
    let next_marker = found.last().filter(|_| truncated).map(marker);
    let now = region.log_time;
    let status = running.raft.status();
    Ok(v1::DescribeReplicationResponse {
        region: region.name.to_string(),
        keys: found
            .iter()
            .filter_map(|name| describe(running, state, name, now))
            .collect(),
        peers: state
            .peers()
            .map(|peer| describe_peer(running, state, peer))
            .collect(),
        next_marker,
        truncated,
        from_leader: status.leader == Some(status.node_id),
    })
}

fn describe(running: &Running, state: &State, name: &KeyName, now: Timestamp) -> Option<v1::KeyReplication> {
    let key = state.key(name)?;
    let copy = key.multi_region.as_ref()?;
    let found = multi_region::describe(state, name)?;
    let peers = found
        .peers
        .iter()
        .map(|peer| with_failure(running, name, peer_key(state, name, &found, peer, now)))
        .collect();
    Some(v1::KeyReplication {
        key_id: name.key_id.to_string(),
        arn: state.key_arn(name).map(|arn| arn.to_string()).unwrap_or_default(),
        role: role(found.role).to_owned(),
        key_state: key.state().as_str().to_owned(),
        epoch: Some(epoch(&found.stamp.epoch)),
        shared_revision: found.stamp.shared_revision,
        epoch_promised: copy.epoch_promised.max(found.stamp.epoch.counter),
        protected: found.protected,
        rotation_pending: key.rotation.pending.is_some(),
        rotation_blocked_by: found
            .rotation_blocked_by
            .iter()
            .map(ToString::to_string)
            .collect(),
        peers,
    })
}

fn peer_key(
    state: &State,
    name: &KeyName,
    key: &KeyReplication,
    peer: &PeerReplication,
    now: Timestamp,
) -> v1::PeerKeyReplication {
    let copy = state.key(name).and_then(|key| key.multi_region.as_ref());
    let replica = copy.and_then(|copy| copy.replicas.get(&peer.region));
    let holds_all = state
        .materials_of(*name, 0)
        .all(|material| material.held_by.contains(&peer.region));
    let acknowledged = peer.acknowledged.as_ref();
    v1::PeerKeyReplication {
        region: peer.region.to_string(),
        role: role(peer.role).to_owned(),
        acknowledged_epoch: acknowledged.map(|stamp| epoch(&stamp.epoch)),
        acknowledged_shared_revision: acknowledged.map_or(0, |stamp| stamp.shared_revision),
        lag_ms: peer.dirty_since.map_or(0, |since| now.since_ms(since)),
        dirty_since: peer.dirty_since.map(time),
        phase: phase(key, peer).to_owned(),
        last_failure: peer.refusal.as_ref().map(|refusal| refusal.reason.clone()),
        last_failure_at: None,
        next_attempt_at: peer.refusal.as_ref().map(|refusal| time(refusal.retry_after)),
        replica_incarnation: replica.map(|r| r.incarnation.to_string()).unwrap_or_default(),
        holds_all_materials: peer.role == Role::Replica && holds_all,
    }
}

/// A failure to ship, which only the leader knows; a refusal by the peer is in the state and says more.
fn with_failure(
    running: &Running,
    name: &KeyName,
    mut shown: v1::PeerKeyReplication,
) -> v1::PeerKeyReplication {
    if shown.last_failure.is_none()
        && shown.dirty_since.is_some()
        && let Ok(region) = shown.region.parse()
        && let Some(failure) = running.replication.key_failure(&region, name)
    {
        shown.last_failure = Some(failure.reason);
        shown.last_failure_at = Some(time(failure.at));
    }
    shown
}

/// Where the key is on its way to the peer.
fn phase(key: &KeyReplication, peer: &PeerReplication) -> &'static str {
    let handed_over = key.handover.as_ref().is_some_and(|h| h.target == peer.region);
    match peer {
        _ if handed_over => "Updating",
        PeerReplication { refusal: Some(_), .. } => "Refused",
        PeerReplication {
            phase: Some(ReplicaPhase::Creating),
            ..
        } => "Creating",
        PeerReplication {
            dirty_since: Some(_), ..
        } => "Updating",
        _ => "Replicated",
    }
}

fn describe_peer(running: &Running, state: &State, peer: &PeerRegion) -> v1::PeerReplication {
    let oldest = state.outbox_of(&peer.name, None).map(|row| row.since).min();
    // Only the leader ships, so only it knows more than the state says.
    let shipping = running.replication.peer(&peer.name);
    let failure = shipping.as_ref().and_then(|status| status.last_failure.as_ref());
    v1::PeerReplication {
        region: peer.name.to_string(),
        incarnation: peer.incarnation.to_string(),
        outbox_depth: state.outbox_of(&peer.name, None).count() as u64,
        oldest_dirty_since: oldest.map(time),
        last_contact_at: shipping.as_ref().and_then(|status| status.last_success).map(time),
        last_failure: failure.map(|failure| failure.reason.clone()),
    }
}

const fn role(role: Role) -> &'static str {
    match role {
        Role::Primary => "PRIMARY",
        Role::Replica => "REPLICA",
    }
}

fn parse_key_id(text: &str) -> Result<KeyId, OperationError> {
    match text.parse::<KeyArn>() {
        Ok(arn) => Ok(arn.key_id),
        Err(_) => text.parse().map_err(|e| invalid(&format!("key_id: {e}"))),
    }
}

/// Operators see every account, so a marker hides nothing: account and key id of the last entry.
fn marker(name: &KeyName) -> String {
    format!("{}/{}", name.account, name.key_id)
}

fn parse_marker(text: &str) -> Result<KeyName, OperationError> {
    let parse = || {
        let (account, key_id) = text.split_once('/')?;
        Some(KeyName {
            account: account.parse().ok()?,
            key_id: key_id.parse().ok()?,
        })
    };
    parse().ok_or_else(|| KmsError::InvalidMarker.into())
}

fn invalid(text: &str) -> OperationError {
    KmsError::Validation(text.to_owned()).into()
}
