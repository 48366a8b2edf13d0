//! When material and tokens expire. The nodes' clocks are moved by the `faults` feature.

use super::{Ground, REGION, state_of};
use crate::calls::{create, decrypt_with, encrypt_with, external, mac, refusal, refused_with, told};
use crate::clocks::{DAY_MS, move_clock};
use crate::imports::{NEVER_EXPIRES, import, import_material, import_request, materials, usual_parameters};
use crate::service_model::{ENCRYPT, MAC, SYMMETRIC};
use crate::support::{SETTLED, any_kms, describe};
use anyhow::Context;
use kms_proto::kms::v1::*;
use kms_tests::wait::until;
use prost_types::Timestamp;
use std::time::{Duration, SystemTime};

const HOUR: Duration = Duration::from_secs(3_600);
const HOUR_MS: i64 = 3_600_000;
const YEAR: Duration = Duration::from_secs(365 * 86_400);
const EXPIRES: &str = "KEY_MATERIAL_EXPIRES";

fn in_time(duration: Duration) -> Timestamp {
    Timestamp::from(SystemTime::now() + duration)
}

pub(super) async fn valid_to_and_the_expiration_model_must_agree(ground: &mut Ground) -> anyhow::Result<()> {
    let mut kms = ground.kms()?;
    let id = create(&mut kms, external(SYMMETRIC, ENCRYPT)).await?.key_id;
    let material = ground.peer.generate(SYMMETRIC).await?.private;
    let right = import_request(&mut kms, &mut ground.peer, &id, &material).await?;
    let with = |model: Option<&str>, valid_to: Option<Timestamp>| ImportKeyMaterialRequest {
        expiration_model: model.map(str::to_owned),
        valid_to,
        ..right.clone()
    };
    let long_ago = Timestamp { seconds: 1, nanos: 0 };
    for (how, request) in [
        (
            "a date that is not used",
            with(Some(NEVER_EXPIRES), Some(in_time(HOUR))),
        ),
        ("no date", with(Some(EXPIRES), None)),
        ("no date, by default", with(None, None)),
        ("a date of the past", with(Some(EXPIRES), Some(long_ago))),
        (
            "more than a year",
            with(Some(EXPIRES), Some(in_time(YEAR + HOUR))),
        ),
        ("another model", with(Some("SOMETIMES"), Some(in_time(HOUR)))),
    ] {
        let answer = import(&mut kms, request).await;
        assert_eq!(refused_with(answer), "ValidationException", "{how}");
    }
    let valid_to = in_time(YEAR - HOUR);
    import(&mut kms, with(None, Some(valid_to))).await?;
    let key = describe(&mut kms, &id).await?;
    assert_eq!(
        key.expiration_model.as_deref(),
        Some(EXPIRES),
        "that is the default"
    );
    let shown = key.valid_to.context("when it expires")?;
    let whole_ms = valid_to.nanos / 1_000_000 * 1_000_000;
    assert_eq!((shown.seconds, shown.nanos), (valid_to.seconds, whole_ms));
    // Importing again changes it.
    import_material(&mut kms, &mut ground.peer, &id, &material).await?;
    let key = describe(&mut kms, &id).await?;
    assert_eq!(
        (key.expiration_model.as_deref(), key.valid_to),
        (Some(NEVER_EXPIRES), None)
    );
    Ok(())
}

/// A key whose material expires, and how it was used.
struct Expiring {
    key: KeyMetadata,
    material: Vec<u8>,
}

impl Expiring {
    async fn within_an_hour(ground: &mut Ground, spec: &str, usage: &str) -> anyhow::Result<Self> {
        let mut kms = ground.kms()?;
        let key = create(&mut kms, external(spec, usage)).await?;
        let material = ground.peer.generate(spec).await?.private;
        let request = ImportKeyMaterialRequest {
            expiration_model: Some(EXPIRES.to_owned()),
            valid_to: Some(in_time(HOUR)),
            ..import_request(&mut kms, &mut ground.peer, &key.key_id, &material).await?
        };
        import(&mut kms, request).await?;
        Ok(Self { key, material })
    }

    fn is_pending_import(&self) -> crate::calls::Refusal {
        let text = format!("{} is pending import.", self.key.arn);
        told("KMSInvalidStateException", text)
    }
}

pub(super) async fn expired_material_and_tokens_are_of_no_use(ground: &mut Ground) -> anyhow::Result<()> {
    let mut kms = ground.kms()?;
    let symmetric = Expiring::within_an_hour(ground, SYMMETRIC, ENCRYPT).await?;
    let hmac = Expiring::within_an_hour(ground, "HMAC_256", MAC).await?;
    let id = &symmetric.key.key_id;
    let ciphertext = encrypt_with(&mut kms, id, SYMMETRIC, b"attack at dawn").await?;

    a_node_whose_clock_is_past_it_refuses_before_any_pulse(ground, &symmetric, &ciphertext).await?;
    move_all_clocks(ground, 2 * HOUR_MS)?;
    for expiring in [&symmetric, &hmac] {
        becomes_pending_import(ground, &expiring.key.key_id).await?;
    }
    let answer = encrypt_with(&mut kms, id, SYMMETRIC, b"x").await;
    assert_eq!(refusal(answer), symmetric.is_pending_import());
    let answer = mac(&mut kms, &hmac.key.key_id, "HMAC_SHA_256", b"x").await;
    assert_eq!(refusal(answer), hmac.is_pending_import());
    let entry = materials(&mut kms, id).await?.pop().context("its row stays")?;
    assert_eq!(entry.import_state.as_deref(), Some("PENDING_IMPORT"));
    assert_eq!((entry.expiration_model, entry.valid_to), (None, None));

    import_material(&mut kms, &mut ground.peer, id, &symmetric.material).await?;
    let opened = decrypt_with(&mut kms, id, SYMMETRIC, &ciphertext).await?;
    assert_eq!(
        opened.plaintext, b"attack at dawn",
        "the same bytes bring it back"
    );
    a_token_expires_after_a_day(ground).await
}

async fn a_node_whose_clock_is_past_it_refuses_before_any_pulse(
    ground: &Ground,
    expiring: &Expiring,
    ciphertext: &[u8],
) -> anyhow::Result<()> {
    let id = &expiring.key.key_id;
    let nodes = ground.cluster.nodes_of(REGION);
    let [ahead, others @ ..] = nodes.as_slice() else {
        anyhow::bail!("the region has no nodes");
    };
    move_clock(&ground.cluster, ahead, 2 * HOUR_MS)?;
    let mut kms = ground.cluster.kms(ahead)?;
    let answer = encrypt_with(&mut kms, id, SYMMETRIC, b"x").await;
    assert_eq!(refusal(answer), expiring.is_pending_import(), "Encrypt");
    let answer = decrypt_with(&mut kms, id, SYMMETRIC, ciphertext).await;
    assert_eq!(refusal(answer), expiring.is_pending_import(), "Decrypt");
    // One node's clock does not move log time, and the others go on.
    for node in others {
        let mut kms = ground.cluster.kms(node)?;
        assert_eq!(state_of(&mut kms, id).await?, "Enabled", "{node}");
        encrypt_with(&mut kms, id, SYMMETRIC, b"x").await?;
    }
    Ok(())
}

fn move_all_clocks(ground: &Ground, offset_ms: i64) -> anyhow::Result<()> {
    for node in ground.cluster.nodes_of(REGION) {
        move_clock(&ground.cluster, &node, offset_ms)?;
    }
    Ok(())
}

async fn becomes_pending_import(ground: &Ground, key_id: &str) -> anyhow::Result<()> {
    until(
        &format!("the material of {key_id} to expire"),
        SETTLED,
        || async {
            let mut kms = any_kms(&ground.cluster, REGION)?;
            let state = state_of(&mut kms, key_id).await?;
            anyhow::ensure!(state == "PendingImport", "it is {state}");
            Ok(())
        },
    )
    .await
}

async fn a_token_expires_after_a_day(ground: &mut Ground) -> anyhow::Result<()> {
    let mut kms = ground.kms()?;
    let id = create(&mut kms, external(SYMMETRIC, ENCRYPT)).await?.key_id;
    let material = ground.peer.generate(SYMMETRIC).await?.private;
    let parameters = usual_parameters(&mut kms, &id).await?;
    let request = parameters.request(&mut ground.peer, &material).await?;
    move_all_clocks(ground, DAY_MS + 3 * HOUR_MS)?;
    let expired = told("ExpiredImportTokenException", "The import token has expired.");
    let answer = import(&mut kms, request.clone()).await;
    assert_eq!(refusal(answer), expired);
    // Once its row is gone, too: it is the token that says when it ends.
    until("log time to pass the token's end", SETTLED, || async {
        let leader = ground.cluster.leader(REGION).await?;
        let log_time = ground.cluster.status(&leader).await?.log_time.unwrap_or_default();
        let passed = in_time(Duration::from_secs(26 * 3_600)).seconds;
        anyhow::ensure!(log_time.seconds > passed, "it is {}", log_time.seconds);
        Ok(())
    })
    .await?;
    let answer = import(&mut kms, request).await;
    assert_eq!(refusal(answer), expired);
    import_material(&mut kms, &mut ground.peer, &id, &material).await?;
    assert_eq!(state_of(&mut kms, &id).await?, "Enabled");
    Ok(())
}
