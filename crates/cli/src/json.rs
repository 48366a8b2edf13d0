//! Messages as JSON with AWS's member names, made from the API's own descriptors: a field that is added to the
//! API appears here by itself. Blobs are base64, times are RFC 3339 in UTC, absent members are left out.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use prost::{Message, Name};
use prost_reflect::{DescriptorPool, DynamicMessage, ReflectMessage, Value as Field};
use serde_json::{Map, Value, json};

/// The descriptors of both public APIs.
static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let mut pool = DescriptorPool::new();
    for set in [
        kms_proto::kms::FILE_DESCRIPTOR_SET,
        kms_proto::admin::FILE_DESCRIPTOR_SET,
    ] {
        pool.decode_file_descriptor_set(set)
            .expect("the descriptors are generated together with the API");
    }
    pool
});

/// The JSON of a message of the public API.
pub(crate) fn of<M: Message + Name>(message: &M) -> Value {
    let descriptor = POOL
        .get_message_by_name(&M::full_name())
        .expect("every message of the public API is in its descriptors");
    let dynamic = DynamicMessage::decode(descriptor, message.encode_to_vec().as_slice())
        .expect("a message decodes by its own descriptor");
    of_dynamic(&dynamic)
}

/// The text of a time as it appears in the JSON.
pub(crate) fn time(seconds: i64, nanoseconds: i32) -> String {
    match jiff::Timestamp::new(seconds, nanoseconds) {
        Ok(time) => format!("{time:.3}"),
        Err(_) => "out of range".to_owned(),
    }
}

fn of_dynamic(message: &DynamicMessage) -> Value {
    let mut members = Map::new();
    for field in message.descriptor().fields() {
        let absent = !message.has_field(&field);
        // AWS leaves the lists of algorithms out where a key has none, and shows all other lists.
        let left_out = field.supports_presence() || field.name().ends_with("_algorithms");
        if !(absent && left_out) {
            members.insert(member_name(field.name()), of_field(&message.get_field(&field)));
        }
    }
    Value::Object(members)
}

fn of_field(field: &Field) -> Value {
    match field {
        Field::Bool(value) => json!(value),
        Field::I32(value) => json!(value),
        Field::I64(value) => json!(value),
        Field::U32(value) => json!(value),
        Field::U64(value) => json!(value),
        Field::F32(value) => json!(value),
        Field::F64(value) => json!(value),
        Field::EnumNumber(value) => json!(value),
        Field::String(value) => json!(value),
        Field::Bytes(value) => json!(STANDARD.encode(value)),
        Field::List(values) => values.iter().map(of_field).collect(),
        Field::Map(entries) => entries
            .iter()
            .map(|(key, value)| (key.as_str().unwrap_or_default().to_owned(), of_field(value)))
            .collect::<Map<String, Value>>()
            .into(),
        Field::Message(message) => of_time(message).unwrap_or_else(|| of_dynamic(message)),
    }
}

/// The JSON of a google.protobuf.Timestamp; `None` for every other message.
fn of_time(message: &DynamicMessage) -> Option<Value> {
    if message.descriptor().full_name() != "google.protobuf.Timestamp" {
        return None;
    }
    let seconds = message.get_field_by_name("seconds")?.as_i64()?;
    let nanoseconds = message.get_field_by_name("nanos")?.as_i32()?;
    Some(json!(time(seconds, nanoseconds)))
}

/// AWS's spelling of a member's name.
fn member_name(field: &str) -> String {
    if field == "aws_account_id" {
        return "AWSAccountId".to_owned();
    }
    let mut name = String::with_capacity(field.len());
    for word in field.split('_') {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kms_proto::admin::v1 as admin;
    use kms_proto::kms::v1::{
        DecryptResponse, DescribeKeyResponse, GetKeyRotationStatusResponse, KeyMetadata, ListKeysResponse,
        MultiRegionConfiguration, MultiRegionKey,
    };
    use prost_types::Timestamp;

    use super::{POOL, member_name, of};

    const ARN: &str = "arn:aws:kms:us-east-1:111122223333:key/mrk-0123456789abcdef0123456789abcdef";

    #[test]
    fn a_described_key_is_printed_exactly_like_the_golden_file() {
        let key = KeyMetadata {
            aws_account_id: "111122223333".to_owned(),
            key_id: "mrk-0123456789abcdef0123456789abcdef".to_owned(),
            arn: ARN.to_owned(),
            creation_date: Some(Timestamp {
                seconds: 1_764_000_000,
                nanos: 123_000_000,
            }),
            enabled: true,
            key_usage: "ENCRYPT_DECRYPT".to_owned(),
            key_state: "Enabled".to_owned(),
            origin: "AWS_KMS".to_owned(),
            key_manager: "CUSTOMER".to_owned(),
            customer_master_key_spec: Some("SYMMETRIC_DEFAULT".to_owned()),
            key_spec: "SYMMETRIC_DEFAULT".to_owned(),
            encryption_algorithms: vec!["SYMMETRIC_DEFAULT".to_owned()],
            multi_region: Some(true),
            multi_region_configuration: Some(MultiRegionConfiguration {
                multi_region_key_type: "PRIMARY".to_owned(),
                primary_key: Some(MultiRegionKey {
                    arn: ARN.to_owned(),
                    region: "us-east-1".to_owned(),
                }),
                replica_keys: Vec::new(),
            }),
            current_key_material_id: Some("ab".repeat(32)),
            protected: Some(false),
            ..Default::default()
        };
        let shown = serde_json::to_string_pretty(&of(&DescribeKeyResponse {
            key_metadata: Some(key),
        }))
        .unwrap();
        assert_eq!(shown, include_str!("golden/describe_key.json").trim_end());
    }

    #[test]
    fn absent_members_are_left_out_and_empty_lists_are_not() {
        assert_eq!(
            of(&ListKeysResponse::default()).to_string(),
            r#"{"Keys":[],"Truncated":false}"#
        );
        let status = of(&GetKeyRotationStatusResponse::default());
        assert_eq!(status.to_string(), r#"{"KeyId":"","KeyRotationEnabled":false}"#);
    }

    #[test]
    fn blobs_are_base64() {
        let shown = of(&DecryptResponse {
            plaintext: vec![0, 255, 16],
            ..Default::default()
        });
        assert_eq!(shown["Plaintext"], "AP8Q");
    }

    #[test]
    fn every_member_name_is_camel_case_and_unique_in_its_message() {
        let mut checked = 0;
        for message in POOL
            .all_messages()
            .filter(|message| message.package_name().starts_with("concord."))
        {
            let names: BTreeSet<String> = message.fields().map(|field| member_name(field.name())).collect();
            assert_eq!(names.len(), message.fields().count(), "{}", message.full_name());
            assert!(
                names
                    .iter()
                    .all(|name| !name.contains('_') && name.starts_with(char::is_uppercase))
            );
            checked += names.len();
        }
        assert!(checked > 200, "only {checked} members");
        assert_eq!(member_name("aws_account_id"), "AWSAccountId");
    }

    #[test]
    fn operators_messages_have_json_too() {
        let status = of(&admin::RegionStatusResponse {
            leader_id: Some(2),
            ..Default::default()
        });
        assert_eq!(status["LeaderId"], 2);
        assert_eq!(status["Members"], serde_json::json!([]));
    }
}
