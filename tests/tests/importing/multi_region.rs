//! Imported multi-Region keys: bytes never travel, each region imports the same ones, and a rotation waits for all.

use super::materials::{listed, shown};
use super::{Ground, OTHER, REGION, state_of};
use crate::calls::{
    create, decrypt_with, encrypt_with, external, mac, refusal, refused_with, told, verify_mac,
};
use crate::imports::{
    EXISTING, NEW, delete_material, import, import_as, import_material, import_request, rotate_now,
};
use crate::service_model::{ENCRYPT, MAC, SYMMETRIC};
use crate::support::{CALL, SETTLED, any_kms, describe};
use anyhow::Context;
use kms_proto::kms::v1::*;
use kms_tests::ledger::within;
use kms_tests::wait::until;

const INVALID_STATE: &str = "KMSInvalidStateException";

/// An imported multi-Region key whose replica awaits its material.
async fn replicated(
    ground: &mut Ground,
    spec: &str,
    usage: &str,
    material: &[u8],
) -> anyhow::Result<(KeyMetadata, Option<String>)> {
    let mut kms = ground.kms()?;
    let request = CreateKeyRequest {
        multi_region: Some(true),
        ..external(spec, usage)
    };
    let key = create(&mut kms, request).await?;
    let material_id = import_material(&mut kms, &mut ground.peer, &key.key_id, material).await?;
    let request = ReplicateKeyRequest {
        key_id: key.key_id.clone(),
        replica_region: OTHER.to_owned(),
        ..Default::default()
    };
    kms.replicate_key(within(request, CALL)).await?;
    becomes(ground, OTHER, &key.key_id, "PendingImport").await?;
    Ok((key, material_id))
}

async fn becomes(ground: &Ground, region: &str, key_id: &str, state: &str) -> anyhow::Result<()> {
    until(
        &format!("{key_id} to be {state} in {region}"),
        SETTLED,
        || async {
            let is = describe(&mut any_kms(&ground.cluster, region)?, key_id)
                .await?
                .key_state;
            anyhow::ensure!(is == state, "it is {is}");
            Ok(())
        },
    )
    .await
}

async fn shows(
    ground: &Ground,
    region: &str,
    key_id: &str,
    materials: &[(&str, &str, &str)],
) -> anyhow::Result<()> {
    let wanted = listed(materials);
    until(
        &format!("the materials of {key_id} in {region}"),
        SETTLED,
        || async {
            let is = shown(&mut any_kms(&ground.cluster, region)?, key_id).await?;
            anyhow::ensure!(is == wanted, "they are {is:?}, not {wanted:?}");
            Ok(())
        },
    )
    .await
}

pub(super) async fn each_region_imports_the_same_bytes(ground: &mut Ground) -> anyhow::Result<()> {
    let (mut here, mut there) = (ground.kms()?, ground.other()?);
    let material = ground.peer.generate(SYMMETRIC).await?.private;
    let (key, material_id) = replicated(ground, SYMMETRIC, ENCRYPT, &material).await?;
    let id = &key.key_id;
    let named = material_id
        .clone()
        .context("symmetric keys name their material")?;
    let ciphertext = encrypt_with(&mut here, id, SYMMETRIC, b"attack at dawn").await?;
    let pending = format!("{} is pending import.", key.arn.replace(REGION, OTHER));
    let answer = decrypt_with(&mut there, id, SYMMETRIC, &ciphertext).await;
    assert_eq!(refusal(answer), told(INVALID_STATE, pending));
    shows(ground, OTHER, id, &[(&named, "CURRENT", "PENDING_IMPORT")]).await?;

    let peer = &mut ground.peer;
    let other = peer.generate(SYMMETRIC).await?.private;
    let answer = import_as(&mut there, peer, id, &other, EXISTING).await?;
    assert_eq!(refused_with(answer), "IncorrectKeyMaterialException");
    let answer = import_as(&mut there, peer, id, &other, NEW).await?;
    assert_eq!(
        refused_with(answer),
        "UnsupportedOperationException",
        "new material is for the primary"
    );
    // The replica knows the primary's material, so that the default is to import it again.
    assert_eq!(
        import_material(&mut there, peer, id, &material).await?,
        material_id
    );
    assert_eq!(state_of(&mut there, id).await?, "Enabled");
    let opened = decrypt_with(&mut there, id, SYMMETRIC, &ciphertext).await?;
    assert_eq!(opened.plaintext, b"attack at dawn");
    let back = encrypt_with(&mut there, id, SYMMETRIC, b"at dusk").await?;
    assert_eq!(
        decrypt_with(&mut here, id, SYMMETRIC, &back).await?.plaintext,
        b"at dusk"
    );

    delete_material(&mut there, id, None).await?;
    assert_eq!(state_of(&mut there, id).await?, "PendingImport");
    assert_eq!(
        state_of(&mut here, id).await?,
        "Enabled",
        "deleting is each region's own"
    );

    hmac_in_both_regions(ground).await
}

async fn hmac_in_both_regions(ground: &mut Ground) -> anyhow::Result<()> {
    let (mut here, mut there) = (ground.kms()?, ground.other()?);
    let material = ground.peer.generate("HMAC_384").await?.private;
    let (key, _) = replicated(ground, "HMAC_384", MAC, &material).await?;
    let id = &key.key_id;
    let other = ground.peer.generate("HMAC_384").await?.private;
    let request = import_request(&mut there, &mut ground.peer, id, &other).await?;
    assert_eq!(
        refused_with(import(&mut there, request).await),
        "IncorrectKeyMaterialException"
    );
    import_material(&mut there, &mut ground.peer, id, &material).await?;
    let made = mac(&mut here, id, "HMAC_SHA_384", b"attack at dawn").await?;
    let answer = verify_mac(&mut there, id, "HMAC_SHA_384", b"attack at dawn", &made).await?;
    assert!(answer.mac_valid);
    Ok(())
}

pub(super) async fn rotation_waits_until_every_region_has_the_new_material(
    ground: &mut Ground,
) -> anyhow::Result<()> {
    let (mut here, mut there) = (ground.kms()?, ground.other()?);
    let material = ground.peer.generate(SYMMETRIC).await?.private;
    let (key, first) = replicated(ground, SYMMETRIC, ENCRYPT, &material).await?;
    let first = first.context("an id")?;
    let id = &key.key_id;
    import_material(&mut there, &mut ground.peer, id, &material).await?;
    let old = encrypt_with(&mut here, id, SYMMETRIC, b"old").await?;

    let newer = ground.peer.generate(SYMMETRIC).await?.private;
    let second = import_as(&mut here, &mut ground.peer, id, &newer, NEW).await??;
    let second = second.key_material_id.context("an id")?;
    let waits = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION";
    let current = (first.as_str(), "CURRENT", "IMPORTED");
    shows(ground, REGION, id, &[current, (&second, waits, "IMPORTED")]).await?;
    shows(ground, OTHER, id, &[current, (&second, waits, "PENDING_IMPORT")]).await?;
    assert_eq!(
        state_of(&mut there, id).await?,
        "Enabled",
        "what waits is not needed yet"
    );
    let nothing = format!(
        "No available key material pending rotation for the key: {}.",
        key.arn
    );
    assert_eq!(
        refusal(rotate_now(&mut here, id).await),
        told(INVALID_STATE, nothing)
    );

    let answer = import_as(&mut there, &mut ground.peer, id, &newer, EXISTING).await??;
    assert_eq!(answer.key_material_id.as_deref(), Some(second.as_str()));
    let ready = (second.as_str(), "PENDING_ROTATION", "IMPORTED");
    shows(ground, REGION, id, &[current, ready]).await?;
    rotate_now(&mut here, id).await?;
    let rotated = [
        (first.as_str(), "NON_CURRENT", "IMPORTED"),
        (second.as_str(), "CURRENT", "IMPORTED"),
    ];
    shows(ground, REGION, id, &rotated).await?;
    shows(ground, OTHER, id, &rotated).await?;
    let new = encrypt_with(&mut here, id, SYMMETRIC, b"new").await?;
    for (ciphertext, plaintext) in [(&old, &b"old"[..]), (&new, b"new")] {
        assert_eq!(
            decrypt_with(&mut there, id, SYMMETRIC, ciphertext)
                .await?
                .plaintext,
            plaintext
        );
    }
    deleting_what_waits_on_the_primary_deletes_it_everywhere(ground, id, &rotated).await
}

async fn deleting_what_waits_on_the_primary_deletes_it_everywhere(
    ground: &mut Ground,
    id: &str,
    rotated: &[(&str, &str, &str)],
) -> anyhow::Result<()> {
    let (mut here, mut there) = (ground.kms()?, ground.other()?);
    let material = ground.peer.generate(SYMMETRIC).await?.private;
    let third = import_as(&mut here, &mut ground.peer, id, &material, NEW).await??;
    let third = third.key_material_id.context("an id")?;
    let waits = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION";
    let with_third = [rotated, &[(third.as_str(), waits, "PENDING_IMPORT")]].concat();
    shows(ground, OTHER, id, &with_third).await?;
    import_as(&mut there, &mut ground.peer, id, &material, EXISTING).await??;
    delete_material(&mut here, id, Some(&third)).await?;
    shows(ground, REGION, id, rotated).await?;
    shows(ground, OTHER, id, rotated).await?;
    for kms in [&mut here, &mut there] {
        assert_eq!(state_of(kms, id).await?, "Enabled");
    }
    Ok(())
}
