//! A bootstrapped region to run commands in.

use crate::command::{
    Bootstrap, CreateKey, DeleteImportedKeyMaterial, ImportKeyMaterial, NewMaterial, Pulse, RotateKey,
    SetAlias,
};
use crate::key::{Key, KeyName, Material, WrappedMaterial};
use crate::multi_region::{Replica, ReplicaPhase};
use crate::rows::{HpkeKeyRow, ImportParameters, Row, WrappingKeyRow};
use crate::vocabulary::tags::Tags;
use crate::vocabulary::{
    AccountId, ImportTokenId, ImportType, Incarnation, KeyArn, KeyId, KeyOrigin, KeySpec, KeyUsage,
    MaterialId, Timestamp, WrappingAlgorithm, WrappingKeySpec,
};
use crate::{Applied, Command, Guard, KmsError, Proposal, Reply, State};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The time on every clock when a test begins: 2026-01-01.
pub(super) const START: Timestamp = Timestamp(1_767_225_600_000);
pub(super) const DAY_MS: u64 = crate::vocabulary::time::DAY_MS;

pub(super) struct TestRegion {
    pub(super) state: State,
    pub(super) now: Timestamp,
    log_index: u64,
}

impl TestRegion {
    /// A region whose nodes have agreed on the time.
    pub(super) fn new() -> Self {
        let mut region = Self {
            state: State::default(),
            now: START,
            log_index: 0,
        };
        region.run(bootstrap()).expect("bootstrap");
        region.pulse();
        region
    }

    pub(super) fn apply(&mut self, proposal: &Proposal) -> Applied {
        self.log_index += 1;
        self.state.apply(self.log_index, proposal)
    }

    pub(super) fn proposal(&self, command: Command) -> Proposal {
        Proposal {
            time: self.now,
            principal: None,
            request: None,
            guard: Guard::default(),
            command,
        }
    }

    pub(super) fn run_applied(&mut self, command: Command) -> Applied {
        let proposal = self.proposal(command);
        self.apply(&proposal)
    }

    pub(super) fn run(&mut self, command: Command) -> Result<Reply, KmsError> {
        self.run_applied(command).result
    }

    /// The refusal's text and AWS exception.
    pub(super) fn refusal(&mut self, command: Command) -> (&'static str, String) {
        let before = self.state.clone();
        let refusal = self.run(command).expect_err("refused");
        assert_eq!(self.state, before, "a refused command changes nothing");
        (refusal.exception(), refusal.to_string())
    }

    /// A Pulse at `self.now` on all three nodes.
    pub(super) fn pulse(&mut self) -> Applied {
        let now = self.now;
        self.run_applied(Command::Pulse(Pulse {
            readings: vec![(1, now), (2, now), (3, now)],
        }))
    }

    pub(super) fn after_days(&mut self, days: u64) -> Applied {
        self.now = self.now.plus_ms(days * DAY_MS);
        self.pulse()
    }

    pub(super) fn create(&mut self, number: u8) -> KeyName {
        let command = create_key(number);
        let name = command.name;
        self.run(Command::CreateKey(Box::new(command))).expect("created");
        name
    }

    pub(super) fn create_with(&mut self, number: u8, change: impl FnOnce(&mut CreateKey)) -> KeyName {
        let mut command = create_key(number);
        change(&mut command);
        let name = command.name;
        self.run(Command::CreateKey(Box::new(command))).expect("created");
        name
    }

    /// A multi-Region primary with active replicas in these regions.
    pub(super) fn create_primary(&mut self, number: u8, replicas: &[&str]) -> KeyName {
        let name = self.create_with(number, make_multi_region);
        self.edit(name, |key| {
            let multi_region = key.multi_region.as_mut().expect("multi-Region");
            for region in replicas {
                let replica = Replica {
                    incarnation: Incarnation([9; 16]),
                    phase: ReplicaPhase::Active,
                    acknowledged: None,
                    creation: None,
                    imports_revision: 0,
                };
                multi_region
                    .replicas
                    .insert(region.parse().expect("region"), replica);
            }
        });
        name
    }

    /// Puts a key into a condition that other regions' messages would bring about.
    pub(super) fn edit(&mut self, name: KeyName, change: impl FnOnce(&mut Key)) {
        let mut key = self.key(name);
        change(&mut key);
        let row = Row::Key(Arc::new(key));
        let changed = row.key();
        let rows: Vec<Row> = self
            .state
            .rows()
            .map(|old| if old.key() == changed { row.clone() } else { old })
            .collect();
        self.state = State::from_rows(rows);
    }

    pub(super) fn key(&self, name: KeyName) -> Key {
        self.state.key(&name).expect("the key exists").as_ref().clone()
    }

    pub(super) fn arn(&self, name: KeyName) -> KeyArn {
        self.state.key_arn(&name).expect("bootstrapped")
    }

    pub(super) fn alias(&mut self, alias: &str, key: KeyName) {
        self.run(Command::CreateAlias(set_alias(alias, key)))
            .expect("alias made");
    }
}

/// Imported keys.
impl TestRegion {
    /// A symmetric key of origin EXTERNAL, without material.
    pub(super) fn create_imported(&mut self, number: u8) -> KeyName {
        self.create_with(number, make_imported)
    }

    /// A token for one import.
    pub(super) fn put_token(&mut self, key: KeyName, number: u8) {
        let parameters = import_parameters(key, number, self.now);
        self.run(Command::PutImportParameters(Box::new(parameters)))
            .expect("a token");
    }

    /// Imports the bytes of material `number`, decided as a node decides, under a token of the same number if that is free.
    pub(super) fn import(&mut self, key: KeyName, number: u8) -> Result<Reply, KmsError> {
        self.import_with(key, number, |_| {})
    }

    pub(super) fn import_with(
        &mut self,
        key: KeyName,
        number: u8,
        change: impl FnOnce(&mut ImportKeyMaterial),
    ) -> Result<Reply, KmsError> {
        let mut token = number;
        while self
            .state
            .import_parameters(&key, &ImportTokenId([token; 32]))
            .is_some()
        {
            token = token.wrapping_add(50);
        }
        self.put_token(key, token);
        let mut command = import_of(key, number);
        command.token = ImportTokenId([token; 32]);
        if self.state.material(&key, &MaterialId([number; 32])).is_some() {
            command.import_type = ImportType::Existing;
            command.matched = Some(MaterialId([number; 32]));
        }
        change(&mut command);
        self.run(Command::ImportKeyMaterial(Box::new(command)))
    }

    pub(super) fn delete_import(&mut self, key: KeyName, number: u8) -> Applied {
        self.run_applied(Command::DeleteImportedKeyMaterial(DeleteImportedKeyMaterial {
            key,
            material_id: Some(MaterialId([number; 32])),
        }))
    }

    pub(super) fn material_row(&self, key: KeyName, number: u8) -> Material {
        let row = self.state.material(&key, &MaterialId([number; 32]));
        row.expect("the material is known").as_ref().clone()
    }
}

pub(super) fn make_imported(command: &mut CreateKey) {
    command.origin = KeyOrigin::External;
    command.material = None;
}

pub(super) fn import_parameters(key: KeyName, number: u8, now: Timestamp) -> ImportParameters {
    ImportParameters {
        id: ImportTokenId([number; 32]),
        key,
        algorithm: WrappingAlgorithm::RsaesOaepSha256,
        wrapping_key_spec: WrappingKeySpec::Rsa3072,
        public_sha256: [number; 32],
        private_wrapped: material(number).wrapped,
        expires: now.plus_days(1),
        used: None,
    }
}

/// A new import of the bytes of material `number`.
pub(super) fn import_of(key: KeyName, number: u8) -> ImportKeyMaterial {
    ImportKeyMaterial {
        key,
        token: ImportTokenId([number; 32]),
        request_sha256: [number; 32],
        import_type: ImportType::New,
        matched: None,
        material: material(number),
        commitment: material(number).wrapped,
        expires: None,
        description: None,
    }
}

pub(super) fn account() -> AccountId {
    "111122223333".parse().expect("account")
}

pub(super) fn key_name(number: u8) -> KeyName {
    KeyName {
        account: account(),
        key_id: KeyId::uuid([number; 16]),
    }
}

pub(super) fn make_multi_region(command: &mut CreateKey) {
    command.name.key_id = KeyId::multi_region(command.name.key_id.bytes);
    command.multi_region = Some(Incarnation([5; 16]));
}

pub(super) fn set_alias(alias: &str, key: KeyName) -> SetAlias {
    let alias = alias.parse().expect("alias");
    SetAlias { alias, key }
}

pub(super) fn material(number: u8) -> NewMaterial {
    NewMaterial {
        material_id: MaterialId([number; 32]),
        wrapped: WrappedMaterial {
            wrapping_key: 1,
            bytes: Arc::from([number; 48]),
        },
    }
}

pub(super) fn rotate(key: KeyName, number: u8) -> RotateKey {
    let material = material(number);
    RotateKey { key, material }
}

pub(super) fn create_key(number: u8) -> CreateKey {
    CreateKey {
        name: key_name(number),
        spec: KeySpec::SymmetricDefault,
        usage: KeyUsage::EncryptDecrypt,
        origin: KeyOrigin::AwsKms,
        description: String::new(),
        policy: String::new(),
        tags: Tags::new(),
        multi_region: None,
        material: Some(material(number)),
    }
}

pub(super) fn bootstrap() -> Command {
    Command::Bootstrap(Bootstrap {
        cluster: "test".into(),
        region: "us-east-1".parse().expect("region"),
        incarnation: Incarnation([1; 16]),
        wrapping_key: WrappingKeyRow {
            id: 1,
            root_key_id: [1; 16],
            wrapped: Arc::from([1; 60]),
            retired: false,
        },
        hpke_key: HpkeKeyRow {
            id: 1,
            public: Arc::from([2; 32]),
            private_wrapped: Arc::from([3; 60]),
            valid_until: START.plus_days(90),
            signature: Arc::from([4; 64]),
        },
        signing_public: [5; 32],
        signing_private_wrapped: Arc::from([6; 60]),
        feature_level: 1,
    })
}

/// Tags from pairs.
pub(super) fn tags(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    owned.collect()
}

/// Every row that is not bookkeeping: what a caller can see.
pub(super) fn visible_rows(state: &State) -> BTreeMap<crate::RowKey, Row> {
    let rows = state.rows().filter(|row| !matches!(row, Row::Answer(_)));
    rows.map(|row| (row.key(), row)).collect()
}
