//! One region: a state, the list of what was applied to it, and proposals that are decided but not yet in that list.

use super::model_reseal::Sealed;
use kms_domain::key::KeyName;
use kms_domain::multi_region::Parcel;
use kms_domain::rows::{PeerRegion, Region};
use kms_domain::vocabulary::{RegionName, Timestamp};
use kms_domain::{Applied, Proposal, State};
use std::collections::VecDeque;
use std::rc::Rc;

/// A region of the simulation.
#[derive(Clone)]
pub(crate) struct SimRegion {
    pub(crate) name: RegionName,
    pub(crate) state: State,
    pub(crate) log: Vec<Proposal>,
    pub(crate) queue: VecDeque<Queued>,
    /// What a deposed leader still believes; it ships, judges and proposes from this.
    pub(crate) old_leader: Option<State>,
    /// Cut off from all other regions.
    pub(crate) away: bool,
    /// It lost what came after a backup: nobody may count on what it acknowledged.
    pub(crate) restored: bool,
    /// Its clock is this far ahead of true time, in milliseconds.
    pub(crate) clock_ahead_ms: u64,
    /// The signing key of its present life.
    pub(crate) signing_public: [u8; 32],
}

/// A proposal between decision and log.
#[derive(Clone)]
pub(crate) struct Queued {
    pub(crate) proposal: Proposal,
    /// A shipment whose sender waits for the outcome.
    pub(crate) answers: Option<Rc<Parcel<Sealed>>>,
}

impl SimRegion {
    pub(crate) fn region(&self) -> &Region {
        self.state.region().unwrap()
    }

    /// What another region's administrator pins.
    pub(crate) fn pinned_form(&self) -> PeerRegion {
        let region = self.region();
        let hpke_key = self.state.hpke_key(region.hpke_key).unwrap();
        PeerRegion {
            name: self.name.clone(),
            incarnation: region.incarnation,
            signing_public: region.signing_public,
            hpke_key: hpke_key.id,
            hpke_public: hpke_key.public.clone(),
            hpke_valid_until: hpke_key.valid_until,
            issuing_ca_spki_sha256: [1; 32],
            endpoints: vec![format!("https://{}.example:7000", self.name)],
        }
    }

    /// Puts the proposal at the end of the list and applies it.
    pub(crate) fn apply(&mut self, proposal: &Proposal) -> Applied {
        self.log.push(proposal.clone());
        self.state.apply(self.log.len() as u64, proposal)
    }

    /// A node that starts from its image holds what the others hold.
    pub(crate) fn restart_from_rows(&mut self) -> Result<(), String> {
        let loaded = State::from_rows(self.state.rows());
        if loaded != self.state {
            return Err(format!("{} read from rows is another state", self.name));
        }
        self.state = loaded;
        Ok(())
    }

    /// The state that follows from the list alone.
    pub(crate) fn replayed(&self) -> State {
        let mut state = State::default();
        for (index, proposal) in self.log.iter().enumerate() {
            let _ = state.apply(index as u64 + 1, proposal);
        }
        state
    }

    pub(crate) fn clock(&self, true_time: u64) -> Timestamp {
        Timestamp(true_time + self.clock_ahead_ms)
    }

    pub(crate) fn has_multi_region(&self, key: &KeyName) -> bool {
        self.state.key(key).is_some_and(|k| k.multi_region.is_some())
    }
}
