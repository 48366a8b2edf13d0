//! Bootstrap: makes a region out of nodes that belong to none.

use super::TRANSFER_PATIENCE;
use crate::errors::OperationError;
use crate::node::Running;
use kms_domain::vocabulary::NodeId;
use kms_domain::{Command, Guard, KmsError, Proposal};
use kms_proto::admin::v1;
use std::collections::BTreeMap;
use tokio::time::Instant;

/// Voters of a new region.
const MEMBERS_MAX: usize = 7;

/// Semantics that this version gives a new region.
const FEATURE_LEVEL: u32 = 1;

/// Forms the Raft group of the listed nodes and makes the region's keys. A broken-off bootstrap can be repeated.
pub(super) async fn bootstrap(
    running: &Running,
    request: v1::BootstrapRequest,
) -> Result<v1::BootstrapResponse, OperationError> {
    let region = &running.config.region;
    if request.region != region.as_str() {
        return Err(refused(format!(
            "this node is of region {region}, not {:?}",
            request.region
        )));
    }
    let members = members(&request.members)?;
    if !members.contains_key(&running.config.node_id) {
        let text = format!("this node, {}, is not among the members", running.config.node_id);
        return Err(refused(text));
    }
    let now = running.clock.now();
    let first = running
        .keyring
        .found_region(&running.config.cluster, region, now, FEATURE_LEVEL)?;
    let (incarnation, wrapping_key) = (first.incarnation, first.wrapping_key.id);
    let proposal = Proposal {
        time: now,
        principal: None,
        request: None,
        guard: Guard::default(),
        command: Command::Bootstrap(first),
    };
    let deadline = Instant::now() + TRANSFER_PATIENCE;
    running
        .raft
        .bootstrap(&members, &proposal, deadline)
        .await?
        .reply?;
    Ok(v1::BootstrapResponse {
        cluster: running.config.cluster.clone(),
        incarnation: incarnation.to_string(),
        leader_id: running.raft.status().leader.unwrap_or_default(),
        wrapping_key_id: wrapping_key.to_string(),
    })
}

fn members(listed: &[v1::NodeAddress]) -> Result<BTreeMap<NodeId, String>, OperationError> {
    if listed.is_empty() || listed.len() > MEMBERS_MAX {
        return Err(refused(format!(
            "a region begins with 1 to {MEMBERS_MAX} members"
        )));
    }
    let mut members = BTreeMap::new();
    for member in listed {
        if member.node_id == 0 {
            return Err(refused("node ids count from 1".to_owned()));
        }
        if members.values().any(|known| *known == member.raft_address) {
            return Err(refused(format!(
                "two members have address {}",
                member.raft_address
            )));
        }
        if members
            .insert(member.node_id, member.raft_address.clone())
            .is_some()
        {
            return Err(refused(format!("two members have id {}", member.node_id)));
        }
    }
    Ok(members)
}

fn refused(text: String) -> OperationError {
    KmsError::Validation(text).into()
}
