//! Dry runs.

use super::Keys;
use super::attempts::{Attempt, Subject, attempt};
use crate::calls::{refusal, told};
use crate::service_model::{ENCRYPT, SYMMETRIC};
use kms_proto::kms::v1::KeyMetadata;
use std::collections::BTreeSet;

/// The service model's operations with a `DryRun` that exist here.
const OPERATIONS: [&str; 14] = [
    "Decapsulate",
    "Decrypt",
    "DeriveSharedSecret",
    "Encapsulate",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "ReEncrypt",
    "Sign",
    "Verify",
    "VerifyMac",
];

pub(super) async fn every_operation_that_has_it_checks_everything_and_does_nothing(
    keys: &Keys,
) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    let helper = keys.with_spec(SYMMETRIC, ENCRYPT)?;
    let text = "The request would have succeeded, but the DryRun option is set.";
    let mut tried = BTreeSet::new();
    for operation in Attempt::ALL {
        let able = |s: &&Subject| !operation.makes_data_keys() || s.spec() == SYMMETRIC;
        for subject in keys.with_usage(operation.usage()).filter(able) {
            let answer = attempt(&mut kms, *operation, subject, helper, Some(true)).await;
            let refused = told("DryRunOperationException", text);
            assert_eq!(refusal(answer), refused, "{operation:?} with {}", subject.spec());
            let answer = attempt(&mut kms, *operation, subject, helper, Some(false)).await;
            assert!(
                answer.is_ok(),
                "{operation:?} with {}: {answer:?}",
                subject.spec()
            );
        }
        let other = keys
            .subjects
            .iter()
            .find(|s| s.key.key_usage != operation.usage());
        if let Some(other) = other {
            let answer = attempt(&mut kms, *operation, other, helper, Some(true)).await;
            let (key, name) = (&other.key, operation.operation());
            let text = format!(
                "{} key usage is {} which is not valid for {name}.",
                key.arn, key.key_usage
            );
            assert_eq!(
                refusal(answer),
                told("InvalidKeyUsageException", text),
                "{operation:?}"
            );
        }
        tried.insert(operation.operation());
    }
    assert_eq!(tried, BTreeSet::from(OPERATIONS));
    what_would_fail_fails(keys).await
}

/// A dry run of what does not verify or open is no success.
async fn what_would_fail_fails(keys: &Keys) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    let helper = keys.with_spec(SYMMETRIC, ENCRYPT)?;
    let cases = [
        (Attempt::Verify, "KMSInvalidSignatureException"),
        (Attempt::VerifyMac, "KMSInvalidMacException"),
        (Attempt::Decrypt, "InvalidCiphertextException"),
        (Attempt::ReEncryptFrom, "InvalidCiphertextException"),
    ];
    for (operation, exception) in cases {
        for subject in keys.with_usage(operation.usage()) {
            let wrong = Subject::unused(KeyMetadata::clone(&subject.key));
            let answer = attempt(&mut kms, operation, &wrong, helper, Some(true)).await;
            assert_eq!(
                refusal(answer),
                told(exception, ""),
                "{operation:?} with {}",
                subject.spec()
            );
        }
    }
    Ok(())
}
