//! ReplicateKey: a replica of a multi-Region primary in another region.

use super::Call;
use super::authorization::authorize_key;
use super::change::Decided;
use super::create_key::policy;
use super::metadata::replica_metadata;
use super::service::Service;
use super::validation::{KeyForms, region_name, tags, text_within};
use crate::errors::OperationError;
use kms_domain::Command;
use kms_domain::command::ReplicateKey;
use kms_domain::commands::rules::tags_from_list;
use kms_domain::key_states::Operation;
use kms_domain::limits::DESCRIPTION_CHARS_MAX;
use kms_domain::vocabulary::Incarnation;
use kms_proto::kms::v1;

/// The policy of every key while policies cannot be given: the account may do everything.
fn default_policy(account: &str) -> String {
    format!(
        "{{\"Version\":\"2012-10-17\",\"Id\":\"key-default-1\",\"Statement\":[{{\"Sid\":\"Enable IAM User \
         Permissions\",\"Effect\":\"Allow\",\"Principal\":{{\"AWS\":\"arn:aws:iam::{account}:root\"}},\
         \"Action\":\"kms:*\",\"Resource\":\"*\"}}]}}"
    )
}

impl Service {
    /// Adds a replica. The answer says Creating: the replica's region reports when it is Enabled.
    pub async fn replicate_key(
        &self,
        call: &Call,
        request: v1::ReplicateKeyRequest,
    ) -> Result<v1::ReplicateKeyResponse, OperationError> {
        const OPERATION: Operation = Operation::ReplicateKey;
        let region = region_name("replicaRegion", &request.replica_region)?;
        let description = request.description.clone().unwrap_or_default();
        text_within("description", &description, 0, DESCRIPTION_CHARS_MAX)?;
        let policy = policy(request.policy.as_deref())?;
        let tags = tags_from_list(&tags(request.tags.clone())?)?;
        let incarnation = Incarnation(self.keyring.random_bytes::<16>());
        let created = self.clock.now();
        let authorize = |state: &_| {
            authorize_key(
                state,
                call,
                OPERATION,
                "keyId",
                &request.key_id,
                KeyForms::IdOrArn,
            )
        };
        let (_, view) = self
            .change(call, OPERATION, &request, authorize, |_, key| {
                let command = ReplicateKey {
                    key: key.name,
                    region: region.clone(),
                    incarnation,
                    description: description.clone(),
                    policy: policy.clone(),
                    tags: tags.clone(),
                };
                Ok(Decided {
                    guard: key.guard.clone(),
                    command: Command::ReplicateKey(Box::new(command)),
                })
            })
            .await?;
        let key = authorize(&view.state)?;
        Ok(v1::ReplicateKeyResponse {
            replica_key_metadata: Some(replica_metadata(
                &key.key,
                &key.arn,
                &region,
                &description,
                created,
            )),
            replica_policy: default_policy(key.arn.account.as_str()),
            replica_tags: request.tags,
        })
    }
}
