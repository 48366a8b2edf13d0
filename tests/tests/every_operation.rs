//! Every operation that one region can do, once, with the effect it must have.

use crate::limits::{key, tag};
use crate::support::{CALL, create_key, describe, encrypt};
use kms_proto::kms::v1::*;
use kms_tests::client::Kms;
use kms_tests::ledger::{decrypt, within};
use std::collections::BTreeMap;

/// Every operation that needs one region only, once, with the effect it must have.
pub(crate) async fn every_operation_once(kms: &mut Kms) -> anyhow::Result<()> {
    let id = create_key(kms, false).await?;
    let other = create_key(kms, false).await?;
    manage(kms, &id, &other).await?;
    name_and_tag(kms, &id, &other).await?;
    rotate(kms, &id).await?;
    use_for_cryptography(kms, &id, &other).await
}

async fn manage(kms: &mut Kms, id: &str, other: &str) -> anyhow::Result<()> {
    kms.update_key_description(within(
        UpdateKeyDescriptionRequest {
            key_id: key(id),
            description: "described".to_owned(),
        },
        CALL,
    ))
    .await?;
    assert_eq!(describe(kms, id).await?.description, "described");
    kms.disable_key(within(DisableKeyRequest { key_id: key(id) }, CALL))
        .await?;
    assert_eq!(describe(kms, id).await?.key_state, "Disabled");
    kms.enable_key(within(EnableKeyRequest { key_id: key(id) }, CALL))
        .await?;
    let request = ScheduleKeyDeletionRequest {
        key_id: key(other),
        pending_window_in_days: Some(7),
    };
    let scheduled = kms
        .schedule_key_deletion(within(request, CALL))
        .await?
        .into_inner();
    assert_eq!(
        (scheduled.key_state.as_str(), scheduled.pending_window_in_days),
        ("PendingDeletion", 7)
    );
    assert!(scheduled.deletion_date.is_some());
    kms.cancel_key_deletion(within(CancelKeyDeletionRequest { key_id: key(other) }, CALL))
        .await?;
    assert_eq!(describe(kms, other).await?.key_state, "Disabled");
    kms.enable_key(within(EnableKeyRequest { key_id: key(other) }, CALL))
        .await?;
    let listed = kms
        .list_keys(within(
            ListKeysRequest {
                limit: Some(1),
                ..Default::default()
            },
            CALL,
        ))
        .await?;
    let first = listed.into_inner();
    assert_eq!((first.keys.len(), first.truncated), (1, true));
    let next = ListKeysRequest {
        marker: first.next_marker,
        ..Default::default()
    };
    let rest = kms.list_keys(within(next, CALL)).await?.into_inner();
    assert!(!rest.keys.is_empty() && rest.keys.iter().all(|entry| entry.key_id != first.keys[0].key_id));
    Ok(())
}

async fn name_and_tag(kms: &mut Kms, id: &str, other: &str) -> anyhow::Result<()> {
    let alias = format!("alias/test-{}", uuid::Uuid::new_v4());
    let create = CreateAliasRequest {
        alias_name: alias.clone(),
        target_key_id: key(id),
    };
    kms.create_alias(within(create, CALL)).await?;
    assert_eq!(describe(kms, &alias).await?.key_id, id);
    let update = UpdateAliasRequest {
        alias_name: alias.clone(),
        target_key_id: key(other),
    };
    kms.update_alias(within(update, CALL)).await?;
    assert_eq!(describe(kms, &alias).await?.key_id, other);
    let list = ListAliasesRequest {
        key_id: Some(key(other)),
        ..Default::default()
    };
    let listed = kms.list_aliases(within(list, CALL)).await?.into_inner();
    assert!(listed.aliases.iter().any(|entry| entry.alias_name == alias));
    kms.delete_alias(within(
        DeleteAliasRequest {
            alias_name: alias.clone(),
        },
        CALL,
    ))
    .await?;
    assert!(describe(kms, &alias).await.is_err());
    let tags = vec![tag("purpose"), tag("team")];
    kms.tag_resource(within(
        TagResourceRequest {
            key_id: key(id),
            tags,
        },
        CALL,
    ))
    .await?;
    let untag = UntagResourceRequest {
        key_id: key(id),
        tag_keys: vec!["team".to_owned()],
    };
    kms.untag_resource(within(untag, CALL)).await?;
    let list = ListResourceTagsRequest {
        key_id: key(id),
        ..Default::default()
    };
    let listed = kms.list_resource_tags(within(list, CALL)).await?.into_inner();
    assert_eq!(listed.tags, vec![tag("purpose")]);
    Ok(())
}

async fn rotate(kms: &mut Kms, id: &str) -> anyhow::Result<()> {
    let enable = EnableKeyRotationRequest {
        key_id: key(id),
        rotation_period_in_days: Some(90),
    };
    kms.enable_key_rotation(within(enable, CALL)).await?;
    let status = GetKeyRotationStatusRequest { key_id: key(id) };
    let shown = kms
        .get_key_rotation_status(within(status.clone(), CALL))
        .await?
        .into_inner();
    assert_eq!(
        (shown.key_rotation_enabled, shown.rotation_period_in_days),
        (true, Some(90))
    );
    let before = encrypt(kms, id, b"before").await?;
    kms.rotate_key_on_demand(within(RotateKeyOnDemandRequest { key_id: key(id) }, CALL))
        .await?;
    assert_eq!(decrypt(kms, &before).await?, b"before");
    let list = ListKeyRotationsRequest {
        key_id: key(id),
        ..Default::default()
    };
    let listed = kms.list_key_rotations(within(list, CALL)).await?.into_inner();
    assert_eq!(listed.rotations.len(), 1);
    assert_eq!(listed.rotations[0].rotation_type.as_deref(), Some("ON_DEMAND"));
    kms.disable_key_rotation(within(DisableKeyRotationRequest { key_id: key(id) }, CALL))
        .await?;
    let shown = kms
        .get_key_rotation_status(within(status, CALL))
        .await?
        .into_inner();
    assert!(!shown.key_rotation_enabled && shown.next_rotation_date.is_none());
    Ok(())
}

async fn use_for_cryptography(kms: &mut Kms, id: &str, other: &str) -> anyhow::Result<()> {
    let context = BTreeMap::from([("tenant".to_owned(), "one".to_owned())]);
    let generate = GenerateDataKeyRequest {
        key_id: key(id),
        key_spec: Some("AES_256".to_owned()),
        encryption_context: context.clone(),
        ..Default::default()
    };
    let data_key = kms.generate_data_key(within(generate, CALL)).await?.into_inner();
    assert_eq!(data_key.plaintext.len(), 32);
    let re_encrypt = ReEncryptRequest {
        ciphertext_blob: Some(data_key.ciphertext_blob),
        source_encryption_context: context,
        destination_key_id: key(other),
        ..Default::default()
    };
    let again = kms.re_encrypt(within(re_encrypt, CALL)).await?.into_inner();
    assert_eq!(decrypt(kms, &again.ciphertext_blob).await?, data_key.plaintext);
    let without = GenerateDataKeyWithoutPlaintextRequest {
        key_id: key(id),
        number_of_bytes: Some(64),
        ..Default::default()
    };
    let sealed = kms
        .generate_data_key_without_plaintext(within(without, CALL))
        .await?
        .into_inner();
    assert_eq!(decrypt(kms, &sealed.ciphertext_blob).await?.len(), 64);
    let random = GenerateRandomRequest {
        number_of_bytes: Some(1_024),
        ..Default::default()
    };
    assert_eq!(
        kms.generate_random(within(random, CALL))
            .await?
            .into_inner()
            .plaintext
            .len(),
        1_024
    );
    Ok(())
}
