//! RegionStatus: what the node knows, without asking anybody.

use super::fold::{members, time};
use crate::node::{Running, Standing};
use kms_proto::admin::v1;
use kms_storage::DATA_FORMAT_VERSION;
use std::path::{Path, PathBuf};

/// The node's own account. Reads memory, and the sizes of its files.
pub(super) async fn region_status(running: &Running) -> v1::RegionStatusResponse {
    let view = running.raft.view();
    let status = running.raft.status();
    let region = view.state.region();
    let log_time = region.map(|r| r.log_time).filter(|t| t.0 > 0);
    v1::RegionStatusResponse {
        cluster: running.config.cluster.clone(),
        region: running.config.region.to_string(),
        incarnation: region.map(|r| r.incarnation.to_string()).unwrap_or_default(),
        node_id: status.node_id,
        store_id: status.store_id.to_string(),
        leader_id: status.leader,
        term: status.term,
        last_log_index: status.last_log_index.unwrap_or(0),
        applied_index: view.applied_index().unwrap_or(0),
        committed_index: status.committed_index.unwrap_or(0),
        snapshot_index: status.snapshot_index.unwrap_or(0),
        purged_index: status.purged_index.unwrap_or(0),
        state_hash: view.hash.to_string(),
        state_hash_index: view.applied_index().unwrap_or(0),
        members: members(&status),
        storage: Some(sizes(running, status.snapshot_bytes).await),
        boot_count: status.boot_count,
        feature_level: region.map_or(0, |r| r.feature_level),
        data_format_version: DATA_FORMAT_VERSION,
        key_count: view.state.key_count() as u64,
        uptime_s: running.started_at.elapsed().as_secs(),
        software_version: env!("CARGO_PKG_VERSION").to_owned(),
        log_time: log_time.map(time),
        not_serving_reason: match running.readiness.standing() {
            Standing::Serving => None,
            Standing::NotServing(reason) => Some(reason),
        },
    }
}

async fn sizes(running: &Running, snapshot_bytes: u64) -> v1::StorageSizes {
    let log = running.disk.path().join("log.redb");
    let image = running.disk.image_folder();
    let measured = tokio::task::spawn_blocking(move || (file_bytes(&log), folder_bytes(image))).await;
    let (log_bytes, image_bytes) = measured.unwrap_or_default();
    v1::StorageSizes {
        log_bytes,
        image_bytes,
        snapshot_bytes,
    }
}

fn file_bytes(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Bytes of all files below a folder. Files that vanish meanwhile count nothing.
fn folder_bytes(folder: PathBuf) -> u64 {
    let mut total = 0;
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => total += file_bytes(&entry.path()),
                _ => {}
            }
        }
    }
    total
}
