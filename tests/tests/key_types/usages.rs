//! Which operation takes keys of which usage.

use super::Keys;
use super::attempts::{Attempt, attempt};
use crate::calls::{Refusal, refusal, told};
use crate::service_model::{ENCRYPT, HMAC, SYMMETRIC};
use crate::support::CALL;
use kms_proto::kms::v1::*;
use kms_tests::ledger::within;
use std::collections::BTreeSet;

const UNSUPPORTED: &str = "UnsupportedOperationException";

pub(super) async fn every_operation_refuses_keys_of_other_usages(keys: &Keys) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    let helper = keys.with_spec(SYMMETRIC, ENCRYPT)?;
    let mut pairs = BTreeSet::new();
    for tried in Attempt::ALL {
        for subject in &keys.subjects {
            let (key, operation) = (&subject.key, tried.operation());
            let answer = attempt(&mut kms, *tried, subject, helper, None).await;
            pairs.insert((operation, key.key_usage.as_str()));
            let invalid = |text: String| told("InvalidKeyUsageException", text);
            if key.key_usage != tried.usage() {
                let text = format!(
                    "{} key usage is {} which is not valid for {operation}.",
                    key.arn, key.key_usage
                );
                assert_eq!(refusal(answer), invalid(text), "{tried:?}");
            } else if tried.makes_data_keys() && key.key_spec != SYMMETRIC {
                let text = format!(
                    "Algorithm {SYMMETRIC} is incompatible with key spec {}.",
                    key.key_spec
                );
                assert_eq!(refusal(answer), invalid(text), "{tried:?}");
            } else {
                assert!(answer.is_ok(), "{tried:?} with {}: {answer:?}", key.key_spec);
            }
        }
    }
    assert_eq!(pairs.len(), 14 * 5, "every operation with every usage");
    Ok(())
}

pub(super) async fn public_keys_and_rotation_are_for_the_specs_that_have_them(
    keys: &Keys,
) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    for subject in &keys.subjects {
        let (spec, arn) = (subject.spec(), &subject.key.arn);
        let request = GetPublicKeyRequest {
            key_id: arn.clone(),
            ..Default::default()
        };
        let answer = kms.get_public_key(within(request, CALL)).await;
        if spec == SYMMETRIC || HMAC.contains(&spec) {
            let text = format!("{arn} key spec is {spec} which is not valid for GetPublicKey.");
            assert_eq!(refusal(answer), told(UNSUPPORTED, text));
        } else {
            let shown = answer?.into_inner();
            let key = &subject.key;
            assert!(!shown.public_key.is_empty(), "{spec}");
            assert_eq!(
                (shown.key_spec.as_str(), &shown.key_usage),
                (spec, &key.key_usage)
            );
            assert_eq!(shown.signing_algorithms, key.signing_algorithms, "{spec}");
            assert_eq!(shown.encryption_algorithms, key.encryption_algorithms, "{spec}");
            assert_eq!(
                shown.key_agreement_algorithms, key.key_agreement_algorithms,
                "{spec}"
            );
            assert_eq!(
                shown.encapsulation_algorithms, key.encapsulation_algorithms,
                "{spec}"
            );
        }
        if spec != SYMMETRIC {
            for (operation, refused) in rotation(keys, arn).await? {
                assert_eq!(refused, told(UNSUPPORTED, ""), "{operation}");
            }
        }
    }
    Ok(())
}

/// What each operation of rotation answers.
async fn rotation(keys: &Keys, arn: &str) -> anyhow::Result<[(&'static str, Refusal); 5]> {
    let mut kms = keys.kms()?;
    let key_id = arn.to_owned();
    let enable = EnableKeyRotationRequest {
        key_id: key_id.clone(),
        ..Default::default()
    };
    let disable = DisableKeyRotationRequest {
        key_id: key_id.clone(),
    };
    let status = GetKeyRotationStatusRequest {
        key_id: key_id.clone(),
    };
    let rotate = RotateKeyOnDemandRequest {
        key_id: key_id.clone(),
    };
    let list = ListKeyRotationsRequest {
        key_id,
        ..Default::default()
    };
    Ok([
        (
            "EnableKeyRotation",
            refusal(kms.enable_key_rotation(within(enable, CALL)).await),
        ),
        (
            "DisableKeyRotation",
            refusal(kms.disable_key_rotation(within(disable, CALL)).await),
        ),
        (
            "GetKeyRotationStatus",
            refusal(kms.get_key_rotation_status(within(status, CALL)).await),
        ),
        (
            "RotateKeyOnDemand",
            refusal(kms.rotate_key_on_demand(within(rotate, CALL)).await),
        ),
        (
            "ListKeyRotations",
            refusal(kms.list_key_rotations(within(list, CALL)).await),
        ),
    ])
}
