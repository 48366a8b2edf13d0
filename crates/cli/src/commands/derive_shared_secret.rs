//! `kmsctl derive-shared-secret`.

use std::path::PathBuf;

use clap::Args;
use kms_proto::kms::v1::DeriveSharedSecretRequest;
use kms_proto::kms::v1::kms_client::KmsClient;

use crate::connection::Repeat;
use crate::failure::Failure;
use crate::payload::Encoding;
use crate::session::Session;
use crate::{answer, key_file};

/// Arguments of `kmsctl derive-shared-secret`.
#[derive(Args, Debug)]
#[command(after_help = "\
The shared secret is no key yet: derive keys from it (HKDF, for one).

  kmsctl derive-shared-secret alias/agreement --public-key theirs.pem --out secret.bin")]
pub(crate) struct DeriveSharedSecret {
    /// Key id, key ARN, alias name or alias ARN
    key: String,
    /// The other party's public key on the key's curve, PEM or DER; - is standard input
    #[arg(long, value_name = "FILE")]
    public_key: PathBuf,
    /// Where the shared secret goes, as it is and with mode 0600; - is standard output, as base64
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    out: Option<PathBuf>,
    /// Write the shared secret to standard output as it is instead of base64
    #[arg(long)]
    raw: bool,
    /// Key agreement algorithm
    #[arg(long, default_value = "ECDH")]
    algorithm: String,
    /// Grant token; may be repeated
    #[arg(long = "grant-token", value_name = "TOKEN")]
    grant_tokens: Vec<String>,
    /// Check everything and derive nothing
    #[arg(long)]
    dry_run: bool,
}

impl DeriveSharedSecret {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        let request = DeriveSharedSecretRequest {
            key_id: self.key.clone(),
            key_agreement_algorithm: self.algorithm.clone(),
            public_key: key_file::read_public_key(&self.public_key)?,
            grant_tokens: self.grant_tokens.clone(),
            dry_run: self.dry_run.then_some(true),
            recipient: None,
        };
        let send = async |channel, request| KmsClient::new(channel).derive_shared_secret(request).await;
        let answer = session.kms()?.call(Repeat::Safe, request, send).await?;
        answer::show_secret(
            session.format(),
            answer,
            "SharedSecret",
            |answer| &mut answer.shared_secret,
            self.out.as_deref(),
            Encoding::new(self.raw),
        )
    }
}
