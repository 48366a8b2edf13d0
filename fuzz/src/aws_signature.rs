//! Headers of AWS clients' requests: who is said to have signed.

use crate::Seed;
use crate::seals::text;
use http::{HeaderMap, HeaderName, HeaderValue};
use kms_domain::vocabulary::Timestamp;
use kms_server::http::parsers::claimed_key;

/// 2015-08-30T12:36:00Z
const NOW: Timestamp = Timestamp(1_440_938_160_000);

/// Headers, one a line. A claim is one of this region and of this day, by a key that the header names.
pub fn aws_signature(bytes: &[u8]) -> bool {
    let Some(headers) = text(bytes).and_then(headers) else {
        return false;
    };
    let region = "us-east-1".parse().expect("a region");
    let Some(access_key) = claimed_key(&headers, &region, NOW) else {
        return false;
    };
    let authorization = headers["authorization"].to_str().expect("it was read as text");
    let scopes = ["kms", "sts"]
        .map(|service| format!("Credential={access_key}/20150830/us-east-1/{service}/aws4_request"));
    assert!(scopes.iter().any(|scope| authorization.contains(scope)));
    assert!(headers.contains_key("host") && !headers.contains_key("x-amz-security-token"));
    true
}

fn headers(text: &str) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in text.lines() {
        let (name, value) = line.split_once(':')?;
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_str(value).ok()?);
    }
    Some(headers)
}

/// One of each service.
pub fn seeds() -> Vec<Seed> {
    let authorization = |service: &str, signed: &str| {
        format!(
            "authorization:AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20150830/us-east-1/{service}/aws4_request, \
             SignedHeaders={signed}, Signature={}",
            "0123456789abcdef".repeat(4)
        )
    };
    let kms = authorization("kms", "content-type;host;x-amz-date;x-amz-target");
    let sts = authorization("sts", "content-type;host;x-amz-date");
    vec![
        Seed::new(
            "kms",
            format!("host:a:1\nx-amz-date:20150830T123600Z\nx-amz-target:TrentService.Encrypt\n{kms}"),
        ),
        Seed::new(
            "sts",
            format!(
                "host:a:1\ncontent-type:application/x-www-form-urlencoded\nx-amz-date:20150830T124100Z\n{sts}"
            ),
        ),
    ]
}
