//! Deleting material and importing it again; several materials of one symmetric key.

use super::{Ground, state_of};
use crate::calls::{Presented, mac};
use crate::calls::{create, decrypt_with, encrypt_with, external, refusal, refused_with, sign, told};
use crate::imports::{
    EXISTING, NEW, delete_material, import, import_as, import_material, import_request, materials, rotate_now,
};
use crate::service_model::{ENCRYPT, MAC, SIGN, SYMMETRIC};
use crate::support::{CALL, describe};
use anyhow::Context;
use kms_proto::kms::v1::*;
use kms_tests::client::Kms;
use kms_tests::ledger::within;

const INCORRECT: &str = "IncorrectKeyMaterialException";
const INVALID_STATE: &str = "KMSInvalidStateException";

/// The materials of a key, each by its id, what it is for, and whether its bytes are there.
pub(super) async fn shown(kms: &mut Kms, key_id: &str) -> anyhow::Result<Vec<(String, String, String)>> {
    let entry = |material: RotationsListEntry| {
        let of = |text: Option<String>| text.unwrap_or_default();
        (
            of(material.key_material_id),
            of(material.key_material_state),
            of(material.import_state),
        )
    };
    Ok(materials(kms, key_id).await?.into_iter().map(entry).collect())
}

/// What [`shown`] is to give.
pub(super) fn listed(materials: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    let own = |(id, state, import): &(&str, &str, &str)| {
        ((*id).to_owned(), (*state).to_owned(), (*import).to_owned())
    };
    materials.iter().map(own).collect()
}

pub(super) async fn deleted_material_comes_back_by_the_same_bytes_alone(
    ground: &mut Ground,
) -> anyhow::Result<()> {
    let mut kms = ground.kms()?;
    let peer = &mut ground.peer;
    let key = create(&mut kms, external(SYMMETRIC, ENCRYPT)).await?;
    let id = &key.key_id;
    let pending = || told(INVALID_STATE, format!("{} is pending import.", key.arn));
    assert_eq!((key.key_state.as_str(), key.enabled), ("PendingImport", false));
    assert_eq!((key.current_key_material_id, key.expiration_model), (None, None));
    assert_eq!(
        refusal(encrypt_with(&mut kms, id, SYMMETRIC, b"x").await),
        pending()
    );
    let nothing = delete_material(&mut kms, id, None).await?;
    assert_eq!(nothing.key_material_id, None, "nothing to delete changes nothing");

    let material = peer.generate(SYMMETRIC).await?.private;
    let other = peer.generate(SYMMETRIC).await?.private;
    let material_id = import_material(&mut kms, peer, id, &material).await?;
    let named = material_id
        .clone()
        .context("symmetric keys name their material")?;
    let now = describe(&mut kms, id).await?;
    assert_eq!((now.key_state.as_str(), now.enabled), ("Enabled", true));
    assert_eq!(now.current_key_material_id, material_id);
    let ciphertext = encrypt_with(&mut kms, id, SYMMETRIC, b"attack at dawn").await?;

    let answer = import_as(&mut kms, peer, id, &other, EXISTING).await?;
    assert_eq!(refused_with(answer), INCORRECT, "other bytes for what is there");
    let answer = import_as(&mut kms, peer, id, &material, NEW).await?;
    assert_eq!(refused_with(answer), INCORRECT, "the same bytes as new ones");
    let other_id = ImportKeyMaterialRequest {
        key_material_id: Some("0".repeat(64)),
        ..import_request(&mut kms, peer, id, &material).await?
    };
    assert_eq!(
        refused_with(import(&mut kms, other_id.clone()).await),
        INCORRECT,
        "another id"
    );
    let new_with_id = ImportKeyMaterialRequest {
        import_type: Some(NEW.to_owned()),
        ..other_id.clone()
    };
    let answer = import(&mut kms, new_with_id).await;
    assert_eq!(
        refused_with(answer),
        "ValidationException",
        "an id for what is new"
    );

    for _ in 0..2 {
        let deleted = delete_material(&mut kms, id, None).await?;
        assert_eq!(deleted.key_material_id, material_id);
        let now = describe(&mut kms, id).await?;
        assert_eq!((now.key_state.as_str(), now.enabled), ("PendingImport", false));
        assert_eq!(now.current_key_material_id, material_id, "the id is kept");
        assert_eq!(now.expiration_model, None);
    }
    let awaited = listed(&[(&named, "CURRENT", "PENDING_IMPORT")]);
    assert_eq!(shown(&mut kms, id).await?, awaited);
    assert_eq!(
        refusal(encrypt_with(&mut kms, id, SYMMETRIC, b"x").await),
        pending()
    );
    let answer = decrypt_with(&mut kms, id, SYMMETRIC, &ciphertext).await;
    assert_eq!(refusal(answer), pending());
    let request = import_request(&mut kms, peer, id, &other).await?;
    let answer = import(&mut kms, request).await;
    assert_eq!(
        refused_with(answer),
        INCORRECT,
        "other bytes for what was deleted"
    );
    let with_id = ImportKeyMaterialRequest {
        key_material_id: material_id.clone(),
        import_type: Some(EXISTING.to_owned()),
        ..import_request(&mut kms, peer, id, &material).await?
    };
    assert_eq!(import(&mut kms, with_id).await?.key_material_id, material_id);
    assert_eq!(state_of(&mut kms, id).await?, "Enabled");
    let opened = decrypt_with(&mut kms, id, SYMMETRIC, &ciphertext).await?;
    assert_eq!(opened.plaintext, b"attack at dawn");
    Ok(())
}

/// Asymmetric and HMAC keys: the same rules, without names of materials and without new ones.
pub(super) async fn keys_of_other_specs_have_one_material_for_good(
    ground: &mut Ground,
) -> anyhow::Result<()> {
    let mut kms = ground.kms()?;
    let peer = &mut ground.peer;
    for (spec, usage) in [("ECC_NIST_P256", SIGN), ("HMAC_256", MAC)] {
        let id = create(&mut kms, external(spec, usage)).await?.key_id;
        let (material, other) = (
            peer.generate(spec).await?.private,
            peer.generate(spec).await?.private,
        );
        let answer = import_as(&mut kms, peer, &id, &material, NEW).await?;
        assert_eq!(refused_with(answer), "UnsupportedOperationException", "{spec}");
        import_material(&mut kms, peer, &id, &material).await?;
        let before = use_once(&mut kms, spec, &id).await?;
        let request = import_request(&mut kms, peer, &id, &other).await?;
        assert_eq!(
            refused_with(import(&mut kms, request).await),
            INCORRECT,
            "{spec}: other bytes"
        );
        delete_material(&mut kms, &id, None).await?;
        assert_eq!(state_of(&mut kms, &id).await?, "PendingImport", "{spec}");
        let request = import_request(&mut kms, peer, &id, &other).await?;
        assert_eq!(
            refused_with(import(&mut kms, request).await),
            INCORRECT,
            "{spec}: other bytes"
        );
        import_material(&mut kms, peer, &id, &material).await?;
        assert_eq!(state_of(&mut kms, &id).await?, "Enabled", "{spec}");
        let after = use_once(&mut kms, spec, &id).await?;
        // A MAC shows by itself that the key is the same; ECDSA is randomized.
        assert!(
            spec != "HMAC_256" || before == after,
            "{spec}: another key than before"
        );
    }
    Ok(())
}

async fn use_once(kms: &mut Kms, spec: &str, id: &str) -> anyhow::Result<Vec<u8>> {
    const MESSAGE: &[u8] = b"attack at dawn";
    if spec == "HMAC_256" {
        return Ok(mac(kms, id, "HMAC_SHA_256", MESSAGE).await?);
    }
    let message = Presented {
        message_type: "RAW",
        bytes: MESSAGE.to_vec(),
    };
    Ok(sign(kms, id, "ECDSA_SHA_256", &message).await?)
}

pub(super) async fn a_symmetric_key_rotates_to_material_imported_before(
    ground: &mut Ground,
) -> anyhow::Result<()> {
    let mut kms = ground.kms()?;
    let peer = &mut ground.peer;
    let key = create(&mut kms, external(SYMMETRIC, ENCRYPT)).await?;
    let id = &key.key_id;
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(peer.generate(SYMMETRIC).await?.private);
    }
    let first = import_material(&mut kms, peer, id, &made[0])
        .await?
        .context("an id")?;
    let old = encrypt_with(&mut kms, id, SYMMETRIC, b"old").await?;
    let nothing = format!(
        "No available key material pending rotation for the key: {}.",
        key.arn
    );
    assert_eq!(
        refusal(rotate_now(&mut kms, id).await),
        told(INVALID_STATE, nothing)
    );

    let described = ImportKeyMaterialRequest {
        import_type: Some(NEW.to_owned()),
        key_material_description: Some("the second".to_owned()),
        ..import_request(&mut kms, peer, id, &made[1]).await?
    };
    let second = import(&mut kms, described)
        .await?
        .key_material_id
        .context("an id")?;
    let waiting = [
        (first.as_str(), "CURRENT", "IMPORTED"),
        (second.as_str(), "PENDING_ROTATION", "IMPORTED"),
    ];
    assert_eq!(shown(&mut kms, id).await?, listed(&waiting));
    let answer = import_as(&mut kms, peer, id, &made[2], NEW).await?;
    assert_eq!(
        refused_with(answer),
        INVALID_STATE,
        "one material waits at a time"
    );
    let still = encrypt_with(&mut kms, id, SYMMETRIC, b"still").await?;
    let opened = decrypt_with(&mut kms, id, SYMMETRIC, &still).await?;
    assert_eq!(
        opened.key_material_id.as_deref(),
        Some(first.as_str()),
        "it is not used yet"
    );

    rotate_now(&mut kms, id).await?;
    let rotated = [
        (first.as_str(), "NON_CURRENT", "IMPORTED"),
        (second.as_str(), "CURRENT", "IMPORTED"),
    ];
    assert_eq!(shown(&mut kms, id).await?, listed(&rotated));
    let second_shown = materials(&mut kms, id).await?.pop().context("two materials")?;
    assert_eq!(
        second_shown.key_material_description.as_deref(),
        Some("the second")
    );
    assert_eq!(second_shown.rotation_type.as_deref(), Some("ON_DEMAND"));
    assert!(second_shown.rotation_date.is_some());
    let new = encrypt_with(&mut kms, id, SYMMETRIC, b"new").await?;
    for (ciphertext, plaintext, material) in [(&old, &b"old"[..], &first), (&new, b"new", &second)] {
        let opened = decrypt_with(&mut kms, id, SYMMETRIC, ciphertext).await?;
        assert_eq!(opened.plaintext, plaintext);
        assert_eq!(opened.key_material_id.as_ref(), Some(material));
    }
    deleting_any_material_but_a_waiting_one_ends_the_keys_use(ground, &key, &made, [&first, &second]).await?;
    let opened = decrypt_with(&mut kms, id, SYMMETRIC, &old).await?;
    assert_eq!(opened.plaintext, b"old");
    automatic_rotation_is_not_for_imported_keys(&mut kms, &key).await
}

async fn deleting_any_material_but_a_waiting_one_ends_the_keys_use(
    ground: &mut Ground,
    key: &KeyMetadata,
    made: &[Vec<u8>],
    [first, second]: [&str; 2],
) -> anyhow::Result<()> {
    let mut kms = ground.kms()?;
    let peer = &mut ground.peer;
    let id = &key.key_id;
    delete_material(&mut kms, id, Some(first)).await?;
    assert_eq!(state_of(&mut kms, id).await?, "PendingImport");
    let answer = encrypt_with(&mut kms, id, SYMMETRIC, b"x").await;
    let pending = format!("{} is pending import.", key.arn);
    assert_eq!(refusal(answer), told(INVALID_STATE, pending));
    import_material(&mut kms, peer, id, &made[0]).await?;
    assert_eq!(state_of(&mut kms, id).await?, "Enabled");

    let third = import_as(&mut kms, peer, id, &made[2], NEW)
        .await??
        .key_material_id;
    delete_material(&mut kms, id, third.as_deref()).await?;
    assert_eq!(
        state_of(&mut kms, id).await?,
        "Enabled",
        "nothing needs what never was current"
    );
    let left = [
        (first, "NON_CURRENT", "IMPORTED"),
        (second, "CURRENT", "IMPORTED"),
    ];
    assert_eq!(shown(&mut kms, id).await?, listed(&left), "it is forgotten whole");
    let unknown = delete_material(&mut kms, id, third.as_deref()).await;
    assert_eq!(
        refused_with(unknown),
        "ValidationException",
        "no material of the key"
    );
    let again = import_as(&mut kms, peer, id, &made[2], NEW)
        .await??
        .key_material_id;
    assert_ne!(again, third, "what was forgotten is not known again");
    Ok(())
}

async fn automatic_rotation_is_not_for_imported_keys(kms: &mut Kms, key: &KeyMetadata) -> anyhow::Result<()> {
    let request = EnableKeyRotationRequest {
        key_id: key.key_id.clone(),
        ..Default::default()
    };
    let answer = kms.enable_key_rotation(within(request, CALL)).await;
    let origin = format!(
        "{} origin is EXTERNAL which is not valid for this operation.",
        key.arn
    );
    assert_eq!(refusal(answer), told("UnsupportedOperationException", origin));
    Ok(())
}
