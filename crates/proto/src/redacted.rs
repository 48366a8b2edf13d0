//! Debug for the messages that carry callers' secrets: the type's name and nothing of its content. build.rs lists
//! the same messages, so one that is listed there and forgotten here does not compile in a Debug position.

use std::fmt::{Debug, Formatter, Result};

use crate::kms::v1::{DecryptResponse, EncryptRequest, GenerateDataKeyResponse, GenerateRandomResponse};

impl Debug for EncryptRequest {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        formatter.write_str("EncryptRequest { .. }")
    }
}

impl Debug for DecryptResponse {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        formatter.write_str("DecryptResponse { .. }")
    }
}

impl Debug for GenerateDataKeyResponse {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        formatter.write_str("GenerateDataKeyResponse { .. }")
    }
}

impl Debug for GenerateRandomResponse {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        formatter.write_str("GenerateRandomResponse { .. }")
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::{DecryptResponse, EncryptRequest, GenerateDataKeyResponse, GenerateRandomResponse};

    /// Every message of the public API with a bytes field named plaintext, read from the descriptors.
    fn messages_with_plaintext() -> Vec<String> {
        let set = prost_types::FileDescriptorSet::decode(crate::kms::FILE_DESCRIPTOR_SET)
            .expect("the descriptors were encoded by the build");
        let mut names: Vec<String> = set
            .file
            .iter()
            .flat_map(|file| &file.message_type)
            .filter(|message| message.field.iter().any(|field| field.name() == "plaintext"))
            .map(|message| message.name().to_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn debug_of_a_message_with_plaintext_shows_only_its_name() {
        let plaintext = b"canary".to_vec();
        let shown = [
            format!(
                "{:?}",
                DecryptResponse {
                    plaintext: plaintext.clone(),
                    ..Default::default()
                }
            ),
            format!(
                "{:?}",
                EncryptRequest {
                    plaintext: plaintext.clone(),
                    ..Default::default()
                }
            ),
            format!(
                "{:?}",
                GenerateDataKeyResponse {
                    plaintext: plaintext.clone(),
                    ..Default::default()
                }
            ),
            format!(
                "{:?}",
                GenerateRandomResponse {
                    plaintext,
                    ..Default::default()
                }
            ),
        ];
        let expected: Vec<String> = messages_with_plaintext()
            .iter()
            .map(|name| format!("{name} {{ .. }}"))
            .collect();
        assert_eq!(shown.to_vec(), expected);
    }
}
