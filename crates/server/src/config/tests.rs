//! What a configuration file may and may not say.

use super::*;

const EXAMPLE: &str = include_str!("../../../../cluster-configs/single-node/node-1.toml");

fn load(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(&path)
}

fn examples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cluster-configs");
    let folders = ["single-node", "one-region", "three-regions"];
    let mut files: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .filter(|path| !path.ends_with("kmsctl.toml"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_example_is_a_valid_configuration_with_addresses_of_its_own() {
    let files = examples();
    assert_eq!(files.len(), 1 + 3 + 9);
    let mut of_three_regions = std::collections::BTreeSet::new();
    for file in files {
        let config = Config::load(&file).unwrap();
        if file.parent().unwrap().ends_with("three-regions") {
            let listens = [
                config.client.listen,
                config.http.unwrap().listen,
                config.admin.listen,
                config.raft.listen,
                config.replication.listen,
                config.metrics.listen,
            ];
            assert!(
                listens.into_iter().all(|l| of_three_regions.insert(l)),
                "{file:?}"
            );
        }
    }
}

/// The one file that describes everything must not fall behind: without it a default would hide a new setting.
#[test]
fn the_single_node_example_shows_every_setting_at_its_default() {
    let example: toml::Table = toml::from_str(EXAMPLE).unwrap();
    let limits = format!("{:?}", Limits::default());
    let consensus = format!("{:?}", Consensus::default());
    for (section, defaults) in [("limits", limits), ("consensus", consensus)] {
        let shown = example[section].as_table().unwrap();
        assert_eq!(shown.len(), defaults.matches(": ").count(), "{section}");
        for (setting, value) in shown {
            assert!(
                defaults.contains(&format!("{setting}: {value}")),
                "{section}.{setting} = {value}"
            );
        }
    }
}

#[test]
fn an_unknown_setting_is_refused_by_name_anywhere() {
    for (before, after) in [
        ("node_id = 1", "node_id = 1\nnode_name = \"a\""),
        ("filter = \"info\"", "filtre = \"info\""),
        ("provider = \"file\"", "provider = \"file\"\npassword = \"x\""),
        ("heartbeat_ms = 100", "heartbeat = 100"),
        ("connections_max = 10000", "connection_max = 10000"),
    ] {
        let text = EXAMPLE.replace(before, after);
        assert_ne!(text, EXAMPLE);
        let problem = load(&text).unwrap_err().to_string();
        assert!(problem.contains("unknown field"), "{problem}");
        assert!(problem.contains("node.toml"), "{problem}");
    }
}

#[test]
fn a_setting_that_cannot_be_right_is_named_with_the_reason() {
    for (before, after, setting) in [
        ("cluster = \"local\"", "cluster = \"Local\"", "cluster"),
        ("node_id = 1", "node_id = 0", "node_id"),
        (
            "listen = \"127.0.0.1:7105\"",
            "listen = \"0.0.0.0:7105\"",
            "metrics.listen",
        ),
        (
            "listen = \"127.0.0.1:7101\"",
            "listen = \"0.0.0.0:7101\"",
            "client.listen",
        ),
        (
            "listen = \"127.0.0.1:7102\"",
            "listen = \"127.0.0.1:7101\"",
            "admin.listen",
        ),
        (
            "listen = \"127.0.0.1:7106\"",
            "listen = \"127.0.0.1:7101\"",
            "http.listen",
        ),
        (
            "listen = \"127.0.0.1:7106\"",
            "listen = \"127.0.0.1:7106\"\ncertificate = \"a.pem\"",
            "http.key",
        ),
        (
            "listen = \"127.0.0.1:7106\"",
            "listen = \"127.0.0.1:7106\"\nkey = \"a.key\"",
            "http.certificate",
        ),
        (
            "http_idle_ms_max = 60000",
            "http_idle_ms_max = 0",
            "limits.http_idle_ms_max",
        ),
        (
            "replication_in_flight_bytes_max = 4194304",
            "replication_in_flight_bytes_max = 8388609",
            "limits.replication_in_flight_bytes_max",
        ),
        (
            "\"https://127.0.0.1:7104\"",
            "\"https://127.0.0.1\"",
            "replication.advertise",
        ),
        (
            "election_ms_max = 600",
            "election_ms_max = 300",
            "consensus.election_ms_max",
        ),
        (
            "heartbeat_ms = 100",
            "heartbeat_ms = 200",
            "consensus.election_ms_min",
        ),
        (
            "material_cache_s_max = 300",
            "material_cache_s_max = 301",
            "limits.material_cache_s_max",
        ),
    ] {
        let text = EXAMPLE.replace(before, after);
        assert_ne!(text, EXAMPLE, "{setting}");
        match load(&text).unwrap_err() {
            ConfigError::Invalid { setting: named, .. } => assert_eq!(named, setting),
            other => panic!("{setting}: {other}"),
        }
    }
}

#[test]
fn a_malformed_region_is_refused_while_the_file_is_read() {
    let problem = load(&EXAMPLE.replace("us-east-1\"\n", "US East\"\n")).unwrap_err();
    assert!(matches!(problem, ConfigError::Parse { .. }), "{problem}");
}

#[test]
fn production_may_listen_beyond_loopback_but_never_for_metrics() {
    let production = EXAMPLE.replace("mode = \"development\"", "mode = \"production\"");
    assert!(load(&production.replace("listen = \"127.0.0.1:7101\"", "listen = \"0.0.0.0:7101\"")).is_ok());
    assert!(load(&production.replace("listen = \"127.0.0.1:7105\"", "listen = \"0.0.0.0:7105\"")).is_err());
}

#[test]
fn aws_clients_are_served_in_plain_http_beyond_loopback_only_when_told_so() {
    let beyond = EXAMPLE
        .replace("mode = \"development\"", "mode = \"production\"")
        .replace("listen = \"127.0.0.1:7106\"", "listen = \"0.0.0.0:7106\"");
    assert!(load(EXAMPLE).unwrap().http.unwrap().tls_files().is_none());
    match load(&beyond).unwrap_err() {
        ConfigError::Invalid { setting, .. } => assert_eq!(setting, "http.certificate"),
        other => panic!("{other}"),
    }
    assert!(load(&beyond.replace("# plain_beyond_loopback = false", "plain_beyond_loopback = true")).is_ok());
    let with_tls = beyond
        .replace("# certificate = ", "certificate = ")
        .replace("# key = ", "key = ");
    let files = load(&with_tls).unwrap().http.unwrap().tls_files().unwrap();
    assert!(files.certificate.is_absolute() && files.key.is_absolute() && files.ca.is_none());
}

#[test]
fn without_its_section_nobody_listens_for_aws_clients() {
    let without = EXAMPLE.replace("[http]\nlisten = \"127.0.0.1:7106\"\n", "");
    assert!(load(&without).unwrap().http.is_none());
}

#[test]
fn relative_paths_start_at_the_files_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("node.toml");
    std::fs::write(
        &path,
        EXAMPLE.replace("\"state/node-1/root.key\"", "\"/etc/concord/root.key\""),
    )
    .unwrap();
    let config = Config::load(&path).unwrap();
    assert_eq!(config.data_dir, folder.path().join("state/node-1/data"));
    assert_eq!(
        config.replication.ca,
        folder.path().join("state/replication-ca-bundle.pem")
    );
    assert_eq!(config.seal.path(), Path::new("/etc/concord/root.key"));
}
