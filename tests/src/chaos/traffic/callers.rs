//! Callers: each chooses its next call from its own seed, by the weights below.

use crate::chaos::history::{History, Name, Outcome};
use crate::chaos::plan::{Plan, one_of};
use crate::chaos::roster::Roster;
use crate::chaos::traffic::calls::Calls;
use crate::chaos::traffic::keys::{Keys, KnownKey};
use crate::chaos::validate::ciphertexts::When;
use anyhow::Context;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;

/// Pause between two calls of one caller, so that nine nodes on two cores keep up.
const PAUSE_MS: std::ops::Range<u64> = 5..35;
/// Pause after a call without an answer.
const PAUSE_UNKNOWN_MS: std::ops::Range<u64> = 30..120;
/// Encrypts tried on a key between DisableKey and EnableKey.
const ENCRYPTS_WHILE_DISABLED: usize = 4;
/// EnableKey is tried so often before the key is left as it is.
const ENABLE_ATTEMPTS: usize = 5;

#[derive(Debug, Clone, Copy)]
enum Action {
    CreateKey,
    CreateMultiRegionKey,
    Replicate,
    Move,
    Rotate,
    Describe,
    SwitchOffAndOn,
    Encrypt,
    Decrypt,
}

const WEIGHTS: [(Action, u32); 9] = [
    (Action::CreateKey, 2),
    (Action::CreateMultiRegionKey, 2),
    (Action::Replicate, 6),
    (Action::Move, 3),
    (Action::Rotate, 3),
    (Action::Describe, 15),
    (Action::SwitchOffAndOn, 3),
    (Action::Encrypt, 33),
    (Action::Decrypt, 33),
];

/// The load under way.
#[derive(Debug)]
pub struct Load {
    stop: Arc<AtomicBool>,
    callers: JoinSet<()>,
}

impl Load {
    /// Starts the plan's callers in every region.
    pub fn start(plan: &Plan, history: &Arc<History>, keys: &Arc<Keys>, roster: &Roster) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut callers = JoinSet::new();
        for (place, region) in (0..).zip(roster.regions()) {
            for number in 0..plan.callers_per_region {
                let seed = plan.seed.wrapping_mul(1_000_003) + place * 1_000 + number;
                let caller = Caller {
                    random: SmallRng::seed_from_u64(seed),
                    history: Arc::clone(history),
                    keys: Arc::clone(keys),
                    roster: roster.clone(),
                    region: region.clone(),
                    number,
                    callers: plan.callers_per_region,
                    keys_max: plan.keys_per_region_max,
                    messages: 0,
                };
                callers.spawn(caller.run(Arc::clone(&stop)));
            }
        }
        Self { stop, callers }
    }

    /// Ends the load when each caller has had its last answer.
    ///
    /// # Errors
    /// When a caller panicked.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.callers.join_next().await {
            ended.context("a caller ended before its time")?;
        }
        Ok(())
    }
}

struct Caller {
    random: SmallRng,
    history: Arc<History>,
    keys: Arc<Keys>,
    roster: Roster,
    region: Name,
    number: u64,
    callers: u64,
    keys_max: usize,
    messages: u64,
}

impl Caller {
    async fn run(mut self, stop: Arc<AtomicBool>) {
        while !stop.load(Ordering::Relaxed) {
            let action = self.choose();
            let outcome = self.act(action).await;
            let pause = match outcome {
                Err(Outcome::Unknown) => PAUSE_UNKNOWN_MS,
                _ => PAUSE_MS,
            };
            tokio::time::sleep(Duration::from_millis(self.random.random_range(pause))).await;
        }
    }

    fn choose(&mut self) -> Action {
        let sum = WEIGHTS.iter().map(|(_, weight)| weight).sum();
        let mut point = self.random.random_range(0..sum);
        for (action, weight) in WEIGHTS {
            if point < weight {
                return action;
            }
            point -= weight;
        }
        Action::Encrypt
    }

    async fn act(&mut self, action: Action) -> Result<(), Outcome> {
        match action {
            Action::CreateKey => self.create(false).await,
            Action::CreateMultiRegionKey => self.create(true).await,
            Action::Replicate => self.replicate().await,
            Action::Move => self.move_primary().await,
            Action::Rotate => self.rotate().await,
            Action::Describe => self.describe().await,
            Action::SwitchOffAndOn => self.switch_off_and_on().await,
            Action::Encrypt => self.encrypt().await,
            Action::Decrypt => self.decrypt().await,
        }
    }

    /// Calls to any node of the caller's region, running or not.
    fn calls<'h>(&mut self, history: &'h History, region: &'h Name) -> Option<Calls<'h>> {
        let nodes = self.roster.nodes(region);
        let node = one_of(&nodes, &mut self.random)?;
        Some(Calls {
            history,
            region,
            kms: node.kms.clone(),
        })
    }

    fn pick(&mut self, wanted: impl Fn(&KnownKey) -> bool) -> Option<Arc<KnownKey>> {
        one_of(&self.keys.select(wanted), &mut self.random).cloned()
    }

    /// A key whose description and switch in this region are this caller's alone, so that its changes have an order.
    fn pick_own(&mut self) -> Option<Arc<KnownKey>> {
        let (region, number, callers) = (self.region.clone(), self.number, self.callers);
        self.pick(move |key| key.held_in(&region) && share(&key.id) % callers == number)
    }

    async fn create(&mut self, multi_region: bool) -> Result<(), Outcome> {
        let (history, region, keys) = (
            Arc::clone(&self.history),
            self.region.clone(),
            Arc::clone(&self.keys),
        );
        let made = keys.select(|key| key.made_in == region && key.multi_region == multi_region);
        if made.len() >= self.keys_max {
            return Ok(());
        }
        let Some(mut calls) = self.calls(&history, &region) else {
            return Ok(());
        };
        let id = calls.create_key(multi_region).await?;
        keys.add(id, &region, multi_region);
        Ok(())
    }

    async fn replicate(&mut self) -> Result<(), Outcome> {
        let (history, region, all) = (
            Arc::clone(&self.history),
            self.region.clone(),
            self.roster.regions(),
        );
        let here = region.clone();
        let others = all.clone();
        let wanted = move |key: &KnownKey| {
            key.multi_region && key.primary() == here && !key.absent_from(&others).is_empty()
        };
        let Some(key) = self.pick(wanted) else {
            return Ok(());
        };
        let absent = key.absent_from(&all);
        let Some(to) = one_of(&absent, &mut self.random).cloned() else {
            return Ok(());
        };
        let Some(mut calls) = self.calls(&history, &region) else {
            return Ok(());
        };
        calls.replicate_key(&key.id, &to).await?;
        key.replica_asked_for(&to);
        Ok(())
    }

    async fn move_primary(&mut self) -> Result<(), Outcome> {
        let (history, region) = (Arc::clone(&self.history), self.region.clone());
        let here = region.clone();
        let wanted =
            move |key: &KnownKey| key.multi_region && key.primary() == here && key.holders().len() > 1;
        let Some(key) = self.pick(wanted) else {
            return Ok(());
        };
        let targets: Vec<Name> = key.holders().into_iter().filter(|to| *to != region).collect();
        let Some(to) = one_of(&targets, &mut self.random).cloned() else {
            return Ok(());
        };
        let Some(mut calls) = self.calls(&history, &region) else {
            return Ok(());
        };
        calls.update_primary_region(&key.id, &to).await
    }

    async fn rotate(&mut self) -> Result<(), Outcome> {
        let (history, region) = (Arc::clone(&self.history), self.region.clone());
        let here = region.clone();
        let Some(key) = self.pick(move |key| key.primary() == here) else {
            return Ok(());
        };
        let Some(mut calls) = self.calls(&history, &region) else {
            return Ok(());
        };
        calls.rotate(&key.id).await
    }

    async fn describe(&mut self) -> Result<(), Outcome> {
        let (history, region) = (Arc::clone(&self.history), self.region.clone());
        let Some(key) = self.pick_own() else { return Ok(()) };
        let Some(mut calls) = self.calls(&history, &region) else {
            return Ok(());
        };
        calls.describe_as(&key.id, key.next_number(&region)).await
    }

    /// DisableKey, some Encrypts through other nodes that must be refused, and EnableKey.
    async fn switch_off_and_on(&mut self) -> Result<(), Outcome> {
        let (history, region) = (Arc::clone(&self.history), self.region.clone());
        let Some(key) = self.pick_own() else { return Ok(()) };
        let Some(mut calls) = self.calls(&history, &region) else {
            return Ok(());
        };
        let disabled = calls.switch(&key.id, false).await;
        if disabled.is_ok() {
            for _ in 0..ENCRYPTS_WHILE_DISABLED {
                let Some(mut calls) = self.calls(&history, &region) else {
                    break;
                };
                // Refused if all is well: what matters is in the history.
                drop(calls.encrypt(&key.id, self.message(&key.id)).await);
            }
        }
        for _ in 0..ENABLE_ATTEMPTS {
            let Some(mut calls) = self.calls(&history, &region) else {
                break;
            };
            if calls.switch(&key.id, true).await.is_ok() {
                break;
            }
            let pause = self.random.random_range(PAUSE_UNKNOWN_MS);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
        disabled
    }

    async fn encrypt(&mut self) -> Result<(), Outcome> {
        let (history, region) = (Arc::clone(&self.history), self.region.clone());
        let here = region.clone();
        let Some(key) = self.pick(move |key| key.held_in(&here)) else {
            return Ok(());
        };
        let Some(mut calls) = self.calls(&history, &region) else {
            return Ok(());
        };
        let message = self.message(&key.id);
        calls.encrypt(&key.id, message).await
    }

    /// Decrypts here what was encrypted here or elsewhere.
    async fn decrypt(&mut self) -> Result<(), Outcome> {
        let (history, region) = (Arc::clone(&self.history), self.region.clone());
        let Some(ciphertext) = history.some_ciphertext(self.random.random()) else {
            return Ok(());
        };
        if !self
            .keys
            .get(&ciphertext.key)
            .is_some_and(|key| key.held_in(&region))
        {
            return Ok(());
        }
        let Some(mut calls) = self.calls(&history, &region) else {
            return Ok(());
        };
        calls.decrypt(&ciphertext, When::Running).await
    }

    /// Different in every call, so that an answer to another call cannot pass for the right one.
    fn message(&mut self, key: &str) -> Vec<u8> {
        self.messages += 1;
        format!("{key}/{}/{}/{}", self.region, self.number, self.messages).into_bytes()
    }
}

/// A number from a key's id that spreads keys over callers.
fn share(id: &str) -> u64 {
    id.bytes().fold(17, |sum: u64, byte| {
        sum.wrapping_mul(31).wrapping_add(u64::from(byte))
    })
}
