//! Why a request is refused before or instead of an answer, and what each protocol says of it: the one table of both
//! protocols. docs/HTTP.md shows it to callers. What operations refuse is in [`crate::errors`]; here it is only told.

use crate::errors::OperationError;
use http::StatusCode;

/// What a caller is told where AWS tells the same of an unknown key, a session token and a key that has ended.
const TOKEN_INVALID: &str = "The security token included in the request is invalid.";

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Another method than POST, another path than `/`, or a query.
    NotHere(&'static str),
    /// No operation of the service model has this name.
    UnknownOperation,
    /// No operation is named.
    NoOperation,
    /// More bytes than a request may have.
    TooLarge,
    /// The body took too long.
    TooSlow,
    /// The body is not what its protocol says; the text shows nothing of it.
    Serialization(String),
    /// The request has no Authorization header.
    Unsigned,
    /// A header that authentication needs is missing, repeated or malformed.
    Incomplete(String),
    /// The signature is not valid for this request, here and now.
    Mismatch(String),
    /// The access key is unknown or has ended, or there is a session token.
    UnknownClient,
    /// Refused by the operation, or by the service on its behalf.
    Operation(OperationError),
}

/// What a caller is told of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    /// `__type` in JSON, `Code` in XML.
    pub(crate) code: &'static str,
    /// The status.
    pub(crate) status: StatusCode,
    /// The text, if there is one.
    pub(crate) message: Option<String>,
}

impl From<OperationError> for Refusal {
    fn from(error: OperationError) -> Self {
        Self::Operation(error)
    }
}

impl Refusal {
    /// As AWS JSON tells it: the exceptions of KMS and of its protocol.
    pub(crate) fn in_json(&self) -> Told {
        let (code, status) = match self {
            Self::NotHere(_) => ("UnknownOperationException", StatusCode::NOT_FOUND),
            Self::UnknownOperation | Self::NoOperation => {
                ("UnknownOperationException", StatusCode::BAD_REQUEST)
            }
            Self::TooLarge => ("RequestEntityTooLarge", StatusCode::PAYLOAD_TOO_LARGE),
            Self::TooSlow => ("RequestTimeout", StatusCode::REQUEST_TIMEOUT),
            Self::Serialization(_) => ("SerializationException", StatusCode::BAD_REQUEST),
            Self::Unsigned => ("MissingAuthenticationTokenException", StatusCode::BAD_REQUEST),
            Self::Incomplete(_) => ("IncompleteSignatureException", StatusCode::BAD_REQUEST),
            Self::Mismatch(_) => ("InvalidSignatureException", StatusCode::BAD_REQUEST),
            Self::UnknownClient => ("UnrecognizedClientException", StatusCode::BAD_REQUEST),
            Self::Operation(error) => (error.exception(), error.http_status()),
        };
        self.told(code, status)
    }

    /// As the query protocol tells it: the error codes of STS.
    pub(crate) fn in_xml(&self) -> Told {
        let (code, status) = match self {
            Self::NotHere(_) => ("InvalidAction", StatusCode::NOT_FOUND),
            Self::UnknownOperation => ("InvalidAction", StatusCode::BAD_REQUEST),
            Self::NoOperation => ("MissingAction", StatusCode::BAD_REQUEST),
            Self::TooLarge => ("RequestEntityTooLarge", StatusCode::PAYLOAD_TOO_LARGE),
            Self::TooSlow => ("RequestTimeout", StatusCode::REQUEST_TIMEOUT),
            Self::Serialization(_) => ("MalformedQueryString", StatusCode::BAD_REQUEST),
            Self::Unsigned => ("MissingAuthenticationToken", StatusCode::FORBIDDEN),
            Self::Incomplete(_) => ("IncompleteSignature", StatusCode::BAD_REQUEST),
            Self::Mismatch(_) => ("SignatureDoesNotMatch", StatusCode::FORBIDDEN),
            Self::UnknownClient => ("InvalidClientTokenId", StatusCode::FORBIDDEN),
            Self::Operation(OperationError::Throttled(_)) => ("Throttling", StatusCode::BAD_REQUEST),
            Self::Operation(error) => match error.exception() {
                "AccessDeniedException" => ("AccessDenied", StatusCode::FORBIDDEN),
                "UnrecognizedClientException" => ("InvalidClientTokenId", StatusCode::FORBIDDEN),
                "ValidationException" => ("ValidationError", StatusCode::BAD_REQUEST),
                "KMSInternalException" => ("InternalFailure", StatusCode::INTERNAL_SERVER_ERROR),
                _ => ("ServiceUnavailable", StatusCode::SERVICE_UNAVAILABLE),
            },
        };
        self.told(code, status)
    }

    fn told(&self, code: &'static str, status: StatusCode) -> Told {
        let message = match self {
            Self::NotHere(text) => Some((*text).to_owned()),
            Self::UnknownOperation => None,
            Self::NoOperation => Some("The request names no operation.".to_owned()),
            Self::TooLarge => Some("The request is larger than this service accepts.".to_owned()),
            Self::TooSlow => Some("The request's body did not arrive in time.".to_owned()),
            Self::Unsigned => Some("Missing Authentication Token".to_owned()),
            Self::Serialization(text) | Self::Incomplete(text) | Self::Mismatch(text) => Some(text.clone()),
            Self::UnknownClient => Some(TOKEN_INVALID.to_owned()),
            Self::Operation(error) => error.message(),
        };
        Told {
            code,
            status,
            message,
        }
    }

    /// A short word for metrics.
    pub(crate) const fn reason(&self) -> &'static str {
        match self {
            Self::NotHere(_) | Self::UnknownOperation | Self::NoOperation => "operation",
            Self::TooLarge | Self::TooSlow => "limit",
            Self::Serialization(_) => "body",
            Self::Unsigned | Self::Incomplete(_) | Self::Mismatch(_) | Self::UnknownClient => "signature",
            Self::Operation(_) => "service",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kms_domain::KmsError;

    fn text() -> String {
        "why".to_owned()
    }

    /// Both protocols' table, row by row, as docs/HTTP.md has it.
    #[test]
    fn each_protocol_tells_a_refusal_by_its_own_code_and_status() {
        let rows = [
            (
                Refusal::NotHere("x"),
                ("UnknownOperationException", 404),
                ("InvalidAction", 404),
            ),
            (
                Refusal::UnknownOperation,
                ("UnknownOperationException", 400),
                ("InvalidAction", 400),
            ),
            (
                Refusal::NoOperation,
                ("UnknownOperationException", 400),
                ("MissingAction", 400),
            ),
            (
                Refusal::TooLarge,
                ("RequestEntityTooLarge", 413),
                ("RequestEntityTooLarge", 413),
            ),
            (Refusal::TooSlow, ("RequestTimeout", 408), ("RequestTimeout", 408)),
            (
                Refusal::Serialization(text()),
                ("SerializationException", 400),
                ("MalformedQueryString", 400),
            ),
            (
                Refusal::Unsigned,
                ("MissingAuthenticationTokenException", 400),
                ("MissingAuthenticationToken", 403),
            ),
            (
                Refusal::Incomplete(text()),
                ("IncompleteSignatureException", 400),
                ("IncompleteSignature", 400),
            ),
            (
                Refusal::Mismatch(text()),
                ("InvalidSignatureException", 400),
                ("SignatureDoesNotMatch", 403),
            ),
            (
                Refusal::UnknownClient,
                ("UnrecognizedClientException", 400),
                ("InvalidClientTokenId", 403),
            ),
            (
                OperationError::from(KmsError::AccessDenied(text())).into(),
                ("AccessDeniedException", 400),
                ("AccessDenied", 403),
            ),
            (
                OperationError::from(KmsError::AccessKeyEnded).into(),
                ("UnrecognizedClientException", 400),
                ("InvalidClientTokenId", 403),
            ),
            (
                OperationError::from(KmsError::Validation(text())).into(),
                ("ValidationException", 400),
                ("ValidationError", 400),
            ),
            (
                OperationError::Throttled(text()).into(),
                ("ThrottlingException", 400),
                ("Throttling", 400),
            ),
            (
                OperationError::Unavailable(text()).into(),
                ("DependencyTimeoutException", 500),
                ("ServiceUnavailable", 503),
            ),
            (
                OperationError::from(KmsError::Internal(text())).into(),
                ("KMSInternalException", 500),
                ("InternalFailure", 500),
            ),
        ];
        let documented = include_str!("../../../../docs/HTTP.md");
        for (refusal, json, xml) in rows {
            let (in_json, in_xml) = (refusal.in_json(), refusal.in_xml());
            assert_eq!((in_json.code, in_json.status.as_u16()), json, "{refusal:?}");
            assert_eq!((in_xml.code, in_xml.status.as_u16()), xml, "{refusal:?}");
            assert_eq!(in_json.message, in_xml.message);
            let row = format!("| {} {} | {} {} |", json.0, json.1, xml.0, xml.1);
            assert!(documented.contains(&row), "docs/HTTP.md lacks {row}");
        }
    }

    #[test]
    fn an_ended_key_and_an_unknown_one_are_told_alike() {
        let ended = Refusal::from(OperationError::from(KmsError::AccessKeyEnded));
        assert_eq!(ended.in_json(), Refusal::UnknownClient.in_json());
        assert_eq!(ended.in_xml(), Refusal::UnknownClient.in_xml());
    }
}
