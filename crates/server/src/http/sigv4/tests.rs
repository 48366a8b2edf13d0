//! AWS's own vectors, and every way in which a request is not the one that was signed.

use super::verify::{Expected, verify_as};
use super::*;
use crate::errors::OperationError;
use crate::http::api::claim_of;
use crate::http::refusal::Refusal;
use crate::http::request::protocol;
use aws_lc_rs::hmac;
use bytes::Bytes;
use chrono::NaiveDate;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Uri};
use kms_crypto::SecretBytes;
use kms_domain::vocabulary::{AccessKeyId, RegionName, Timestamp};
use scratchstack_aws_signature::VecSignedHeaderRequirements;
use sha2::{Digest, Sha256};
use std::cell::Cell;

const VECTORS: &str = include_str!("vectors.txt");
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
/// 2015-08-30T12:36:00Z, when the vectors were signed.
const VECTORS_AT: Timestamp = Timestamp(1_440_938_160_000);
const MINUTE_MS: u64 = 60_000;

fn region() -> RegionName {
    "us-east-1".parse().unwrap()
}

fn access_key() -> AccessKeyId {
    ACCESS_KEY.parse().unwrap()
}

fn derived_for(revision: u64, date: NaiveDate, service: Scoped) -> DerivedFor {
    DerivedFor {
        access_key: access_key(),
        revision,
        date,
        service,
    }
}

fn opened() -> Result<SecretBytes, OperationError> {
    Ok(SecretBytes::copy_of(SECRET.as_bytes()))
}

mod vectors {
    use super::*;
    use scratchstack_aws_signature::KSecretKey;
    use std::str::FromStr;

    fn parse(signed: &str) -> (Parts, Bytes) {
        let (head, body) = signed.split_once("\n\n").unwrap_or((signed, ""));
        let mut lines = head.lines();
        let first = lines.next().unwrap();
        let mut words = first.split(' ');
        let (method, uri) = (words.next().unwrap(), words.next().unwrap());
        let mut request = Request::builder().method(method).uri(uri);
        for line in lines {
            let (name, value) = line.split_once(':').unwrap();
            request = request.header(name, value.trim());
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        (parts, Bytes::from(body.to_owned()))
    }

    async fn verifies(signed: &str, required: &VecSignedHeaderRequirements) -> Result<(), Refusal> {
        let (parts, body) = parse(signed);
        let date = NaiveDate::from_ymd_opt(2015, 8, 30).unwrap();
        let key = <KSecretKey>::from_str(SECRET)
            .unwrap()
            .to_ksigning(date, "us-east-1", "service");
        let expected = Expected {
            region: "us-east-1",
            service: "service",
            required,
            now: VECTORS_AT,
        };
        verify_as(parts, body, &expected, key).await.map(|_| ())
    }

    #[tokio::test]
    async fn every_signed_request_that_aws_published_verifies_and_no_altered_one_does() {
        let vectors: Vec<(&str, &str)> = VECTORS
            .split("=== ")
            .skip(1)
            .map(|vector| vector.trim_end().split_once('\n').unwrap())
            .collect();
        assert_eq!(vectors.len(), 25);
        let required =
            VecSignedHeaderRequirements::new(&["host", "x-amz-date"], &["content-type"], &[] as &[&str]);
        for (name, signed) in vectors {
            assert_eq!(verifies(signed, &required).await, Ok(()), "{name}");
            let (before, signature) = signed.split_once("Signature=").unwrap();
            let other = if signature.starts_with('0') { "1" } else { "0" };
            let altered = format!("{before}Signature={other}{}", &signature[1..]);
            assert!(
                matches!(verifies(&altered, &required).await, Err(Refusal::Mismatch(_))),
                "{name}"
            );
        }
    }
}

/// A request that is signed here, by another implementation than the one that verifies.
#[derive(Clone)]
struct Signing {
    secret: &'static str,
    access_key: &'static str,
    method: &'static str,
    uri: &'static str,
    region: &'static str,
    service: &'static str,
    scope_date: &'static str,
    date: &'static str,
    headers: Vec<(&'static str, String)>,
    signed: Vec<&'static str>,
    payload: Option<&'static str>,
    body: &'static str,
}

const KMS_BODY: &str = r#"{"KeyId":"alias/a"}"#;

/// A DescribeKey as an SDK signs it.
fn describe_key() -> Signing {
    Signing {
        secret: SECRET,
        access_key: ACCESS_KEY,
        method: "POST",
        uri: "/",
        region: "us-east-1",
        service: "kms",
        scope_date: "20150830",
        date: "20150830T123600Z",
        headers: vec![
            ("host", "127.0.0.1:7106".to_owned()),
            ("content-type", "application/x-amz-json-1.1".to_owned()),
            ("x-amz-date", "20150830T123600Z".to_owned()),
            ("x-amz-target", "TrentService.DescribeKey".to_owned()),
            ("user-agent", "aws-cli".to_owned()),
        ],
        signed: vec!["content-type", "host", "x-amz-date", "x-amz-target"],
        payload: None,
        body: KMS_BODY,
    }
}

fn get_caller_identity() -> Signing {
    let mut signing = describe_key();
    signing.service = "sts";
    signing.set("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    signing.headers.retain(|(name, _)| *name != "x-amz-target");
    signing.signed.retain(|name| *name != "x-amz-target");
    signing.body = "Action=GetCallerIdentity&Version=2011-06-15";
    signing
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hmac(key: &[u8], data: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, data.as_bytes()).as_ref().to_vec()
}

impl Signing {
    fn set(&mut self, name: &'static str, value: &str) {
        self.headers.retain(|(other, _)| *other != name);
        self.headers.push((name, value.to_owned()));
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Signs as <https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html> says.
    fn authorization(&self) -> String {
        let payload = self
            .payload
            .map_or_else(|| hex(&Sha256::digest(self.body)), str::to_owned);
        let values = |name: &str| -> String {
            let of_name: Vec<&str> = self
                .headers
                .iter()
                .filter(|(other, _)| *other == name)
                .map(|(_, value)| value.as_str())
                .collect();
            of_name.join(",")
        };
        let headers: String = self
            .signed
            .iter()
            .map(|name| format!("{name}:{}\n", values(name)))
            .collect();
        let (path, query) = self.uri.split_once('?').unwrap_or((self.uri, ""));
        let names = self.signed.join(";");
        let canonical = format!("{}\n{path}\n{query}\n{headers}\n{names}\n{payload}", self.method);
        let scope = format!(
            "{}/{}/{}/aws4_request",
            self.scope_date, self.region, self.service
        );
        let to_sign = format!(
            "AWS4-HMAC-SHA256\n{}\n{scope}\n{}",
            self.date,
            hex(&Sha256::digest(canonical))
        );
        let key = [self.scope_date, self.region, self.service, "aws4_request"]
            .iter()
            .fold(format!("AWS4{}", self.secret).into_bytes(), |key, part| {
                hmac(&key, part)
            });
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={}",
            self.access_key,
            hex(&hmac(&key, &to_sign))
        )
    }

    fn sign(&self) -> Arrived {
        let mut request = Request::builder().method(self.method).uri(self.uri);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        request = request.header("authorization", self.authorization());
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Arrived {
            parts,
            body: Bytes::from_static(self.body.as_bytes()),
        }
    }
}

/// A request as it arrives.
struct Arrived {
    parts: Parts,
    body: Bytes,
}

impl Arrived {
    fn set(&mut self, name: &'static str, value: &str) {
        self.parts.headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        );
    }

    fn add(&mut self, name: &'static str, value: &str) {
        self.parts.headers.append(
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        );
    }

    fn authorization(&self) -> String {
        self.parts.headers["authorization"].to_str().unwrap().to_owned()
    }

    async fn verified_at(mut self, now: Timestamp) -> Result<(), Refusal> {
        let protocol = protocol(&self.parts.headers);
        let claim = claim_of(&mut self.parts, protocol, &region(), now)?;
        if claim.access_key != access_key() {
            return Err(Refusal::UnknownClient);
        }
        let wanted = derived_for(1, claim.signed_at.date_naive(), claim.service);
        let key = SigningKeys::new(region()).get_or_derive(wanted, opened)?;
        verify(self.parts, self.body, &claim, &region(), key, now)
            .await
            .map(|_| ())
    }

    async fn verified(self) -> Result<(), Refusal> {
        self.verified_at(VECTORS_AT).await
    }
}

/// What the refusal is, in short, with its text.
fn told(result: Result<(), Refusal>) -> String {
    match result {
        Ok(()) => "accepted".to_owned(),
        Err(refusal) => {
            let told = refusal.in_json();
            format!("{}: {}", told.code, told.message.unwrap_or_default())
        }
    }
}

const MISMATCH: &str = "InvalidSignatureException: The request signature we calculated does not match the signature you \
                        provided. Check your AWS Secret Access Key and signing method. Consult the service documentation \
                        for details.";

#[tokio::test]
async fn what_an_sdk_signs_is_accepted_in_both_protocols() {
    assert_eq!(told(describe_key().sign().verified().await), "accepted");
    assert_eq!(told(get_caller_identity().sign().verified().await), "accepted");
    // As the JavaScript SDK signs: every header, the body's hash among them.
    let mut all = describe_key();
    all.set("x-amz-content-sha256", &hex(&Sha256::digest(KMS_BODY)));
    all.set("amz-sdk-invocation-id", "8e6ba9c9-5b0d-4b23-b0a3-7d7c7a0c2b11");
    all.signed = vec![
        "amz-sdk-invocation-id",
        "content-type",
        "host",
        "user-agent",
        "x-amz-content-sha256",
        "x-amz-date",
        "x-amz-target",
    ];
    assert_eq!(told(all.sign().verified().await), "accepted");
}

#[tokio::test]
async fn over_http_2_the_authority_is_what_was_signed_as_host() {
    let mut http2 = describe_key().sign();
    http2.parts.headers.remove("host");
    http2.parts.uri = Uri::from_static("https://127.0.0.1:7106/");
    assert_eq!(told(http2.verified().await), "accepted");
    let mut elsewhere = describe_key().sign();
    elsewhere.parts.headers.remove("host");
    elsewhere.parts.uri = Uri::from_static("https://127.0.0.1:7206/");
    assert_eq!(told(elsewhere.verified().await), MISMATCH);
}

type Alteration = (&'static str, fn(&mut Arrived), &'static str);

#[tokio::test]
async fn a_request_altered_after_it_was_signed_is_refused_by_what_is_wrong_with_it() {
    let alterations: [Alteration; 19] = [
        (
            "method",
            |r| r.parts.method = Method::PUT,
            "UnknownOperationException: The method is POST.",
        ),
        (
            "path",
            |r| r.parts.uri = Uri::from_static("/x"),
            "UnknownOperationException: The path is /.",
        ),
        (
            "query",
            |r| r.parts.uri = Uri::from_static("/?a=b"),
            "UnknownOperationException: There is no query.",
        ),
        ("body", |r| r.body = Bytes::from_static(b"{}"), MISMATCH),
        (
            "target",
            |r| r.set("x-amz-target", "TrentService.ScheduleKeyDeletion"),
            MISMATCH,
        ),
        ("host", |r| r.set("host", "127.0.0.1:7206"), MISMATCH),
        ("content type", |r| r.set("content-type", "text/plain"), MISMATCH),
        ("date", |r| r.set("x-amz-date", "20150830T123601Z"), MISMATCH),
        (
            "another day",
            |r| r.set("x-amz-date", "20150829T123600Z"),
            "InvalidSignatureException: Signature expired: 20150829T123600Z is now earlier than 20150830T123100Z \
             (20150830T123600Z - 5 min.)",
        ),
        (
            "no date",
            |r| drop(r.parts.headers.remove("x-amz-date")),
            "IncompleteSignatureException: Authorization header requires existence of a 'X-Amz-Date' header.",
        ),
        (
            "two dates",
            |r| r.add("x-amz-date", "20150830T123600Z"),
            "IncompleteSignatureException: The request has more than one 'x-amz-date' header.",
        ),
        (
            "two targets",
            |r| r.add("x-amz-target", "TrentService.DescribeKey"),
            "IncompleteSignatureException: The request has more than one 'x-amz-target' header.",
        ),
        (
            "two hosts",
            |r| r.add("host", "127.0.0.1:7106"),
            "IncompleteSignatureException: The request has more than one 'host' header.",
        ),
        (
            "no host",
            |r| drop(r.parts.headers.remove("host")),
            "IncompleteSignatureException: The request has no 'Host' header.",
        ),
        (
            "two authorizations",
            |r| r.add("authorization", &r.authorization()),
            "IncompleteSignatureException: The request has more than one 'authorization' header.",
        ),
        (
            "no authorization",
            |r| drop(r.parts.headers.remove("authorization")),
            "MissingAuthenticationTokenException: Missing Authentication Token",
        ),
        (
            "no target",
            |r| drop(r.parts.headers.remove("x-amz-target")),
            MISMATCH,
        ),
        (
            "an unsigned x-amz header",
            |r| r.set("x-amz-user-agent", "x"),
            "InvalidSignatureException: 'x-amz-user-agent' must be a 'SignedHeader' in the AWS Authorization.",
        ),
        (
            "a session token",
            |r| r.set("x-amz-security-token", "x"),
            "UnrecognizedClientException: The security token included in the request is invalid.",
        ),
    ];
    for (part, alter, expected) in alterations {
        let mut request = describe_key().sign();
        alter(&mut request);
        assert_eq!(told(request.verified().await), expected, "{part}");
    }
}

#[tokio::test]
async fn a_request_signed_for_another_place_time_or_key_is_refused() {
    let cases: [(&str, Signing, &str); 8] = [
        (
            "another region",
            describe_key().with(|s| s.region = "eu-west-1"),
            "InvalidSignatureException: Credential should be scoped to a valid region, not 'eu-west-1'.",
        ),
        (
            "another service",
            describe_key().with(|s| s.service = "s3"),
            "InvalidSignatureException: Credential should be scoped to correct service: 'kms'.",
        ),
        (
            "the other protocol's service",
            get_caller_identity().with(|s| s.service = "kms"),
            "InvalidSignatureException: Credential should be scoped to correct service: 'sts'.",
        ),
        (
            "another day in the scope",
            describe_key().with(|s| s.scope_date = "20150829"),
            "InvalidSignatureException: Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date \
             from HTTP: '20150829' != '20150830', from '20150830T123600Z'.",
        ),
        (
            "another secret",
            describe_key().with(|s| s.secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEX"),
            MISMATCH,
        ),
        (
            "an unknown key",
            describe_key().with(|s| s.access_key = "AKIAIOSFODNN7EXAMPLF"),
            "UnrecognizedClientException: The security token included in the request is invalid.",
        ),
        (
            "a session's key",
            describe_key().with(|s| s.access_key = "ASIAIOSFODNN7EXAMPLE"),
            "UnrecognizedClientException: The security token included in the request is invalid.",
        ),
        (
            "a session token that is signed",
            describe_key().with(|s| {
                s.set("x-amz-security-token", "t");
                s.signed = vec![
                    "content-type",
                    "host",
                    "x-amz-date",
                    "x-amz-security-token",
                    "x-amz-target",
                ];
            }),
            "UnrecognizedClientException: The security token included in the request is invalid.",
        ),
    ];
    for (part, signing, expected) in cases {
        assert_eq!(told(signing.sign().verified().await), expected, "{part}");
    }
}

#[tokio::test]
async fn a_signature_that_leaves_out_what_it_must_cover_is_refused_although_it_is_right() {
    for (left_out, signed) in [
        ("x-amz-target", vec!["content-type", "host", "x-amz-date"]),
        ("x-amz-date", vec!["content-type", "host", "x-amz-target"]),
        ("content-type", vec!["host", "x-amz-date", "x-amz-target"]),
    ] {
        let signing = describe_key().with(|s| s.signed = signed);
        assert_eq!(
            told(signing.sign().verified().await),
            format!(
                "InvalidSignatureException: '{left_out}' must be a 'SignedHeader' in the AWS Authorization."
            )
        );
    }
    let signing = describe_key().with(|s| s.signed.retain(|name| *name != "host"));
    assert_eq!(
        told(signing.sign().verified().await),
        "InvalidSignatureException: 'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
    );
}

#[tokio::test]
async fn an_unsigned_body_is_refused() {
    let refused = "InvalidSignatureException: The 'x-amz-content-sha256' header is not the SHA-256 of the request's body.";
    for payload in ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"] {
        let signing = describe_key().with(|s| {
            s.set("x-amz-content-sha256", payload);
            s.payload = Some(payload);
            s.signed = vec![
                "content-type",
                "host",
                "x-amz-content-sha256",
                "x-amz-date",
                "x-amz-target",
            ];
        });
        assert_eq!(told(signing.sign().verified().await), refused);
    }
}

#[tokio::test]
async fn a_signature_is_good_for_five_minutes_either_way_by_the_nodes_clock() {
    let five = 5 * MINUTE_MS;
    for (late_ms, early) in [(0, false), (five, false), (five, true)] {
        let now = if early {
            VECTORS_AT.0 - late_ms
        } else {
            VECTORS_AT.0 + late_ms
        };
        let verified = describe_key().sign().verified_at(Timestamp(now)).await;
        assert_eq!(told(verified), "accepted", "{late_ms} {early}");
    }
    let after = |now| describe_key().sign().verified_at(Timestamp(now));
    assert_eq!(
        told(after(VECTORS_AT.0 + five + 1_000).await),
        "InvalidSignatureException: Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z \
         (20150830T124101Z - 5 min.)"
    );
    assert_eq!(
        told(after(VECTORS_AT.0 - five - 1_000).await),
        "InvalidSignatureException: Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z \
         (20150830T123059Z + 5 min.)"
    );
    for absurd in [0, u64::MAX] {
        assert!(told(after(absurd).await).starts_with("InvalidSignatureException"));
    }
}

#[tokio::test]
async fn a_malformed_authorization_is_incomplete_and_says_where() {
    let right = describe_key().authorization();
    let parameters = right.strip_prefix("AWS4-HMAC-SHA256 ").unwrap();
    let cut = |name: &str| {
        let kept: Vec<&str> = parameters.split(", ").filter(|p| !p.starts_with(name)).collect();
        format!("AWS4-HMAC-SHA256 {}", kept.join(", "))
    };
    let cases = [
        ("Basic YTpi".to_owned(), "Unsupported AWS 'algorithm': 'Basic'."),
        (String::new(), "Unsupported AWS 'algorithm': ''."),
        (
            right.replace("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"),
            "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256'.",
        ),
        (
            cut("Credential"),
            "Authorization header requires 'Credential' parameter.",
        ),
        (
            cut("SignedHeaders"),
            "Authorization header requires 'SignedHeaders' parameter.",
        ),
        (
            cut("Signature"),
            "Authorization header requires 'Signature' parameter.",
        ),
        (
            format!("{right}, Signature={}", "0".repeat(64)),
            "Authorization header has more than one 'Signature' parameter.",
        ),
        (
            format!("{right}, Other=1"),
            "'Other' is not a parameter of the Authorization header.",
        ),
        (
            format!("{right}, junk"),
            "'junk' not a valid key=value pair (missing equal-sign) in Authorization header.",
        ),
        (
            right.replace("/aws4_request", ""),
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got \
             'AKIAIOSFODNN7EXAMPLE/20150830/us-east-1/kms'",
        ),
        (
            format!("{}zz", right.get(..right.len() - 2).unwrap()),
            "The 'Signature' parameter is not 64 lower-case hex digits.",
        ),
        (
            right.get(..right.len() - 2).unwrap().to_owned(),
            "The 'Signature' parameter is not 64 lower-case hex digits.",
        ),
    ];
    for (authorization, text) in cases {
        let mut request = describe_key().sign();
        request.set("authorization", &authorization);
        assert_eq!(
            told(request.verified().await),
            format!("IncompleteSignatureException: {text}"),
            "{authorization}"
        );
    }
    let mut request = describe_key().sign();
    request.set("authorization", &right.replace("aws4_request", "aws5_request"));
    assert_eq!(
        told(request.verified().await),
        "InvalidSignatureException: Credential should be scoped with a valid terminator: 'aws4_request', not \
         'aws5_request'."
    );
}

#[tokio::test]
async fn a_date_of_another_form_is_incomplete_and_never_read_in_part() {
    for date in [
        "",
        "now",
        "20150830",
        "20150830T123600",
        "20150830T123600z",
        "2015-08-30T12:36:00Z",
        "20150830T123600Z ignored",
        "20151330T123600Z",
        "20150229T123600Z",
        "201508300T12360Z",
        "20150830T 23600Z",
        "20150830T256000Z",
        "20150830T123660Z",
        "+20150830T123600Z",
        "120150830T123600Z",
        "Sun, 30 Aug 2015 12:36:00 GMT",
    ] {
        let mut request = describe_key().sign();
        request.set("x-amz-date", date);
        assert!(
            told(request.verified().await)
                .starts_with("IncompleteSignatureException: Date must be in ISO-8601"),
            "{date}"
        );
    }
    let mut fallback = describe_key().sign();
    fallback.parts.headers.remove("x-amz-date");
    fallback.set("date", "20150830T123600Z");
    assert!(told(fallback.verified().await).starts_with("IncompleteSignatureException"));
}

#[tokio::test]
async fn a_presigned_request_is_refused() {
    let mut request = describe_key().sign();
    request.parts.headers.remove("authorization");
    request.parts.uri = Uri::from_static(
        "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20150830%2Fus-east-1%2Fkms%2F\
         aws4_request&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00",
    );
    assert_eq!(
        told(request.verified().await),
        "IncompleteSignatureException: A signature in the query is not accepted; sign the headers."
    );
}

#[test]
fn each_refusal_is_told_in_each_protocols_own_words() {
    let mismatch = Refusal::Mismatch("x".to_owned());
    assert_eq!(mismatch.in_json().code, "InvalidSignatureException");
    assert_eq!(mismatch.in_xml().code, "SignatureDoesNotMatch");
}

#[test]
fn a_derived_key_is_kept_for_its_revision_day_and_service_only() {
    let keys = SigningKeys::new(region());
    let times_opened = Cell::new(0);
    let open = || {
        times_opened.set(times_opened.get() + 1);
        opened()
    };
    let day = |day| NaiveDate::from_ymd_opt(2015, 8, day).unwrap();
    let first = derived_for(1, day(30), Scoped::Kms);
    let derived = keys.get_or_derive(first, open).unwrap();
    assert!(derived == keys.get_or_derive(first, open).unwrap());
    assert_eq!(times_opened.get(), 1);
    for other in [
        derived_for(2, day(30), Scoped::Kms),
        derived_for(1, day(31), Scoped::Kms),
        derived_for(1, day(30), Scoped::Sts),
    ] {
        keys.get_or_derive(other, open).unwrap();
    }
    assert_eq!(times_opened.get(), 4);
}

#[test]
fn a_secret_that_does_not_open_or_is_no_secret_is_a_refusal_and_is_not_kept() {
    let keys = SigningKeys::new(region());
    let wanted = derived_for(1, NaiveDate::from_ymd_opt(2015, 8, 30).unwrap(), Scoped::Kms);
    let ended = keys.get_or_derive(wanted, || {
        Err(OperationError::from(kms_domain::KmsError::AccessKeyEnded))
    });
    assert_eq!(ended.err().unwrap().exception(), "UnrecognizedClientException");
    for damaged in [&b"short"[..], &[0xff; 40], &[b'a'; 41]] {
        let result = keys.get_or_derive(wanted, || Ok::<_, OperationError>(SecretBytes::copy_of(damaged)));
        assert_eq!(result.err().unwrap().exception(), "KMSInternalException");
    }
    assert!(keys.get_or_derive(wanted, opened).is_ok());
}

/// The library tells the signature it expected at trace level; with this, no such call is compiled in.
#[test]
fn trace_calls_of_the_log_crate_are_compiled_out() {
    assert!(log::STATIC_MAX_LEVEL <= log::LevelFilter::Debug);
}
