//! Must hold 5: what clients rely on in errors, each detail by its name.

use super::Keys;
use super::attempts::{MESSAGE, presented};
use crate::calls::{
    Presented, Refusal, create, decapsulate, decrypt_with, derive, encrypt_with, key_of, public_key, refusal,
    sign, told, verify, verify_mac,
};
use crate::imports::rotate_now;
use crate::service_model::{
    AGREE, ENCAPSULATE, ENCRYPT, MAC, RSA, SIGN, SIGNING, SYMMETRIC, signing_algorithms,
};
use crate::support::{CALL, describe};
use kms_proto::kms::v1::*;
use kms_tests::ledger::within;
use std::collections::BTreeMap;

const VALIDATION: &str = "ValidationException";

fn altered(bytes: &[u8]) -> Vec<u8> {
    let mut altered = bytes.to_vec();
    if let Some(last) = altered.last_mut() {
        *last ^= 1;
    }
    altered
}

fn invalid_ciphertext() -> Refusal {
    told("InvalidCiphertextException", "")
}

pub(super) async fn failures_of_cryptography_carry_no_message(keys: &Keys) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    for subject in keys.with_usage(ENCRYPT) {
        let (id, algorithm) = (subject.id(), subject.encryption_algorithm());
        let ciphertext = &subject.ciphertext;
        for wrong in [altered(ciphertext), ciphertext[1..].to_vec(), vec![7; 300]] {
            let answer = decrypt_with(&mut kms, id, algorithm, &wrong).await;
            assert_eq!(refusal(answer), invalid_ciphertext(), "Decrypt with {algorithm}");
        }
        let request = ReEncryptRequest {
            ciphertext_blob: Some(altered(ciphertext)),
            source_key_id: Some(id.to_owned()),
            source_encryption_algorithm: Some(algorithm.to_owned()),
            destination_key_id: keys.with_spec(SYMMETRIC, ENCRYPT)?.id().to_owned(),
            ..Default::default()
        };
        let answer = kms.re_encrypt(within(request, CALL)).await;
        assert_eq!(
            refusal(answer),
            invalid_ciphertext(),
            "ReEncrypt with {algorithm}"
        );
    }
    let request = DecryptRequest {
        ciphertext_blob: Some(keys.with_spec(SYMMETRIC, ENCRYPT)?.ciphertext.clone()),
        encryption_context: BTreeMap::from([("tenant".to_owned(), "another".to_owned())]),
        ..Default::default()
    };
    let answer = kms.decrypt(within(request, CALL)).await;
    assert_eq!(
        refusal(answer),
        invalid_ciphertext(),
        "another encryption context"
    );
    for subject in keys.with_usage(MAC) {
        for wrong in [altered(&subject.mac), subject.mac[1..].to_vec()] {
            let answer = verify_mac(&mut kms, subject.id(), subject.mac_algorithm(), MESSAGE, &wrong).await;
            assert_eq!(
                refusal(answer),
                told("KMSInvalidMacException", ""),
                "{}",
                subject.spec()
            );
        }
    }
    for subject in keys.with_usage(ENCAPSULATE) {
        let answer = decapsulate(&mut kms, subject.id(), &subject.encapsulated[1..]).await;
        assert_eq!(refusal(answer), invalid_ciphertext(), "{}", subject.spec());
    }
    Ok(())
}

pub(super) async fn a_wrong_key_on_decrypt_is_an_incorrect_key(keys: &Keys) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    let right = keys.with_spec(SYMMETRIC, ENCRYPT)?;
    let wrong = create(&mut kms, key_of(SYMMETRIC, ENCRYPT)).await?.key_id;
    let text = "The key ID in the request does not identify a CMK that can perform this operation.";
    let incorrect = || told("IncorrectKeyException", text);
    let answer = decrypt_with(&mut kms, &wrong, SYMMETRIC, &right.ciphertext).await;
    assert_eq!(refusal(answer), incorrect(), "Decrypt");
    let request = ReEncryptRequest {
        ciphertext_blob: Some(right.ciphertext.clone()),
        source_key_id: Some(wrong.clone()),
        destination_key_id: wrong,
        ..Default::default()
    };
    let answer = kms.re_encrypt(within(request, CALL)).await;
    assert_eq!(refusal(answer), incorrect(), "ReEncrypt");

    // RSA ciphertexts name no key: the caller must, and a wrong one is seen only by what does not open.
    let rsa = keys.with_spec("RSA_2048", ENCRYPT)?;
    let algorithm = rsa.encryption_algorithm();
    let other = create(&mut kms, key_of("RSA_2048", ENCRYPT)).await?.key_id;
    let answer = decrypt_with(&mut kms, &other, algorithm, &rsa.ciphertext).await;
    assert_eq!(refusal(answer), invalid_ciphertext());
    let request = DecryptRequest {
        ciphertext_blob: Some(rsa.ciphertext.clone()),
        encryption_algorithm: Some(algorithm.to_owned()),
        ..Default::default()
    };
    let text = format!("You must specify a key with the algorithm {algorithm}.");
    assert_eq!(
        refusal(kms.decrypt(within(request, CALL)).await),
        told(VALIDATION, text)
    );
    Ok(())
}

pub(super) async fn verify_answers_yes_or_fails(keys: &Keys) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    let invalid = || told("KMSInvalidSignatureException", "");
    for subject in keys.with_usage(SIGN) {
        let (spec, id) = (subject.spec(), subject.id());
        for algorithm in signing_algorithms(spec) {
            let name = algorithm.name;
            let message = presented(name);
            let signature = sign(&mut kms, id, name, &message).await?;
            let answer = verify(&mut kms, id, name, &message, &signature).await?;
            assert!(answer.signature_valid, "{spec}, {name}");
            for wrong in [
                altered(&signature),
                signature[1..].to_vec(),
                vec![0; signature.len()],
            ] {
                let answer = verify(&mut kms, id, name, &message, &wrong).await;
                assert_eq!(refusal(answer), invalid(), "{spec}, {name}");
            }
            let another = Presented {
                bytes: altered(&message.bytes),
                ..message
            };
            let answer = verify(&mut kms, id, name, &another, &signature).await;
            assert_eq!(refusal(answer), invalid(), "{spec}, {name}: another message");
        }
    }
    // Of another key of the same spec, and of another algorithm of the same key.
    let rsa = keys.with_spec("RSA_2048", SIGN)?;
    let other = create(&mut kms, key_of("RSA_2048", SIGN)).await?.key_id;
    let message = presented("RSASSA_PSS_SHA_256");
    let signature = sign(&mut kms, rsa.id(), "RSASSA_PSS_SHA_256", &message).await?;
    let answer = verify(&mut kms, &other, "RSASSA_PSS_SHA_256", &message, &signature).await;
    assert_eq!(refusal(answer), invalid());
    for name in ["RSASSA_PSS_SHA_384", "RSASSA_PKCS1_V1_5_SHA_256"] {
        let answer = verify(&mut kms, rsa.id(), name, &message, &signature).await;
        assert_eq!(refusal(answer), invalid(), "{name}");
    }
    Ok(())
}

pub(super) async fn a_digest_of_a_wrong_length_names_the_algorithm(keys: &Keys) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    for algorithm in SIGNING {
        let subject = keys.with_spec(algorithm.specs[0], SIGN)?;
        let name = algorithm.name;
        let (message_type, right, what) = match algorithm.digest_bytes {
            Some(bytes) => ("DIGEST", bytes, "Digest"),
            None if algorithm.message_types.contains(&"EXTERNAL_MU") => {
                ("EXTERNAL_MU", 64, "Message representative")
            }
            None => continue,
        };
        let refused = || {
            told(
                VALIDATION,
                format!("{what} is invalid length for algorithm {name}."),
            )
        };
        for length in [1, 20, right - 1, right + 1, 2 * right] {
            let message = Presented {
                message_type,
                bytes: vec![7; length],
            };
            let signed = sign(&mut kms, subject.id(), name, &message).await;
            assert_eq!(refusal(signed), refused(), "Sign, {length} bytes");
            let verified = verify(&mut kms, subject.id(), name, &message, &subject.signature).await;
            assert_eq!(refusal(verified), refused(), "Verify, {length} bytes");
        }
    }
    Ok(())
}

pub(super) async fn decrypt_names_the_material_that_opened(keys: &Keys) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    let id = create(&mut kms, key_of(SYMMETRIC, ENCRYPT)).await?.key_id;
    let first = describe(&mut kms, &id).await?.current_key_material_id;
    let old = encrypt_with(&mut kms, &id, SYMMETRIC, MESSAGE).await?;
    rotate_now(&mut kms, &id).await?;
    let second = describe(&mut kms, &id).await?.current_key_material_id;
    assert!(first.is_some() && second.is_some() && first != second);
    let opened = decrypt_with(&mut kms, &id, SYMMETRIC, &old).await?;
    assert_eq!(opened.key_material_id, first, "after a rotation");
    let request = ReEncryptRequest {
        ciphertext_blob: Some(old),
        destination_key_id: id.clone(),
        ..Default::default()
    };
    let again = kms.re_encrypt(within(request, CALL)).await?.into_inner();
    let ids = (&again.source_key_material_id, &again.destination_key_material_id);
    assert_eq!(ids, (&first, &second), "ReEncrypt");
    let opened = decrypt_with(&mut kms, &id, SYMMETRIC, &again.ciphertext_blob).await?;
    assert_eq!(opened.key_material_id, second);
    let request = GenerateDataKeyRequest {
        key_id: id.clone(),
        key_spec: Some("AES_256".to_owned()),
        ..Default::default()
    };
    let data_key = kms.generate_data_key(within(request, CALL)).await?.into_inner();
    assert_eq!(Some(data_key.key_material_id), second, "GenerateDataKey");

    let rsa = keys.with_spec("RSA_2048", ENCRYPT)?;
    let opened = decrypt_with(&mut kms, rsa.id(), rsa.encryption_algorithm(), &rsa.ciphertext).await?;
    assert_eq!(
        opened.key_material_id, None,
        "an RSA key has one material, without a name"
    );
    Ok(())
}

/// RFC 8017, 7.1.1: as long as the modulus, less two digests and two octets.
pub(super) async fn an_oaep_plaintext_that_is_too_long_names_the_limit(keys: &Keys) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    for (spec, modulus_bytes) in RSA.iter().zip([256, 384, 512]) {
        let id = keys.with_spec(spec, ENCRYPT)?.id();
        for (algorithm, digest_bytes) in [("RSAES_OAEP_SHA_1", 20), ("RSAES_OAEP_SHA_256", 32)] {
            let limit = modulus_bytes - 2 * digest_bytes - 2;
            encrypt_with(&mut kms, id, algorithm, &vec![7; limit]).await?;
            let text = format!(
                "Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {limit} bytes."
            );
            let plaintext = vec![7; limit + 1];
            let answer = encrypt_with(&mut kms, id, algorithm, &plaintext).await;
            assert_eq!(refusal(answer), told(VALIDATION, text.as_str()));
            let request = EncryptRequest {
                key_id: id.to_owned(),
                plaintext: plaintext.clone(),
                encryption_algorithm: Some(algorithm.to_owned()),
                dry_run: Some(true),
                ..Default::default()
            };
            let answer = kms.encrypt(within(request, CALL)).await;
            assert_eq!(refusal(answer), told(VALIDATION, text.as_str()), "dry run");
            let symmetric = keys.with_spec(SYMMETRIC, ENCRYPT)?.id();
            let long = encrypt_with(&mut kms, symmetric, SYMMETRIC, &plaintext).await?;
            for dry_run in [None, Some(true)] {
                let request = ReEncryptRequest {
                    ciphertext_blob: Some(long.clone()),
                    destination_key_id: id.to_owned(),
                    destination_encryption_algorithm: Some(algorithm.to_owned()),
                    dry_run,
                    ..Default::default()
                };
                let answer = kms.re_encrypt(within(request, CALL)).await;
                assert_eq!(
                    refusal(answer),
                    told(VALIDATION, text.as_str()),
                    "ReEncrypt, {dry_run:?}"
                );
            }
        }
    }
    Ok(())
}

pub(super) async fn number_of_bytes_and_key_spec_exclude_each_other(keys: &Keys) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    let id = keys.with_spec(SYMMETRIC, ENCRYPT)?.id();
    let either = || told(VALIDATION, "Please specify either number of bytes or key spec.");
    for (number_of_bytes, key_spec) in [(Some(32), Some("AES_256".to_owned())), (None, None)] {
        let request = GenerateDataKeyRequest {
            key_id: id.to_owned(),
            number_of_bytes,
            key_spec: key_spec.clone(),
            ..Default::default()
        };
        assert_eq!(
            refusal(kms.generate_data_key(within(request, CALL)).await),
            either()
        );
        let request = GenerateDataKeyWithoutPlaintextRequest {
            key_id: id.to_owned(),
            number_of_bytes,
            key_spec,
            ..Default::default()
        };
        let answer = kms
            .generate_data_key_without_plaintext(within(request, CALL))
            .await;
        assert_eq!(refusal(answer), either());
    }
    Ok(())
}

pub(super) async fn an_unacceptable_public_key_is_refused_by_name(keys: &Keys) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    let p256 = keys.with_spec("ECC_NIST_P256", AGREE)?;
    let own = public_key(&mut kms, p256.id()).await?;
    let of_p384 = public_key(&mut kms, keys.with_spec("ECC_NIST_P384", AGREE)?.id()).await?;
    let of_secp256k1 = public_key(&mut kms, keys.with_spec("ECC_SECG_P256K1", SIGN)?.id()).await?;
    for (what, public) in [
        ("off the curve", altered(&own)),
        ("of another curve", of_p384),
        ("of another curve of the same size", of_secp256k1),
        ("cut short", own[..own.len() - 1].to_vec()),
        ("followed by a byte", [own.as_slice(), &[0]].concat()),
        ("no DER", vec![7; 91]),
    ] {
        let answer = refusal(derive(&mut kms, p256.id(), &public).await);
        let shown = format!("{answer:?}");
        assert!(
            shown.contains(VALIDATION) && shown.contains("the public key is not acceptable"),
            "{what}: {shown}"
        );
    }
    Ok(())
}
