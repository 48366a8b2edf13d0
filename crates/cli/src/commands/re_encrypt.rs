//! `kmsctl re-encrypt`.

use std::path::PathBuf;

use clap::Args;
use kms_proto::kms::v1::ReEncryptRequest;
use kms_proto::kms::v1::kms_client::KmsClient;

use crate::connection::Repeat;
use crate::failure::Failure;
use crate::payload::{self, Encoding};
use crate::session::Session;
use crate::{answer, input, parse};

/// Arguments of `kmsctl re-encrypt`.
#[derive(Args, Debug)]
#[command(after_help = "\
Ciphertexts are read and written as base64, or as they are with --raw. With --output json and without --out the
new one is the member CiphertextBlob of the answer. The ciphertext of an RSA key needs --from and
--source-algorithm, because it does not tell them itself:

  kmsctl re-encrypt --in old.kms --from alias/rsa --source-algorithm RSAES_OAEP_SHA_256 --to alias/new")]
pub(crate) struct ReEncrypt {
    /// The key to encrypt with (key id, key ARN, alias name or alias ARN)
    #[arg(long, value_name = "KEY")]
    to: String,
    /// Insist that the ciphertext is of this key; an RSA key must be named
    #[arg(long, value_name = "KEY")]
    from: Option<String>,
    /// Ciphertext; - is standard input
    #[arg(long = "in", default_value = "-", value_name = "FILE")]
    input: PathBuf,
    /// Where the new ciphertext goes [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Read and write ciphertexts as they are instead of base64
    #[arg(long)]
    raw: bool,
    /// Encryption context of the ciphertext; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse::pair)]
    source_encryption_context: Vec<(String, String)>,
    /// Encryption context for the new ciphertext; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = parse::pair)]
    destination_encryption_context: Vec<(String, String)>,
    /// Algorithm of the ciphertext: SYMMETRIC_DEFAULT, RSAES_OAEP_SHA_1 or RSAES_OAEP_SHA_256
    /// [default: SYMMETRIC_DEFAULT]
    #[arg(long, value_name = "ALGORITHM")]
    source_algorithm: Option<String>,
    /// Algorithm for the new ciphertext, of the same ones [default: SYMMETRIC_DEFAULT]
    #[arg(long, value_name = "ALGORITHM")]
    destination_algorithm: Option<String>,
    /// Grant token; may be repeated
    #[arg(long = "grant-token", value_name = "TOKEN")]
    grant_tokens: Vec<String>,
    /// Check everything and encrypt nothing
    #[arg(long)]
    dry_run: bool,
}

impl ReEncrypt {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        let encoding = Encoding::new(self.raw);
        let request = ReEncryptRequest {
            ciphertext_blob: Some(payload::read_blob(&self.input, &input::CIPHERTEXT, encoding)?),
            source_encryption_context: parse::encryption_context(&self.source_encryption_context)?,
            source_key_id: self.from.clone(),
            destination_key_id: self.to.clone(),
            destination_encryption_context: parse::encryption_context(&self.destination_encryption_context)?,
            source_encryption_algorithm: self.source_algorithm.clone(),
            destination_encryption_algorithm: self.destination_algorithm.clone(),
            grant_tokens: self.grant_tokens.clone(),
            dry_run: self.dry_run.then_some(true),
            dry_run_modifiers: Vec::new(),
        };
        let send = async |channel, request| KmsClient::new(channel).re_encrypt(request).await;
        let answer = session.kms()?.call(Repeat::Safe, request, send).await?;
        let write = |out: Option<&_>| payload::write_blob(out, &answer.ciphertext_blob, encoding);
        answer::show_blob(
            session.format(),
            &answer,
            "CiphertextBlob",
            self.out.as_deref(),
            write,
        )
    }
}
