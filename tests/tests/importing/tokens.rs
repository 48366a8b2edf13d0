//! What an import token is good for.

use super::{Ground, OTHER, REGION, state_of};
use crate::calls::{create, external, refusal, refused_with, told};
use crate::imports::{import, import_request, usual_parameters};
use crate::service_model::{ENCRYPT, SYMMETRIC};
use crate::support::{CALL, SETTLED, describe};
use anyhow::Context;
use kms_proto::kms::v1::*;
use kms_tests::ledger::within;
use kms_tests::wait::until;

const INVALID: &str = "InvalidImportTokenException";

pub(super) async fn altered_and_foreign_tokens_are_invalid(ground: &mut Ground) -> anyhow::Result<()> {
    let (mut kms, mut other_region) = (ground.kms()?, ground.other()?);
    let request = CreateKeyRequest {
        multi_region: Some(true),
        ..external(SYMMETRIC, ENCRYPT)
    };
    let id = create(&mut kms, request).await?.key_id;
    let material = ground.peer.generate(SYMMETRIC).await?.private;
    let right = import_request(&mut kms, &mut ground.peer, &id, &material).await?;
    let with_token = |import_token: Vec<u8>| ImportKeyMaterialRequest {
        import_token,
        ..right.clone()
    };
    let token = &right.import_token;
    for at in (0..token.len()).step_by(5).chain([token.len() - 1]) {
        let mut altered = token.clone();
        altered[at] ^= 1;
        let answer = import(&mut kms, with_token(altered)).await;
        assert_eq!(refused_with(answer), INVALID, "byte {at} altered");
    }
    for other in [
        token[..token.len() - 1].to_vec(),
        [token.as_slice(), &[0]].concat(),
        b"token".to_vec(),
    ] {
        assert_eq!(refused_with(import(&mut kms, with_token(other)).await), INVALID);
    }
    let foreign = create(&mut kms, external(SYMMETRIC, ENCRYPT)).await?.key_id;
    let of_another_key = usual_parameters(&mut kms, &foreign).await?;
    let answer = import(&mut kms, with_token(of_another_key.token)).await;
    assert_eq!(refused_with(answer), INVALID, "of another key");

    import(&mut kms, right.clone()).await?;
    assert_eq!(state_of(&mut kms, &id).await?, "Enabled");
    let replicate = ReplicateKeyRequest {
        key_id: id.clone(),
        replica_region: OTHER.to_owned(),
        ..Default::default()
    };
    kms.replicate_key(within(replicate, CALL)).await?;
    until("the replica to await its material", SETTLED, || async {
        let state = describe(&mut ground.other()?, &id).await?.key_state;
        anyhow::ensure!(state == "PendingImport", "it is {state}");
        Ok(())
    })
    .await?;
    let of_another_region = usual_parameters(&mut other_region, &id).await?;
    let answer = import(&mut kms, with_token(of_another_region.token)).await;
    assert_eq!(refused_with(answer), INVALID, "of another region");
    Ok(())
}

pub(super) async fn a_token_is_good_for_one_import_and_for_its_repetition(
    ground: &mut Ground,
) -> anyhow::Result<()> {
    let mut kms = ground.kms()?;
    let id = create(&mut kms, external(SYMMETRIC, ENCRYPT)).await?.key_id;
    let material = ground.peer.generate(SYMMETRIC).await?.private;
    let parameters = usual_parameters(&mut kms, &id).await?;
    let request = parameters.request(&mut ground.peer, &material).await?;
    let first = import(&mut kms, request.clone()).await?;
    for node in ground.cluster.nodes_of(REGION) {
        let again = import(&mut ground.cluster.kms(&node)?, request.clone()).await?;
        assert_eq!(again, first, "the same request again on {node}");
    }
    let anew = parameters.request(&mut ground.peer, &material).await?;
    let answer = import(&mut kms, anew).await;
    let used = told(INVALID, "The import token is not valid for this KMS key.");
    assert_eq!(refusal(answer), used, "the same material, wrapped anew");
    let described = ImportKeyMaterialRequest {
        key_material_description: Some("other".to_owned()),
        ..request
    };
    let answer = import(&mut kms, described).await;
    assert_eq!(
        refused_with(answer),
        INVALID,
        "the same material, described otherwise"
    );
    Ok(())
}

pub(super) async fn parameters_of_one_node_are_good_on_another_and_outlive_the_leader(
    ground: &mut Ground,
) -> anyhow::Result<()> {
    let nodes = ground.cluster.nodes_of(REGION);
    let mut kms = ground.kms()?;
    for (asked, used) in [(0, 1), (1, 2), (2, 0)] {
        let id = create(&mut kms, external(SYMMETRIC, ENCRYPT)).await?.key_id;
        let material = ground.peer.generate(SYMMETRIC).await?.private;
        let mut asked = ground.cluster.kms(&nodes[asked])?;
        let request = import_request(&mut asked, &mut ground.peer, &id, &material).await?;
        import(&mut ground.cluster.kms(&nodes[used])?, request).await?;
    }

    let id = create(&mut kms, external(SYMMETRIC, ENCRYPT)).await?.key_id;
    let material = ground.peer.generate(SYMMETRIC).await?.private;
    let leader = ground.cluster.leader(REGION).await?;
    let mut asked = ground.cluster.kms(&leader)?;
    let request = import_request(&mut asked, &mut ground.peer, &id, &material).await?;
    ground.cluster.kill(&leader)?;
    let survivor = nodes.iter().find(|node| **node != leader);
    let mut survivor = ground.cluster.kms(survivor.context("two nodes are left")?)?;
    until("another leader to take the import", SETTLED, || {
        let (mut kms, request) = (survivor.clone(), request.clone());
        async move { Ok(import(&mut kms, request).await?) }
    })
    .await?;
    assert_eq!(state_of(&mut survivor, &id).await?, "Enabled");
    ground.cluster.start(&leader)?;
    ground.cluster.region_ready(REGION).await
}
