//! Receiving a snapshot part by part. One at a time: a leader has one snapshot for this node.

use std::io;

use kms_proto::internal::raft::v1 as pb;
use kms_storage::{SnapshotChunk, SnapshotReceiver, SnapshotStore, StorageError};
use tokio::sync::Mutex;

use crate::type_config::NodeId;

/// The snapshot that is arriving.
struct Incoming {
    sender: NodeId,
    name: String,
    receiver: Box<SnapshotReceiver>,
}

/// Where parts of snapshots arrive. What is incomplete when the node stops is forgotten.
pub(crate) struct SnapshotInbox {
    store: SnapshotStore,
    incoming: Mutex<Option<Incoming>>,
}

impl SnapshotInbox {
    pub(crate) fn new(store: SnapshotStore) -> Self {
        Self {
            store,
            incoming: Mutex::new(None),
        }
    }

    /// The next part wanted of the snapshot that `sender` calls `name`. Another one that is arriving
    /// is given up for it.
    pub(crate) async fn offer(&self, sender: NodeId, name: &str) -> u64 {
        let mut incoming = self.incoming.lock().await;
        if let Some(known) = incoming.as_ref()
            && known.sender == sender
            && known.name == name
        {
            return known.receiver.next_chunk();
        }
        let receiver = Box::new(self.store.receive());
        let next = receiver.next_chunk();
        *incoming = Some(Incoming {
            sender,
            name: name.to_owned(),
            receiver,
        });
        next
    }

    /// Takes a part; answers which one is wanted next.
    ///
    /// # Errors
    /// When the part is damaged or does not belong to what is arriving: the sender offers again.
    pub(crate) async fn accept(&self, sender: NodeId, part: pb::SnapshotChunk) -> io::Result<u64> {
        let checksum = part.checksum.as_ref().try_into();
        let chunk = SnapshotChunk {
            number: part.number,
            total: part.total,
            bytes: part.data,
            checksum: checksum.map_err(|_| io::Error::other("a checksum has 32 bytes"))?,
        };
        let mut place = self.incoming.lock().await;
        let arriving = |known: &mut Incoming| known.sender == sender && known.name == part.snapshot_name;
        let Some(mut incoming) = place.take_if(arriving) else {
            return Err(io::Error::other("no snapshot of this name is arriving"));
        };
        let taking = tokio::task::spawn_blocking(move || {
            let taken = incoming.receiver.accept(&chunk);
            (incoming, taken)
        });
        let (incoming, taken) = taking.await.map_err(io::Error::other)?;
        match taken {
            Ok(next) => {
                *place = Some(incoming);
                Ok(next)
            }
            // Damaged on the way: the same part may come again.
            Err(error @ StorageError::Tampered(_)) => {
                *place = Some(incoming);
                Err(error.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Gives out the snapshot if it is complete.
    pub(crate) async fn take(&self, sender: NodeId, name: &str) -> Option<Box<SnapshotReceiver>> {
        let mut incoming = self.incoming.lock().await;
        let complete = incoming.as_ref().is_some_and(|known| {
            known.sender == sender && known.name == name && known.receiver.is_complete()
        });
        if complete {
            incoming.take().map(|known| known.receiver)
        } else {
            None
        }
    }
}
