//! Accounts and access keys: what operators do with them, what a compromised region tries, and what every region must
//! agree on in the end.

use super::model_reseal::{Binding, ModelReseal, Sealed, unwrap, wrap};
use super::region::SimRegion;
use super::world::World;
use kms_domain::Command;
use kms_domain::command::{CreateAccessKey, CreateAccount, SetAccessKeyStatus, SetAccountStatus};
use kms_domain::identity::{AccessKey, AccessKeyStatus, Account, AccountStatus};
use kms_domain::multi_region::{
    AccessKeyRecord, AccountRecord, IdentityOutcome, IdentityRecord, IdentityShipment, SecretBinding,
    receive_identity,
};
use kms_domain::vocabulary::{AccessKeyId, AccountId, Principal};
use std::sync::Arc;

/// Accounts that operators of one region make: few, so that some are deleted and asked for again.
const ACCOUNTS_PER_REGION: usize = 4;
/// Users of one account.
const USERS: usize = 3;

impl World {
    /// One operator's request in `here`, also about what has its home elsewhere.
    pub(crate) fn request_about_identities(&mut self, here: usize) {
        // A fenced region turns operators away, too.
        if self.regions[here].region().fenced {
            return;
        }
        let command = match self.prng.below(100) {
            0..=19 => Some(self.create_account(here)),
            20..=49 => self.create_access_key(here),
            50..=69 => self.change_account(here),
            _ => self.change_access_key(here),
        };
        if let Some(command) = command {
            self.decide(here, None, command);
        }
    }

    /// Regions make accounts with ids of their own: one id in two regions is a mistake that the protocol reports, and
    /// nothing that it can mend.
    fn create_account(&mut self, here: usize) -> Command {
        let number = self.prng.below(ACCOUNTS_PER_REGION);
        let id: AccountId = format!("9{here:03}{number:08}").parse().unwrap();
        let name = format!("account {number} of region {here}");
        Command::CreateAccount(CreateAccount { id, name })
    }

    fn create_access_key(&mut self, here: usize) -> Option<Command> {
        let account = self.any_account(here)?;
        let secret: [u8; 40] = self.prng.bytes();
        Some(Command::CreateAccessKey(Box::new(CreateAccessKey {
            id: AccessKeyId::from_random(self.prng.bytes()),
            principal: self.any_user(account.id),
            secret: wrap(self.regions[here].region(), &secret),
        })))
    }

    fn change_account(&mut self, here: usize) -> Option<Command> {
        let id = self.any_account(here)?.id;
        Some(match self.prng.below(10) {
            0..=1 => Command::DeleteAccount(id),
            number => Command::SetAccountStatus(SetAccountStatus {
                id,
                enabled: number % 2 == 0,
            }),
        })
    }

    fn change_access_key(&mut self, here: usize) -> Option<Command> {
        let access_keys: Vec<Arc<AccessKey>> = self.regions[here].state.access_keys().cloned().collect();
        let id = self.prng.pick(&access_keys)?.id;
        Some(match self.prng.below(10) {
            0..=3 => Command::DeleteAccessKey(id),
            number => Command::SetAccessKeyStatus(SetAccessKeyStatus {
                id,
                enabled: number % 2 == 0,
            }),
        })
    }

    fn any_account(&mut self, here: usize) -> Option<Arc<Account>> {
        let accounts: Vec<Arc<Account>> = self.regions[here].state.accounts().cloned().collect();
        self.prng.pick(&accounts).cloned()
    }

    fn any_user(&mut self, account: AccountId) -> Principal {
        let number = self.prng.below(USERS);
        format!("arn:aws:iam::{account}:user/{number}").parse().unwrap()
    }

    /// A compromised region speaks of an account that is not its own, of an access key of one, or makes a caller of it.
    pub(crate) fn push_identity(&mut self, attacker: usize, victim: usize) {
        let Some(record) = self.forged_identity(attacker, victim) else {
            return;
        };
        let from = self.regions[attacker].region();
        let shipment = IdentityShipment {
            from: from.name.clone(),
            from_incarnation: from.incarnation,
            to: self.regions[victim].name.clone(),
            record,
        };
        let state = self.regions[victim].state.clone();
        let Some(peer) = state.peer(&self.regions[attacker].name).cloned() else {
            return;
        };
        let answer = receive_identity(&state, &peer, &shipment, &ModelReseal);
        assert!(
            matches!(answer, Err(IdentityOutcome::Refused { .. })),
            "seed {}: a forged identity was taken: {answer:?}",
            self.seed
        );
        self.census.count("a forged identity was refused");
    }

    fn forged_identity(&mut self, attacker: usize, victim: usize) -> Option<IdentityRecord<Sealed>> {
        let account = self.any_account(victim)?;
        if account.home == self.regions[attacker].name {
            return None;
        }
        let revision = account.revision.saturating_add(1);
        if self.prng.chance(50) {
            return Some(IdentityRecord::Account(AccountRecord {
                status: AccountStatus::Active,
                revision,
                ..AccountRecord::from(&*account)
            }));
        }
        let principal = self.any_user(account.id);
        let id = AccessKeyId::from_random(self.prng.bytes());
        let secret = self.sealed_secret(attacker, victim, account.id, id, revision);
        Some(IdentityRecord::AccessKey(AccessKeyRecord {
            id,
            principal,
            status: AccessKeyStatus::Active,
            creation_date: account.creation_date,
            revision,
            secret: Some(secret),
        }))
    }

    fn sealed_secret(
        &mut self,
        attacker: usize,
        victim: usize,
        account: AccountId,
        id: AccessKeyId,
        revision: u64,
    ) -> Sealed {
        let (from, to) = (
            self.regions[attacker].region().clone(),
            self.regions[victim].pinned_form(),
        );
        Sealed {
            source: (from.name, from.incarnation),
            destination: (to.name, to.incarnation),
            hpke_key: to.hpke_key,
            hpke_public: to.hpke_public,
            binding: Binding::Secret(SecretBinding {
                account,
                id,
                revision,
            }),
            secret: self.prng.bytes::<40>().to_vec(),
        }
    }

    /// Panics unless each region among those that count holds of each of them exactly the identities that it made.
    pub(crate) fn assert_identities_agree(&self, counts: impl Fn(&SimRegion) -> bool) {
        for home in self.regions.iter().filter(|region| counts(region)) {
            let made = identities_of(home, home);
            for region in self.regions.iter().filter(|region| counts(region)) {
                assert_eq!(
                    identities_of(region, home),
                    made,
                    "seed {}: {} and {} differ",
                    self.seed,
                    region.name,
                    home.name
                );
            }
        }
    }
}

/// Accounts, and access keys with their secrets opened.
type Identities = (Vec<Account>, Vec<(AccessKey, Option<Vec<u8>>)>);

/// What `region` holds of `home`'s identities.
fn identities_of(region: &SimRegion, home: &SimRegion) -> Identities {
    let accounts = region.state.accounts().filter(|row| row.home == home.name);
    let access_keys = region.state.access_keys().filter(|row| row.home == home.name);
    let opened = |row: &Arc<AccessKey>| {
        let secret = row
            .secret
            .as_ref()
            .map(|secret| unwrap(&region.name, secret).expect("wrapped by the region that holds it"));
        let row = AccessKey {
            secret: None,
            ..AccessKey::clone(row)
        };
        (row, secret)
    };
    (
        accounts.map(|row| Account::clone(row)).collect(),
        access_keys.map(opened).collect(),
    )
}
