//! Must hold 13, what is counted: how many and how long, at the bound and one beyond it.

use crate::limits::{key, refused, tag};
use crate::support::{CALL, create_key};
use kms_proto::kms::v1::*;
use kms_tests::client::{Kms, exception};
use kms_tests::ledger::within;
use tonic::Code;

/// Every bound on numbers and lengths that needs no further region.
pub(crate) async fn every_quota(kms: &mut Kms) -> anyhow::Result<()> {
    aliases(kms).await?;
    tags(kms).await?;
    long_texts(kms).await?;
    random_and_data_keys(kms).await?;
    lists(kms).await?;
    request_ids(kms).await
}

fn alias(run: &str, number: usize) -> String {
    format!("alias/{run}-{number:02}")
}

/// 50 aliases of one key, however they come to it.
async fn aliases(kms: &mut Kms) -> anyhow::Result<()> {
    let id = create_key(kms, false).await?;
    let other = create_key(kms, false).await?;
    let run = uuid::Uuid::new_v4().to_string();
    let create = |number: usize, target: &str| CreateAliasRequest {
        alias_name: alias(&run, number),
        target_key_id: key(target),
    };
    for number in 0..50 {
        kms.create_alias(within(create(number, &id), CALL)).await?;
    }
    assert_eq!(
        refused!(kms, create_alias, create(50, &id)),
        "LimitExceededException"
    );
    assert_eq!(
        refused!(kms, create_alias, create(0, &id)),
        "AlreadyExistsException"
    );
    kms.create_alias(within(create(51, &other), CALL)).await?;
    let update = UpdateAliasRequest {
        alias_name: alias(&run, 51),
        target_key_id: key(&id),
    };
    assert_eq!(refused!(kms, update_alias, update), "LimitExceededException");
    Ok(())
}

/// 50 tags of one key, over several requests; 128 characters of a tag key, 256 of a value.
async fn tags(kms: &mut Kms) -> anyhow::Result<()> {
    let id = create_key(kms, false).await?;
    let request = |tags: Vec<Tag>| TagResourceRequest {
        key_id: key(&id),
        tags,
    };
    let numbered = |numbers: std::ops::Range<usize>| numbers.map(|n| tag(&format!("tag-{n}"))).collect();
    kms.tag_resource(within(request(numbered(0..50)), CALL)).await?;
    assert_eq!(
        refused!(kms, tag_resource, request(numbered(50..51))),
        "TagException"
    );
    // A tag that the key has already is no further one.
    kms.tag_resource(within(request(numbered(49..50)), CALL)).await?;
    assert_eq!(
        refused!(kms, tag_resource, request(numbered(0..51))),
        "TagException"
    );
    let id = create_key(kms, false).await?;
    let sized = |key_chars: usize, value_chars: usize| TagResourceRequest {
        key_id: key(&id),
        tags: vec![Tag {
            tag_key: "k".repeat(key_chars),
            tag_value: "v".repeat(value_chars),
        }],
    };
    kms.tag_resource(within(sized(128, 256), CALL)).await?;
    for (key_chars, value_chars) in [(129, 1), (1, 257), (0, 1)] {
        let told = refused!(kms, tag_resource, sized(key_chars, value_chars));
        assert!(
            told == "TagException" || told == "ValidationException",
            "{key_chars} and {value_chars}: {told}"
        );
    }
    let untag = UntagResourceRequest {
        key_id: key(&id),
        tag_keys: (0..51).map(|n| format!("tag-{n}")).collect(),
    };
    let told = refused!(kms, untag_resource, untag);
    assert!(
        told == "TagException" || told == "ValidationException",
        "51 tag keys: {told}"
    );
    Ok(())
}

/// 8,192 characters of description; 72 KiB of it and the tags together, in bytes. Policies are not taken yet, long or
/// short: they are refused, not dropped.
async fn long_texts(kms: &mut Kms) -> anyhow::Result<()> {
    for bytes in [2, 32_768, 32_769, 100_000] {
        let request = CreateKeyRequest {
            policy: Some("p".repeat(bytes)),
            ..Default::default()
        };
        let told = refused!(kms, create_key, request);
        assert!(
            told == "UnsupportedOperationException" || told == "LimitExceededException",
            "a policy of {bytes} bytes: {told}"
        );
    }
    // 8,192 characters of four bytes each are allowed, and so is each of the tags; all together are too many bytes.
    let described = CreateKeyRequest {
        description: Some("\u{20000}".repeat(8_192)),
        ..Default::default()
    };
    kms.create_key(within(described.clone(), CALL)).await?;
    let tags: Vec<Tag> = (0..50)
        .map(|n| Tag {
            tag_key: format!("{n:02}"),
            tag_value: "\u{20000}".repeat(256),
        })
        .collect();
    let tagged = CreateKeyRequest {
        tags: tags.clone(),
        ..Default::default()
    };
    kms.create_key(within(tagged, CALL)).await?;
    let both = CreateKeyRequest { tags, ..described };
    assert_eq!(refused!(kms, create_key, both), "LimitExceededException");
    Ok(())
}

/// 1 to 1,024 bytes.
async fn random_and_data_keys(kms: &mut Kms) -> anyhow::Result<()> {
    let id = create_key(kms, false).await?;
    let of = |bytes: i32| GenerateDataKeyRequest {
        key_id: key(&id),
        number_of_bytes: Some(bytes),
        ..Default::default()
    };
    let largest = kms.generate_data_key(within(of(1_024), CALL)).await?.into_inner();
    assert_eq!(largest.plaintext.len(), 1_024);
    for bytes in [-1, 0, 1_025, i32::MAX] {
        assert_eq!(
            refused!(kms, generate_data_key, of(bytes)),
            "ValidationException",
            "{bytes} bytes"
        );
        let without = GenerateDataKeyWithoutPlaintextRequest {
            key_id: key(&id),
            number_of_bytes: Some(bytes),
            ..Default::default()
        };
        assert_eq!(
            refused!(kms, generate_data_key_without_plaintext, without),
            "ValidationException",
            "{bytes} bytes"
        );
    }
    Ok(())
}

/// Sizes of pages, and markers: made up, of another list, and of another key.
async fn lists(kms: &mut Kms) -> anyhow::Result<()> {
    let id = create_key(kms, false).await?;
    let run = uuid::Uuid::new_v4().to_string();
    let tags = vec![tag("one"), tag("two")];
    let request = TagResourceRequest {
        key_id: key(&id),
        tags,
    };
    kms.tag_resource(within(request, CALL)).await?;
    for number in 0..2 {
        let request = CreateAliasRequest {
            alias_name: alias(&run, number),
            target_key_id: key(&id),
        };
        kms.create_alias(within(request, CALL)).await?;
        let request = RotateKeyOnDemandRequest { key_id: key(&id) };
        kms.rotate_key_on_demand(within(request, CALL)).await?;
    }
    let aliases = |limit, marker| ListAliasesRequest {
        key_id: Some(key(&id)),
        limit,
        marker,
    };
    let tags = |limit, marker| ListResourceTagsRequest {
        key_id: key(&id),
        limit,
        marker,
    };
    let rotations = |limit, marker| ListKeyRotationsRequest {
        key_id: key(&id),
        limit,
        marker,
        ..Default::default()
    };
    for limit in [i32::MIN, -1, 0, 1_001, i32::MAX] {
        let told = [
            refused!(kms, list_aliases, aliases(Some(limit), None)),
            refused!(kms, list_resource_tags, tags(Some(limit), None)),
            refused!(kms, list_key_rotations, rotations(Some(limit), None)),
        ];
        assert!(
            told.iter().all(|told| told == "ValidationException"),
            "{limit}: {told:?}"
        );
    }
    assert_eq!(
        refused!(kms, list_aliases, aliases(Some(101), None)),
        "ValidationException"
    );
    assert_eq!(
        refused!(kms, list_resource_tags, tags(Some(51), None)),
        "ValidationException"
    );
    let of_aliases = kms
        .list_aliases(within(aliases(Some(1), None), CALL))
        .await?
        .into_inner();
    let of_tags = kms
        .list_resource_tags(within(tags(Some(1), None), CALL))
        .await?
        .into_inner();
    let of_rotations = kms
        .list_key_rotations(within(rotations(Some(1), None), CALL))
        .await?
        .into_inner();
    assert!(of_aliases.truncated && of_tags.truncated && of_rotations.truncated);
    let (aliases_marker, tags_marker) = (of_aliases.next_marker, of_tags.next_marker);
    let altered = tags_marker.clone().map(|marker| format!("{marker}A"));
    for marker in [Some("AAAA".to_owned()), altered, of_rotations.next_marker.clone()] {
        let told = [
            refused!(kms, list_aliases, aliases(None, marker.clone())),
            refused!(kms, list_resource_tags, tags(None, marker.clone())),
        ];
        assert!(
            told.iter().all(|told| told == "InvalidMarkerException"),
            "{marker:?}: {told:?}"
        );
    }
    for marker in [
        Some("AAAA".to_owned()),
        aliases_marker.clone(),
        tags_marker.clone(),
    ] {
        let told = refused!(kms, list_key_rotations, rotations(None, marker));
        assert_eq!(told, "InvalidMarkerException");
    }
    // The right ones go on where the page ended.
    let rest = kms
        .list_aliases(within(aliases(None, aliases_marker), CALL))
        .await?
        .into_inner();
    assert_eq!((rest.aliases.len(), rest.truncated), (1, false));
    let rest = kms
        .list_resource_tags(within(tags(None, tags_marker), CALL))
        .await?
        .into_inner();
    assert_eq!((rest.tags.len(), rest.truncated), (1, false));
    let marker = of_rotations.next_marker;
    let rest = kms
        .list_key_rotations(within(rotations(None, marker), CALL))
        .await?
        .into_inner();
    assert_eq!((rest.rotations.len(), rest.truncated), (1, false));
    Ok(())
}

/// A request id has 1 to 128 visible ASCII characters.
async fn request_ids(kms: &mut Kms) -> anyhow::Result<()> {
    let long = "i".repeat(128);
    let too_long = "i".repeat(129);
    for (id, fits) in [
        (long.as_str(), true),
        (too_long.as_str(), false),
        ("", false),
        ("with space", false),
    ] {
        let mut request = within(CreateKeyRequest::default(), CALL);
        let value = id.parse()?;
        request.metadata_mut().insert("amz-sdk-invocation-id", value);
        let told = kms.create_key(request).await.map(drop);
        let told = told.map_err(|status| (status.code(), exception(&status)));
        let expected = if fits {
            Ok(())
        } else {
            Err((Code::InvalidArgument, "ValidationException".to_owned()))
        };
        assert_eq!(told, expected, "{} characters", id.len());
    }
    Ok(())
}
