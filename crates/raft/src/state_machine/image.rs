//! What apply tells the disposable image, without ever waiting for it.

use bytes::Bytes;
use kms_domain::{Row, State};
use kms_storage::{ImageBatch, ImageMeta, ImageRows, ImageStore, StateHash};

use super::snapshot::{encode_meta, encoded_row};
use crate::log_store::mark_of;
use crate::type_config::{LogId, StoredMembership};

/// The image of this node, fed entry by entry.
pub(crate) struct ImageFeed {
    image: ImageStore,
    membership: Bytes,
}

impl ImageFeed {
    pub(crate) fn new(image: ImageStore, membership: &StoredMembership) -> Self {
        Self {
            image,
            membership: encode_meta(membership),
        }
    }

    /// Notes another membership; it goes with every later batch.
    pub(super) fn membership_changed(&mut self, membership: &StoredMembership) {
        self.membership = encode_meta(membership);
    }

    /// Passes on what an entry changed, or the whole state if the image has lost track.
    pub(super) fn applied(
        &self,
        applied: LogId,
        state: &State,
        hash: StateHash,
        changes: Vec<(Bytes, Option<Bytes>)>,
    ) {
        if self.image.needs_rebuild() {
            self.image.rebuild(all_rows(state), self.meta(applied, hash));
        } else {
            self.image.persist(ImageBatch {
                changes,
                meta: self.meta(applied, hash),
            });
        }
    }

    /// A snapshot has taken the place of the state.
    pub(super) fn replaced(&self, applied: Option<LogId>, state: &State, hash: StateHash) {
        self.image.mark_for_rebuild("a snapshot was installed");
        if let Some(applied) = applied {
            self.image.rebuild(all_rows(state), self.meta(applied, hash));
        }
    }

    fn meta(&self, applied: LogId, hash: StateHash) -> ImageMeta {
        ImageMeta {
            applied: mark_of(&applied),
            membership: self.membership.clone(),
            state_hash: hash,
        }
    }
}

/// The rows of a copy of the state. They are counted out when the image's thread asks for the first
/// one, and encoded one by one.
fn all_rows(state: &State) -> ImageRows {
    let state = state.clone();
    let rows = std::iter::once_with(move || state.rows().collect::<Vec<Row>>()).flatten();
    Box::new(rows.map(|row| {
        let (key, value) = encoded_row(&row);
        (Bytes::from(key), Bytes::from(value))
    }))
}
