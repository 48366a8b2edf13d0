//! Data key pairs of every spec: their private keys load there and work there with the public keys that came along.

use super::{Accepted, KeyHere, Sides};
use crate::calls::{create, decrypt_with, derive, key_of, patiently};
use crate::service_model::{AGREE, DATA_KEY_PAIRS, ENCRYPT, NIST_CURVES, SYMMETRIC, signing_algorithms};
use crate::support::CALL;
use anyhow::Context;
use kms_proto::kms::v1::*;
use kms_tests::ledger::within;

/// A private key and the public key that came with it.
struct Pair {
    private: Vec<u8>,
    public: Vec<u8>,
}

pub(super) async fn work_there(sides: &mut Sides) -> anyhow::Result<Accepted> {
    let mut accepted = Accepted::default();
    let under = create(sides.here(), key_of(SYMMETRIC, ENCRYPT)).await?.key_id;
    for spec in DATA_KEY_PAIRS {
        let mut pairs = vec![with_plaintext(sides, &under, spec).await?];
        // Longer RSA keys take long to make, and are made the same way.
        if !matches!(*spec, "RSA_3072" | "RSA_4096") {
            pairs.push(without_plaintext(sides, &under, spec).await?);
        }
        for pair in pairs {
            let public = sides.there.public(&pair.private).await;
            let public = public.with_context(|| format!("the private key of {spec} there"))?;
            assert_eq!(public, pair.public, "{spec}");
            works_there(sides, spec, &pair)
                .await
                .with_context(|| format!("a data key pair of {spec}"))?;
            accepted.there += 1;
        }
    }
    Ok(accepted)
}

async fn with_plaintext(sides: &mut Sides, under: &str, spec: &str) -> anyhow::Result<Pair> {
    let request = GenerateDataKeyPairRequest {
        key_id: under.to_owned(),
        key_pair_spec: spec.to_owned(),
        ..Default::default()
    };
    let kms = sides.here();
    let made = patiently(async || kms.generate_data_key_pair(within(request.clone(), CALL)).await);
    let made = made.await?.into_inner();
    assert_eq!(made.key_pair_spec, *spec);
    let opened = decrypt_with(sides.here(), under, SYMMETRIC, &made.private_key_ciphertext_blob).await?;
    assert_eq!(opened.plaintext, made.private_key_plaintext, "{spec}");
    assert_eq!(
        opened.key_material_id.as_deref(),
        Some(made.key_material_id.as_str())
    );
    Ok(Pair {
        private: made.private_key_plaintext,
        public: made.public_key,
    })
}

async fn without_plaintext(sides: &mut Sides, under: &str, spec: &str) -> anyhow::Result<Pair> {
    let request = GenerateDataKeyPairWithoutPlaintextRequest {
        key_id: under.to_owned(),
        key_pair_spec: spec.to_owned(),
        ..Default::default()
    };
    let kms = sides.here();
    let made = patiently(async || {
        kms.generate_data_key_pair_without_plaintext(within(request.clone(), CALL))
            .await
    });
    let made = made.await?.into_inner();
    let opened = decrypt_with(sides.here(), under, SYMMETRIC, &made.private_key_ciphertext_blob).await?;
    Ok(Pair {
        private: opened.plaintext,
        public: made.public_key,
    })
}

/// Signs, decrypts, agrees or decapsulates there by the private key, against the public one.
async fn works_there(sides: &mut Sides, spec: &str, pair: &Pair) -> anyhow::Result<()> {
    const MESSAGE: &[u8] = b"attack at dawn";
    for algorithm in signing_algorithms(spec) {
        let name = algorithm.name;
        let there = &mut sides.there;
        let signature = there.sign(&pair.private, name, MESSAGE).await?;
        let accepted = there.accepts_signature(&pair.public, name, MESSAGE, &signature);
        anyhow::ensure!(accepted.await?, "{name}");
    }
    if spec.starts_with("RSA") {
        let there = &mut sides.there;
        let algorithm = "RSAES_OAEP_SHA_256";
        let ciphertext = there.encrypt(&pair.public, algorithm, MESSAGE).await?;
        let opened = there.decrypt(&pair.private, algorithm, &ciphertext).await?;
        anyhow::ensure!(opened == MESSAGE, "{algorithm}");
    } else if NIST_CURVES.contains(&spec) {
        let KeyHere { id, public, .. } = sides.make_here(spec, AGREE).await?;
        let here = derive(sides.here(), &id, &pair.public).await?;
        anyhow::ensure!(here == sides.there.agree(&pair.private, &public).await?, "ECDH");
    } else if spec.starts_with("ML_KEM") {
        let made = sides.there.encapsulate(&pair.public).await?;
        let opened = sides.there.decapsulate(&pair.private, &made.ciphertext).await?;
        anyhow::ensure!(opened == made.secret, "ML-KEM");
    }
    Ok(())
}
