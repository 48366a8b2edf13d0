//! `kmsctl data-key-pair`: GenerateDataKeyPair, and GenerateDataKeyPairWithoutPlaintext when nobody asks for the
//! private key.

use std::path::{Path, PathBuf};

use clap::Args;
use kms_proto::kms::v1::kms_client::KmsClient;
use kms_proto::kms::v1::{GenerateDataKeyPairRequest, GenerateDataKeyPairWithoutPlaintextRequest};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::answer::{Part, Parts};
use crate::connection::Repeat;
use crate::failure::Failure;
use crate::key_file::{self, Form};
use crate::output::Column;
use crate::payload::{self, Encoding};
use crate::session::Session;
use crate::{json, parse};

/// Arguments of `kmsctl data-key-pair`.
#[derive(Args, Debug)]
#[command(after_help = "\
Without --private-key-out the private key is made encrypted only, for later use with `kmsctl decrypt`, which
gives its DER.

  kmsctl data-key-pair alias/backup --spec ECC_NIST_P256 --ciphertext-out key.kms --public-key-out public.pem")]
pub(crate) struct DataKeyPair {
    /// Key id, key ARN, alias name or alias ARN of a symmetric key
    key: String,
    /// RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521, ECC_SECG_P256K1,
    /// ECC_NIST_EDWARDS25519, ML_KEM_512, ML_KEM_768 or ML_KEM_1024
    #[arg(long)]
    spec: String,
    /// Where the private key goes (PKCS #8), with mode 0600; - is standard output
    #[arg(long, value_name = "FILE")]
    private_key_out: Option<PathBuf>,
    /// Where the encrypted private key goes [default: shown in the answer]
    #[arg(long, value_name = "FILE")]
    ciphertext_out: Option<PathBuf>,
    /// Where the public key goes (SubjectPublicKeyInfo) [default: shown in the answer]
    #[arg(long, value_name = "FILE")]
    public_key_out: Option<PathBuf>,
    /// Write both keys as DER instead of PEM
    #[arg(long)]
    der: bool,
    /// Write the encrypted private key as it is instead of base64
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
    ("spec", "/KeyPairSpec"),
    ("encrypted private key", "/PrivateKeyCiphertextBlob"),
    ("public key", "/PublicKey"),
];

impl DataKeyPair {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        let parts = Parts::new(self.parts())?;
        let value = match &self.private_key_out {
            Some(path) => self.with_plaintext(session, path).await?,
            None => self.without_plaintext(session).await?,
        };
        parts.show_rest(session.format(), value, LINES)
    }

    /// The private key is no part of the answer when nobody asks for it.
    fn parts(&self) -> Vec<Part<'_>> {
        let private_key = self.private_key_out.as_deref().map(|path| Part {
            member: "PrivateKeyPlaintext",
            option: "--private-key-out",
            place: Some(path),
        });
        let ciphertext = Part {
            member: "PrivateKeyCiphertextBlob",
            option: "--ciphertext-out",
            place: self.ciphertext_out.as_deref(),
        };
        let public_key = Part {
            member: "PublicKey",
            option: "--public-key-out",
            place: self.public_key_out.as_deref(),
        };
        private_key.into_iter().chain([ciphertext, public_key]).collect()
    }

    /// Makes a pair, writes its private key to `path`, and gives the rest of the answer.
    async fn with_plaintext(&self, session: &Session, path: &Path) -> Result<Value, Failure> {
        let request = GenerateDataKeyPairRequest {
            encryption_context: parse::encryption_context(&self.encryption_context)?,
            key_id: self.key.clone(),
            key_pair_spec: self.spec.clone(),
            grant_tokens: self.grant_tokens.clone(),
            recipient: None,
            dry_run: self.dry_run.then_some(true),
        };
        let send = async |channel, request| KmsClient::new(channel).generate_data_key_pair(request).await;
        let mut answer = session.kms()?.call(Repeat::Safe, request, send).await?;
        let private_key = Zeroizing::new(std::mem::take(&mut answer.private_key_plaintext));
        // The private key last: one that is used but whose ciphertext is lost loses what it is needed for.
        self.write_others(&answer.private_key_ciphertext_blob, &answer.public_key)?;
        key_file::write_private_key(path, &private_key, Form::new(self.der))?;
        Ok(json::of(&answer))
    }

    async fn without_plaintext(&self, session: &Session) -> Result<Value, Failure> {
        let request = GenerateDataKeyPairWithoutPlaintextRequest {
            encryption_context: parse::encryption_context(&self.encryption_context)?,
            key_id: self.key.clone(),
            key_pair_spec: self.spec.clone(),
            grant_tokens: self.grant_tokens.clone(),
            dry_run: self.dry_run.then_some(true),
        };
        let send = async |channel, request| {
            KmsClient::new(channel)
                .generate_data_key_pair_without_plaintext(request)
                .await
        };
        let answer = session.kms()?.call(Repeat::Safe, request, send).await?;
        self.write_others(&answer.private_key_ciphertext_blob, &answer.public_key)?;
        Ok(json::of(&answer))
    }

    /// Writes what is no secret where the caller wants it.
    fn write_others(&self, ciphertext: &[u8], public_key: &[u8]) -> Result<(), Failure> {
        if let Some(path) = &self.ciphertext_out {
            payload::write_blob(Some(path), ciphertext, Encoding::new(self.raw))?;
        }
        match &self.public_key_out {
            Some(path) => key_file::write_public_key(Some(path), public_key, Form::new(self.der)),
            None => Ok(()),
        }
    }
}
