//! Whether Encrypt on a node feels that RSA-4096 keys are made there as fast as the node makes them.

use crate::bench::load::Measured;
use crate::bench::operations::{CALLERS, Connections, Material, Operation};
use crate::bench::report::{Figure, Threshold, median};
use kms_proto::kms::v1::CreateKeyRequest;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// Callers that make keys: as many as a node works for and lets wait. More would be refused at once.
const GENERATORS: usize = 18;

/// How long and how often.
#[derive(Debug, Clone, Copy)]
pub struct Turns {
    /// Loads with a storm, each after one without.
    pub count: usize,
    /// One load.
    pub load: Duration,
    /// Time for a node to finish the keys it had begun.
    pub rest: Duration,
}

/// Encrypt beside the storm, held against Encrypt without it just before.
///
/// # Errors
/// When a caller panicked.
pub async fn encrypt_beside_generation(
    leader: &Connections,
    material: &Arc<Material>,
    turns: Turns,
) -> anyhow::Result<Vec<Figure>> {
    let encrypt = || leader.closed(Operation::Encrypt, material, CALLERS, turns.load);
    let made = Arc::new(AtomicU32::new(0));
    let mut ratios = Vec::new();
    let mut beside: Option<Measured> = None;
    for _ in 0..turns.count {
        let without = encrypt().await?.per_second().max(1.0);
        let storm = storm(leader, &made);
        let measured = encrypt().await?;
        drop(storm);
        ratios.push(measured.per_second() / without);
        match &mut beside {
            Some(all) => all.add(&measured)?,
            None => beside = Some(measured),
        }
        tokio::time::sleep(turns.rest).await;
    }
    let figure = beside.map(|measured| {
        Figure::rate("Encrypt 1 KiB while RSA-4096 keys are made", &measured)
            .by("without", median(&ratios))
            .ratio_must_be(Threshold::AtLeast(0.9))
    });
    let keys = f64::from(made.load(Ordering::Relaxed));
    let made = Figure::plain("RSA-4096 keys made meanwhile", keys, "keys");
    Ok(figure.into_iter().chain([made]).collect())
}

/// Makes keys until it is dropped, and counts them.
fn storm(leader: &Connections, made: &Arc<AtomicU32>) -> JoinSet<()> {
    let mut callers = JoinSet::new();
    for caller in 0..GENERATORS {
        let (mut kms, made) = (leader.client(caller), Arc::clone(made));
        callers.spawn(async move {
            loop {
                let request = CreateKeyRequest {
                    key_spec: Some("RSA_4096".to_owned()),
                    key_usage: Some("SIGN_VERIFY".to_owned()),
                    ..Default::default()
                };
                if kms.create_key(request).await.is_ok() {
                    made.fetch_add(1, Ordering::Relaxed);
                }
                // A refusal comes at once; without this the callers and not the keys would be the load.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
    }
    callers
}
