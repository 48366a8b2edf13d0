//! `kmsctl decapsulate`.

use std::path::PathBuf;

use clap::Args;
use kms_proto::kms::v1::DecapsulateRequest;
use kms_proto::kms::v1::kms_client::KmsClient;

use crate::connection::Repeat;
use crate::failure::Failure;
use crate::payload::{self, Encoding};
use crate::session::Session;
use crate::{answer, input};

/// Arguments of `kmsctl decapsulate`.
#[derive(Args, Debug)]
#[command(after_help = "\
An encapsulation that is not of this key, or was changed, gives another secret and no error (FIPS 203): only what
is done with the secret shows it.

  kmsctl decapsulate alias/channel --in secret.enc --out secret.bin")]
pub(crate) struct Decapsulate {
    /// Key id, key ARN, alias name or alias ARN
    key: String,
    /// Encapsulated shared secret, base64 or (with --raw) as it is; - is standard input
    #[arg(long = "in", default_value = "-", value_name = "FILE")]
    input: PathBuf,
    /// Where the shared secret goes, as it is and with mode 0600; - is standard output, as base64
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    out: Option<PathBuf>,
    /// Read the encapsulation, and write the shared secret to standard output, as they are instead of base64
    #[arg(long)]
    raw: bool,
    /// Encapsulation algorithm
    #[arg(long, default_value = "ML_KEM")]
    algorithm: String,
    /// Grant token; may be repeated
    #[arg(long = "grant-token", value_name = "TOKEN")]
    grant_tokens: Vec<String>,
    /// Check everything and decapsulate nothing
    #[arg(long)]
    dry_run: bool,
}

impl Decapsulate {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        let encoding = Encoding::new(self.raw);
        let request = DecapsulateRequest {
            key_id: self.key.clone(),
            shared_secret_ciphertext_blob: payload::read_blob(&self.input, &input::ENCAPSULATION, encoding)?,
            encapsulation_algorithm: self.algorithm.clone(),
            grant_tokens: self.grant_tokens.clone(),
            dry_run: self.dry_run.then_some(true),
        };
        let send = async |channel, request| KmsClient::new(channel).decapsulate(request).await;
        let answer = session.kms()?.call(Repeat::Safe, request, send).await?;
        answer::show_secret(
            session.format(),
            answer,
            "SharedSecret",
            |answer| &mut answer.shared_secret,
            self.out.as_deref(),
            encoding,
        )
    }
}
