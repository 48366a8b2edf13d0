//! The shapes of the service model that this API has: which field of a message is which member. One table; that it has
//! every message and every field is checked by the compiler (a field that is forgotten here does not compile) and by
//! `tests.rs` (a message that is forgotten, or a name that is not the field's).

use super::codec::{Reading, Shape, Writing, WrongType};
use super::value::Members;
use kms_proto::kms::v1;

macro_rules! shown_always {
    () => {
        false
    };
    (always) => {
        true
    };
}

/// `field: "Member"`; `always` after it makes a list required in a request, and shown even when it is empty in an answer.
macro_rules! shapes {
    ($($shape:ident { $($field:ident: $name:literal $($always:ident)?),* $(,)? })+) => {
        $(impl Shape for v1::$shape {
            const MEMBERS: &'static [(&'static str, &'static str)] = &[$((stringify!($field), $name)),*];

            #[allow(unused_mut, unused_variables, reason = "some shapes have no members")]
            fn read_members(mut given: Members<'_>, reading: &mut Reading) -> Result<Self, WrongType> {
                Ok(Self {
                    $($field: reading.member(&mut given, $name, shown_always!($($always)?))?,)*
                })
            }

            #[allow(unused_variables, reason = "some shapes have no members")]
            fn write_members(&self, writing: &mut Writing<'_>) {
                let Self { $($field),* } = self;
                $(writing.member($name, $field, shown_always!($($always)?));)*
            }
        })+

        /// Each message with its fields and members.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &[(&str, &str)])] =
            &[$((stringify!($shape), <v1::$shape as Shape>::MEMBERS)),+];
    };
}

shapes! {
    Tag {
        tag_key: "TagKey",
        tag_value: "TagValue",
    }
    MultiRegionKey {
        arn: "Arn",
        region: "Region",
    }
    MultiRegionConfiguration {
        multi_region_key_type: "MultiRegionKeyType",
        primary_key: "PrimaryKey",
        replica_keys: "ReplicaKeys" always,
    }
    XksKeyConfiguration {
        id: "Id",
    }
    KeyMetadata {
        aws_account_id: "AWSAccountId",
        key_id: "KeyId",
        arn: "Arn",
        creation_date: "CreationDate",
        enabled: "Enabled",
        description: "Description",
        key_usage: "KeyUsage",
        key_state: "KeyState",
        deletion_date: "DeletionDate",
        valid_to: "ValidTo",
        origin: "Origin",
        custom_key_store_id: "CustomKeyStoreId",
        cloud_hsm_cluster_id: "CloudHsmClusterId",
        expiration_model: "ExpirationModel",
        key_manager: "KeyManager",
        customer_master_key_spec: "CustomerMasterKeySpec",
        key_spec: "KeySpec",
        encryption_algorithms: "EncryptionAlgorithms",
        signing_algorithms: "SigningAlgorithms",
        key_agreement_algorithms: "KeyAgreementAlgorithms",
        encapsulation_algorithms: "EncapsulationAlgorithms",
        multi_region: "MultiRegion",
        multi_region_configuration: "MultiRegionConfiguration",
        pending_deletion_window_in_days: "PendingDeletionWindowInDays",
        mac_algorithms: "MacAlgorithms",
        xks_key_configuration: "XksKeyConfiguration",
        current_key_material_id: "CurrentKeyMaterialId",
        protected: "-",
    }
    CreateKeyRequest {
        policy: "Policy",
        description: "Description",
        key_usage: "KeyUsage",
        customer_master_key_spec: "CustomerMasterKeySpec",
        key_spec: "KeySpec",
        origin: "Origin",
        custom_key_store_id: "CustomKeyStoreId",
        bypass_policy_lockout_safety_check: "BypassPolicyLockoutSafetyCheck",
        tags: "Tags",
        multi_region: "MultiRegion",
        xks_key_id: "XksKeyId",
    }
    CreateKeyResponse {
        key_metadata: "KeyMetadata",
    }
    DescribeKeyRequest {
        key_id: "KeyId",
        grant_tokens: "GrantTokens",
    }
    DescribeKeyResponse {
        key_metadata: "KeyMetadata",
    }
    ListKeysRequest {
        limit: "Limit",
        marker: "Marker",
        resource_owners: "ResourceOwners",
    }
    KeyListEntry {
        key_id: "KeyId",
        key_arn: "KeyArn",
    }
    ListKeysResponse {
        keys: "Keys" always,
        next_marker: "NextMarker",
        truncated: "Truncated",
    }
    EnableKeyRequest {
        key_id: "KeyId",
    }
    EnableKeyResponse {}
    DisableKeyRequest {
        key_id: "KeyId",
    }
    DisableKeyResponse {}
    UpdateKeyDescriptionRequest {
        key_id: "KeyId",
        description: "Description",
    }
    UpdateKeyDescriptionResponse {}
    ScheduleKeyDeletionRequest {
        key_id: "KeyId",
        pending_window_in_days: "PendingWindowInDays",
    }
    ScheduleKeyDeletionResponse {
        key_id: "KeyId",
        deletion_date: "DeletionDate",
        key_state: "KeyState",
        pending_window_in_days: "PendingWindowInDays",
    }
    CancelKeyDeletionRequest {
        key_id: "KeyId",
    }
    CancelKeyDeletionResponse {
        key_id: "KeyId",
    }
    RecipientInfo {
        key_encryption_algorithm: "KeyEncryptionAlgorithm",
        attestation_document: "AttestationDocument",
    }
    EncryptRequest {
        key_id: "KeyId",
        plaintext: "Plaintext",
        encryption_context: "EncryptionContext",
        grant_tokens: "GrantTokens",
        encryption_algorithm: "EncryptionAlgorithm",
        dry_run: "DryRun",
    }
    EncryptResponse {
        ciphertext_blob: "CiphertextBlob",
        key_id: "KeyId",
        encryption_algorithm: "EncryptionAlgorithm",
    }
    DecryptRequest {
        ciphertext_blob: "CiphertextBlob",
        encryption_context: "EncryptionContext",
        grant_tokens: "GrantTokens",
        key_id: "KeyId",
        encryption_algorithm: "EncryptionAlgorithm",
        recipient: "Recipient",
        dry_run: "DryRun",
        dry_run_modifiers: "DryRunModifiers",
    }
    DecryptResponse {
        key_id: "KeyId",
        plaintext: "Plaintext",
        encryption_algorithm: "EncryptionAlgorithm",
        ciphertext_for_recipient: "CiphertextForRecipient",
        key_material_id: "KeyMaterialId",
    }
    ReEncryptRequest {
        ciphertext_blob: "CiphertextBlob",
        source_encryption_context: "SourceEncryptionContext",
        source_key_id: "SourceKeyId",
        destination_key_id: "DestinationKeyId",
        destination_encryption_context: "DestinationEncryptionContext",
        source_encryption_algorithm: "SourceEncryptionAlgorithm",
        destination_encryption_algorithm: "DestinationEncryptionAlgorithm",
        grant_tokens: "GrantTokens",
        dry_run: "DryRun",
        dry_run_modifiers: "DryRunModifiers",
    }
    ReEncryptResponse {
        ciphertext_blob: "CiphertextBlob",
        source_key_id: "SourceKeyId",
        key_id: "KeyId",
        source_encryption_algorithm: "SourceEncryptionAlgorithm",
        destination_encryption_algorithm: "DestinationEncryptionAlgorithm",
        source_key_material_id: "SourceKeyMaterialId",
        destination_key_material_id: "DestinationKeyMaterialId",
    }
    GenerateDataKeyRequest {
        key_id: "KeyId",
        encryption_context: "EncryptionContext",
        number_of_bytes: "NumberOfBytes",
        key_spec: "KeySpec",
        grant_tokens: "GrantTokens",
        recipient: "Recipient",
        dry_run: "DryRun",
    }
    GenerateDataKeyResponse {
        ciphertext_blob: "CiphertextBlob",
        plaintext: "Plaintext",
        key_id: "KeyId",
        ciphertext_for_recipient: "CiphertextForRecipient",
        key_material_id: "KeyMaterialId",
    }
    GenerateDataKeyWithoutPlaintextRequest {
        key_id: "KeyId",
        encryption_context: "EncryptionContext",
        key_spec: "KeySpec",
        number_of_bytes: "NumberOfBytes",
        grant_tokens: "GrantTokens",
        dry_run: "DryRun",
    }
    GenerateDataKeyWithoutPlaintextResponse {
        ciphertext_blob: "CiphertextBlob",
        key_id: "KeyId",
        key_material_id: "KeyMaterialId",
    }
    GenerateDataKeyPairRequest {
        encryption_context: "EncryptionContext",
        key_id: "KeyId",
        key_pair_spec: "KeyPairSpec",
        grant_tokens: "GrantTokens",
        recipient: "Recipient",
        dry_run: "DryRun",
    }
    GenerateDataKeyPairResponse {
        private_key_ciphertext_blob: "PrivateKeyCiphertextBlob",
        private_key_plaintext: "PrivateKeyPlaintext",
        public_key: "PublicKey",
        key_id: "KeyId",
        key_pair_spec: "KeyPairSpec",
        ciphertext_for_recipient: "CiphertextForRecipient",
        key_material_id: "KeyMaterialId",
    }
    GenerateDataKeyPairWithoutPlaintextRequest {
        encryption_context: "EncryptionContext",
        key_id: "KeyId",
        key_pair_spec: "KeyPairSpec",
        grant_tokens: "GrantTokens",
        dry_run: "DryRun",
    }
    GenerateDataKeyPairWithoutPlaintextResponse {
        private_key_ciphertext_blob: "PrivateKeyCiphertextBlob",
        public_key: "PublicKey",
        key_id: "KeyId",
        key_pair_spec: "KeyPairSpec",
        key_material_id: "KeyMaterialId",
    }
    GenerateRandomRequest {
        number_of_bytes: "NumberOfBytes",
        custom_key_store_id: "CustomKeyStoreId",
        recipient: "Recipient",
    }
    GenerateRandomResponse {
        plaintext: "Plaintext",
        ciphertext_for_recipient: "CiphertextForRecipient",
    }
    SignRequest {
        key_id: "KeyId",
        message: "Message",
        message_type: "MessageType",
        grant_tokens: "GrantTokens",
        signing_algorithm: "SigningAlgorithm",
        dry_run: "DryRun",
    }
    SignResponse {
        key_id: "KeyId",
        signature: "Signature",
        signing_algorithm: "SigningAlgorithm",
    }
    VerifyRequest {
        key_id: "KeyId",
        message: "Message",
        message_type: "MessageType",
        signature: "Signature",
        signing_algorithm: "SigningAlgorithm",
        grant_tokens: "GrantTokens",
        dry_run: "DryRun",
    }
    VerifyResponse {
        key_id: "KeyId",
        signature_valid: "SignatureValid",
        signing_algorithm: "SigningAlgorithm",
    }
    GenerateMacRequest {
        message: "Message",
        key_id: "KeyId",
        mac_algorithm: "MacAlgorithm",
        grant_tokens: "GrantTokens",
        dry_run: "DryRun",
    }
    GenerateMacResponse {
        mac: "Mac",
        mac_algorithm: "MacAlgorithm",
        key_id: "KeyId",
    }
    VerifyMacRequest {
        message: "Message",
        key_id: "KeyId",
        mac_algorithm: "MacAlgorithm",
        mac: "Mac",
        grant_tokens: "GrantTokens",
        dry_run: "DryRun",
    }
    VerifyMacResponse {
        key_id: "KeyId",
        mac_valid: "MacValid",
        mac_algorithm: "MacAlgorithm",
    }
    DeriveSharedSecretRequest {
        key_id: "KeyId",
        key_agreement_algorithm: "KeyAgreementAlgorithm",
        public_key: "PublicKey",
        grant_tokens: "GrantTokens",
        dry_run: "DryRun",
        recipient: "Recipient",
    }
    DeriveSharedSecretResponse {
        key_id: "KeyId",
        shared_secret: "SharedSecret",
        ciphertext_for_recipient: "CiphertextForRecipient",
        key_agreement_algorithm: "KeyAgreementAlgorithm",
        key_origin: "KeyOrigin",
    }
    EncapsulateRequest {
        key_id: "KeyId",
        encapsulation_algorithm: "EncapsulationAlgorithm",
        grant_tokens: "GrantTokens",
        dry_run: "DryRun",
    }
    EncapsulateResponse {
        key_id: "KeyId",
        shared_secret: "SharedSecret",
        shared_secret_ciphertext_blob: "SharedSecretCiphertextBlob",
        encapsulation_algorithm: "EncapsulationAlgorithm",
    }
    DecapsulateRequest {
        key_id: "KeyId",
        shared_secret_ciphertext_blob: "SharedSecretCiphertextBlob",
        encapsulation_algorithm: "EncapsulationAlgorithm",
        grant_tokens: "GrantTokens",
        dry_run: "DryRun",
    }
    DecapsulateResponse {
        key_id: "KeyId",
        shared_secret: "SharedSecret",
        encapsulation_algorithm: "EncapsulationAlgorithm",
    }
    GetPublicKeyRequest {
        key_id: "KeyId",
        grant_tokens: "GrantTokens",
    }
    GetPublicKeyResponse {
        key_id: "KeyId",
        public_key: "PublicKey",
        customer_master_key_spec: "CustomerMasterKeySpec",
        key_spec: "KeySpec",
        key_usage: "KeyUsage",
        encryption_algorithms: "EncryptionAlgorithms",
        signing_algorithms: "SigningAlgorithms",
        key_agreement_algorithms: "KeyAgreementAlgorithms",
        encapsulation_algorithms: "EncapsulationAlgorithms",
    }
    KeyLastUsageData {
        operation: "Operation",
        timestamp: "Timestamp",
        cloud_trail_event_id: "CloudTrailEventId",
        kms_request_id: "KmsRequestId",
    }
    GetKeyLastUsageRequest {
        key_id: "KeyId",
    }
    GetKeyLastUsageResponse {
        key_id: "KeyId",
        key_last_usage: "KeyLastUsage",
        tracking_start_date: "TrackingStartDate",
        key_creation_date: "KeyCreationDate",
    }
    GetParametersForImportRequest {
        key_id: "KeyId",
        wrapping_algorithm: "WrappingAlgorithm",
        wrapping_key_spec: "WrappingKeySpec",
    }
    GetParametersForImportResponse {
        key_id: "KeyId",
        import_token: "ImportToken",
        public_key: "PublicKey",
        parameters_valid_to: "ParametersValidTo",
    }
    ImportKeyMaterialRequest {
        key_id: "KeyId",
        import_token: "ImportToken",
        encrypted_key_material: "EncryptedKeyMaterial",
        valid_to: "ValidTo",
        expiration_model: "ExpirationModel",
        import_type: "ImportType",
        key_material_description: "KeyMaterialDescription",
        key_material_id: "KeyMaterialId",
    }
    ImportKeyMaterialResponse {
        key_id: "KeyId",
        key_material_id: "KeyMaterialId",
    }
    DeleteImportedKeyMaterialRequest {
        key_id: "KeyId",
        key_material_id: "KeyMaterialId",
    }
    DeleteImportedKeyMaterialResponse {
        key_id: "KeyId",
        key_material_id: "KeyMaterialId",
    }
    CreateAliasRequest {
        alias_name: "AliasName",
        target_key_id: "TargetKeyId",
    }
    CreateAliasResponse {}
    UpdateAliasRequest {
        alias_name: "AliasName",
        target_key_id: "TargetKeyId",
    }
    UpdateAliasResponse {}
    DeleteAliasRequest {
        alias_name: "AliasName",
    }
    DeleteAliasResponse {}
    ListAliasesRequest {
        key_id: "KeyId",
        limit: "Limit",
        marker: "Marker",
    }
    AliasListEntry {
        alias_name: "AliasName",
        alias_arn: "AliasArn",
        target_key_id: "TargetKeyId",
        creation_date: "CreationDate",
        last_updated_date: "LastUpdatedDate",
    }
    ListAliasesResponse {
        aliases: "Aliases" always,
        next_marker: "NextMarker",
        truncated: "Truncated",
    }
    TagResourceRequest {
        key_id: "KeyId",
        tags: "Tags" always,
    }
    TagResourceResponse {}
    UntagResourceRequest {
        key_id: "KeyId",
        tag_keys: "TagKeys" always,
    }
    UntagResourceResponse {}
    ListResourceTagsRequest {
        key_id: "KeyId",
        limit: "Limit",
        marker: "Marker",
    }
    ListResourceTagsResponse {
        tags: "Tags" always,
        next_marker: "NextMarker",
        truncated: "Truncated",
    }
    EnableKeyRotationRequest {
        key_id: "KeyId",
        rotation_period_in_days: "RotationPeriodInDays",
    }
    EnableKeyRotationResponse {}
    DisableKeyRotationRequest {
        key_id: "KeyId",
    }
    DisableKeyRotationResponse {}
    GetKeyRotationStatusRequest {
        key_id: "KeyId",
    }
    GetKeyRotationStatusResponse {
        key_rotation_enabled: "KeyRotationEnabled",
        key_id: "KeyId",
        rotation_period_in_days: "RotationPeriodInDays",
        next_rotation_date: "NextRotationDate",
        on_demand_rotation_start_date: "OnDemandRotationStartDate",
    }
    RotateKeyOnDemandRequest {
        key_id: "KeyId",
    }
    RotateKeyOnDemandResponse {
        key_id: "KeyId",
    }
    ListKeyRotationsRequest {
        key_id: "KeyId",
        include_key_material: "IncludeKeyMaterial",
        limit: "Limit",
        marker: "Marker",
    }
    RotationsListEntry {
        key_id: "KeyId",
        key_material_id: "KeyMaterialId",
        key_material_description: "KeyMaterialDescription",
        import_state: "ImportState",
        key_material_state: "KeyMaterialState",
        expiration_model: "ExpirationModel",
        valid_to: "ValidTo",
        rotation_date: "RotationDate",
        rotation_type: "RotationType",
    }
    ListKeyRotationsResponse {
        rotations: "Rotations" always,
        next_marker: "NextMarker",
        truncated: "Truncated",
    }
    ReplicateKeyRequest {
        key_id: "KeyId",
        replica_region: "ReplicaRegion",
        policy: "Policy",
        bypass_policy_lockout_safety_check: "BypassPolicyLockoutSafetyCheck",
        description: "Description",
        tags: "Tags",
    }
    ReplicateKeyResponse {
        replica_key_metadata: "ReplicaKeyMetadata",
        replica_policy: "ReplicaPolicy",
        replica_tags: "ReplicaTags" always,
    }
    UpdatePrimaryRegionRequest {
        key_id: "KeyId",
        primary_region: "PrimaryRegion",
    }
    UpdatePrimaryRegionResponse {}
}
