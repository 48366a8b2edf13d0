//! Must hold 7, and what the issue says of import: which material is taken and how it is wrapped, what is refused and by
//! which name, what tokens are good for, how material is deleted, expires and comes back, and how keys with several
//! materials and multi-Region keys are used.

mod expiry;
mod materials;
mod multi_region;
mod refused;
mod tokens;
mod wrapping;

use crate::support::{any_kms, describe};
use kms_tests::client::Kms;
use kms_tests::interop::Peer;
use kms_tests::summary::skipped;
use kms_tests::test_cluster::TestCluster;

const REGION: &str = "us-east-1";
const OTHER: &str = "eu-west-1";

/// Where the promises are tried.
struct Ground {
    cluster: TestCluster,
    /// Makes and wraps key material.
    peer: Peer,
}

impl Ground {
    fn kms(&self) -> anyhow::Result<Kms> {
        any_kms(&self.cluster, REGION)
    }

    fn other(&self) -> anyhow::Result<Kms> {
        any_kms(&self.cluster, OTHER)
    }
}

async fn state_of(kms: &mut Kms, key_id: &str) -> anyhow::Result<String> {
    Ok(describe(kms, key_id).await?.key_state)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn key_material_is_imported_refused_deleted_and_rotated_as_the_service_model_says() -> anyhow::Result<()>
{
    let Some(peer) = Peer::start()? else {
        skipped("7, import", "CONCORD_PYTHON names no Python");
        return Ok(());
    };
    let cluster = TestCluster::start_with("importing", &[REGION, OTHER], 3, |plan| {
        plan.regions.insert(OTHER.to_owned(), [1].into());
    })
    .await?;
    let mut ground = Ground { cluster, peer };
    wrapping::every_algorithm_and_wrapping_key_size_takes_symmetric_material(&mut ground).await?;
    wrapping::every_other_spec_is_taken_by_an_algorithm_that_fits(&mut ground).await?;
    wrapping::algorithms_that_do_not_fit_are_refused(&mut ground).await?;
    wrapping::wrong_wrapping_is_an_invalid_ciphertext_and_says_nothing_more(&mut ground).await?;
    refused::material_of_a_wrong_length_is_refused(&mut ground).await?;
    refused::weak_and_malformed_keys_are_refused(&mut ground).await?;
    refused::keys_of_another_curve_or_size_are_refused(&mut ground).await?;
    tokens::altered_and_foreign_tokens_are_invalid(&mut ground).await?;
    tokens::a_token_is_good_for_one_import_and_for_its_repetition(&mut ground).await?;
    tokens::parameters_of_one_node_are_good_on_another_and_outlive_the_leader(&mut ground).await?;
    materials::deleted_material_comes_back_by_the_same_bytes_alone(&mut ground).await?;
    materials::keys_of_other_specs_have_one_material_for_good(&mut ground).await?;
    materials::a_symmetric_key_rotates_to_material_imported_before(&mut ground).await?;
    multi_region::each_region_imports_the_same_bytes(&mut ground).await?;
    multi_region::rotation_waits_until_every_region_has_the_new_material(&mut ground).await?;
    expiry::valid_to_and_the_expiration_model_must_agree(&mut ground).await?;
    // Moves clocks, and log time never goes back.
    expiry::expired_material_and_tokens_are_of_no_use(&mut ground).await?;
    ground.cluster.passed();
    Ok(())
}
