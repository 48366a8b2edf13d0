//! `kmsctl data-key`: GenerateDataKey, and GenerateDataKeyWithoutPlaintext when nobody asks for the plaintext.

use std::path::{Path, PathBuf};

use clap::Args;
use kms_proto::kms::v1::kms_client::KmsClient;
use kms_proto::kms::v1::{GenerateDataKeyRequest, GenerateDataKeyWithoutPlaintextRequest};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::answer::{Part, Parts};
use crate::connection::Repeat;
use crate::failure::Failure;
use crate::output::Column;
use crate::payload::{self, Encoding};
use crate::session::Session;
use crate::{json, parse};

/// Arguments of `kmsctl data-key`.
#[derive(Args, Debug)]
#[command(after_help = "\
Without --plaintext-out the data key is made encrypted only, for later use with `kmsctl decrypt`.

  kmsctl data-key alias/backup --ciphertext-out key.kms --plaintext-out key.bin")]
pub(crate) struct DataKey {
    /// Key id, key ARN, alias name or alias ARN of a symmetric key
    key: String,
    /// AES_256 or AES_128 [default: AES_256]
    #[arg(long, conflicts_with = "bytes")]
    spec: Option<String>,
    /// Length of the data key instead of a spec, 1 to 1024
    #[arg(long)]
    bytes: Option<i32>,
    /// Where the data key goes, with mode 0600; - is standard output
    #[arg(long, value_name = "FILE")]
    plaintext_out: Option<PathBuf>,
    /// Where the encrypted data key goes [default: shown in the answer]
    #[arg(long, value_name = "FILE")]
    ciphertext_out: Option<PathBuf>,
    /// Write both as they are instead of base64 (the data key in a file is always as it is)
    #[arg(long)]
    raw: bool,
    /// Encryption context; may be repeated
    #[arg(long, short, value_name = "KEY=VALUE", value_parser = parse::pair)]
    encryption_context: Vec<(String, String)>,
    /// Grant token; may be repeated
    #[arg(long = "grant-token", value_name = "TOKEN")]
    grant_tokens: Vec<String>,
    /// Check everything and make nothing
    #[arg(long)]
    dry_run: bool,
}

const LINES: &[Column] = &[
    ("key", "/KeyId"),
    ("key material", "/KeyMaterialId"),
    ("encrypted data key", "/CiphertextBlob"),
];

impl DataKey {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        let parts = Parts::new(self.parts())?;
        let value = match &self.plaintext_out {
            Some(path) => self.with_plaintext(session, path).await?,
            None => self.without_plaintext(session).await?,
        };
        parts.show_rest(session.format(), value, LINES)
    }

    /// The data key is no part of the answer when nobody asks for it.
    fn parts(&self) -> Vec<Part<'_>> {
        let plaintext = self.plaintext_out.as_deref().map(|path| Part {
            member: "Plaintext",
            option: "--plaintext-out",
            place: Some(path),
        });
        let ciphertext = Part {
            member: "CiphertextBlob",
            option: "--ciphertext-out",
            place: self.ciphertext_out.as_deref(),
        };
        plaintext.into_iter().chain([ciphertext]).collect()
    }

    /// AES_256 unless the caller says otherwise.
    fn spec(&self) -> Option<String> {
        match self.bytes {
            Some(_) => None,
            None => Some(self.spec.clone().unwrap_or_else(|| "AES_256".to_owned())),
        }
    }

    /// Makes a data key, writes it to `path`, and gives the rest of the answer.
    async fn with_plaintext(&self, session: &Session, path: &Path) -> Result<Value, Failure> {
        let request = GenerateDataKeyRequest {
            key_id: self.key.clone(),
            encryption_context: parse::encryption_context(&self.encryption_context)?,
            number_of_bytes: self.bytes,
            key_spec: self.spec(),
            grant_tokens: self.grant_tokens.clone(),
            recipient: None,
            dry_run: self.dry_run.then_some(true),
        };
        let send = async |channel, request| KmsClient::new(channel).generate_data_key(request).await;
        let mut answer = session.kms()?.call(Repeat::Safe, request, send).await?;
        let plaintext = Zeroizing::new(std::mem::take(&mut answer.plaintext));
        // The ciphertext first: a data key that is used but whose ciphertext is lost loses what it encrypts.
        self.write_ciphertext(&answer.ciphertext_blob)?;
        payload::place_secret(path, &plaintext, Encoding::new(self.raw))?;
        Ok(json::of(&answer))
    }

    async fn without_plaintext(&self, session: &Session) -> Result<Value, Failure> {
        let request = GenerateDataKeyWithoutPlaintextRequest {
            key_id: self.key.clone(),
            encryption_context: parse::encryption_context(&self.encryption_context)?,
            key_spec: self.spec(),
            number_of_bytes: self.bytes,
            grant_tokens: self.grant_tokens.clone(),
            dry_run: self.dry_run.then_some(true),
        };
        let send = async |channel, request| {
            KmsClient::new(channel)
                .generate_data_key_without_plaintext(request)
                .await
        };
        let answer = session.kms()?.call(Repeat::Safe, request, send).await?;
        self.write_ciphertext(&answer.ciphertext_blob)?;
        Ok(json::of(&answer))
    }

    fn write_ciphertext(&self, ciphertext: &[u8]) -> Result<(), Failure> {
        match &self.ciphertext_out {
            Some(path) => payload::write_blob(Some(path), ciphertext, Encoding::new(self.raw)),
            None => Ok(()),
        }
    }
}
