//! That no field is forgotten, and what a hostile body comes to.

use super::shapes::ALL;
use super::*;
use kms_proto::kms::v1;
use prost::Message;
use prost_types::{DescriptorProto, FileDescriptorSet, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Field numbers from here on are Concord's own.
const OWN_FIELDS_FROM: i32 = 1_000;

fn messages() -> Vec<DescriptorProto> {
    let set = FileDescriptorSet::decode(kms_proto::kms::FILE_DESCRIPTOR_SET).unwrap();
    let files = set
        .file
        .into_iter()
        .filter(|file| file.package() == "concord.kms.v1");
    files.flat_map(|file| file.message_type).collect()
}

/// The service model's spelling of a field's name.
fn pascal_case(field: &str) -> String {
    if field == "aws_account_id" {
        return "AWSAccountId".to_owned();
    }
    let capitalized = field.split('_').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    });
    capitalized.collect()
}

#[test]
fn every_field_of_every_message_is_a_member_under_the_service_models_name() {
    let expected: BTreeMap<String, Vec<(String, String)>> = messages()
        .iter()
        .map(|message| {
            let members = message.field.iter().map(|field| {
                let name = match field.number() < OWN_FIELDS_FROM {
                    true => pascal_case(field.name()),
                    false => codec::NOT_IN_THE_MODEL.to_owned(),
                };
                (field.name().to_owned(), name)
            });
            (message.name().to_owned(), members.collect())
        })
        .collect();
    let shapes: BTreeMap<String, Vec<(String, String)>> = ALL
        .iter()
        .map(|(shape, members)| {
            let members = members
                .iter()
                .map(|(field, name)| ((*field).to_owned(), (*name).to_owned()));
            ((*shape).to_owned(), members.collect())
        })
        .collect();
    assert!(shapes.len() > 80);
    assert_eq!(shapes, expected);
}

#[test]
fn no_shape_has_two_members_of_one_name() {
    for (shape, members) in ALL {
        let names: BTreeSet<&str> = members.iter().map(|(_, name)| *name).collect();
        assert_eq!(names.len(), members.len(), "{shape}");
    }
}

fn refusal<S: Shape>(body: &str) -> ReadError {
    refusal_of_bytes::<S>(body.as_bytes())
}

fn refusal_of_bytes<S: Shape>(body: &[u8]) -> ReadError {
    match read::<S>(body) {
        Ok(_) => panic!("{} is accepted", String::from_utf8_lossy(body)),
        Err(error) => error,
    }
}

fn serialization(text: &str) -> ReadError {
    ReadError::Serialization(text.to_owned())
}

#[test]
fn a_request_is_read_by_the_service_models_names() {
    let body = br#"{
        "KeyId": "alias/a", "Plaintext": "AAEC/w==", "EncryptionContext": {"b": "2", "a": "\u00fc\n"},
        "GrantTokens": ["t1", "t2"], "EncryptionAlgorithm": "SYMMETRIC_DEFAULT", "DryRun": true
    }"#;
    let request: v1::EncryptRequest = read(body).unwrap();
    let expected = v1::EncryptRequest {
        key_id: "alias/a".to_owned(),
        plaintext: vec![0, 1, 2, 255],
        encryption_context: [("a", "ü\n"), ("b", "2")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        grant_tokens: vec!["t1".to_owned(), "t2".to_owned()],
        encryption_algorithm: Some("SYMMETRIC_DEFAULT".to_owned()),
        dry_run: Some(true),
    };
    assert!(request == expected);
}

#[test]
fn unknown_members_are_ignored_and_null_is_absent() {
    let body =
        br#"{"KeyId":"k","keyId":"other","Unknown":{"deep":[1,{"x":null}]},"GrantTokens":null,"-":true}"#;
    let request: v1::DescribeKeyRequest = read(body).unwrap();
    let expected = v1::DescribeKeyRequest {
        key_id: "k".to_owned(),
        grant_tokens: Vec::new(),
    };
    assert_eq!(request, expected);
}

#[test]
fn an_absent_required_member_is_a_validation_error_at_its_path() {
    assert_eq!(
        refusal::<v1::DescribeKeyRequest>("{}"),
        ReadError::Validation(
            "1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null"
                .to_owned()
        )
    );
    let ReadError::Validation(text) = refusal::<v1::TagResourceRequest>(
        r#"{"KeyId":null,"Tags":[{"TagKey":"a","TagValue":""},{"TagKey":"b"}]}"#,
    ) else {
        panic!("another error");
    };
    assert_eq!(
        text,
        "2 validation errors detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null; \
         Value null at 'tags.2.member.tagValue' failed to satisfy constraint: Member must not be null"
    );
    let ReadError::Validation(text) = refusal::<v1::UntagResourceRequest>(r#"{"KeyId":"k"}"#) else {
        panic!("another error");
    };
    assert!(text.contains("'tagKeys'"), "{text}");
}

#[test]
fn many_absent_members_do_not_make_a_long_message() {
    let tags = vec!["{}"; 20_000].join(",");
    let body = format!(r#"{{"KeyId":"k","Tags":[{tags}]}}"#);
    let ReadError::Validation(text) = refusal::<v1::TagResourceRequest>(&body) else {
        panic!("another error");
    };
    assert!(
        text.starts_with("40000 validation errors detected") && text.len() < 2_000,
        "{text}"
    );
}

#[test]
fn another_type_is_a_serialization_error_that_shows_nothing_of_the_value() {
    for (body, text) in [
        (r#"{"KeyId":1}"#, "NUMBER_VALUE can not be converted to a String"),
        (r#"{"KeyId":true}"#, "TRUE_VALUE can not be converted to a String"),
        (
            r#"{"KeyId":["canary"]}"#,
            "Start of list found where not expected",
        ),
        (
            r#"{"KeyId":{"canary":1}}"#,
            "Start of structure or map found where not expected.",
        ),
        (
            r#"{"KeyId":"k","NumberOfBytes":"canary"}"#,
            "STRING_VALUE can not be converted to an Integer",
        ),
        (
            r#"{"KeyId":"k","NumberOfBytes":1.5}"#,
            "NUMBER_VALUE can not be converted to an Integer",
        ),
        (
            r#"{"KeyId":"k","NumberOfBytes":2147483648}"#,
            "NUMBER_VALUE can not be converted to an Integer",
        ),
        (
            r#"{"KeyId":"k","NumberOfBytes":-123456789012345678901234567890}"#,
            "NUMBER_VALUE can not be converted to an Integer",
        ),
        (
            r#"{"KeyId":"k","DryRun":"true"}"#,
            "STRING_VALUE can not be converted to a Boolean",
        ),
        (
            r#"{"KeyId":"k","GrantTokens":"canary"}"#,
            "STRING_VALUE can not be converted to a List",
        ),
        (
            r#"{"KeyId":"k","GrantTokens":[null]}"#,
            "NULL_VALUE can not be converted to a String",
        ),
        (
            r#"{"KeyId":"k","EncryptionContext":{"a":1}}"#,
            "NUMBER_VALUE can not be converted to a String",
        ),
        (
            r#"{"KeyId":"k","EncryptionContext":[]}"#,
            "Start of list found where not expected",
        ),
        (
            r#"{"KeyId":"k","Recipient":"canary"}"#,
            "STRING_VALUE can not be converted to a Structure",
        ),
        (
            r#"{"KeyId":"k","Recipient":{"AttestationDocument":"canary!"}}"#,
            "A blob is not valid base64.",
        ),
    ] {
        assert_eq!(
            refusal::<v1::GenerateDataKeyRequest>(body),
            serialization(text),
            "{body}"
        );
    }
}

#[test]
fn a_body_that_is_no_json_object_is_a_serialization_error_without_its_text() {
    let not_json = serialization("The request body is not valid JSON.");
    for body in [
        "",
        " ",
        "{",
        "canary",
        r#"{"KeyId":"canary"#,
        r#"{"KeyId":"k"}}"#,
        r#"{"KeyId":"k"} {}"#,
        r#"{'KeyId':'canary'}"#,
        r#"{"KeyId":"\ud800"}"#,
        r#"{"KeyId":"k",}"#,
        r#"{"KeyId":NaN}"#,
        r#"{"KeyId":1e999999}"#,
        "{\"KeyId\":\"a\u{1}b\"}",
        "\u{feff}{}",
    ] {
        assert_eq!(refusal::<v1::DescribeKeyRequest>(body), not_json, "{body}");
    }
    assert_eq!(
        refusal_of_bytes::<v1::DescribeKeyRequest>(b"{\"KeyId\":\"\xff\xfe\"}"),
        not_json
    );
    assert_eq!(
        refusal_of_bytes::<v1::DescribeKeyRequest>(b"{\"\xc3\":1}"),
        not_json
    );
    let not_object = serialization("The request body is not a JSON object.");
    for body in ["null", "[]", "1", "\"canary\""] {
        assert_eq!(refusal::<v1::DescribeKeyRequest>(body), not_object, "{body}");
    }
}

#[test]
fn a_member_twice_is_refused_wherever_it_is() {
    let twice = serialization("The request body has a member twice.");
    for body in [
        r#"{"KeyId":"a","KeyId":"a"}"#,
        r#"{"KeyId":"a","\u004beyId":"b"}"#,
        r#"{"KeyId":"a","EncryptionContext":{"x":"1","x":"2"}}"#,
        r#"{"KeyId":"a","Unknown":[{"x":1,"x":1}]}"#,
    ] {
        assert_eq!(refusal::<v1::GenerateDataKeyRequest>(body), twice, "{body}");
    }
}

#[test]
fn nesting_is_bounded_also_in_what_is_ignored() {
    let nested = |levels: usize| {
        format!(
            r#"{{"KeyId":"k","Unknown":{}{}}}"#,
            "[".repeat(levels),
            "]".repeat(levels)
        )
    };
    assert!(read::<v1::DescribeKeyRequest>(nested(31).as_bytes()).is_ok());
    let too_deep = serialization("The request body is nested too deeply.");
    assert_eq!(refusal::<v1::DescribeKeyRequest>(&nested(32)), too_deep);
    assert_eq!(refusal::<v1::DescribeKeyRequest>(&nested(100_000)), too_deep);
    assert_eq!(
        refusal::<v1::DescribeKeyRequest>(&"{\"a\":".repeat(100_000)),
        too_deep
    );
}

#[test]
fn times_are_seconds_since_1970_read_and_written_to_the_millisecond() {
    let read_time = |text: &str| {
        let body = format!(r#"{{"KeyId":"k","ImportToken":"","EncryptedKeyMaterial":"","ValidTo":{text}}}"#);
        read::<v1::ImportKeyMaterialRequest>(body.as_bytes()).map(|request| request.valid_to.unwrap())
    };
    let time = |seconds, nanos| Ok(Timestamp { seconds, nanos });
    assert_eq!(read_time("1700000000"), time(1_700_000_000, 0));
    assert_eq!(read_time("1.7e9"), time(1_700_000_000, 0));
    assert_eq!(read_time("1700000000.123"), time(1_700_000_000, 123_000_000));
    assert_eq!(read_time("-0.001"), time(-1, 999_000_000));
    let refused = || Err(serialization("NUMBER_VALUE can not be converted to a Timestamp"));
    for hostile in [
        "1e300",
        "-1e300",
        "253402300800",
        "9223372036854775807",
        "-62135596801",
    ] {
        assert_eq!(read_time(hostile), refused(), "{hostile}");
    }
    assert!(read_time("\"2026-11-27T00:00:00Z\"").is_err());
    let written = |seconds, nanos| {
        let answer = v1::GetParametersForImportResponse {
            parameters_valid_to: Some(Timestamp { seconds, nanos }),
            ..Default::default()
        };
        let text = String::from_utf8(write(&answer).to_vec()).unwrap();
        text.rsplit_once(':').unwrap().1.trim_end_matches('}').to_owned()
    };
    assert_eq!(written(1_700_000_000, 0), "1700000000.000");
    assert_eq!(written(1_700_000_000, 7_999_999), "1700000000.007");
    assert_eq!(written(-1, 999_000_000), "-0.001");
    assert_eq!(written(i64::MAX, 999_999_999), "9223372036854775.807");
}

#[test]
fn an_answer_leaves_absent_members_out_and_shows_what_is_always_meaningful() {
    let answer = v1::DescribeKeyResponse {
        key_metadata: Some(v1::KeyMetadata {
            aws_account_id: "111122223333".to_owned(),
            key_id: "k".to_owned(),
            enabled: false,
            multi_region: Some(false),
            encryption_algorithms: vec!["SYMMETRIC_DEFAULT".to_owned()],
            protected: Some(true),
            ..Default::default()
        }),
    };
    assert_eq!(
        std::str::from_utf8(&write(&answer)).unwrap(),
        r#"{"KeyMetadata":{"AWSAccountId":"111122223333","KeyId":"k","Arn":"","Enabled":false,"Description":"","KeyUsage":"","KeyState":"","Origin":"","KeyManager":"","KeySpec":"","EncryptionAlgorithms":["SYMMETRIC_DEFAULT"],"MultiRegion":false}}"#
    );
}

#[test]
fn lists_of_a_page_are_shown_even_when_they_are_empty() {
    let text = |written: Zeroizing<Vec<u8>>| String::from_utf8(written.to_vec()).unwrap();
    assert_eq!(
        text(write(&v1::ListKeysResponse::default())),
        r#"{"Keys":[],"Truncated":false}"#
    );
    assert_eq!(
        text(write(&v1::ListAliasesResponse::default())),
        r#"{"Aliases":[],"Truncated":false}"#
    );
    assert_eq!(
        text(write(&v1::ListResourceTagsResponse::default())),
        r#"{"Tags":[],"Truncated":false}"#
    );
    assert_eq!(
        text(write(&v1::ListKeyRotationsResponse::default())),
        r#"{"Rotations":[],"Truncated":false}"#
    );
}

#[test]
fn text_and_blobs_are_written_so_that_any_reader_gets_them_back() {
    for bytes in [&b""[..], b"a", b"ab", b"abc", &[0, 255, 62, 63]] {
        let answer = v1::GenerateRandomResponse {
            plaintext: bytes.to_vec(),
            ciphertext_for_recipient: None,
        };
        let json: serde_json::Value = serde_json::from_slice(&write(&answer)).unwrap();
        let blob = base64::Engine::decode(
            &base64::engine::general_purpose::STANDARD,
            json["Plaintext"].as_str().unwrap(),
        );
        assert_eq!(blob.unwrap(), bytes);
    }
    let odd = "\"\\/\u{0}\u{1f}\u{7f}\u{2028}ü\u{1f600}</script>";
    let answer = v1::ListKeysResponse {
        next_marker: Some(odd.to_owned()),
        ..Default::default()
    };
    let json: serde_json::Value = serde_json::from_slice(&write(&answer)).unwrap();
    assert_eq!(json["NextMarker"], odd);
    let told: serde_json::Value = serde_json::from_slice(&error("ValidationException", Some(odd))).unwrap();
    assert_eq!(told["message"], odd);
    assert_eq!(
        error("InvalidCiphertextException", None),
        b"{\"__type\":\"InvalidCiphertextException\"}"
    );
}

#[test]
fn a_shape_without_members_has_an_empty_body() {
    assert!(write(&v1::EnableKeyResponse {}).is_empty());
}

#[test]
fn an_answer_with_a_plaintext_is_written_without_growing() {
    let long = |bytes| "x".repeat(bytes);
    for bytes in [0, 1, 32, 1_024, 4_096] {
        let data_key = v1::GenerateDataKeyResponse {
            plaintext: vec![0x5a; bytes],
            ciphertext_blob: vec![0xa5; bytes],
            key_id: long(100),
            key_material_id: long(64),
            ..Default::default()
        };
        assert!(write(&data_key).len() <= usual_bytes(&data_key), "{bytes}");
        let pair = v1::GenerateDataKeyPairResponse {
            private_key_plaintext: vec![0x5a; bytes],
            private_key_ciphertext_blob: vec![0xa5; bytes],
            public_key: vec![0xff; bytes],
            key_id: long(100),
            key_pair_spec: long(20),
            ciphertext_for_recipient: Some(vec![0; bytes]),
            key_material_id: long(64),
        };
        assert!(write(&pair).len() <= usual_bytes(&pair), "{bytes}");
        let opened = v1::DecryptResponse {
            plaintext: vec![0x5a; bytes],
            ..Default::default()
        };
        assert!(write(&opened).len() <= usual_bytes(&opened), "{bytes}");
    }
}
