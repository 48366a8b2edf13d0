//! Commands that are answered with secrets show them where they were asked for, and nowhere else.

use std::fs;

use kms_proto::kms::v1 as kms;
use serde_json::json;

use crate::kms::{ARN, PUBLIC_KEY, PUBLIC_KEY_PEM, SECRET};
use crate::nodes::Behaviour;
use crate::runs::{code, file, one_node, private_file, stderr, stdout, stdout_json};

/// Base64 of [`SECRET`].
const SECRET_TEXT: &str = "c2VjcmV0LWNhbmFyeQ==";
/// Base64 of `b"encapsulated"`.
const ENCAPSULATED_TEXT: &str = "ZW5jYXBzdWxhdGVk";
/// Base64 of `b"wrapped"`.
const WRAPPED_TEXT: &str = "d3JhcHBlZA==";

#[test]
fn a_shared_secret_goes_where_it_was_asked_for_and_nowhere_else() {
    for (command, operation) in [
        (
            ["derive-shared-secret", "k", "--public-key", "theirs"],
            "derive_shared_secret",
        ),
        (["decapsulate", "k", "--in", "encapsulated"], "decapsulate"),
    ] {
        let (regions, node) = one_node(Behaviour::Serve);
        fs::write(file(&regions, "theirs"), PUBLIC_KEY_PEM).unwrap();
        fs::write(file(&regions, "encapsulated"), ENCAPSULATED_TEXT).unwrap();
        let run = |more: &[&str]| regions.kmsctl(&[&command[..], more].concat(), b"");
        let nowhere = run(&[]);
        assert_eq!(
            (code(&nowhere), node.calls().len()),
            (2, 0),
            "{}",
            stderr(&nowhere)
        );
        let in_file = run(&["--out", "secret"]);
        assert_eq!((code(&in_file), stdout(&in_file)), (0, String::new()));
        assert_eq!(private_file(&regions, "secret"), SECRET);
        let rest = stdout_json(&run(&["--out", "secret", "-o", "json"]));
        assert_eq!((&rest["KeyId"], rest.get("SharedSecret")), (&json!(ARN), None));
        assert_eq!(stdout(&run(&["--out", "-"])), format!("{SECRET_TEXT}\n"));
        let whole = stdout_json(&run(&["--out", "-", "-o", "json"]));
        assert_eq!(whole["SharedSecret"], SECRET_TEXT);
        assert!(node.calls().iter().all(|call| call.0 == operation));
        if operation == "derive_shared_secret" {
            let request: kms::DeriveSharedSecretRequest = node.last_request(operation);
            assert_eq!(
                (request.key_id.as_str(), request.public_key.as_slice()),
                ("k", PUBLIC_KEY)
            );
            assert_eq!(request.key_agreement_algorithm, "ECDH");
        } else {
            let request: kms::DecapsulateRequest = node.last_request(operation);
            assert_eq!(request.shared_secret_ciphertext_blob, b"encapsulated");
            assert_eq!(request.encapsulation_algorithm, "ML_KEM");
        }
    }
}

#[test]
fn an_encapsulation_and_its_secret_are_never_mixed_up() {
    let (regions, node) = one_node(Behaviour::Serve);
    let run = |more: &[&str]| regions.kmsctl(&[&["encapsulate", "k"], more].concat(), b"");
    let mixed = run(&["--shared-secret-out", "-"]);
    assert_eq!((code(&mixed), node.calls().len()), (2, 0));
    assert!(stderr(&mixed).contains("--ciphertext-out"), "{}", stderr(&mixed));

    let shown = stdout(&run(&["--shared-secret-out", "s"]));
    assert!(
        shown.contains(ENCAPSULATED_TEXT) && !shown.contains(SECRET_TEXT),
        "{shown}"
    );
    assert_eq!(private_file(&regions, "s"), SECRET);
    let request: kms::EncapsulateRequest = node.last_request("encapsulate");
    assert_eq!(
        (request.key_id.as_str(), request.encapsulation_algorithm.as_str()),
        ("k", "ML_KEM")
    );
    let whole = stdout_json(&run(&["--shared-secret-out", "s", "-o", "json"]));
    assert_eq!(whole["SharedSecretCiphertextBlob"], ENCAPSULATED_TEXT);
    assert_eq!(whole.get("SharedSecret"), None);

    let piped = run(&["--shared-secret-out", "-", "--raw", "--ciphertext-out", "c"]);
    assert_eq!((code(&piped), piped.stdout.as_slice()), (0, SECRET));
    assert_eq!(fs::read(file(&regions, "c")).unwrap(), b"encapsulated");
    let piped = run(&["--shared-secret-out", "s", "--ciphertext-out", "-"]);
    assert_eq!(stdout(&piped), format!("{ENCAPSULATED_TEXT}\n"));
}

#[test]
fn a_private_key_is_made_in_plaintext_only_where_it_was_asked_for() {
    let (regions, node) = one_node(Behaviour::Serve);
    let pair = ["data-key-pair", "k", "--spec", "ECC_NIST_P256", "-e", "a=b"];
    let run = |more: &[&str]| regions.kmsctl(&[&pair[..], more].concat(), b"");
    let shown = stdout(&run(&[]));
    assert!(
        shown.contains(WRAPPED_TEXT) && shown.contains("MCowBQYDK2VwAyEA"),
        "{shown}"
    );
    let request: kms::GenerateDataKeyPairWithoutPlaintextRequest =
        node.last_request("generate_data_key_pair_without_plaintext");
    assert_eq!(
        (request.key_id.as_str(), request.key_pair_spec.as_str()),
        ("k", "ECC_NIST_P256")
    );
    assert_eq!(request.encryption_context["a"], "b");

    let rest = stdout_json(&run(&[
        "--private-key-out",
        "p",
        "--public-key-out",
        "q",
        "-o",
        "json",
    ]));
    assert_eq!(rest["PrivateKeyCiphertextBlob"], WRAPPED_TEXT);
    assert_eq!(
        (rest.get("PrivateKeyPlaintext"), rest.get("PublicKey")),
        (None, None)
    );
    let private_key = String::from_utf8(private_file(&regions, "p")).unwrap();
    let expected = format!("-----BEGIN PRIVATE KEY-----\n{SECRET_TEXT}\n-----END PRIVATE KEY-----\n");
    assert_eq!(private_key, expected);
    assert_eq!(fs::read_to_string(file(&regions, "q")).unwrap(), PUBLIC_KEY_PEM);
    let request: kms::GenerateDataKeyPairRequest = node.last_request("generate_data_key_pair");
    assert_eq!(
        (request.key_id.as_str(), request.key_pair_spec.as_str()),
        ("k", "ECC_NIST_P256")
    );

    let calls = node.calls().len();
    let mixed = run(&["--private-key-out", "-", "--public-key-out", "q"]);
    assert_eq!((code(&mixed), node.calls().len()), (2, calls));
    let files = [
        "--private-key-out",
        "-",
        "--public-key-out",
        "q",
        "--ciphertext-out",
        "c",
        "--der",
        "--raw",
    ];
    assert_eq!(run(&files).stdout, SECRET);
    assert_eq!(fs::read(file(&regions, "c")).unwrap(), b"wrapped");
    assert_eq!(fs::read(file(&regions, "q")).unwrap(), PUBLIC_KEY);
}
