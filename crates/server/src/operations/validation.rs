//! Parameters as the service model bounds them, parsed into the domain's types, with the messages AWS clients know.
//!
//! Values are echoed only where a caller needs them to find the mistake, never blobs, and never more than 256
//! characters of them.

use kms_domain::KmsError;
use kms_domain::limits::{TAG_KEY_CHARS_MAX, TAG_VALUE_CHARS_MAX};
use kms_domain::vocabulary::{AliasName, Malformed};
use kms_domain::vocabulary::{EncryptionContext, KeyReference, RegionName};
use kms_proto::kms::v1;
use std::collections::BTreeMap;
use std::str::FromStr;

const ECHO_CHARS_MAX: usize = 256;
const KEY_ID_CHARS_MAX: usize = 2_048;

/// "1 validation error detected: …" for one member that breaks one constraint of the service model.
pub fn constraint(member: &str, value: &str, constraint: &str) -> KmsError {
    let echo: String = value.chars().take(ECHO_CHARS_MAX).collect();
    KmsError::Validation(format!(
        "1 validation error detected: Value '{echo}' at '{member}' failed to satisfy constraint: {constraint}"
    ))
}

/// A text within its length bounds, in characters.
pub fn text_within(member: &str, text: &str, min_chars: usize, max_chars: usize) -> Result<(), KmsError> {
    // Bytes bound characters from above, so that a huge text is not walked.
    if text.len() > max_chars && (text.len() > 4 * max_chars || text.chars().count() > max_chars) {
        let limit = format!("Member must have length less than or equal to {max_chars}");
        return Err(constraint(member, text, &limit));
    }
    if text.chars().take(min_chars).count() < min_chars {
        let limit = format!("Member must have length greater than or equal to {min_chars}");
        return Err(constraint(member, text, &limit));
    }
    Ok(())
}

/// A blob within its length bounds, in bytes; its bytes are never echoed.
pub fn blob_within(member: &str, blob: &[u8], min_bytes: usize, max_bytes: usize) -> Result<(), KmsError> {
    let limit = match blob.len() {
        length if length > max_bytes => format!("less than or equal to {max_bytes}"),
        length if length < min_bytes => format!("greater than or equal to {min_bytes}"),
        _ => return Ok(()),
    };
    Err(KmsError::Validation(format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have length {limit}"
    )))
}

/// A number within its bounds.
pub fn number_within(member: &str, number: i32, min: u32, max: u32) -> Result<u32, KmsError> {
    match u32::try_from(number) {
        Ok(n) if (min..=max).contains(&n) => Ok(n),
        Ok(n) if n > max => {
            let limit = format!("Member must have value less than or equal to {max}");
            Err(constraint(member, &number.to_string(), &limit))
        }
        _ => {
            let limit = format!("Member must have value greater than or equal to {min}");
            Err(constraint(member, &number.to_string(), &limit))
        }
    }
}

/// A value of a closed set, spelled as in the service model.
pub fn one_of<T: FromStr<Err = Malformed> + Copy>(
    member: &str,
    text: &str,
    all: &[T],
    spelled: impl Fn(T) -> &'static str,
) -> Result<T, KmsError> {
    text.parse().map_err(|_| {
        let set: Vec<&str> = all.iter().map(|v| spelled(*v)).collect();
        constraint(
            member,
            text,
            &format!("Member must satisfy enum value set: [{}]", set.join(", ")),
        )
    })
}

/// Which forms of key identifier an operation takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyForms {
    /// Key id or key ARN.
    IdOrArn,
    /// Those, or an alias name or alias ARN.
    Any,
}

/// A `KeyId` parameter.
pub fn key_reference(member: &str, text: &str, forms: KeyForms) -> Result<KeyReference, KmsError> {
    text_within(member, text, 1, KEY_ID_CHARS_MAX)?;
    let echo = || text.chars().take(ECHO_CHARS_MAX).collect::<String>();
    let reference: KeyReference = text.parse().map_err(|_| {
        if text.starts_with("arn:") {
            KmsError::InvalidArn(echo())
        } else {
            KmsError::InvalidKeyId(echo())
        }
    })?;
    let is_alias = matches!(reference, KeyReference::Alias(_) | KeyReference::AliasArn(_));
    if is_alias && forms == KeyForms::IdOrArn {
        return Err(KmsError::InvalidKeyId(echo()));
    }
    Ok(reference)
}

/// An alias name that is to be made, moved or removed.
pub fn alias_name(text: &str) -> Result<AliasName, KmsError> {
    text_within("aliasName", text, 1, 256)?;
    if !text.starts_with("alias/") {
        return Err(KmsError::Validation(
            "Alias must start with the prefix \"alias/\". Please see \
             https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
                .into(),
        ));
    }
    text.parse().map_err(|_| {
        constraint(
            "aliasName",
            text,
            "Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$",
        )
    })
}

/// A region parameter.
pub fn region_name(member: &str, text: &str) -> Result<RegionName, KmsError> {
    text_within(member, text, 1, 32)?;
    text.parse().map_err(|_| {
        constraint(
            member,
            text,
            "Member must satisfy regular expression pattern: ^([a-z]+-){2,3}\\d+$",
        )
    })
}

/// An encryption context.
pub fn encryption_context(pairs: BTreeMap<String, String>) -> Result<EncryptionContext, KmsError> {
    let pairs: BTreeMap<String, String> = pairs.into_iter().collect();
    EncryptionContext::new(pairs)
        .map_err(|e| KmsError::Validation(format!("Invalid encryption context: {e}")))
}

/// Grant tokens: checked for form; grants themselves do not exist yet, so a token conveys nothing.
pub fn grant_tokens(tokens: &[String]) -> Result<(), KmsError> {
    if tokens.len() > kms_domain::limits::GRANT_TOKENS_MAX {
        return Err(constraint(
            "grantTokens",
            "",
            "Member must have length less than or equal to 10",
        ));
    }
    tokens
        .iter()
        .try_for_each(|token| text_within("grantTokens", token, 1, 8_192))
}

/// A recipient enclave is refused until attestation is supported.
pub fn no_recipient(recipient: Option<&v1::RecipientInfo>) -> Result<(), KmsError> {
    match recipient {
        None => Ok(()),
        Some(_) => Err(KmsError::UnsupportedOperation(
            "Recipient is not supported by this service.".into(),
        )),
    }
}

/// Tags in the caller's order, within the lengths of the service model; their other rules are the state machine's.
pub fn tags(tags: Vec<v1::Tag>) -> Result<Vec<(String, String)>, KmsError> {
    for (position, tag) in tags.iter().enumerate() {
        let member = format!("tags.{}.member", position + 1);
        text_within(&format!("{member}.tagKey"), &tag.tag_key, 1, TAG_KEY_CHARS_MAX)?;
        text_within(
            &format!("{member}.tagValue"),
            &tag.tag_value,
            0,
            TAG_VALUE_CHARS_MAX,
        )?;
    }
    Ok(tags.into_iter().map(|tag| (tag.tag_key, tag.tag_value)).collect())
}

/// Tag keys, as [`tags`].
pub fn tag_keys(keys: &[String]) -> Result<(), KmsError> {
    for (position, key) in keys.iter().enumerate() {
        text_within(
            &format!("tagKeys.{}.member", position + 1),
            key,
            1,
            TAG_KEY_CHARS_MAX,
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(result: Result<impl Sized, KmsError>) -> String {
        result
            .err()
            .map(|e| format!("{}: {e}", e.exception()))
            .unwrap_or_default()
    }

    #[test]
    fn key_identifiers_are_refused_as_aws_refuses_them() {
        let arn = "arn:aws:kms:us-east-1:000000000001:key/not-a-key";
        assert_eq!(
            message(key_reference("keyId", arn, KeyForms::Any)),
            format!("InvalidArnException: Invalid arn {arn}")
        );
        assert_eq!(
            message(key_reference("keyId", "x", KeyForms::Any)),
            "NotFoundException: Invalid keyId 'x'"
        );
        assert_eq!(
            message(key_reference("keyId", "alias/x", KeyForms::IdOrArn)),
            "NotFoundException: Invalid keyId 'alias/x'"
        );
        assert!(key_reference("keyId", "alias/x", KeyForms::Any).is_ok());
        assert_eq!(
            message(key_reference("keyId", "", KeyForms::Any)),
            "ValidationException: 1 validation error detected: Value '' at 'keyId' failed to satisfy constraint: \
             Member must have length greater than or equal to 1"
        );
    }

    #[test]
    fn an_over_long_value_is_cut_in_its_message() {
        let text = message(key_reference("keyId", &"k".repeat(1_000_000), KeyForms::Any));
        assert!(
            text.starts_with("ValidationException") && text.len() < 500,
            "{text}"
        );
    }

    #[test]
    fn numbers_name_the_bound_they_break() {
        assert_eq!(number_within("limit", 7, 1, 10), Ok(7));
        assert!(message(number_within("limit", 0, 1, 10)).contains("greater than or equal to 1"));
        assert!(message(number_within("limit", -1, 1, 10)).contains("greater than or equal to 1"));
        assert!(message(number_within("limit", 11, 1, 10)).contains("less than or equal to 10"));
    }

    #[test]
    fn blobs_are_never_echoed() {
        let text = message(blob_within("plaintext", b"canary", 1, 5));
        assert_eq!(
            text,
            "ValidationException: 1 validation error detected: Value at 'plaintext' failed to satisfy constraint: \
             Member must have length less than or equal to 5"
        );
    }

    #[test]
    fn over_long_tags_are_named_by_their_place() {
        let tag = |key: &str, value: &str| v1::Tag {
            tag_key: key.into(),
            tag_value: value.into(),
        };
        assert!(tags(vec![tag(&"ü".repeat(128), &"ü".repeat(256))]).is_ok());
        let long_key = message(tags(vec![tag(&"k".repeat(129), "")]));
        let text = "at 'tags.1.member.tagKey' failed to satisfy constraint: \
                    Member must have length less than or equal to 128";
        assert!(
            long_key.starts_with("ValidationException") && long_key.ends_with(text),
            "{long_key}"
        );
        let long_value = message(tags(vec![tag("k", ""), tag("l", &"v".repeat(257))]));
        assert!(long_value.contains("'tags.2.member.tagValue'"), "{long_value}");
        assert!(message(tag_keys(&["k".into(), String::new()])).contains("'tagKeys.2.member'"));
    }

    #[test]
    fn an_alias_without_its_prefix_is_a_validation_and_a_reserved_one_is_for_the_state_machine() {
        assert!(
            message(alias_name("no-prefix"))
                .starts_with("ValidationException: Alias must start with the prefix")
        );
        assert!(alias_name("alias/aws/s3").is_ok());
    }

    #[test]
    fn lengths_count_characters_not_bytes() {
        assert!(text_within("description", &"ü".repeat(10), 0, 10).is_ok());
        assert!(text_within("description", &"ü".repeat(11), 0, 10).is_err());
    }
}
