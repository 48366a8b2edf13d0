//! The encoding of importing key material, and of when keys were last used.

use kms_domain::command::{DeleteImportedKeyMaterial, ImportKeyMaterial, NoteKeyUsage};
use kms_domain::key::{Import, Imported};
use kms_domain::multi_region::SharedImport;
use kms_domain::rows::{ImportParameters, KeyUsageRow, UsedFor};
use kms_domain::vocabulary::{ImportTokenId, ImportType, Timestamp, WrappingAlgorithm, WrappingKeySpec};
use kms_proto::internal::state::v1 as pb;

use super::DecodeError;
use super::wire::{Wire, fixed, from_list, number, optional, parsed, required, to_list, unknown_number};
use super::words::{
    material_id, material_ids_from_messages, material_ids_to_messages, region_names_from_messages,
};

impl Wire for ImportKeyMaterial {
    type Message = pb::ImportKeyMaterial;

    fn to_message(&self) -> pb::ImportKeyMaterial {
        pb::ImportKeyMaterial {
            key: Some(self.key.to_message()),
            token: self.token.0.to_vec(),
            request_sha256: self.request_sha256.to_vec(),
            import_type: import_type_number(self.import_type),
            matched: self.matched.map(|id| id.0.to_vec()),
            material: Some(self.material.to_message()),
            commitment: Some(self.commitment.to_message()),
            expires_ms: self.expires.map(|at| at.0),
            description: self.description.clone(),
        }
    }

    fn from_message(message: pb::ImportKeyMaterial) -> Result<Self, DecodeError> {
        Ok(Self {
            key: required(message.key, "key")?,
            token: token(&message.token)?,
            request_sha256: fixed(&message.request_sha256, "hash of an import")?,
            import_type: import_type(message.import_type)?,
            matched: message.matched.as_deref().map(material_id).transpose()?,
            material: required(message.material, "imported material")?,
            commitment: required(message.commitment, "commitment")?,
            expires: message.expires_ms.map(Timestamp),
            description: message.description,
        })
    }
}

impl Wire for DeleteImportedKeyMaterial {
    type Message = pb::DeleteImportedKeyMaterial;

    fn to_message(&self) -> pb::DeleteImportedKeyMaterial {
        pb::DeleteImportedKeyMaterial {
            key: Some(self.key.to_message()),
            material_id: self.material_id.map(|id| id.0.to_vec()),
        }
    }

    fn from_message(message: pb::DeleteImportedKeyMaterial) -> Result<Self, DecodeError> {
        Ok(Self {
            key: required(message.key, "key")?,
            material_id: message.material_id.as_deref().map(material_id).transpose()?,
        })
    }
}

impl Wire for NoteKeyUsage {
    type Message = pb::NoteKeyUsage;

    fn to_message(&self) -> pb::NoteKeyUsage {
        pb::NoteKeyUsage {
            usages: to_list(&self.usages),
        }
    }

    fn from_message(message: pb::NoteKeyUsage) -> Result<Self, DecodeError> {
        Ok(Self {
            usages: from_list(message.usages)?,
        })
    }
}

impl Wire for KeyUsageRow {
    type Message = pb::KeyUsageRow;

    fn to_message(&self) -> pb::KeyUsageRow {
        pb::KeyUsageRow {
            key: Some(self.key.to_message()),
            operation: self.operation.to_string(),
            at_ms: self.at.0,
            request_id: self.request_id.clone(),
        }
    }

    fn from_message(message: pb::KeyUsageRow) -> Result<Self, DecodeError> {
        Ok(Self {
            key: required(message.key, "key of a usage")?,
            operation: parsed(&message.operation, "operation of a usage")?,
            at: Timestamp(message.at_ms),
            request_id: message.request_id,
        })
    }
}

impl Wire for ImportParameters {
    type Message = pb::ImportParametersRow;

    fn to_message(&self) -> pb::ImportParametersRow {
        pb::ImportParametersRow {
            id: self.id.0.to_vec(),
            key: Some(self.key.to_message()),
            algorithm: algorithm_number(self.algorithm),
            wrapping_key_spec: wrapping_key_spec_number(self.wrapping_key_spec),
            public_sha256: self.public_sha256.to_vec(),
            private_wrapped: Some(self.private_wrapped.to_message()),
            expires_ms: self.expires.0,
            used: self.used.as_ref().map(Wire::to_message),
        }
    }

    fn from_message(message: pb::ImportParametersRow) -> Result<Self, DecodeError> {
        Ok(Self {
            id: token(&message.id)?,
            key: required(message.key, "key of import parameters")?,
            algorithm: algorithm(message.algorithm)?,
            wrapping_key_spec: wrapping_key_spec(message.wrapping_key_spec)?,
            public_sha256: fixed(&message.public_sha256, "hash of a public key")?,
            private_wrapped: required(message.private_wrapped, "wrapped private key")?,
            expires: Timestamp(message.expires_ms),
            used: optional(message.used)?,
        })
    }
}

impl Wire for UsedFor {
    type Message = pb::UsedFor;

    fn to_message(&self) -> pb::UsedFor {
        pb::UsedFor {
            request_sha256: self.request_sha256.to_vec(),
            material_id: self.material_id.0.to_vec(),
        }
    }

    fn from_message(message: pb::UsedFor) -> Result<Self, DecodeError> {
        Ok(Self {
            request_sha256: fixed(&message.request_sha256, "hash of an import")?,
            material_id: material_id(&message.material_id)?,
        })
    }
}

impl Wire for Import {
    type Message = pb::Import;

    fn to_message(&self) -> pb::Import {
        pb::Import {
            pending: self.pending.map(|id| id.0.to_vec()),
            absent: material_ids_to_messages(&self.absent),
        }
    }

    fn from_message(message: pb::Import) -> Result<Self, DecodeError> {
        Ok(Self {
            pending: message.pending.as_deref().map(material_id).transpose()?,
            absent: material_ids_from_messages(&message.absent, "absent materials")?,
        })
    }
}

impl Wire for SharedImport {
    type Message = pb::SharedImport;

    fn to_message(&self) -> pb::SharedImport {
        pb::SharedImport {
            pending: self.pending.map(|id| id.0.to_vec()),
            materials: material_ids_to_messages(&self.materials),
        }
    }

    fn from_message(message: pb::SharedImport) -> Result<Self, DecodeError> {
        Ok(Self {
            pending: message.pending.as_deref().map(material_id).transpose()?,
            materials: material_ids_from_messages(&message.materials, "materials of a record")?,
        })
    }
}

impl Wire for Imported {
    type Message = pb::Imported;

    fn to_message(&self) -> pb::Imported {
        pb::Imported {
            commitment: Some(self.commitment.to_message()),
            expires_ms: self.expires.map(|at| at.0),
            description: self.description.clone(),
            imported_in: self.imported_in.iter().map(ToString::to_string).collect(),
        }
    }

    fn from_message(message: pb::Imported) -> Result<Self, DecodeError> {
        Ok(Self {
            commitment: required(message.commitment, "commitment")?,
            expires: message.expires_ms.map(Timestamp),
            description: message.description,
            imported_in: region_names_from_messages(&message.imported_in, "regions of imported material")?,
        })
    }
}

fn token(bytes: &[u8]) -> Result<ImportTokenId, DecodeError> {
    fixed(bytes, "import token id").map(ImportTokenId)
}

fn import_type_number(import_type: ImportType) -> i32 {
    match import_type {
        ImportType::New => pb::ImportType::NewKeyMaterial,
        ImportType::Existing => pb::ImportType::ExistingKeyMaterial,
    }
    .into()
}

fn import_type(value: i32) -> Result<ImportType, DecodeError> {
    match number(value, "import type")? {
        pb::ImportType::Unspecified => Err(unknown_number(value, "import type")),
        pb::ImportType::NewKeyMaterial => Ok(ImportType::New),
        pb::ImportType::ExistingKeyMaterial => Ok(ImportType::Existing),
    }
}

fn algorithm_number(algorithm: WrappingAlgorithm) -> i32 {
    match algorithm {
        WrappingAlgorithm::RsaesOaepSha1 => pb::WrappingAlgorithm::RsaesOaepSha1,
        WrappingAlgorithm::RsaesOaepSha256 => pb::WrappingAlgorithm::RsaesOaepSha256,
        WrappingAlgorithm::RsaAesKeyWrapSha1 => pb::WrappingAlgorithm::RsaAesKeyWrapSha1,
        WrappingAlgorithm::RsaAesKeyWrapSha256 => pb::WrappingAlgorithm::RsaAesKeyWrapSha256,
    }
    .into()
}

fn algorithm(value: i32) -> Result<WrappingAlgorithm, DecodeError> {
    match number(value, "wrapping algorithm")? {
        pb::WrappingAlgorithm::Unspecified => Err(unknown_number(value, "wrapping algorithm")),
        pb::WrappingAlgorithm::RsaesOaepSha1 => Ok(WrappingAlgorithm::RsaesOaepSha1),
        pb::WrappingAlgorithm::RsaesOaepSha256 => Ok(WrappingAlgorithm::RsaesOaepSha256),
        pb::WrappingAlgorithm::RsaAesKeyWrapSha1 => Ok(WrappingAlgorithm::RsaAesKeyWrapSha1),
        pb::WrappingAlgorithm::RsaAesKeyWrapSha256 => Ok(WrappingAlgorithm::RsaAesKeyWrapSha256),
    }
}

fn wrapping_key_spec_number(spec: WrappingKeySpec) -> i32 {
    match spec {
        WrappingKeySpec::Rsa2048 => pb::WrappingKeySpec::Rsa2048,
        WrappingKeySpec::Rsa3072 => pb::WrappingKeySpec::Rsa3072,
        WrappingKeySpec::Rsa4096 => pb::WrappingKeySpec::Rsa4096,
    }
    .into()
}

fn wrapping_key_spec(value: i32) -> Result<WrappingKeySpec, DecodeError> {
    match number(value, "wrapping key spec")? {
        pb::WrappingKeySpec::Unspecified => Err(unknown_number(value, "wrapping key spec")),
        pb::WrappingKeySpec::Rsa2048 => Ok(WrappingKeySpec::Rsa2048),
        pb::WrappingKeySpec::Rsa3072 => Ok(WrappingKeySpec::Rsa3072),
        pb::WrappingKeySpec::Rsa4096 => Ok(WrappingKeySpec::Rsa4096),
    }
}
