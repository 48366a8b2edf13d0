//! ARNs, alias names and region names, and what a caller may write where a key is named.

use crate::Seed;
use crate::key_id::has_one_spelling;
use crate::seals::text;
use kms_domain::KmsError;
use kms_domain::vocabulary::{AliasName, KeyArn, KeyReference, Principal, RegionName};
use kms_server::operations::validation::{self, KeyForms};

/// Refusals quote at most 256 characters of what they refuse.
const REFUSAL_BYTES_MAX: usize = 256 * 4 + 512;

/// Names of keys in all their forms: what parses is shown as it was written, and the server's door takes exactly what
/// the vocabulary takes and quotes little of what it refuses.
pub fn arn(bytes: &[u8]) -> bool {
    let Some(text) = text(bytes) else {
        return false;
    };
    let reference = text.parse::<KeyReference>();
    if let Ok(reference) = &reference {
        assert_eq!(spelled(reference), text);
    }
    let is_key_arn = has_one_spelling::<KeyArn>(text);
    assert_eq!(is_key_arn, matches!(reference, Ok(KeyReference::KeyArn(_))));
    let is_alias = has_one_spelling::<AliasName>(text);
    assert_eq!(is_alias, matches!(reference, Ok(KeyReference::Alias(_))));
    let is_region = has_one_spelling::<RegionName>(text);
    let is_principal = has_one_spelling::<Principal>(text);

    let any = validation::key_reference("keyId", text, KeyForms::Any);
    assert_eq!(any.is_ok(), reference.is_ok());
    let no_alias = validation::key_reference("keyId", text, KeyForms::IdOrArn);
    assert_eq!(no_alias.is_ok(), names_a_key(&reference));
    let alias = validation::alias_name(text);
    assert_eq!(alias.is_ok(), is_alias);
    let region = validation::region_name("replicaRegion", text);
    assert_eq!(region.is_ok(), is_region);
    let refusals = [any.err(), no_alias.err(), alias.err(), region.err()];
    assert!(refusals.iter().flatten().all(quotes_little));
    reference.is_ok() || is_region || is_principal
}

fn spelled(reference: &KeyReference) -> String {
    match reference {
        KeyReference::KeyId(id) => id.to_string(),
        KeyReference::KeyArn(arn) => arn.to_string(),
        KeyReference::Alias(alias) => alias.to_string(),
        KeyReference::AliasArn(arn) => arn.to_string(),
    }
}

fn names_a_key<E>(reference: &Result<KeyReference, E>) -> bool {
    matches!(reference, Ok(KeyReference::KeyId(_) | KeyReference::KeyArn(_)))
}

fn quotes_little(refusal: &KmsError) -> bool {
    refusal.to_string().len() <= REFUSAL_BYTES_MAX
}

/// One of each form.
pub fn seeds() -> Vec<Seed> {
    let texts = [
        ("key-id", "5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a5a"),
        (
            "key-arn",
            "arn:aws:kms:us-east-1:123456789012:key/mrk-00112233445566778899aabbccddeeff",
        ),
        ("alias", "alias/aws/s3"),
        ("alias-arn", "arn:aws:kms:eu-west-1:123456789012:alias/pay_roll-1"),
        ("principal", "arn:aws:iam::123456789012:user/alice"),
        ("region", "ap-southeast-1"),
    ];
    texts.map(|(name, text)| Seed::new(name, text)).into()
}
