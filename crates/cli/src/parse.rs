//! Argument values that have a form of their own. Errors are for clap, which shows them with the argument.

use std::collections::BTreeMap;
use std::time::Duration;

use kms_proto::admin::v1::NodeAddress;
use kms_proto::kms::v1::Tag;
use prost_types::Timestamp;

/// The longest request id that the service takes, in characters.
const INVOCATION_ID_CHARACTERS_MAX: usize = 128;

/// `KEY=VALUE`: the key ends at the first `=`.
pub(crate) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

/// `KEY=VALUE` as a tag.
pub(crate) fn tag(text: &str) -> Result<Tag, String> {
    pair(text).map(|(tag_key, tag_value)| Tag { tag_key, tag_value })
}

/// An encryption context of pairs; a key given twice is an error, since only one of its values could count.
pub(crate) fn encryption_context(
    pairs: &[(String, String)],
) -> Result<BTreeMap<String, String>, crate::failure::Failure> {
    let mut context = BTreeMap::new();
    for (key, value) in pairs {
        if context.insert(key.clone(), value.clone()).is_some() {
            return Err(crate::failure::Failure::Usage(format!(
                "the encryption context has {key} twice"
            )));
        }
    }
    Ok(context)
}

/// A duration: a number and `ms`, `s` or `m`; seconds without a unit. More than zero, at most an hour.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let unit_at = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(unit_at);
    let factor_ms = match unit {
        "ms" => 1,
        "s" | "" => 1_000,
        "m" => 60_000,
        _ => return Err("expected a number with ms, s or m, such as 500ms or 5s".to_owned()),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "expected a number, such as 5s".to_owned())?;
    match number.checked_mul(factor_ms) {
        Some(milliseconds @ 1..=3_600_000) => Ok(Duration::from_millis(milliseconds)),
        _ => Err("expected more than 0 and at most 60m".to_owned()),
    }
}

/// A time as RFC 3339 with its offset: a time without one would mean different things on different machines.
pub(crate) fn time(text: &str) -> Result<Timestamp, String> {
    let time: jiff::Timestamp = text
        .parse()
        .map_err(|_| "expected a time with its offset, such as 2027-01-31T00:00:00Z".to_owned())?;
    Ok(Timestamp {
        seconds: time.as_second(),
        nanos: time.subsec_nanosecond(),
    })
}

/// `https://host:port`. Any other scheme would go there without TLS.
pub(crate) fn endpoint(text: &str) -> Result<String, String> {
    match text.strip_prefix("https://") {
        Some(rest) => address(rest).map(|_| text.to_owned()),
        None => Err("expected https://host:port".to_owned()),
    }
}

/// Where AWS clients go: `https://host:port`, or `http://host:port`.
pub(crate) fn http_endpoint(text: &str) -> Result<String, String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(rest) => address(rest).map(|_| text.to_owned()),
        None => Err("expected https://host:port or http://host:port".to_owned()),
    }
}

/// A request id: 1 to 128 visible ASCII characters.
pub(crate) fn invocation_id(text: &str) -> Result<String, String> {
    if text.is_empty()
        || text.len() > INVOCATION_ID_CHARACTERS_MAX
        || !text.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err(format!(
            "expected 1 to {INVOCATION_ID_CHARACTERS_MAX} visible ASCII characters"
        ));
    }
    Ok(text.to_owned())
}

/// A region's member: `ID=HOST:PORT`, or `ID=HOST:PORT,STORE_ID` to pin its store.
pub(crate) fn member(text: &str) -> Result<NodeAddress, String> {
    let expected = "expected ID=HOST:PORT or ID=HOST:PORT,STORE_ID".to_owned();
    let (node_id, rest) = pair(text).map_err(|_| expected.clone())?;
    let (raft_address, store_id) = match rest.split_once(',') {
        Some((address, store_id)) => (address, Some(store_id.to_owned())),
        None => (rest.as_str(), None),
    };
    let node_id = node_id
        .parse()
        .ok()
        .filter(|id| *id > 0)
        .ok_or_else(|| expected.clone())?;
    let raft_address = address(raft_address)?;
    if store_id.as_ref().is_some_and(String::is_empty) {
        return Err(expected);
    }
    Ok(NodeAddress {
        node_id,
        raft_address,
        store_id,
    })
}

/// `HOST:PORT`.
pub(crate) fn address(text: &str) -> Result<String, String> {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0) => {
            Ok(text.to_owned())
        }
        _ => Err(format!("{text} is not HOST:PORT")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{address, duration, encryption_context, invocation_id, member, pair, time};

    #[test]
    fn a_pair_is_split_at_its_first_equals_sign() {
        assert_eq!(pair("a=b=c").unwrap(), ("a".to_owned(), "b=c".to_owned()));
        assert_eq!(pair("a=").unwrap(), ("a".to_owned(), String::new()));
        assert!(pair("a").is_err() && pair("=b").is_err());
    }

    #[test]
    fn an_encryption_context_refuses_a_repeated_key() {
        let pairs = [pair("b=2").unwrap(), pair("a=1").unwrap()];
        assert_eq!(encryption_context(&pairs).unwrap().len(), 2);
        let twice = [pair("a=1").unwrap(), pair("a=2").unwrap()];
        assert!(encryption_context(&twice).is_err());
    }

    #[test]
    fn durations_have_units_and_bounds() {
        assert_eq!(duration("500ms").unwrap(), Duration::from_millis(500));
        assert_eq!(duration("5s").unwrap(), Duration::from_secs(5));
        assert_eq!(duration("5").unwrap(), Duration::from_secs(5));
        assert_eq!(duration("2m").unwrap(), Duration::from_secs(120));
        for wrong in ["", "s", "0", "-1s", "1h", "61m", "99999999999999999999s", "1.5s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_has_an_offset() {
        let parsed = time("2027-01-31T01:00:00.5+01:00").unwrap();
        assert_eq!((parsed.seconds, parsed.nanos), (1_801_353_600, 500_000_000));
        assert_eq!(time("2027-01-31T00:00:00Z").unwrap().seconds, 1_801_353_600);
        for wrong in [
            "",
            "2027-01-31",
            "2027-01-31T00:00:00",
            "1801353600",
            "2027-02-30T00:00:00Z",
        ] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_member_is_an_id_an_address_and_perhaps_a_store() {
        let node = member("3=localhost:7103").unwrap();
        assert_eq!(
            (node.node_id, node.raft_address.as_str(), node.store_id),
            (3, "localhost:7103", None)
        );
        assert_eq!(member("3=[::1]:7103,ab").unwrap().store_id.as_deref(), Some("ab"));
        for wrong in [
            "localhost:7103",
            "0=localhost:7103",
            "x=localhost:1",
            "1=localhost",
            "1=h:0",
            "1=h:1,",
        ] {
            assert!(member(wrong).is_err(), "{wrong}");
        }
        assert!(address(":1").is_err());
    }

    #[test]
    fn a_request_id_is_short_visible_ascii() {
        assert!(invocation_id("0b5c7a1e-x").is_ok());
        for wrong in ["", "a b", "é", &"x".repeat(129)] {
            assert!(invocation_id(wrong).is_err(), "{wrong}");
        }
    }
}
