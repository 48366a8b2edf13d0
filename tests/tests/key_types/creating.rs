//! Which keys can be made.

use super::Keys;
use crate::calls::{external, key_of, refusal, refused_with, told};
use crate::service_model::{
    AGREEMENT, Algorithm, ENCAPSULATION, ENCRYPT, ENCRYPTION, MACS, SIGN, SPECS, SYMMETRIC, USAGES,
    can_be_imported, signing_algorithms,
};
use crate::support::CALL;
use kms_proto::kms::v1::*;
use kms_tests::client::Kms;
use kms_tests::ledger::within;
use std::collections::BTreeSet;
use tonic::{Response, Status};

const VALIDATION: &str = "ValidationException";
const UNSUPPORTED: &str = "UnsupportedOperationException";

async fn try_to_create(
    kms: &mut Kms,
    request: CreateKeyRequest,
) -> Result<Response<CreateKeyResponse>, Status> {
    kms.create_key(within(request, CALL)).await
}

/// Those that are allowed have been made already: [`Keys`].
pub(super) async fn every_pair_of_spec_and_usage_is_made_or_refused(keys: &Keys) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    let (mut made, mut refused) = (0, 0);
    for (spec, usages) in SPECS {
        for usage in USAGES {
            if usages.contains(usage) {
                let subject = keys.with_spec(spec, usage)?;
                assert_eq!(subject.key.key_state, "Enabled", "{spec} for {usage}");
                made += 1;
                continue;
            }
            let answer = try_to_create(&mut kms, key_of(spec, usage)).await;
            let text = format!("KeyUsage {usage} is not compatible with KeySpec {spec}");
            assert_eq!(refusal(answer), told(VALIDATION, text));
            refused += 1;
        }
        if *spec != SYMMETRIC {
            let request = CreateKeyRequest {
                key_usage: None,
                ..key_of(spec, "")
            };
            let answer = try_to_create(&mut kms, request).await;
            let text =
                "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.";
            assert_eq!(refusal(answer), told(VALIDATION, text));
        }
    }
    assert_eq!((made, refused), (25, 70), "19 specs and 5 usages");
    Ok(())
}

pub(super) fn what_a_new_key_can_do_is_in_its_metadata(keys: &Keys) -> anyhow::Result<()> {
    for subject in &keys.subjects {
        let key = &subject.key;
        let (spec, usage) = (key.key_spec.as_str(), key.key_usage.as_str());
        let what = format!("{spec} for {usage}");
        let signing: BTreeSet<&str> = signing_algorithms(spec).map(|algorithm| algorithm.name).collect();
        let signing = if usage == SIGN { signing } else { BTreeSet::new() };
        assert_eq!(as_set(&key.signing_algorithms), signing, "{what}");
        let encryption = if usage == ENCRYPT {
            of(ENCRYPTION, spec)
        } else {
            BTreeSet::new()
        };
        assert_eq!(as_set(&key.encryption_algorithms), encryption, "{what}");
        assert_eq!(as_set(&key.mac_algorithms), of(MACS, spec), "{what}");
        let agreement = if usage == SIGN {
            BTreeSet::new()
        } else {
            of(AGREEMENT, spec)
        };
        assert_eq!(as_set(&key.key_agreement_algorithms), agreement, "{what}");
        assert_eq!(
            as_set(&key.encapsulation_algorithms),
            of(ENCAPSULATION, spec),
            "{what}"
        );
        assert_eq!(key.origin, "AWS_KMS", "{what}");
        assert_eq!(key.current_key_material_id.is_some(), spec == SYMMETRIC, "{what}");
    }
    Ok(())
}

fn as_set(names: &[String]) -> BTreeSet<&str> {
    names.iter().map(String::as_str).collect()
}

fn of(algorithms: &'static [Algorithm], spec: &str) -> BTreeSet<&'static str> {
    let of_spec = algorithms
        .iter()
        .filter(|algorithm| algorithm.specs.contains(&spec));
    of_spec.map(|algorithm| algorithm.name).collect()
}

pub(super) async fn origins_and_specs_that_do_not_exist_here_are_refused(keys: &Keys) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    for (spec, usages) in SPECS {
        let answer = try_to_create(&mut kms, external(spec, usages[0])).await;
        if can_be_imported(spec) {
            let key = answer?.into_inner().key_metadata.unwrap_or_default();
            assert_eq!(
                (key.key_state.as_str(), key.origin.as_str()),
                ("PendingImport", "EXTERNAL"),
                "{spec}"
            );
            continue;
        }
        let text = format!("KeySpec {spec} is not supported for Origin EXTERNAL.");
        assert_eq!(refusal(answer), told(UNSUPPORTED, text));
    }
    for origin in ["AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"] {
        let request = CreateKeyRequest {
            origin: Some(origin.to_owned()),
            ..Default::default()
        };
        let answer = try_to_create(&mut kms, request).await;
        assert_eq!(
            refusal(answer),
            told(UNSUPPORTED, format!("Origin {origin} is not supported yet."))
        );
    }
    sm2_is_refused(keys).await
}

/// SM2 exists in the service's China Regions alone.
async fn sm2_is_refused(keys: &Keys) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    for usage in USAGES {
        let answer = try_to_create(&mut kms, key_of("SM2", usage)).await;
        assert_eq!(
            refusal(answer),
            told(UNSUPPORTED, "KeySpec SM2 is not supported in this region.")
        );
    }
    let symmetric = keys.with_spec(SYMMETRIC, ENCRYPT)?;
    let pair = GenerateDataKeyPairRequest {
        key_id: symmetric.id().to_owned(),
        key_pair_spec: "SM2".to_owned(),
        ..Default::default()
    };
    let answer = kms.generate_data_key_pair(within(pair, CALL)).await;
    let refused = told(UNSUPPORTED, "KeyPairSpec SM2 is not supported in this region.");
    assert_eq!(refusal(answer), refused);
    let sign = SignRequest {
        key_id: keys.with_spec("ECC_NIST_P256", SIGN)?.id().to_owned(),
        message: vec![7],
        signing_algorithm: "SM2DSA".to_owned(),
        ..Default::default()
    };
    assert_eq!(refused_with(kms.sign(within(sign, CALL)).await), VALIDATION);
    let encrypt = EncryptRequest {
        key_id: symmetric.id().to_owned(),
        plaintext: vec![7],
        encryption_algorithm: Some("SM2PKE".to_owned()),
        ..Default::default()
    };
    assert_eq!(refused_with(kms.encrypt(within(encrypt, CALL)).await), VALIDATION);
    Ok(())
}
