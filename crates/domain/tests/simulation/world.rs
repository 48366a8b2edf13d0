//! Regions joined by a network, one thread, one seed. Every step is one small thing that may happen, so that a crash
//! can fall between any two.

use super::census::Census;
use super::invariants::Invariants;
use super::model_reseal::{ModelReseal, Sealed};
use super::network::{Message, Network, Weather};
use super::prng::Prng;
use super::region::{Queued, SimRegion};
use kms_domain::command::{Bootstrap, Pulse};
use kms_domain::multi_region::{
    Parcel, ParcelOutcome, RecordId, due, parcel_outcome, parcel_receipt, receive_parcel, ship_parcel,
};
use kms_domain::rows::{HpkeKeyRow, WrappingKeyRow};
use kms_domain::vocabulary::{Incarnation, Principal, RegionName, Timestamp};
use kms_domain::{Applied, Command, Guard, KmsError, Proposal, Reply, State};
use std::collections::VecDeque;
use std::rc::Rc;

/// Trace lines kept for a failing seed.
const TRACE_LINES_MAX: usize = 80;
/// True time at which a simulation starts, in milliseconds.
const START_MS: u64 = 1_700_000_000_000;
/// Regions of a simulation, the first ones being used.
const NAMES: [&str; 4] = ["us-east-1", "eu-west-1", "ap-southeast-1", "sa-east-1"];

/// The whole simulation.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) prng: Prng,
    pub(crate) regions: Vec<SimRegion>,
    pub(crate) network: Network,
    pub(crate) invariants: Invariants,
    pub(crate) now_ms: u64,
    pub(crate) principal: Principal,
    pub(crate) census: Census,
    trace: VecDeque<TraceLine>,
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- seed {} failed; the last steps were:", self.seed);
            for line in &self.trace {
                eprintln!("{}", line.text());
            }
            eprintln!("--- seed {}", self.seed);
        }
    }
}

impl World {
    /// Bootstrapped regions, each pinned in all others.
    pub(crate) fn new(seed: u64, regions: usize, weather: Weather) -> Self {
        let mut world = Self::resume(seed, Vec::new(), weather);
        for name in NAMES.iter().take(regions) {
            world.bootstrap(name.parse().unwrap());
        }
        for here in 0..regions {
            for there in (0..regions).filter(|there| *there != here) {
                let peer = world.regions[there].pinned_form();
                world
                    .propose_now(here, Command::PairRegion(Box::new(peer)))
                    .unwrap();
            }
            world.pulse(here);
        }
        world
    }

    /// Regions as they are, in a new simulation.
    pub(crate) fn resume(seed: u64, regions: Vec<SimRegion>, weather: Weather) -> Self {
        let latest = regions.iter().map(|region| region.state.log_time().0).max();
        Self {
            seed,
            prng: Prng::new(seed),
            now_ms: latest.unwrap_or(START_MS),
            regions,
            network: Network::new(weather),
            invariants: Invariants::all(),
            principal: "arn:aws:iam::111122223333:user/sim".parse().unwrap(),
            census: Census::default(),
            trace: VecDeque::new(),
        }
    }

    fn bootstrap(&mut self, name: RegionName) {
        let signing_public = self.prng.bytes();
        let bootstrap = Bootstrap {
            cluster: "simulation".into(),
            region: name.clone(),
            incarnation: Incarnation(self.prng.bytes()),
            wrapping_key: WrappingKeyRow {
                id: 1,
                root_key_id: [7; 16],
                wrapped: Rc::<[u8]>::from([0; 40]).to_vec().into(),
                retired: false,
            },
            hpke_key: hpke_key(&name, 1),
            signing_public,
            signing_private_wrapped: [0; 40].into(),
            feature_level: 1,
        };
        self.regions.push(SimRegion {
            name,
            state: State::default(),
            log: Vec::new(),
            queue: VecDeque::new(),
            old_leader: None,
            away: false,
            restored: false,
            clock_ahead_ms: self.prng.next() % 120_000,
            signing_public,
        });
        let here = self.regions.len() - 1;
        self.propose_now(here, Command::Bootstrap(bootstrap)).unwrap();
    }

    pub(crate) fn note(&mut self, line: impl FnOnce() -> String) {
        self.keep(TraceLine::Text(line()));
    }

    fn keep(&mut self, line: TraceLine) {
        if self.trace.len() == TRACE_LINES_MAX {
            self.trace.pop_front();
        }
        self.trace.push_back(line);
    }

    pub(crate) fn index_of(&self, name: &RegionName) -> usize {
        self.regions.iter().position(|r| r.name == *name).unwrap()
    }

    /// A proposal by a node of `here` without a decision behind it.
    pub(crate) fn proposal(&self, here: usize, command: Command) -> Proposal {
        Proposal {
            time: self.regions[here].clock(self.now_ms),
            principal: None,
            request: None,
            guard: Guard::default(),
            command,
        }
    }

    /// Decided and applied in one.
    pub(crate) fn propose_now(&mut self, here: usize, command: Command) -> Result<Reply, KmsError> {
        let mut proposal = self.proposal(here, command);
        proposal.principal = Some(self.principal.clone());
        self.apply(here, &proposal).result
    }

    /// Applies one proposal in `here` and checks every invariant on what changed.
    pub(crate) fn apply(&mut self, here: usize, proposal: &Proposal) -> Applied {
        let applied = self.regions[here].apply(proposal);
        self.keep(TraceLine::Applied {
            region: self.regions[here].name.clone(),
            command: Box::new(proposal.command.clone()),
            result: applied.result.clone(),
        });
        if applied.result.is_err() && !applied.changes.is_empty() {
            panic!("a refused command changed rows");
        }
        self.census.look(proposal, &applied);
        let seen = self.invariants.observe(&self.regions, here, proposal, &applied);
        if let Err(violation) = seen {
            panic!("seed {}: {violation}", self.seed);
        }
        applied
    }

    /// Moves log time of one region by the readings of its three nodes, of which one may be far ahead.
    pub(crate) fn pulse(&mut self, here: usize) {
        let clock = self.regions[here].clock(self.now_ms);
        let wrong = if self.prng.chance(20) { 31_536_000_000 } else { 30 };
        let readings = vec![(1, clock), (2, clock.plus_ms(17)), (3, clock.plus_ms(wrong))];
        let proposal = self.proposal(here, Command::Pulse(Pulse { readings }));
        self.apply(here, &proposal);
    }

    /// The driver of `here` ships one thing that is due to `there`, chosen by chance among the first few.
    pub(crate) fn drive(&mut self, here: usize, there: usize, from_old_state: bool) {
        let state = self.believed(here, from_old_state);
        let peer_name = self.regions[there].name.clone();
        let now = state.log_time();
        let candidates: Vec<RecordId> = due(&state, &peer_name, now).take(8).collect();
        if let Some(record) = self.prng.pick(&candidates).copied() {
            self.ship_one(&state, here, there, record);
        }
    }

    /// The driver of `here` ships everything that is due to `there`.
    pub(crate) fn drive_all(&mut self, here: usize, there: usize) -> usize {
        let state = self.regions[here].state.clone();
        let peer_name = self.regions[there].name.clone();
        let records: Vec<RecordId> = due(&state, &peer_name, state.log_time()).collect();
        for record in &records {
            self.ship_one(&state, here, there, *record);
        }
        records.len()
    }

    fn ship_one(&mut self, state: &State, here: usize, there: usize, record: RecordId) {
        let Some(peer) = state.peer(&self.regions[there].name) else {
            return;
        };
        let shipment = ship_parcel(state, peer, &record, &ModelReseal).unwrap();
        if let Some(shipment) = shipment {
            self.note(|| format!("{} ships {record:?} to {}", shipment.sender(), peer.name));
            self.network.send(Message::Shipment {
                from: here,
                to: there,
                shipment: Rc::new(shipment),
            });
        }
    }

    /// One message arrives, or is lost.
    pub(crate) fn deliver(&mut self) {
        let Some(message) = self.network.next(&mut self.prng) else {
            return;
        };
        let (from, to) = message.ends();
        if self.regions[from].away || self.regions[to].away {
            return;
        }
        match message {
            Message::Shipment { from, to, shipment } => self.receive(from, to, shipment),
            Message::Answer { to, receipt, .. } => {
                let proposal = self.proposal(to, (*receipt).clone().into_command());
                self.regions[to].queue.push_back(Queued {
                    proposal,
                    answers: None,
                });
            }
        }
    }

    fn receive(&mut self, from: usize, to: usize, shipment: Rc<Parcel<Sealed>>) {
        let by_old_leader = self.prng.chance(10);
        let state = self.believed(to, by_old_leader);
        let sender = self.regions[from].name.clone();
        let Some(peer) = state.peer(&sender) else {
            return;
        };
        match receive_parcel(&state, peer, &shipment, &ModelReseal) {
            Ok(command) => {
                let proposal = self.proposal(to, command);
                self.regions[to].queue.push_back(Queued {
                    proposal,
                    answers: Some(shipment),
                });
            }
            Err(answer) => self.answer(&state, from, to, &shipment, answer),
        }
    }

    fn answer(
        &mut self,
        state: &State,
        from: usize,
        to: usize,
        shipment: &Parcel<Sealed>,
        outcome: ParcelOutcome,
    ) {
        self.census.count_outcome(&outcome);
        let receipt = parcel_receipt(state, shipment, outcome).unwrap();
        self.note(|| format!("region {to} answers {:?}: {receipt:?}", shipment.record()));
        self.network.send(Message::Answer {
            from: to,
            to: from,
            receipt: Rc::new(receipt),
        });
    }

    /// The next decided proposal enters the list. With `known`, its proposer learns of it.
    pub(crate) fn commit_next(&mut self, here: usize, known: bool) {
        let Some(queued) = self.regions[here].queue.pop_front() else {
            return;
        };
        let applied = self.apply(here, &queued.proposal);
        let Some(shipment) = queued.answers.filter(|_| known) else {
            return;
        };
        if let Some(outcome) = applied.result.ok().and_then(parcel_outcome) {
            let state = self.regions[here].state.clone();
            let from = self.index_of(shipment.sender());
            self.answer(&state, from, here, &shipment, outcome);
        }
    }

    /// What a leader, or one that no longer is, believes.
    fn believed(&self, here: usize, by_old_leader: bool) -> State {
        let region = &self.regions[here];
        match &region.old_leader {
            Some(old) if by_old_leader => old.clone(),
            _ => region.state.clone(),
        }
    }
}

/// An HPKE key pair of a region.
pub(crate) fn hpke_key(region: &RegionName, id: u64) -> HpkeKeyRow {
    let mut public = vec![0; 1_216];
    let text = format!("{region}/{id}");
    public[..text.len()].copy_from_slice(text.as_bytes());
    HpkeKeyRow {
        id,
        public: public.into(),
        private_wrapped: [0; 40].into(),
        valid_until: Timestamp(u64::MAX),
        signature: [0; 64].into(),
    }
}

/// One step; made into text only when a seed has failed.
enum TraceLine {
    Text(String),
    Applied {
        region: RegionName,
        command: Box<Command>,
        result: Result<Reply, KmsError>,
    },
}

impl TraceLine {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Applied {
                region,
                command,
                result,
            } => {
                let command: String = format!("{command:?}").chars().take(700).collect();
                match result {
                    Ok(reply) => format!("{region} applies {command} -> {reply:?}"),
                    Err(error) => format!("{region} applies {command} -> refused: {error}"),
                }
            }
        }
    }
}
