//! `kmsctl replication`: how multi-Region keys stand towards other regions.

use clap::Subcommand;
use kms_proto::admin::v1::DescribeReplicationRequest;
use kms_proto::admin::v1::admin_client::AdminClient;
use serde_json::{Value, json};

use crate::commands::region::status::leader_first;
use crate::connection::Repeat;
use crate::failure::Failure;
use crate::output::Column;
use crate::pages::{self, Page};
use crate::session::Session;
use crate::{json as message, output};

/// Commands on replication.
#[derive(Debug, Subcommand)]
pub(crate) enum ReplicationCommand {
    /// Show each peer region, and each key towards each peer region, as the region's leader knows it
    Status {
        /// Only this key (key id or key ARN)
        key: Option<String>,
        #[command(flatten)]
        page: Page,
    },
}

const PEERS: &[Column] = &[
    ("PEER", "/Region"),
    ("OUTBOX", "/OutboxDepth"),
    ("OLDEST", "/OldestDirtySince"),
    ("LAST CONTACT", "/LastContactAt"),
    ("LAST FAILURE", "/LastFailure"),
];

const KEYS: &[Column] = &[
    ("KEY", "/Key/KeyId"),
    ("ROLE", "/Key/Role"),
    ("STATE", "/Key/KeyState"),
    ("EPOCH", "/Epoch"),
    ("REV", "/Key/SharedRevision"),
    ("PROTECTED", "/Key/Protected"),
    ("ROTATION", "/Rotation"),
    ("PEER", "/Peer/Region"),
    ("PEER ROLE", "/Peer/Role"),
    ("PHASE", "/Peer/Phase"),
    ("ACK EPOCH", "/AcknowledgedEpoch"),
    ("ACK REV", "/Peer/AcknowledgedSharedRevision"),
    ("LAG (ms)", "/Peer/LagMs"),
    ("DIRTY SINCE", "/Peer/DirtySince"),
    ("LAST FAILURE", "/Peer/LastFailure"),
];

/// Above an answer that cannot tell everything.
const NOT_THE_LEADER: &str =
    "no leader answered: LAST CONTACT and failures to reach a peer are not known here\n\n";

impl ReplicationCommand {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        let Self::Status { key, page } = self;
        let connection = leader_first(session).await?;
        let answer = page
            .fetch("Keys", async |limit, marker| {
                let request = DescribeReplicationRequest {
                    key_id: key.clone(),
                    limit,
                    marker,
                };
                let send =
                    async |channel, request| AdminClient::new(channel).describe_replication(request).await;
                Ok(message::of(&connection.call(Repeat::Safe, request, send).await?))
            })
            .await?;
        output::print(session.format(), &answer, || {
            let peers = output::list(pages::rows(&answer, "Peers"), PEERS);
            let keys = output::list(&key_rows(&answer), KEYS);
            let note = match answer["FromLeader"] == true {
                true => "",
                false => NOT_THE_LEADER,
            };
            format!("{note}{peers}\n\n{keys}")
        })
    }
}

/// A row for each key and peer; one for a key that has no peer.
fn key_rows(answer: &Value) -> Vec<Value> {
    let mut rows = Vec::new();
    for key in pages::rows(answer, "Keys") {
        let peers = pages::rows(key, "Peers");
        let none = [Value::Null];
        for peer in if peers.is_empty() { &none } else { peers } {
            rows.push(json!({
                "Key": key,
                "Peer": peer,
                "Epoch": epoch(&key["Epoch"]),
                "AcknowledgedEpoch": epoch(&peer["AcknowledgedEpoch"]),
                "Rotation": rotation(key),
            }));
        }
    }
    rows
}

/// `counter@region`.
fn epoch(epoch: &Value) -> Option<String> {
    Some(format!(
        "{}@{}",
        epoch["Counter"].as_u64()?,
        epoch["Region"].as_str()?
    ))
}

/// Whether a rotation waits, and for whom.
fn rotation(key: &Value) -> Option<String> {
    if key["RotationPending"] != true {
        return None;
    }
    let blockers: Vec<&str> = pages::rows(key, "RotationBlockedBy")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    Some(format!("pending {}", blockers.join(",")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{KEYS, key_rows};
    use crate::output;

    #[test]
    fn a_key_has_a_row_for_each_peer_and_one_if_it_has_none() {
        let answer = json!({"Keys": [
            {"KeyId": "mrk-1", "Role": "PRIMARY", "SharedRevision": 4, "RotationPending": true,
             "RotationBlockedBy": ["eu-west-1"], "Epoch": {"Counter": 2, "Region": "us-east-1"},
             "Peers": [{"Region": "ap-southeast-1", "LagMs": 0}, {"Region": "eu-west-1", "LagMs": 1500}]},
            {"KeyId": "mrk-2", "Role": "REPLICA", "Peers": []},
        ]});
        let table = output::list(&key_rows(&answer), KEYS);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 4, "{table}");
        assert!(
            lines[2].contains("2@us-east-1") && lines[2].contains("pending eu-west-1"),
            "{table}"
        );
        assert!(lines[2].contains("1500") && lines[3].contains("mrk-2"), "{table}");
    }
}
