//! Importing key material as a caller does: ask for parameters, wrap by another implementation, import.

use crate::calls::patiently;
use crate::support::CALL;
use anyhow::Context;
use kms_proto::kms::v1::*;
use kms_tests::client::Kms;
use kms_tests::interop::Peer;
use kms_tests::ledger::within;
use tonic::Status;

pub(crate) const WRAPPING_ALGORITHMS: [&str; 4] = [
    "RSAES_OAEP_SHA_1",
    "RSAES_OAEP_SHA_256",
    "RSA_AES_KEY_WRAP_SHA_1",
    "RSA_AES_KEY_WRAP_SHA_256",
];
/// Takes material of every spec and length.
pub(crate) const USUAL_ALGORITHM: &str = "RSA_AES_KEY_WRAP_SHA_256";
/// Made soonest.
pub(crate) const USUAL_WRAPPING_KEY: &str = "RSA_2048";
pub(crate) const NEW: &str = "NEW_KEY_MATERIAL";
pub(crate) const EXISTING: &str = "EXISTING_KEY_MATERIAL";
pub(crate) const NEVER_EXPIRES: &str = "KEY_MATERIAL_DOES_NOT_EXPIRE";

/// What GetParametersForImport answered, and for which algorithm.
pub(crate) struct Parameters {
    pub(crate) key_id: String,
    pub(crate) token: Vec<u8>,
    pub(crate) public_key: Vec<u8>,
    pub(crate) algorithm: String,
}

pub(crate) async fn get_parameters(
    kms: &mut Kms,
    key_id: &str,
    algorithm: &str,
    wrapping_key: &str,
) -> Result<Parameters, Status> {
    let request = GetParametersForImportRequest {
        key_id: key_id.to_owned(),
        wrapping_algorithm: algorithm.to_owned(),
        wrapping_key_spec: wrapping_key.to_owned(),
    };
    let asked = patiently(async || kms.get_parameters_for_import(within(request.clone(), CALL)).await);
    let answer = asked.await?.into_inner();
    Ok(Parameters {
        key_id: key_id.to_owned(),
        token: answer.import_token,
        public_key: answer.public_key,
        algorithm: algorithm.to_owned(),
    })
}

pub(crate) async fn usual_parameters(kms: &mut Kms, key_id: &str) -> anyhow::Result<Parameters> {
    get_parameters(kms, key_id, USUAL_ALGORITHM, USUAL_WRAPPING_KEY)
        .await
        .context("GetParametersForImport")
}

impl Parameters {
    /// A request that imports this material, which never expires.
    pub(crate) async fn request(
        &self,
        peer: &mut Peer,
        material: &[u8],
    ) -> anyhow::Result<ImportKeyMaterialRequest> {
        let wrapped = peer.wrap(&self.public_key, &self.algorithm, material).await?;
        Ok(self.request_of(wrapped))
    }

    /// A request that imports what these bytes unwrap to.
    pub(crate) fn request_of(&self, wrapped: Vec<u8>) -> ImportKeyMaterialRequest {
        ImportKeyMaterialRequest {
            key_id: self.key_id.clone(),
            import_token: self.token.clone(),
            encrypted_key_material: wrapped,
            expiration_model: Some(NEVER_EXPIRES.to_owned()),
            ..Default::default()
        }
    }
}

pub(crate) async fn import(
    kms: &mut Kms,
    request: ImportKeyMaterialRequest,
) -> Result<ImportKeyMaterialResponse, Status> {
    let answer = kms.import_key_material(within(request, CALL)).await?;
    Ok(answer.into_inner())
}

/// Asks for parameters and gives a request that imports this material.
pub(crate) async fn import_request(
    kms: &mut Kms,
    peer: &mut Peer,
    key_id: &str,
    material: &[u8],
) -> anyhow::Result<ImportKeyMaterialRequest> {
    let parameters = usual_parameters(kms, key_id).await?;
    parameters.request(peer, material).await
}

/// Imports material that never expires, and gives its id.
pub(crate) async fn import_material(
    kms: &mut Kms,
    peer: &mut Peer,
    key_id: &str,
    material: &[u8],
) -> anyhow::Result<Option<String>> {
    let request = import_request(kms, peer, key_id, material).await?;
    Ok(import(kms, request).await?.key_material_id)
}

/// As [`import_material`], with an import type.
pub(crate) async fn import_as(
    kms: &mut Kms,
    peer: &mut Peer,
    key_id: &str,
    material: &[u8],
    import_type: &str,
) -> anyhow::Result<Result<ImportKeyMaterialResponse, Status>> {
    let request = ImportKeyMaterialRequest {
        import_type: Some(import_type.to_owned()),
        ..import_request(kms, peer, key_id, material).await?
    };
    Ok(import(kms, request).await)
}

/// Deletes a material, the current one unless another is named.
pub(crate) async fn delete_material(
    kms: &mut Kms,
    key_id: &str,
    material_id: Option<&str>,
) -> Result<DeleteImportedKeyMaterialResponse, Status> {
    let request = DeleteImportedKeyMaterialRequest {
        key_id: key_id.to_owned(),
        key_material_id: material_id.map(str::to_owned),
    };
    let answer = kms.delete_imported_key_material(within(request, CALL)).await?;
    Ok(answer.into_inner())
}

/// All materials of a key, oldest first.
pub(crate) async fn materials(kms: &mut Kms, key_id: &str) -> Result<Vec<RotationsListEntry>, Status> {
    let request = ListKeyRotationsRequest {
        key_id: key_id.to_owned(),
        include_key_material: Some("ALL_KEY_MATERIAL".to_owned()),
        ..Default::default()
    };
    let answer = kms.list_key_rotations(within(request, CALL)).await?;
    Ok(answer.into_inner().rotations)
}

pub(crate) async fn rotate_now(kms: &mut Kms, key_id: &str) -> Result<(), Status> {
    let request = RotateKeyOnDemandRequest {
        key_id: key_id.to_owned(),
    };
    kms.rotate_key_on_demand(within(request, CALL)).await.map(drop)
}
