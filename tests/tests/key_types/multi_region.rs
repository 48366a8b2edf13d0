//! Multi-Region keys of every spec: what one region makes, another accepts.

use super::attempts::{MESSAGE, Subject, presented};
use super::{Keys, OTHER};
use crate::calls::{
    decapsulate, decrypt_with, derive, encapsulate, encrypt_with, mac, public_key, sign, verify, verify_mac,
};
use crate::service_model::{AGREE, ENCRYPT, MAC, SIGN, signing_algorithms};
use crate::support::{CALL, enabled};
use anyhow::Context;
use kms_proto::kms::v1::ReplicateKeyRequest;
use kms_tests::client::Kms;
use kms_tests::ledger::within;

pub(super) async fn what_one_region_makes_another_accepts_for_every_spec(keys: &Keys) -> anyhow::Result<()> {
    let (mut here, mut there) = (keys.kms()?, keys.other()?);
    for subject in &keys.subjects {
        let request = ReplicateKeyRequest {
            key_id: subject.id().to_owned(),
            replica_region: OTHER.to_owned(),
            ..Default::default()
        };
        let answer = here.replicate_key(within(request, CALL)).await;
        answer.with_context(|| format!("ReplicateKey of {}", subject.spec()))?;
    }
    for subject in &keys.subjects {
        let (spec, usage) = (subject.spec(), &subject.key.key_usage);
        enabled(&keys.cluster, OTHER, subject.id()).await?;
        for (from, to) in [(here.clone(), there.clone()), (there.clone(), here.clone())] {
            accepts(from, to, subject)
                .await
                .with_context(|| format!("{spec} for {usage}"))?;
        }
        if spec.starts_with("RSA") || spec.starts_with("ECC") || spec.starts_with("ML") {
            let public = public_key(&mut here, subject.id()).await?;
            assert_eq!(public, public_key(&mut there, subject.id()).await?, "{spec}");
        }
    }
    Ok(())
}

async fn accepts(mut from: Kms, mut to: Kms, subject: &Subject) -> anyhow::Result<()> {
    let id = subject.id();
    match subject.key.key_usage.as_str() {
        ENCRYPT => {
            let algorithm = subject.encryption_algorithm();
            let ciphertext = encrypt_with(&mut from, id, algorithm, MESSAGE).await?;
            let opened = decrypt_with(&mut to, id, algorithm, &ciphertext).await?;
            assert_eq!(opened.plaintext, MESSAGE);
        }
        SIGN => {
            for algorithm in signing_algorithms(subject.spec()) {
                let message = presented(algorithm.name);
                let signature = sign(&mut from, id, algorithm.name, &message).await?;
                verify(&mut to, id, algorithm.name, &message, &signature).await?;
            }
        }
        MAC => {
            let algorithm = subject.mac_algorithm();
            let made = mac(&mut from, id, algorithm, MESSAGE).await?;
            verify_mac(&mut to, id, algorithm, MESSAGE, &made).await?;
        }
        AGREE => {
            let secret = derive(&mut from, id, &subject.public_key).await?;
            assert_eq!(derive(&mut to, id, &subject.public_key).await?, secret);
        }
        _ => {
            let made = encapsulate(&mut from, id).await?;
            let opened = decapsulate(&mut to, id, &made.shared_secret_ciphertext_blob).await?;
            assert_eq!(opened, made.shared_secret);
        }
    }
    Ok(())
}
