//! Sealing and opening under a symmetric key that the caller may use: what Encrypt, Decrypt, ReEncrypt and the data
//! key operations share.

use super::authorization::{AuthorizedKey, authorize_key, authorize_reference};
use super::call::Call;
use super::service::{Service, material_name};
use super::validation::{KeyForms, blob_within, one_of};
use crate::errors::OperationError;
use kms_crypto::{CryptoError, SecretBytes, symmetric};
use kms_domain::limits::CIPHERTEXT_BYTES_MAX;
use kms_domain::vocabulary::EncryptionAlgorithm;
use kms_domain::vocabulary::{EncryptionContext, KeyId, KeyReference, KeyUsage, MaterialId};
use kms_domain::{KmsError, Operation, State, UsableKey};

/// A new ciphertext, and under what it was made.
pub(super) struct Sealed {
    pub(super) ciphertext: Vec<u8>,
    pub(super) key_arn: String,
    pub(super) material_id: MaterialId,
}

/// A plaintext, and what opened it.
pub(super) struct Opened {
    pub(super) plaintext: SecretBytes,
    pub(super) key_arn: String,
    pub(super) material_id: MaterialId,
}

/// A ciphertext to open, with what its caller says about it.
pub(super) struct OpenRequest<'a> {
    pub(super) ciphertext: &'a [u8],
    pub(super) context: &'a EncryptionContext,
    pub(super) key_member: &'static str,
    pub(super) key_id: Option<&'a str>,
}

/// An encryption algorithm parameter; SYMMETRIC_DEFAULT when absent.
pub(super) fn algorithm(member: &str, text: Option<&str>) -> Result<EncryptionAlgorithm, KmsError> {
    let Some(text) = text else {
        return Ok(EncryptionAlgorithm::SymmetricDefault);
    };
    one_of(
        member,
        text,
        EncryptionAlgorithm::ALL,
        EncryptionAlgorithm::as_str,
    )
}

/// A ciphertext parameter within the bounds of the service model.
pub(super) fn ciphertext_parameter(blob: Option<&[u8]>) -> Result<&[u8], KmsError> {
    let Some(blob) = blob else {
        return Err(KmsError::Validation(
            "1 validation error detected: Value null at 'ciphertextBlob' failed to satisfy constraint: \
             Member must not be null"
                .into(),
        ));
    };
    blob_within("ciphertextBlob", blob, 1, CIPHERTEXT_BYTES_MAX)?;
    Ok(blob)
}

/// The key's state, usage and algorithm fit an encryption or decryption.
pub(super) fn check_usable<'a>(
    state: &'a State,
    key: &AuthorizedKey,
    operation: Operation,
    algorithm: EncryptionAlgorithm,
) -> Result<UsableKey<'a>, KmsError> {
    let usable = UsableKey::check(state, &key.name, operation)?;
    if key.key.usage != KeyUsage::EncryptDecrypt {
        let (arn, usage) = (&key.arn, key.key.usage);
        let text = format!(
            "{arn} key usage is {usage} which is not valid for {}.",
            operation.as_str()
        );
        return Err(KmsError::InvalidKeyUsage(text));
    }
    if algorithm != EncryptionAlgorithm::SymmetricDefault {
        let text = format!(
            "Algorithm {algorithm} and key spec {} are incompatible.",
            key.key.spec
        );
        return Err(KmsError::InvalidKeyUsage(text));
    }
    Ok(usable)
}

impl Service {
    /// Encrypts under the current material of a key that was found usable.
    pub(super) fn seal(
        &self,
        state: &State,
        key: &UsableKey<'_>,
        context: &EncryptionContext,
        plaintext: &[u8],
    ) -> Result<Sealed, OperationError> {
        let unavailable = || OperationError::from(KmsError::KeyUnavailable(key.arn().clone()));
        let material_id = key.key().current_material.ok_or_else(unavailable)?;
        let (row, material) = self.material(state, key, &material_id)?.ok_or_else(unavailable)?;
        let symmetric = material.as_symmetric().ok_or_else(unavailable)?;
        let ciphertext = self
            .keyring
            .with_rng(|rng| symmetric::encrypt(symmetric, &material_name(row), context, plaintext, rng))?;
        Ok(Sealed {
            ciphertext,
            key_arn: key.arn().to_string(),
            material_id,
        })
    }

    /// Finds the key from the ciphertext, authorizes it, and opens. In this order: parse, authorize, IncorrectKey,
    /// state, crypto; every cryptographic failure is the same refusal.
    pub(super) fn open(
        &self,
        state: &State,
        call: &Call,
        operation: Operation,
        algorithm: EncryptionAlgorithm,
        request: &OpenRequest<'_>,
    ) -> Result<Opened, OperationError> {
        let named = request
            .key_id
            .map(|text| authorize_key(state, call, operation, request.key_member, text, KeyForms::Any))
            .transpose()?;
        let header = symmetric::CiphertextHeader::parse(request.ciphertext).ok();
        let key = match (named, header) {
            (Some(key), Some(header)) if key.name.key_id != header.key_id => {
                return Err(KmsError::IncorrectKey.into());
            }
            (Some(key), _) => key,
            (None, Some(header)) => authorize_named_by_ciphertext(state, call, operation, header.key_id)?,
            (None, None) => return Err(KmsError::InvalidCiphertext.into()),
        };
        let usable = check_usable(state, &key, operation, algorithm)?;
        let header = header.ok_or(KmsError::InvalidCiphertext)?;
        let found = self.material(state, &usable, &header.material_id)?;
        let (row, material) = found.ok_or(KmsError::InvalidCiphertext)?;
        let symmetric = material.as_symmetric().ok_or(KmsError::InvalidCiphertext)?;
        let plaintext = symmetric::decrypt(
            symmetric,
            &material_name(row),
            request.context,
            request.ciphertext,
        )
        .map_err(|_: CryptoError| KmsError::InvalidCiphertext)?;
        Ok(Opened {
            plaintext,
            key_arn: key.arn.to_string(),
            material_id: header.material_id,
        })
    }
}

/// To its bearer, a ciphertext that names an unknown key is a bad ciphertext.
fn authorize_named_by_ciphertext(
    state: &State,
    call: &Call,
    operation: Operation,
    key_id: KeyId,
) -> Result<AuthorizedKey, OperationError> {
    match authorize_reference(state, call, operation, &KeyReference::KeyId(key_id)) {
        Err(OperationError::Kms(KmsError::KeyNotFound(_))) => Err(KmsError::InvalidCiphertext.into()),
        authorized => authorized,
    }
}

/// The end of a dry run that found nothing wrong.
pub(super) fn unless_dry_run(dry_run: Option<bool>) -> Result<(), OperationError> {
    match dry_run {
        Some(true) => Err(KmsError::DryRun.into()),
        _ => Ok(()),
    }
}

/// Dry-run modifiers need a dry run; this version knows none that skips the ciphertext.
pub(super) fn no_modifiers(modifiers: &[String]) -> Result<(), KmsError> {
    match modifiers {
        [] => Ok(()),
        _ => Err(KmsError::UnsupportedOperation(
            "DryRunModifiers are not supported yet.".into(),
        )),
    }
}
