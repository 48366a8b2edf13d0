//! How material is wrapped.

use super::{Ground, state_of};
use crate::calls::{create, decrypt_with, encrypt_with, external, key_of, refusal, refused_with, told};
use crate::imports::{
    NEVER_EXPIRES, USUAL_ALGORITHM, USUAL_WRAPPING_KEY, WRAPPING_ALGORITHMS, delete_material, get_parameters,
    import, import_material, usual_parameters,
};
use crate::service_model::{AGREE, ENCRYPT, MAC, RSA, SIGN, SYMMETRIC};
use crate::support::describe;

/// Length of SubjectPublicKeyInfo in DER of an RSA key with e = 65537.
fn public_key_bytes(wrapping_key: &str) -> usize {
    match wrapping_key {
        "RSA_2048" => 294,
        "RSA_3072" => 422,
        _ => 550,
    }
}

/// One key is given the same bytes under each: that it knows them again shows that they arrived whole.
pub(super) async fn every_algorithm_and_wrapping_key_size_takes_symmetric_material(
    ground: &mut Ground,
) -> anyhow::Result<()> {
    let mut kms = ground.kms()?;
    let id = create(&mut kms, external(SYMMETRIC, ENCRYPT)).await?.key_id;
    let material = ground.peer.generate(SYMMETRIC).await?.private;
    let first = import_material(&mut kms, &mut ground.peer, &id, &material).await?;
    assert!(first.is_some(), "symmetric keys name their material");
    let ciphertext = encrypt_with(&mut kms, &id, SYMMETRIC, b"attack at dawn").await?;
    for wrapping_key in RSA {
        for algorithm in WRAPPING_ALGORITHMS {
            delete_material(&mut kms, &id, None).await?;
            let parameters = get_parameters(&mut kms, &id, algorithm, wrapping_key).await?;
            assert_eq!(parameters.public_key.len(), public_key_bytes(wrapping_key));
            let request = parameters.request(&mut ground.peer, &material).await?;
            let again = import(&mut kms, request).await?.key_material_id;
            assert_eq!(again, first, "{algorithm} under {wrapping_key}");
            let opened = decrypt_with(&mut kms, &id, SYMMETRIC, &ciphertext).await?;
            assert_eq!(
                opened.plaintext, b"attack at dawn",
                "{algorithm} under {wrapping_key}"
            );
        }
    }
    Ok(())
}

pub(super) async fn every_other_spec_is_taken_by_an_algorithm_that_fits(
    ground: &mut Ground,
) -> anyhow::Result<()> {
    let mut kms = ground.kms()?;
    let cases = [
        ("RSA_2048", SIGN, "RSA_AES_KEY_WRAP_SHA_1", "RSA_2048"),
        ("RSA_3072", ENCRYPT, "RSA_AES_KEY_WRAP_SHA_256", "RSA_2048"),
        ("RSA_4096", SIGN, "RSA_AES_KEY_WRAP_SHA_256", "RSA_3072"),
        ("ECC_NIST_P256", SIGN, "RSAES_OAEP_SHA_1", "RSA_2048"),
        ("ECC_NIST_P384", AGREE, "RSAES_OAEP_SHA_256", "RSA_2048"),
        ("ECC_NIST_P521", SIGN, "RSAES_OAEP_SHA_256", "RSA_3072"),
        ("ECC_NIST_P521", AGREE, "RSA_AES_KEY_WRAP_SHA_256", "RSA_2048"),
        ("ECC_SECG_P256K1", SIGN, "RSAES_OAEP_SHA_256", "RSA_2048"),
        ("ECC_NIST_EDWARDS25519", SIGN, "RSAES_OAEP_SHA_256", "RSA_2048"),
        ("HMAC_224", MAC, "RSAES_OAEP_SHA_1", "RSA_2048"),
        ("HMAC_256", MAC, "RSAES_OAEP_SHA_256", "RSA_2048"),
        ("HMAC_384", MAC, "RSA_AES_KEY_WRAP_SHA_1", "RSA_2048"),
        ("HMAC_512", MAC, "RSAES_OAEP_SHA_256", "RSA_2048"),
    ];
    for (spec, usage, algorithm, wrapping_key) in cases {
        let id = create(&mut kms, external(spec, usage)).await?.key_id;
        assert_eq!(state_of(&mut kms, &id).await?, "PendingImport", "{spec}");
        let material = ground.peer.generate(spec).await?.private;
        let parameters = get_parameters(&mut kms, &id, algorithm, wrapping_key).await?;
        let request = parameters.request(&mut ground.peer, &material).await?;
        let answer = import(&mut kms, request).await?;
        assert_eq!(
            answer.key_material_id, None,
            "{spec}: only symmetric keys name it"
        );
        let key = describe(&mut kms, &id).await?;
        assert_eq!(
            (key.key_state.as_str(), key.expiration_model.as_deref()),
            ("Enabled", Some(NEVER_EXPIRES)),
            "{spec}"
        );
    }
    Ok(())
}

pub(super) async fn algorithms_that_do_not_fit_are_refused(ground: &mut Ground) -> anyhow::Result<()> {
    let mut kms = ground.kms()?;
    let unsupported = "UnsupportedOperationException";
    let too_long = RSA
        .iter()
        .map(|spec| (*spec, RSA))
        .chain([("ECC_NIST_P521", &["RSA_2048"][..])]);
    for (spec, too_long_for) in too_long {
        let id = create(&mut kms, external(spec, SIGN)).await?.key_id;
        for wrapping_key in too_long_for {
            for algorithm in ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"] {
                let answer = get_parameters(&mut kms, &id, algorithm, wrapping_key).await;
                let text = format!(
                    "Key material of KeySpec {spec} cannot be imported with WrappingAlgorithm {algorithm} and \
                     WrappingKeySpec {wrapping_key}."
                );
                assert_eq!(refusal(answer), told(unsupported, text));
            }
        }
    }
    let id = create(&mut kms, external(SYMMETRIC, ENCRYPT)).await?.key_id;
    for (algorithm, wrapping_key, exception) in [
        ("RSAES_PKCS1_V1_5", "RSA_2048", unsupported),
        ("SM2PKE", "SM2", unsupported),
        ("RSAES_OAEP_SHA_256", "SM2", unsupported),
        ("RSAES_OAEP_SHA_384", "RSA_2048", "ValidationException"),
        ("RSAES_OAEP_SHA_256", "RSA_1024", "ValidationException"),
    ] {
        let answer = get_parameters(&mut kms, &id, algorithm, wrapping_key).await;
        assert_eq!(
            refused_with(answer),
            exception,
            "{algorithm} under {wrapping_key}"
        );
    }
    let made_here = create(&mut kms, key_of(SYMMETRIC, ENCRYPT)).await?;
    let answer = get_parameters(&mut kms, &made_here.key_id, USUAL_ALGORITHM, USUAL_WRAPPING_KEY).await;
    let text = format!(
        "{} origin is AWS_KMS which is not valid for this operation.",
        made_here.arn
    );
    assert_eq!(refusal(answer), told(unsupported, text));
    Ok(())
}

pub(super) async fn wrong_wrapping_is_an_invalid_ciphertext_and_says_nothing_more(
    ground: &mut Ground,
) -> anyhow::Result<()> {
    let mut kms = ground.kms()?;
    let id = create(&mut kms, external(SYMMETRIC, ENCRYPT)).await?.key_id;
    let material = ground.peer.generate(SYMMETRIC).await?.private;
    let parameters = usual_parameters(&mut kms, &id).await?;
    let others = usual_parameters(&mut kms, &id).await?;
    let peer = &mut ground.peer;
    let right = parameters.request(peer, &material).await?;
    let wrapped = &right.encrypted_key_material;
    let altered = |at: usize| {
        let mut altered = wrapped.clone();
        altered[at] ^= 1;
        altered
    };
    let key = &parameters.public_key;
    let wrong = [
        (
            "to another wrapping key",
            peer.wrap(&others.public_key, USUAL_ALGORITHM, &material).await?,
        ),
        (
            "by another digest",
            peer.wrap(key, "RSA_AES_KEY_WRAP_SHA_1", &material).await?,
        ),
        (
            "without the AES key",
            peer.wrap(key, "RSAES_OAEP_SHA_256", &material).await?,
        ),
        ("with its AES key altered", altered(17)),
        ("altered", altered(wrapped.len() - 1)),
        ("cut short", wrapped[..wrapped.len() - 1].to_vec()),
        ("cut to its AES key", wrapped[..256].to_vec()),
        ("followed by a byte", [wrapped.as_slice(), &[0]].concat()),
        ("not at all", material.clone()),
    ];
    for (how, encrypted) in wrong {
        let answer = import(&mut kms, parameters.request_of(encrypted)).await;
        assert_eq!(refusal(answer), told("InvalidCiphertextException", ""), "{how}");
    }
    import(&mut kms, right).await?;
    assert_eq!(
        state_of(&mut kms, &id).await?,
        "Enabled",
        "the token is still good"
    );
    Ok(())
}
