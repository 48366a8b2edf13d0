//! What a script can learn from kmsctl's exit code: one table, shown by `kmsctl --help` and tested here.

use tonic::Code;

/// Why kmsctl ended. The numbers are part of its interface and never change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum ExitCode {
    /// The call succeeded (a dry run: it would have).
    Ok = 0,
    /// Something unexpected: an internal error of the service, an answer nobody can read, a local file error.
    Unexpected = 1,
    /// Wrong arguments or configuration; nothing was sent.
    Usage = 2,
    /// The key, alias or node does not exist.
    NotFound = 3,
    /// The caller is not known or not allowed.
    Denied = 4,
    /// The object's state forbids it: disabled, pending deletion, exists already, changed meanwhile.
    Conflict = 5,
    /// No node answered in time, or those that did cannot serve now. A change may have happened.
    Unavailable = 6,
    /// The service refuses the request as malformed or not supported.
    Refused = 7,
    /// The ciphertext, signature, MAC, import token or imported material is not right, or not of this key,
    /// algorithm and encryption context.
    BadCiphertext = 8,
    /// A limit or quota is reached.
    Limit = 9,
}

/// The table shown at the end of `kmsctl --help`.
pub(crate) const HELP: &str = "\
Exit codes:
  0  success, or a dry run that would have succeeded
  1  unexpected: internal error, unreadable answer, local file error
  2  usage: wrong arguments or configuration; nothing was sent
  3  not found
  4  denied, or not authenticated
  5  conflict: the state of the key or region forbids it
  6  unavailable or timed out; a change may have happened
  7  refused: malformed or not supported
  8  the ciphertext, signature, MAC, import token or imported material is not right, or not of this key,
     algorithm and encryption context
  9  a limit is reached";

impl ExitCode {
    /// The code for an AWS exception name; `None` for one that this version does not know.
    pub(crate) fn of_exception(name: &str) -> Option<Self> {
        Some(match name {
            "NotFoundException" | "CustomKeyStoreNotFoundException" => Self::NotFound,
            "AccessDeniedException"
            | "UnrecognizedClientException"
            | "InvalidGrantTokenException"
            | "MissingAuthenticationTokenException" => Self::Denied,
            "DisabledException"
            | "KMSInvalidStateException"
            | "AlreadyExistsException"
            | "ConflictException"
            | "CustomKeyStoreInvalidStateException" => Self::Conflict,
            "KeyUnavailableException" | "DependencyTimeoutException" | "ServiceUnavailableException" => {
                Self::Unavailable
            }
            "ValidationException"
            | "UnsupportedOperationException"
            | "InvalidArnException"
            | "InvalidAliasNameException"
            | "InvalidMarkerException"
            | "InvalidKeyUsageException"
            | "MalformedPolicyDocumentException"
            | "TagException" => Self::Refused,
            "InvalidCiphertextException"
            | "IncorrectKeyException"
            | "KMSInvalidSignatureException"
            | "KMSInvalidMacException"
            | "IncorrectKeyMaterialException"
            | "InvalidImportTokenException"
            | "ExpiredImportTokenException" => Self::BadCiphertext,
            "LimitExceededException" | "ThrottlingException" => Self::Limit,
            "DryRunOperationException" => Self::Ok,
            "KMSInternalException" => Self::Unexpected,
            _ => return None,
        })
    }

    /// The code for a gRPC status that names no exception, or one that is not known.
    pub(crate) fn of_status(code: Code) -> Self {
        match code {
            Code::Ok => Self::Ok,
            Code::NotFound => Self::NotFound,
            Code::PermissionDenied | Code::Unauthenticated => Self::Denied,
            Code::FailedPrecondition | Code::AlreadyExists | Code::Aborted => Self::Conflict,
            Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => Self::Unavailable,
            Code::InvalidArgument | Code::OutOfRange | Code::Unimplemented => Self::Refused,
            Code::ResourceExhausted => Self::Limit,
            Code::Unknown | Code::Internal | Code::DataLoss => Self::Unexpected,
        }
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::{ExitCode, HELP};

    #[test]
    fn every_exit_code_is_in_the_help() {
        for code in 0..=9 {
            assert!(
                HELP.lines().any(|line| line.starts_with(&format!("  {code}  "))),
                "{code}"
            );
        }
    }

    #[test]
    fn an_exception_decides_before_the_grpc_code_does() {
        assert_eq!(
            ExitCode::of_exception("NotFoundException"),
            Some(ExitCode::NotFound)
        );
        assert_eq!(
            ExitCode::of_exception("AccessDeniedException"),
            Some(ExitCode::Denied)
        );
        assert_eq!(
            ExitCode::of_exception("DisabledException"),
            Some(ExitCode::Conflict)
        );
        assert_eq!(
            ExitCode::of_exception("KeyUnavailableException"),
            Some(ExitCode::Unavailable)
        );
        assert_eq!(
            ExitCode::of_exception("ValidationException"),
            Some(ExitCode::Refused)
        );
        assert_eq!(
            ExitCode::of_exception("InvalidCiphertextException"),
            Some(ExitCode::BadCiphertext)
        );
        assert_eq!(
            ExitCode::of_exception("LimitExceededException"),
            Some(ExitCode::Limit)
        );
        assert_eq!(
            ExitCode::of_exception("KMSInternalException"),
            Some(ExitCode::Unexpected)
        );
        assert_eq!(ExitCode::of_exception("SomethingNewException"), None);
    }

    #[test]
    fn whatever_is_not_what_it_is_said_to_be_has_the_one_code_for_it() {
        for name in [
            "InvalidCiphertextException",
            "IncorrectKeyException",
            "KMSInvalidSignatureException",
            "KMSInvalidMacException",
            "IncorrectKeyMaterialException",
            "InvalidImportTokenException",
            "ExpiredImportTokenException",
        ] {
            assert_eq!(
                ExitCode::of_exception(name),
                Some(ExitCode::BadCiphertext),
                "{name}"
            );
        }
    }

    #[test]
    fn a_status_without_an_exception_still_has_a_meaningful_code() {
        assert_eq!(ExitCode::of_status(Code::Unavailable), ExitCode::Unavailable);
        assert_eq!(ExitCode::of_status(Code::Unauthenticated), ExitCode::Denied);
        assert_eq!(ExitCode::of_status(Code::NotFound), ExitCode::NotFound);
        assert_eq!(ExitCode::of_status(Code::Internal), ExitCode::Unexpected);
    }
}
