//! `kmsctl encapsulate`.

use std::path::PathBuf;

use clap::Args;
use kms_proto::kms::v1::EncapsulateRequest;
use kms_proto::kms::v1::kms_client::KmsClient;
use zeroize::Zeroizing;

use crate::answer::{Part, Parts};
use crate::connection::Repeat;
use crate::failure::Failure;
use crate::json;
use crate::output::Column;
use crate::payload::{self, Encoding};
use crate::session::Session;

/// Arguments of `kmsctl encapsulate`.
#[derive(Args, Debug)]
#[command(after_help = "\
Whoever may decapsulate with the key gets the same secret from the encapsulation.

  kmsctl encapsulate alias/channel --shared-secret-out secret.bin --ciphertext-out secret.enc")]
pub(crate) struct Encapsulate {
    /// Key id, key ARN, alias name or alias ARN
    key: String,
    /// Where the shared secret goes, as it is and with mode 0600; - is standard output, as base64
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    shared_secret_out: Option<PathBuf>,
    /// Where the encapsulation goes [default: shown in the answer]
    #[arg(long, value_name = "FILE")]
    ciphertext_out: Option<PathBuf>,
    /// Write both as they are instead of base64 (the shared secret in a file is always as it is)
    #[arg(long)]
    raw: bool,
    /// Encapsulation algorithm
    #[arg(long, default_value = "ML_KEM")]
    algorithm: String,
    /// Grant token; may be repeated
    #[arg(long = "grant-token", value_name = "TOKEN")]
    grant_tokens: Vec<String>,
    /// Check everything and make nothing
    #[arg(long)]
    dry_run: bool,
}

const LINES: &[Column] = &[
    ("key", "/KeyId"),
    ("algorithm", "/EncapsulationAlgorithm"),
    ("encapsulation", "/SharedSecretCiphertextBlob"),
];

impl Encapsulate {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        let parts = Parts::new(self.parts())?;
        let request = EncapsulateRequest {
            key_id: self.key.clone(),
            encapsulation_algorithm: self.algorithm.clone(),
            grant_tokens: self.grant_tokens.clone(),
            dry_run: self.dry_run.then_some(true),
        };
        let send = async |channel, request| KmsClient::new(channel).encapsulate(request).await;
        let mut answer = session.kms()?.call(Repeat::Safe, request, send).await?;
        let secret = Zeroizing::new(std::mem::take(&mut answer.shared_secret));
        // The encapsulation first: a secret that is used but whose encapsulation is lost is shared with nobody.
        if let Some(path) = &self.ciphertext_out {
            let blob = &answer.shared_secret_ciphertext_blob;
            payload::write_blob(Some(path), blob, Encoding::new(self.raw))?;
        }
        if let Some(path) = &self.shared_secret_out {
            payload::place_secret(path, &secret, Encoding::new(self.raw))?;
        }
        parts.show_rest(session.format(), json::of(&answer), LINES)
    }

    /// A dry run may do without a place for the secret, which it does not make.
    fn parts(&self) -> Vec<Part<'_>> {
        let secret = self.shared_secret_out.as_deref().map(|path| Part {
            member: "SharedSecret",
            option: "--shared-secret-out",
            place: Some(path),
        });
        let ciphertext = Part {
            member: "SharedSecretCiphertextBlob",
            option: "--ciphertext-out",
            place: self.ciphertext_out.as_deref(),
        };
        secret.into_iter().chain([ciphertext]).collect()
    }
}
