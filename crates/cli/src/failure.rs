//! Everything that can go wrong in kmsctl, with what to print and what to do next. No variant ever holds
//! plaintext: messages come from the service, the configuration or the operating system.

use std::io;

use serde_json::{Value, json};
use thiserror::Error;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use crate::exit_code::ExitCode;

/// A command's failure.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// Wrong arguments or configuration. Nothing was sent.
    #[error("{0}")]
    Usage(String),
    /// The operator did not agree. Nothing was sent.
    #[error("not confirmed, nothing was changed")]
    NotConfirmed,
    /// The service answered with an error.
    #[error("{}", named(exception, message))]
    Service {
        /// AWS exception name, or the gRPC code's name where the service named none.
        exception: String,
        /// The service's message.
        message: String,
        /// The gRPC code.
        code: Code,
        /// The node that answered.
        endpoint: String,
        /// The call's request id.
        invocation_id: String,
    },
    /// No node could be reached.
    #[error("no node of context {context} could be reached\n{}", attempts.join("\n"))]
    Unreachable {
        /// The context whose nodes were tried.
        context: String,
        /// One line for each node tried: its endpoint and why.
        attempts: Vec<String>,
        /// Whether a node ended the TLS handshake because of our certificate, or we because of its.
        certificate_refused: bool,
    },
    /// The deadline passed, or the connection broke, without an answer.
    #[error("no answer (the time limit is {timeout_ms} ms)")]
    NoAnswer {
        /// The deadline that the call had, in milliseconds.
        timeout_ms: u128,
        /// The call's request id.
        invocation_id: String,
    },
    /// A condition that `--wait` waited for did not come true in time.
    #[error("{0}")]
    NotYet(String),
    /// A local file, or standard input or output, could not be used.
    #[error("{doing}: {source}")]
    Local {
        /// What was being done.
        doing: String,
        /// The operating system's error.
        source: io::Error,
    },
    /// The service's answer lacks something that it must have.
    #[error("the answer has no {0}")]
    Incomplete(&'static str),
}

impl Failure {
    /// Reads an error that a node answered.
    pub(crate) fn from_status(status: &Status, endpoint: &str, invocation_id: &str) -> Self {
        let named = status
            .get_details_error_info()
            .map(|info| info.reason)
            .filter(|name| !name.is_empty());
        Self::Service {
            exception: named.unwrap_or_else(|| format!("{:?}", status.code())),
            message: status.message().to_owned(),
            code: status.code(),
            endpoint: endpoint.to_owned(),
            invocation_id: invocation_id.to_owned(),
        }
    }

    /// A closure for `map_err` on file operations.
    pub(crate) fn local(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Local {
            doing: doing.into(),
            source,
        }
    }

    /// The process's exit code for this failure.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) | Self::NotConfirmed => ExitCode::Usage,
            Self::Service { exception, code, .. } => {
                ExitCode::of_exception(exception).unwrap_or_else(|| ExitCode::of_status(*code))
            }
            Self::Unreachable {
                certificate_refused: true,
                ..
            } => ExitCode::Denied,
            Self::Unreachable { .. } | Self::NoAnswer { .. } | Self::NotYet(_) => ExitCode::Unavailable,
            Self::Local { .. } | Self::Incomplete(_) => ExitCode::Unexpected,
        }
    }

    /// Whether the service answered that a dry run would have succeeded.
    pub(crate) fn is_dry_run_success(&self) -> bool {
        matches!(self, Self::Service { exception, .. } if exception == "DryRunOperationException")
    }

    /// What the caller can do about it, if anything is known to help.
    fn next_step(&self) -> Option<String> {
        match self {
            Self::Service { exception, invocation_id, .. } => match exception.as_str() {
                "KeyUnavailableException" => None,
                exception => after(exception).map(str::to_owned).or_else(|| match self.exit_code() {
                    ExitCode::Unavailable => Some(unknown_outcome(invocation_id)),
                    ExitCode::Denied => Some(CHECK_CERTIFICATE.to_owned()),
                    _ => None,
                }),
            },
            Self::Unreachable { certificate_refused: true, .. } => Some(
                "check certificate, key and server_ca (admin_* for operators' commands) of this context in kmsctl.toml: each listener has a CA of its own"
                    .to_owned(),
            ),
            Self::Unreachable { .. } => {
                Some("check that the region's nodes run, and the endpoints of this context in kmsctl.toml".to_owned())
            }
            Self::NoAnswer { invocation_id, .. } => Some(unknown_outcome(invocation_id)),
            Self::NotYet(_) => Some("`kmsctl replication status` shows what it waits for".to_owned()),
            Self::Usage(_) => Some("`kmsctl --help` or `kmsctl COMMAND --help`".to_owned()),
            Self::NotConfirmed | Self::Local { .. } | Self::Incomplete(_) => None,
        }
    }

    /// The text for a person: what happened, where, and what to do next.
    pub(crate) fn to_text(&self) -> String {
        let mut text = format!("error: {self}");
        if let Self::Service {
            endpoint,
            invocation_id,
            ..
        } = self
        {
            text.push_str(&format!("\n  from: {endpoint} (request {invocation_id})"));
        }
        if let Some(next) = self.next_step() {
            text.push_str(&format!("\n  next: {next}"));
        }
        text
    }

    /// The same for a program.
    pub(crate) fn to_json(&self) -> Value {
        let mut error = json!({ "ExitCode": self.exit_code() as u8, "Message": self.to_string() });
        if let Self::Service {
            exception,
            message,
            endpoint,
            invocation_id,
            ..
        } = self
        {
            error["Code"] = json!(exception);
            error["Message"] = json!(message);
            error["Endpoint"] = json!(endpoint);
            error["RequestId"] = json!(invocation_id);
        }
        if let Self::NoAnswer { invocation_id, .. } = self {
            error["RequestId"] = json!(invocation_id);
        }
        if let Some(next) = self.next_step() {
            error["Next"] = json!(next);
        }
        json!({ "Error": error })
    }
}

const CHECK_CERTIFICATE: &str = "check the certificate of this context in kmsctl.toml";

/// What helps after an exception, where that is known.
fn after(exception: &str) -> Option<&'static str> {
    Some(match exception {
        "NotFoundException" => {
            "`kmsctl keys list` and `kmsctl aliases list` show what this region has; `--context` picks another region"
        }
        "DisabledException" => "`kmsctl keys enable KEY` makes it usable again",
        "KMSInvalidStateException" | "ConflictException" => "`kmsctl keys describe KEY` shows the state",
        "InvalidKeyUsageException" => "`kmsctl keys describe KEY` shows the key's usage and algorithms",
        "InvalidCiphertextException" => {
            "check that the input is whole (`--raw` if it is not base64) and was made for this key, with the same algorithm and the same --encryption-context pairs"
        }
        "IncorrectKeyException" => "leave the key out: a symmetric ciphertext names its key itself",
        "KMSInvalidSignatureException" => {
            "the signature is not valid: check that key, message, --message-type and --algorithm are those of the signing, and the signature is whole (`--raw` if it is not base64)"
        }
        "KMSInvalidMacException" => {
            "the MAC is not valid: check that key, message and --algorithm are those it was made with, and that it is whole (`--raw` if it is not base64)"
        }
        "IncorrectKeyMaterialException" => {
            "`kmsctl rotation list KEY --all-materials` shows what the key has: --type EXISTING imports the same bytes again, --type NEW other bytes"
        }
        "InvalidImportTokenException" | "ExpiredImportTokenException" => {
            "`kmsctl import parameters KEY` gives a new token and a new public key, with which the key material must be wrapped again"
        }
        "AccessDeniedException" | "UnrecognizedClientException" => CHECK_CERTIFICATE,
        _ => return None,
    })
}

/// An exception and its message; some never have one.
fn named(exception: &str, message: &str) -> String {
    if message.is_empty() {
        exception.to_owned()
    } else {
        format!("{exception}: {message}")
    }
}

/// What to do after a call whose outcome nobody told.
fn unknown_outcome(invocation_id: &str) -> String {
    format!(
        "try again; a change may already have happened, and repeating the same command with `--invocation-id {invocation_id}` within 10 minutes does it at most once"
    )
}

#[cfg(test)]
mod tests {
    use tonic::{Code, Status};
    use tonic_types::{ErrorDetails, StatusExt};

    use super::Failure;
    use crate::exit_code::ExitCode;

    fn status(code: Code, reason: &str, message: &str) -> Status {
        let details =
            ErrorDetails::with_error_info(reason, "kms.concord", [("ignored".to_owned(), "x".to_owned())]);
        Status::with_error_details(code, message, details)
    }

    #[test]
    fn the_exception_name_and_message_are_shown_with_what_to_do_next() {
        let answer = status(Code::NotFound, "NotFoundException", "Key 'k' does not exist");
        let failure = Failure::from_status(&answer, "https://localhost:7101", "id-1");
        assert_eq!(failure.exit_code(), ExitCode::NotFound);
        let text = failure.to_text();
        assert!(
            text.starts_with("error: NotFoundException: Key 'k' does not exist\n"),
            "{text}"
        );
        assert!(
            text.contains("https://localhost:7101") && text.contains("next: "),
            "{text}"
        );
        let json = failure.to_json();
        assert_eq!(json["Error"]["Code"], "NotFoundException");
        assert_eq!(json["Error"]["ExitCode"], 3);
    }

    #[test]
    fn an_exception_without_a_message_is_shown_by_its_name_and_what_it_means() {
        for (exception, meaning) in [
            ("KMSInvalidSignatureException", "the signature is not valid"),
            ("KMSInvalidMacException", "the MAC is not valid"),
        ] {
            let failure = Failure::from_status(&status(Code::InvalidArgument, exception, ""), "e", "i");
            assert_eq!(failure.exit_code(), ExitCode::BadCiphertext);
            let text = failure.to_text();
            assert!(text.starts_with(&format!("error: {exception}\n")), "{text}");
            assert!(text.contains(meaning), "{text}");
        }
    }

    #[test]
    fn a_status_without_details_is_named_by_its_grpc_code() {
        let failure = Failure::from_status(&Status::unavailable("no leader"), "e", "id-2");
        assert_eq!(failure.to_string(), "Unavailable: no leader");
        assert_eq!(failure.exit_code(), ExitCode::Unavailable);
        assert!(failure.to_text().contains("--invocation-id id-2"));
    }

    #[test]
    fn a_dry_run_that_would_succeed_is_a_success() {
        let answer = status(Code::FailedPrecondition, "DryRunOperationException", "");
        let failure = Failure::from_status(&answer, "e", "i");
        assert!(failure.is_dry_run_success());
        assert_eq!(failure.exit_code(), ExitCode::Ok);
    }

    #[test]
    fn a_refused_certificate_is_a_denial_and_silence_is_not() {
        let unreachable = |certificate_refused| Failure::Unreachable {
            context: "c".to_owned(),
            attempts: vec!["  e: because".to_owned()],
            certificate_refused,
        };
        assert_eq!(unreachable(true).exit_code(), ExitCode::Denied);
        assert_eq!(unreachable(false).exit_code(), ExitCode::Unavailable);
    }
}
