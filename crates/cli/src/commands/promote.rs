//! `kmsctl promote`: UpdatePrimaryRegion, the planned move of the primary role.

use clap::Args;
use kms_proto::kms::v1::kms_client::KmsClient;
use kms_proto::kms::v1::{KeyMetadata, UpdatePrimaryRegionRequest};

use crate::commands::wait::Wait;
use crate::connection::Repeat;
use crate::failure::Failure;
use crate::output;
use crate::session::Session;

/// Arguments of `kmsctl promote`.
#[derive(Args, Debug)]
#[command(
    after_help = "Run it in the context of the present primary region. Encrypting and decrypting go on meanwhile."
)]
pub(crate) struct Promote {
    /// Key id or key ARN of a multi-Region primary key
    key: String,
    /// The region of the replica that is to become primary
    region: String,
    #[command(flatten)]
    wait: Wait,
}

impl Promote {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        let connection = session.kms()?;
        let request = UpdatePrimaryRegionRequest {
            key_id: self.key.clone(),
            primary_region: self.region.clone(),
        };
        let send = async |channel, request| KmsClient::new(channel).update_primary_region(request).await;
        connection.call(Repeat::Safe, request, send).await?;
        let what = format!("the move of the primary to {}", self.region);
        let settled = |key: &KeyMetadata| key.key_state == "Enabled" && primary_region(key) == self.region;
        self.wait.for_key(&connection, &self.key, settled, &what).await?;
        let sentence = match self.wait.is_wanted() {
            true => format!("the primary of {} is in {} now", self.key, self.region),
            false => format!("the primary of {} is moving to {}", self.key, self.region),
        };
        output::done(session.format(), &sentence)
    }
}

/// The region of the key's primary; empty if the key is not multi-Region.
fn primary_region(key: &KeyMetadata) -> &str {
    key.multi_region_configuration
        .as_ref()
        .and_then(|configuration| configuration.primary_key.as_ref())
        .map_or("", |primary| &primary.region)
}
