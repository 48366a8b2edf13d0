//! kmsctl.toml: which regions there are, where their nodes listen, and with which certificates to go there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde::Deserialize;

use crate::failure::Failure;
use crate::parse;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// The context used without `--context`.
    pub(crate) default_context: Option<String>,
    /// Contexts by name; by convention the name of the region.
    #[serde(default)]
    pub(crate) contexts: BTreeMap<String, Context>,
}

/// One region as one caller sees it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Context {
    /// `https://host:port` of the nodes' client listeners, tried in this order.
    pub(crate) endpoints: Vec<String>,
    /// `https://host:port` of the nodes' admin listeners; only for operators.
    #[serde(default)]
    pub(crate) admin_endpoints: Vec<String>,
    /// `https://host:port`, or `http://host:port` on loopback, where AWS clients reach the region.
    pub(crate) http_endpoint: Option<String>,
    /// PEM file: the CA that signed the certificate there, unless AWS clients trust it anyway.
    pub(crate) http_server_ca: Option<PathBuf>,
    /// PEM file: the CA that signed the client listeners' certificates.
    pub(crate) server_ca: PathBuf,
    /// PEM file: the caller's certificate, and its chain.
    pub(crate) certificate: PathBuf,
    /// PEM file: the caller's private key.
    pub(crate) key: PathBuf,
    /// PEM file: the CA that signed the admin listeners' certificates.
    pub(crate) admin_server_ca: Option<PathBuf>,
    /// PEM file: the operator's certificate, and its chain.
    pub(crate) admin_certificate: Option<PathBuf>,
    /// PEM file: the operator's private key.
    pub(crate) admin_key: Option<PathBuf>,
}

impl Config {
    /// Reads the file at `path`. Relative paths in it are taken from its folder.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path).map_err(|error| {
            Failure::Usage(format!(
                "cannot read the configuration {}: {error}",
                path.display()
            ))
        })?;
        let mut config = Self::parse(&text).map_err(|error| {
            Failure::Usage(format!("the configuration {} is wrong: {error}", path.display()))
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        for context in config.contexts.values_mut() {
            context.resolve(folder);
        }
        Ok(config)
    }

    /// Parses the text of a configuration. The error is one for a person.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let config: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        for (name, context) in &config.contexts {
            context
                .check()
                .map_err(|error| format!("context {name}: {error}"))?;
        }
        if let Some(name) = &config.default_context
            && !config.contexts.contains_key(name)
        {
            return Err(format!(
                "default_context names {name}, which is not among the contexts"
            ));
        }
        Ok(config)
    }

    /// The context called `name`, else the default one, else the only one.
    pub(crate) fn context(&self, name: Option<&str>) -> Result<(&str, &Context), Failure> {
        let wanted = name.or(self.default_context.as_deref());
        let found = match wanted {
            Some(name) => self.contexts.get_key_value(name),
            None if self.contexts.len() == 1 => self.contexts.first_key_value(),
            None => None,
        };
        found
            .map(|(name, context)| (name.as_str(), context))
            .ok_or_else(|| {
                let known: Vec<&str> = self.contexts.keys().map(String::as_str).collect();
                let known = known.join(", ");
                Failure::Usage(match wanted {
                    Some(name) => format!("no context is called {name}; there are: {known}"),
                    None => {
                        format!("which context? give --context or set default_context; there are: {known}")
                    }
                })
            })
    }
}

impl Context {
    /// Refuses what could only fail later and less clearly.
    fn check(&self) -> Result<(), String> {
        if self.endpoints.is_empty() {
            return Err("endpoints is empty".to_owned());
        }
        for endpoint in self.endpoints.iter().chain(&self.admin_endpoints) {
            parse::endpoint(endpoint).map_err(|error| format!("endpoint {endpoint}: {error}"))?;
        }
        if let Some(endpoint) = &self.http_endpoint {
            parse::http_endpoint(endpoint).map_err(|error| format!("http_endpoint {endpoint}: {error}"))?;
        }
        let operator = [&self.admin_server_ca, &self.admin_certificate, &self.admin_key];
        if !self.admin_endpoints.is_empty() && operator.iter().any(|file| file.is_none()) {
            return Err("admin_endpoints needs admin_server_ca, admin_certificate and admin_key".to_owned());
        }
        Ok(())
    }

    /// Makes relative paths absolute from `folder`.
    fn resolve(&mut self, folder: &Path) {
        for file in [&mut self.server_ca, &mut self.certificate, &mut self.key] {
            *file = folder.join(&*file);
        }
        let optional = [
            &mut self.http_server_ca,
            &mut self.admin_server_ca,
            &mut self.admin_certificate,
            &mut self.admin_key,
        ];
        for file in optional.into_iter().flatten() {
            *file = folder.join(&*file);
        }
    }
}

/// Where the configuration is when nobody says: `~/.config/concord/kmsctl.toml`.
pub(crate) fn default_path() -> Result<PathBuf, Failure> {
    let home = env::var_os("HOME")
        .ok_or_else(|| Failure::Usage("HOME is not set: give --config or KMSCTL_CONFIG".to_owned()))?;
    Ok(Path::new(&home).join(".config/concord/kmsctl.toml"))
}

/// The text of a configuration with another `default_context`; all else, comments too, stays as it is.
pub(crate) fn with_default_context(text: &str, name: &str) -> String {
    let setting = format!("default_context = {}", toml::Value::from(name));
    let is_setting = |line: &str| {
        line.trim_start()
            .strip_prefix("default_context")
            .is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let tables_from = text
        .lines()
        .position(|line| line.trim_start().starts_with('['))
        .unwrap_or(usize::MAX);
    let mut lines: Vec<&str> = text.lines().collect();
    match lines.iter().take(tables_from).position(|line| is_setting(line)) {
        Some(place) => lines[place] = &setting,
        None => lines.insert(0, &setting),
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::{Config, with_default_context};
    use crate::exit_code::ExitCode;

    const TWO: &str = r#"
# regions
default_context = "us-east-1"
[contexts.us-east-1]
endpoints = ["https://localhost:7101", "https://localhost:7111"]
admin_endpoints = ["https://localhost:7102"]
server_ca = "server-ca.pem"
certificate = "client.pem"
key = "/keys/client-key.pem"
admin_server_ca = "admin-ca.pem"
admin_certificate = "admin.pem"
admin_key = "admin-key.pem"
[contexts.eu-west-1]
endpoints = ["https://localhost:7201"]
server_ca = "server-ca.pem"
certificate = "client.pem"
key = "client-key.pem"
"#;

    #[test]
    fn the_default_context_is_used_unless_another_is_named() {
        let config = Config::parse(TWO).unwrap();
        assert_eq!(config.context(None).unwrap().0, "us-east-1");
        assert_eq!(config.context(Some("eu-west-1")).unwrap().0, "eu-west-1");
        let failure = config.context(Some("mars-north-1")).unwrap_err();
        assert_eq!(failure.exit_code(), ExitCode::Usage);
        assert!(failure.to_string().contains("eu-west-1, us-east-1"), "{failure}");
    }

    #[test]
    fn without_a_default_only_a_single_context_is_unambiguous() {
        let text = TWO.replace("default_context = \"us-east-1\"\n", "");
        assert!(Config::parse(&text).unwrap().context(None).is_err());
        let only = &text[text.find("[contexts.eu-west-1]").unwrap()..];
        assert_eq!(Config::parse(only).unwrap().context(None).unwrap().0, "eu-west-1");
    }

    #[test]
    fn relative_files_are_taken_from_the_folder_of_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kmsctl.toml");
        std::fs::write(&path, TWO).unwrap();
        let config = Config::read(&path).unwrap();
        let (_, context) = config.context(None).unwrap();
        assert_eq!(context.certificate, folder.path().join("client.pem"));
        assert_eq!(
            context.admin_key.as_deref(),
            Some(folder.path().join("admin-key.pem").as_path())
        );
        assert_eq!(context.key.to_str(), Some("/keys/client-key.pem"));
    }

    #[test]
    fn the_documented_example_is_valid() {
        let example = include_str!("../../../cluster-configs/single-node/kmsctl.toml");
        assert_eq!(
            Config::parse(example).unwrap().context(None).unwrap().0,
            "us-east-1"
        );
    }

    #[test]
    fn mistakes_are_refused_by_name() {
        for (from, to, complaint) in [
            (
                "default_context = \"us-east-1\"",
                "default_context = \"x\"",
                "default_context names x",
            ),
            ("default_context", "defaultcontext", "defaultcontext"),
            (
                "https://localhost:7201",
                "localhost:7201",
                "expected https://host:port",
            ),
            ("admin_key = \"admin-key.pem\"\n", "", "admin_endpoints needs"),
            ("[\"https://localhost:7201\"]", "[]", "endpoints is empty"),
            ("server_ca", "ca", "ca"),
        ] {
            let error = Config::parse(&TWO.replace(from, to)).unwrap_err();
            assert!(error.contains(complaint), "{complaint} not in {error}");
        }
    }

    #[test]
    fn changing_the_default_context_keeps_everything_else() {
        let changed = with_default_context(TWO, "eu-west-1");
        assert_eq!(changed, TWO.replace("= \"us-east-1\"", "= \"eu-west-1\""));
        let bare = TWO.replace("default_context = \"us-east-1\"\n", "");
        let added = with_default_context(&bare, "eu-west-1");
        assert!(added.contains("# regions"));
        assert_eq!(
            Config::parse(&added).unwrap().context(None).unwrap().0,
            "eu-west-1"
        );
    }
}
