//! Debug for the messages that carry callers' secrets: the type's name and nothing of its content. build.rs lists
//! the same messages, so one that is listed there and forgotten here does not compile in a Debug position.

use std::fmt::{Debug, Formatter, Result};

use crate::kms::v1;

macro_rules! redacted {
    ($($message:ident),+ $(,)?) => {
        $(
            impl Debug for v1::$message {
                fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
                    formatter.write_str(concat!(stringify!($message), " { .. }"))
                }
            }
        )+

        /// What Debug shows of each of them.
        #[cfg(test)]
        fn shown() -> Vec<String> {
            vec![$(format!("{:?}", v1::$message::default())),+]
        }
    };
}

redacted!(
    DecapsulateResponse,
    DecryptResponse,
    DeriveSharedSecretResponse,
    EncapsulateResponse,
    EncryptRequest,
    GenerateDataKeyPairResponse,
    GenerateDataKeyResponse,
    GenerateMacRequest,
    GenerateRandomResponse,
    SignRequest,
    VerifyMacRequest,
    VerifyRequest,
);

#[cfg(test)]
mod tests {
    use prost::Message;
    use prost_types::field_descriptor_proto::Type;

    /// What callers' secrets are called in the public API.
    const SECRET: [&str; 4] = ["plaintext", "private_key_plaintext", "message", "shared_secret"];

    /// Every message of the public API with a secret in it, read from the descriptors.
    fn messages_with_secrets() -> Vec<String> {
        let set = prost_types::FileDescriptorSet::decode(crate::kms::FILE_DESCRIPTOR_SET)
            .expect("the descriptors were encoded by the build");
        let mut names: Vec<String> = set
            .file
            .iter()
            .flat_map(|file| &file.message_type)
            .filter(|message| {
                let secret = |name: &str| SECRET.contains(&name);
                message
                    .field
                    .iter()
                    .any(|field| field.r#type() == Type::Bytes && secret(field.name()))
            })
            .map(|message| message.name().to_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn debug_of_a_message_with_secrets_shows_only_its_name() {
        let expected: Vec<String> = messages_with_secrets()
            .iter()
            .map(|name| format!("{name} {{ .. }}"))
            .collect();
        assert_eq!(super::shown(), expected);
    }
}
