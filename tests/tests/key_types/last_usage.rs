//! GetKeyLastUsage.

use super::attempts::{Attempt, Subject, attempt};
use super::{Keys, REGION};
use crate::calls::{create, key_of, public_key};
use crate::service_model::{AGREE, ENCRYPT, SYMMETRIC};
use crate::support::CALL;
use anyhow::Context;
use kms_proto::kms::v1::*;
use kms_tests::client::Kms;
use kms_tests::ledger::within;
use kms_tests::wait::until;
use prost_types::Timestamp;
use std::time::{Duration, SystemTime};

const REQUEST_ID: &str = "the-last-use";
/// Nodes make uses known every 30 s.
const KNOWN_WITHIN: Duration = Duration::from_secs(60);

async fn last_usage(kms: &mut Kms, key_id: &str) -> anyhow::Result<GetKeyLastUsageResponse> {
    let request = GetKeyLastUsageRequest {
        key_id: key_id.to_owned(),
    };
    Ok(kms.get_key_last_usage(within(request, CALL)).await?.into_inner())
}

async fn last_operation(kms: &mut Kms, key_id: &str) -> anyhow::Result<Option<String>> {
    let usage = last_usage(kms, key_id).await?.key_last_usage;
    Ok(usage.context("an answer has it, if empty")?.operation)
}

/// Uses a key on one node, which tells of it at once, and gives the key.
pub(super) async fn the_node_that_did_it_tells_at_once(keys: &Keys) -> anyhow::Result<String> {
    let mut kms = keys.kms()?;
    let key = create(&mut kms, key_of(SYMMETRIC, ENCRYPT)).await?;
    let unused = last_usage(&mut kms, &key.key_id).await?;
    assert_eq!(
        unused.key_last_usage,
        Some(KeyLastUsageData::default()),
        "never used"
    );
    assert_eq!(unused.key_id, key.arn);
    assert_eq!(unused.key_creation_date, key.creation_date);
    assert_eq!(unused.tracking_start_date, key.creation_date);

    let before = Timestamp::from(SystemTime::now()).seconds;
    let encrypt = EncryptRequest {
        key_id: key.key_id.clone(),
        plaintext: vec![7],
        ..Default::default()
    };
    let mut request = within(encrypt, CALL);
    request
        .metadata_mut()
        .insert("amz-sdk-invocation-id", REQUEST_ID.parse()?);
    kms.encrypt(request).await?;
    let used = last_usage(&mut kms, &key.key_id)
        .await?
        .key_last_usage
        .context("it was used")?;
    assert_eq!(used.operation.as_deref(), Some("Encrypt"));
    assert_eq!(used.kms_request_id.as_deref(), Some(REQUEST_ID));
    assert_eq!(used.cloud_trail_event_id, None);
    let at = used.timestamp.context("a use has its time")?.seconds;
    let now = Timestamp::from(SystemTime::now()).seconds;
    assert!(
        (before..=now).contains(&at),
        "{at} is not within {before} and {now}"
    );
    Ok(key.key_id)
}

pub(super) async fn every_tracked_operation_is_noted(keys: &Keys) -> anyhow::Result<()> {
    let mut kms = keys.kms()?;
    let helper = keys.with_spec(SYMMETRIC, ENCRYPT)?;
    let destination = create(&mut kms, key_of(SYMMETRIC, ENCRYPT)).await?;
    let destination = Subject::of(&mut kms, destination).await?;
    for operation in Attempt::ALL {
        let name = operation.operation();
        let subject = keys
            .with_usage(operation.usage())
            .next()
            .context("a key for it")?;
        attempt(&mut kms, *operation, subject, &destination, None).await?;
        assert_eq!(
            last_operation(&mut kms, subject.id()).await?.as_deref(),
            Some(name)
        );
        if name == "ReEncrypt" {
            let other = last_operation(&mut kms, destination.id()).await?;
            assert_eq!(other.as_deref(), Some(name), "the other key");
        }
    }
    what_is_no_use_is_not_noted(&mut kms, keys, helper).await
}

/// Refused calls, dry runs, and operations that do no cryptography.
async fn what_is_no_use_is_not_noted(kms: &mut Kms, keys: &Keys, symmetric: &Subject) -> anyhow::Result<()> {
    attempt(kms, Attempt::Encrypt, symmetric, symmetric, None).await?;
    let wrong = Subject::unused(symmetric.key.clone());
    for (operation, subject, dry_run) in [
        (Attempt::Decrypt, &wrong, None),
        (Attempt::GenerateDataKey, symmetric, Some(true)),
        (Attempt::Sign, symmetric, None),
    ] {
        let answer = attempt(kms, operation, subject, symmetric, dry_run).await;
        assert!(answer.is_err(), "{operation:?}");
        let last = last_operation(kms, symmetric.id()).await?;
        assert_eq!(last.as_deref(), Some("Encrypt"), "after {operation:?}");
    }
    let agreeing = keys.with_spec("ECC_NIST_P256", AGREE)?;
    let before = last_operation(kms, agreeing.id()).await?;
    public_key(kms, agreeing.id()).await?;
    assert_eq!(last_operation(kms, agreeing.id()).await?, before, "GetPublicKey");
    Ok(())
}

pub(super) async fn the_other_nodes_tell_after_the_next_batch(keys: &Keys, used: &str) -> anyhow::Result<()> {
    for node in keys.cluster.nodes_of(REGION) {
        until(
            &format!("{node} to know of the last use"),
            KNOWN_WITHIN,
            || async {
                let usage = last_usage(&mut keys.cluster.kms(&node)?, used).await?;
                let usage = usage.key_last_usage.unwrap_or_default();
                let known = (usage.operation.as_deref(), usage.kms_request_id.as_deref());
                anyhow::ensure!(known == (Some("Encrypt"), Some(REQUEST_ID)), "it knows {known:?}");
                Ok(())
            },
        )
        .await?;
    }
    Ok(())
}
