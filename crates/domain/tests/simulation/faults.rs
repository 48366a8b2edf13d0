//! What goes wrong, and the order in which things happen at all.

use super::world::World;
use kms_domain::vocabulary::time::DAY_MS;

impl World {
    /// One step, by chance.
    pub(crate) fn step(&mut self, keys_max: usize) {
        self.now_ms += 1 + self.prng.next() % 2_000;
        let here = self.prng.below(self.regions.len());
        match self.prng.below(1_025) {
            0..=219 => self.request(here, keys_max),
            220..=419 => self.drive_somewhere(here),
            420..=679 => self.deliver(),
            680..=899 => self.commit_by_chance(here),
            900..=939 => self.pulse(here),
            940..=949 => self.rotate_due(here),
            950..=956 => self.operate(here),
            957..=964 => self.crash(here),
            965..=972 => self.depose_leader(here),
            973..=979 => self.go_or_come(here),
            980..=985 => self.restart(here),
            986..=989 => self.leap_in_time(),
            990..=999 => self.attack(here),
            _ => self.request_about_identities(here),
        }
    }

    fn drive_somewhere(&mut self, here: usize) {
        let there = self.prng.below(self.regions.len());
        if here != there {
            let from_old_state = self.prng.chance(20);
            self.drive(here, there, from_old_state);
        }
    }

    /// A proposal commits and its proposer knows, commits unknown to it, or is lost.
    fn commit_by_chance(&mut self, here: usize) {
        match self.prng.below(20) {
            0 => {
                if self.regions[here].queue.pop_front().is_some() {
                    self.census.count("a proposal was lost");
                }
            }
            1 | 2 => {
                if !self.regions[here].queue.is_empty() {
                    self.census.count("an outcome stayed unknown");
                }
                self.commit_next(here, false);
            }
            _ => self.commit_next(here, true),
        }
    }

    /// The driver's memory is gone, and with it what was decided but not committed, or only the wish to answer.
    fn crash(&mut self, here: usize) {
        self.note(|| format!("region {here}: its driver crashes"));
        let keeps_proposals = self.prng.chance(50);
        let queue = &mut self.regions[here].queue;
        if keeps_proposals {
            queue.iter_mut().for_each(|queued| queued.answers = None);
        } else {
            queue.clear();
        }
        self.regions[here].old_leader = None;
    }

    fn depose_leader(&mut self, here: usize) {
        let region = &mut self.regions[here];
        region.old_leader = match region.old_leader {
            Some(_) => None,
            None => Some(region.state.clone()),
        };
    }

    fn go_or_come(&mut self, here: usize) {
        let away = !self.regions[here].away;
        self.note(|| format!("region {here} is away: {away}"));
        self.regions[here].away = away;
    }

    fn restart(&mut self, here: usize) {
        if let Err(violation) = self.regions[here].restart_from_rows() {
            panic!("seed {}: {violation}", self.seed);
        }
    }

    /// Nothing happens for some days, or for a rotation period.
    fn leap_in_time(&mut self) {
        let days = if self.prng.chance(30) { 95 } else { 8 };
        self.note(|| format!("{days} days pass"));
        self.now_ms += days * DAY_MS;
    }
}
