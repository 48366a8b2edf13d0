//! `kmsctl decrypt`.

use std::path::PathBuf;

use clap::Args;
use kms_proto::kms::v1::DecryptRequest;
use kms_proto::kms::v1::kms_client::KmsClient;
use zeroize::Zeroizing;

use crate::connection::Repeat;
use crate::failure::Failure;
use crate::output::Format;
use crate::payload::{self, Encoding};
use crate::session::Session;
use crate::{input, json, output, parse};

/// Arguments of `kmsctl decrypt`.
#[derive(Args, Debug)]
#[command(after_help = "\
The plaintext is written as it is, to standard output or to a file with mode 0600. With --output json and
without --out it is the member Plaintext of the answer, as base64.

  kmsctl decrypt --in secret.kms -e tenant=7
  kmsctl decrypt --in secret.kms --key alias/rsa --algorithm RSAES_OAEP_SHA_256")]
pub(crate) struct Decrypt {
    /// Ciphertext, base64 or (with --raw) as it is; - is standard input
    #[arg(long = "in", default_value = "-", value_name = "FILE")]
    input: PathBuf,
    /// Where the plaintext goes [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Read the ciphertext as it is instead of base64
    #[arg(long)]
    raw: bool,
    /// Insist on this key (key id, key ARN, alias name or alias ARN). An RSA key must be named: its ciphertexts do
    /// not tell it
    #[arg(long)]
    key: Option<String>,
    /// Encryption context; may be repeated
    #[arg(long, short, value_name = "KEY=VALUE", value_parser = parse::pair)]
    encryption_context: Vec<(String, String)>,
    /// The algorithm that encrypted: SYMMETRIC_DEFAULT, RSAES_OAEP_SHA_1 or RSAES_OAEP_SHA_256
    /// [default: SYMMETRIC_DEFAULT]
    #[arg(long)]
    algorithm: Option<String>,
    /// Grant token; may be repeated
    #[arg(long = "grant-token", value_name = "TOKEN")]
    grant_tokens: Vec<String>,
    /// Check everything and decrypt nothing
    #[arg(long)]
    dry_run: bool,
}

impl Decrypt {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        let request = DecryptRequest {
            ciphertext_blob: Some(payload::read_blob(
                &self.input,
                &input::CIPHERTEXT,
                Encoding::new(self.raw),
            )?),
            encryption_context: parse::encryption_context(&self.encryption_context)?,
            grant_tokens: self.grant_tokens.clone(),
            key_id: self.key.clone(),
            encryption_algorithm: self.algorithm.clone(),
            recipient: None,
            dry_run: self.dry_run.then_some(true),
            dry_run_modifiers: Vec::new(),
        };
        let send = async |channel, request| KmsClient::new(channel).decrypt(request).await;
        let mut answer = session.kms()?.call(Repeat::Safe, request, send).await?;
        let to_json = self.out.is_none() && session.format() == Format::Json;
        if to_json {
            return output::print_text(&output::json_text(&json::of(&answer)));
        }
        let plaintext = Zeroizing::new(std::mem::take(&mut answer.plaintext));
        payload::write_secret(self.out.as_deref(), &plaintext, Encoding::Raw)?;
        if session.format() == Format::Table {
            return Ok(());
        }
        let mut value = json::of(&answer);
        value.as_object_mut().map(|members| members.remove("Plaintext"));
        output::print_text(&output::json_text(&value))
    }
}
