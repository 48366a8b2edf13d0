//! `kmsctl encrypt`.

use std::path::PathBuf;

use clap::Args;
use kms_proto::kms::v1::EncryptRequest;
use kms_proto::kms::v1::kms_client::KmsClient;

use crate::connection::Repeat;
use crate::failure::Failure;
use crate::payload::{self, Encoding};
use crate::session::Session;
use crate::{answer, input, parse};

/// Arguments of `kmsctl encrypt`.
#[derive(Args, Debug)]
#[command(after_help = "\
The ciphertext is written as base64, or as it is with --raw. With --output json and without --out it is the
member CiphertextBlob of the answer.

  echo -n secret | kmsctl encrypt alias/orders -e tenant=7 --out secret.kms")]
pub(crate) struct Encrypt {
    /// Key id, key ARN, alias name or alias ARN
    key: String,
    /// Plaintext, 1 to 4,096 bytes; - is standard input
    #[arg(long = "in", default_value = "-", value_name = "FILE")]
    input: PathBuf,
    /// Where the ciphertext goes [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the ciphertext as it is instead of base64
    #[arg(long)]
    raw: bool,
    /// Encryption context; may be repeated. Decrypting needs the same. Not with an RSA key
    #[arg(long, short, value_name = "KEY=VALUE", value_parser = parse::pair)]
    encryption_context: Vec<(String, String)>,
    /// SYMMETRIC_DEFAULT, or RSAES_OAEP_SHA_1 or RSAES_OAEP_SHA_256 for an RSA key, whose size limits the
    /// plaintext [default: SYMMETRIC_DEFAULT]
    #[arg(long)]
    algorithm: Option<String>,
    /// Grant token; may be repeated
    #[arg(long = "grant-token", value_name = "TOKEN")]
    grant_tokens: Vec<String>,
    /// Check everything and encrypt nothing
    #[arg(long)]
    dry_run: bool,
}

impl Encrypt {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        let request = EncryptRequest {
            key_id: self.key.clone(),
            encryption_context: parse::encryption_context(&self.encryption_context)?,
            plaintext: payload::read_plain(&self.input, &input::PLAINTEXT)?.to_vec(),
            grant_tokens: self.grant_tokens.clone(),
            encryption_algorithm: self.algorithm.clone(),
            dry_run: self.dry_run.then_some(true),
        };
        let send = async |channel, request| KmsClient::new(channel).encrypt(request).await;
        let answer = session.kms()?.call(Repeat::Safe, request, send).await?;
        let write =
            |out: Option<&_>| payload::write_blob(out, &answer.ciphertext_blob, Encoding::new(self.raw));
        answer::show_blob(
            session.format(),
            &answer,
            "CiphertextBlob",
            self.out.as_deref(),
            write,
        )
    }
}
