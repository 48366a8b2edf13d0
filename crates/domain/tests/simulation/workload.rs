//! What callers do, by chance. Decisions are made on the state of the moment and enter the list later, so that some
//! are stale by then.

use super::model_reseal::{sign, wrap};
use super::region::Queued;
use super::world::{World, hpke_key};
use kms_domain::command::{
    CreateKey, EnableKeyRotation, NewMaterial, RaiseFeatureLevel, ReplicateKey, RotateKey,
    ScheduleKeyDeletion, UpdateKeyDescription, UpdatePrimaryRegion,
};
use kms_domain::key::{Key, KeyName};
use kms_domain::state::Deadline;
use kms_domain::vocabulary::tags::Tags;
use kms_domain::vocabulary::{
    AccountId, Epoch, Incarnation, KeyId, KeyOrigin, KeySpec, KeyUsage, MaterialId, RegionName,
};
use kms_domain::{Command, Guard, KeyState};
use std::sync::Arc;

/// Rotation periods callers choose from, in days.
const PERIODS_DAYS: [u32; 4] = [90, 120, 365, 400];

impl World {
    /// One caller's request in `here`.
    pub(crate) fn request(&mut self, here: usize, keys_max: usize) {
        // A fenced region turns every caller away.
        if self.regions[here].region().fenced {
            return;
        }
        let keys: Vec<Arc<Key>> = self.regions[here].state.keys().cloned().collect();
        if self.prng.chance(6) && keys.len() < keys_max {
            let command = match self.prng.chance(30) {
                true => self.create_imported_key(here),
                false => self.create_key(here),
            };
            self.decide(here, None, command);
            return;
        }
        let Some(key) = self.prng.pick(&keys).cloned() else {
            return;
        };
        if self.prng.chance(25) {
            self.encrypt(here, &key);
            return;
        }
        if key.origin == KeyOrigin::External && self.prng.chance(60) {
            self.request_about_imports(here, &key);
            return;
        }
        if let Some(command) = self.choose_command(here, &key) {
            self.decide(here, Some(&key), command);
        }
    }

    /// Encrypts under the current material, if the key's state allows it.
    pub(crate) fn encrypt(&mut self, here: usize, key: &Key) {
        let usable = matches!(key.state(), KeyState::Enabled | KeyState::Updating);
        if let (true, Some(material)) = (usable, key.current_material) {
            let seen = self
                .invariants
                .note_encryption(&self.regions, here, &key.name, material);
            if let Err(violation) = seen {
                panic!("seed {}: {violation}", self.seed);
            }
        }
    }

    fn choose_command(&mut self, here: usize, key: &Arc<Key>) -> Option<Command> {
        let name = key.name;
        Some(match self.prng.below(100) {
            0..=19 => {
                let region = self.any_region();
                self.replicate_key(name, region)
            }
            20..=39 => {
                let material = self.material(here);
                Command::RotateKeyOnDemand(RotateKey { key: name, material })
            }
            40..=56 => {
                let target = self.any_region();
                self.update_primary(here, key, &target)?
            }
            57..=63 => Command::EnableKeyRotation(EnableKeyRotation {
                key: name,
                period_days: self.prng.pick(&PERIODS_DAYS).copied()?,
            }),
            64..=66 => Command::DisableKeyRotation(name),
            67..=72 => Command::DisableKey(name),
            73..=82 => Command::EnableKey(name),
            83..=89 => Command::ScheduleKeyDeletion(ScheduleKeyDeletion {
                key: name,
                pending_window_days: 7,
            }),
            90..=95 => Command::CancelKeyDeletion(name),
            _ => Command::UpdateKeyDescription(UpdateKeyDescription {
                key: name,
                description: format!("text {}", self.prng.below(100)),
            }),
        })
    }

    /// Queues what a node of `here` decided for a caller; `read` is the key it looked at.
    pub(crate) fn decide(&mut self, here: usize, read: Option<&Key>, command: Command) {
        let mut proposal = self.proposal(here, command);
        proposal.principal = Some(self.principal.clone());
        proposal.guard = Guard {
            keys: read
                .into_iter()
                .map(|key| (key.name, Some(key.revisions.authz)))
                .collect(),
            ..Guard::default()
        };
        self.regions[here].queue.push_back(Queued {
            proposal,
            answers: None,
        });
    }

    /// Automatic rotations that are due in `here`, as its leader would make them.
    pub(crate) fn rotate_due(&mut self, here: usize) {
        if self.regions[here].region().fenced {
            return;
        }
        let state = self.regions[here].state.clone();
        let due: Vec<KeyName> = state
            .due(state.log_time())
            .filter_map(|deadline| match deadline {
                Deadline::Rotation(key) => Some(*key),
                _ => None,
            })
            .take(4)
            .collect();
        for key in due {
            let material = self.material(here);
            let command = Command::RotateKeyAutomatically(RotateKey { key, material });
            self.decide(here, None, command);
        }
    }

    /// What operators of `here` do now and then.
    pub(crate) fn operate(&mut self, here: usize) {
        let there = self.prng.below(self.regions.len());
        let command = match self.prng.below(4) {
            0 => Command::RaiseFeatureLevel(RaiseFeatureLevel {
                level: 1 + self.prng.below(3) as u32,
            }),
            1 => {
                let region = self.regions[here].region();
                Command::AddHpkeKey(Box::new(hpke_key(&region.name, region.hpke_key + 1)))
            }
            2 if here != there => Command::PairRegion(Box::new(self.regions[there].pinned_form())),
            3 if here != there => Command::MarkAllDirty(self.regions[there].name.clone()),
            _ => return,
        };
        self.decide(here, None, command);
    }

    pub(crate) fn create_key(&mut self, here: usize) -> Command {
        let name = KeyName {
            account: "111122223333".parse::<AccountId>().unwrap(),
            key_id: KeyId::multi_region(self.prng.bytes()),
        };
        Command::CreateKey(Box::new(CreateKey {
            name,
            spec: KeySpec::SymmetricDefault,
            usage: KeyUsage::EncryptDecrypt,
            origin: KeyOrigin::AwsKms,
            description: "made".into(),
            policy: String::new(),
            tags: Tags::new(),
            multi_region: Some(Incarnation(self.prng.bytes())),
            material: Some(self.material(here)),
        }))
    }

    pub(crate) fn replicate_key(&mut self, key: KeyName, region: RegionName) -> Command {
        Command::ReplicateKey(Box::new(ReplicateKey {
            key,
            description: format!("in {region}"),
            region,
            incarnation: Incarnation(self.prng.bytes()),
            policy: String::new(),
            tags: Tags::new(),
        }))
    }

    /// The proof is signed for the epoch that `key` shows now.
    pub(crate) fn update_primary(&self, here: usize, key: &Key, target: &RegionName) -> Option<Command> {
        let from = key.multi_region.as_ref()?.epoch.clone();
        let peer = self.regions[here].state.peer(target)?;
        let to = Epoch {
            counter: from.counter + 1,
            region: target.clone(),
            incarnation: peer.incarnation,
        };
        let signer = self.regions[here].signing_public;
        Some(Command::UpdatePrimaryRegion(UpdatePrimaryRegion {
            key: key.name,
            target: target.clone(),
            proof: sign(&signer, &key.name, &from, &to),
        }))
    }

    pub(crate) fn material(&mut self, here: usize) -> NewMaterial {
        let secret: [u8; 32] = self.prng.bytes();
        NewMaterial {
            material_id: MaterialId(self.prng.bytes()),
            wrapped: wrap(self.regions[here].region(), &secret),
        }
    }

    fn any_region(&mut self) -> RegionName {
        let index = self.prng.below(self.regions.len());
        self.regions[index].name.clone()
    }
}
