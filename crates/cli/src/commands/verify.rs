//! `kmsctl verify`.

use std::path::PathBuf;

use clap::Args;
use kms_proto::kms::v1::VerifyRequest;
use kms_proto::kms::v1::kms_client::KmsClient;

use crate::connection::Repeat;
use crate::failure::Failure;
use crate::payload::{self, Encoding};
use crate::session::Session;
use crate::{input, json, output};

/// Arguments of `kmsctl verify`.
#[derive(Args, Debug)]
#[command(after_help = "\
Ends with 0 if the signature is valid, and with 8 if it is not. Every other exit code says nothing about it, nor
does a dry run.

  kmsctl verify alias/release --algorithm ECDSA_SHA_256 --in notes.txt --signature notes.sig")]
pub(crate) struct Verify {
    /// Key id, key ARN, alias name or alias ARN
    key: String,
    /// The algorithm that signed, as for `kmsctl sign`
    #[arg(long)]
    algorithm: String,
    /// What the input is: RAW, DIGEST or EXTERNAL_MU, as for `kmsctl sign` [default: RAW]
    #[arg(long, value_name = "TYPE")]
    message_type: Option<String>,
    /// Message or digest, 1 to 4,096 bytes as they are; - is standard input
    #[arg(long = "in", default_value = "-", value_name = "FILE")]
    input: PathBuf,
    /// Signature, base64 or (with --raw) as it is; - is standard input
    #[arg(long, value_name = "FILE")]
    signature: PathBuf,
    /// Read the signature as it is instead of base64
    #[arg(long)]
    raw: bool,
    /// Grant token; may be repeated
    #[arg(long = "grant-token", value_name = "TOKEN")]
    grant_tokens: Vec<String>,
    /// Check everything but the signature
    #[arg(long)]
    dry_run: bool,
}

impl Verify {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        payload::not_both_from_standard_input([("--in", &self.input), ("--signature", &self.signature)])?;
        let request = VerifyRequest {
            key_id: self.key.clone(),
            message: payload::read_plain(&self.input, &input::SIGNED_MESSAGE)?.to_vec(),
            message_type: self.message_type.clone(),
            signature: payload::read_blob(&self.signature, &input::SIGNATURE, Encoding::new(self.raw))?,
            signing_algorithm: self.algorithm.clone(),
            grant_tokens: self.grant_tokens.clone(),
            dry_run: self.dry_run.then_some(true),
        };
        let send = async |channel, request| KmsClient::new(channel).verify(request).await;
        let answer = session.kms()?.call(Repeat::Safe, request, send).await?;
        // The service never answers false; a script must not take an answer without the word for a valid one.
        if !answer.signature_valid {
            return Err(Failure::Incomplete("SignatureValid"));
        }
        output::print(session.format(), &json::of(&answer), || {
            "the signature is valid".to_owned()
        })
    }
}
