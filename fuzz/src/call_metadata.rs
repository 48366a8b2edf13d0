//! What comes beside a call: its time-out, its request id, and the URI in the caller's certificate.

use crate::Seed;
use crate::seals::text;
use kms_domain::limits::REQUEST_ID_BYTES_MAX;
use kms_server::grpc;
use kms_server::identity::{Identity, Subject};
use kms_server::operations::RequestId;
use std::time::Duration;

/// Texts of a call's metadata. A time-out is exactly what gRPC writes and means what it says, a request id is kept as it
/// came, and a URI that names somebody has one spelling.
pub fn call_metadata(bytes: &[u8]) -> bool {
    let Some(text) = text(bytes) else {
        return false;
    };
    let timeout = grpc::timeout(text);
    assert_eq!(timeout, timeout_as_specified(text));
    let request_id = RequestId::from_caller(text);
    if let Some(id) = &request_id {
        assert_eq!(id.as_str(), text);
        assert!((1..=REQUEST_ID_BYTES_MAX).contains(&text.len()));
        assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
    }
    let identity = text.parse::<Identity>();
    if let Ok(identity) = &identity {
        assert_eq!(uri(identity), text);
    }
    timeout.is_some() || request_id.is_some() || identity.is_ok()
}

/// gRPC over HTTP/2: `TimeoutValue` is 1 to 8 ASCII digits, `TimeoutUnit` one of `HMSmun`.
fn timeout_as_specified(text: &str) -> Option<Duration> {
    let (unit, digits) = text.as_bytes().split_last()?;
    if !(1..=8).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits
        .iter()
        .fold(0, |value: u128, digit| value * 10 + u128::from(digit - b'0'));
    let nanoseconds_of_unit: u128 = match unit {
        b'H' => 3_600_000_000_000,
        b'M' => 60_000_000_000,
        b'S' => 1_000_000_000,
        b'm' => 1_000_000,
        b'u' => 1_000,
        b'n' => 1,
        _ => return None,
    };
    Some(Duration::from_nanos_u128(value * nanoseconds_of_unit))
}

fn uri(identity: &Identity) -> String {
    let path = match &identity.subject {
        Subject::Node { region, node_id } => format!("region/{region}/node/{node_id}"),
        Subject::User { principal } => {
            let name = principal
                .arn()
                .rsplit('/')
                .next()
                .expect("a user's ARN has a name");
            format!("account/{}/user/{name}", principal.account())
        }
        Subject::Operator { name } => format!("operator/{name}"),
    };
    format!("spiffe://{}/{path}", identity.cluster)
}

/// One of each, with the longest time-out.
pub fn seeds() -> Vec<Seed> {
    [
        ("timeout", "250m"),
        ("timeout-longest", "99999999H"),
        ("request-id", "f7f6e0c2-45ec-4f0a-9d2e-6f3f5d1f8a55"),
        ("node", "spiffe://local/region/us-east-1/node/17"),
        (
            "user",
            "spiffe://local/account/123456789012/user/alice@example.org",
        ),
        ("operator", "spiffe://local/operator/olga"),
    ]
    .map(|(name, text)| Seed::new(name, text))
    .into()
}
