//! Debug for the messages that carry secrets: the type's name and nothing of its content. build.rs lists
//! the same messages, so one that is listed there and forgotten here does not compile in a Debug position.

use std::fmt::{Debug, Formatter, Result};

use crate::{admin, kms};

macro_rules! redacted {
    ($($api:ident::$message:ident),+ $(,)?) => {
        $(
            impl Debug for $api::v1::$message {
                fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
                    formatter.write_str(concat!(stringify!($message), " { .. }"))
                }
            }
        )+

        /// What Debug shows of each of them.
        #[cfg(test)]
        fn shown() -> Vec<String> {
            vec![$(format!("{:?}", $api::v1::$message::default())),+]
        }
    };
}

redacted!(
    admin::CreateAccessKeyResponse,
    kms::DecapsulateResponse,
    kms::DecryptResponse,
    kms::DeriveSharedSecretResponse,
    kms::EncapsulateResponse,
    kms::EncryptRequest,
    kms::GenerateDataKeyPairResponse,
    kms::GenerateDataKeyResponse,
    kms::GenerateMacRequest,
    kms::GenerateRandomResponse,
    kms::SignRequest,
    kms::VerifyMacRequest,
    kms::VerifyRequest,
);

#[cfg(test)]
mod tests {
    use prost::Message;
    use prost_types::field_descriptor_proto::Type;

    /// What secrets are called in the public API.
    const SECRET: [(&str, Type); 5] = [
        ("plaintext", Type::Bytes),
        ("private_key_plaintext", Type::Bytes),
        ("message", Type::Bytes),
        ("shared_secret", Type::Bytes),
        ("secret_access_key", Type::String),
    ];

    /// Every message of a public API with a secret in it, read from the descriptors, in order of name.
    fn messages_with_secrets(descriptors: &[u8]) -> Vec<String> {
        let set = prost_types::FileDescriptorSet::decode(descriptors)
            .expect("the descriptors were encoded by the build");
        let mut names: Vec<String> = set
            .file
            .iter()
            .flat_map(|file| &file.message_type)
            .filter(|message| {
                message
                    .field
                    .iter()
                    .any(|field| SECRET.contains(&(field.name(), field.r#type())))
            })
            .map(|message| message.name().to_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn debug_of_a_message_with_secrets_shows_only_its_name() {
        let apis = [crate::admin::FILE_DESCRIPTOR_SET, crate::kms::FILE_DESCRIPTOR_SET];
        let expected: Vec<String> = apis
            .into_iter()
            .flat_map(messages_with_secrets)
            .map(|name| format!("{name} {{ .. }}"))
            .collect();
        assert_eq!(super::shown(), expected);
    }
}
