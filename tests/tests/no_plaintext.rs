//! Must hold 10: no plaintext of callers and no key material in any file, log or metric of any node. Canaries are
//! planted and everything is searched, with the nodes' logs at their most talkative.
//!
//! Materials, wrapping, storage, HPKE and signing keys cannot be searched for from here: they never leave the nodes in
//! plain, and the vectors of the crypto and storage crates show that they are written wrapped. What can be known from
//! outside is: what callers give to be encrypted, signed, authenticated or imported, data keys, data key pairs, shared
//! secrets and random bytes, the regions' root keys, and the private keys of all certificates.

mod key_types;

use crate::canaries::{Canaries, pem_bytes};
use crate::support::{CALL, any_kms, create_key, encrypt, replicate};
use kms_proto::kms::v1::*;
use kms_tests::cluster::{Cluster, Endpoint};
use kms_tests::ledger::{decrypt, within};
use kms_tests::summary::figure;
use kms_tests::test_cluster::TestCluster;
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

const REGION: &str = "us-east-1";
const OTHER: &str = "eu-west-1";
/// Root key file after the development mark: "CKMSROOT", version, provider, root key id, key, SHA-256 of all before.
const ROOT_ID_AT: usize = 10;
const ROOT_KEY_AT: usize = 26;
const ROOT_FILE_BYTES: usize = 90;
const KEY_BYTES: usize = 32;
/// In the PKCS#8 of a P-256 key, what stands before its 32 secret bytes: version 1, OCTET STRING of 32.
const BEFORE_SCALAR: [u8; 5] = [0x02, 0x01, 0x01, 0x04, 0x20];
const TLS_KEY: &str = "a TLS private key";

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// The 32 secret bytes of a root key file, certainly: its checksum is right, and the key has the id that the region
/// shows.
fn root_key(cluster: &Cluster, region: &str) -> anyhow::Result<[u8; KEY_BYTES]> {
    let file = std::fs::read(cluster.folder().join(region).join("root.key"))?;
    let mark = file.len() - ROOT_FILE_BYTES;
    let file = &file[mark..];
    assert!(file.starts_with(b"CKMSROOT"), "another layout of root key files");
    let (covered, checksum) = file.split_at(ROOT_KEY_AT + KEY_BYTES);
    assert_eq!(Sha256::digest(covered).as_slice(), checksum);
    let hex: String = file[ROOT_ID_AT..ROOT_KEY_AT]
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let shown = cluster.kmsctl(&["--context", region, "--output", "json", "region", "wrapping-keys"])?;
    assert!(
        shown.replace('-', "").contains(&hex),
        "{region} shows another root key than {hex}: {shown}"
    );
    Ok(*covered[ROOT_KEY_AT..].first_chunk().expect("a key has 32 bytes"))
}

/// The private keys of all certificates of the cluster: authorities, callers and nodes.
fn tls_keys(cluster: &Cluster) -> anyhow::Result<Vec<[u8; KEY_BYTES]>> {
    let mut files = Vec::new();
    files_below(cluster.folder(), &mut files)?;
    files.retain(|file| file.to_string_lossy().ends_with("-key.pem"));
    let scalar = |file: &PathBuf| {
        let der = pem_bytes(&std::fs::read_to_string(file)?);
        let at = der
            .windows(BEFORE_SCALAR.len())
            .position(|window| window == BEFORE_SCALAR);
        let key = at.and_then(|at| der[at + BEFORE_SCALAR.len()..].first_chunk());
        key.copied()
            .ok_or_else(|| anyhow::anyhow!("{} holds no P-256 key", file.display()))
    };
    files.iter().map(scalar).collect()
}

fn files_below(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files_below(&path, files)?
        } else {
            files.push(path)
        }
    }
    Ok(())
}

fn metrics_of(cluster: &Cluster) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut all = Vec::new();
    for node in cluster.nodes() {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", cluster.port(&node, Endpoint::Metrics)))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut text = Vec::new();
        stream.read_to_end(&mut text)?;
        anyhow::ensure!(contains(&text, b"kms_"), "{node} shows no metrics");
        all.push((format!("metrics of {node}"), text));
    }
    Ok(all)
}

async fn plant(cluster: &Cluster, canaries: &mut Canaries) -> anyhow::Result<()> {
    let mut kms = any_kms(cluster, REGION)?;
    let key = create_key(&mut kms, true).await?;
    replicate(cluster, REGION, OTHER, &key).await?;
    for i in 0..20 {
        let plaintext = format!("canary-plaintext-{i}-{}", uuid::Uuid::new_v4()).into_bytes();
        canaries.add("a plaintext", &plaintext);
        let ciphertext = encrypt(&mut kms, &key, &plaintext).await?;
        assert_eq!(
            decrypt(&mut any_kms(cluster, OTHER)?, &ciphertext).await?,
            plaintext
        );
        // Refused calls must not leak either.
        let request = EncryptRequest {
            key_id: "alias/none".into(),
            plaintext: plaintext.clone(),
            ..Default::default()
        };
        assert!(kms.encrypt(within(request, CALL)).await.is_err());
        let mut long = plaintext.clone();
        long.resize(5_000, b'x');
        let request = EncryptRequest {
            key_id: key.clone(),
            plaintext: long,
            ..Default::default()
        };
        assert!(kms.encrypt(within(request, CALL)).await.is_err());
    }
    for _ in 0..20 {
        let request = GenerateDataKeyRequest {
            key_id: key.clone(),
            number_of_bytes: Some(33),
            ..Default::default()
        };
        let data_key = kms.generate_data_key(within(request, CALL)).await?.into_inner();
        canaries.add("a data key", &data_key.plaintext);
        assert_eq!(
            decrypt(&mut kms, &data_key.ciphertext_blob).await?,
            data_key.plaintext
        );
        let request = GenerateDataKeyWithoutPlaintextRequest {
            key_id: key.clone(),
            number_of_bytes: Some(33),
            ..Default::default()
        };
        let sealed = kms
            .generate_data_key_without_plaintext(within(request, CALL))
            .await?
            .into_inner();
        canaries.add(
            "a data key made without plaintext",
            &decrypt(&mut kms, &sealed.ciphertext_blob).await?,
        );
        let request = GenerateRandomRequest {
            number_of_bytes: Some(33),
            ..Default::default()
        };
        canaries.add(
            "random bytes",
            &kms.generate_random(within(request, CALL))
                .await?
                .into_inner()
                .plaintext,
        );
        let request = RotateKeyOnDemandRequest { key_id: key.clone() };
        drop(kms.rotate_key_on_demand(within(request, CALL)).await);
    }
    for region in [REGION, OTHER] {
        canaries.add_key("a root key", &root_key(cluster, region)?);
    }
    for key in tls_keys(cluster)? {
        canaries.add_key(TLS_KEY, &key);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_in_any_file_log_or_metric() -> anyhow::Result<()> {
    let cluster = TestCluster::start_with("no-plaintext", &[REGION, OTHER], 3, |plan| {
        plan.log_filter = "debug,openraft=debug".to_owned();
    })
    .await?;
    let mut canaries = Canaries::default();
    plant(&cluster, &mut canaries).await?;
    key_types::plant(&cluster, &mut canaries).await?;
    for region in [REGION, OTHER] {
        cluster.kmsctl(&["--context", region, "region", "snapshot"])?;
    }
    let searched = everything(&cluster)?;
    let bytes: usize = searched.iter().map(|(_, bytes)| bytes.len()).sum();
    for (place, content) in &searched {
        // A node's TLS keys lie in its tls folder, where they belong; nothing else may.
        let belongs = place.contains("/tls/").then_some(TLS_KEY);
        assert_eq!(canaries.found_in(content, belongs), None, "in {place}");
    }
    // The search itself must be able to find: each form of each kind, and a key in the very file that holds it.
    canaries.assert_each_can_be_found();
    let root_file = std::fs::read(cluster.folder().join(REGION).join("root.key"))?;
    assert!(canaries.found_in(&root_file, None).is_some());
    figure(
        "10, no plaintext",
        &format!(
            "{} places, {bytes} bytes searched for forms of {:?}",
            searched.len(),
            canaries.kinds()
        ),
    );
    cluster.passed();
    Ok(())
}

/// What every node shows and leaves behind; ends the nodes.
fn everything(cluster: &Cluster) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let mut searched = metrics_of(cluster)?;
    for node in cluster.nodes() {
        cluster.stop(&node)?;
        let mut files = Vec::new();
        files_below(&cluster.node(&node).folder, &mut files)?;
        anyhow::ensure!(
            files.len() > 10,
            "{node} has too few files to be a node: {files:?}"
        );
        for file in files {
            searched.push((file.display().to_string(), std::fs::read(&file)?));
        }
        let log = std::fs::read(cluster.node(&node).log())?;
        anyhow::ensure!(contains(&log, b"DEBUG"), "{node} does not log at debug level");
    }
    Ok(searched)
}
