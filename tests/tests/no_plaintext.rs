//! Must hold 10: no plaintext of callers and no key material in any file, log or metric of any node. Canaries are
//! planted and everything is searched.
//!
//! Key material itself cannot be planted, because it never leaves the nodes; but a data key is key material that the
//! caller knows, and the root key is known from its file.

use crate::support::{CALL, any_kms, create_key, encrypt, replicate};
use kms_proto::kms::v1::*;
use kms_tests::cluster::{Cluster, Endpoint};
use kms_tests::ledger::{decrypt, within};
use kms_tests::test_cluster::TestCluster;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

const REGION: &str = "us-east-1";
const OTHER: &str = "eu-west-1";

/// Secrets, each in the forms it might be written in.
struct Canaries(Vec<(String, Vec<u8>)>);

impl Canaries {
    fn add(&mut self, what: &str, secret: &[u8]) {
        let hex: String = secret.iter().map(|b| format!("{b:02x}")).collect();
        let debug = format!("{secret:?}");
        let debug = debug.trim_start_matches('[').trim_end_matches(']');
        self.0.push((what.to_owned(), secret.to_vec()));
        self.0.push((format!("{what}, hex"), hex.clone().into_bytes()));
        self.0
            .push((format!("{what}, upper-case hex"), hex.to_uppercase().into_bytes()));
        self.0
            .push((format!("{what}, as Rust prints bytes"), debug.as_bytes().to_vec()));
        self.0.push((format!("{what}, base64"), base64(secret)));
    }

    fn found_in(&self, bytes: &[u8]) -> Option<&str> {
        self.0
            .iter()
            .find(|(_, canary)| contains(bytes, canary))
            .map(|(what, _)| what.as_str())
    }
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    // Whole groups only: the last ones depend on padding.
    let group = |g: &[u8]| {
        let n = u32::from(g[0]) << 16 | u32::from(g[1]) << 8 | u32::from(g[2]);
        [18, 12, 6, 0].map(|shift| ALPHABET[(n >> shift & 63) as usize])
    };
    bytes.chunks_exact(3).flat_map(group).collect()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    let first = needle[0];
    let mut rest = haystack;
    while let Some(at) = rest.iter().position(|b| *b == first) {
        if rest[at..].starts_with(needle) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
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
        let root = std::fs::read(cluster.folder().join(region).join("root.key"))?;
        // The file holds 32 secret bytes somewhere among its header and checksum: every window is a canary.
        for window in root.windows(32).skip(8).step_by(8) {
            canaries.add("part of a root key", window);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_in_any_file_log_or_metric() -> anyhow::Result<()> {
    let cluster = TestCluster::start("no-plaintext", &[REGION, OTHER], 3).await?;
    let mut canaries = Canaries(Vec::new());
    plant(&cluster, &mut canaries).await?;
    for region in [REGION, OTHER] {
        cluster.kmsctl(&["--context", region, "region", "snapshot"])?;
    }
    let mut searched = metrics_of(&cluster)?;
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
    }
    let bytes: usize = searched.iter().map(|(_, bytes)| bytes.len()).sum();
    for (place, content) in &searched {
        assert_eq!(canaries.found_in(content), None, "in {place}");
    }
    // The search itself must be able to find.
    let (_, planted) = &canaries.0[0];
    assert!(
        canaries
            .found_in(&[b"..", planted.as_slice(), b".."].concat())
            .is_some()
    );
    eprintln!(
        "searched {} places, {bytes} bytes, for {} canaries",
        searched.len(),
        canaries.0.len()
    );
    cluster.passed();
    Ok(())
}
