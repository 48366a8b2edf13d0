//! `kmsctl public-key`: GetPublicKey.

use std::path::PathBuf;

use clap::Args;
use kms_proto::kms::v1::GetPublicKeyRequest;
use kms_proto::kms::v1::kms_client::KmsClient;

use crate::answer;
use crate::connection::Repeat;
use crate::failure::Failure;
use crate::key_file::{self, Form};
use crate::session::Session;

/// Arguments of `kmsctl public-key`.
#[derive(Args, Debug)]
#[command(after_help = "\
The key is a SubjectPublicKeyInfo (RFC 5280). With --output json and without --out it is the member PublicKey of
the answer: its DER as base64, with the algorithms that the key is for.

  kmsctl public-key alias/release --out release.pem
  openssl dgst -sha256 -verify release.pem -signature release.sig release.tar")]
pub(crate) struct PublicKey {
    /// Key id, key ARN, alias name or alias ARN of an asymmetric key
    key: String,
    /// Where the public key goes [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the public key as DER instead of PEM
    #[arg(long)]
    der: bool,
    /// Grant token; may be repeated
    #[arg(long = "grant-token", value_name = "TOKEN")]
    grant_tokens: Vec<String>,
}

impl PublicKey {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        let request = GetPublicKeyRequest {
            key_id: self.key.clone(),
            grant_tokens: self.grant_tokens.clone(),
        };
        let send = async |channel, request| KmsClient::new(channel).get_public_key(request).await;
        let answer = session.kms()?.call(Repeat::Safe, request, send).await?;
        let write =
            |out: Option<&_>| key_file::write_public_key(out, &answer.public_key, Form::new(self.der));
        answer::show_blob(session.format(), &answer, "PublicKey", self.out.as_deref(), write)
    }
}
