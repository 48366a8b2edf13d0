//! What callers of asymmetric, HMAC and imported keys entrust to the service, and what it hands out to them.

use super::{BEFORE_SCALAR, KEY_BYTES, OTHER, REGION};
use crate::calls::{
    Presented, create, decapsulate, decrypt_with, derive, encapsulate, encrypt_with, external, key_of, mac,
    public_key, random_bytes, sign, verify, verify_mac,
};
use crate::canaries::Canaries;
use crate::imports::{delete_material, import, import_material, usual_parameters};
use crate::service_model::{AGREE, ENCAPSULATE, ENCRYPT, MAC, SIGN, SYMMETRIC};
use crate::support::{CALL, SETTLED, any_kms, describe};
use anyhow::Context;
use kms_proto::kms::v1::*;
use kms_tests::client::Kms;
use kms_tests::cluster::Cluster;
use kms_tests::interop::Peer;
use kms_tests::ledger::within;
use kms_tests::summary::skipped;
use kms_tests::wait::until;

const ROUNDS: usize = 10;
const IMPORTED: &str = "imported key material";

/// A text that is found nowhere else.
fn canary(of: &str) -> Vec<u8> {
    format!("canary-{of}-{}", uuid::Uuid::new_v4()).into_bytes()
}

pub(super) async fn plant(cluster: &Cluster, canaries: &mut Canaries) -> anyhow::Result<()> {
    let mut kms = any_kms(cluster, REGION)?;
    for spec in ["ECC_NIST_P256", "ECC_NIST_EDWARDS25519", "ML_DSA_44"] {
        signed_messages(&mut kms, spec, canaries).await?;
    }
    authenticated_messages(&mut kms, canaries).await?;
    rsa_plaintexts(&mut kms, canaries).await?;
    shared_secrets(&mut kms, canaries).await?;
    for spec in ["ECC_NIST_P256", "ML_KEM_512", "RSA_2048"] {
        data_key_pair(&mut kms, spec, canaries).await?;
    }
    let Some(mut peer) = Peer::start()? else {
        skipped(
            "10, no plaintext of imported material",
            "CONCORD_PYTHON names no Python",
        );
        return Ok(());
    };
    imported_material(cluster, &mut peer, canaries).await
}

async fn signed_messages(kms: &mut Kms, spec: &str, canaries: &mut Canaries) -> anyhow::Result<()> {
    let id = create(kms, key_of(spec, SIGN)).await?.key_id;
    let algorithm = match spec {
        "ECC_NIST_P256" => "ECDSA_SHA_256",
        "ML_DSA_44" => "ML_DSA_SHAKE_256",
        _ => "ED25519_SHA_512",
    };
    for _ in 0..ROUNDS {
        let message = Presented {
            message_type: "RAW",
            bytes: canary("message"),
        };
        canaries.add("a signed message", &message.bytes);
        let mut signature = sign(kms, &id, algorithm, &message).await?;
        verify(kms, &id, algorithm, &message, &signature).await?;
        // Refused calls must not leak either.
        signature[9] ^= 1;
        assert!(verify(kms, &id, algorithm, &message, &signature).await.is_err());
        assert!(sign(kms, &id, "RSASSA_PSS_SHA_256", &message).await.is_err());
        let as_digest = Presented {
            message_type: "DIGEST",
            ..message
        };
        assert!(sign(kms, &id, algorithm, &as_digest).await.is_err());
    }
    Ok(())
}

async fn authenticated_messages(kms: &mut Kms, canaries: &mut Canaries) -> anyhow::Result<()> {
    let id = create(kms, key_of("HMAC_256", MAC)).await?.key_id;
    for _ in 0..ROUNDS {
        let message = canary("message");
        canaries.add("an authenticated message", &message);
        let mut made = mac(kms, &id, "HMAC_SHA_256", &message).await?;
        verify_mac(kms, &id, "HMAC_SHA_256", &message, &made).await?;
        made[0] ^= 1;
        assert!(
            verify_mac(kms, &id, "HMAC_SHA_256", &message, &made)
                .await
                .is_err()
        );
        assert!(mac(kms, &id, "HMAC_SHA_512", &message).await.is_err());
    }
    Ok(())
}

async fn rsa_plaintexts(kms: &mut Kms, canaries: &mut Canaries) -> anyhow::Result<()> {
    let id = create(kms, key_of("RSA_2048", ENCRYPT)).await?.key_id;
    for _ in 0..ROUNDS {
        let plaintext = canary("plaintext");
        canaries.add("an RSA plaintext", &plaintext);
        let ciphertext = encrypt_with(kms, &id, "RSAES_OAEP_SHA_256", &plaintext).await?;
        let opened = decrypt_with(kms, &id, "RSAES_OAEP_SHA_256", &ciphertext).await?;
        assert_eq!(opened.plaintext, plaintext);
        let long = plaintext.repeat(10);
        assert!(encrypt_with(kms, &id, "RSAES_OAEP_SHA_256", &long).await.is_err());
        assert!(
            decrypt_with(kms, &id, "RSAES_OAEP_SHA_1", &ciphertext)
                .await
                .is_err()
        );
    }
    Ok(())
}

async fn shared_secrets(kms: &mut Kms, canaries: &mut Canaries) -> anyhow::Result<()> {
    let encapsulating = create(kms, key_of("ML_KEM_768", ENCAPSULATE)).await?.key_id;
    let agreeing = create(kms, key_of("ECC_NIST_P384", AGREE)).await?.key_id;
    for _ in 0..ROUNDS {
        let made = encapsulate(kms, &encapsulating).await?;
        canaries.add("an encapsulated secret", &made.shared_secret);
        let mut ciphertext = made.shared_secret_ciphertext_blob;
        decapsulate(kms, &encapsulating, &ciphertext).await?;
        ciphertext[0] ^= 1;
        let rejected = decapsulate(kms, &encapsulating, &ciphertext).await?;
        canaries.add("a secret of implicit rejection", &rejected);
        let other = create(kms, key_of("ECC_NIST_P384", AGREE)).await?.key_id;
        let public = public_key(kms, &other).await?;
        canaries.add("an agreed secret", &derive(kms, &agreeing, &public).await?);
    }
    Ok(())
}

async fn data_key_pair(kms: &mut Kms, spec: &str, canaries: &mut Canaries) -> anyhow::Result<()> {
    let under = create(kms, key_of(SYMMETRIC, ENCRYPT)).await?.key_id;
    let request = GenerateDataKeyPairWithoutPlaintextRequest {
        key_id: under.clone(),
        key_pair_spec: spec.to_owned(),
        ..Default::default()
    };
    let sealed = kms
        .generate_data_key_pair_without_plaintext(within(request, CALL))
        .await?;
    let sealed = sealed.into_inner().private_key_ciphertext_blob;
    let private = decrypt_with(kms, &under, SYMMETRIC, &sealed).await?.plaintext;
    canaries.add("a data key pair's private key", &private);
    canaries.add_key("a part of a data key pair's private key", &secret_part(&private)?);
    Ok(())
}

/// 32 bytes of a private key that are secret in whatever form it is written: the scalar of P-256; of others the end,
/// where RSA has its coefficient, ML-KEM its rejection seed, and HMAC and symmetric keys themselves.
fn secret_part(private: &[u8]) -> anyhow::Result<[u8; KEY_BYTES]> {
    let scalar = private
        .windows(BEFORE_SCALAR.len())
        .position(|window| window == BEFORE_SCALAR)
        .and_then(|at| private[at + BEFORE_SCALAR.len()..].first_chunk());
    let part = scalar.or_else(|| private.last_chunk());
    part.copied().context("a private key has 32 bytes")
}

/// Imported in two regions, deleted, imported again; and what was refused.
async fn imported_material(
    cluster: &Cluster,
    peer: &mut Peer,
    canaries: &mut Canaries,
) -> anyhow::Result<()> {
    let (mut here, mut there) = (any_kms(cluster, REGION)?, any_kms(cluster, OTHER)?);
    for (spec, usage) in [
        (SYMMETRIC, ENCRYPT),
        ("HMAC_512", MAC),
        ("ECC_NIST_P256", SIGN),
        ("RSA_2048", SIGN),
    ] {
        let request = CreateKeyRequest {
            multi_region: Some(true),
            ..external(spec, usage)
        };
        let id = create(&mut here, request).await?.key_id;
        let material = peer.generate(spec).await?.private;
        canaries.add(IMPORTED, &material);
        canaries.add_key("a part of imported key material", &secret_part(&material)?);
        refused_material(&mut here, peer, &id, &material, canaries).await?;
        import_material(&mut here, peer, &id, &material).await?;
        delete_material(&mut here, &id, None).await?;
        import_material(&mut here, peer, &id, &material).await?;
        let request = ReplicateKeyRequest {
            key_id: id.clone(),
            replica_region: OTHER.to_owned(),
            ..Default::default()
        };
        here.replicate_key(within(request, CALL)).await?;
        until("the replica to await its material", SETTLED, || async {
            let state = describe(&mut any_kms(cluster, OTHER)?, &id).await?.key_state;
            anyhow::ensure!(state == "PendingImport", "it is {state}");
            Ok(())
        })
        .await?;
        import_material(&mut there, peer, &id, &material).await?;
    }
    Ok(())
}

async fn refused_material(
    kms: &mut Kms,
    peer: &mut Peer,
    key_id: &str,
    material: &[u8],
    canaries: &mut Canaries,
) -> anyhow::Result<()> {
    let parameters = usual_parameters(kms, key_id).await?;
    let longer = [material, &random_bytes(1)].concat();
    for wrong in [random_bytes(33), longer] {
        canaries.add("refused key material", &wrong);
        let request = parameters.request(peer, &wrong).await?;
        assert!(import(kms, request).await.is_err());
    }
    // Not wrapped at all.
    let request = parameters.request_of(material.to_vec());
    assert!(import(kms, request).await.is_err());
    Ok(())
}
