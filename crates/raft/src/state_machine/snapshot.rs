//! Snapshots as openraft handles them: a file of this disk that is read, or one on its way in.

use std::io;

use bytes::Bytes;
use kms_domain::{Row, State};
use kms_storage::{
    SnapshotInfo, SnapshotReader, SnapshotReceiver, SnapshotStore, StateHash, StorageError, encoding,
};
use openraft::{RaftSnapshotBuilder, Snapshot};
use prost::Message;

use crate::log_store::mark_of;
use crate::type_config::{
    CommittedLeaderId, LogId, Member, NodeId, SnapshotMeta, StoredMembership, TypeConfig, log_id,
};
use crate::wire;

/// The bytes of a snapshot.
pub(crate) enum SnapshotData {
    /// Of a state machine that has applied nothing: there is nothing to keep or to send. openraft
    /// asks for it where a log was purged without a snapshot, which storage refuses to open.
    Nothing,
    /// On this disk, durable.
    Stored(Box<SnapshotReader>),
    /// Complete, but counts only when it is installed.
    Received(Box<SnapshotReceiver>),
}

pub(crate) type RaftSnapshot = Snapshot<CommittedLeaderId, NodeId, Member, SnapshotData>;

/// What a snapshot says beside its rows.
pub(crate) fn encode_meta(membership: &StoredMembership) -> Bytes {
    wire::stored_membership_to_pb(membership).encode_to_vec().into()
}

pub(crate) fn decode_membership(meta: &[u8]) -> Result<StoredMembership, wire::Malformed> {
    let stored = kms_proto::internal::raft::v1::StoredMembership::decode(meta);
    wire::stored_membership_from_pb(&stored.map_err(|_| wire::Malformed("snapshot meta"))?)
}

pub(crate) fn meta_of(info: &SnapshotInfo) -> Result<SnapshotMeta, wire::Malformed> {
    Ok(SnapshotMeta {
        last_log_id: Some(log_id(info.last.term, info.last.index)),
        last_membership: decode_membership(&info.meta)?,
    })
}

/// The row as storage keeps it: (key, value).
pub(crate) fn encoded_row(row: &Row) -> (Vec<u8>, Vec<u8>) {
    (encoding::encode_row_key(&row.key()), encoding::encode_row(row))
}

/// Runs what blocks on the disk outside the async workers.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StorageError> + Send + 'static,
) -> io::Result<T> {
    Ok(tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)??)
}

/// Reads the current snapshot, if there is one.
pub(crate) async fn current(store: &SnapshotStore) -> io::Result<Option<RaftSnapshot>> {
    let store = store.clone();
    let Some(reader) = blocking(move || store.read_current()).await? else {
        return Ok(None);
    };
    let meta = meta_of(reader.info())?;
    Ok(Some(RaftSnapshot {
        meta,
        snapshot: SnapshotData::Stored(Box::new(reader)),
    }))
}

/// Makes a snapshot that is being installed the durable one of this disk. Blocks on the disk.
pub(crate) fn keep(store: &SnapshotStore, snapshot: SnapshotData) -> Result<(), StorageError> {
    match snapshot {
        SnapshotData::Nothing => Err(StorageError::Corrupt(
            "a snapshot of nothing cannot be installed".to_owned(),
        )),
        SnapshotData::Received(receiver) => receiver.finish().map(drop),
        SnapshotData::Stored(reader) if store.current().as_ref() == Some(reader.info()) => Ok(()),
        // Of another disk: it comes in as if it had been received.
        SnapshotData::Stored(mut reader) => {
            let mut receiver = store.receive();
            for number in 0..reader.chunks() {
                receiver.accept(&reader.chunk(number)?)?;
            }
            receiver.finish().map(drop)
        }
    }
}

/// The state that a snapshot holds. Blocks on the disk.
pub(crate) fn read_state(reader: SnapshotReader) -> Result<(State, StateHash), StorageError> {
    let hash = reader.info().state_hash;
    let mut rows = Vec::new();
    for row in reader.rows() {
        let (_, value) = row?;
        rows.push(decode_row(&value)?);
    }
    Ok((State::from_rows(rows), hash))
}

/// A row that this version cannot read stops the node: a state without it would be another state.
pub(crate) fn decode_row(value: &[u8]) -> Result<Row, StorageError> {
    encoding::decode_row(value)
        .map_err(|error| StorageError::Corrupt(format!("a row does not decode: {error}")))
}

/// Writes a snapshot of a copy of the state, off the apply path.
pub(crate) struct Builder {
    pub(super) store: SnapshotStore,
    pub(super) state: State,
    pub(super) hash: StateHash,
    pub(super) applied: Option<LogId>,
    pub(super) membership: StoredMembership,
}

impl RaftSnapshotBuilder<TypeConfig> for Builder {
    type SnapshotData = SnapshotData;

    async fn build_snapshot(&mut self) -> Result<RaftSnapshot, io::Error> {
        let Some(applied) = self.applied else {
            return Ok(RaftSnapshot {
                meta: SnapshotMeta::default(),
                snapshot: SnapshotData::Nothing,
            });
        };
        let (store, state, hash) = (self.store.clone(), self.state.clone(), self.hash);
        let meta = encode_meta(&self.membership);
        blocking(move || {
            let rows = state.rows().map(|row| encoded_row(&row));
            store.build(mark_of(&applied), meta, hash, rows)
        })
        .await?;
        let built = current(&self.store).await?;
        built.ok_or_else(|| io::Error::other("the snapshot just built is not there"))
    }
}
