//! Ships to one peer region for as long as this node leads and the region is pinned.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use kms_domain::State;
use kms_domain::multi_region::{RecordId, next_retry};
use kms_domain::rows::PeerRegion;
use kms_domain::vocabulary::{RegionName, Timestamp};
use kms_proto::internal::replication::v1::replication_internal_client::ReplicationInternalClient;
use tokio::sync::Notify;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use super::Shared;
use super::back_off::BackOff;
use super::board::{Entry, Failure, RECORD_FAILURES_MAX};
use super::flight::{Landed, fly};
use super::schedule::{Fate, Schedule};
use crate::ReplicationError;
use crate::limits::{REQUEST_BYTES_MAX, RESPONSE_BYTES_MAX};
use crate::measures::Measures;

/// An effect may arrive before the state that it speaks of is shown, so a wake is followed by a few more looks.
const LOOKS_AFTER_WAKE: u32 = 3;
const LOOK_AFTER_WAKE: Duration = Duration::from_millis(3);

/// The connection in use. The number tells late failures of an earlier one apart.
struct Connection {
    number: u64,
    endpoint: String,
    client: ReplicationInternalClient<Channel>,
}

pub(super) struct PeerTask {
    shared: Arc<Shared>,
    region: RegionName,
    wake: Arc<Notify>,
    schedule: Schedule,
    flights: JoinSet<Landed>,
    keys_of_flights: HashMap<Id, Vec<RecordId>>,
    connection: Option<Connection>,
    connections_made: u64,
    back_off: BackOff,
    not_before: Instant,
    looks_soon: u32,
    entry: Entry,
    counted_at: Option<Instant>,
}

impl PeerTask {
    pub(super) fn new(shared: Arc<Shared>, region: RegionName, wake: Arc<Notify>) -> Self {
        let back_off = shared.limits.back_off;
        Self {
            entry: Entry::new(region.clone()),
            shared,
            region,
            wake,
            schedule: Schedule::new(back_off),
            flights: JoinSet::new(),
            keys_of_flights: HashMap::new(),
            connection: None,
            connections_made: 0,
            back_off: BackOff::new(back_off),
            not_before: Instant::now(),
            looks_soon: 0,
            counted_at: None,
        }
    }

    /// Runs until cancelled or until the region is not pinned any more.
    pub(super) async fn run(mut self, cancel: CancellationToken) {
        loop {
            let state = self.shared.region.state();
            let Some(peer) = state.peer(&self.region).cloned() else {
                break;
            };
            self.count(&state);
            self.launch(&state, &peer);
            self.show();
            let next_look = self.next_look();
            tokio::select! {
                () = cancel.cancelled() => break,
                () = self.wake.notified() => self.looks_soon = LOOKS_AFTER_WAKE,
                Some(landed) = self.flights.join_next_with_id() => self.land(landed),
                () = tokio::time::sleep_until(next_look) => {}
            }
        }
        Measures::of(&self.region).outbox_rows(0);
        self.shared.board.remove(&self.region);
    }

    fn next_look(&mut self) -> Instant {
        let now = Instant::now();
        let mut next = now + self.shared.limits.look_interval;
        if self.looks_soon > 0 {
            self.looks_soon -= 1;
            next = now + LOOK_AFTER_WAKE;
        }
        if self.not_before > now {
            next = next.min(self.not_before);
        }
        match self.schedule.next_resumption(now) {
            Some(resumption) => next.min(resumption),
            None => next,
        }
    }

    fn launch(&mut self, state: &State, peer: &Arc<PeerRegion>) {
        while self.not_before <= Instant::now()
            && self.flights.len() < self.shared.limits.batches_in_flight_max
        {
            let keys_max = self.shared.limits.batch_keys_max;
            let keys = self.schedule.take(state, &self.region, Instant::now(), keys_max);
            if keys.is_empty() {
                return;
            }
            let (client, number) = match self.connect(peer) {
                Ok(connection) => (connection.client.clone(), connection.number),
                Err(error) => {
                    self.schedule.put_back(keys);
                    self.call_failed(&error);
                    return;
                }
            };
            let shared = Arc::clone(&self.shared);
            let flight = fly(
                shared,
                state.clone(),
                Arc::clone(peer),
                keys.clone(),
                client,
                number,
            );
            let id = self.flights.spawn(flight).id();
            self.keys_of_flights.insert(id, keys);
        }
    }

    /// The connection in use, or a new one to the next endpoint in turn.
    fn connect(&mut self, peer: &PeerRegion) -> Result<&Connection, ReplicationError> {
        let still_pinned = |connection: &Connection| peer.endpoints.contains(&connection.endpoint);
        let connection = match self.connection.take().filter(still_pinned) {
            Some(connection) => connection,
            None => self.dial_next(peer)?,
        };
        Ok(self.connection.insert(connection))
    }

    fn dial_next(&mut self, peer: &PeerRegion) -> Result<Connection, ReplicationError> {
        let turns = peer.endpoints.len().max(1) as u64;
        let turn = (self.connections_made % turns) as usize;
        self.connections_made += 1;
        let endpoint = peer
            .endpoints
            .get(turn)
            .ok_or_else(|| ReplicationError::Dial("the region is pinned without endpoints".to_owned()))?;
        let channel = self
            .shared
            .dial
            .channel(peer, endpoint)
            .map_err(|error| ReplicationError::Dial(error.to_string()))?;
        Ok(Connection {
            number: self.connections_made,
            endpoint: endpoint.clone(),
            client: ReplicationInternalClient::new(channel)
                .max_decoding_message_size(RESPONSE_BYTES_MAX)
                .max_encoding_message_size(REQUEST_BYTES_MAX),
        })
    }

    fn land(&mut self, landed: Result<(Id, Landed), JoinError>) {
        let now = Instant::now();
        let at = (self.shared.clock)();
        let (id, landed) = match landed {
            Ok((id, landed)) => (id, Some(landed)),
            Err(error) => (error.id(), None),
        };
        let mut keys = self.keys_of_flights.remove(&id).unwrap_or_default();
        let Some(landed) = landed else {
            // Only a defect ends a flight like this; its keys are due again all the same.
            let reason = "shipping ended unexpectedly";
            tracing::error!(peer = %self.region, reason);
            for key in keys {
                self.land_key(key, Fate::Failed(reason.to_owned()), now, at);
            }
            return;
        };
        keys.retain(|key| !landed.left_over.contains(key));
        for (key, fate) in landed.fates {
            keys.retain(|other| *other != key);
            self.land_key(key, fate, now, at);
        }
        for key in keys {
            self.land_key(key, Fate::Untried, now, at);
        }
        self.schedule.put_back(landed.left_over);
        match landed.call {
            Some(Ok(())) => {
                self.back_off.reset();
                self.entry.status.last_success = Some(at);
            }
            // The other flights over the same connection fail with it, which is one failure.
            Some(Err(error))
                if self
                    .connection
                    .as_ref()
                    .is_some_and(|c| c.number == landed.connection) =>
            {
                self.call_failed(&error);
            }
            _ => {}
        }
    }

    fn land_key(&mut self, key: RecordId, fate: Fate, now: Instant, at: Timestamp) {
        self.schedule.land(key, fate, now, at, rand::random());
    }

    /// Waits, and takes the next endpoint then.
    fn call_failed(&mut self, error: &ReplicationError) {
        let wait = self.back_off.next(rand::random());
        tracing::debug!(peer = %self.region, %error, wait_ms = wait.as_millis(), "shipping failed");
        Measures::of(&self.region).failed();
        self.connection = None;
        self.not_before = Instant::now() + wait;
        self.entry.status.last_failure = Some(Failure {
            at: (self.shared.clock)(),
            reason: error.to_string(),
        });
    }

    /// Counts what is dirty, which takes a walk over it, and so not more often than it is looked for.
    fn count(&mut self, state: &State) {
        let now = Instant::now();
        let interval = self.shared.limits.look_interval;
        if self.counted_at.is_some_and(|at| now < at + interval) {
            return;
        }
        self.counted_at = Some(now);
        let (mut rows, mut oldest) = (0_u64, None::<Timestamp>);
        for row in state.outbox_of(&self.region, None) {
            rows += 1;
            oldest = Some(oldest.map_or(row.since, |oldest| oldest.min(row.since)));
        }
        self.entry.status.outbox_rows = rows;
        self.entry.status.oldest_dirty = oldest;
        let clock = (self.shared.clock)();
        let retry = next_retry(state, &self.region);
        self.entry.wants_pulse = retry.is_some_and(|at| state.log_time() < at && at <= clock);
        let failures = self.schedule.failures().take(RECORD_FAILURES_MAX);
        let failures = failures.map(|(key, failure)| (*key, failure.clone()));
        self.entry.record_failures = Arc::new(failures.collect());
        Measures::of(&self.region).outbox_rows(rows);
    }

    fn show(&mut self) {
        self.entry.status.in_flight_keys = self.schedule.in_flight() as u64;
        self.entry.status.endpoint = self.connection.as_ref().map(|c| c.endpoint.clone());
        self.shared.board.set(self.entry.clone());
    }
}
