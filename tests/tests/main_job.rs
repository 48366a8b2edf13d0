//! Must hold 2: a ciphertext made in any region decrypts in any other that has a replica, also after three rotations
//! and a primary move, and while the other regions are down.

use crate::support::{CALL, SETTLED, any_kms, create_key, describe, enabled, encrypt, replicate};
use kms_proto::kms::v1::{RotateKeyOnDemandRequest, UpdatePrimaryRegionRequest};
use kms_tests::cluster::Cluster;
use kms_tests::ledger::{decrypt, within};
use kms_tests::test_cluster::{THREE_REGIONS, TestCluster};
use kms_tests::wait::until;

type Sealed = Vec<(Vec<u8>, Vec<u8>)>;

async fn encrypt_everywhere(cluster: &Cluster, key: &str, sealed: &mut Sealed) -> anyhow::Result<()> {
    for region in cluster.regions() {
        let plaintext = format!("{region} {}", sealed.len()).into_bytes();
        sealed.push((
            encrypt(&mut any_kms(cluster, region)?, key, &plaintext).await?,
            plaintext,
        ));
    }
    Ok(())
}

async fn decrypt_all(cluster: &Cluster, region: &str, sealed: &Sealed) -> anyhow::Result<()> {
    let mut kms = any_kms(cluster, region)?;
    for (ciphertext, plaintext) in sealed {
        assert_eq!(decrypt(&mut kms, ciphertext).await?, *plaintext, "in {region}");
    }
    Ok(())
}

async fn rotate(cluster: &Cluster, primary: &str, key: &str) -> anyhow::Result<()> {
    let mut kms = any_kms(cluster, primary)?;
    let before = describe(&mut kms, key).await?.current_key_material_id;
    kms.rotate_key_on_demand(within(
        RotateKeyOnDemandRequest {
            key_id: key.to_owned(),
        },
        CALL,
    ))
    .await?;
    until(
        "all regions to encrypt under one new material",
        SETTLED,
        || async {
            let mut current = Vec::new();
            for region in cluster.regions() {
                current.push(
                    describe(&mut any_kms(cluster, region)?, key)
                        .await?
                        .current_key_material_id,
                );
            }
            anyhow::ensure!(
                current.iter().all(|id| *id == current[0] && *id != before),
                "{current:?}"
            );
            Ok(())
        },
    )
    .await
}

pub(crate) async fn move_primary(cluster: &Cluster, from: &str, to: &str, key: &str) -> anyhow::Result<()> {
    let request = UpdatePrimaryRegionRequest {
        key_id: key.to_owned(),
        primary_region: to.to_owned(),
    };
    any_kms(cluster, from)?
        .update_primary_region(within(request, CALL))
        .await?;
    until(&format!("{to} to be primary everywhere"), SETTLED, || async {
        for region in cluster.regions() {
            let metadata = describe(&mut any_kms(cluster, region)?, key).await?;
            let primary = metadata
                .multi_region_configuration
                .and_then(|c| c.primary_key)
                .map(|k| k.region);
            anyhow::ensure!(primary.as_deref() == Some(to), "{region} says {primary:?}");
        }
        Ok(())
    })
    .await?;
    for region in cluster.regions() {
        enabled(cluster, region, key).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_region_encrypts_every_other_decrypts_even_alone() -> anyhow::Result<()> {
    let cluster = TestCluster::start("main-job", &THREE_REGIONS, 3).await?;
    let [first, second, third] = THREE_REGIONS;
    let key = create_key(&mut any_kms(&cluster, first)?, true).await?;
    replicate(&cluster, first, second, &key).await?;
    replicate(&cluster, first, third, &key).await?;
    let mut sealed = Sealed::new();
    encrypt_everywhere(&cluster, &key, &mut sealed).await?;
    for _ in 0..3 {
        rotate(&cluster, first, &key).await?;
        encrypt_everywhere(&cluster, &key, &mut sealed).await?;
    }
    move_primary(&cluster, first, second, &key).await?;
    encrypt_everywhere(&cluster, &key, &mut sealed).await?;
    rotate(&cluster, second, &key).await?;
    encrypt_everywhere(&cluster, &key, &mut sealed).await?;
    for region in THREE_REGIONS {
        decrypt_all(&cluster, region, &sealed).await?;
    }
    for alone in THREE_REGIONS {
        let others: Vec<_> = cluster
            .nodes()
            .into_iter()
            .filter(|node| node.region != alone)
            .collect();
        cluster.kill_all(&others)?;
        decrypt_all(&cluster, alone, &sealed).await?;
        let mut kms = any_kms(&cluster, alone)?;
        let ciphertext = encrypt(&mut kms, &key, b"alone").await?;
        assert_eq!(decrypt(&mut kms, &ciphertext).await?, b"alone");
        cluster.start_all()?;
        for region in THREE_REGIONS {
            cluster.region_ready(region).await?;
        }
    }
    cluster.passed();
    Ok(())
}
