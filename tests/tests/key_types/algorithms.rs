//! Which key uses which algorithm, on which type of message.

use super::Keys;
use super::attempts::{MESSAGE, presented};
use crate::calls::{
    Presented, Refusal, decrypt_with, encrypt_with, mac, refusal, sign, told, verify, verify_mac,
};
use crate::service_model::{ENCRYPT, ENCRYPTION, MAC, MACS, MESSAGE_TYPES, SIGN, SIGNING, SYMMETRIC};
use crate::support::CALL;
use kms_proto::kms::v1::*;
use kms_tests::client::Kms;
use kms_tests::ledger::within;
use tonic::Status;

fn incompatible(algorithm: &str, spec: &str) -> Refusal {
    let text = format!("Algorithm {algorithm} is incompatible with key spec {spec}.");
    told("InvalidKeyUsageException", text)
}

pub(super) async fn every_pair_of_spec_and_signing_algorithm_signs_or_is_refused(
    keys: &Keys,
) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    for subject in keys.with_usage(SIGN) {
        let (spec, id) = (subject.spec(), subject.id());
        for algorithm in SIGNING {
            let name = algorithm.name;
            let message = presented(name);
            let signed = sign(&mut kms, id, name, &message).await;
            if algorithm.specs.contains(&spec) {
                let answer = verify(&mut kms, id, name, &message, &signed?).await?;
                assert_eq!(answer.signing_algorithm, name);
            } else {
                assert_eq!(refusal(signed), incompatible(name, spec), "Sign");
                let verified = verify(&mut kms, id, name, &message, &subject.signature).await;
                assert_eq!(refusal(verified), incompatible(name, spec), "Verify");
            }
        }
    }
    Ok(())
}

/// Key agreement and encapsulation have one algorithm each, which every key of their usages has.
pub(super) async fn every_pair_of_spec_and_other_algorithm_works_or_is_refused(
    keys: &Keys,
) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    for subject in keys.with_usage(ENCRYPT) {
        let (spec, id) = (subject.spec(), subject.id());
        for algorithm in ENCRYPTION {
            let name = algorithm.name;
            let encrypted = encrypt_with(&mut kms, id, name, MESSAGE).await;
            if algorithm.specs.contains(&spec) {
                let opened = decrypt_with(&mut kms, id, name, &encrypted?).await?;
                assert_eq!(
                    (opened.plaintext.as_slice(), opened.encryption_algorithm.as_str()),
                    (MESSAGE, name)
                );
                continue;
            }
            let refused = incompatible(name, spec);
            assert_eq!(refusal(encrypted), refused, "Encrypt");
            let decrypted = decrypt_with(&mut kms, id, name, &[7; 256]).await;
            assert_eq!(refusal(decrypted), refused, "Decrypt");
            assert_eq!(
                refusal(re_encrypt_to(&mut kms, keys, id, name).await?),
                refused,
                "ReEncrypt"
            );
        }
    }
    for subject in keys.with_usage(MAC) {
        let (spec, id) = (subject.spec(), subject.id());
        for algorithm in MACS {
            let name = algorithm.name;
            let made = mac(&mut kms, id, name, MESSAGE).await;
            if algorithm.specs.contains(&spec) {
                let answer = verify_mac(&mut kms, id, name, MESSAGE, &made?).await?;
                assert_eq!(answer.mac_algorithm, name);
            } else {
                assert_eq!(refusal(made), incompatible(name, spec), "GenerateMac");
                let checked = verify_mac(&mut kms, id, name, MESSAGE, &subject.mac).await;
                assert_eq!(refusal(checked), incompatible(name, spec), "VerifyMac");
            }
        }
    }
    Ok(())
}

async fn re_encrypt_to(
    kms: &mut Kms,
    keys: &Keys,
    key_id: &str,
    algorithm: &str,
) -> anyhow::Result<Result<(), Status>> {
    let request = ReEncryptRequest {
        ciphertext_blob: Some(keys.with_spec(SYMMETRIC, ENCRYPT)?.ciphertext.clone()),
        destination_key_id: key_id.to_owned(),
        destination_encryption_algorithm: Some(algorithm.to_owned()),
        ..Default::default()
    };
    Ok(kms.re_encrypt(within(request, CALL)).await.map(drop))
}

pub(super) async fn every_pair_of_algorithm_and_message_type_signs_or_is_refused(
    keys: &Keys,
) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    for algorithm in SIGNING {
        let name = algorithm.name;
        for spec in algorithm.specs {
            let subject = keys.with_spec(spec, SIGN)?;
            for message_type in MESSAGE_TYPES {
                // 64 bytes are a representative for EXTERNAL_MU, and a message for RAW.
                let length = algorithm
                    .digest_bytes
                    .filter(|_| *message_type == "DIGEST")
                    .unwrap_or(64);
                let message = Presented {
                    message_type,
                    bytes: vec![7; length],
                };
                let signed = sign(&mut kms, subject.id(), name, &message).await;
                if algorithm.message_types.contains(message_type) {
                    verify(&mut kms, subject.id(), name, &message, &signed?).await?;
                    continue;
                }
                let text = format!("MessageType {message_type} is not supported for algorithm {name}.");
                let refused = told("ValidationException", text);
                assert_eq!(refusal(signed), refused, "Sign with {spec}");
                let verified = verify(&mut kms, subject.id(), name, &message, &subject.signature).await;
                assert_eq!(refusal(verified), refused, "Verify with {spec}");
            }
        }
    }
    Ok(())
}
