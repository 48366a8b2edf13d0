//! Signatures: all algorithms of all specs, over every type of message.

use super::{Accepted, KeyHere, Sides};
use crate::calls::{Presented, random_bytes, refusal, sign, told, verify};
use crate::service_model::{SIGN, SPECS, SigningAlgorithm, can_be_imported, signing_algorithms};
use anyhow::Context;
use kms_tests::interop::Peer;
use sha2::{Digest, Sha256, Sha384, Sha512};

/// Longer than one block of every hash function, shorter than a message may be.
const MESSAGE_BYTES: usize = 1_000;
/// A salt that RFC 8017 allows and the service does not make: it has that of the digest's length alone.
const OTHER_SALT_BYTES: u32 = 20;

pub(super) async fn are_accepted(sides: &mut Sides) -> anyhow::Result<Accepted> {
    let mut accepted = Accepted::default();
    for (spec, usages) in SPECS {
        if !usages.contains(&SIGN) {
            continue;
        }
        let made = sides.make_here(spec, SIGN).await?;
        are_accepted_of(sides, spec, &made, &mut accepted).await?;
        if can_be_imported(spec) {
            let imported = sides.import_here(spec, SIGN).await?;
            are_accepted_of(sides, spec, &imported, &mut accepted).await?;
        }
    }
    Ok(accepted)
}

async fn are_accepted_of(
    sides: &mut Sides,
    spec: &str,
    key: &KeyHere,
    accepted: &mut Accepted,
) -> anyhow::Result<()> {
    for algorithm in signing_algorithms(spec) {
        for message_type in algorithm.message_types {
            let what = || format!("{spec}, {}, {message_type}", algorithm.name);
            let message = random_bytes(MESSAGE_BYTES);
            let presented = present(&mut sides.there, key, algorithm, message_type, &message).await?;
            made_here(sides, key, algorithm, &message, &presented)
                .await
                .with_context(what)?;
            accepted.there += 1;
            if key.imported.is_some() {
                made_there(sides, key, algorithm, &message, &presented)
                    .await
                    .with_context(what)?;
                accepted.here += 1;
            }
        }
    }
    Ok(())
}

/// The message as it is given to Sign and Verify.
async fn present(
    there: &mut Peer,
    key: &KeyHere,
    algorithm: &SigningAlgorithm,
    message_type: &'static str,
    message: &[u8],
) -> anyhow::Result<Presented> {
    let bytes = match message_type {
        "RAW" => message.to_vec(),
        "DIGEST" => digest(algorithm.name, message),
        _ => there.mu(&key.public, message).await?,
    };
    Ok(Presented { message_type, bytes })
}

fn digest(algorithm: &str, message: &[u8]) -> Vec<u8> {
    if algorithm.ends_with("SHA_256") {
        Sha256::digest(message).to_vec()
    } else if algorithm.ends_with("SHA_384") {
        Sha384::digest(message).to_vec()
    } else {
        Sha512::digest(message).to_vec()
    }
}

async fn made_here(
    sides: &mut Sides,
    key: &KeyHere,
    algorithm: &SigningAlgorithm,
    message: &[u8],
    presented: &Presented,
) -> anyhow::Result<()> {
    let name = algorithm.name;
    let signature = sign(sides.here(), &key.id, name, presented).await?;
    let there = &mut sides.there;
    anyhow::ensure!(
        there
            .accepts_signature(&key.public, name, message, &signature)
            .await?,
        "a signature made here is refused there"
    );
    anyhow::ensure!(
        !there
            .accepts_signature(&key.public, name, b"another message", &signature)
            .await?,
        "a signature over another message is accepted there"
    );
    Ok(())
}

async fn made_there(
    sides: &mut Sides,
    key: &KeyHere,
    algorithm: &SigningAlgorithm,
    message: &[u8],
    presented: &Presented,
) -> anyhow::Result<()> {
    let name = algorithm.name;
    let private = &key.imported.as_ref().context("a key made there")?.private;
    let mut signature = sides.there.sign(private, name, message).await?;
    let answer = verify(sides.here(), &key.id, name, presented, &signature).await?;
    assert!(answer.signature_valid, "an answer is always yes");
    if name.starts_with("RSASSA_PSS") {
        let salted = sides
            .there
            .sign_with_salt(private, name, message, OTHER_SALT_BYTES)
            .await?;
        let answer = verify(sides.here(), &key.id, name, presented, &salted).await;
        assert_eq!(
            refusal(answer),
            told("KMSInvalidSignatureException", ""),
            "another salt"
        );
    }
    let last = signature.last_mut().context("a signature has bytes")?;
    *last ^= 1;
    let answer = verify(sides.here(), &key.id, name, presented, &signature).await;
    assert_eq!(refusal(answer), told("KMSInvalidSignatureException", ""));
    Ok(())
}
