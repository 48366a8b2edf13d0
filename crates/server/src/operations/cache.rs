//! Opened key material, kept a short while. It supplies bytes, never permission: a caller reaches it only with a
//! material row that the decision on the current state has just found.

use crate::errors::OperationError;
use kms_crypto::KeyMaterial;
use kms_domain::key::{KeyName, Material};
use kms_domain::vocabulary::MaterialId;
use std::sync::Arc;
use std::time::Duration;

type Row = (KeyName, MaterialId, u64);

/// A bounded cache of opened materials, by key, material id and the revision of the row they were opened from.
pub struct MaterialCache {
    entries: moka::sync::Cache<Row, Arc<KeyMaterial>>,
    hits: metrics::Counter,
    misses: metrics::Counter,
}

impl MaterialCache {
    /// A cache of at most so many materials, each kept for at most so long.
    pub fn new(entries_max: u64, age_max: Duration) -> Self {
        let entries = moka::sync::Cache::builder()
            .max_capacity(entries_max)
            .time_to_live(age_max)
            .build();
        Self {
            entries,
            hits: metrics::counter!("kms_material_cache_hits_total"),
            misses: metrics::counter!("kms_material_cache_misses_total"),
        }
    }

    /// The opened material of `row`; `open` runs at most once for callers who arrive together.
    pub fn get_or_open(
        &self,
        row: &Material,
        open: impl FnOnce() -> Result<KeyMaterial, OperationError>,
    ) -> Result<Arc<KeyMaterial>, OperationError> {
        let name = (row.key, row.material_id, row.revision);
        if let Some(material) = self.entries.get(&name) {
            self.hits.increment(1);
            return Ok(material);
        }
        self.misses.increment(1);
        self.entries
            .try_get_with(name, || open().map(Arc::new))
            .map_err(|e: Arc<OperationError>| (*e).clone())
    }

    /// Drops what is held of a key, or of one material of it.
    pub fn evict(&self, key: &KeyName, material: Option<&MaterialId>) {
        let matching: Vec<Row> = self
            .entries
            .iter()
            .filter(|(name, _)| name.0 == *key && material.is_none_or(|id| name.1 == *id))
            .map(|(name, _)| *name)
            .collect();
        for name in matching {
            self.entries.invalidate(&name);
        }
        self.entries.run_pending_tasks();
    }
}
