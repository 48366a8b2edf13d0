//! One call each of the operations of key types, as short as their tests want them, and what a refused one tells.

use crate::support::CALL;
use anyhow::Context;
use kms_proto::kms::v1::*;
use kms_tests::client::{Kms, exception};
use kms_tests::ledger::within;
use std::time::Duration;
use tokio::time::Instant;
use tonic::{Code, Status};

const RSA_KEY_WITHIN: Duration = Duration::from_secs(90);

/// What a refused call tells its caller.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    exception: String,
    message: String,
}

/// The refusal that is expected.
pub(crate) fn told(exception: &str, message: impl Into<String>) -> Refusal {
    Refusal {
        exception: exception.to_owned(),
        message: message.into(),
    }
}

/// The refusal of a call that must be refused.
#[track_caller]
pub(crate) fn refusal<T>(answer: Result<T, Status>) -> Refusal {
    match answer {
        Ok(_) => panic!("a call that must be refused has succeeded"),
        Err(status) => told(&exception(&status), status.message()),
    }
}

/// The exception of a call that must be refused.
#[track_caller]
pub(crate) fn refused_with<T>(answer: Result<T, Status>) -> String {
    refusal(answer).exception
}

/// A message in the form that Sign and Verify are given it.
pub(crate) struct Presented {
    pub(crate) message_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// A request for a key made here.
pub(crate) fn key_of(spec: &str, usage: &str) -> CreateKeyRequest {
    CreateKeyRequest {
        key_spec: Some(spec.to_owned()),
        key_usage: Some(usage.to_owned()),
        ..Default::default()
    }
}

/// A request for a key whose material is to be imported.
pub(crate) fn external(spec: &str, usage: &str) -> CreateKeyRequest {
    CreateKeyRequest {
        origin: Some("EXTERNAL".to_owned()),
        ..key_of(spec, usage)
    }
}

pub(crate) async fn create(kms: &mut Kms, request: CreateKeyRequest) -> anyhow::Result<KeyMetadata> {
    let made = patiently(async || kms.create_key(within(request.clone(), CALL)).await).await;
    let answer = made.context("CreateKey")?.into_inner();
    answer.key_metadata.context("CreateKey answers metadata")
}

/// Repeats a call that makes an RSA key while there is no time for it, in which case nothing was done: such keys are
/// made at the lowest priority, and on a busy machine one may take longer than a call.
pub(crate) async fn patiently<T>(mut call: impl AsyncFnMut() -> Result<T, Status>) -> Result<T, Status> {
    let deadline = Instant::now() + RSA_KEY_WITHIN;
    loop {
        let answer = call().await;
        let slow = answer.as_ref().is_err_and(|status| {
            status.code() == Code::DeadlineExceeded || exception(status) == "ThrottlingException"
        });
        if !slow || Instant::now() > deadline {
            return answer;
        }
    }
}

pub(crate) async fn public_key(kms: &mut Kms, key_id: &str) -> Result<Vec<u8>, Status> {
    let request = GetPublicKeyRequest {
        key_id: key_id.to_owned(),
        ..Default::default()
    };
    let answer = kms.get_public_key(within(request, CALL)).await?;
    Ok(answer.into_inner().public_key)
}

pub(crate) async fn sign(
    kms: &mut Kms,
    key_id: &str,
    algorithm: &str,
    message: &Presented,
) -> Result<Vec<u8>, Status> {
    let request = SignRequest {
        key_id: key_id.to_owned(),
        message: message.bytes.clone(),
        message_type: Some(message.message_type.to_owned()),
        signing_algorithm: algorithm.to_owned(),
        ..Default::default()
    };
    Ok(kms.sign(within(request, CALL)).await?.into_inner().signature)
}

pub(crate) async fn verify(
    kms: &mut Kms,
    key_id: &str,
    algorithm: &str,
    message: &Presented,
    signature: &[u8],
) -> Result<VerifyResponse, Status> {
    let request = VerifyRequest {
        key_id: key_id.to_owned(),
        message: message.bytes.clone(),
        message_type: Some(message.message_type.to_owned()),
        signature: signature.to_vec(),
        signing_algorithm: algorithm.to_owned(),
        ..Default::default()
    };
    Ok(kms.verify(within(request, CALL)).await?.into_inner())
}

pub(crate) async fn mac(
    kms: &mut Kms,
    key_id: &str,
    algorithm: &str,
    message: &[u8],
) -> Result<Vec<u8>, Status> {
    let request = GenerateMacRequest {
        key_id: key_id.to_owned(),
        message: message.to_vec(),
        mac_algorithm: algorithm.to_owned(),
        ..Default::default()
    };
    Ok(kms.generate_mac(within(request, CALL)).await?.into_inner().mac)
}

pub(crate) async fn verify_mac(
    kms: &mut Kms,
    key_id: &str,
    algorithm: &str,
    message: &[u8],
    mac: &[u8],
) -> Result<VerifyMacResponse, Status> {
    let request = VerifyMacRequest {
        key_id: key_id.to_owned(),
        message: message.to_vec(),
        mac_algorithm: algorithm.to_owned(),
        mac: mac.to_vec(),
        ..Default::default()
    };
    Ok(kms.verify_mac(within(request, CALL)).await?.into_inner())
}

pub(crate) async fn encrypt_with(
    kms: &mut Kms,
    key_id: &str,
    algorithm: &str,
    plaintext: &[u8],
) -> Result<Vec<u8>, Status> {
    let request = EncryptRequest {
        key_id: key_id.to_owned(),
        plaintext: plaintext.to_vec(),
        encryption_algorithm: Some(algorithm.to_owned()),
        ..Default::default()
    };
    let answer = kms.encrypt(within(request, CALL)).await?;
    Ok(answer.into_inner().ciphertext_blob)
}

pub(crate) async fn decrypt_with(
    kms: &mut Kms,
    key_id: &str,
    algorithm: &str,
    ciphertext: &[u8],
) -> Result<DecryptResponse, Status> {
    let request = DecryptRequest {
        ciphertext_blob: Some(ciphertext.to_vec()),
        key_id: Some(key_id.to_owned()),
        encryption_algorithm: Some(algorithm.to_owned()),
        ..Default::default()
    };
    Ok(kms.decrypt(within(request, CALL)).await?.into_inner())
}

pub(crate) async fn derive(kms: &mut Kms, key_id: &str, public_key: &[u8]) -> Result<Vec<u8>, Status> {
    let request = DeriveSharedSecretRequest {
        key_id: key_id.to_owned(),
        key_agreement_algorithm: "ECDH".to_owned(),
        public_key: public_key.to_vec(),
        ..Default::default()
    };
    let answer = kms.derive_shared_secret(within(request, CALL)).await?;
    Ok(answer.into_inner().shared_secret)
}

pub(crate) async fn encapsulate(kms: &mut Kms, key_id: &str) -> Result<EncapsulateResponse, Status> {
    let request = EncapsulateRequest {
        key_id: key_id.to_owned(),
        encapsulation_algorithm: "ML_KEM".to_owned(),
        ..Default::default()
    };
    Ok(kms.encapsulate(within(request, CALL)).await?.into_inner())
}

pub(crate) async fn decapsulate(kms: &mut Kms, key_id: &str, ciphertext: &[u8]) -> Result<Vec<u8>, Status> {
    let request = DecapsulateRequest {
        key_id: key_id.to_owned(),
        shared_secret_ciphertext_blob: ciphertext.to_vec(),
        encapsulation_algorithm: "ML_KEM".to_owned(),
        ..Default::default()
    };
    let answer = kms.decapsulate(within(request, CALL)).await?;
    Ok(answer.into_inner().shared_secret)
}

/// Random bytes of a test's own.
pub(crate) fn random_bytes(length: usize) -> Vec<u8> {
    (0..length).map(|_| rand::random::<u8>()).collect()
}
