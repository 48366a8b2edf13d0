//! What owners of imported keys do: they have the bytes of every material at hand, and bring them to the regions.

use super::model_reseal::{commit, committed, unwrap, wrap};
use super::world::World;
use kms_domain::command::{DeleteImportedKeyMaterial, ImportKeyMaterial, NewMaterial};
use kms_domain::key::{Key, KeyName, Material};
use kms_domain::rows::ImportParameters;
use kms_domain::vocabulary::time::DAY_MS;
use kms_domain::vocabulary::{
    ImportTokenId, ImportType, KeyOrigin, MaterialId, Timestamp, WrappingAlgorithm, WrappingKeySpec,
};
use kms_domain::{Command, State};
use std::sync::Arc;

impl World {
    pub(crate) fn create_imported_key(&mut self, here: usize) -> Command {
        let mut command = self.create_key(here);
        if let Command::CreateKey(create) = &mut command {
            create.origin = KeyOrigin::External;
            create.material = None;
        }
        command
    }

    /// One request about an imported key in `here`.
    pub(crate) fn request_about_imports(&mut self, here: usize, key: &Key) {
        let rows: Vec<Arc<Material>> = self.regions[here]
            .state
            .materials_of(key.name, 0)
            .cloned()
            .collect();
        let expires = match self.prng.chance(20) {
            true => Some(self.regions[here].state.log_time().plus_ms(3 * DAY_MS)),
            false => None,
        };
        match self.prng.below(20) {
            0..=12 if !rows.is_empty() => {
                // The owner looks for what is missing; else some material gets another time.
                let missing: Vec<_> = rows.iter().filter(|row| row.wrapped.is_none()).cloned().collect();
                let choice = if missing.is_empty() { &rows } else { &missing };
                let secret = self.prng.pick(choice).and_then(|row| self.secret_of(here, row));
                if let Some(secret) = secret {
                    self.import(here, key, &secret, expires);
                }
            }
            0..=15 => {
                let secret: [u8; 32] = self.prng.bytes();
                self.import(here, key, &secret, expires);
            }
            16 | 17 => {
                let ids: Vec<MaterialId> = rows.iter().map(|row| row.material_id).collect();
                let delete = DeleteImportedKeyMaterial {
                    key: key.name,
                    material_id: self.prng.pick(&ids).copied(),
                };
                self.decide(here, Some(key), Command::DeleteImportedKeyMaterial(delete));
            }
            _ => self.decide(here, Some(key), Command::RotateToImportedMaterial(key.name)),
        }
    }

    /// The bytes of a material, which its owner has.
    pub(crate) fn secret_of(&self, here: usize, row: &Material) -> Option<Vec<u8>> {
        committed(&unwrap(
            &self.regions[here].name,
            &row.imported.as_ref()?.commitment,
        )?)
    }

    /// Queues a token and an import under it, as a node of `here` decides them.
    pub(crate) fn import(&mut self, here: usize, key: &Key, secret: &[u8], expires: Option<Timestamp>) {
        for command in self.import_commands(here, key, secret, expires) {
            self.decide(here, None, command);
        }
    }

    pub(crate) fn import_commands(
        &mut self,
        here: usize,
        key: &Key,
        secret: &[u8],
        expires: Option<Timestamp>,
    ) -> [Command; 2] {
        let region = self.regions[here].region().clone();
        let token = ImportTokenId(self.prng.bytes());
        let parameters = ImportParameters {
            id: token,
            key: key.name,
            algorithm: WrappingAlgorithm::RsaAesKeyWrapSha256,
            wrapping_key_spec: WrappingKeySpec::Rsa4096,
            public_sha256: [7; 32],
            private_wrapped: wrap(&region, b"a private key"),
            expires: self.regions[here].clock(self.now_ms).plus_ms(DAY_MS),
            used: None,
        };
        let matched = self.recognized(&self.regions[here].state, here, &key.name, secret);
        let import = ImportKeyMaterial {
            key: key.name,
            token,
            request_sha256: self.prng.bytes(),
            import_type: match matched {
                Some(_) => ImportType::Existing,
                None => ImportType::New,
            },
            matched,
            material: NewMaterial {
                material_id: matched.unwrap_or(MaterialId(self.prng.bytes())),
                wrapped: wrap(&region, secret),
            },
            commitment: wrap(&region, &commit(secret)),
            expires,
            description: None,
        };
        [
            Command::PutImportParameters(Box::new(parameters)),
            Command::ImportKeyMaterial(Box::new(import)),
        ]
    }

    /// The material of the key that these bytes are.
    fn recognized(&self, state: &State, here: usize, key: &KeyName, secret: &[u8]) -> Option<MaterialId> {
        state
            .materials_of(*key, 0)
            .find(|row| self.secret_of(here, row).as_deref() == Some(secret))
            .map(|row| row.material_id)
    }
}
