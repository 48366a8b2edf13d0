//! The measured calls, and the connections they go over.

use crate::bench::load::{Measured, closed_loop, open_loop};
use crate::client::{Credentials, Kms, exception};
use crate::cluster::Cluster;
use anyhow::Context;
use kms_proto::kms::v1::kms_client::KmsClient;
use kms_proto::kms::v1::{
    CreateKeyRequest, DecryptRequest, EncryptRequest, GenerateDataKeyRequest, SignRequest,
};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tonic::Status;

/// Connections that the callers share.
pub const CONNECTIONS: usize = 4;

/// Callers of the closed loops.
pub const CALLERS: usize = 64;

/// Bytes of the plaintext.
pub const PLAINTEXT_BYTES: usize = 1_024;

/// A measured call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Operation {
    /// Encrypt of 1 KiB.
    Encrypt,
    /// Decrypt to 1 KiB.
    Decrypt,
    /// GenerateDataKey, AES_256.
    GenerateDataKey,
    /// Sign of 1 KiB, ECDSA_SHA_256 under ECC_NIST_P256.
    SignP256,
    /// Sign of 1 KiB, RSASSA_PSS_SHA_256 under RSA_2048.
    SignRsa2048,
    /// CreateKey, SYMMETRIC_DEFAULT.
    CreateKey,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Encrypt => "Encrypt 1 KiB",
            Self::Decrypt => "Decrypt 1 KiB",
            Self::GenerateDataKey => "GenerateDataKey",
            Self::SignP256 => "Sign, P-256",
            Self::SignRsa2048 => "Sign, RSA-2048",
            Self::CreateKey => "CreateKey",
        })
    }
}

/// Keys and a ciphertext to work with.
#[derive(Debug)]
pub struct Material {
    /// The encrypting key's id.
    pub key_id: String,
    /// The id of a key that signs by ECDSA on P-256.
    pub p256_key_id: String,
    /// The id of a key that signs by RSA, 2,048 bits.
    pub rsa_2048_key_id: String,
    /// What is encrypted.
    pub plaintext: Vec<u8>,
    /// What is decrypted.
    pub ciphertext: Vec<u8>,
}

impl Material {
    /// Makes keys and a ciphertext.
    ///
    /// # Errors
    /// What the node answers.
    pub async fn make(kms: &mut Kms) -> anyhow::Result<Self> {
        let key_id = make_key(kms, CreateKeyRequest::default()).await?;
        let plaintext = vec![0x5a; PLAINTEXT_BYTES];
        let request = EncryptRequest {
            key_id: key_id.clone(),
            plaintext: plaintext.clone(),
            ..Default::default()
        };
        let ciphertext = kms.encrypt(request).await?.into_inner().ciphertext_blob;
        Ok(Self {
            key_id,
            p256_key_id: make_key(kms, signs("ECC_NIST_P256")).await?,
            rsa_2048_key_id: make_key(kms, signs("RSA_2048")).await?,
            plaintext,
            ciphertext,
        })
    }
}

async fn make_key(kms: &mut Kms, request: CreateKeyRequest) -> anyhow::Result<String> {
    let made = kms.create_key(request).await?.into_inner();
    Ok(made.key_metadata.context("CreateKey answers metadata")?.key_id)
}

fn signs(spec: &str) -> CreateKeyRequest {
    CreateKeyRequest {
        key_spec: Some(spec.to_owned()),
        key_usage: Some("SIGN_VERIFY".to_owned()),
        ..Default::default()
    }
}

/// Connections to one server.
#[derive(Debug, Clone)]
pub struct Connections {
    clients: Arc<Vec<Kms>>,
}

impl Connections {
    /// Connections to an address, as the account's administrator. Each is opened by its first call.
    ///
    /// # Errors
    /// When certificates cannot be read.
    pub fn open(cluster: &Cluster, address: &str) -> anyhow::Result<Self> {
        let files = cluster.caller_files();
        let credentials = Credentials {
            identity: Some((&files.certificate, &files.key)),
            server_ca: &cluster.client_ca(),
            server_name: "localhost",
        };
        let clients: anyhow::Result<Vec<Kms>> = (0..CONNECTIONS)
            .map(|_| Ok(KmsClient::new(credentials.lazy_channel(address)?)))
            .collect();
        Ok(Self {
            clients: Arc::new(clients?),
        })
    }

    /// The connection of a caller.
    pub fn client(&self, caller: usize) -> Kms {
        self.clients[caller % self.clients.len()].clone()
    }

    /// A closed loop of `callers`.
    ///
    /// # Errors
    /// When a caller panicked.
    pub async fn closed(
        &self,
        operation: Operation,
        material: &Arc<Material>,
        callers: usize,
        duration: Duration,
    ) -> anyhow::Result<Measured> {
        let (connections, material) = (self.clone(), Arc::clone(material));
        closed_loop(callers, duration, move |caller, _| {
            call(connections.client(caller), operation, Arc::clone(&material))
        })
        .await
    }

    /// An open loop of `per_second` calls.
    ///
    /// # Errors
    /// When a call panicked.
    pub async fn open_at(
        &self,
        operation: Operation,
        material: &Arc<Material>,
        per_second: f64,
        duration: Duration,
    ) -> anyhow::Result<Measured> {
        open_loop(per_second, duration, |number| {
            let connection = usize::try_from(number).unwrap_or(0);
            call(self.client(connection), operation, Arc::clone(material))
        })
        .await
    }
}

async fn call(mut kms: Kms, operation: Operation, material: Arc<Material>) -> Result<(), String> {
    let key_id = || material.key_id.clone();
    match operation {
        Operation::Encrypt => {
            let request = EncryptRequest {
                key_id: key_id(),
                plaintext: material.plaintext.clone(),
                ..Default::default()
            };
            kms.encrypt(request).await.map(drop)
        }
        Operation::Decrypt => {
            let request = DecryptRequest {
                ciphertext_blob: Some(material.ciphertext.clone()),
                ..Default::default()
            };
            kms.decrypt(request).await.map(drop)
        }
        Operation::GenerateDataKey => {
            let request = GenerateDataKeyRequest {
                key_id: key_id(),
                key_spec: Some("AES_256".to_owned()),
                ..Default::default()
            };
            kms.generate_data_key(request).await.map(drop)
        }
        Operation::SignP256 => {
            let request = sign(&material.p256_key_id, "ECDSA_SHA_256", &material);
            kms.sign(request).await.map(drop)
        }
        Operation::SignRsa2048 => {
            let request = sign(&material.rsa_2048_key_id, "RSASSA_PSS_SHA_256", &material);
            kms.sign(request).await.map(drop)
        }
        Operation::CreateKey => kms.create_key(CreateKeyRequest::default()).await.map(drop),
    }
    .map_err(|status| in_words(&status))
}

fn sign(key_id: &str, algorithm: &str, material: &Material) -> SignRequest {
    SignRequest {
        key_id: key_id.to_owned(),
        message: material.plaintext.clone(),
        signing_algorithm: algorithm.to_owned(),
        ..Default::default()
    }
}

fn in_words(status: &Status) -> String {
    format!("{:?} {}: {}", status.code(), exception(status), status.message())
}
