//! What the headers claim: who signed, when, for where. Their form, number, age and scope are checked before anything is
//! looked up or read, so that a stranger costs little.

use super::Scoped;
use crate::http::refusal::Refusal;
use chrono::{DateTime, NaiveDate, Utc};
use http::HeaderMap;
use http::header::{AUTHORIZATION, HOST};
use kms_domain::vocabulary::{AccessKeyId, RegionName, Timestamp};

/// How far the caller's clock and the node's may differ.
pub(super) const SKEW_MAX_MS: u64 = 5 * 60 * 1_000;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";
const DATE_FORMAT: &str = "%Y%m%dT%H%M%SZ";
const X_AMZ_DATE: &str = "x-amz-date";
const SECURITY_TOKEN: &str = "x-amz-security-token";

/// Headers that mean something here; two of one could mean two things.
const AT_MOST_ONCE: [&str; 8] = [
    "host",
    "content-type",
    "content-length",
    X_AMZ_DATE,
    "x-amz-target",
    "x-amz-content-sha256",
    SECURITY_TOKEN,
    crate::operations::call::REQUEST_ID_HEADER,
];

/// Longest text of a caller's that a message echoes, in characters.
const ECHO_CHARS_MAX: usize = 64;

/// A claim that is well-formed, fresh, and for this region and service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    /// The access key that is said to have signed.
    pub(crate) access_key: AccessKeyId,
    /// For which service.
    pub(crate) service: Scoped,
    /// X-Amz-Date.
    pub(crate) signed_at: DateTime<Utc>,
    /// The signature, as 64 hex digits.
    pub(crate) signature: String,
}

impl Claim {
    /// X-Amz-Date in milliseconds; a claim's is never before 1970.
    pub(super) fn signed_at_ms(&self) -> u64 {
        u64::try_from(self.signed_at.timestamp_millis()).unwrap_or_default()
    }
}

/// Reads the claim of a request's headers.
///
/// # Errors
/// What is missing, repeated, malformed, too old, too new, or for another region or service.
pub(crate) fn claim(
    headers: &HeaderMap,
    service: Scoped,
    region: &RegionName,
    now: Timestamp,
) -> Result<Claim, Refusal> {
    let mut authorizations = headers.get_all(AUTHORIZATION).iter();
    let authorization = match (authorizations.next(), authorizations.next()) {
        (None, _) => return Err(Refusal::Unsigned),
        (Some(one), None) => one
            .to_str()
            .map_err(|_| incomplete("The 'Authorization' header is not ASCII."))?,
        (Some(_), Some(_)) => return Err(repeated("authorization")),
    };
    // Looked for only where any header is repeated at all.
    if headers.len() != headers.keys_len()
        && let Some(name) = AT_MOST_ONCE
            .iter()
            .find(|name| headers.get_all(**name).iter().count() > 1)
    {
        return Err(repeated(name));
    }
    // No roles exist here, so that no session token can be one of this service.
    if headers.contains_key(SECURITY_TOKEN) {
        return Err(Refusal::UnknownClient);
    }
    if !headers.contains_key(HOST) {
        return Err(incomplete("The request has no 'Host' header."));
    }
    let parameters = Parameters::read(authorization)?;
    let date = signed_date(headers)?;
    let signed_at = instant(date)?;
    refuse_skew(signed_at, now)?;
    let access_key = access_key_in_scope(parameters.credential, service, region, date)?;
    Ok(Claim {
        access_key,
        service,
        signed_at,
        signature: signature(parameters.signature)?,
    })
}

fn incomplete(text: impl Into<String>) -> Refusal {
    Refusal::Incomplete(text.into())
}

fn repeated(header: &str) -> Refusal {
    incomplete(format!("The request has more than one '{header}' header."))
}

fn echo(text: &str) -> String {
    text.chars().take(ECHO_CHARS_MAX).collect()
}

/// The parameters of an Authorization header.
struct Parameters<'a> {
    credential: &'a str,
    signature: &'a str,
}

impl<'a> Parameters<'a> {
    /// Takes exactly one Credential, SignedHeaders and Signature, in any order; what the signed headers are is the library's.
    fn read(authorization: &'a str) -> Result<Self, Refusal> {
        let (algorithm, rest) = authorization.split_once(' ').unwrap_or((authorization, ""));
        if algorithm != ALGORITHM {
            return Err(incomplete(format!(
                "Unsupported AWS 'algorithm': '{}'.",
                echo(algorithm)
            )));
        }
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for parameter in rest.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            let Some((name, value)) = parameter.split_once('=') else {
                return Err(incomplete(format!(
                    "'{}' not a valid key=value pair (missing equal-sign) in Authorization header.",
                    echo(parameter)
                )));
            };
            let slot = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => {
                    return Err(incomplete(format!(
                        "'{}' is not a parameter of the Authorization header.",
                        echo(name)
                    )));
                }
            };
            if slot.replace(value).is_some() {
                return Err(incomplete(format!(
                    "Authorization header has more than one '{name}' parameter."
                )));
            }
        }
        match (credential, signed_headers, signature) {
            (Some(credential), Some(_), Some(signature)) => Ok(Self {
                credential,
                signature,
            }),
            (None, ..) => Err(missing("Credential")),
            (_, None, _) => Err(missing("SignedHeaders")),
            (.., None) => Err(missing("Signature")),
        }
    }
}

fn missing(parameter: &str) -> Refusal {
    incomplete(format!("Authorization header requires '{parameter}' parameter."))
}

/// The text of X-Amz-Date.
fn signed_date(headers: &HeaderMap) -> Result<&str, Refusal> {
    match headers.get(X_AMZ_DATE) {
        Some(value) => Ok(value.to_str().unwrap_or_default()),
        None => Err(incomplete(
            "Authorization header requires existence of a 'X-Amz-Date' header.",
        )),
    }
}

/// The time that a date in ISO 8601's basic format tells, of exactly the form `20261127T081530Z`.
fn instant(date: &str) -> Result<DateTime<Utc>, Refusal> {
    let read = || {
        let (day, time) = date.strip_suffix('Z')?.split_once('T')?;
        let [year_0, year_1, month, day] = pairs(day)?;
        let [hour, minute, second] = pairs(time)?;
        let year = i32::try_from(year_0 * 100 + year_1).ok()?;
        let day = NaiveDate::from_ymd_opt(year, month, day)?;
        Some(day.and_hms_opt(hour, minute, second)?.and_utc())
    };
    read().ok_or_else(|| {
        incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601",
            echo(date)
        ))
    })
}

/// Two decimal digits for each of the numbers that a text is.
fn pairs<const N: usize>(text: &str) -> Option<[u32; N]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let pairs: &[[u8; 2]; N] = pairs.try_into().ok()?;
    let digits = rest.is_empty() && pairs.as_flattened().iter().all(u8::is_ascii_digit);
    digits.then(|| pairs.map(|[tens, ones]| u32::from(tens - b'0') * 10 + u32::from(ones - b'0')))
}

fn refuse_skew(signed_at: DateTime<Utc>, now: Timestamp) -> Result<(), Refusal> {
    let now = at_ms(now.0);
    let (earliest, latest) = (
        now - chrono::Duration::milliseconds(SKEW_MAX_MS.cast_signed()),
        now + chrono::Duration::milliseconds(SKEW_MAX_MS.cast_signed()),
    );
    let shown = |time: DateTime<Utc>| time.format(DATE_FORMAT).to_string();
    let text = if signed_at < earliest {
        format!(
            "Signature expired: {} is now earlier than {} ({} - 5 min.)",
            shown(signed_at),
            shown(earliest),
            shown(now)
        )
    } else if signed_at > latest {
        format!(
            "Signature not yet current: {} is still later than {} ({} + 5 min.)",
            shown(signed_at),
            shown(latest),
            shown(now)
        )
    } else {
        return Ok(());
    };
    Err(Refusal::Mismatch(text))
}

/// A time of the node's clock, held within what the library can express.
pub(super) fn at_ms(unix_ms: u64) -> DateTime<Utc> {
    /// The end of the year 9999.
    const MS_MAX: i64 = 253_402_300_799_000;
    let held = i64::try_from(unix_ms).unwrap_or(MS_MAX).min(MS_MAX);
    DateTime::from_timestamp_millis(held).unwrap_or_default()
}

/// `AKIA.../20261127/us-east-1/kms/aws4_request`
fn access_key_in_scope(
    credential: &str,
    service: Scoped,
    region: &RegionName,
    signed_date: &str,
) -> Result<AccessKeyId, Refusal> {
    let parts: Vec<&str> = credential.split('/').collect();
    let [access_key, date, scope_region, scope_service, terminator] = parts.as_slice() else {
        return Err(incomplete(format!(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{}'",
            echo(credential)
        )));
    };
    let wrong = |text: String| Err(Refusal::Mismatch(text));
    if *scope_region != region.as_str() {
        return wrong(format!(
            "Credential should be scoped to a valid region, not '{}'.",
            echo(scope_region)
        ));
    }
    if *scope_service != service.as_str() {
        return wrong(format!(
            "Credential should be scoped to correct service: '{}'.",
            service.as_str()
        ));
    }
    if *terminator != TERMINATOR {
        return wrong(format!(
            "Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{}'.",
            echo(terminator)
        ));
    }
    let (expected, _) = signed_date.split_once('T').unwrap_or_default();
    if *date != expected {
        return wrong(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != \
             '{expected}', from '{signed_date}'.",
            echo(date),
        ));
    }
    // An id of another form is no key of this service; what was wrong with it is nobody's business.
    access_key.parse().map_err(|_| Refusal::UnknownClient)
}

fn signature(text: &str) -> Result<String, Refusal> {
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    match text.len() == 64 && text.bytes().all(hex) {
        true => Ok(text.to_owned()),
        false => Err(incomplete(
            "The 'Signature' parameter is not 64 lower-case hex digits.",
        )),
    }
}
