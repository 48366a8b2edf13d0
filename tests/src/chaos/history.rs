//! What was asked, what was answered, and what was seen meanwhile. Written by traffic and watch, read by validate.

use crate::client::{exception, is_unknown};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tonic::Status;

/// A region or key, shared by the many events that name it.
pub type Name = Arc<str>;

/// Microseconds since the run began.
pub type Moment = u64;

/// How long after its start an unknown call may still take effect: twice what a server waits at most.
pub const LATE_EFFECT_MAX: Duration = Duration::from_secs(10);

/// A call that the oracle judges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// CreateKey.
    CreateKey {
        /// Whether the key is a multi-Region key.
        multi_region: bool,
    },
    /// ReplicateKey.
    ReplicateKey {
        /// The new replica's region.
        to: Name,
    },
    /// UpdatePrimaryRegion.
    UpdatePrimaryRegion {
        /// The region that is to become primary.
        to: Name,
    },
    /// EnableKey.
    EnableKey,
    /// DisableKey.
    DisableKey,
    /// RotateKeyOnDemand.
    RotateKeyOnDemand,
    /// UpdateKeyDescription to a number.
    UpdateKeyDescription {
        /// The number.
        number: u64,
    },
    /// Encrypt.
    Encrypt,
    /// Decrypt.
    Decrypt,
}

/// [`Operation`] without its parameters, as the report counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// CreateKey of a single-Region key.
    CreateKey,
    /// CreateKey of a multi-Region key.
    CreateMultiRegionKey,
    /// ReplicateKey.
    ReplicateKey,
    /// UpdatePrimaryRegion.
    UpdatePrimaryRegion,
    /// EnableKey.
    EnableKey,
    /// DisableKey.
    DisableKey,
    /// RotateKeyOnDemand.
    RotateKeyOnDemand,
    /// UpdateKeyDescription.
    UpdateKeyDescription,
    /// Encrypt.
    Encrypt,
    /// Decrypt.
    Decrypt,
}

impl Kind {
    /// Every kind, in the report's order.
    pub const ALL: [Self; 10] = [
        Self::CreateKey,
        Self::CreateMultiRegionKey,
        Self::ReplicateKey,
        Self::UpdatePrimaryRegion,
        Self::EnableKey,
        Self::DisableKey,
        Self::RotateKeyOnDemand,
        Self::UpdateKeyDescription,
        Self::Encrypt,
        Self::Decrypt,
    ];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::CreateKey => "CreateKey",
            Self::CreateMultiRegionKey => "CreateKey, multi-Region",
            Self::ReplicateKey => "ReplicateKey",
            Self::UpdatePrimaryRegion => "UpdatePrimaryRegion",
            Self::EnableKey => "EnableKey",
            Self::DisableKey => "DisableKey",
            Self::RotateKeyOnDemand => "RotateKeyOnDemand",
            Self::UpdateKeyDescription => "UpdateKeyDescription",
            Self::Encrypt => "Encrypt",
            Self::Decrypt => "Decrypt",
        })
    }
}

impl Operation {
    /// The operation's kind.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::CreateKey { multi_region: false } => Kind::CreateKey,
            Self::CreateKey { multi_region: true } => Kind::CreateMultiRegionKey,
            Self::ReplicateKey { .. } => Kind::ReplicateKey,
            Self::UpdatePrimaryRegion { .. } => Kind::UpdatePrimaryRegion,
            Self::EnableKey => Kind::EnableKey,
            Self::DisableKey => Kind::DisableKey,
            Self::RotateKeyOnDemand => Kind::RotateKeyOnDemand,
            Self::UpdateKeyDescription { .. } => Kind::UpdateKeyDescription,
            Self::Encrypt => Kind::Encrypt,
            Self::Decrypt => Kind::Decrypt,
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Success was answered.
    Acknowledged,
    /// It was refused for good, with this exception: it had no effect and will have none.
    Refused(String),
    /// No definite answer.
    Unknown,
}

impl Outcome {
    /// What a failed call's status means.
    pub fn of(status: &Status) -> Self {
        if is_unknown(status) {
            return Self::Unknown;
        }
        let named = exception(status);
        Self::Refused(if named.is_empty() {
            format!("{:?}: {}", status.code(), status.message())
        } else {
            named
        })
    }
}

/// One call, from its start to its end.
#[derive(Debug, Clone)]
pub struct Event {
    /// The region that was asked.
    pub region: Name,
    /// The key's id; empty for a CreateKey that was not acknowledged.
    pub key: Name,
    /// What was asked.
    pub operation: Operation,
    /// Before the request left.
    pub began: Moment,
    /// After the answer came, or was given up.
    pub ended: Moment,
    /// How it ended.
    pub outcome: Outcome,
}

impl Event {
    /// Whether success was answered.
    pub fn acknowledged(&self) -> bool {
        self.outcome == Outcome::Acknowledged
    }

    /// The last moment at which the call can have taken effect; none if it had no effect.
    pub fn effect_until(&self) -> Option<Moment> {
        match self.outcome {
            Outcome::Acknowledged => Some(self.ended),
            Outcome::Refused(_) => None,
            Outcome::Unknown => Some(self.ended.max(self.began + micros(LATE_EFFECT_MAX))),
        }
    }
}

/// A duration in [`Moment`]'s unit.
pub fn micros(duration: Duration) -> Moment {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// A ciphertext that was answered, and what it must open to.
#[derive(Debug, Clone)]
pub struct Ciphertext {
    /// Its key.
    pub key: Name,
    /// Where it was made.
    pub region: Name,
    /// The ciphertext.
    pub blob: Vec<u8>,
    /// What it must open to.
    pub plaintext: Vec<u8>,
}

/// An acknowledged rotation, and the materials that linearizable reads showed before it began and after it was
/// answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// The key.
    pub key: Name,
    /// The region that was asked.
    pub region: Name,
    /// Ids of all materials before the call.
    pub before: BTreeSet<String>,
    /// Ids of all materials after its answer.
    pub after: BTreeSet<String>,
}

/// A region that says it holds the primary role of a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// The key.
    pub key: Name,
    /// The epoch's counter.
    pub counter: u64,
    /// The primary region that the epoch names.
    pub epoch_region: String,
    /// Its incarnation.
    pub incarnation: String,
    /// The region that claims the role.
    pub claimant: Name,
}

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which promise.
    pub promise: &'static str,
    /// What happened.
    pub what: String,
}

impl Finding {
    /// A broken promise.
    pub fn new(promise: &'static str, what: impl Into<String>) -> Self {
        Self {
            promise,
            what: what.into(),
        }
    }
}

#[derive(Debug, Default)]
struct Records {
    events: Vec<Event>,
    ciphertexts: Vec<Arc<Ciphertext>>,
    rotated: Vec<Rotated>,
    claims: BTreeMap<Claim, Moment>,
    findings: Vec<Finding>,
}

/// Everything that was written down in one run.
#[derive(Debug)]
pub struct History {
    began: Instant,
    records: Mutex<Records>,
}

impl Default for History {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            records: Mutex::default(),
        }
    }
}

impl History {
    /// Now.
    pub fn now(&self) -> Moment {
        micros(self.began.elapsed())
    }

    /// Writes down a call.
    pub fn event(&self, event: Event) {
        self.records().events.push(event);
    }

    /// Writes down a ciphertext.
    pub fn ciphertext(&self, ciphertext: Ciphertext) {
        self.records().ciphertexts.push(Arc::new(ciphertext));
    }

    /// Writes down an acknowledged rotation.
    pub fn rotated(&self, rotated: Rotated) {
        self.records().rotated.push(rotated);
    }

    /// All acknowledged rotations whose materials were read.
    pub fn rotations(&self) -> Vec<Rotated> {
        self.records().rotated.clone()
    }

    /// Writes down who claims to be primary.
    pub fn claims(&self, claims: impl IntoIterator<Item = Claim>) {
        let now = self.now();
        let mut records = self.records();
        for claim in claims {
            records.claims.entry(claim).or_insert(now);
        }
    }

    /// Writes down a promise that was seen broken while running.
    pub fn finding(&self, finding: Finding) {
        self.records().findings.push(finding);
    }

    /// All calls, in the order in which they ended.
    pub fn events(&self) -> Vec<Event> {
        self.records().events.clone()
    }

    /// All ciphertexts.
    pub fn ciphertexts(&self) -> Vec<Arc<Ciphertext>> {
        self.records().ciphertexts.clone()
    }

    /// One of the ciphertexts, chosen by a number.
    pub fn some_ciphertext(&self, number: u64) -> Option<Arc<Ciphertext>> {
        let records = self.records();
        let count = u64::try_from(records.ciphertexts.len()).unwrap_or(u64::MAX);
        let index = usize::try_from(number.checked_rem(count)?).ok()?;
        records.ciphertexts.get(index).cloned()
    }

    /// All claims, and when each was seen first.
    pub fn all_claims(&self) -> BTreeMap<Claim, Moment> {
        self.records().claims.clone()
    }

    /// What was found while running.
    pub fn findings(&self) -> Vec<Finding> {
        self.records().findings.clone()
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        // A writer that panicked left whole records behind: each is pushed in one step.
        self.records
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
