//! Must hold 1 of issue "Unmodified AWS clients": the AWS SDK for Rust, as it comes from its registry and with its default
//! features off, works against two regions.

use anyhow::Context;
use aws_credential_types::Credentials;
use aws_sdk_kms::Client;
use aws_sdk_kms::config::{BehaviorVersion, Config, Region};
use aws_sdk_kms::error::ProvideErrorMetadata;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{DataKeySpec, KeySpec, KeyState, KeyUsageType, SigningAlgorithmSpec};
use kms_tests::aws_profiles::AwsCredentials;
use kms_tests::cluster::ACCOUNT;
use kms_tests::summary::figure;
use kms_tests::test_cluster::TestCluster;
use kms_tests::wait::until;
use std::time::Duration;

const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];
const REPLICATED_WITHIN: Duration = Duration::from_secs(30);

fn client(cluster: &TestCluster, region: &str, credentials: &AwsCredentials) -> anyhow::Result<Client> {
    let AwsCredentials {
        access_key_id,
        secret_access_key,
    } = credentials;
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .endpoint_url(
            cluster
                .http_endpoint(region)
                .context("a region has an endpoint")?,
        )
        .credentials_provider(Credentials::from_keys(access_key_id, secret_access_key, None))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Ok(Client::from_conf(config))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unmodified_aws_sdk_for_rust_works_against_two_regions() -> anyhow::Result<()> {
    let cluster = TestCluster::start("aws_rust", &REGIONS, 1).await?;
    let credentials = cluster.make_administrator(ACCOUNT).await?;
    let here = client(&cluster, REGIONS[0], &credentials)?;
    let there = client(&cluster, REGIONS[1], &credentials)?;
    one_region_encrypts_another_decrypts(&here, &there).await?;
    data_keys_open_by_the_names_of_their_keys(&here).await?;
    signatures_verify(&here).await?;
    refusals_are_of_the_model(&here).await?;
    figure("AWS clients, Rust", "aws-sdk-kms: 4 promises kept");
    cluster.passed();
    Ok(())
}

async fn one_region_encrypts_another_decrypts(here: &Client, there: &Client) -> anyhow::Result<()> {
    let made = here.create_key().multi_region(true).send().await?;
    let key = made.key_metadata().context("metadata")?.key_id();
    here.replicate_key()
        .key_id(key)
        .replica_region(REGIONS[1])
        .send()
        .await?;
    until("the replica to be enabled", REPLICATED_WITHIN, || async {
        let described = there.describe_key().key_id(key).send().await?;
        let state = described.key_metadata().and_then(|m| m.key_state());
        anyhow::ensure!(state == Some(&KeyState::Enabled), "it is {state:?}");
        Ok(())
    })
    .await?;
    let sealed = here
        .encrypt()
        .key_id(key)
        .plaintext(Blob::new("attack at dawn"))
        .encryption_context("purpose", "test")
        .send()
        .await?;
    let ciphertext = sealed.ciphertext_blob().context("a ciphertext")?.clone();
    let opened = there
        .decrypt()
        .ciphertext_blob(ciphertext)
        .encryption_context("purpose", "test")
        .send()
        .await?;
    anyhow::ensure!(opened.plaintext() == Some(&Blob::new("attack at dawn")));
    Ok(())
}

async fn data_keys_open_by_the_names_of_their_keys(kms: &Client) -> anyhow::Result<()> {
    let made = kms.create_key().description("Rust ü").send().await?;
    let key = made.key_metadata().context("metadata")?;
    anyhow::ensure!(key.aws_account_id() == Some(ACCOUNT), "{key:?}");
    kms.create_alias()
        .alias_name("alias/rust")
        .target_key_id(key.key_id())
        .send()
        .await?;
    let data_key = kms
        .generate_data_key()
        .key_id("alias/rust")
        .key_spec(DataKeySpec::Aes256)
        .send()
        .await?;
    let wrapped = data_key.ciphertext_blob().context("a ciphertext")?.clone();
    let opened = kms.decrypt().ciphertext_blob(wrapped).send().await?;
    anyhow::ensure!(opened.plaintext() == data_key.plaintext() && opened.key_id() == key.arn());
    let mut pages = kms.list_keys().limit(1).into_paginator().items().send();
    let mut listed = Vec::new();
    while let Some(entry) = pages.next().await {
        listed.extend(entry?.key_id);
    }
    anyhow::ensure!(listed.iter().any(|id| id == key.key_id()), "{listed:?}");
    Ok(())
}

async fn signatures_verify(kms: &Client) -> anyhow::Result<()> {
    let made = kms
        .create_key()
        .key_spec(KeySpec::EccNistP256)
        .key_usage(KeyUsageType::SignVerify)
        .send()
        .await?;
    let key = made.key_metadata().context("metadata")?.key_id();
    let algorithm = SigningAlgorithmSpec::EcdsaSha256;
    let signed = kms
        .sign()
        .key_id(key)
        .message(Blob::new("m"))
        .signing_algorithm(algorithm.clone())
        .send()
        .await?;
    let signature = signed.signature().context("a signature")?.clone();
    let verify = |message| {
        kms.verify()
            .key_id(key)
            .message(Blob::new(message))
            .signature(signature.clone())
            .signing_algorithm(algorithm.clone())
            .send()
    };
    anyhow::ensure!(verify("m").await?.signature_valid());
    let refused = verify("n")
        .await
        .expect_err("another message verifies")
        .into_service_error();
    anyhow::ensure!(refused.is_kms_invalid_signature_exception(), "{refused:?}");
    Ok(())
}

async fn refusals_are_of_the_model(kms: &Client) -> anyhow::Result<()> {
    let refused = kms.describe_key().key_id("x").send().await;
    let refused = refused.expect_err("a key named x").into_service_error();
    anyhow::ensure!(refused.is_not_found_exception(), "{refused:?}");
    anyhow::ensure!(refused.message() == Some("Invalid keyId 'x'"), "{refused:?}");
    let refused = kms.decrypt().ciphertext_blob(Blob::new([1; 200])).send().await;
    let refused = refused.expect_err("nothing decrypts").into_service_error();
    anyhow::ensure!(refused.is_invalid_ciphertext_exception(), "{refused:?}");
    Ok(())
}
