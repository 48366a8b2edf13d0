//! One request to its answer: which protocol, who calls, what is asked, and how it is told.

use super::authenticate::{Authenticated, Authenticator, ClaimedKey};
use super::body::{BodyLimits, ReadBody};
use super::connection::{Answer, Answers};
use super::refusal::Refusal;
use super::sigv4::{self, Claim, Replays, Scoped};
use super::{json, kms, request, sts};
use crate::errors::OperationError;
use crate::operations::call::{CALL_DURATION_MAX, REQUEST_ID_HEADER};
use crate::operations::{Call, RequestId, Service};
use bytes::Bytes;
use futures_util::FutureExt;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;
use hyper::body::Incoming;
use kms_domain::vocabulary::{RegionName, Timestamp};
use std::pin::pin;
use std::sync::Arc;
use tokio::time::Instant;

/// On every answer, and what a caller's question about it can name.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");
const XML: HeaderValue = HeaderValue::from_static("text/xml");

/// The AWS protocols over the operations of one node.
pub(crate) struct AwsApi {
    service: Arc<Service>,
    authenticator: Authenticator,
    replays: Replays,
    bodies: BodyLimits,
}

impl AwsApi {
    pub(crate) fn new(service: Arc<Service>, authenticator: Authenticator, bodies: BodyLimits) -> Self {
        Self {
            service,
            authenticator,
            replays: Replays::default(),
            bodies,
        }
    }

    async fn respond<B>(&self, request: Request<B>) -> Answer
    where
        B: Body<Data = Bytes>,
    {
        // Tells calls apart, and is no secret: no system call for it.
        let request_id = uuid::Builder::from_random_bytes(rand::random())
            .into_uuid()
            .to_string();
        let (parts, body) = request.into_parts();
        let protocol = request::protocol(&parts.headers);
        let mut to_known = false;
        let response = match self
            .carry_out(&request_id, protocol, parts, body, &mut to_known)
            .await
        {
            Ok(body) => response(StatusCode::OK, protocol, &request_id, body),
            Err(refusal) => refused(&refusal, protocol, &request_id),
        };
        Answer { response, to_known }
    }

    /// Says in `to_known` whether the request's signature holds, whatever comes of it.
    async fn carry_out<B>(
        &self,
        request_id: &str,
        protocol: Scoped,
        mut parts: Parts,
        body: B,
        to_known: &mut bool,
    ) -> Result<Bytes, Refusal>
    where
        B: Body<Data = Bytes>,
    {
        let (region, now) = (self.authenticator.region(), self.authenticator.clock().now());
        let claim = claim_of(&mut parts, protocol, region, now)?;
        // Before the body, so that whoever has no access key can make nobody keep one.
        let mut key = self
            .authenticator
            .key_of(&claim, Instant::now() + CALL_DURATION_MAX)
            .await?;
        let body = self.read_body(&parts.headers, body, &mut key).await?;
        let deadline = Instant::now() + CALL_DURATION_MAX;
        let authenticated = self
            .authenticator
            .caller_of(parts, body.bytes.clone(), &claim, key)
            .await?;
        *to_known = true;
        match protocol {
            Scoped::Kms => self.operate(&claim, authenticated, deadline).await,
            Scoped::Sts => {
                sts::refuse_other_actions(&authenticated.signed.body)?;
                Ok(sts::caller_identity(authenticated.caller.principal(), request_id).into())
            }
        }
    }

    /// Reads the body. If it is not there yet the view of its `key` is given up: whoever sends slowly keeps no old state in
    /// memory.
    async fn read_body<B>(
        &self,
        headers: &HeaderMap,
        body: B,
        key: &mut ClaimedKey,
    ) -> Result<ReadBody, Refusal>
    where
        B: Body<Data = Bytes>,
    {
        let mut reading = pin!(self.bodies.read(headers, body));
        if let Some(read) = reading.as_mut().now_or_never() {
            return read;
        }
        key.forget_what_was_seen();
        reading.await
    }

    async fn operate(
        &self,
        claim: &Claim,
        authenticated: Authenticated,
        deadline: Instant,
    ) -> Result<Bytes, Refusal> {
        let Authenticated { caller, signed, seen } = authenticated;
        let operation = request::operation(&signed.parts.headers)?;
        let invocation = signed.parts.headers.get(REQUEST_ID_HEADER);
        let is_change = kms::is_change(operation);
        let account = caller.principal().account();
        let call = RequestId::from_header(invocation.map(HeaderValue::as_bytes))
            .map_err(OperationError::from)
            .map(|request_id| Call {
                caller,
                request_id,
                deadline,
                // It is as new as this request. What a change decides on is to be as new as can be.
                seen: seen.filter(|_| !is_change),
            });
        if is_change {
            let request_id = call.as_ref().ok().and_then(|call| call.request_id.as_ref());
            let now = self.authenticator.clock().now();
            self.replays
                .admit(claim, account, request_id.map(RequestId::as_str), now)?;
        }
        let answer = kms::carry_out(&self.service, operation, call, &signed.body).await?;
        // Zeroized when the connection has sent it.
        Ok(Bytes::from_owner(answer))
    }
}

/// What a request claims by its first line and headers alone, before its body is read or anything is looked up.
///
/// # Errors
/// When it is no request for this place, or claims nothing that can hold.
pub(super) fn claim_of(
    parts: &mut Parts,
    protocol: Scoped,
    region: &RegionName,
    now: Timestamp,
) -> Result<Claim, Refusal> {
    request::refuse_other_places(parts)?;
    request::name_the_host(parts)?;
    sigv4::claim(&parts.headers, protocol, region, now)
}

impl Answers for AwsApi {
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Answer> + Send {
        self.respond(request)
    }
}

fn response(status: StatusCode, protocol: Scoped, request_id: &str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, if protocol == Scoped::Kms { JSON } else { XML });
    // A UUID is always a header's value.
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

fn refused(refusal: &Refusal, protocol: Scoped, request_id: &str) -> Response<Full<Bytes>> {
    // What an operation refuses is counted with it.
    if !matches!(refusal, Refusal::Operation(_)) {
        metrics::counter!("kms_http_refused_total", "reason" => refusal.reason()).increment(1);
    }
    let (told, body) = match protocol {
        Scoped::Kms => {
            let told = refusal.in_json();
            let body = json::error(told.code, told.message.as_deref());
            (told, body)
        }
        Scoped::Sts => {
            let told = refusal.in_xml();
            let body = sts::error(&told, request_id).into_bytes();
            (told, body)
        }
    };
    tracing::debug!(code = told.code, request_id, "a request is refused");
    response(told.status, protocol, request_id, body.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    async fn text_of(response: Response<Full<Bytes>>) -> String {
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_refusal_is_told_in_the_protocol_of_the_request_with_its_request_id() {
        let json = refused(&Refusal::UnknownClient, Scoped::Kms, "r-1");
        assert_eq!(json.status(), 400);
        assert_eq!(json.headers()[REQUEST_ID], "r-1");
        assert_eq!(json.headers()[CONTENT_TYPE], "application/x-amz-json-1.1");
        assert_eq!(
            text_of(json).await,
            "{\"__type\":\"UnrecognizedClientException\",\"message\":\"The security token included in the request is \
             invalid.\"}"
        );
        let xml = refused(&Refusal::UnknownClient, Scoped::Sts, "r-2");
        assert_eq!(xml.status(), 403);
        assert_eq!(xml.headers()[REQUEST_ID], "r-2");
        assert_eq!(xml.headers()[CONTENT_TYPE], "text/xml");
        let text = text_of(xml).await;
        assert!(text.contains("<Code>InvalidClientTokenId</Code>"), "{text}");
        assert!(text.contains("<RequestId>r-2</RequestId>"), "{text}");
    }

    #[tokio::test]
    async fn what_carries_no_text_in_aws_carries_none_here() {
        for (refusal, exception) in [
            (
                kms_domain::KmsError::InvalidCiphertext,
                "InvalidCiphertextException",
            ),
            (
                kms_domain::KmsError::InvalidSignature,
                "KMSInvalidSignatureException",
            ),
            (kms_domain::KmsError::InvalidMac, "KMSInvalidMacException"),
        ] {
            let told = refused(&OperationError::from(refusal).into(), Scoped::Kms, "r");
            assert_eq!(text_of(told).await, format!("{{\"__type\":\"{exception}\"}}"));
        }
    }
}
