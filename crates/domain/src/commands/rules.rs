//! Rules on what callers may write into a key, shared by the commands that carry it.

use crate::KmsError;
use crate::key::Key;
use crate::limits::{
    ACCOUNT_NAME_CHARS_MAX, DESCRIPTION_CHARS_MAX, KEY_TEXT_BYTES_MAX, MATERIAL_DESCRIPTION_CHARS_MAX,
    POLICY_BYTES_MAX, TAG_KEY_CHARS_MAX, TAG_VALUE_CHARS_MAX, TAGS_PER_KEY_MAX, TAGS_PER_REQUEST_MAX,
    USER_NAME_CHARS_MAX,
};
use crate::vocabulary::Principal;
use crate::vocabulary::tags::Tags;
use std::collections::BTreeSet;

/// Bounds a description.
///
/// # Errors
/// [`KmsError::Validation`].
pub fn check_description(description: &str) -> Result<(), KmsError> {
    if description.chars().count() > DESCRIPTION_CHARS_MAX {
        return Err(KmsError::Validation(format!(
            "Description must have length less than or equal to {DESCRIPTION_CHARS_MAX}"
        )));
    }
    Ok(())
}

/// Bounds a description of imported key material: the service model's pattern is `[a-zA-Z0-9:/_\s.-]+`.
///
/// # Errors
/// [`KmsError::Validation`].
pub fn check_material_description(description: &str) -> Result<(), KmsError> {
    // White space beyond ASCII is refused: which characters it is differs between Unicode versions.
    let allowed =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '/' | '_' | '.' | '-' | ' ' | '\t'..='\r');
    let fits = (1..=MATERIAL_DESCRIPTION_CHARS_MAX).contains(&description.chars().count());
    if fits && description.chars().all(allowed) {
        return Ok(());
    }
    Err(KmsError::Validation(format!(
        "KeyMaterialDescription is 1 to {MATERIAL_DESCRIPTION_CHARS_MAX} letters, digits, white space and : / _ . -"
    )))
}

/// Bounds an account's name: it is shown in tables and files, so that it holds no controls.
///
/// # Errors
/// [`KmsError::Validation`].
pub fn check_account_name(name: &str) -> Result<(), KmsError> {
    let allowed = |c: char| c == ' ' || c.is_ascii_graphic() || c >= '\u{a0}';
    let fits = (1..=ACCOUNT_NAME_CHARS_MAX).contains(&name.chars().count());
    if fits && name.chars().all(allowed) {
        return Ok(());
    }
    Err(KmsError::Validation(format!(
        "an account's name is 1 to {ACCOUNT_NAME_CHARS_MAX} printable characters"
    )))
}

/// Whether a principal is a user, the only kind that has access keys: `arn:aws:iam::ACCOUNT:user/NAME`, without a path.
///
/// # Errors
/// [`KmsError::Validation`].
pub fn check_user(principal: &Principal) -> Result<(), KmsError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '=' | ',' | '.' | '@' | '-');
    let name = principal
        .arn()
        .rsplit_once(':')
        .and_then(|(_, resource)| resource.strip_prefix("user/"))
        .unwrap_or_default();
    if (1..=USER_NAME_CHARS_MAX).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err(KmsError::Validation(format!(
        "an access key's principal is arn:aws:iam::<account>:user/<name>, the name 1 to {USER_NAME_CHARS_MAX} letters, digits and _ + = , . @ -"
    )))
}

/// Bounds a key policy document; its language is checked by the evaluator.
///
/// # Errors
/// [`KmsError::LimitExceeded`]: AWS KMS counts the document's size among its resource quotas.
pub fn check_policy(policy: &str) -> Result<(), KmsError> {
    if policy.len() > POLICY_BYTES_MAX {
        return Err(KmsError::LimitExceeded(format!(
            "A key policy document is at most {POLICY_BYTES_MAX} bytes"
        )));
    }
    Ok(())
}

/// Bounds everything a key's callers wrote, together: single bounds count characters, storage counts bytes.
///
/// # Errors
/// [`KmsError::LimitExceeded`].
pub fn check_text_bytes(key: &Key) -> Result<(), KmsError> {
    let replicas = key.multi_region.iter().flat_map(|m| m.replicas.values());
    let for_replicas: usize = replicas
        .filter_map(|replica| replica.creation.as_ref())
        .map(|c| text_bytes(&c.description, &c.policy, &c.tags) + c.principal.arn().len())
        .sum();
    let own = text_bytes(&key.description, &key.policy, &key.tags);
    if own + for_replicas > KEY_TEXT_BYTES_MAX {
        return Err(KmsError::LimitExceeded(format!(
            "description, policy and tags of a key, with those of replicas being made, are at most {KEY_TEXT_BYTES_MAX} bytes"
        )));
    }
    Ok(())
}

fn text_bytes(description: &str, policy: &str, tags: &Tags) -> usize {
    let tags: usize = tags.iter().map(|(key, value)| key.len() + value.len()).sum();
    description.len() + policy.len() + tags
}

/// Checks all tags of a key.
///
/// # Errors
/// [`KmsError::Tag`].
pub fn check_tags(tags: &Tags) -> Result<(), KmsError> {
    if tags.len() > TAGS_PER_KEY_MAX {
        return Err(KmsError::Tag("Too many tags".into()));
    }
    tags.iter().try_for_each(|(key, value)| check_tag(key, value))
}

/// Tags as a caller lists them, made into a set.
///
/// # Errors
/// [`KmsError::Tag`] when one is malformed or reserved, a key is repeated, or there are too many.
pub fn tags_from_list(list: &[(String, String)]) -> Result<Tags, KmsError> {
    check_request_length(list.len())?;
    let mut tags = Tags::new();
    for (key, value) in list {
        check_tag(key, value)?;
        if tags.insert(key.clone(), value.clone()).is_some() {
            return Err(KmsError::Tag("Duplicate tag keys".into()));
        }
    }
    Ok(tags)
}

/// Tag keys as a caller lists them for removal, made into a set.
///
/// # Errors
/// [`KmsError::Tag`] when one is malformed or reserved, or there are too many.
pub fn tag_keys_from_list(list: &[String]) -> Result<BTreeSet<String>, KmsError> {
    check_request_length(list.len())?;
    list.iter().try_for_each(|key| check_tag_key(key))?;
    Ok(list.iter().cloned().collect())
}

fn check_request_length(length: usize) -> Result<(), KmsError> {
    if length > TAGS_PER_REQUEST_MAX {
        return Err(KmsError::Tag("Too many tags".into()));
    }
    Ok(())
}

fn check_tag(key: &str, value: &str) -> Result<(), KmsError> {
    check_tag_key(key)?;
    if value.chars().count() > TAG_VALUE_CHARS_MAX {
        return Err(KmsError::Tag(format!(
            "A tag value is at most {TAG_VALUE_CHARS_MAX} characters"
        )));
    }
    check_characters(value)
}

fn check_tag_key(key: &str) -> Result<(), KmsError> {
    if !(1..=TAG_KEY_CHARS_MAX).contains(&key.chars().count()) {
        return Err(KmsError::Tag(format!(
            "A tag key is 1 to {TAG_KEY_CHARS_MAX} characters"
        )));
    }
    let reserved = key
        .get(..4)
        .is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:"));
    if reserved {
        return Err(KmsError::Tag("Tags beginning with aws: are reserved".into()));
    }
    check_characters(key)
}

/// AWS allows letters, digits, spaces and `_ . : / = + - @`. Beyond ASCII everything but controls is allowed here:
/// which characters are letters differs between Unicode versions, hence between compilers, and every node of a region
/// must decide alike.
fn check_characters(text: &str) -> Result<(), KmsError> {
    let allowed = |c: char| {
        if c.is_ascii() {
            c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '.' | ':' | '/' | '=' | '+' | '-' | '@')
        } else {
            c >= '\u{a0}'
        }
    };
    if text.chars().all(allowed) {
        return Ok(());
    }
    Err(KmsError::Tag(
        "A tag holds letters, digits, spaces and _ . : / = + - @ only".into(),
    ))
}
