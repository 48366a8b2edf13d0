//! The operations that this service has, in one table for all adapters.

/// Hands the table to the macro `$adapter`: the method of [`Service`](super::Service), the operation's name as AWS spells it,
/// whether it is a `change` of the state or a `look` at it, and the messages of kms.proto that go in and out.
macro_rules! every_operation {
    ($adapter:ident) => {
        $adapter! {
            create_key "CreateKey" change CreateKeyRequest -> CreateKeyResponse;
            describe_key "DescribeKey" look DescribeKeyRequest -> DescribeKeyResponse;
            list_keys "ListKeys" look ListKeysRequest -> ListKeysResponse;
            enable_key "EnableKey" change EnableKeyRequest -> EnableKeyResponse;
            disable_key "DisableKey" change DisableKeyRequest -> DisableKeyResponse;
            update_key_description "UpdateKeyDescription" change
                UpdateKeyDescriptionRequest -> UpdateKeyDescriptionResponse;
            schedule_key_deletion "ScheduleKeyDeletion" change
                ScheduleKeyDeletionRequest -> ScheduleKeyDeletionResponse;
            cancel_key_deletion "CancelKeyDeletion" change CancelKeyDeletionRequest -> CancelKeyDeletionResponse;
            encrypt "Encrypt" look EncryptRequest -> EncryptResponse;
            decrypt "Decrypt" look DecryptRequest -> DecryptResponse;
            re_encrypt "ReEncrypt" look ReEncryptRequest -> ReEncryptResponse;
            generate_data_key "GenerateDataKey" look GenerateDataKeyRequest -> GenerateDataKeyResponse;
            generate_data_key_without_plaintext "GenerateDataKeyWithoutPlaintext" look
                GenerateDataKeyWithoutPlaintextRequest -> GenerateDataKeyWithoutPlaintextResponse;
            generate_data_key_pair "GenerateDataKeyPair" look
                GenerateDataKeyPairRequest -> GenerateDataKeyPairResponse;
            generate_data_key_pair_without_plaintext "GenerateDataKeyPairWithoutPlaintext" look
                GenerateDataKeyPairWithoutPlaintextRequest -> GenerateDataKeyPairWithoutPlaintextResponse;
            sign "Sign" look SignRequest -> SignResponse;
            verify "Verify" look VerifyRequest -> VerifyResponse;
            generate_mac "GenerateMac" look GenerateMacRequest -> GenerateMacResponse;
            verify_mac "VerifyMac" look VerifyMacRequest -> VerifyMacResponse;
            derive_shared_secret "DeriveSharedSecret" look DeriveSharedSecretRequest -> DeriveSharedSecretResponse;
            encapsulate "Encapsulate" look EncapsulateRequest -> EncapsulateResponse;
            decapsulate "Decapsulate" look DecapsulateRequest -> DecapsulateResponse;
            get_public_key "GetPublicKey" look GetPublicKeyRequest -> GetPublicKeyResponse;
            get_key_last_usage "GetKeyLastUsage" look GetKeyLastUsageRequest -> GetKeyLastUsageResponse;
            get_parameters_for_import "GetParametersForImport" change
                GetParametersForImportRequest -> GetParametersForImportResponse;
            import_key_material "ImportKeyMaterial" change ImportKeyMaterialRequest -> ImportKeyMaterialResponse;
            delete_imported_key_material "DeleteImportedKeyMaterial" change
                DeleteImportedKeyMaterialRequest -> DeleteImportedKeyMaterialResponse;
            generate_random "GenerateRandom" look GenerateRandomRequest -> GenerateRandomResponse;
            create_alias "CreateAlias" change CreateAliasRequest -> CreateAliasResponse;
            update_alias "UpdateAlias" change UpdateAliasRequest -> UpdateAliasResponse;
            delete_alias "DeleteAlias" change DeleteAliasRequest -> DeleteAliasResponse;
            list_aliases "ListAliases" look ListAliasesRequest -> ListAliasesResponse;
            tag_resource "TagResource" change TagResourceRequest -> TagResourceResponse;
            untag_resource "UntagResource" change UntagResourceRequest -> UntagResourceResponse;
            list_resource_tags "ListResourceTags" look ListResourceTagsRequest -> ListResourceTagsResponse;
            enable_key_rotation "EnableKeyRotation" change EnableKeyRotationRequest -> EnableKeyRotationResponse;
            disable_key_rotation "DisableKeyRotation" change
                DisableKeyRotationRequest -> DisableKeyRotationResponse;
            get_key_rotation_status "GetKeyRotationStatus" look
                GetKeyRotationStatusRequest -> GetKeyRotationStatusResponse;
            rotate_key_on_demand "RotateKeyOnDemand" change RotateKeyOnDemandRequest -> RotateKeyOnDemandResponse;
            list_key_rotations "ListKeyRotations" look ListKeyRotationsRequest -> ListKeyRotationsResponse;
            replicate_key "ReplicateKey" change ReplicateKeyRequest -> ReplicateKeyResponse;
            update_primary_region "UpdatePrimaryRegion" change
                UpdatePrimaryRegionRequest -> UpdatePrimaryRegionResponse;
        }
    };
}

pub(crate) use every_operation;

#[cfg(test)]
mod tests {
    use kms_domain::Operation;

    macro_rules! rows {
        ($($method:ident $name:literal $kind:ident $request:ident -> $response:ident;)+) => {
            const ROWS: &[(&str, &str, &str, &str, &str)] = &[$((
                stringify!($method),
                $name,
                stringify!($kind),
                stringify!($request),
                stringify!($response),
            )),+];
        };
    }

    every_operation!(rows);

    /// A change that counted as a look could be replayed.
    #[test]
    fn exactly_the_operations_that_propose_are_changes() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/operations");
        for (method, name, kind, ..) in ROWS {
            let source = std::fs::read_to_string(folder.join(format!("{method}.rs"))).unwrap();
            let proposes = source.contains(".change(");
            assert_eq!(proposes, *kind == "change", "{name}");
        }
    }

    #[test]
    fn a_row_is_an_operation_of_the_service_model_and_its_own_messages() {
        for (_, name, _, request, response) in ROWS {
            let operation: Operation = name.parse().unwrap();
            assert_eq!(*request, format!("{operation}Request"));
            assert_eq!(*response, format!("{operation}Response"));
        }
    }
}
