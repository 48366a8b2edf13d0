//! Accounts and access keys: what is asked for, and where the secret of an access key goes.

use std::fs;

use kms_proto::admin::v1 as admin;
use serde_json::json;
use tonic::Code;

use crate::nodes::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, Behaviour};
use crate::runs::{code, file, one_node, private_file, stderr, stdout, stdout_json};

const CREATE: [&str; 4] = ["access-keys", "create", "111122223333", "app"];

#[test]
fn accounts_are_made_listed_disabled_enabled_and_deleted() {
    let (regions, node) = one_node(Behaviour::Serve);
    let run = |line: &str| regions.kmsctl(&line.split(' ').collect::<Vec<_>>(), b"");
    let made = stdout(&run("accounts create 111122223333 --name Payroll"));
    assert!(
        made.contains("111122223333") && made.contains("us-east-1"),
        "{made}"
    );
    let request: admin::CreateAccountRequest = node.last_request("create_account");
    assert_eq!(
        (request.account_id.as_str(), request.name.as_str()),
        ("111122223333", "Payroll")
    );
    let listed = stdout_json(&run("accounts list -o json"));
    assert_eq!(listed["Accounts"][0]["Name"], json!("Payroll"));
    for (word, enabled) in [("disable", false), ("enable", true)] {
        assert_eq!(code(&run(&format!("accounts {word} 111122223333"))), 0);
        let request: admin::SetAccountStatusRequest = node.last_request("set_account_status");
        assert_eq!(request.enabled, enabled);
    }
    let calls = node.calls().len();
    assert_eq!(code(&run("accounts delete 111122223333")), 2);
    assert_eq!(node.calls().len(), calls, "nothing is deleted without a yes");
    assert_eq!(code(&run("accounts delete 111122223333 --yes")), 0);
    let request: admin::DeleteAccountRequest = node.last_request("delete_account");
    assert_eq!(request.account_id, "111122223333");
}

#[test]
fn access_keys_are_listed_disabled_enabled_and_deleted() {
    let (regions, node) = one_node(Behaviour::Serve);
    let run = |line: &str| regions.kmsctl(&line.split(' ').collect::<Vec<_>>(), b"");
    let listed = stdout(&run("access-keys list --account 111122223333"));
    assert!(listed.contains(ACCESS_KEY_ID), "{listed}");
    let request: admin::ListAccessKeysRequest = node.last_request("list_access_keys");
    assert_eq!(request.account_id.as_deref(), Some("111122223333"));
    for (word, enabled) in [("disable", false), ("enable", true)] {
        assert_eq!(code(&run(&format!("access-keys {word} {ACCESS_KEY_ID}"))), 0);
        let request: admin::SetAccessKeyStatusRequest = node.last_request("set_access_key_status");
        assert_eq!(
            (request.access_key_id.as_str(), request.enabled),
            (ACCESS_KEY_ID, enabled)
        );
    }
    let calls = node.calls().len();
    assert_eq!(code(&run(&format!("access-keys delete {ACCESS_KEY_ID}"))), 2);
    assert_eq!(node.calls().len(), calls, "nothing is deleted without a yes");
    assert_eq!(
        code(&run(&format!("access-keys delete {ACCESS_KEY_ID} --yes"))),
        0
    );
    let request: admin::DeleteAccessKeyRequest = node.last_request("delete_access_key");
    assert_eq!(request.access_key_id, ACCESS_KEY_ID);
}

#[test]
fn a_secret_goes_where_it_was_asked_for_and_nowhere_else() {
    let (regions, node) = one_node(Behaviour::Serve);
    let run = |more: &[&str]| regions.kmsctl(&[&CREATE[..], more].concat(), b"");
    let nowhere = run(&[]);
    assert_eq!(
        (code(&nowhere), node.calls().len()),
        (2, 0),
        "{}",
        stderr(&nowhere)
    );

    let in_file = run(&["--secret-out", "secret"]);
    assert_eq!(private_file(&regions, "secret"), ACCESS_KEY_SECRET.as_bytes());
    let shown = stdout(&in_file) + &stderr(&in_file);
    assert!(
        shown.contains(ACCESS_KEY_ID) && !shown.contains(ACCESS_KEY_SECRET),
        "{shown}"
    );
    let request: admin::CreateAccessKeyRequest = node.last_request("create_access_key");
    assert_eq!(request.principal, "arn:aws:iam::111122223333:user/app");
    let rest = stdout(&run(&["--secret-out", "secret", "-o", "json"]));
    assert!(
        rest.contains(ACCESS_KEY_ID) && !rest.contains(ACCESS_KEY_SECRET),
        "{rest}"
    );

    let standard = run(&["--secret-out", "-"]);
    assert_eq!(stdout(&standard), format!("{ACCESS_KEY_SECRET}\n"));
    assert!(stderr(&standard).contains(ACCESS_KEY_ID));
    let whole = stdout_json(&run(&["--secret-out", "-", "-o", "json"]));
    assert_eq!(whole["SecretAccessKey"], json!(ACCESS_KEY_SECRET));
    assert_eq!(whole["AccessKey"]["AccessKeyId"], json!(ACCESS_KEY_ID));
}

#[test]
fn an_access_key_becomes_a_profile_that_replaces_none() {
    let (regions, node) = one_node(Behaviour::Serve);
    let run = |more: &[&str]| regions.kmsctl(&[&CREATE[..], more].concat(), b"");
    fs::write(file(&regions, "credentials"), "[default]\nregion = x\n").unwrap();
    let taken = run(&["--credentials-out", "credentials"]);
    assert_eq!((code(&taken), node.calls().len()), (2, 0), "{}", stderr(&taken));

    let added = run(&["--credentials-out", "credentials", "--profile", "concord"]);
    let expected = format!(
        "[default]\nregion = x\n\n[concord]\naws_access_key_id = {ACCESS_KEY_ID}\naws_secret_access_key = {ACCESS_KEY_SECRET}\n"
    );
    let content = String::from_utf8(private_file(&regions, "credentials")).unwrap();
    assert_eq!(content, expected);
    let shown = stdout(&added) + &stderr(&added);
    assert!(
        shown.contains(ACCESS_KEY_ID) && !shown.contains(ACCESS_KEY_SECRET),
        "{shown}"
    );
}

#[test]
fn an_access_key_that_cannot_be_made_leaves_no_file() {
    let (regions, _) = one_node(Behaviour::Fail(Code::FailedPrecondition, "ConflictException"));
    let refused = regions.kmsctl(&[&CREATE[..], &["--secret-out", "secret"]].concat(), b"");
    assert_eq!(code(&refused), 5, "{}", stderr(&refused));
    assert!(!file(&regions, "secret").exists());
}

#[test]
fn a_profile_for_aws_clients_is_exported_from_the_context_and_never_replaced() {
    let (mut regions, _node) = one_node(Behaviour::Serve);
    let export = ["profile", "export", "--profile", "concord"];
    let refused = regions.kmsctl(&export, b"");
    assert_eq!(code(&refused), 2);
    assert!(
        stderr(&refused).contains("set http_endpoint"),
        "{}",
        stderr(&refused)
    );
    regions
        .add_to_context("http_endpoint = \"https://kms.example:7106\"\nhttp_server_ca = \"http-ca.pem\"\n");
    let ca = regions.folder().join("http-ca.pem");
    let profile = format!(
        "[profile concord]\nregion = us-east-1\nendpoint_url = https://kms.example:7106\nca_bundle = {}\n",
        ca.display()
    );
    assert_eq!(stdout(&regions.kmsctl(&export, b"")), profile);
    let path = regions.folder().join("config");
    fs::write(&path, "[default]\n").unwrap();
    let to_file = [&export[..], &["--config-out", path.to_str().unwrap()]].concat();
    assert_eq!(code(&regions.kmsctl(&to_file, b"")), 0);
    let written = format!("[default]\n\n{profile}");
    assert_eq!(fs::read_to_string(&path).unwrap(), written);
    assert_eq!(code(&regions.kmsctl(&to_file, b"")), 2);
    assert_eq!(fs::read_to_string(&path).unwrap(), written);
}

#[test]
fn a_context_says_where_aws_clients_go_by_scheme_host_and_port() {
    for endpoint in ["kms.example:7106", "ftp://kms.example:1", "https://kms.example"] {
        let (mut regions, _node) = one_node(Behaviour::Serve);
        regions.add_to_context(&format!("http_endpoint = \"{endpoint}\"\n"));
        let refused = regions.kmsctl(&["profile", "export"], b"");
        assert_eq!(code(&refused), 2);
        assert!(stderr(&refused).contains("http_endpoint"), "{}", stderr(&refused));
    }
}
