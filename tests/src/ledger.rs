//! Writers that remember what was acknowledged to them, and the check that nothing of it is missing.
//!
//! Each writer owns one key and counts upwards in its description: at any time the description must be at least the
//! last acknowledged number and at most the last attempted one, because an attempt without an answer is unknown, not
//! undone. Beside that it makes keys and ciphertexts, and remembers those it was given.

use crate::client::{Kms, exception};
use crate::cluster::Cluster;
use crate::names::NodeName;
use anyhow::Context;
use kms_proto::kms::v1::{
    CreateKeyRequest, DecryptRequest, DescribeKeyRequest, EncryptRequest, UpdateKeyDescriptionRequest,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

const CALL_WITHIN: Duration = Duration::from_secs(2);
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(20);

/// A request with a deadline.
pub fn within<T>(message: T, deadline: Duration) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.set_timeout(deadline);
    request
}

/// What one writer was promised.
#[derive(Debug, Clone, Default)]
pub struct Promise {
    /// The writer's own key.
    pub key_id: String,
    /// Last number in its description that was acknowledged.
    pub acknowledged: u64,
    /// Last number that was attempted.
    pub attempted: u64,
    /// Other keys whose creation was acknowledged.
    pub created: Vec<String>,
    /// Ciphertexts that were answered, and what they must open to.
    pub ciphertexts: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Writers under way.
#[derive(Debug)]
pub struct Writers {
    stop: Arc<AtomicBool>,
    tasks: JoinSet<anyhow::Result<Promise>>,
}

impl Writers {
    /// Starts `count` writers against a region; each begins at another node and moves on when one fails.
    ///
    /// # Errors
    /// When the first keys cannot be made.
    pub async fn start(cluster: &Cluster, region: &str, count: usize) -> anyhow::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for i in 0..count {
            let mut clients = clients_of(cluster, region)?;
            let turn = i % clients.len();
            clients.rotate_left(turn);
            let first = clients.first_mut().context("a region has nodes")?;
            let key_id = create_key(first).await.context("a writer's own key")?;
            let promise = Promise {
                key_id,
                ..Promise::default()
            };
            tasks.spawn(write(clients, promise, Arc::clone(&stop)));
        }
        Ok(Self { stop, tasks })
    }

    /// Stops the writers and gives what each was promised.
    ///
    /// # Errors
    /// When a writer met an answer that must not be.
    pub async fn stop(mut self) -> anyhow::Result<Vec<Promise>> {
        self.stop.store(true, Ordering::Relaxed);
        let mut promises = Vec::new();
        while let Some(done) = self.tasks.join_next().await {
            promises.push(done??);
        }
        Ok(promises)
    }
}

fn clients_of(cluster: &Cluster, region: &str) -> anyhow::Result<Vec<Kms>> {
    cluster
        .nodes_of(region)
        .iter()
        .map(|node| cluster.kms(node))
        .collect()
}

async fn create_key(kms: &mut Kms) -> anyhow::Result<String> {
    let answer = kms
        .create_key(within(CreateKeyRequest::default(), CALL_WITHIN))
        .await?
        .into_inner();
    Ok(answer.key_metadata.context("CreateKey answers metadata")?.key_id)
}

async fn write(
    mut clients: Vec<Kms>,
    mut promise: Promise,
    stop: Arc<AtomicBool>,
) -> anyhow::Result<Promise> {
    while !stop.load(Ordering::Relaxed) {
        let Some(kms) = clients.first_mut() else { break };
        if let Err(status) = one_round(kms, &mut promise).await {
            let refused = exception(&status);
            anyhow::ensure!(
                refused.is_empty() || refused.contains("Timeout") || refused.contains("Internal"),
                "a writer was refused: {refused}: {}",
                status.message()
            );
            clients.rotate_left(1);
            tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
        }
    }
    Ok(promise)
}

async fn one_round(kms: &mut Kms, promise: &mut Promise) -> Result<(), tonic::Status> {
    promise.attempted += 1;
    let request = UpdateKeyDescriptionRequest {
        key_id: promise.key_id.clone(),
        description: promise.attempted.to_string(),
    };
    kms.update_key_description(within(request, CALL_WITHIN)).await?;
    promise.acknowledged = promise.attempted;

    let plaintext = format!("{}:{}", promise.key_id, promise.attempted).into_bytes();
    let request = EncryptRequest {
        key_id: promise.key_id.clone(),
        plaintext: plaintext.clone(),
        ..Default::default()
    };
    let sealed = kms.encrypt(within(request, CALL_WITHIN)).await?.into_inner();
    promise.ciphertexts.push((sealed.ciphertext_blob, plaintext));

    if promise.attempted.is_multiple_of(4) {
        let answer = kms
            .create_key(within(CreateKeyRequest::default(), CALL_WITHIN))
            .await?
            .into_inner();
        promise
            .created
            .extend(answer.key_metadata.map(|metadata| metadata.key_id));
    }
    Ok(())
}

/// Checks every promise on one node.
///
/// # Errors
/// At the first promise that is broken.
pub async fn verify(cluster: &Cluster, node: &NodeName, promises: &[Promise]) -> anyhow::Result<()> {
    let mut kms = cluster.kms(node)?;
    for promise in promises {
        let shown: u64 = description(&mut kms, &promise.key_id).await?.parse().unwrap_or(0);
        anyhow::ensure!(
            (promise.acknowledged..=promise.attempted).contains(&shown),
            "{node}: key {} shows {shown}, but {} was acknowledged and {} the last attempted",
            promise.key_id,
            promise.acknowledged,
            promise.attempted
        );
        for key in &promise.created {
            description(&mut kms, key)
                .await
                .with_context(|| format!("{node}: key {key} was acknowledged"))?;
        }
        for (ciphertext, plaintext) in &promise.ciphertexts {
            let opened = decrypt(&mut kms, ciphertext)
                .await
                .with_context(|| format!("{node}: an answered ciphertext"))?;
            anyhow::ensure!(
                opened == *plaintext,
                "{node}: a ciphertext opened to something else"
            );
        }
    }
    Ok(())
}

/// Opens a ciphertext.
///
/// # Errors
/// What the node answers.
pub async fn decrypt(kms: &mut Kms, ciphertext: &[u8]) -> anyhow::Result<Vec<u8>> {
    let request = DecryptRequest {
        ciphertext_blob: Some(ciphertext.to_vec()),
        ..Default::default()
    };
    Ok(kms
        .decrypt(within(request, CALL_WITHIN))
        .await?
        .into_inner()
        .plaintext)
}

async fn description(kms: &mut Kms, key_id: &str) -> anyhow::Result<String> {
    let request = DescribeKeyRequest {
        key_id: key_id.to_owned(),
        ..Default::default()
    };
    let answer = kms.describe_key(within(request, CALL_WITHIN)).await?.into_inner();
    Ok(answer
        .key_metadata
        .context("DescribeKey answers metadata")?
        .description)
}

/// Promises in all: acknowledged changes, keys and ciphertexts.
pub fn count(promises: &[Promise]) -> u64 {
    let of = |p: &Promise| p.acknowledged + p.created.len() as u64 + p.ciphertexts.len() as u64;
    promises.iter().map(of).sum()
}
