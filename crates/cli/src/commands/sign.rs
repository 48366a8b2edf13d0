//! `kmsctl sign`.

use std::path::PathBuf;

use clap::Args;
use kms_proto::kms::v1::SignRequest;
use kms_proto::kms::v1::kms_client::KmsClient;

use crate::connection::Repeat;
use crate::failure::Failure;
use crate::payload::{self, Encoding};
use crate::session::Session;
use crate::{answer, input};

/// Arguments of `kmsctl sign`.
#[derive(Args, Debug)]
#[command(after_help = "\
The signature is written as base64, or as it is with --raw. With --output json and without --out it is the
member Signature of the answer. What is longer than 4,096 bytes is signed by its digest; --raw is for OpenSSL,
which verifies it with what `kmsctl public-key` writes:

  openssl dgst -sha256 -binary release.tar |
    kmsctl sign alias/release --algorithm ECDSA_SHA_256 --message-type DIGEST --raw --out release.sig")]
pub(crate) struct Sign {
    /// Key id, key ARN, alias name or alias ARN
    key: String,
    /// RSASSA_PSS_SHA_256, RSASSA_PKCS1_V1_5_SHA_256 or ECDSA_SHA_256 (or _384, _512), ED25519_SHA_512,
    /// ED25519_PH_SHA_512 or ML_DSA_SHAKE_256
    #[arg(long)]
    algorithm: String,
    /// What the input is: RAW, the message; DIGEST, its digest; or EXTERNAL_MU, its representative for ML-DSA
    /// [default: RAW]
    #[arg(long, value_name = "TYPE")]
    message_type: Option<String>,
    /// Message or digest, 1 to 4,096 bytes as they are; - is standard input
    #[arg(long = "in", default_value = "-", value_name = "FILE")]
    input: PathBuf,
    /// Where the signature goes [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the signature as it is instead of base64
    #[arg(long)]
    raw: bool,
    /// Grant token; may be repeated
    #[arg(long = "grant-token", value_name = "TOKEN")]
    grant_tokens: Vec<String>,
    /// Check everything and sign nothing
    #[arg(long)]
    dry_run: bool,
}

impl Sign {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        let request = SignRequest {
            key_id: self.key.clone(),
            message: payload::read_plain(&self.input, &input::SIGNED_MESSAGE)?.to_vec(),
            message_type: self.message_type.clone(),
            grant_tokens: self.grant_tokens.clone(),
            signing_algorithm: self.algorithm.clone(),
            dry_run: self.dry_run.then_some(true),
        };
        let send = async |channel, request| KmsClient::new(channel).sign(request).await;
        let answer = session.kms()?.call(Repeat::Safe, request, send).await?;
        let write = |out: Option<&_>| payload::write_blob(out, &answer.signature, Encoding::new(self.raw));
        answer::show_blob(session.format(), &answer, "Signature", self.out.as_deref(), write)
    }
}
