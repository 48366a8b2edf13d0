//! ImportKeyMaterial: a caller's own key material, wrapped on the way here.

use super::Call;
use super::authorization::{AuthorizedKey, authorize_key};
use super::change::Decided;
use super::service::Service;
use super::validation::{KeyForms, blob_within, constraint, one_of};
use crate::errors::OperationError;
use kms_crypto::import::ImportKeyPair;
use kms_crypto::{KeyMaterial, MaterialName};
use kms_domain::command::{ImportKeyMaterial, NewMaterial};
use kms_domain::commands::rules::check_material_description;
use kms_domain::key::Key;
use kms_domain::key_states::{Operation, check_state};
use kms_domain::limits::{CIPHERTEXT_BYTES_MAX, IMPORTED_MATERIAL_VALIDITY_DAYS_MAX};
use kms_domain::rows::ImportParameters;
use kms_domain::vocabulary::{ImportTokenId, ImportType, KeySpec, MaterialId, Timestamp};
use kms_domain::{Command, Guard, KmsError, Reply, State};
use kms_proto::kms::v1;
use prost::Message;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What the caller asked for, parsed.
struct Wanted {
    expires: Option<Timestamp>,
    import_type: Option<ImportType>,
    description: Option<String>,
    material_id: Option<MaterialId>,
    /// Tells this request from others by the same token.
    request_sha256: [u8; 32],
}

impl Wanted {
    /// The key's state allows an import, and its spec knows what was given.
    fn check(&self, key: &AuthorizedKey) -> Result<(), KmsError> {
        check_state(&key.key, Operation::ImportKeyMaterial, &key.arn)?;
        symmetric_only("ImportType", self.import_type.is_some(), key)?;
        symmetric_only("KeyMaterialDescription", self.description.is_some(), key)?;
        symmetric_only("KeyMaterialId", self.material_id.is_some(), key)
    }
}

impl Service {
    /// Imports material for the first time, again, or for the next rotation.
    pub async fn import_key_material(
        &self,
        call: &Call,
        request: v1::ImportKeyMaterialRequest,
    ) -> Result<v1::ImportKeyMaterialResponse, OperationError> {
        const OPERATION: Operation = Operation::ImportKeyMaterial;
        blob_within("importToken", &request.import_token, 1, CIPHERTEXT_BYTES_MAX)?;
        blob_within(
            "encryptedKeyMaterial",
            &request.encrypted_key_material,
            1,
            CIPHERTEXT_BYTES_MAX,
        )?;
        let wanted = self.parse_import(&request)?;
        let new_id = MaterialId(self.keyring.random_bytes());
        let authorize = |state: &State| {
            let id = &request.key_id;
            authorize_key(state, call, OPERATION, "keyId", id, KeyForms::IdOrArn)
        };
        // Unwrapping, and above all checking an RSA key, is work; it is done once, for a caller who may import here.
        let found = self
            .look(call, |state| {
                let key = authorize(state)?;
                wanted.check(&key)?;
                let row = self.parameters_of(state, &key, &request.import_token, &wanted)?;
                Ok((key.key.spec, self.keyring.open_import_key(state, &row)?, row))
            })
            .await?;
        let material = self
            .unwrap_import(call, found, &request.encrypted_key_material)
            .await?;
        let (reply, view) = self
            .change(call, OPERATION, &request, authorize, |state, key| {
                wanted.check(key)?;
                let row = self.parameters_of(state, key, &request.import_token, &wanted)?;
                self.decide_import(state, key, row.id, &material, new_id, &wanted)
            })
            .await?;
        let Reply::KeyMaterialImported { material_id } = reply else {
            let text = "ImportKeyMaterial was answered with another reply";
            return Err(KmsError::Internal(text.into()).into());
        };
        let key = authorize(&view.state)?;
        Ok(v1::ImportKeyMaterialResponse {
            key_id: key.arn.to_string(),
            key_material_id: shown_material_id(&key, material_id),
        })
    }

    fn parse_import(&self, request: &v1::ImportKeyMaterialRequest) -> Result<Wanted, KmsError> {
        let import_type = request
            .import_type
            .as_deref()
            .map(|text| one_of("importType", text, ImportType::ALL, ImportType::as_str))
            .transpose()?;
        let material_id = material_id(request.key_material_id.as_deref())?;
        if import_type == Some(ImportType::New) && material_id.is_some() {
            return Err(KmsError::Validation(
                "You cannot specify a KeyMaterialId with the ImportType NEW_KEY_MATERIAL.".into(),
            ));
        }
        if let Some(description) = &request.key_material_description {
            check_material_description(description)?;
        }
        Ok(Wanted {
            request_sha256: Sha256::digest(request.encode_to_vec()).into(),
            expires: expiry(
                request.expiration_model.as_deref(),
                request.valid_to.as_ref(),
                self.clock.now(),
            )?,
            import_type,
            description: request.key_material_description.clone(),
            material_id,
        })
    }

    /// The row that a token names, while it is valid. A token without a row is gone with it; one that has served another
    /// import serves no second.
    fn parameters_of(
        &self,
        state: &State,
        key: &AuthorizedKey,
        token: &[u8],
        wanted: &Wanted,
    ) -> Result<Arc<ImportParameters>, OperationError> {
        let region = state.region().ok_or(KmsError::InvalidImportToken)?;
        let token = self.import_tokens.open(region, &key.name, token)?;
        if token.expires <= self.clock.now().max(state.log_time()) {
            return Err(KmsError::ExpiredImportToken.into());
        }
        let row = state.import_parameters(&key.name, &token.id);
        let row = row.ok_or(KmsError::InvalidImportToken)?;
        let used = row.used.as_ref();
        if used.is_some_and(|used| used.request_sha256 != wanted.request_sha256) {
            return Err(KmsError::InvalidImportToken.into());
        }
        Ok(Arc::clone(row))
    }

    async fn unwrap_import(
        &self,
        call: &Call,
        (spec, pair, row): (KeySpec, ImportKeyPair, Arc<ImportParameters>),
        encrypted: &[u8],
    ) -> Result<KeyMaterial, OperationError> {
        let encrypted = encrypted.to_vec();
        let unwrap = move || {
            let bytes = pair.unwrap(row.algorithm, &encrypted)?;
            KeyMaterial::import(spec, &bytes)
        };
        Ok(self.rsa.run(call, unwrap).await??)
    }

    fn decide_import(
        &self,
        state: &State,
        key: &AuthorizedKey,
        token: ImportTokenId,
        material: &KeyMaterial,
        new_id: MaterialId,
        wanted: &Wanted,
    ) -> Result<Decided, OperationError> {
        let matched = self.recognize(state, &key.key, material)?;
        if wanted.material_id.is_some() && wanted.material_id != matched {
            return Err(KmsError::IncorrectKeyMaterial(
                "The key material is not the one that KeyMaterialId names.".into(),
            )
            .into());
        }
        let material_id = matched.unwrap_or(new_id);
        let name = material_name(&key.key, material_id);
        let wrapped = self
            .keyring
            .wrap_material(state, key.name, material_id, key.key.origin, material)?;
        let commitment =
            self.keyring
                .wrap_commitment(state, &key.key, material_id, &material.commitment(&name))?;
        let nothing_imported = state.materials_of(key.name, 0).next().is_none();
        let default = if nothing_imported {
            ImportType::New
        } else {
            ImportType::Existing
        };
        let guard = Guard {
            wrapping_key: Some(wrapped.wrapping_key),
            ..key.guard.clone()
        };
        let command = ImportKeyMaterial {
            key: key.name,
            token,
            request_sha256: wanted.request_sha256,
            import_type: wanted.import_type.unwrap_or(default),
            matched,
            material: NewMaterial { material_id, wrapped },
            commitment,
            expires: wanted.expires,
            description: wanted.description.clone(),
        };
        Ok(Decided {
            guard,
            command: Command::ImportKeyMaterial(Box::new(command)),
        })
    }

    /// Which material of the key these bytes are.
    fn recognize(
        &self,
        state: &State,
        key: &Key,
        material: &KeyMaterial,
    ) -> Result<Option<MaterialId>, OperationError> {
        for row in state.materials_of(key.name, 0) {
            let known = self.keyring.open_commitment(state, key, row)?;
            let same = |known: &_| {
                material
                    .commitment(&material_name(key, row.material_id))
                    .ct_eq(known)
            };
            if known.as_ref().is_some_and(same) {
                return Ok(Some(row.material_id));
            }
        }
        Ok(None)
    }
}

fn material_name(key: &Key, material_id: MaterialId) -> MaterialName {
    MaterialName {
        account: key.name.account,
        key_id: key.name.key_id,
        material_id,
    }
}

/// A `KeyMaterialId` parameter: 64 lower-case hex digits.
pub(super) fn material_id(text: Option<&str>) -> Result<Option<MaterialId>, KmsError> {
    text.map(|text| {
        text.parse().map_err(|_| {
            let pattern = "Member must satisfy regular expression pattern: ^[a-f0-9]+$";
            constraint("keyMaterialId", text, pattern)
        })
    })
    .transpose()
}

/// Refuses a parameter that only symmetric encryption keys know.
pub(super) fn symmetric_only(member: &str, given: bool, key: &AuthorizedKey) -> Result<(), KmsError> {
    let spec = key.key.spec;
    if !given || spec == KeySpec::SymmetricDefault {
        return Ok(());
    }
    Err(KmsError::UnsupportedOperation(format!(
        "{member} is not supported for keys with KeySpec {spec}."
    )))
}

/// Material ids are shown of symmetric encryption keys only.
pub(super) fn shown_material_id(key: &AuthorizedKey, id: MaterialId) -> Option<String> {
    (key.key.spec == KeySpec::SymmetricDefault).then(|| id.to_string())
}

/// When the material expires, by `ExpirationModel` and `ValidTo`, which must agree.
fn expiry(
    model: Option<&str>,
    valid_to: Option<&prost_types::Timestamp>,
    now: Timestamp,
) -> Result<Option<Timestamp>, KmsError> {
    let refused = |text: &str| Err(KmsError::Validation(text.into()));
    match (model, valid_to) {
        (Some("KEY_MATERIAL_DOES_NOT_EXPIRE"), None) => Ok(None),
        (Some("KEY_MATERIAL_DOES_NOT_EXPIRE"), Some(_)) => {
            refused("A ValidTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE.")
        }
        (None | Some("KEY_MATERIAL_EXPIRES"), None) => {
            refused("A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES")
        }
        (None | Some("KEY_MATERIAL_EXPIRES"), Some(valid_to)) => match millis(valid_to) {
            Some(at) if at > now && at <= now.plus_days(IMPORTED_MATERIAL_VALIDITY_DAYS_MAX) => Ok(Some(at)),
            _ => refused("The ValidTo date must be in the future, at most 365 days from now."),
        },
        (Some(other), _) => Err(constraint(
            "expirationModel",
            other,
            "Member must satisfy enum value set: [KEY_MATERIAL_EXPIRES, KEY_MATERIAL_DOES_NOT_EXPIRE]",
        )),
    }
}

/// Milliseconds since the epoch; `None` for times that have none.
fn millis(at: &prost_types::Timestamp) -> Option<Timestamp> {
    let seconds = u64::try_from(at.seconds).ok()?;
    let nanos = u64::try_from(at.nanos)
        .ok()
        .filter(|nanos| *nanos < 1_000_000_000)?;
    Some(Timestamp(
        seconds.checked_mul(1_000)?.checked_add(nanos / 1_000_000)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn at(seconds: i64) -> prost_types::Timestamp {
        prost_types::Timestamp { seconds, nanos: 0 }
    }

    #[test]
    fn valid_to_and_the_expiration_model_must_agree() {
        let tomorrow = at(1_700_086_400);
        let expires = Some(Timestamp(1_700_086_400_000));
        assert_eq!(expiry(None, Some(&tomorrow), NOW), Ok(expires));
        assert_eq!(
            expiry(Some("KEY_MATERIAL_EXPIRES"), Some(&tomorrow), NOW),
            Ok(expires)
        );
        assert_eq!(expiry(Some("KEY_MATERIAL_DOES_NOT_EXPIRE"), None, NOW), Ok(None));
        for (model, valid_to) in [
            (None, None),
            (Some("KEY_MATERIAL_EXPIRES"), None),
            (Some("KEY_MATERIAL_DOES_NOT_EXPIRE"), Some(&tomorrow)),
            (Some("SOMETIMES"), Some(&tomorrow)),
        ] {
            let refused = expiry(model, valid_to, NOW);
            assert!(matches!(refused, Err(KmsError::Validation(_))), "{refused:?}");
        }
    }

    #[test]
    fn valid_to_lies_ahead_and_within_a_year() {
        let last = 1_700_000_000 + 365 * 86_400;
        assert!(expiry(None, Some(&at(last)), NOW).is_ok());
        for refused in [0, -1, i64::MIN, i64::MAX, 1_700_000_000, last + 1] {
            assert!(expiry(None, Some(&at(refused)), NOW).is_err(), "{refused}");
        }
    }

    #[test]
    fn a_key_material_id_is_64_lower_case_hex_digits() {
        assert_eq!(material_id(None), Ok(None));
        assert_eq!(
            material_id(Some(&"a".repeat(64))),
            Ok(Some(MaterialId([0xaa; 32])))
        );
        for refused in ["", "a", &"A".repeat(64), &"g".repeat(64), &"a".repeat(66)] {
            assert!(material_id(Some(refused)).is_err(), "{refused}");
        }
    }
}
