//! `kmsctl random`.

use std::path::PathBuf;

use clap::Args;
use kms_proto::kms::v1::GenerateRandomRequest;
use kms_proto::kms::v1::kms_client::KmsClient;
use zeroize::Zeroizing;

use crate::connection::Repeat;
use crate::failure::Failure;
use crate::output::Format;
use crate::payload::{self, Encoding};
use crate::session::Session;
use crate::{json, output};

/// Arguments of `kmsctl random`.
#[derive(Args, Debug)]
pub(crate) struct Random {
    /// How many, 1 to 1024
    #[arg(value_parser = clap::value_parser!(i32).range(1..=1024))]
    bytes: i32,
    /// Write them as they are instead of base64
    #[arg(long)]
    raw: bool,
    /// Write them to a file with mode 0600
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Random {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        let request = GenerateRandomRequest {
            number_of_bytes: Some(self.bytes),
            custom_key_store_id: None,
            recipient: None,
        };
        let send = async |channel, request| KmsClient::new(channel).generate_random(request).await;
        let mut answer = session.kms()?.call(Repeat::Safe, request, send).await?;
        if self.out.is_none() && session.format() == Format::Json {
            return output::print_text(&output::json_text(&json::of(&answer)));
        }
        let bytes = Zeroizing::new(std::mem::take(&mut answer.plaintext));
        payload::write_secret(self.out.as_deref(), &bytes, Encoding::new(self.raw))
    }
}
