//! What the proposer of a command is told when it succeeds.

use crate::multi_region::{AcceptOutcome, IdentityOutcome, RecordStamp};
use crate::vocabulary::{AccessKeyId, KeyId, MaterialId, Timestamp};

/// Facts that only apply knows. Everything else a response shows is read from the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Done, with nothing more to say.
    Done,
    /// CreateKey made this key.
    KeyCreated {
        /// The new key.
        key_id: KeyId,
    },
    /// ScheduleKeyDeletion.
    DeletionScheduled {
        /// What the caller is shown; none while replicas remain.
        deletion_date: Option<Timestamp>,
    },
    /// ImportKeyMaterial.
    KeyMaterialImported {
        /// The material that the bytes are.
        material_id: MaterialId,
    },
    /// DeleteImportedKeyMaterial; also when there was nothing to delete.
    KeyMaterialDeleted {
        /// The material; none when the current one was meant and nothing was ever imported.
        material_id: Option<MaterialId>,
    },
    /// CreateAccessKey made this access key. Its secret is not here: replies are remembered.
    AccessKeyCreated {
        /// The new access key.
        id: AccessKeyId,
    },
    /// What became of an account or an access key from its home region.
    IdentityAccepted(IdentityOutcome),
    /// What became of a record from another region.
    RecordAccepted(AcceptOutcome),
    /// An acknowledgement was noted; `settled` when nothing more is due to that peer.
    AcknowledgementNoted {
        /// The outbox row is gone.
        settled: bool,
    },
    /// The stamp after a change of shared state.
    SharedChanged(RecordStamp),
    /// A Pulse moved log time to here.
    Pulsed {
        /// Log time after the Pulse.
        log_time: Timestamp,
    },
}
