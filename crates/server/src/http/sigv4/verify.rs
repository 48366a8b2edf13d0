//! Whether the signature is that of this request under this key.

use super::Scoped;
use super::claim::{Claim, at_ms};
use crate::errors::OperationError;
use crate::http::refusal::Refusal;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request};
use kms_domain::KmsError;
use kms_domain::vocabulary::{RegionName, Timestamp};
use scratchstack_aws_signature::{
    GetSigningKeyRequest, GetSigningKeyResponse, KSigningKey, SignatureError, SignatureOptions,
    VecSignedHeaderRequirements, service_for_signing_key_fn, sigv4_validate_request,
};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;
use tower::BoxError;

const CONTENT_SHA256: &str = "x-amz-content-sha256";

/// What must be signed over AWS JSON: what the request is (its target), where it goes and when it was made.
static SIGNED_FOR_KMS: LazyLock<VecSignedHeaderRequirements> = LazyLock::new(|| {
    VecSignedHeaderRequirements::new(
        &["host", "x-amz-date", "x-amz-target"],
        &["content-type"],
        &["x-amz-"],
    )
});

/// The query protocol names its operation in the body, which is always signed.
static SIGNED_FOR_STS: LazyLock<VecSignedHeaderRequirements> = LazyLock::new(|| {
    VecSignedHeaderRequirements::new(&["host", "x-amz-date"], &["content-type"], &["x-amz-"])
});

/// A request whose signature holds.
pub(crate) struct Signed {
    pub(crate) parts: Parts,
    pub(crate) body: Bytes,
}

/// Verifies the signature that `claim` was read from, in constant time.
///
/// # Errors
/// When it does not hold, does not cover what it must, or the body's declared hash is another.
pub(crate) async fn verify(
    parts: Parts,
    body: Bytes,
    claim: &Claim,
    region: &RegionName,
    key: KSigningKey,
    now: Timestamp,
) -> Result<Signed, Refusal> {
    refuse_another_payload(&parts.headers, &body)?;
    let required = match claim.service {
        Scoped::Kms => &*SIGNED_FOR_KMS,
        Scoped::Sts => &*SIGNED_FOR_STS,
    };
    let expected = Expected {
        region: region.as_str(),
        service: claim.service.as_str(),
        required,
        now,
    };
    verify_as(parts, body, &expected, key).await
}

/// What a signature is verified against.
pub(super) struct Expected<'a> {
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) required: &'a VecSignedHeaderRequirements,
    pub(super) now: Timestamp,
}

/// The library, as this service uses it.
pub(super) async fn verify_as(
    parts: Parts,
    body: Bytes,
    expected: &Expected<'_>,
    key: KSigningKey,
) -> Result<Signed, Refusal> {
    // By itself, since the library's function takes it for one that is called once.
    let signing_key = move |_: GetSigningKeyRequest| {
        std::future::ready(
            GetSigningKeyResponse::builder()
                .signing_key(key)
                .build()
                .map_err(BoxError::from),
        )
    };
    let mut keys = service_for_signing_key_fn(signing_key);
    let options = SignatureOptions {
        s3: false,
        url_encode_form: false,
    };
    let verified = sigv4_validate_request(
        Request::from_parts(parts, body),
        expected.region,
        expected.service,
        &mut keys,
        at_ms(expected.now.0),
        expected.required,
        options,
    )
    .await;
    match verified {
        Ok((parts, body, _)) => Ok(Signed { parts, body }),
        Err(error) => Err(refusal(&error)),
    }
}

/// The library's texts name headers and scopes of the caller's, and are AWS's own.
fn refusal(error: &BoxError) -> Refusal {
    match error.downcast_ref::<SignatureError>() {
        Some(SignatureError::SignatureDoesNotMatch(text)) => {
            Refusal::Mismatch(text.clone().unwrap_or_default())
        }
        Some(SignatureError::MissingAuthenticationToken(_)) => Refusal::Unsigned,
        Some(
            SignatureError::IncompleteSignature(text)
            | SignatureError::MalformedQueryString(text)
            | SignatureError::InvalidURIPath(text),
        ) => Refusal::Incomplete(text.clone()),
        _ => {
            tracing::error!(%error, "a signature could not be verified");
            let text = "the signature could not be verified".to_owned();
            Refusal::Operation(OperationError::Kms(KmsError::Internal(text)))
        }
    }
}

/// The hash of a body that a caller declares is the hash of this body. `UNSIGNED-PAYLOAD` and the streaming forms are S3's:
/// here they would leave the parameters of the call unsigned.
fn refuse_another_payload(headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    let Some(declared) = headers.get(CONTENT_SHA256) else {
        return Ok(());
    };
    let hash = format!("{:x}", HexOf(&Sha256::digest(body)));
    match declared.as_bytes() == hash.as_bytes() {
        true => Ok(()),
        false => Err(Refusal::Mismatch(
            "The 'x-amz-content-sha256' header is not the SHA-256 of the request's body.".to_owned(),
        )),
    }
}

struct HexOf<'a>(&'a [u8]);

impl std::fmt::LowerHex for HexOf<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
