//! One promise a test.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use kms_proto::kms::v1::GetKeyLastUsageRequest;
use serde_json::{Value, json};
use tonic::Code;

use crate::kms::ARN;
use crate::nodes::{Behaviour, Regions};
use crate::runs::{code, one_node, stderr, stdout, stdout_json};

const CANARY: &[u8] = b"plaintext-canary";

#[test]
fn what_is_encrypted_through_pipes_and_files_decrypts_to_the_same_bytes() {
    let (regions, _node) = one_node(Behaviour::Serve);
    let ciphertext = regions.kmsctl(&["encrypt", "alias/a", "-e", "a=b"], CANARY);
    assert_eq!(code(&ciphertext), 0, "{}", stderr(&ciphertext));
    assert!(ciphertext.stdout.is_ascii() && ciphertext.stdout.ends_with(b"\n"));
    let plaintext = regions.kmsctl(&["decrypt", "-e", "a=b"], &ciphertext.stdout);
    assert_eq!(plaintext.stdout, CANARY);

    let raw = regions.kmsctl(
        &["encrypt", "alias/a", "--raw", "--out", "c", "-o", "json"],
        CANARY,
    );
    assert_eq!(stdout_json(&raw)["KeyId"], ARN);
    assert!(stdout_json(&raw).get("CiphertextBlob").is_none());
    let to_file = regions.kmsctl(&["decrypt", "--raw", "--in", "c", "--out", "p"], b"");
    assert_eq!((code(&to_file), to_file.stdout.len()), (0, 0));
    assert_eq!(fs::read(regions.folder().join("p")).unwrap(), CANARY);
    assert_eq!(
        fs::metadata(regions.folder().join("p"))
            .unwrap()
            .permissions()
            .mode()
            & 0o777,
        0o600
    );

    let json = regions.kmsctl(&["decrypt", "--raw", "--in", "c", "-o", "json"], b"");
    assert_eq!(stdout_json(&json)["Plaintext"], "cGxhaW50ZXh0LWNhbmFyeQ==");
}

#[test]
fn a_data_key_is_shown_only_where_it_was_asked_for() {
    let (regions, node) = one_node(Behaviour::Serve);
    let hidden = regions.kmsctl(&["data-key", "alias/a", "-o", "json"], b"");
    assert_eq!(code(&hidden), 0);
    assert_eq!(node.calls()[0].0, "generate_data_key_without_plaintext");

    let in_file = regions.kmsctl(
        &["data-key", "alias/a", "--plaintext-out", "k", "-o", "json"],
        b"",
    );
    assert_eq!(stdout_json(&in_file)["CiphertextBlob"], "d3JhcHBlZA==");
    assert!(stdout_json(&in_file).get("Plaintext").is_none());
    assert_eq!(fs::read(regions.folder().join("k")).unwrap(), b"data-key-canary");

    let mixed = regions.kmsctl(&["data-key", "alias/a", "--plaintext-out", "-"], b"");
    assert_eq!((code(&mixed), mixed.stdout.len()), (2, 0));
    let piped = regions.kmsctl(
        &[
            "data-key",
            "alias/a",
            "--plaintext-out",
            "-",
            "--raw",
            "--ciphertext-out",
            "c",
        ],
        b"",
    );
    assert_eq!(piped.stdout, b"data-key-canary");
    assert_eq!(fs::read(regions.folder().join("c")).unwrap(), b"wrapped");
}

#[test]
fn a_call_goes_on_to_the_next_node_with_the_same_request_id() {
    let mut regions = Regions::new();
    let (without_leader, second) = regions.node("us-east-1", Behaviour::Fail(Code::Unavailable, ""));
    let (serving, third) = regions.node("us-east-1", Behaviour::Serve);
    regions.context("us-east-1", "client", &[&Regions::nobody(), &second, &third]);
    let output = regions.kmsctl(&["keys", "disable", "key-1"], b"");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let (first_call, second_call) = (without_leader.calls()[0].clone(), serving.calls()[0].clone());
    assert_eq!(first_call.0, "disable_key");
    assert_eq!(first_call.1, second_call.1);
    assert!(!first_call.1.is_empty());
    assert!(!first_call.2.is_empty(), "no grpc-timeout");

    regions.kmsctl(&["keys", "disable", "key-1"], b"");
    assert_ne!(serving.calls()[1].1, first_call.1, "two runs are two calls");
    regions.kmsctl(&["keys", "disable", "key-1", "--invocation-id", "again"], b"");
    assert_eq!(serving.calls()[2].1, "again");
}

#[test]
fn a_node_that_hangs_is_passed_over_within_the_deadline() {
    let mut regions = Regions::new();
    let (_hanging, first) = regions.node("us-east-1", Behaviour::Hang);
    let (serving, second) = regions.node("us-east-1", Behaviour::Serve);
    regions.context("us-east-1", "client", &[&first, &second]);
    let output = regions.kmsctl(&["keys", "enable", "key-1", "--timeout", "4s"], b"");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(serving.calls().len(), 1);
}

#[test]
fn silence_ends_at_the_deadline_with_exit_code_6_and_a_way_to_repeat_safely() {
    let (regions, node) = one_node(Behaviour::Hang);
    let started = Instant::now();
    let output = regions.kmsctl(&["keys", "disable", "key-1", "--timeout", "1s"], b"");
    assert_eq!(code(&output), 6);
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "{:?}",
        started.elapsed()
    );
    let id = node.calls()[0].1.clone();
    assert!(
        stderr(&output).contains(&format!("--invocation-id {id}")),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_region_where_nobody_listens_is_exit_code_6_at_once() {
    let mut regions = Regions::new();
    let (a, b) = (Regions::nobody(), Regions::nobody());
    regions.context("us-east-1", "client", &[&a, &b]);
    let started = Instant::now();
    let output = regions.kmsctl(&["keys", "list", "--timeout", "30s"], b"");
    assert_eq!(code(&output), 6);
    assert!(
        stderr(&output).contains(&a) && stderr(&output).contains(&b),
        "{}",
        stderr(&output)
    );
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn a_certificate_of_another_ca_is_exit_code_4() {
    let mut regions = Regions::new();
    let (node, url) = regions.node("us-east-1", Behaviour::Serve);
    regions.context("us-east-1", "stranger", &[&url]);
    let output = regions.kmsctl(&["keys", "list"], b"");
    assert_eq!(code(&output), 4, "{}", stderr(&output));
    assert!(node.calls().is_empty());
}

#[test]
fn every_exception_has_its_exit_code_and_its_name_in_both_formats() {
    for (grpc, exception, expected) in [
        (Code::NotFound, "NotFoundException", 3),
        (Code::PermissionDenied, "AccessDeniedException", 4),
        (Code::FailedPrecondition, "DisabledException", 5),
        (Code::AlreadyExists, "AlreadyExistsException", 5),
        (Code::Unavailable, "KeyUnavailableException", 6),
        (Code::InvalidArgument, "ValidationException", 7),
        (Code::InvalidArgument, "InvalidCiphertextException", 8),
        (Code::ResourceExhausted, "LimitExceededException", 9),
        (Code::Internal, "KMSInternalException", 1),
    ] {
        let (regions, node) = one_node(Behaviour::Fail(grpc, exception));
        let text = regions.kmsctl(&["encrypt", "alias/a"], CANARY);
        assert_eq!(code(&text), expected, "{exception}");
        assert!(
            stderr(&text).starts_with(&format!("error: {exception}: told to fail")),
            "{}",
            stderr(&text)
        );
        assert!(text.stdout.is_empty());
        assert_eq!(node.calls().len(), 1, "{exception} was tried again");
        let json = regions.kmsctl(&["encrypt", "alias/a", "-o", "json"], CANARY);
        let error: Value = serde_json::from_slice(&json.stderr).unwrap();
        assert_eq!(error["Error"]["Code"], exception);
        assert_eq!(error["Error"]["ExitCode"], expected);
        for output in [text, json] {
            assert!(!stderr(&output).contains("canary"), "{}", stderr(&output));
        }
    }
}

#[test]
fn a_dry_run_that_would_succeed_is_a_success() {
    let (regions, _node) = one_node(Behaviour::Fail(
        Code::FailedPrecondition,
        "DryRunOperationException",
    ));
    let output = regions.kmsctl(&["encrypt", "alias/a", "--dry-run"], CANARY);
    assert_eq!(code(&output), 0);
    assert_eq!(output.stdout, b"dry run: the call would succeed\n");
}

#[test]
fn a_list_is_shown_whole_unless_a_page_is_asked_for() {
    let (regions, _node) = one_node(Behaviour::Serve);
    let all = stdout_json(&regions.kmsctl(&["keys", "list", "-o", "json"], b""));
    assert_eq!(all["Keys"].as_array().unwrap().len(), 2);
    let page = stdout_json(&regions.kmsctl(&["keys", "list", "-o", "json", "--limit", "1"], b""));
    assert_eq!(
        (page["Keys"].as_array().unwrap().len(), &page["NextMarker"]),
        (1, &Value::from("more"))
    );
}

#[test]
fn pairing_pins_each_region_in_the_other_and_never_without_consent() {
    let mut regions = Regions::new();
    let (here, here_url) = regions.node("us-east-1", Behaviour::Serve);
    let (there, there_url) = regions.node("eu-west-1", Behaviour::Serve);
    regions.context("us-east-1", "client", &[&here_url]);
    regions.context("eu-west-1", "client", &[&there_url]);
    let pair = [
        "-c",
        "us-east-1",
        "region",
        "pair",
        "--with",
        "eu-west-1",
        "--mutual",
    ];

    let unconfirmed = regions.kmsctl(&pair, b"yes\n");
    assert_eq!(code(&unconfirmed), 2, "consent has to come from a terminal");
    assert!(here.pinned().is_empty() && there.pinned().is_empty());
    assert!(
        stderr(&unconfirmed).contains("signing key (SHA-256)"),
        "{}",
        stderr(&unconfirmed)
    );

    let confirmed = regions.kmsctl(&[&pair[..], &["--yes"]].concat(), b"");
    assert_eq!(code(&confirmed), 0, "{}", stderr(&confirmed));
    assert_eq!(here.pinned(), ["eu-west-1:7104"]);
    assert_eq!(there.pinned(), ["us-east-1:7104"]);
}

#[test]
fn a_status_is_shown_as_long_as_one_node_answers() {
    let mut regions = Regions::new();
    let (_node, url) = regions.node("us-east-1", Behaviour::Serve);
    let dead = Regions::nobody();
    regions.context("us-east-1", "client", &[&dead, &url]);
    let status = stdout_json(&regions.kmsctl(&["region", "status", "-o", "json"], b""));
    assert_eq!(status["Nodes"][0]["Endpoint"], Value::from(dead.as_str()));
    assert!(status["Nodes"][0]["Error"].is_string());
    assert!(status["Nodes"][1]["Term"].is_u64());
    let table = regions.kmsctl(&["region", "status"], b"");
    assert!(String::from_utf8(table.stdout).unwrap().contains("unreachable"));
}

#[test]
fn a_snapshot_is_made_on_every_node_that_runs_and_a_dead_one_does_not_fail_it() {
    let mut regions = Regions::new();
    let (first, first_url) = regions.node("us-east-1", Behaviour::Serve);
    let (second, second_url) = regions.node("us-east-1", Behaviour::Serve);
    let (_failing, failing_url) = regions.node(
        "us-east-1",
        Behaviour::Fail(Code::Internal, "KMSInternalException"),
    );
    let dead = Regions::nobody();
    regions.context("us-east-1", "client", &[&first_url, &dead, &second_url]);
    regions.context("failing", "client", &[&failing_url, &first_url]);
    regions.context("dead", "client", &[&dead]);
    let snapshot = |context| regions.kmsctl(&["-c", context, "region", "snapshot"], b"");
    assert_eq!(code(&snapshot("us-east-1")), 0);
    assert_eq!((first.calls().len(), second.calls().len()), (1, 1));
    assert_eq!(code(&snapshot("failing")), 1);
    assert_eq!(first.calls().len(), 2, "the others are asked all the same");
    assert_eq!(code(&snapshot("dead")), 6);
}

#[test]
fn the_default_context_can_be_changed_and_is_used() {
    let mut regions = Regions::new();
    let (first, first_url) = regions.node("us-east-1", Behaviour::Serve);
    let (second, second_url) = regions.node("eu-west-1", Behaviour::Serve);
    regions.context("us-east-1", "client", &[&first_url]);
    regions.context("eu-west-1", "client", &[&second_url]);
    assert_eq!(
        code(&regions.kmsctl(&["keys", "enable", "k"], b"")),
        2,
        "two contexts, no default"
    );
    assert_eq!(code(&regions.kmsctl(&["context", "use", "eu-west-1"], b"")), 0);
    assert_eq!(code(&regions.kmsctl(&["keys", "enable", "k"], b"")), 0);
    assert_eq!((first.calls().len(), second.calls().len()), (0, 1));
    assert_eq!(code(&regions.kmsctl(&["context", "use", "mars-north-1"], b"")), 2);
}

#[test]
fn completions_and_help_need_no_configuration() {
    let regions = Regions::new();
    let script = regions.kmsctl(&["completions", "bash"], b"");
    assert!(code(&script) == 0 && String::from_utf8(script.stdout).unwrap().contains("kmsctl"));
    let help = regions.kmsctl(&["--help"], b"");
    assert!(code(&help) == 0 && String::from_utf8(help.stdout).unwrap().contains("Exit codes:"));
    assert_eq!(
        code(&regions.kmsctl(&["keys", "list"], b"")),
        2,
        "no configuration"
    );
    assert_eq!(code(&regions.kmsctl(&["no-such-command"], b"")), 2);
}

#[test]
fn a_keys_last_use_is_shown() {
    let (regions, node) = one_node(Behaviour::Serve);
    let text = stdout(&regions.kmsctl(&["keys", "last-usage", "k"], b""));
    assert!(text.contains("last used  2025-11-24T16:00:00.000Z"), "{text}");
    assert!(text.contains("operation  Sign"), "{text}");
    assert_eq!(
        node.last_request::<GetKeyLastUsageRequest>("get_key_last_usage")
            .key_id,
        "k"
    );
    let whole = stdout_json(&regions.kmsctl(&["keys", "last-usage", "k", "-o", "json"], b""));
    assert_eq!(
        whole["KeyLastUsage"],
        json!({"Operation": "Sign", "Timestamp": "2025-11-24T16:00:00.000Z"})
    );
}
