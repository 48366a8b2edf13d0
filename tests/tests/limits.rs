//! Must hold 13: every limit is enforced with the right exception, malformed input is refused as such, and no input
//! makes a node panic.

use crate::every_operation::every_operation_once;
use crate::quotas::every_quota;
use crate::support::{CALL, create_key, encrypt, log_lines};
use kms_proto::kms::v1::*;
use kms_tests::client::{Kms, exception};
use kms_tests::cluster::Plan;
use kms_tests::ledger::within;
use kms_tests::names::NodeName;
use kms_tests::test_cluster::TestCluster;
use std::collections::BTreeMap;
use tonic::Code;

const REGION: &str = "us-east-1";

pub(crate) fn key(key_id: &str) -> String {
    key_id.to_owned()
}

pub(crate) fn tag(tag_key: &str) -> Tag {
    Tag {
        tag_key: tag_key.to_owned(),
        tag_value: "v".to_owned(),
    }
}

/// Runs a call that must be refused, and gives the exception.
macro_rules! refused {
    ($kms:expr, $method:ident, $request:expr) => {{
        let status = $kms
            .$method(within($request, CALL))
            .await
            .expect_err(stringify!($method));
        exception(&status)
    }};
}

pub(crate) use refused;

async fn wrong_identifiers(kms: &mut Kms) -> anyhow::Result<()> {
    let unknown = "11111111-2222-4333-8444-555555555555";
    let foreign_region = format!("arn:aws:kms:mars-1:111122223333:key/{unknown}");
    let foreign_account = format!("arn:aws:kms:{REGION}:999999999999:key/{unknown}");
    let huge = "k".repeat(100_000);
    let cases = [
        ("", "ValidationException"),
        (huge.as_str(), "ValidationException"),
        ("x", "NotFoundException"),
        ("12345678-1234-1234-1234-12345678901G", "NotFoundException"),
        ("mrk-zz", "NotFoundException"),
        ("\u{0}\u{1}\u{fffd}", "NotFoundException"),
        (unknown, "NotFoundException"),
        ("alias/unknown", "NotFoundException"),
        ("arn:", "InvalidArnException"),
        ("arn:aws:s3:::bucket", "InvalidArnException"),
        ("arn:aws:kms:us-east-1:1:key/x", "InvalidArnException"),
        (foreign_region.as_str(), "NotFoundException"),
        (foreign_account.as_str(), "AccessDeniedException"),
    ];
    for (text, expected) in cases {
        let request = DescribeKeyRequest {
            key_id: text.to_owned(),
            ..Default::default()
        };
        let shown: String = text.chars().take(60).collect();
        assert_eq!(
            refused!(kms, describe_key, request),
            expected,
            "DescribeKey of {shown:?}"
        );
        let request = EncryptRequest {
            key_id: text.to_owned(),
            plaintext: b"x".to_vec(),
            ..Default::default()
        };
        // The service model has no InvalidArnException for Encrypt.
        let expected = expected.replace("InvalidArnException", "NotFoundException");
        assert_eq!(
            refused!(kms, encrypt, request),
            expected,
            "Encrypt with {shown:?}"
        );
    }
    let request = EnableKeyRequest {
        key_id: "alias/unknown".to_owned(),
    };
    assert_eq!(refused!(kms, enable_key, request), "NotFoundException");
    Ok(())
}

async fn wrong_cryptographic_parameters(kms: &mut Kms, id: &str) -> anyhow::Result<()> {
    let encrypt_of = |plaintext: usize| EncryptRequest {
        key_id: key(id),
        plaintext: vec![7; plaintext],
        ..Default::default()
    };
    assert_eq!(refused!(kms, encrypt, encrypt_of(0)), "ValidationException");
    assert_eq!(refused!(kms, encrypt, encrypt_of(4_097)), "ValidationException");
    assert!(
        kms.encrypt(within(encrypt_of(4_096), CALL))
            .await?
            .into_inner()
            .ciphertext_blob
            .len()
            <= 6_144
    );
    let long_context = BTreeMap::from([("k".to_owned(), "v".repeat(8_192))]);
    let request = EncryptRequest {
        encryption_context: long_context,
        ..encrypt_of(1)
    };
    assert_eq!(refused!(kms, encrypt, request), "ValidationException");
    let request = EncryptRequest {
        encryption_algorithm: Some("ROT13".to_owned()),
        ..encrypt_of(1)
    };
    assert_eq!(refused!(kms, encrypt, request), "ValidationException");
    let request = EncryptRequest {
        encryption_algorithm: Some("RSAES_OAEP_SHA_256".to_owned()),
        ..encrypt_of(1)
    };
    assert_eq!(refused!(kms, encrypt, request), "InvalidKeyUsageException");
    let request = EncryptRequest {
        dry_run: Some(true),
        ..encrypt_of(1)
    };
    assert_eq!(refused!(kms, encrypt, request), "DryRunOperationException");
    let request = EncryptRequest {
        grant_tokens: vec!["t".to_owned(); 11],
        ..encrypt_of(1)
    };
    assert_eq!(refused!(kms, encrypt, request), "ValidationException");
    for length in [0, 1, 130, 131, 200, 6_144] {
        let request = DecryptRequest {
            ciphertext_blob: Some(vec![1; length]),
            ..Default::default()
        };
        let expected = if length == 0 {
            "ValidationException"
        } else {
            "InvalidCiphertextException"
        };
        assert_eq!(refused!(kms, decrypt, request), expected, "{length} bytes");
    }
    let request = DecryptRequest {
        ciphertext_blob: Some(vec![1; 6_145]),
        ..Default::default()
    };
    assert_eq!(refused!(kms, decrypt, request), "ValidationException");
    let random = |n| GenerateRandomRequest {
        number_of_bytes: n,
        ..Default::default()
    };
    for number in [
        None,
        Some(0),
        Some(-1),
        Some(1_025),
        Some(i32::MIN),
        Some(i32::MAX),
    ] {
        assert_eq!(
            refused!(kms, generate_random, random(number)),
            "ValidationException",
            "{number:?}"
        );
    }
    let data_key = |number_of_bytes, key_spec: Option<&str>| GenerateDataKeyRequest {
        key_id: key(id),
        number_of_bytes,
        key_spec: key_spec.map(str::to_owned),
        ..Default::default()
    };
    for request in [
        data_key(None, None),
        data_key(Some(32), Some("AES_256")),
        data_key(None, Some("DES")),
    ] {
        assert_eq!(refused!(kms, generate_data_key, request), "ValidationException");
    }
    Ok(())
}

async fn foreign_and_altered_ciphertexts(kms: &mut Kms, id: &str, other: &str) -> anyhow::Result<()> {
    let ciphertext = encrypt(kms, id, b"secret").await?;
    let decrypt_of = |blob: Vec<u8>, key_id: Option<&str>| DecryptRequest {
        ciphertext_blob: Some(blob),
        key_id: key_id.map(str::to_owned),
        ..Default::default()
    };
    assert_eq!(
        refused!(kms, decrypt, decrypt_of(ciphertext.clone(), Some(other))),
        "IncorrectKeyException"
    );
    for position in (0..ciphertext.len()).step_by(7) {
        let mut altered = ciphertext.clone();
        altered[position] ^= 1;
        assert_eq!(
            refused!(kms, decrypt, decrypt_of(altered, None)),
            "InvalidCiphertextException",
            "{position}"
        );
    }
    let context = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
    let request = DecryptRequest {
        encryption_context: context,
        ..decrypt_of(ciphertext, None)
    };
    let status = kms.decrypt(within(request, CALL)).await.unwrap_err();
    assert_eq!(
        (exception(&status).as_str(), status.message()),
        ("InvalidCiphertextException", "")
    );
    Ok(())
}

async fn wrong_management_parameters(kms: &mut Kms, id: &str) -> anyhow::Result<()> {
    let create = |change: fn(&mut CreateKeyRequest)| {
        let mut request = CreateKeyRequest::default();
        change(&mut request);
        request
    };
    let cases: [(CreateKeyRequest, &str); 8] = [
        (
            create(|r| r.description = Some("d".repeat(8_193))),
            "ValidationException",
        ),
        (
            create(|r| r.key_spec = Some("AES_512".into())),
            "ValidationException",
        ),
        (
            create(|r| r.key_spec = Some("SM2".into())),
            "UnsupportedOperationException",
        ),
        (
            create(|r| r.key_usage = Some("SIGN_VERIFY".into())),
            "ValidationException",
        ),
        (create(|r| r.origin = Some("MOON".into())), "ValidationException"),
        (create(|r| r.tags = vec![tag("a"), tag("a")]), "TagException"),
        (create(|r| r.tags = vec![tag("aWs:x")]), "TagException"),
        (
            create(|r| r.tags = (0..51).map(|i| tag(&i.to_string())).collect()),
            "TagException",
        ),
    ];
    for (request, expected) in cases {
        let shown = format!("{request:?}").chars().take(120).collect::<String>();
        assert_eq!(refused!(kms, create_key, request), expected, "{shown}");
    }
    for days in [6, 31, -1, i32::MAX] {
        let request = ScheduleKeyDeletionRequest {
            key_id: key(id),
            pending_window_in_days: Some(days),
        };
        assert_eq!(
            refused!(kms, schedule_key_deletion, request),
            "ValidationException",
            "{days} days"
        );
    }
    for days in [89, 2_561, 0, -1] {
        let request = EnableKeyRotationRequest {
            key_id: key(id),
            rotation_period_in_days: Some(days),
        };
        assert_eq!(
            refused!(kms, enable_key_rotation, request),
            "ValidationException",
            "{days} days"
        );
    }
    let long_alias = format!("alias/{}", "a".repeat(300));
    let aliases = [
        ("", "ValidationException"),
        ("no-prefix", "ValidationException"),
        ("alias/", "ValidationException"),
        ("alias/with space", "ValidationException"),
        (long_alias.as_str(), "ValidationException"),
        ("alias/aws/s3", "InvalidAliasNameException"),
    ];
    for (name, expected) in aliases {
        let request = CreateAliasRequest {
            alias_name: name.to_owned(),
            target_key_id: key(id),
        };
        let told = refused!(kms, create_alias, request);
        let reserved = name == "alias/aws/s3" && told == "NotAuthorizedException";
        assert!(told == expected || reserved, "{name}: {told}");
    }
    let request = UpdateKeyDescriptionRequest {
        key_id: key(id),
        description: "d".repeat(8_193),
    };
    assert_eq!(
        refused!(kms, update_key_description, request),
        "ValidationException"
    );
    let request = ReplicateKeyRequest {
        key_id: key(id),
        replica_region: "mars-1".into(),
        ..Default::default()
    };
    assert_eq!(
        refused!(kms, replicate_key, request),
        "UnsupportedOperationException"
    );
    Ok(())
}

async fn wrong_markers_and_states(kms: &mut Kms, id: &str) -> anyhow::Result<()> {
    for marker in ["", "x", "AAAA", &"A".repeat(5_000)] {
        let request = ListKeysRequest {
            marker: Some(marker.to_owned()),
            ..Default::default()
        };
        let told = refused!(kms, list_keys, request);
        assert!(
            told == "InvalidMarkerException" || told == "ValidationException",
            "{marker}: {told}"
        );
    }
    for limit in [0, -1, 1_001] {
        let request = ListKeysRequest {
            limit: Some(limit),
            ..Default::default()
        };
        assert_eq!(refused!(kms, list_keys, request), "ValidationException");
    }
    kms.disable_key(within(DisableKeyRequest { key_id: key(id) }, CALL))
        .await?;
    let request = EncryptRequest {
        key_id: key(id),
        plaintext: b"x".to_vec(),
        ..Default::default()
    };
    assert_eq!(refused!(kms, encrypt, request), "DisabledException");
    let request = ScheduleKeyDeletionRequest {
        key_id: key(id),
        pending_window_in_days: None,
    };
    kms.schedule_key_deletion(within(request.clone(), CALL)).await?;
    assert_eq!(
        refused!(kms, schedule_key_deletion, request),
        "KMSInvalidStateException"
    );
    let request = EncryptRequest {
        key_id: key(id),
        plaintext: b"x".to_vec(),
        ..Default::default()
    };
    assert_eq!(refused!(kms, encrypt, request), "KMSInvalidStateException");
    Ok(())
}

async fn the_26th_on_demand_rotation(kms: &mut Kms) -> anyhow::Result<()> {
    let id = create_key(kms, false).await?;
    let request = RotateKeyOnDemandRequest { key_id: key(&id) };
    for _ in 0..25 {
        kms.rotate_key_on_demand(within(request.clone(), CALL)).await?;
    }
    assert_eq!(
        refused!(kms, rotate_key_on_demand, request),
        "LimitExceededException"
    );
    Ok(())
}

async fn requests_that_are_repeated(kms: &mut Kms, id: &str) -> anyhow::Result<()> {
    let with_id = |id: &str| {
        let mut request = within(CreateKeyRequest::default(), CALL);
        request
            .metadata_mut()
            .insert("amz-sdk-invocation-id", id.parse().unwrap());
        request
    };
    let first = kms
        .create_key(with_id(id))
        .await?
        .into_inner()
        .key_metadata
        .unwrap()
        .key_id;
    let second = kms
        .create_key(with_id(id))
        .await?
        .into_inner()
        .key_metadata
        .unwrap()
        .key_id;
    assert_eq!(first, second, "a repeated CreateKey must not make a second key");
    let mut other = with_id(id);
    other.get_mut().description = Some("another".to_owned());
    let status = kms.create_key(other).await.unwrap_err();
    assert_eq!(
        (status.code(), exception(&status).as_str()),
        (Code::InvalidArgument, "ValidationException")
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_bad_input_gets_the_right_exception_on_leader_and_follower_and_no_node_panics()
-> anyhow::Result<()> {
    let cluster = TestCluster::start("limits", &[REGION], 3).await?;
    let leader = cluster.leader(REGION).await?;
    let nodes = cluster.nodes_of(REGION);
    let follower = nodes.iter().find(|node| **node != leader).unwrap();
    for node in [&leader, follower] {
        let mut kms = cluster.kms(node)?;
        every_operation_once(&mut kms).await?;
        wrong_identifiers(&mut kms).await?;
        let id = create_key(&mut kms, false).await?;
        let other = create_key(&mut kms, false).await?;
        wrong_cryptographic_parameters(&mut kms, &id).await?;
        foreign_and_altered_ciphertexts(&mut kms, &id, &other).await?;
        wrong_management_parameters(&mut kms, &id).await?;
        wrong_markers_and_states(&mut kms, &id).await?;
        the_26th_on_demand_rotation(&mut kms).await?;
        requests_that_are_repeated(&mut kms, &node.to_string()).await?;
        every_quota(&mut kms).await?;
    }
    for node in &nodes {
        let panics = log_lines(&cluster, node, "panicked")?;
        assert!(panics.is_empty(), "{panics:?}");
    }
    cluster.passed();
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_rotates_on_demand_as_often_as_is_set() -> anyhow::Result<()> {
    let set = |plan: &mut Plan| plan.on_demand_rotations_max = Some(1);
    let cluster = TestCluster::start_with("rotations", &[REGION], 1, set).await?;
    let mut kms = cluster.kms(&NodeName::new(REGION, 1))?;
    let request = RotateKeyOnDemandRequest {
        key_id: create_key(&mut kms, false).await?,
    };
    kms.rotate_key_on_demand(within(request.clone(), CALL)).await?;
    assert_eq!(
        refused!(kms, rotate_key_on_demand, request),
        "LimitExceededException"
    );
    cluster.passed();
    Ok(())
}
