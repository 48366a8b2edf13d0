//! `kmsctl region status`: every node of the region is asked, and none speaks for another.

use kms_proto::admin::v1::RegionStatusRequest;
use kms_proto::admin::v1::admin_client::AdminClient;
use serde_json::{Value, json};
use tokio::task::{JoinSet, LocalSet};

use crate::connection::{Connection, Repeat};
use crate::failure::Failure;
use crate::output::Column;
use crate::session::{Session, TIMEOUT};
use crate::{json as message, output, pages};

/// Hex digits of the state hash that a table shows.
const HASH_DIGITS: usize = 12;

const REGION: &[Column] = &[
    ("cluster", "/Cluster"),
    ("region", "/Region"),
    ("incarnation", "/Incarnation"),
    ("leader", "/LeaderId"),
    ("term", "/Term"),
    ("keys", "/KeyCount"),
    ("feature level", "/FeatureLevel"),
    ("log time", "/LogTime"),
];

const NODES: &[Column] = &[
    ("NODE", "/NodeId"),
    ("ENDPOINT", "/Endpoint"),
    ("ROLE", "/Role"),
    ("TERM", "/Term"),
    ("LAST LOG", "/LastLogIndex"),
    ("COMMITTED", "/CommittedIndex"),
    ("APPLIED", "/AppliedIndex"),
    ("SNAPSHOT", "/SnapshotIndex"),
    ("PURGED", "/PurgedIndex"),
    ("STATE HASH", "/ShortStateHash"),
    ("LOG (B)", "/Storage/LogBytes"),
    ("IMAGE (B)", "/Storage/ImageBytes"),
    ("SNAPSHOTS (B)", "/Storage/SnapshotBytes"),
    ("BOOTS", "/BootCount"),
    ("UP (s)", "/UptimeS"),
    ("NOTE", "/Note"),
];

/// The columns of a table of members.
pub(super) const MEMBERS: &[Column] = &[
    ("MEMBER", "/NodeId"),
    ("STORE", "/StoreId"),
    ("RAFT ADDRESS", "/RaftAddress"),
    ("VOTER", "/Voter"),
    ("LEADER", "/Leader"),
    ("MATCHED", "/MatchedIndex"),
    ("LAST HEARD (ms)", "/LastHeardMs"),
];

/// Fails, with the first node's failure, only if no node answers.
pub(super) async fn run(session: &Session) -> Result<(), Failure> {
    let mut nodes = Vec::new();
    let mut first_failure = None;
    for (url, answer) in ask_all(session.admin(TIMEOUT)?).await? {
        match answer {
            Ok(mut status) => {
                status["Endpoint"] = json!(url);
                nodes.push(status);
            }
            Err(failure) => {
                nodes.push(json!({ "Endpoint": url, "Error": failure.to_string() }));
                first_failure.get_or_insert(failure);
            }
        }
    }
    let Some(best) = best_informed(&nodes) else {
        return Err(first_failure.unwrap_or_else(|| Failure::Usage("there is no admin endpoint".to_owned())));
    };
    output::print(session.format(), &json!({ "Nodes": nodes }), || {
        let region = output::record(best, REGION);
        let rows: Vec<Value> = nodes.iter().map(with_summary).collect();
        let table = output::list(&rows, NODES);
        let members = output::list(pages::rows(best, "Members"), MEMBERS);
        format!("{region}\n\n{table}\n\n{members}")
    })
}

/// Asks all nodes at once, so that one that hangs delays nobody; answers in the order of the configuration.
async fn ask_all(connection: Connection) -> Result<Vec<(String, Result<Value, Failure>)>, Failure> {
    let local = LocalSet::new();
    let mut answers = local
        .run_until(async {
            let mut calls = JoinSet::new();
            for (place, (url, connection)) in connection.split().into_iter().enumerate() {
                calls.spawn_local(async move { (place, url, ask(&connection).await) });
            }
            calls.join_all().await
        })
        .await;
    answers.sort_by_key(|(place, _, _)| *place);
    Ok(answers
        .into_iter()
        .map(|(_, url, answer)| (url, answer))
        .collect())
}

async fn ask(connection: &Connection) -> Result<Value, Failure> {
    let send = async |channel, request| AdminClient::new(channel).region_status(request).await;
    connection
        .call(Repeat::Safe, RegionStatusRequest {}, send)
        .await
        .map(|answer| message::of(&answer))
}

/// The admin listener of the region's leader, so that what only the leader knows is asked of it. Without a leader that
/// answers, or with an endpoint of the caller's own, all listeners that there are.
pub(in crate::commands) async fn leader_first(session: &Session) -> Result<Connection, Failure> {
    let answers = ask_all(session.admin(TIMEOUT)?).await?;
    let found: Vec<Value> = (answers.into_iter())
        .filter_map(|(url, answer)| {
            let mut status = answer.ok()?;
            status["Endpoint"] = json!(url);
            Some(status)
        })
        .collect();
    let leader = best_informed(&found).filter(|node| is_leader(node));
    let of_leader = leader.and_then(|node| node["Endpoint"].as_str());
    for (url, connection) in session.admin(TIMEOUT)?.split() {
        if of_leader == Some(url.as_str()) {
            return Ok(connection);
        }
    }
    session.admin(TIMEOUT)
}

/// The answer of the leader, else of the node that has applied most; `None` if none answered.
fn best_informed(nodes: &[Value]) -> Option<&Value> {
    nodes
        .iter()
        .filter(|node| node.get("Error").is_none())
        .max_by_key(|node| {
            (
                node["Term"].as_u64(),
                is_leader(node),
                node["AppliedIndex"].as_u64(),
            )
        })
}

fn is_leader(node: &Value) -> bool {
    node["LeaderId"].is_u64() && node["LeaderId"] == node["NodeId"]
}

/// A node's row, with what its table sums up.
fn with_summary(node: &Value) -> Value {
    let mut row = node.clone();
    row["Role"] = json!(role(node));
    if let Some(hash) = node["StateHash"].as_str().filter(|hash| !hash.is_empty()) {
        let short: String = hash.chars().take(HASH_DIGITS).collect();
        row["ShortStateHash"] = json!(format!("{short}@{}", node["StateHashIndex"]));
    }
    let note = node["Error"]
        .as_str()
        .map(|error| error.lines().last().unwrap_or_default().trim());
    row["Note"] = json!(note.or_else(|| node["NotServingReason"].as_str()));
    row
}

fn role(node: &Value) -> &'static str {
    let own = pages::rows(node, "Members")
        .iter()
        .find(|member| member["NodeId"] == node["NodeId"]);
    if node.get("Error").is_some() {
        "unreachable"
    } else if is_leader(node) {
        "leader"
    } else {
        match own {
            Some(member) if member["Voter"] == true => "follower",
            Some(_) => "learner",
            None => "not a member",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{best_informed, role, with_summary};

    #[test]
    fn the_leader_of_the_highest_term_speaks_for_the_region() {
        let nodes = [
            json!({"Endpoint": "a", "Error": "no node could be reached\n  a: connection refused"}),
            json!({"NodeId": 1, "LeaderId": 1, "Term": 3, "AppliedIndex": 90}),
            json!({"NodeId": 2, "LeaderId": 2, "Term": 4, "AppliedIndex": 80}),
            json!({"NodeId": 3, "LeaderId": 2, "Term": 4, "AppliedIndex": 81}),
        ];
        assert_eq!(best_informed(&nodes).unwrap()["NodeId"], 2);
        assert!(best_informed(&nodes[..1]).is_none());
        assert_eq!(with_summary(&nodes[0])["Note"], "a: connection refused");
    }

    #[test]
    fn a_node_is_what_its_membership_says() {
        let members = json!([{"NodeId": 1, "Voter": true}, {"NodeId": 2, "Voter": false}]);
        for (node, expected) in [
            (json!({"NodeId": 1, "LeaderId": 1, "Members": members}), "leader"),
            (
                json!({"NodeId": 1, "LeaderId": 3, "Members": members}),
                "follower",
            ),
            (json!({"NodeId": 1, "Members": members}), "follower"),
            (json!({"NodeId": 2, "LeaderId": 1, "Members": members}), "learner"),
            (json!({"NodeId": 9, "Members": []}), "not a member"),
            (json!({"Error": "x"}), "unreachable"),
        ] {
            assert_eq!(role(&node), expected, "{node}");
        }
    }
}
