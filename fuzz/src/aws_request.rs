//! Bodies of AWS clients' requests: JSON for KMS, forms for STS.

use crate::Seed;
use kms_domain::Operation;
use kms_server::http::parsers::{asks_for_identity, comes_back};

/// A body for the operation that the first byte chooses, and as a form. What is read means one thing: written and read
/// again it is the same.
pub fn aws_request(bytes: &[u8]) -> bool {
    let Some((operation, body)) = bytes.split_first() else {
        return false;
    };
    let identity = asks_for_identity(body);
    let Some(operation) = Operation::ALL.get(usize::from(*operation)) else {
        return identity;
    };
    let read = comes_back(*operation, body);
    assert_ne!(read, Some(false), "{operation} is read in two ways");
    identity || read == Some(true)
}

fn seed(operation: Operation, body: &str) -> Seed {
    let position = Operation::ALL.iter().position(|other| *other == operation);
    let position = position.and_then(|position| u8::try_from(position).ok());
    let mut bytes = vec![position.expect("there are fewer than 256 operations")];
    bytes.extend_from_slice(body.as_bytes());
    Seed::new(operation.as_str(), bytes)
}

/// Requests with members of each type, one with an unknown member, and the form.
pub fn seeds() -> Vec<Seed> {
    let form = "\u{1}Action=GetCallerIdentity&Version=2011%2D06-15";
    vec![
        seed(
            Operation::Encrypt,
            r#"{"KeyId":"alias/a","Plaintext":"AAEC/w==","EncryptionContext":{"a":"\u00fc"},"DryRun":false}"#,
        ),
        seed(
            Operation::GenerateDataKey,
            r#"{"KeyId":"k","NumberOfBytes":32,"GrantTokens":["t"],"Recipient":{"AttestationDocument":""}}"#,
        ),
        seed(
            Operation::ImportKeyMaterial,
            r#"{"KeyId":"k","ImportToken":"AA==","EncryptedKeyMaterial":"AQ==","ValidTo":1.7e9,"New":[{"a":null}]}"#,
        ),
        seed(
            Operation::TagResource,
            r#"{"KeyId":"k","Tags":[{"TagKey":"a","TagValue":""},{"TagKey":"b","TagValue":"c"}]}"#,
        ),
        Seed::new("form", form),
    ]
}
