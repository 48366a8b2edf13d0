//! The replicated state: applies entries in memory, publishes views, feeds the image, builds and
//! installs snapshots. It decides nothing; `kms_domain::State::apply` does.

mod effects;
mod image;
mod recovery;
mod snapshot;
mod view;

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use kms_domain::rows::RowChange;
use kms_domain::{KmsError, Reply, State};
use kms_storage::{SnapshotStore, StateHash, StorageError, encoding};
use openraft::OptionalSend;
use openraft::storage::{EntryResponder, RaftStateMachine};
use tokio::sync::watch;

pub use effects::EmittedEffect;
pub(crate) use effects::{EFFECTS_WAITING_MAX, EffectSender};
pub(crate) use image::ImageFeed;
pub(crate) use recovery::recover;
pub(crate) use snapshot::{Builder, RaftSnapshot, SnapshotData, blocking, decode_membership, encode_meta};
pub use view::{AppliedId, View};

use crate::type_config::{
    Entry, EntryReply, LogId, Payload, SnapshotMeta, StoredMembership, TypeConfig, term_of,
};

/// Entries applied between two published views. More would only delay the first one's answer.
const ENTRIES_PER_VIEW_MAX: usize = 64;

/// What a node starts with: the state as image or snapshot had it.
pub(crate) struct Recovered {
    pub(crate) state: State,
    pub(crate) hash: StateHash,
    pub(crate) applied: Option<LogId>,
    pub(crate) membership: StoredMembership,
}

/// The one writer of the state.
pub(crate) struct StateMachine {
    state: State,
    hash: StateHash,
    applied: Option<LogId>,
    membership: StoredMembership,
    views: watch::Sender<Arc<View>>,
    snapshots: SnapshotStore,
    image: ImageFeed,
    effects: EffectSender,
}

impl StateMachine {
    pub(crate) fn new(
        recovered: Recovered,
        snapshots: SnapshotStore,
        image: ImageFeed,
        effects: EffectSender,
    ) -> Self {
        let Recovered {
            state,
            hash,
            applied,
            membership,
        } = recovered;
        let machine = Self {
            state,
            hash,
            applied,
            membership,
            views: watch::Sender::new(Arc::default()),
            snapshots,
            image,
            effects,
        };
        machine.publish();
        machine
    }

    pub(crate) fn views(&self) -> watch::Receiver<Arc<View>> {
        self.views.subscribe()
    }

    /// Shows the present state to readers.
    fn publish(&self) {
        let applied = self.applied.map(|id| AppliedId {
            term: term_of(&id),
            index: id.index,
        });
        let view = View {
            state: self.state.clone(),
            applied,
            hash: self.hash,
        };
        self.views.send_replace(Arc::new(view));
    }

    /// Applies one committed entry. An entry that does not decode stops the node: every guess would
    /// be another state than the other nodes have.
    fn apply_entry(&mut self, entry: Entry) -> io::Result<Option<Result<Reply, KmsError>>> {
        let index = entry.log_id.index;
        self.applied = Some(entry.log_id);
        let mut changes = Vec::new();
        let reply = match entry.payload {
            Payload::Blank => None,
            Payload::Membership(membership) => {
                self.membership = StoredMembership::new(Some(entry.log_id), membership);
                self.image.membership_changed(&self.membership);
                None
            }
            Payload::Normal(proposal) => {
                let proposal = encoding::decode_proposal(&proposal.0).map_err(|error| {
                    let text = format!("log entry {index} cannot be applied, so this node stops: {error}");
                    io::Error::new(io::ErrorKind::InvalidData, text)
                })?;
                let applied = self.state.apply(index, &proposal);
                changes = self.note_changes(&applied.changes);
                self.effects.emit(index, applied.effects);
                Some(applied.result)
            }
        };
        self.image.applied(entry.log_id, &self.state, self.hash, changes);
        Ok(reply)
    }

    /// Brings the state hash up to date and gives the changed rows as storage keeps them.
    fn note_changes(&mut self, changes: &[RowChange]) -> Vec<(Bytes, Option<Bytes>)> {
        let mut encoded = Vec::with_capacity(changes.len());
        for change in changes {
            let key = encoding::encode_row_key(&change.key);
            let before = change.before.as_ref().map(encoding::encode_row);
            let after = change.after.as_ref().map(encoding::encode_row);
            self.hash.apply(&key, before.as_deref(), after.as_deref());
            encoded.push((key.into(), after.map(Bytes::from)));
        }
        encoded
    }

    async fn load(&mut self, meta: &SnapshotMeta, snapshot: SnapshotData) -> io::Result<()> {
        let snapshots = self.snapshots.clone();
        let (info, (state, hash)) = blocking(move || {
            snapshot::keep(&snapshots, snapshot)?;
            let reader = snapshots
                .read_current()?
                .ok_or_else(|| StorageError::Corrupt("the installed snapshot is gone".to_owned()))?;
            let info = reader.info().clone();
            Ok((info, snapshot::read_state(reader)?))
        })
        .await?;
        let found = snapshot::meta_of(&info)?;
        if found.last_log_id != meta.last_log_id {
            let text = format!(
                "snapshot up to {:?} was to be installed, not {:?}",
                meta.last_log_id, found.last_log_id
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        self.state = state;
        self.hash = hash;
        self.applied = found.last_log_id;
        self.membership = found.last_membership;
        Ok(())
    }
}

impl RaftStateMachine<TypeConfig> for StateMachine {
    type SnapshotData = SnapshotData;
    type SnapshotBuilder = Builder;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, StoredMembership), io::Error> {
        Ok((self.applied, self.membership.clone()))
    }

    /// A batch is applied, then published, then answered, so that whoever has an answer finds a view
    /// that holds it.
    async fn apply<Strm>(&mut self, entries: Strm) -> Result<(), io::Error>
    where
        Strm: Stream<Item = Result<EntryResponder<TypeConfig>, io::Error>> + Unpin + OptionalSend,
    {
        let mut batches = entries.ready_chunks(ENTRIES_PER_VIEW_MAX);
        while let Some(batch) = batches.next().await {
            let mut answers = Vec::new();
            for item in batch {
                let (entry, responder) = item?;
                let reply = self.apply_entry(entry)?;
                answers.extend(responder.map(|responder| (responder, reply)));
            }
            self.publish();
            for (responder, reply) in answers {
                responder.send(EntryReply(reply));
            }
        }
        Ok(())
    }

    /// Puts off a snapshot of nothing.
    async fn try_create_snapshot_builder(&mut self, force: bool) -> Option<Builder> {
        if self.applied.is_none() && !force {
            return None;
        }
        Some(self.get_snapshot_builder().await)
    }

    async fn get_snapshot_builder(&mut self) -> Builder {
        Builder {
            store: self.snapshots.clone(),
            state: self.state.clone(),
            hash: self.hash,
            applied: self.applied,
            membership: self.membership.clone(),
        }
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta,
        snapshot: SnapshotData,
    ) -> Result<(), io::Error> {
        self.load(meta, snapshot).await?;
        self.image.membership_changed(&self.membership);
        self.image.replaced(self.applied, &self.state, self.hash);
        self.publish();
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<RaftSnapshot>, io::Error> {
        snapshot::current(&self.snapshots).await
    }
}
