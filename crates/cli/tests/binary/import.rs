//! What the commands on imported key material ask for and show.

use std::fs;

use kms_proto::kms::v1 as kms;
use prost_types::Timestamp;
use serde_json::json;
use tonic::Code;

use crate::kms::{ARN, PUBLIC_KEY, PUBLIC_KEY_PEM};
use crate::nodes::Behaviour;
use crate::runs::{code, one_node, stderr, stdout, stdout_json};

const PARAMETERS: [&str; 7] = [
    "import",
    "parameters",
    "k",
    "--wrapping-algorithm",
    "RSAES_OAEP_SHA_256",
    "--wrapping-key-spec",
    "RSA_4096",
];

/// Base64 of `b"token"`.
const TOKEN_TEXT: &str = "dG9rZW4=";

#[test]
fn what_parameters_writes_material_reads() {
    let (regions, node) = one_node(Behaviour::Serve);
    let read = |name: &str| fs::read(regions.folder().join(name)).unwrap();
    let files = ["--public-key-out", "wrap.pem", "--token-out", "token"];
    let text = stdout(&regions.kmsctl(&[&PARAMETERS[..], &files].concat(), b""));
    assert!(text.contains(ARN) && !text.contains(TOKEN_TEXT), "{text}");
    let request: kms::GetParametersForImportRequest = node.last_request("get_parameters_for_import");
    assert_eq!(request.key_id, "k");
    assert_eq!(request.wrapping_algorithm, "RSAES_OAEP_SHA_256");
    assert_eq!(request.wrapping_key_spec, "RSA_4096");
    assert_eq!(read("wrap.pem"), PUBLIC_KEY_PEM.as_bytes());

    fs::write(regions.folder().join("wrapped"), [0, 255, 7]).unwrap();
    let material = "import material k --token token --encrypted-material wrapped --raw --no-expiry";
    let material: Vec<&str> = material.split(' ').collect();
    let text = stdout(&regions.kmsctl(&material, b""));
    assert!(text.contains(&"ab".repeat(32)), "{text}");
    let request: kms::ImportKeyMaterialRequest = node.last_request("import_key_material");
    let expected = kms::ImportKeyMaterialRequest {
        key_id: "k".to_owned(),
        import_token: b"token".to_vec(),
        encrypted_key_material: vec![0, 255, 7],
        expiration_model: Some("KEY_MATERIAL_DOES_NOT_EXPIRE".to_owned()),
        ..Default::default()
    };
    assert_eq!(request, expected);
    let whole = stdout_json(&regions.kmsctl(&[&material[..], &["-o", "json"]].concat(), b""));
    assert_eq!(whole, json!({"KeyId": ARN, "KeyMaterialId": "ab".repeat(32)}));
}

#[test]
fn parameters_without_files_are_in_the_answer() {
    let (regions, _node) = one_node(Behaviour::Serve);
    let whole = stdout_json(&regions.kmsctl(&[&PARAMETERS[..], &["-o", "json"]].concat(), b""));
    assert_eq!(whole["ImportToken"], TOKEN_TEXT);
    assert!(whole["PublicKey"].is_string());
    let files = ["--public-key-out", "wrap.der", "--der", "-o", "json"];
    let rest = stdout_json(&regions.kmsctl(&[&PARAMETERS[..], &files].concat(), b""));
    assert_eq!(
        (&rest["ImportToken"], rest.get("PublicKey")),
        (&json!(TOKEN_TEXT), None)
    );
    assert_eq!(fs::read(regions.folder().join("wrap.der")).unwrap(), PUBLIC_KEY);
}

#[test]
fn every_option_of_an_import_is_sent_as_it_was_meant() {
    let (regions, node) = one_node(Behaviour::Serve);
    fs::write(regions.folder().join("token"), TOKEN_TEXT).unwrap();
    let import = "import material k --token token --encrypted-material - --expires-at 2027-01-31T01:00:00+01:00 \
                  --type existing --description d --material-id i";
    let import: Vec<&str> = import.split_whitespace().collect();
    let output = regions.kmsctl(&import, b"AP8H\n");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let request: kms::ImportKeyMaterialRequest = node.last_request("import_key_material");
    let valid_to = Timestamp {
        seconds: 1_801_353_600,
        nanos: 0,
    };
    let expected = kms::ImportKeyMaterialRequest {
        key_id: "k".to_owned(),
        import_token: b"token".to_vec(),
        encrypted_key_material: vec![0, 255, 7],
        valid_to: Some(valid_to),
        expiration_model: Some("KEY_MATERIAL_EXPIRES".to_owned()),
        import_type: Some("EXISTING_KEY_MATERIAL".to_owned()),
        key_material_description: Some("d".to_owned()),
        key_material_id: Some("i".to_owned()),
    };
    assert_eq!(request, expected);
}

#[test]
fn imported_material_is_never_deleted_without_consent() {
    let (regions, node) = one_node(Behaviour::Serve);
    let delete = ["import", "delete", "k"];
    let unconfirmed = regions.kmsctl(&delete, b"yes\n");
    assert_eq!(
        (code(&unconfirmed), node.calls().len()),
        (2, 0),
        "consent has to come from a terminal"
    );
    assert!(stderr(&unconfirmed).contains("--yes"), "{}", stderr(&unconfirmed));
    let text = stdout(&regions.kmsctl(&[&delete[..], &["--yes"]].concat(), b""));
    assert!(text.contains(&"ab".repeat(32)), "{text}");
    let request: kms::DeleteImportedKeyMaterialRequest = node.last_request("delete_imported_key_material");
    assert_eq!((request.key_id.as_str(), request.key_material_id), ("k", None));
    regions.kmsctl(&[&delete[..], &["--yes", "--material-id", "i"]].concat(), b"");
    let request: kms::DeleteImportedKeyMaterialRequest = node.last_request("delete_imported_key_material");
    assert_eq!(request.key_material_id(), "i");
}

#[test]
fn what_cannot_be_imported_is_exit_code_8_with_what_to_do() {
    for (exception, expected) in [
        (
            "IncorrectKeyMaterialException",
            "rotation list KEY --all-materials",
        ),
        ("InvalidImportTokenException", "import parameters KEY"),
        ("ExpiredImportTokenException", "import parameters KEY"),
        ("InvalidCiphertextException", "the same algorithm"),
    ] {
        let (regions, _node) = one_node(Behaviour::Fail(Code::InvalidArgument, exception));
        fs::write(regions.folder().join("token"), TOKEN_TEXT).unwrap();
        let import = "import material k --token token --encrypted-material - --no-expiry";
        let output = regions.kmsctl(&import.split(' ').collect::<Vec<_>>(), b"AP8H");
        assert_eq!(
            (code(&output), stdout(&output)),
            (8, String::new()),
            "{exception}"
        );
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
}

#[test]
fn the_wrong_files_of_an_import_are_refused_with_what_to_do_and_nothing_is_sent() {
    let (regions, node) = one_node(Behaviour::Serve);
    fs::write(regions.folder().join("token"), TOKEN_TEXT).unwrap();
    fs::write(regions.folder().join("binary"), [0, 255, 7]).unwrap();
    for (files, expected) in [
        (
            "--token binary --encrypted-material token",
            "import parameters --token-out",
        ),
        (
            "--token token --encrypted-material binary",
            "binary is not base64: --raw",
        ),
        (
            "--token - --encrypted-material -",
            "cannot both be standard input",
        ),
        (
            "--token token --encrypted-material -",
            "- is empty: expected encrypted key material",
        ),
    ] {
        let words = format!("import material k --no-expiry {files}");
        let output = regions.kmsctl(&words.split(' ').collect::<Vec<_>>(), b"");
        assert_eq!(code(&output), 2, "{files}");
        assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    }
    assert!(node.calls().is_empty());
}
