//! CreateKey: makes a KMS key in this region.

use super::Call;
use super::authorization::{allow_in_account, region_of};
use super::change::Decided;
use super::metadata::key_metadata;
use super::service::{Service, request_key};
use super::validation::{constraint, one_of, tags, text_within};
use crate::errors::OperationError;
use kms_crypto::KeyMaterial;
use kms_domain::command::{CreateKey, NewMaterial};
use kms_domain::commands::rules::{check_policy, tags_from_list};
use kms_domain::key::KeyName;
use kms_domain::key_states::Operation;
use kms_domain::limits::DESCRIPTION_CHARS_MAX;
use kms_domain::vocabulary::tags::Tags;
use kms_domain::vocabulary::{KeyArn, KeyId, KeyOrigin, KeySpec, KeyUsage, MaterialId};
use kms_domain::{Command, Guard, KmsError, Reply, State};
use kms_proto::kms::v1;
use std::sync::Arc;

/// What the caller asked for, parsed.
struct Wanted {
    spec: KeySpec,
    usage: KeyUsage,
    origin: KeyOrigin,
    description: String,
    policy: String,
    tags: Tags,
    multi_region: bool,
}

impl Service {
    /// Makes a key and its first material.
    pub async fn create_key(
        &self,
        call: &Call,
        request: v1::CreateKeyRequest,
    ) -> Result<v1::CreateKeyResponse, OperationError> {
        const OPERATION: Operation = Operation::CreateKey;
        let account = call.account();
        let wanted = parse(&request)?;
        let random = self.keyring.random_bytes::<16>();
        let key_id = if wanted.multi_region {
            KeyId::multi_region(random)
        } else {
            KeyId::uuid(uuid_v4(random))
        };
        let name = KeyName { account, key_id };
        let material = self.first_material(call, &request, &wanted).await?;
        let (reply, view) = self
            .change(
                call,
                OPERATION,
                &request,
                |state| allow_in_account(state, call, OPERATION),
                |state, authorized| {
                    self.decide_create_key(state, name, &wanted, material.as_ref(), authorized)
                },
            )
            .await?;
        let Reply::KeyCreated { key_id } = reply else {
            return Err(KmsError::Internal("CreateKey was answered with another reply".into()).into());
        };
        let state = &view.state;
        let arn = KeyArn {
            region: region_of(state)?.clone(),
            account,
            key_id,
        };
        let key = state
            .key(&KeyName { account, key_id })
            .ok_or_else(|| KmsError::KeyNotFound(arn.clone()))?;
        Ok(v1::CreateKeyResponse {
            key_metadata: Some(key_metadata(state, key, &arn)),
        })
    }

    /// The key's first material, unless it is to be imported, or the key was made when the same request came before. It is
    /// made for callers who may make keys, and RSA material away from the async workers.
    async fn first_material(
        &self,
        call: &Call,
        request: &v1::CreateKeyRequest,
        wanted: &Wanted,
    ) -> Result<Option<(MaterialId, KeyMaterial)>, OperationError> {
        if wanted.origin != KeyOrigin::AwsKms {
            return Ok(None);
        }
        let (keyring, spec) = (Arc::clone(&self.keyring), wanted.spec);
        let generate = move || keyring.with_rng(|rng| KeyMaterial::generate(spec, rng));
        let material = if spec.is_rsa() {
            let repeated = request_key(call, Operation::CreateKey, request);
            let made_before = self
                .look(call, |state| {
                    allow_in_account(state, call, Operation::CreateKey)?;
                    Ok(state.remembered(call.principal(), &repeated).is_some())
                })
                .await?;
            if made_before {
                return Ok(None);
            }
            self.generation.run(call, generate).await?
        } else {
            generate()
        };
        Ok(Some((MaterialId(self.keyring.random_bytes()), material?)))
    }

    fn decide_create_key(
        &self,
        state: &State,
        name: KeyName,
        wanted: &Wanted,
        material: Option<&(MaterialId, KeyMaterial)>,
        authorized: &Guard,
    ) -> Result<Decided, OperationError> {
        let mut guard = authorized.clone();
        guard.keys.push((name, None));
        let material = match material {
            Some((material_id, material)) => {
                let (material_id, origin) = (*material_id, wanted.origin);
                let wrapped = self
                    .keyring
                    .wrap_material(state, name, material_id, origin, material)?;
                guard.wrapping_key = Some(wrapped.wrapping_key);
                Some(NewMaterial { material_id, wrapped })
            }
            None => None,
        };
        let command = CreateKey {
            name,
            spec: wanted.spec,
            usage: wanted.usage,
            origin: wanted.origin,
            description: wanted.description.clone(),
            policy: wanted.policy.clone(),
            tags: wanted.tags.clone(),
            multi_region: wanted
                .multi_region
                .then(|| kms_domain::vocabulary::Incarnation(self.keyring.random_bytes::<16>())),
            material,
        };
        Ok(Decided {
            guard,
            command: Command::CreateKey(Box::new(command)),
        })
    }
}

fn parse(request: &v1::CreateKeyRequest) -> Result<Wanted, OperationError> {
    if request.key_spec.is_some() && request.customer_master_key_spec.is_some() {
        let text = "You cannot specify KeySpec and CustomerMasterKeySpec in the same request.";
        return Err(KmsError::Validation(text.into()).into());
    }
    let spec_text = request
        .key_spec
        .as_ref()
        .or(request.customer_master_key_spec.as_ref());
    let spec = match spec_text.map(String::as_str) {
        None => KeySpec::SymmetricDefault,
        Some("SM2") => {
            return Err(KmsError::UnsupportedOperation(
                "KeySpec SM2 is not supported in this region.".into(),
            )
            .into());
        }
        Some(text) => one_of("keySpec", text, KeySpec::ALL, KeySpec::as_str)?,
    };
    let usage = match &request.key_usage {
        Some(text) => one_of("keyUsage", text, KeyUsage::ALL, KeyUsage::as_str)?,
        None => spec.default_usage().ok_or_else(|| {
            let text =
                "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.";
            KmsError::Validation(text.into())
        })?,
    };
    let origin = match &request.origin {
        None => KeyOrigin::AwsKms,
        Some(text) => one_of("origin", text, KeyOrigin::ALL, KeyOrigin::as_str)?,
    };
    if request.custom_key_store_id.is_some() || request.xks_key_id.is_some() {
        return Err(KmsError::UnsupportedOperation("Custom key stores are not supported yet.".into()).into());
    }
    if !spec.usages().contains(&usage) {
        return Err(
            KmsError::Validation(format!("KeyUsage {usage} is not compatible with KeySpec {spec}")).into(),
        );
    }
    check_origin(spec, origin)?;
    let description = request.description.clone().unwrap_or_default();
    text_within("description", &description, 0, DESCRIPTION_CHARS_MAX)?;
    Ok(Wanted {
        spec,
        usage,
        origin,
        description,
        policy: policy(request.policy.as_deref())?,
        tags: tags_from_list(&tags(request.tags.clone())?)?,
        multi_region: request.multi_region.unwrap_or(false),
    })
}

/// Material is made here or imported; custom key stores do not exist yet.
fn check_origin(spec: KeySpec, origin: KeyOrigin) -> Result<(), KmsError> {
    match origin {
        KeyOrigin::AwsKms => Ok(()),
        KeyOrigin::External if spec.can_be_imported() => Ok(()),
        KeyOrigin::External => Err(KmsError::UnsupportedOperation(format!(
            "KeySpec {spec} is not supported for Origin {origin}."
        ))),
        KeyOrigin::AwsCloudHsm | KeyOrigin::ExternalKeyStore => Err(KmsError::UnsupportedOperation(format!(
            "Origin {origin} is not supported yet."
        ))),
    }
}

/// A key policy document is kept as given. It is bounded here; it does not decide anything yet.
pub(super) fn policy(document: Option<&str>) -> Result<String, KmsError> {
    let Some(document) = document else {
        return Ok(String::new());
    };
    if document.is_empty() {
        return Err(constraint(
            "policy",
            "",
            "Member must have length greater than or equal to 1",
        ));
    }
    check_policy(document)?;
    Err(KmsError::UnsupportedOperation(
        "Key policies are not supported yet: every key has the default policy.".into(),
    ))
}

/// Version and variant bits of RFC 9562, so that clients which look at them find a random UUID.
fn uuid_v4(mut bytes: [u8; 16]) -> [u8; 16] {
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    bytes
}
