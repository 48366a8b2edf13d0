//! One table from refusals to what callers see: the AWS exception, the gRPC status with `google.rpc.ErrorInfo`, and the
//! HTTP status. Nothing else in the server chooses a status for an operation.

use kms_crypto::{CryptoError, Fault};
use kms_domain::KmsError;
use kms_raft::{ProposeError, ReadError};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// `google.rpc.ErrorInfo.domain` of every error of this service.
pub const ERROR_DOMAIN: &str = "kms.concord";

/// Why an operation did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// A refusal by the rules of key management.
    #[error(transparent)]
    Kms(#[from] KmsError),
    /// Nothing was done and nothing will be: no leader, no quorum, or the node is not ready. Worth repeating.
    #[error("{0}")]
    Unavailable(String),
    /// The caller's deadline, or this server's, passed before there was an answer. What a change would have changed
    /// may still take effect; repeating it with the same request id is safe.
    #[error("{0}")]
    Timeout(String),
    /// A change was proposed and its outcome is not known: it may still take effect. Repeating it with the same
    /// request id is safe.
    #[error("{0}")]
    Unknown(String),
    /// The node is asked for more than it accepts at a time.
    #[error("{0}")]
    Throttled(String),
}

impl OperationError {
    /// The AWS KMS exception that names this error.
    pub const fn exception(&self) -> &'static str {
        match self {
            Self::Kms(refusal) => refusal.exception(),
            Self::Unavailable(_) | Self::Timeout(_) | Self::Unknown(_) => "DependencyTimeoutException",
            Self::Throttled(_) => "ThrottlingException",
        }
    }

    /// The gRPC status code.
    pub const fn code(&self) -> Code {
        match self {
            Self::Kms(refusal) => kms_code(refusal),
            Self::Unavailable(_) => Code::Unavailable,
            Self::Timeout(_) => Code::DeadlineExceeded,
            Self::Unknown(_) => Code::Unknown,
            Self::Throttled(_) => Code::ResourceExhausted,
        }
    }

    /// The HTTP status: 500 for what is the service's fault, 400 for everything else, throttling and denial included.
    pub fn http_status(&self) -> http::StatusCode {
        match self.exception() {
            "KMSInternalException" | "DependencyTimeoutException" | "KeyUnavailableException" => {
                http::StatusCode::INTERNAL_SERVER_ERROR
            }
            _ => http::StatusCode::BAD_REQUEST,
        }
    }

    /// The text for callers; none where AWS has none either, so that nothing tells one cause from another.
    pub fn message(&self) -> Option<String> {
        Some(self.to_string()).filter(|text| !text.is_empty())
    }

    /// A short word for metrics: `ok` is not among them.
    pub const fn outcome(&self) -> &'static str {
        match self {
            Self::Kms(KmsError::Internal(_)) => "internal",
            Self::Kms(KmsError::DependencyTimeout(_)) | Self::Timeout(_) => "timeout",
            Self::Kms(_) => "refused",
            Self::Unavailable(_) => "unavailable",
            Self::Unknown(_) => "unknown",
            Self::Throttled(_) => "throttled",
        }
    }
}

const fn kms_code(refusal: &KmsError) -> Code {
    match refusal {
        KmsError::KeyNotFound(_)
        | KmsError::AliasNotFound(_)
        | KmsError::InvalidKeyId(_)
        | KmsError::ArnNotFound(_)
        | KmsError::IdentityNotFound(_) => Code::NotFound,
        KmsError::AlreadyExists(_) => Code::AlreadyExists,
        KmsError::LimitExceeded(_) => Code::ResourceExhausted,
        KmsError::AccessDenied(_) => Code::PermissionDenied,
        KmsError::AccessKeyEnded => Code::Unauthenticated,
        KmsError::Disabled(_)
        | KmsError::InvalidState(..)
        | KmsError::UnsupportedOperation(_)
        | KmsError::RegionNotPaired(_)
        | KmsError::NotHomeRegion(..)
        | KmsError::IdentityConflict(_)
        | KmsError::Bootstrap(_)
        | KmsError::DryRun => Code::FailedPrecondition,
        KmsError::InvalidArn(_)
        | KmsError::InvalidAliasName(_)
        | KmsError::Tag(_)
        | KmsError::Validation(_)
        | KmsError::RequestIdReused
        | KmsError::MalformedPolicyDocument(_)
        | KmsError::InvalidMarker
        | KmsError::InvalidCiphertext
        | KmsError::IncorrectKey
        | KmsError::IncorrectKeyMaterial(_)
        | KmsError::InvalidImportToken
        | KmsError::InvalidSignature
        | KmsError::InvalidMac
        | KmsError::InvalidKeyUsage(_) => Code::InvalidArgument,
        KmsError::ExpiredImportToken => Code::FailedPrecondition,
        KmsError::KeyUnavailable(_) => Code::Unavailable,
        KmsError::DependencyTimeout(_) => Code::DeadlineExceeded,
        KmsError::StaleGuard => Code::Aborted,
        KmsError::Internal(_) => Code::Internal,
    }
}

impl From<CryptoError> for OperationError {
    /// What the caller is to blame for is told; the rest is logged, and shown without its cause.
    fn from(error: CryptoError) -> Self {
        let refusal = match error {
            // To ImportKeyMaterial, material that does not unwrap is an invalid ciphertext.
            CryptoError::InvalidCiphertext | CryptoError::ImportUnwrap => KmsError::InvalidCiphertext,
            CryptoError::InvalidSignature => KmsError::InvalidSignature,
            CryptoError::InvalidMac => KmsError::InvalidMac,
            CryptoError::ImportToken => KmsError::InvalidImportToken,
            CryptoError::ImportedMaterial(_) => KmsError::IncorrectKeyMaterial(error.to_string()),
            CryptoError::PlaintextLength
            | CryptoError::NumberOfBytes
            | CryptoError::DigestLength(_)
            | CryptoError::MuLength(_)
            | CryptoError::OaepPlaintextLength { .. }
            | CryptoError::PublicKey(_) => KmsError::Validation(error.to_string()),
            CryptoError::SpecNotSupported(_) => KmsError::UnsupportedOperation(error.to_string()),
            _ => {
                tracing::error!(%error, fault = ?error.fault(), "a cryptographic step failed");
                KmsError::Internal(blame(error.fault()).to_owned())
            }
        };
        Self::Kms(refusal)
    }
}

impl From<ProposeError> for OperationError {
    fn from(error: ProposeError) -> Self {
        match error {
            ProposeError::Unknown(_) => Self::Unknown(error.to_string()),
            ProposeError::Overloaded(_) => Self::Throttled(error.to_string()),
            ProposeError::NotLeader { .. } | ProposeError::Unavailable(_) | ProposeError::Fatal(_) => {
                Self::Unavailable(error.to_string())
            }
        }
    }
}

impl From<ReadError> for OperationError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Overloaded(_) => Self::Throttled(error.to_string()),
            ReadError::Unavailable(_) | ReadError::Fatal(_) => Self::Unavailable(error.to_string()),
        }
    }
}

const fn blame(fault: Fault) -> &'static str {
    match fault {
        Fault::Caller | Fault::Own => "an internal error occurred",
        Fault::StoredData => "stored key material cannot be opened",
        Fault::Operator => "the root key cannot be used",
        Fault::Peer => "what another region sent cannot be used",
    }
}

/// The status that tells a gRPC caller of `error`: code, text, and `ErrorInfo` with the AWS exception as its reason.
pub fn status(error: &OperationError) -> Status {
    let details = ErrorDetails::with_error_info(error.exception(), ERROR_DOMAIN, []);
    Status::with_error_details(error.code(), error.to_string(), details)
}

#[cfg(test)]
mod tests {
    use super::*;
    use kms_domain::error::StateProblem;
    use kms_domain::identity::IdentityId;
    use kms_domain::vocabulary::AliasArn;

    const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    fn every_refusal() -> Vec<(KmsError, &'static str, Code)> {
        let key = || KEY.parse().unwrap();
        let text = String::new;
        let alias = AliasArn {
            region: "us-east-1".parse().unwrap(),
            account: "111122223333".parse().unwrap(),
            alias: "alias/a".parse().unwrap(),
        };
        vec![
            (KmsError::KeyNotFound(key()), "NotFoundException", Code::NotFound),
            (
                KmsError::AliasNotFound(alias),
                "NotFoundException",
                Code::NotFound,
            ),
            (
                KmsError::InvalidKeyId(text()),
                "NotFoundException",
                Code::NotFound,
            ),
            (KmsError::ArnNotFound(text()), "NotFoundException", Code::NotFound),
            (
                KmsError::InvalidArn(text()),
                "InvalidArnException",
                Code::InvalidArgument,
            ),
            (
                KmsError::Disabled(key()),
                "DisabledException",
                Code::FailedPrecondition,
            ),
            (
                KmsError::InvalidState(key(), StateProblem::Creating),
                "KMSInvalidStateException",
                Code::FailedPrecondition,
            ),
            (
                KmsError::UnsupportedOperation(text()),
                "UnsupportedOperationException",
                Code::FailedPrecondition,
            ),
            (
                KmsError::AlreadyExists(text()),
                "AlreadyExistsException",
                Code::AlreadyExists,
            ),
            (
                KmsError::InvalidAliasName(text()),
                "InvalidAliasNameException",
                Code::InvalidArgument,
            ),
            (
                KmsError::LimitExceeded(text()),
                "LimitExceededException",
                Code::ResourceExhausted,
            ),
            (KmsError::Tag(text()), "TagException", Code::InvalidArgument),
            (
                KmsError::Validation(text()),
                "ValidationException",
                Code::InvalidArgument,
            ),
            (
                KmsError::MalformedPolicyDocument(text()),
                "MalformedPolicyDocumentException",
                Code::InvalidArgument,
            ),
            (
                KmsError::InvalidMarker,
                "InvalidMarkerException",
                Code::InvalidArgument,
            ),
            (
                KmsError::InvalidCiphertext,
                "InvalidCiphertextException",
                Code::InvalidArgument,
            ),
            (
                KmsError::IncorrectKey,
                "IncorrectKeyException",
                Code::InvalidArgument,
            ),
            (
                KmsError::InvalidKeyUsage(text()),
                "InvalidKeyUsageException",
                Code::InvalidArgument,
            ),
            (
                KmsError::IncorrectKeyMaterial(text()),
                "IncorrectKeyMaterialException",
                Code::InvalidArgument,
            ),
            (
                KmsError::InvalidImportToken,
                "InvalidImportTokenException",
                Code::InvalidArgument,
            ),
            (
                KmsError::ExpiredImportToken,
                "ExpiredImportTokenException",
                Code::FailedPrecondition,
            ),
            (
                KmsError::InvalidSignature,
                "KMSInvalidSignatureException",
                Code::InvalidArgument,
            ),
            (
                KmsError::InvalidMac,
                "KMSInvalidMacException",
                Code::InvalidArgument,
            ),
            (
                KmsError::KeyUnavailable(key()),
                "KeyUnavailableException",
                Code::Unavailable,
            ),
            (
                KmsError::AccessDenied(text()),
                "AccessDeniedException",
                Code::PermissionDenied,
            ),
            (
                KmsError::AccessKeyEnded,
                "UnrecognizedClientException",
                Code::Unauthenticated,
            ),
            (
                KmsError::IdentityNotFound(IdentityId::Account("111122223333".parse().unwrap())),
                "NotFoundException",
                Code::NotFound,
            ),
            (
                KmsError::NotHomeRegion(
                    IdentityId::Account("111122223333".parse().unwrap()),
                    "eu-west-1".parse().unwrap(),
                ),
                "ConflictException",
                Code::FailedPrecondition,
            ),
            (
                KmsError::IdentityConflict(text()),
                "ConflictException",
                Code::FailedPrecondition,
            ),
            (
                KmsError::DryRun,
                "DryRunOperationException",
                Code::FailedPrecondition,
            ),
            (
                KmsError::RequestIdReused,
                "ValidationException",
                Code::InvalidArgument,
            ),
            (
                KmsError::RegionNotPaired("eu-west-1".parse().unwrap()),
                "ValidationException",
                Code::FailedPrecondition,
            ),
            (KmsError::StaleGuard, "KMSInternalException", Code::Aborted),
            (
                KmsError::Bootstrap(text()),
                "ValidationException",
                Code::FailedPrecondition,
            ),
            (
                KmsError::DependencyTimeout(text()),
                "DependencyTimeoutException",
                Code::DeadlineExceeded,
            ),
            (KmsError::Internal(text()), "KMSInternalException", Code::Internal),
        ]
    }

    #[test]
    fn every_refusal_carries_its_aws_exception_in_error_info() {
        for (refusal, exception, code) in every_refusal() {
            let status = status(&OperationError::Kms(refusal.clone()));
            let info = status.get_details_error_info().unwrap();
            assert_eq!(
                (status.code(), info.reason.as_str(), info.domain.as_str()),
                (code, exception, ERROR_DOMAIN)
            );
            assert_eq!(status.message(), refusal.to_string());
        }
    }

    #[test]
    fn over_http_a_fault_of_the_service_is_500_and_every_refusal_400() {
        for (refusal, exception, _) in every_refusal() {
            let fault = matches!(
                refusal,
                KmsError::KeyUnavailable(_)
                    | KmsError::StaleGuard
                    | KmsError::DependencyTimeout(_)
                    | KmsError::Internal(_)
            );
            let expected = if fault { 500 } else { 400 };
            assert_eq!(
                OperationError::Kms(refusal).http_status(),
                expected,
                "{exception}"
            );
        }
        let text = || "no quorum".to_owned();
        for unanswered in [
            OperationError::Unavailable(text()),
            OperationError::Timeout(text()),
            OperationError::Unknown(text()),
        ] {
            assert_eq!(unanswered.http_status(), 500);
        }
        assert_eq!(OperationError::Throttled(text()).http_status(), 400);
    }

    #[test]
    fn an_unknown_outcome_is_never_shown_as_a_refusal_or_as_nothing_done() {
        let unknown = status(&OperationError::Unknown("it may still commit".to_owned()));
        let not_done = status(&OperationError::Unavailable("no leader".to_owned()));
        assert_eq!(unknown.code(), Code::Unknown);
        assert_eq!(not_done.code(), Code::Unavailable);
    }

    #[test]
    fn a_full_queue_is_throttling_and_not_a_fault_of_the_service() {
        let full = || "too many are waiting".to_owned();
        let errors: [OperationError; 2] = [
            ProposeError::Overloaded(full()).into(),
            ReadError::Overloaded(full()).into(),
        ];
        for error in errors {
            let status = status(&error);
            let info = status.get_details_error_info().unwrap();
            assert_eq!(
                (status.code(), info.reason.as_str()),
                (Code::ResourceExhausted, "ThrottlingException")
            );
        }
    }

    #[test]
    fn an_invalid_ciphertext_signature_or_mac_says_nothing_more() {
        for refusal in [
            KmsError::InvalidCiphertext,
            KmsError::InvalidSignature,
            KmsError::InvalidMac,
        ] {
            let error = OperationError::from(refusal);
            assert_eq!((status(&error).message(), error.message()), ("", None));
        }
    }
}
