//! GetParametersForImport: a public key to wrap material with, and a token that says which.

use super::Call;
use super::authorization::{AuthorizedKey, authorize_key};
use super::change::Decided;
use super::metadata::timestamp;
use super::service::Service;
use super::validation::{KeyForms, one_of};
use crate::errors::OperationError;
use kms_crypto::import_token::ImportToken;
use kms_domain::key_states::{Operation, check_state};
use kms_domain::limits::IMPORT_TOKEN_VALIDITY_MS;
use kms_domain::rows::ImportParameters;
use kms_domain::vocabulary::{ImportTokenId, KeySpec, WrappingAlgorithm, WrappingKeySpec};
use kms_domain::{Command, Guard, KmsError, State};
use kms_proto::kms::v1;
use sha2::{Digest, Sha256};

impl Service {
    /// Makes an import wrapping key, good for one import into this key within 24 hours, on any node of the region.
    pub async fn get_parameters_for_import(
        &self,
        call: &Call,
        request: v1::GetParametersForImportRequest,
    ) -> Result<v1::GetParametersForImportResponse, OperationError> {
        const OPERATION: Operation = Operation::GetParametersForImport;
        let algorithm = wrapping_algorithm(&request.wrapping_algorithm)?;
        let spec = wrapping_key_spec(&request.wrapping_key_spec)?;
        let authorize = |state: &State| {
            let id = &request.key_id;
            authorize_key(state, call, OPERATION, "keyId", id, KeyForms::IdOrArn)
        };
        let check = |key: &AuthorizedKey| {
            check_state(&key.key, OPERATION, &key.arn)?;
            check_fits(key.key.spec, algorithm, spec)
        };
        // Nothing is made for a caller who may not have it.
        self.look(call, |state| Ok(check(&authorize(state)?)?)).await?;
        let pair = self.spare_pairs.take(call, &self.generation, spec).await?;
        let token = ImportToken {
            id: ImportTokenId(self.keyring.random_bytes()),
            expires: self.clock.now().plus_ms(IMPORT_TOKEN_VALIDITY_MS),
        };
        // Nothing but this call knows the pair, so that a repeated request cannot be given the answer of the first: it
        // gets parameters of its own.
        let once = Call {
            request_id: None,
            ..call.clone()
        };
        let (_, view) = self
            .change(&once, OPERATION, &request, authorize, |state, key| {
                check(key)?;
                let private_wrapped = self.keyring.wrap_import_key(state, &key.name, &token.id, &pair)?;
                let guard = Guard {
                    wrapping_key: Some(private_wrapped.wrapping_key),
                    ..key.guard.clone()
                };
                let parameters = ImportParameters {
                    id: token.id,
                    key: key.name,
                    algorithm,
                    wrapping_key_spec: spec,
                    public_sha256: Sha256::digest(pair.public_key_der()).into(),
                    private_wrapped,
                    expires: token.expires,
                    used: None,
                };
                Ok(Decided {
                    guard,
                    command: Command::PutImportParameters(Box::new(parameters)),
                })
            })
            .await?;
        let key = authorize(&view.state)?;
        let region = view
            .state
            .region()
            .ok_or_else(|| OperationError::Unknown("the region is not known after a change of it".into()))?;
        Ok(v1::GetParametersForImportResponse {
            key_id: key.arn.to_string(),
            import_token: self.import_tokens.seal(region, &key.name, &token),
            public_key: pair.public_key_der().to_vec(),
            parameters_valid_to: Some(timestamp(token.expires)),
        })
    }
}

/// RSAES_PKCS1_V1_5 is in the service model and no longer offered; SM2 exists in other partitions only.
fn wrapping_algorithm(text: &str) -> Result<WrappingAlgorithm, KmsError> {
    if matches!(text, "RSAES_PKCS1_V1_5" | "SM2PKE") {
        return Err(KmsError::UnsupportedOperation(format!(
            "WrappingAlgorithm {text} is not supported."
        )));
    }
    one_of(
        "wrappingAlgorithm",
        text,
        WrappingAlgorithm::ALL,
        WrappingAlgorithm::as_str,
    )
}

fn wrapping_key_spec(text: &str) -> Result<WrappingKeySpec, KmsError> {
    if text == "SM2" {
        return Err(KmsError::UnsupportedOperation(
            "WrappingKeySpec SM2 is not supported in this region.".into(),
        ));
    }
    one_of(
        "wrappingKeySpec",
        text,
        WrappingKeySpec::ALL,
        WrappingKeySpec::as_str,
    )
}

/// RSA private keys are too long for RSA-OAEP alone, and a P-521 key is for an RSA-2048 wrapping key.
fn check_fits(
    spec: KeySpec,
    algorithm: WrappingAlgorithm,
    wrapping_spec: WrappingKeySpec,
) -> Result<(), KmsError> {
    let direct = matches!(
        algorithm,
        WrappingAlgorithm::RsaesOaepSha1 | WrappingAlgorithm::RsaesOaepSha256
    );
    let too_long = spec == KeySpec::EccNistP521 && wrapping_spec == WrappingKeySpec::Rsa2048;
    if direct && (spec.is_rsa() || too_long) {
        return Err(KmsError::UnsupportedOperation(format!(
            "Key material of KeySpec {spec} cannot be imported with WrappingAlgorithm {algorithm} and \
             WrappingKeySpec {wrapping_spec}."
        )));
    }
    Ok(())
}
