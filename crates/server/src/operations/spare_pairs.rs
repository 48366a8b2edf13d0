//! RSA pairs that wrap key material for import, made ahead of need: whoever asks for one should not wait for it to be
//! made. One is kept of each spec that was asked for before.

use super::call::Call;
use super::work_pool::WorkPool;
use crate::errors::OperationError;
use kms_crypto::import::ImportKeyPair;
use kms_domain::vocabulary::WrappingKeySpec;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Spares = BTreeMap<WrappingKeySpec, ImportKeyPair>;

/// Pairs that nobody has been given yet.
#[derive(Default)]
pub struct SparePairs {
    spares: Arc<Mutex<Spares>>,
}

impl SparePairs {
    /// A pair that nobody else has: the spare one, or one made now. The next is made behind the caller's back.
    ///
    /// # Errors
    /// Those of the pool, when none is spare; when the cryptographic library fails.
    pub(super) async fn take(
        &self,
        call: &Call,
        pool: &WorkPool,
        spec: WrappingKeySpec,
    ) -> Result<ImportKeyPair, OperationError> {
        let spare = lock(&self.spares).remove(&spec);
        let pair = match spare {
            Some(pair) => pair,
            None => pool.run(call, move || ImportKeyPair::generate(spec)).await??,
        };
        let spares = Arc::clone(&self.spares);
        // A full queue means that callers wait: then none is made for nobody.
        let _ = pool.try_enqueue(Box::new(move || refill(&spares, spec)));
        Ok(pair)
    }
}

fn refill(spares: &Mutex<Spares>, spec: WrappingKeySpec) {
    if lock(spares).contains_key(&spec) {
        return;
    }
    match ImportKeyPair::generate(spec) {
        Ok(pair) => drop(lock(spares).insert(spec, pair)),
        Err(error) => tracing::warn!(%error, %spec, "no spare pair for imports"),
    }
}

fn lock(spares: &Mutex<Spares>) -> MutexGuard<'_, Spares> {
    spares.lock().unwrap_or_else(PoisonError::into_inner)
}
