//! Sealing and opening under a key that the caller may use: what Encrypt, Decrypt, ReEncrypt and the data key
//! operations share. Symmetric keys seal into the service's envelope, RSA keys into plain RSA-OAEP.

use super::authorization::{AuthorizedKey, authorize_key, authorize_reference};
use super::call::Call;
use super::service::{Service, material_name};
use super::usable::{check_algorithm, check_usable};
use super::validation::{KeyForms, blob_within, one_of};
use crate::errors::OperationError;
use kms_crypto::{CryptoError, KeyMaterial, SecretBytes, rsa_oaep, symmetric};
use kms_domain::key::KeyName;
use kms_domain::limits::CIPHERTEXT_BYTES_MAX;
use kms_domain::vocabulary::{
    EncryptionAlgorithm, EncryptionContext, KeyId, KeyReference, KeyUsage, MaterialId,
};
use kms_domain::{KmsError, Operation, State, UsableKey};

/// A new ciphertext, and under what it was made.
pub(super) struct Sealed {
    pub(super) ciphertext: Vec<u8>,
    pub(super) key: KeyName,
    pub(super) key_arn: String,
    /// Of symmetric keys only.
    pub(super) material_id: Option<MaterialId>,
}

/// A plaintext, and what opened it.
pub(super) struct Opened {
    pub(super) plaintext: SecretBytes,
    pub(super) key: KeyName,
    pub(super) key_arn: String,
    /// Of symmetric keys only.
    pub(super) material_id: Option<MaterialId>,
}

/// A ciphertext to open, with what its caller says about it.
pub(super) struct OpenRequest<'a> {
    pub(super) ciphertext: &'a [u8],
    pub(super) algorithm: EncryptionAlgorithm,
    pub(super) context: &'a EncryptionContext,
    pub(super) key_member: &'static str,
    pub(super) key_id: Option<&'a str>,
}

/// An encryption algorithm parameter; SYMMETRIC_DEFAULT when absent. RSA has nothing to authenticate a context with.
pub(super) fn algorithm(
    member: &str,
    text: Option<&str>,
    context: &EncryptionContext,
) -> Result<EncryptionAlgorithm, KmsError> {
    let Some(text) = text else {
        return Ok(EncryptionAlgorithm::SymmetricDefault);
    };
    let algorithm = one_of(
        member,
        text,
        EncryptionAlgorithm::ALL,
        EncryptionAlgorithm::as_str,
    )?;
    if algorithm != EncryptionAlgorithm::SymmetricDefault && !context.is_empty() {
        return Err(KmsError::Validation(format!(
            "An encryption context is not supported with the algorithm {algorithm}."
        )));
    }
    Ok(algorithm)
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
pub(super) fn check_encrypts<'a>(
    state: &'a State,
    key: &AuthorizedKey,
    operation: Operation,
    algorithm: EncryptionAlgorithm,
) -> Result<UsableKey<'a>, KmsError> {
    let usable = check_usable(state, key, operation, KeyUsage::EncryptDecrypt)?;
    let offered = key.key.spec.encryption_algorithms(key.key.usage);
    check_algorithm(&key.key, algorithm, offered)?;
    Ok(usable)
}

impl Service {
    /// Encrypts under the current material of a key that was found usable with this algorithm.
    pub(super) fn seal(
        &self,
        state: &State,
        key: &UsableKey<'_>,
        algorithm: EncryptionAlgorithm,
        context: &EncryptionContext,
        plaintext: &[u8],
    ) -> Result<Sealed, OperationError> {
        let (row, material) = self.current_material(state, key)?;
        let (ciphertext, material_id) = match &*material {
            KeyMaterial::Symmetric(symmetric) => {
                let name = material_name(row);
                let sealed = self
                    .keyring
                    .with_rng(|rng| symmetric::encrypt(symmetric, &name, context, plaintext, rng))?;
                (sealed, Some(row.material_id))
            }
            rsa => {
                let sealed = rsa_oaep::encrypt(rsa, algorithm, plaintext);
                (sealed.map_err(|e| oaep_refusal(key, algorithm, e))?, None)
            }
        };
        Ok(Sealed {
            ciphertext,
            key: key.key().name,
            key_arn: key.arn().to_string(),
            material_id,
        })
    }

    /// Finds the key, authorizes it, and opens. In this order: parse, authorize, IncorrectKey, state, crypto; every
    /// cryptographic failure is the same refusal.
    pub(super) fn open(
        &self,
        state: &State,
        call: &Call,
        operation: Operation,
        request: &OpenRequest<'_>,
    ) -> Result<Opened, OperationError> {
        match request.algorithm {
            EncryptionAlgorithm::SymmetricDefault => self.open_symmetric(state, call, operation, request),
            EncryptionAlgorithm::RsaesOaepSha1 | EncryptionAlgorithm::RsaesOaepSha256 => {
                self.open_rsa(state, call, operation, request)
            }
        }
    }

    fn open_symmetric(
        &self,
        state: &State,
        call: &Call,
        operation: Operation,
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
        let usable = check_encrypts(state, &key, operation, request.algorithm)?;
        let header = header.ok_or(KmsError::InvalidCiphertext)?;
        let found = self.material(state, &usable, &header.material_id)?;
        let (row, material) = found.ok_or(KmsError::InvalidCiphertext)?;
        let symmetric = material.as_symmetric().ok_or(KmsError::InvalidCiphertext)?;
        let name = material_name(row);
        let plaintext = symmetric::decrypt(symmetric, &name, request.context, request.ciphertext)
            .map_err(|_: CryptoError| KmsError::InvalidCiphertext)?;
        Ok(Opened {
            plaintext,
            key: key.name,
            key_arn: key.arn.to_string(),
            material_id: Some(header.material_id),
        })
    }

    /// RSA ciphertexts name no key, so the caller must.
    fn open_rsa(
        &self,
        state: &State,
        call: &Call,
        operation: Operation,
        request: &OpenRequest<'_>,
    ) -> Result<Opened, OperationError> {
        let Some(text) = request.key_id else {
            return Err(KmsError::Validation(format!(
                "You must specify a key with the algorithm {}.",
                request.algorithm
            ))
            .into());
        };
        let key = authorize_key(state, call, operation, request.key_member, text, KeyForms::Any)?;
        let usable = check_encrypts(state, &key, operation, request.algorithm)?;
        let (_, material) = self.current_material(state, &usable)?;
        let plaintext = rsa_oaep::decrypt(&material, request.algorithm, request.ciphertext)
            .map_err(|_: CryptoError| KmsError::InvalidCiphertext)?;
        Ok(Opened {
            plaintext,
            key: key.name,
            key_arn: key.arn.to_string(),
            material_id: None,
        })
    }
}

/// AWS KMS names the limit, which callers meet before any other of RSA-OAEP.
fn oaep_refusal(key: &UsableKey<'_>, algorithm: EncryptionAlgorithm, error: CryptoError) -> OperationError {
    match error {
        CryptoError::OaepPlaintextLength { max_bytes } => KmsError::Validation(format!(
            "Algorithm {algorithm} and key spec {} cannot encrypt data larger than {max_bytes} bytes.",
            key.key().spec
        ))
        .into(),
        other => other.into(),
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
