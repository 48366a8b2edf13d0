//! Sealing and opening under a key that the caller may use: what Encrypt, Decrypt, ReEncrypt and the data key
//! operations share. Symmetric keys seal into the service's envelope, RSA keys into plain RSA-OAEP.

use super::authorization::{AuthorizedKey, authorize_key, authorize_reference};
use super::call::Call;
use super::service::{Service, material_name};
use super::usable::check_usable;
use super::validation::{KeyForms, blob_within, one_of};
use crate::errors::OperationError;
use kms_crypto::{CryptoError, KeyMaterial, MaterialName, SecretBytes, rsa_oaep, symmetric};
use kms_domain::key::{KeyName, Material};
use kms_domain::limits::CIPHERTEXT_BYTES_MAX;
use kms_domain::vocabulary::{EncryptionAlgorithm, EncryptionContext, KeyId, KeyReference, MaterialId};
use kms_domain::{KmsError, Operation, State, UsableKey};
use std::sync::Arc;

/// A new ciphertext, and under what it was made.
pub(super) struct Sealed {
    pub(super) ciphertext: Vec<u8>,
    pub(super) key: KeyName,
    pub(super) key_arn: String,
    /// Of symmetric keys only.
    pub(super) material_id: Option<MaterialId>,
}

/// A key that a decision has found fit to seal or open, and its opened material. What it does may take its time: the
/// decision is looked at again if that is long.
pub(super) struct EncryptionKey {
    pub(super) key: KeyName,
    pub(super) key_arn: String,
    algorithm: EncryptionAlgorithm,
    name: MaterialName,
    material: Arc<KeyMaterial>,
}

impl EncryptionKey {
    fn new(
        key: &UsableKey<'_>,
        algorithm: EncryptionAlgorithm,
        row: &Material,
        material: Arc<KeyMaterial>,
    ) -> Self {
        Self {
            key: key.key().name,
            key_arn: key.arn().to_string(),
            algorithm,
            name: material_name(row),
            material,
        }
    }

    /// Which material seals or opens; shown of symmetric keys only.
    pub(super) fn material_id(&self) -> Option<MaterialId> {
        (self.algorithm == EncryptionAlgorithm::SymmetricDefault).then_some(self.name.material_id)
    }
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

impl Service {
    /// The current material of a key that was found usable with this algorithm.
    pub(super) fn sealing_key(
        &self,
        state: &State,
        key: &UsableKey<'_>,
        algorithm: EncryptionAlgorithm,
    ) -> Result<EncryptionKey, OperationError> {
        let (row, material) = self.current_material(state, key)?;
        Ok(EncryptionKey::new(key, algorithm, row, material))
    }

    /// Encrypts. RSA's public operation is quick.
    pub(super) fn seal(
        &self,
        key: &EncryptionKey,
        context: &EncryptionContext,
        plaintext: &[u8],
    ) -> Result<Sealed, OperationError> {
        let ciphertext = match &*key.material {
            KeyMaterial::Symmetric(symmetric) => self
                .keyring
                .with_rng(|rng| symmetric::encrypt(symmetric, &key.name, context, plaintext, rng))?,
            rsa => rsa_oaep::encrypt(rsa, key.algorithm, plaintext).map_err(|e| oaep_refusal(key, e))?,
        };
        Ok(Sealed {
            ciphertext,
            key: key.key,
            key_arn: key.key_arn.clone(),
            material_id: key.material_id(),
        })
    }

    /// Finds the key that opens a ciphertext and checks what the caller may do with it. In this order: parse, authorize,
    /// IncorrectKey, state.
    pub(super) fn opening_key(
        &self,
        state: &State,
        call: &Call,
        operation: Operation,
        request: &OpenRequest<'_>,
    ) -> Result<EncryptionKey, OperationError> {
        match request.algorithm {
            EncryptionAlgorithm::SymmetricDefault => {
                self.symmetric_opening_key(state, call, operation, request)
            }
            EncryptionAlgorithm::RsaesOaepSha1 | EncryptionAlgorithm::RsaesOaepSha256 => {
                self.rsa_opening_key(state, call, operation, request)
            }
        }
    }

    fn symmetric_opening_key(
        &self,
        state: &State,
        call: &Call,
        operation: Operation,
        request: &OpenRequest<'_>,
    ) -> Result<EncryptionKey, OperationError> {
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
        let usable = check_usable(state, &key, operation, request.algorithm)?;
        let header = header.ok_or(KmsError::InvalidCiphertext)?;
        let found = self.material(state, &usable, &header.material_id)?;
        let (row, material) = found.ok_or(KmsError::InvalidCiphertext)?;
        Ok(EncryptionKey::new(&usable, request.algorithm, row, material))
    }

    /// RSA ciphertexts name no key, so the caller must.
    fn rsa_opening_key(
        &self,
        state: &State,
        call: &Call,
        operation: Operation,
        request: &OpenRequest<'_>,
    ) -> Result<EncryptionKey, OperationError> {
        let Some(text) = request.key_id else {
            return Err(KmsError::Validation(format!(
                "You must specify a key with the algorithm {}.",
                request.algorithm
            ))
            .into());
        };
        let key = authorize_key(state, call, operation, request.key_member, text, KeyForms::Any)?;
        let usable = check_usable(state, &key, operation, request.algorithm)?;
        let (row, material) = self.current_material(state, &usable)?;
        Ok(EncryptionKey::new(&usable, request.algorithm, row, material))
    }

    /// Decrypts. Every cryptographic failure is the same refusal.
    pub(super) async fn open(
        &self,
        call: &Call,
        key: &EncryptionKey,
        request: &OpenRequest<'_>,
    ) -> Result<SecretBytes, OperationError> {
        let opened = match &*key.material {
            KeyMaterial::Symmetric(symmetric) => {
                symmetric::decrypt(symmetric, &key.name, request.context, request.ciphertext)
            }
            _ => {
                let (algorithm, ciphertext) = (key.algorithm, request.ciphertext.to_vec());
                self.private_operation(call, &key.material, move |rsa| {
                    rsa_oaep::decrypt(rsa, algorithm, &ciphertext)
                })
                .await?
            }
        };
        opened.map_err(|_: CryptoError| KmsError::InvalidCiphertext.into())
    }
}

/// AWS KMS names the limit, which callers meet before any other of RSA-OAEP.
fn oaep_refusal(key: &EncryptionKey, error: CryptoError) -> OperationError {
    match error {
        CryptoError::OaepPlaintextLength { max_bytes } => KmsError::Validation(format!(
            "Algorithm {} and key spec {} cannot encrypt data larger than {max_bytes} bytes.",
            key.algorithm,
            key.material.spec()
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
