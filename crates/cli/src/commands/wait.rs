//! Waiting for what the service does after it has answered.

use std::time::Duration;

use clap::Args;
use kms_proto::kms::v1::kms_client::KmsClient;
use kms_proto::kms::v1::{DescribeKeyRequest, KeyMetadata};
use tokio::time::{Instant, sleep};

use crate::connection::{Connection, Repeat};
use crate::failure::Failure;
use crate::parse;

/// How often to look.
const INTERVAL: Duration = Duration::from_millis(200);

/// `--wait[=TIME]`.
#[derive(Args, Debug)]
pub(crate) struct Wait {
    /// Return only when it has settled; fail with exit code 6 after TIME [default: 30s]
    #[arg(long = "wait", value_name = "TIME", value_parser = parse::duration, num_args = 0..=1, require_equals = true, default_missing_value = "30s")]
    limit: Option<Duration>,
}

impl Wait {
    /// Whether waiting was asked for.
    pub(crate) fn is_wanted(&self) -> bool {
        self.limit.is_some()
    }

    /// Looks at the key until `settled`; a key that is not there yet, or a region that does not answer, is looked
    /// at again. Does nothing if waiting was not asked for.
    pub(crate) async fn for_key(
        &self,
        connection: &Connection,
        key_id: &str,
        settled: impl Fn(&KeyMetadata) -> bool,
        what: &str,
    ) -> Result<(), Failure> {
        let Some(limit) = self.limit else { return Ok(()) };
        let deadline = Instant::now() + limit;
        loop {
            let state = match describe(connection, key_id).await {
                Ok(key) if settled(&key) => return Ok(()),
                Ok(key) => format!("the key is {}", key.key_state),
                Err(failure) => failure.to_string(),
            };
            if Instant::now() + INTERVAL >= deadline {
                return Err(Failure::NotYet(format!(
                    "{what} did not settle in {} s: {state}",
                    limit.as_secs()
                )));
            }
            sleep(INTERVAL).await;
        }
    }
}

/// DescribeKey.
pub(crate) async fn describe(connection: &Connection, key_id: &str) -> Result<KeyMetadata, Failure> {
    let request = DescribeKeyRequest {
        key_id: key_id.to_owned(),
        grant_tokens: Vec::new(),
    };
    connection
        .call(Repeat::Safe, request, async |channel, request| {
            KmsClient::new(channel).describe_key(request).await
        })
        .await?
        .key_metadata
        .ok_or(Failure::Incomplete("KeyMetadata"))
}
