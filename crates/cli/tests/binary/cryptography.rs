//! What the commands on signatures, MACs, public keys and ciphertexts ask for and show, and what they refuse to
//! send.

use std::fs;

use kms_proto::kms::v1 as kms;
use serde_json::json;
use tonic::Code;

use crate::kms::{ARN, DOUBTFUL, PUBLIC_KEY, PUBLIC_KEY_PEM};
use crate::nodes::Behaviour;
use crate::runs::{code, file, one_node, stderr, stdout, stdout_json};

const MESSAGE: &[u8] = b"message-canary";
/// Base64 of `b"signature"`.
const SIGNATURE_TEXT: &str = "c2lnbmF0dXJl";
/// Base64 of `b"mac"`.
const MAC_TEXT: &str = "bWFj";

#[test]
fn a_signature_is_of_what_was_asked_for_and_verifies_as_it_was_written() {
    let (regions, node) = one_node(Behaviour::Serve);
    let sign = [
        "sign",
        "alias/a",
        "--algorithm",
        "ECDSA_SHA_256",
        "--message-type",
        "DIGEST",
    ];
    let text = regions.kmsctl(&[&sign[..], &["--grant-token", "t"]].concat(), MESSAGE);
    assert_eq!(stdout(&text), format!("{SIGNATURE_TEXT}\n"));
    let request: kms::SignRequest = node.last_request("sign");
    assert_eq!(
        (request.key_id.as_str(), request.message.as_slice()),
        ("alias/a", MESSAGE)
    );
    assert_eq!(request.signing_algorithm, "ECDSA_SHA_256");
    assert_eq!((request.message_type(), request.dry_run), ("DIGEST", None));
    assert_eq!(request.grant_tokens, ["t"]);

    let whole = stdout_json(&regions.kmsctl(&[&sign[..], &["-o", "json"]].concat(), MESSAGE));
    assert_eq!(
        (&whole["Signature"], &whole["KeyId"]),
        (&json!(SIGNATURE_TEXT), &json!(ARN))
    );
    let rest = regions.kmsctl(
        &[&sign[..], &["-o", "json", "--raw", "--out", "s"]].concat(),
        MESSAGE,
    );
    assert_eq!(stdout_json(&rest).get("Signature"), None);
    assert_eq!(fs::read(file(&regions, "s")).unwrap(), b"signature");

    let verify = [
        "verify",
        "alias/a",
        "--algorithm",
        "ECDSA_SHA_256",
        "--signature",
        "s",
        "--raw",
    ];
    let valid = regions.kmsctl(&verify, MESSAGE);
    assert_eq!(
        (code(&valid), stdout(&valid)),
        (0, "the signature is valid\n".to_owned())
    );
    let request: kms::VerifyRequest = node.last_request("verify");
    assert_eq!(
        (request.message.as_slice(), request.signature.as_slice()),
        (MESSAGE, &b"signature"[..])
    );
    assert_eq!(
        (request.signing_algorithm.as_str(), request.message_type),
        ("ECDSA_SHA_256", None)
    );
    fs::write(file(&regions, "s"), format!("{SIGNATURE_TEXT}\n")).unwrap();
    let valid = regions.kmsctl(&[&verify[..6], &["-o", "json"]].concat(), MESSAGE);
    assert_eq!(stdout_json(&valid)["SignatureValid"], true);
    assert_eq!(
        node.last_request::<kms::VerifyRequest>("verify").signature,
        b"signature"
    );
}

#[test]
fn a_mac_is_of_what_was_asked_for_and_verifies_as_it_was_written() {
    let (regions, node) = one_node(Behaviour::Serve);
    let generate = ["mac", "generate", "alias/a", "--algorithm", "HMAC_SHA_384"];
    let text = regions.kmsctl(&generate, MESSAGE);
    assert_eq!(stdout(&text), format!("{MAC_TEXT}\n"));
    let request: kms::GenerateMacRequest = node.last_request("generate_mac");
    assert_eq!(
        (request.key_id.as_str(), request.message.as_slice()),
        ("alias/a", MESSAGE)
    );
    assert_eq!(request.mac_algorithm, "HMAC_SHA_384");
    let whole = stdout_json(&regions.kmsctl(&[&generate[..], &["-o", "json"]].concat(), MESSAGE));
    assert_eq!(whole["Mac"], MAC_TEXT);

    regions.kmsctl(&[&generate[..], &["--out", "m"]].concat(), MESSAGE);
    let verify = [
        "mac",
        "verify",
        "alias/a",
        "--algorithm",
        "HMAC_SHA_384",
        "--mac",
        "m",
    ];
    let valid = regions.kmsctl(&verify, MESSAGE);
    assert_eq!(
        (code(&valid), stdout(&valid)),
        (0, "the MAC is valid\n".to_owned())
    );
    let request: kms::VerifyMacRequest = node.last_request("verify_mac");
    assert_eq!(
        (request.message.as_slice(), request.mac.as_slice()),
        (MESSAGE, &b"mac"[..])
    );
    assert_eq!(request.mac_algorithm, "HMAC_SHA_384");
    let valid = regions.kmsctl(&[&verify[..], &["-o", "json"]].concat(), MESSAGE);
    assert_eq!(stdout_json(&valid)["MacValid"], true);
}

#[test]
fn what_is_not_valid_is_exit_code_8_and_never_a_word_on_standard_output() {
    let verify = ["verify", "k", "--algorithm", "A", "--signature", "s", "--raw"];
    let verify_mac = ["mac", "verify", "k", "--algorithm", "A", "--mac", "s", "--raw"];
    for (command, exception) in [
        (&verify[..], "KMSInvalidSignatureException"),
        (&verify_mac, "KMSInvalidMacException"),
    ] {
        let (regions, _node) = one_node(Behaviour::Fail(Code::InvalidArgument, exception));
        fs::write(file(&regions, "s"), b"wrong").unwrap();
        for format in ["table", "json"] {
            let invalid = regions.kmsctl(&[command, &["-o", format]].concat(), MESSAGE);
            assert_eq!((code(&invalid), stdout(&invalid)), (8, String::new()));
            assert!(stderr(&invalid).contains(exception) && stderr(&invalid).contains("is not valid"));
            assert!(!stderr(&invalid).contains("canary"));
        }
    }
}

#[test]
fn success_is_only_what_the_service_says_is_valid() {
    let (regions, _node) = one_node(Behaviour::Serve);
    fs::write(file(&regions, "s"), DOUBTFUL).unwrap();
    for command in [
        "verify k --algorithm A --signature s --raw",
        "mac verify k --algorithm A --mac s --raw",
    ] {
        let output = regions.kmsctl(&command.split(' ').collect::<Vec<_>>(), MESSAGE);
        assert_eq!((code(&output), stdout(&output)), (1, String::new()), "{command}");
    }
}

#[test]
fn a_public_key_is_pem_unless_der_is_asked_for() {
    let (regions, node) = one_node(Behaviour::Serve);
    let pem = regions.kmsctl(&["public-key", "alias/a"], b"");
    assert_eq!(stdout(&pem), PUBLIC_KEY_PEM);
    assert_eq!(
        node.last_request::<kms::GetPublicKeyRequest>("get_public_key")
            .key_id,
        "alias/a"
    );
    let der = regions.kmsctl(&["public-key", "alias/a", "--der"], b"");
    assert_eq!(der.stdout, PUBLIC_KEY);
    let whole = stdout_json(&regions.kmsctl(&["public-key", "alias/a", "-o", "json"], b""));
    assert_eq!(
        whole["PublicKey"],
        "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="
    );
    let rest = regions.kmsctl(&["public-key", "alias/a", "-o", "json", "--out", "p"], b"");
    assert_eq!(stdout_json(&rest).get("PublicKey"), None);
    assert_eq!(
        stdout_json(&rest)["SigningAlgorithms"],
        json!(["ED25519_SHA_512"])
    );
    assert_eq!(fs::read_to_string(file(&regions, "p")).unwrap(), PUBLIC_KEY_PEM);
}

#[test]
fn rsa_ciphertexts_are_asked_for_with_their_keys_and_algorithms() {
    let (regions, node) = one_node(Behaviour::Serve);
    let algorithm = ["--algorithm", "RSAES_OAEP_SHA_256"];
    let ciphertext = regions.kmsctl(&[&["encrypt", "k"], &algorithm[..]].concat(), MESSAGE);
    let request: kms::EncryptRequest = node.last_request("encrypt");
    assert_eq!(request.encryption_algorithm(), "RSAES_OAEP_SHA_256");
    regions.kmsctl(
        &[&["decrypt", "--key", "k"], &algorithm[..]].concat(),
        &ciphertext.stdout,
    );
    let request: kms::DecryptRequest = node.last_request("decrypt");
    assert_eq!(
        (request.key_id(), request.encryption_algorithm()),
        ("k", "RSAES_OAEP_SHA_256")
    );

    let re_encrypt = [
        "re-encrypt",
        "--from",
        "k",
        "--source-algorithm",
        "RSAES_OAEP_SHA_256",
        "--to",
        "l",
        "--destination-algorithm",
        "RSAES_OAEP_SHA_1",
    ];
    let text = regions.kmsctl(&re_encrypt, &ciphertext.stdout);
    assert_eq!(stdout(&text), "cmUtZW5jcnlwdGVk\n");
    let request: kms::ReEncryptRequest = node.last_request("re_encrypt");
    assert_eq!(
        (request.source_key_id(), request.destination_key_id.as_str()),
        ("k", "l")
    );
    assert_eq!(request.source_encryption_algorithm(), "RSAES_OAEP_SHA_256");
    assert_eq!(request.destination_encryption_algorithm(), "RSAES_OAEP_SHA_1");
    let whole = regions.kmsctl(&[&re_encrypt[..], &["-o", "json"]].concat(), &ciphertext.stdout);
    assert_eq!(stdout_json(&whole)["CiphertextBlob"], "cmUtZW5jcnlwdGVk");
}

#[test]
fn every_dry_run_asks_for_one_and_reports_what_it_found() {
    let (regions, node) = one_node(Behaviour::Fail(
        Code::FailedPrecondition,
        "DryRunOperationException",
    ));
    fs::write(file(&regions, "f"), MESSAGE).unwrap();
    fs::write(file(&regions, "theirs"), PUBLIC_KEY).unwrap();
    let asked = |operation: &str| match operation {
        "sign" => node.last_request::<kms::SignRequest>(operation).dry_run(),
        "verify" => node.last_request::<kms::VerifyRequest>(operation).dry_run(),
        "generate_mac" => node.last_request::<kms::GenerateMacRequest>(operation).dry_run(),
        "verify_mac" => node.last_request::<kms::VerifyMacRequest>(operation).dry_run(),
        "derive_shared_secret" => node
            .last_request::<kms::DeriveSharedSecretRequest>(operation)
            .dry_run(),
        "encapsulate" => node.last_request::<kms::EncapsulateRequest>(operation).dry_run(),
        "decapsulate" => node.last_request::<kms::DecapsulateRequest>(operation).dry_run(),
        "generate_data_key_pair" => node
            .last_request::<kms::GenerateDataKeyPairRequest>(operation)
            .dry_run(),
        _ => node
            .last_request::<kms::GenerateDataKeyPairWithoutPlaintextRequest>(operation)
            .dry_run(),
    };
    for (command, operation) in [
        ("sign k --algorithm A --in f", "sign"),
        ("verify k --algorithm A --in f --signature f --raw", "verify"),
        ("mac generate k --algorithm A --in f", "generate_mac"),
        ("mac verify k --algorithm A --in f --mac f --raw", "verify_mac"),
        (
            "derive-shared-secret k --public-key theirs",
            "derive_shared_secret",
        ),
        ("encapsulate k", "encapsulate"),
        ("decapsulate k --in f --raw", "decapsulate"),
        (
            "data-key-pair k --spec A --private-key-out p",
            "generate_data_key_pair",
        ),
        (
            "data-key-pair k --spec A",
            "generate_data_key_pair_without_plaintext",
        ),
    ] {
        let words: Vec<&str> = command.split(' ').chain(["--dry-run"]).collect();
        let output = regions.kmsctl(&words, b"");
        assert_eq!(code(&output), 0, "{command}: {}", stderr(&output));
        assert_eq!(stdout(&output), "dry run: the call would succeed\n", "{command}");
        assert!(asked(operation), "{command}");
    }
    assert!(!file(&regions, "p").exists());
}

#[test]
fn a_file_that_is_the_wrong_one_is_refused_with_what_to_do_and_nothing_is_sent() {
    let (regions, node) = one_node(Behaviour::Serve);
    fs::write(file(&regions, "text"), "not base64!").unwrap();
    fs::write(file(&regions, "long"), [7; 4_097]).unwrap();
    let private_key = PUBLIC_KEY_PEM.replace("PUBLIC", "PRIVATE");
    fs::write(file(&regions, "private"), private_key).unwrap();
    for (command, expected) in [
        ("sign k --algorithm A --in long", "--message-type DIGEST"),
        ("sign k --algorithm A", "- is empty: expected a message"),
        (
            "verify k --algorithm A --in text --signature text",
            "text is not base64: --raw",
        ),
        (
            "verify k --algorithm A --in - --signature -",
            "--in and --signature cannot both be standard input",
        ),
        (
            "mac verify k --algorithm A --in text --mac text",
            "text is not base64: --raw",
        ),
        ("mac generate k --algorithm A --in long", "the MAC of its digest"),
        ("decapsulate k --in text --out s", "text is not base64: --raw"),
        (
            "derive-shared-secret k --public-key private --out s",
            "holds a private key",
        ),
        (
            "derive-shared-secret k --public-key text --out s",
            "-----BEGIN PUBLIC KEY-----",
        ),
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        for format in ["table", "json"] {
            let output = regions.kmsctl(&[&words[..], &["-o", format]].concat(), b"");
            assert_eq!((code(&output), stdout(&output)), (2, String::new()), "{command}");
            assert!(
                stderr(&output).contains(expected),
                "{command}: {}",
                stderr(&output)
            );
            assert!(!stderr(&output).contains("MCow"), "{}", stderr(&output));
        }
    }
    let missing = regions.kmsctl(&["sign", "k", "--algorithm", "A", "--in", "nowhere"], b"");
    assert_eq!(code(&missing), 1);
    assert!(
        stderr(&missing).contains("cannot read nowhere"),
        "{}",
        stderr(&missing)
    );
    assert!(node.calls().is_empty());
}
