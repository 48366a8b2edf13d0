//! The Kms service of a node: answers with which a command can be seen to print what it was answered.

use kms_proto::kms::v1::kms_server::Kms;
use kms_proto::kms::v1::{
    self as kms, DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse, GenerateDataKeyRequest,
    GenerateDataKeyResponse, KeyListEntry, ListKeysRequest, ListKeysResponse,
};
use prost_types::Timestamp;
use tonic::{Request, Response, Status};

use crate::nodes::Service;
use crate::plain::plain;

pub(crate) const ARN: &str = "arn:aws:kms:us-east-1:111122223333:key/1";

/// Every secret that is answered.
pub(crate) const SECRET: &[u8] = b"secret-canary";

/// A signature or MAC of which the answer does not say that it is valid, as no service should answer.
pub(crate) const DOUBTFUL: &[u8] = b"doubtful";

/// Every public key that is answered: Ed25519 of RFC 8410, section 10.1.
pub(crate) const PUBLIC_KEY: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00\
    \x19\xbf\x44\x09\x69\x84\xcd\xfe\x85\x41\xba\xc1\x67\xdc\x3b\x96\
    \xc8\x50\x86\xaa\x30\xb6\xb6\xcb\x0c\x5c\x38\xad\x70\x31\x66\xe1";

/// The same as PEM.
pub(crate) const PUBLIC_KEY_PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
    -----END PUBLIC KEY-----\n";

#[tonic::async_trait]
impl Kms for Service {
    async fn encrypt(&self, request: Request<EncryptRequest>) -> Result<Response<EncryptResponse>, Status> {
        let ciphertext_blob = request
            .get_ref()
            .plaintext
            .iter()
            .map(|byte| byte ^ 0x5A)
            .collect();
        let key_id = ARN.to_owned();
        self.0
            .answer(
                "encrypt",
                &request,
                EncryptResponse {
                    ciphertext_blob,
                    key_id,
                    ..Default::default()
                },
            )
            .await
    }

    async fn decrypt(&self, request: Request<DecryptRequest>) -> Result<Response<DecryptResponse>, Status> {
        let plaintext = request
            .get_ref()
            .ciphertext_blob()
            .iter()
            .map(|byte| byte ^ 0x5A)
            .collect();
        let key_id = ARN.to_owned();
        self.0
            .answer(
                "decrypt",
                &request,
                DecryptResponse {
                    plaintext,
                    key_id,
                    ..Default::default()
                },
            )
            .await
    }

    async fn generate_data_key(
        &self,
        request: Request<GenerateDataKeyRequest>,
    ) -> Result<Response<GenerateDataKeyResponse>, Status> {
        let answer = GenerateDataKeyResponse {
            ciphertext_blob: b"wrapped".to_vec(),
            plaintext: b"data-key-canary".to_vec(),
            ..Default::default()
        };
        self.0.answer("generate_data_key", &request, answer).await
    }

    async fn list_keys(
        &self,
        request: Request<ListKeysRequest>,
    ) -> Result<Response<ListKeysResponse>, Status> {
        let first = request.get_ref().marker.is_none();
        let key_id = if first { "key-1" } else { "key-2" }.to_owned();
        let answer = ListKeysResponse {
            keys: vec![KeyListEntry {
                key_id,
                key_arn: ARN.to_owned(),
            }],
            next_marker: first.then(|| "more".to_owned()),
            truncated: first,
        };
        self.0.answer("list_keys", &request, answer).await
    }

    async fn verify(
        &self,
        request: Request<kms::VerifyRequest>,
    ) -> Result<Response<kms::VerifyResponse>, Status> {
        let answer = kms::VerifyResponse {
            key_id: ARN.to_owned(),
            signature_valid: request.get_ref().signature != DOUBTFUL,
            ..Default::default()
        };
        self.0.answer("verify", &request, answer).await
    }

    async fn verify_mac(
        &self,
        request: Request<kms::VerifyMacRequest>,
    ) -> Result<Response<kms::VerifyMacResponse>, Status> {
        let answer = kms::VerifyMacResponse {
            key_id: ARN.to_owned(),
            mac_valid: request.get_ref().mac != DOUBTFUL,
            ..Default::default()
        };
        self.0.answer("verify_mac", &request, answer).await
    }

    plain! {
        create_key: kms::CreateKeyRequest => kms::CreateKeyResponse,
        describe_key: kms::DescribeKeyRequest => kms::DescribeKeyResponse,
        enable_key: kms::EnableKeyRequest => kms::EnableKeyResponse,
        disable_key: kms::DisableKeyRequest => kms::DisableKeyResponse,
        update_key_description: kms::UpdateKeyDescriptionRequest => kms::UpdateKeyDescriptionResponse,
        schedule_key_deletion: kms::ScheduleKeyDeletionRequest => kms::ScheduleKeyDeletionResponse,
        cancel_key_deletion: kms::CancelKeyDeletionRequest => kms::CancelKeyDeletionResponse,
        re_encrypt: kms::ReEncryptRequest => kms::ReEncryptResponse {
            ciphertext_blob: b"re-encrypted".to_vec(),
            key_id: ARN.to_owned(),
        },
        generate_data_key_without_plaintext:
            kms::GenerateDataKeyWithoutPlaintextRequest => kms::GenerateDataKeyWithoutPlaintextResponse,
        generate_data_key_pair: kms::GenerateDataKeyPairRequest => kms::GenerateDataKeyPairResponse {
            private_key_ciphertext_blob: b"wrapped".to_vec(),
            private_key_plaintext: SECRET.to_vec(),
            public_key: PUBLIC_KEY.to_vec(),
            key_id: ARN.to_owned(),
            key_pair_spec: "ECC_NIST_P256".to_owned(),
        },
        generate_data_key_pair_without_plaintext: kms::GenerateDataKeyPairWithoutPlaintextRequest
            => kms::GenerateDataKeyPairWithoutPlaintextResponse {
            private_key_ciphertext_blob: b"wrapped".to_vec(),
            public_key: PUBLIC_KEY.to_vec(),
            key_id: ARN.to_owned(),
        },
        sign: kms::SignRequest => kms::SignResponse { key_id: ARN.to_owned(), signature: b"signature".to_vec() },
        generate_mac: kms::GenerateMacRequest => kms::GenerateMacResponse {
            mac: b"mac".to_vec(),
            key_id: ARN.to_owned(),
        },
        derive_shared_secret: kms::DeriveSharedSecretRequest => kms::DeriveSharedSecretResponse {
            key_id: ARN.to_owned(),
            shared_secret: SECRET.to_vec(),
        },
        encapsulate: kms::EncapsulateRequest => kms::EncapsulateResponse {
            key_id: ARN.to_owned(),
            shared_secret: SECRET.to_vec(),
            shared_secret_ciphertext_blob: b"encapsulated".to_vec(),
        },
        decapsulate: kms::DecapsulateRequest => kms::DecapsulateResponse {
            key_id: ARN.to_owned(),
            shared_secret: SECRET.to_vec(),
        },
        get_public_key: kms::GetPublicKeyRequest => kms::GetPublicKeyResponse {
            key_id: ARN.to_owned(),
            public_key: PUBLIC_KEY.to_vec(),
            signing_algorithms: vec!["ED25519_SHA_512".to_owned()],
        },
        get_key_last_usage: kms::GetKeyLastUsageRequest => kms::GetKeyLastUsageResponse {
            key_id: ARN.to_owned(),
            key_last_usage: Some(kms::KeyLastUsageData {
                operation: Some("Sign".to_owned()),
                timestamp: Some(Timestamp { seconds: 1_764_000_000, nanos: 0 }),
                ..Default::default()
            }),
        },
        get_parameters_for_import: kms::GetParametersForImportRequest => kms::GetParametersForImportResponse {
            key_id: ARN.to_owned(),
            import_token: b"token".to_vec(),
            public_key: PUBLIC_KEY.to_vec(),
        },
        import_key_material: kms::ImportKeyMaterialRequest => kms::ImportKeyMaterialResponse {
            key_id: ARN.to_owned(),
            key_material_id: Some("ab".repeat(32)),
        },
        delete_imported_key_material:
            kms::DeleteImportedKeyMaterialRequest => kms::DeleteImportedKeyMaterialResponse {
            key_id: ARN.to_owned(),
            key_material_id: Some("ab".repeat(32)),
        },
        generate_random: kms::GenerateRandomRequest => kms::GenerateRandomResponse,
        create_alias: kms::CreateAliasRequest => kms::CreateAliasResponse,
        update_alias: kms::UpdateAliasRequest => kms::UpdateAliasResponse,
        delete_alias: kms::DeleteAliasRequest => kms::DeleteAliasResponse,
        list_aliases: kms::ListAliasesRequest => kms::ListAliasesResponse,
        tag_resource: kms::TagResourceRequest => kms::TagResourceResponse,
        untag_resource: kms::UntagResourceRequest => kms::UntagResourceResponse,
        list_resource_tags: kms::ListResourceTagsRequest => kms::ListResourceTagsResponse,
        enable_key_rotation: kms::EnableKeyRotationRequest => kms::EnableKeyRotationResponse,
        disable_key_rotation: kms::DisableKeyRotationRequest => kms::DisableKeyRotationResponse,
        get_key_rotation_status: kms::GetKeyRotationStatusRequest => kms::GetKeyRotationStatusResponse,
        rotate_key_on_demand: kms::RotateKeyOnDemandRequest => kms::RotateKeyOnDemandResponse,
        list_key_rotations: kms::ListKeyRotationsRequest => kms::ListKeyRotationsResponse,
        replicate_key: kms::ReplicateKeyRequest => kms::ReplicateKeyResponse,
        update_primary_region: kms::UpdatePrimaryRegionRequest => kms::UpdatePrimaryRegionResponse,
    }
}
