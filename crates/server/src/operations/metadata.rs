//! KeyMetadata: a key as callers see it.

use kms_domain::State;
use kms_domain::key::{DeletionDeadline, Key};
use kms_domain::key_states::KeyState;
use kms_domain::multi_region::{MultiRegion, Role, is_protected};
use kms_domain::vocabulary::{AccountId, KeyArn, KeyId, KeySpec, RegionName, Timestamp};
use kms_proto::kms::v1;

/// A timestamp as protobuf carries it.
pub fn timestamp(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: i64::try_from(at.0 / 1_000).unwrap_or(i64::MAX),
        nanos: i32::try_from(at.0 % 1_000).unwrap_or(0) * 1_000_000,
    }
}

/// A key of this region.
pub fn key_metadata(state: &State, key: &Key, arn: &KeyArn) -> v1::KeyMetadata {
    let key_state = key.state();
    let deletion = key.deletion.as_ref();
    let current = key.current_material.and_then(|id| state.material(&key.name, &id));
    let imported = current
        .filter(|material| material.wrapped.is_some())
        .and_then(|material| material.imported.as_ref());
    let awaits_replicas = deletion.is_some_and(|d| d.deadline == DeletionDeadline::AwaitingReplicas);
    v1::KeyMetadata {
        aws_account_id: arn.account.to_string(),
        key_id: arn.key_id.to_string(),
        arn: arn.to_string(),
        creation_date: Some(timestamp(key.creation_date)),
        enabled: matches!(key_state, KeyState::Enabled | KeyState::Updating),
        description: key.description.clone(),
        key_usage: key.usage.to_string(),
        key_state: key_state.as_str().to_owned(),
        deletion_date: deletion
            .and_then(|d| d.shown_date)
            .filter(|_| !awaits_replicas)
            .map(timestamp),
        origin: key.origin.to_string(),
        key_manager: "CUSTOMER".to_owned(),
        customer_master_key_spec: older_spec_name(key.spec),
        key_spec: key.spec.to_string(),
        encryption_algorithms: names(key.spec.encryption_algorithms(key.usage)),
        signing_algorithms: names(key.spec.signing_algorithms(key.usage)),
        mac_algorithms: names(key.spec.mac_algorithms(key.usage)),
        key_agreement_algorithms: names(key.spec.key_agreement_algorithms(key.usage)),
        encapsulation_algorithms: names(key.spec.encapsulation_algorithms(key.usage)),
        expiration_model: imported.map(|i| expiration_model(i.expires).to_owned()),
        valid_to: imported.and_then(|i| i.expires).map(timestamp),
        multi_region: Some(key.multi_region.is_some()),
        multi_region_configuration: key.multi_region.as_ref().map(|m| configuration(m, arn)),
        pending_deletion_window_in_days: deletion
            .filter(|_| awaits_replicas)
            .and_then(|d| i32::try_from(d.pending_window_days).ok()),
        current_key_material_id: (key.spec == KeySpec::SymmetricDefault && key_state != KeyState::Creating)
            .then(|| key.current_material.map(|id| id.to_string()))
            .flatten(),
        protected: key.multi_region.is_some().then(|| is_protected(state, &key.name)),
        ..Default::default()
    }
}

/// A replica as ReplicateKey answers it: Creating, and known only by what the primary knows.
pub fn replica_metadata(
    primary: &Key,
    primary_arn: &KeyArn,
    region: &RegionName,
    description: &str,
    created: Timestamp,
) -> v1::KeyMetadata {
    let arn = KeyArn {
        region: region.clone(),
        ..primary_arn.clone()
    };
    let configuration = primary
        .multi_region
        .as_ref()
        .map(|m| v1::MultiRegionConfiguration {
            multi_region_key_type: "REPLICA".to_owned(),
            ..configuration(m, primary_arn)
        });
    v1::KeyMetadata {
        aws_account_id: arn.account.to_string(),
        key_id: arn.key_id.to_string(),
        arn: arn.to_string(),
        creation_date: Some(timestamp(created)),
        enabled: false,
        description: description.to_owned(),
        key_usage: primary.usage.to_string(),
        key_state: KeyState::Creating.as_str().to_owned(),
        origin: primary.origin.to_string(),
        key_manager: "CUSTOMER".to_owned(),
        customer_master_key_spec: older_spec_name(primary.spec),
        key_spec: primary.spec.to_string(),
        encryption_algorithms: names(primary.spec.encryption_algorithms(primary.usage)),
        signing_algorithms: names(primary.spec.signing_algorithms(primary.usage)),
        mac_algorithms: names(primary.spec.mac_algorithms(primary.usage)),
        key_agreement_algorithms: names(primary.spec.key_agreement_algorithms(primary.usage)),
        encapsulation_algorithms: names(primary.spec.encapsulation_algorithms(primary.usage)),
        multi_region: Some(true),
        multi_region_configuration: configuration,
        ..Default::default()
    }
}

fn configuration(multi_region: &MultiRegion, arn: &KeyArn) -> v1::MultiRegionConfiguration {
    let kind = match multi_region.role {
        Role::Primary => "PRIMARY",
        Role::Replica => "REPLICA",
    };
    let entry = |region: &RegionName| multi_region_key(region, arn.account, arn.key_id);
    v1::MultiRegionConfiguration {
        multi_region_key_type: kind.to_owned(),
        primary_key: Some(entry(&multi_region.epoch.region)),
        replica_keys: multi_region.replicas.keys().map(entry).collect(),
    }
}

fn multi_region_key(region: &RegionName, account: AccountId, key_id: KeyId) -> v1::MultiRegionKey {
    let arn = KeyArn {
        region: region.clone(),
        account,
        key_id,
    };
    v1::MultiRegionKey {
        arn: arn.to_string(),
        region: region.to_string(),
    }
}

/// The service model's word for whether imported material expires.
pub fn expiration_model(expires: Option<Timestamp>) -> &'static str {
    match expires {
        Some(_) => "KEY_MATERIAL_EXPIRES",
        None => "KEY_MATERIAL_DOES_NOT_EXPIRE",
    }
}

/// Names as the service model spells them.
pub fn names<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(T::to_string).collect()
}

/// `CustomerMasterKeySpec`, the older name of `KeySpec`: it ends before Edwards25519 and the post-quantum specs.
pub fn older_spec_name(spec: KeySpec) -> Option<String> {
    let newer = matches!(
        spec,
        KeySpec::EccNistEdwards25519
            | KeySpec::MlDsa44
            | KeySpec::MlDsa65
            | KeySpec::MlDsa87
            | KeySpec::MlKem512
            | KeySpec::MlKem768
            | KeySpec::MlKem1024
    );
    (!newer).then(|| spec.to_string())
}
