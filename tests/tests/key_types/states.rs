//! What keys answer that are not Enabled. The whole table of states is compared in the domain crate; here each
//! cryptographic operation meets it over the wire.

use super::Keys;
use super::attempts::{Attempt, Subject, attempt};
use crate::calls::{create, external, key_of, public_key, refusal, told};
use crate::service_model::{AGREE, ENCAPSULATE, ENCRYPT, MAC, SIGN, SYMMETRIC};
use crate::support::CALL;
use kms_proto::kms::v1::*;
use kms_tests::ledger::within;

/// One spec for each usage, the ones that are made soonest.
const REPRESENTATIVES: [(&str, &str); 5] = [
    (SYMMETRIC, ENCRYPT),
    ("ECC_NIST_P256", SIGN),
    ("HMAC_256", MAC),
    ("ECC_NIST_P256", AGREE),
    ("ML_KEM_512", ENCAPSULATE),
];

pub(super) async fn every_operation_refuses_keys_in_other_states(keys: &Keys) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    for (spec, usage) in REPRESENTATIVES {
        let key = create(&mut kms, key_of(spec, usage)).await?;
        let subject = Subject::of(&mut kms, key).await?;
        let key_id = subject.id().to_owned();
        let disable = DisableKeyRequest {
            key_id: key_id.clone(),
        };
        kms.disable_key(within(disable, CALL)).await?;
        refuses(keys, &subject, "DisabledException", "is disabled.").await?;
        the_state_is_told_before_the_usage(keys, &subject).await?;
        let schedule = ScheduleKeyDeletionRequest {
            key_id,
            pending_window_in_days: Some(7),
        };
        kms.schedule_key_deletion(within(schedule, CALL)).await?;
        refuses(keys, &subject, "KMSInvalidStateException", "is pending deletion.").await?;
        // Keys of the last spec cannot be imported.
        if usage != ENCAPSULATE {
            let key = create(&mut kms, external(spec, usage)).await?;
            let subject = Subject::unused(key);
            refuses(keys, &subject, "KMSInvalidStateException", "is pending import.").await?;
        }
    }
    Ok(())
}

/// Every operation that the key's usage allows is refused so.
async fn refuses(keys: &Keys, subject: &Subject, exception: &str, text: &str) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    let helper = keys.with_spec(SYMMETRIC, ENCRYPT)?;
    let refused = || told(exception, format!("{} {text}", subject.key.arn));
    let mut tried = 0;
    for operation in Attempt::ALL.iter().filter(|a| a.usage() == subject.key.key_usage) {
        let answer = attempt(&mut kms, *operation, subject, helper, None).await;
        assert_eq!(refusal(answer), refused(), "{operation:?}");
        let answer = attempt(&mut kms, *operation, subject, helper, Some(true)).await;
        assert_eq!(refusal(answer), refused(), "{operation:?}, dry run");
        tried += 1;
    }
    assert!(tried > 0, "no operation for {}", subject.key.key_usage);
    if subject.spec().starts_with("ECC") || subject.spec().starts_with("ML") {
        assert_eq!(
            refusal(public_key(&mut kms, subject.id()).await),
            refused(),
            "GetPublicKey"
        );
    }
    Ok(())
}

async fn the_state_is_told_before_the_usage(keys: &Keys, disabled: &Subject) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    let helper = keys.with_spec(SYMMETRIC, ENCRYPT)?;
    let refused = told("DisabledException", format!("{} is disabled.", disabled.key.arn));
    for operation in [Attempt::Sign, Attempt::GenerateMac] {
        let answer = attempt(&mut kms, operation, disabled, helper, None).await;
        assert_eq!(refusal(answer), refused, "{operation:?}");
    }
    Ok(())
}
