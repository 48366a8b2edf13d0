//! `kmsctl replicate`: ReplicateKey.

use std::path::PathBuf;

use clap::Args;
use kms_proto::kms::v1::kms_client::KmsClient;
use kms_proto::kms::v1::{ReplicateKeyRequest, Tag};

use crate::commands::keys;
use crate::commands::wait::Wait;
use crate::connection::Repeat;
use crate::failure::Failure;
use crate::session::Session;
use crate::{json, output, parse};

/// Arguments of `kmsctl replicate`.
#[derive(Args, Debug)]
#[command(after_help = "\
Policy, description and tags are the replica's own; none are copied. With --wait the region's name must also be
the name of a context, where the replica is looked at.")]
pub(crate) struct Replicate {
    /// Key id or key ARN of a multi-Region primary key
    key: String,
    /// The paired region that is to get a replica
    region: String,
    /// The replica's description
    #[arg(long)]
    description: Option<String>,
    /// File with the replica's key policy
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Accept a policy that would lock the caller out of changing it
    #[arg(long)]
    bypass_policy_lockout_safety_check: bool,
    /// Tag of the replica as KEY=VALUE; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = parse::tag)]
    tags: Vec<Tag>,
    #[command(flatten)]
    wait: Wait,
}

impl Replicate {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        // Found out before the replica is made, not after.
        let target = self
            .wait
            .is_wanted()
            .then(|| session.kms_of(&self.region))
            .transpose()?;
        let request = ReplicateKeyRequest {
            key_id: self.key.clone(),
            replica_region: self.region.clone(),
            policy: keys::read_policy(self.policy.as_ref())?,
            bypass_policy_lockout_safety_check: self.bypass_policy_lockout_safety_check.then_some(true),
            description: self.description.clone(),
            tags: self.tags.clone(),
        };
        let send = async |channel, request| KmsClient::new(channel).replicate_key(request).await;
        let mut answer = session.kms()?.call(Repeat::Safe, request, send).await?;
        if let Some(target) = target {
            let replica = answer
                .replica_key_metadata
                .as_ref()
                .ok_or(Failure::Incomplete("ReplicaKeyMetadata"))?;
            let key_id = replica.key_id.clone();
            let what = format!("the replica in {}", self.region);
            self.wait
                .for_key(&target, &key_id, |key| key.key_state == "Enabled", &what)
                .await?;
            answer.replica_key_metadata = Some(super::wait::describe(&target, &key_id).await?);
        }
        let value = json::of(&answer);
        output::print(session.format(), &value, || {
            keys::table(&value["ReplicaKeyMetadata"])
        })
    }
}
