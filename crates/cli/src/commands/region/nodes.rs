//! The nodes of a region: bootstrap, membership, leader, snapshots, wrapping keys.

use kms_proto::admin::v1::admin_client::AdminClient;
use kms_proto::admin::v1::{
    AddNodeRequest, BootstrapRequest, ListWrappingKeysRequest, NodeAddress, RemoveNodeRequest,
    TransferLeaderRequest, TriggerSnapshotRequest,
};
use serde_json::{Value, json};

use super::LONG_TIMEOUT;
use super::status::MEMBERS;
use crate::confirm::confirm;
use crate::connection::Repeat;
use crate::failure::Failure;
use crate::session::{Session, TIMEOUT};
use crate::{json as message, output, pages};

pub(super) async fn bootstrap(
    session: &Session,
    members: &[NodeAddress],
    region: Option<&str>,
) -> Result<(), Failure> {
    let region = region.map_or_else(|| session.context_name(), Ok)?.to_owned();
    let request = BootstrapRequest {
        region: region.clone(),
        members: members.to_vec(),
    };
    let send = async |channel, request| AdminClient::new(channel).bootstrap(request).await;
    let value = message::of(
        &session
            .admin(LONG_TIMEOUT)?
            .call(Repeat::Unsafe, request, send)
            .await?,
    );
    output::print(session.format(), &value, || {
        let lines = [
            ("cluster", "/Cluster"),
            ("incarnation", "/Incarnation"),
            ("leader", "/LeaderId"),
            ("wrapping key", "/WrappingKeyId"),
        ];
        format!(
            "region {region} is bootstrapped\n{}",
            output::record(&value, &lines)
        )
    })
}

pub(super) async fn add(session: &Session, node: &NodeAddress) -> Result<(), Failure> {
    let request = AddNodeRequest {
        node: Some(node.clone()),
    };
    let send = async |channel, request| AdminClient::new(channel).add_node(request).await;
    let value = message::of(
        &session
            .admin(LONG_TIMEOUT)?
            .call(Repeat::Unsafe, request, send)
            .await?,
    );
    print_members(session, &value)
}

pub(super) async fn remove(session: &Session, node_id: u64, yes: bool) -> Result<(), Failure> {
    confirm(
        &format!("Node {node_id} will be removed for good; neither its id nor its disk can come back."),
        yes,
    )?;
    let request = RemoveNodeRequest { node_id };
    let send = async |channel, request| AdminClient::new(channel).remove_node(request).await;
    let value = message::of(
        &session
            .admin(LONG_TIMEOUT)?
            .call(Repeat::Unsafe, request, send)
            .await?,
    );
    print_members(session, &value)
}

pub(super) async fn transfer_leader(session: &Session, target_node_id: Option<u64>) -> Result<(), Failure> {
    let request = TransferLeaderRequest { target_node_id };
    let send = async |channel, request| AdminClient::new(channel).transfer_leader(request).await;
    let value = message::of(
        &session
            .admin(TIMEOUT)?
            .call(Repeat::Unsafe, request, send)
            .await?,
    );
    output::print(session.format(), &value, || {
        output::record(&value, &[("leader", "/LeaderId"), ("term", "/Term")])
    })
}

/// Asks every node. One that cannot be reached is shown and passed over, since it has nothing to purge; one that
/// fails makes the command fail, after the others were asked.
pub(super) async fn snapshot(session: &Session) -> Result<(), Failure> {
    let mut rows = Vec::new();
    let mut unreachable = None;
    let mut failed = None;
    let mut done = 0;
    for (url, connection) in session.admin(LONG_TIMEOUT)?.split() {
        let send = async |channel, request| AdminClient::new(channel).trigger_snapshot(request).await;
        match connection
            .call(Repeat::Safe, TriggerSnapshotRequest {}, send)
            .await
        {
            Ok(answer) => {
                let mut row = message::of(&answer);
                row["Endpoint"] = json!(url);
                rows.push(row);
                done += 1;
            }
            Err(failure) => {
                rows.push(json!({ "Endpoint": url, "Error": failure.to_string() }));
                match failure {
                    Failure::Unreachable { .. } => unreachable.get_or_insert(failure),
                    failure => failed.get_or_insert(failure),
                };
            }
        }
    }
    output::print(session.format(), &json!({ "Nodes": rows }), || {
        let columns = [
            ("NODE", "/Endpoint"),
            ("SNAPSHOT", "/SnapshotIndex"),
            ("PURGED", "/PurgedIndex"),
            ("SIZE (B)", "/SnapshotBytes"),
            ("ERROR", "/Error"),
        ];
        output::list(&rows, &columns)
    })?;
    match failed.or(unreachable.filter(|_| done == 0)) {
        Some(failure) => Err(failure),
        None => Ok(()),
    }
}

pub(super) async fn wrapping_keys(session: &Session) -> Result<(), Failure> {
    let send = async |channel, request| AdminClient::new(channel).list_wrapping_keys(request).await;
    let answer = session
        .admin(TIMEOUT)?
        .call(Repeat::Safe, ListWrappingKeysRequest {}, send)
        .await?;
    let value = message::of(&answer);
    output::print(session.format(), &value, || {
        let columns = [
            ("WRAPPING KEY", "/Id"),
            ("STATE", "/State"),
            ("ROOT KEY", "/RootKeyId"),
            ("REFERENCES", "/ReferenceCount"),
        ];
        output::list(pages::rows(&value, "WrappingKeys"), &columns)
    })
}

fn print_members(session: &Session, value: &Value) -> Result<(), Failure> {
    output::print(session.format(), value, || {
        output::list(pages::rows(value, "Members"), MEMBERS)
    })
}
