//! ListKeyRotations: a key's rotations, or all its materials.

use super::Call;
use super::authorization::{AuthorizedKey, authorize_key};
use super::metadata::{expiration_model, timestamp};
use super::page::Listing;
use super::service::Service;
use super::validation::{KeyForms, constraint};
use crate::errors::OperationError;
use kms_domain::key::{Key, Material, RotationKind};
use kms_domain::key_states::{Operation, check_state};
use kms_domain::multi_region::rotation_blocked_by;
use kms_domain::vocabulary::KeySpec;
use kms_domain::{KmsError, State};
use kms_proto::kms::v1;

impl Service {
    /// A key's rotations, oldest first; with ALL_KEY_MATERIAL also its first and its pending material.
    pub async fn list_key_rotations(
        &self,
        call: &Call,
        request: v1::ListKeyRotationsRequest,
    ) -> Result<v1::ListKeyRotationsResponse, OperationError> {
        const OPERATION: Operation = Operation::ListKeyRotations;
        let all = match request.include_key_material.as_deref() {
            None | Some("ROTATIONS_ONLY") => false,
            Some("ALL_KEY_MATERIAL") => true,
            Some(other) => {
                let set = "Member must satisfy enum value set: [ALL_KEY_MATERIAL, ROTATIONS_ONLY]";
                return Err(constraint("includeKeyMaterial", other, set).into());
            }
        };
        let listing = Listing::new("ListKeyRotations", call.account(), request.limit, 100, 1_000)?;
        let after = self.position(&listing, request.marker.as_deref())?;
        let from = match after {
            None => 0,
            Some(text) => text
                .parse::<u64>()
                .map_err(|_| KmsError::InvalidMarker)?
                .saturating_add(1),
        };
        self.look(call, |state| {
            let key = authorize_key(
                state,
                call,
                OPERATION,
                "keyId",
                &request.key_id,
                KeyForms::IdOrArn,
            )?;
            check_state(&key.key, OPERATION, &key.arn)?;
            if key.key.spec != KeySpec::SymmetricDefault {
                // As AWS KMS answers every rotation of a key whose spec does not rotate.
                return Err(KmsError::UnsupportedOperation(String::new()).into());
            }
            let page = self.page(
                &listing,
                state
                    .materials_of(key.name, from)
                    .filter(|m| all || m.rotation_date.is_some()),
                |material| material.sequence.to_string(),
                |material| entry(state, &key, material),
            );
            Ok(v1::ListKeyRotationsResponse {
                truncated: page.next_marker.is_some(),
                rotations: page.entries,
                next_marker: page.next_marker,
            })
        })
        .await
    }
}

fn entry(state: &State, key: &AuthorizedKey, material: &Material) -> v1::RotationsListEntry {
    let material_state = material_state(state, &key.key, material);
    let kind = material.rotation_kind.map(|kind| match kind {
        RotationKind::Automatic => "AUTOMATIC",
        RotationKind::OnDemand => "ON_DEMAND",
    });
    let imported = material.imported.as_ref();
    let here = material.wrapped.is_some();
    let expires = imported.filter(|_| here).map(|imported| imported.expires);
    v1::RotationsListEntry {
        key_id: key.arn.to_string(),
        key_material_id: Some(material.material_id.to_string()),
        key_material_description: imported
            .map(|imported| imported.description.clone())
            .filter(|description| !description.is_empty()),
        import_state: imported.map(|_| if here { "IMPORTED" } else { "PENDING_IMPORT" }.to_owned()),
        key_material_state: Some(material_state.to_owned()),
        expiration_model: expires.map(|at| expiration_model(at).to_owned()),
        valid_to: expires.flatten().map(timestamp),
        rotation_date: material.rotation_date.map(timestamp),
        rotation_type: kind.map(str::to_owned),
    }
}

/// CURRENT encrypts; the others decrypt, or wait to become current.
fn material_state(state: &State, key: &Key, material: &Material) -> &'static str {
    let id = Some(material.material_id);
    if key.current_material == id {
        return "CURRENT";
    }
    if key.imported_pending() == id {
        // A replica knows of itself only; so does a primary that has lost the bytes since.
        let here = material.wrapped.is_some() || key.multi_region.is_none();
        return if here && rotation_blocked_by(state, &key.name).is_empty() {
            "PENDING_ROTATION"
        } else {
            "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"
        };
    }
    match &key.rotation.pending {
        Some(pending) if Some(pending.material_id) == id => "PENDING_ROTATION",
        _ => "NON_CURRENT",
    }
}
