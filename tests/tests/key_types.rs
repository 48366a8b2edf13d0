//! Must hold 4 and 5: every pair of key spec and usage, key spec and algorithm, operation and key usage, operation and
//! key state, each with its exact error; the details of errors that clients rely on; dry runs, multi-Region keys of
//! every spec, and the last use of a key.

mod algorithms;
mod attempts;
mod creating;
mod details;
mod dry_run;
mod last_usage;
mod multi_region;
mod states;
mod usages;

use crate::calls::{create, key_of};
use crate::service_model::SPECS;
use crate::support::any_kms;
use anyhow::Context;
use attempts::Subject;
use kms_proto::kms::v1::CreateKeyRequest;
use kms_tests::client::Kms;
use kms_tests::test_cluster::TestCluster;

const REGION: &str = "us-east-1";
const OTHER: &str = "eu-west-1";

/// The keys that the tables are tried with: one for each pair of spec and usage, multi-Region, and never changed.
struct Keys {
    cluster: TestCluster,
    subjects: Vec<Subject>,
}

impl Keys {
    /// Makes a key for each pair that the service model allows.
    async fn make(cluster: TestCluster) -> anyhow::Result<Self> {
        let mut kms = any_kms(&cluster, REGION)?;
        let mut subjects = Vec::new();
        for (spec, usages) in SPECS {
            for usage in *usages {
                let request = CreateKeyRequest {
                    multi_region: Some(true),
                    ..key_of(spec, usage)
                };
                let made = create(&mut kms, request).await;
                let key = made.with_context(|| format!("{spec} for {usage}"))?;
                subjects.push(Subject::of(&mut kms, key).await?);
            }
        }
        Ok(Self { cluster, subjects })
    }

    fn kms(&self) -> anyhow::Result<Kms> {
        any_kms(&self.cluster, REGION)
    }

    fn other(&self) -> anyhow::Result<Kms> {
        any_kms(&self.cluster, OTHER)
    }

    fn with_usage(&self, usage: &str) -> impl Iterator<Item = &Subject> {
        self.subjects.iter().filter(move |s| s.key.key_usage == usage)
    }

    fn with_spec(&self, spec: &str, usage: &str) -> anyhow::Result<&Subject> {
        let found = self.with_usage(usage).find(|s| s.key.key_spec == spec);
        found.with_context(|| format!("no key of {spec} for {usage}"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_key_type_does_what_the_service_model_says_and_nothing_else() -> anyhow::Result<()> {
    let cluster = TestCluster::start_with("key-types", &[REGION, OTHER], 3, |plan| {
        plan.regions.insert(OTHER.to_owned(), [1].into());
    })
    .await?;
    let keys = Keys::make(cluster).await?;
    let used = last_usage::the_node_that_did_it_tells_at_once(&keys).await?;

    creating::every_pair_of_spec_and_usage_is_made_or_refused(&keys).await?;
    creating::what_a_new_key_can_do_is_in_its_metadata(&keys)?;
    creating::origins_and_specs_that_do_not_exist_here_are_refused(&keys).await?;
    usages::every_operation_refuses_keys_of_other_usages(&keys).await?;
    usages::public_keys_and_rotation_are_for_the_specs_that_have_them(&keys).await?;
    algorithms::every_pair_of_spec_and_signing_algorithm_signs_or_is_refused(&keys).await?;
    algorithms::every_pair_of_spec_and_other_algorithm_works_or_is_refused(&keys).await?;
    algorithms::every_pair_of_algorithm_and_message_type_signs_or_is_refused(&keys).await?;
    states::every_operation_refuses_keys_in_other_states(&keys).await?;
    dry_run::every_operation_that_has_it_checks_everything_and_does_nothing(&keys).await?;

    details::failures_of_cryptography_carry_no_message(&keys).await?;
    details::a_wrong_key_on_decrypt_is_an_incorrect_key(&keys).await?;
    details::verify_answers_yes_or_fails(&keys).await?;
    details::a_digest_of_a_wrong_length_names_the_algorithm(&keys).await?;
    details::decrypt_names_the_material_that_opened(&keys).await?;
    details::an_oaep_plaintext_that_is_too_long_names_the_limit(&keys).await?;
    details::number_of_bytes_and_key_spec_exclude_each_other(&keys).await?;
    details::an_unacceptable_public_key_is_refused_by_name(&keys).await?;

    multi_region::what_one_region_makes_another_accepts_for_every_spec(&keys).await?;
    last_usage::every_tracked_operation_is_noted(&keys).await?;
    last_usage::the_other_nodes_tell_after_the_next_batch(&keys, &used).await?;
    keys.cluster.passed();
    Ok(())
}
