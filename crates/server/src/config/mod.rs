//! The node's settings: one TOML file, read once at start. Unknown settings are refused, so that a misspelt one is
//! never silently ignored. Every setting is described in `cluster-configs/`.

mod limits;
mod validate;

#[cfg(test)]
mod tests;

pub use limits::{Consensus, Limits};

use crate::tls::TlsFiles;
use kms_domain::vocabulary::{NodeId, RegionName};
use serde::{Deserialize, Deserializer};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Why a configuration cannot be used. The text names the file and the setting.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The configuration file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Not TOML, an unknown or missing setting, or one of the wrong type.
    #[error("{path}: {source}")]
    Parse {
        /// The configuration file.
        path: PathBuf,
        /// Line, column and setting.
        source: Box<toml::de::Error>,
    },
    /// A setting that is well-formed but cannot be right.
    #[error("{path}: {setting}: {problem}")]
    Invalid {
        /// The configuration file.
        path: PathBuf,
        /// The setting, such as `raft.advertise`.
        setting: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

/// All settings of one node.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Names the whole installation; part of every identity.
    pub cluster: String,
    /// The region this node belongs to.
    #[serde(deserialize_with = "parsed")]
    pub region: RegionName,
    /// The node's id in its region: from 1 up, never used again after the node was removed.
    pub node_id: NodeId,
    /// How strict start-up is.
    pub mode: Mode,
    /// Everything durable lives below this folder.
    pub data_dir: PathBuf,
    /// What is logged, and how.
    #[serde(default)]
    pub log: Log,
    /// Who holds the root key.
    pub seal: Seal,
    /// The listener for callers of the public API.
    pub client: Listener,
    /// The listener for AWS clients; there is none if absent.
    pub http: Option<HttpListener>,
    /// The listener for operators.
    pub admin: Listener,
    /// The listener for the other nodes of the region.
    pub raft: Listener,
    /// The listener for the nodes of other regions.
    pub replication: ReplicationListener,
    /// The listener for Prometheus.
    pub metrics: Metrics,
    /// Times and sizes of the Raft group.
    #[serde(default)]
    pub consensus: Consensus,
    /// Bounds on what the node accepts and keeps.
    #[serde(default)]
    pub limits: Limits,
}

/// How strict start-up is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Warns where production refuses; listens on loopback only.
    Development,
    /// Refuses to start without locked memory, with a development CA, or with a development root key.
    Production,
}

/// What is logged, and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// Layout of a line.
    pub format: LogFormat,
    /// Levels by target, in the syntax of `tracing_subscriber::EnvFilter`, such as `info,kms_raft=debug`.
    pub filter: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            filter: "info".to_owned(),
        }
    }
}

/// Layout of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Who holds the root key.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "provider", rename_all = "snake_case", deny_unknown_fields)]
pub enum Seal {
    /// A file that only the server's user can read (mode 0600).
    File {
        /// The root key file, made by `kmsd seal init`.
        path: PathBuf,
    },
}

impl Seal {
    /// The root key file.
    pub fn path(&self) -> &Path {
        match self {
            Self::File { path } => path,
        }
    }
}

/// A TLS listener: its address, what it shows, and whom it admits. The raft listener's certificate is shown when this
/// node dials others, too; where they reach it they are told by `region bootstrap` and `region add-node`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Certificate chain in PEM, the server's own first.
    pub certificate: PathBuf,
    /// Private key in PEM, PKCS#8 or SEC1, mode 0600.
    pub key: PathBuf,
    /// Certificates in PEM of the CAs that issue to those who may connect.
    pub ca: PathBuf,
}

/// The listener for AWS clients, who sign their requests and show no certificate.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpListener {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Certificate chain in PEM, the server's own first; plain HTTP without it.
    pub certificate: Option<PathBuf>,
    /// Private key in PEM, PKCS#8 or SEC1, mode 0600; exactly with a certificate.
    pub key: Option<PathBuf>,
    /// Allows plain HTTP beyond loopback, where something else protects the way.
    #[serde(default)]
    pub plain_beyond_loopback: bool,
}

impl HttpListener {
    /// The certificate and its key, unless the listener is plain.
    pub fn tls_files(&self) -> Option<TlsFiles> {
        let (certificate, key) = self.certificate.clone().zip(self.key.clone())?;
        Some(TlsFiles {
            certificate,
            key,
            ca: None,
        })
    }
}

/// The listener for the nodes of other regions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplicationListener {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Where other regions reach this node: `https://host:port`.
    pub advertise: String,
    /// Where other regions reach all nodes of this region, this one included; told to an operator who pairs regions.
    /// This node alone if empty.
    #[serde(default)]
    pub region_endpoints: Vec<String>,
    /// Certificate chain in PEM, the node's own first.
    pub certificate: PathBuf,
    /// Private key in PEM, PKCS#8 or SEC1, mode 0600.
    pub key: PathBuf,
    /// Certificates in PEM of the CAs of all regions.
    pub ca: PathBuf,
}

impl ReplicationListener {
    /// The same without the advertised addresses.
    pub fn listener(&self) -> Listener {
        Listener {
            listen: self.listen,
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            ca: self.ca.clone(),
        }
    }

    /// Where other regions reach this region, each as `host:port`.
    pub fn region_authorities(&self) -> Vec<String> {
        let endpoints = match self.region_endpoints.is_empty() {
            true => std::slice::from_ref(&self.advertise),
            false => self.region_endpoints.as_slice(),
        };
        endpoints
            .iter()
            .map(|e| e.strip_prefix("https://").unwrap_or(e).to_owned())
            .collect()
    }
}

/// The listener for Prometheus: plain HTTP, loopback only.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// Address and port of `/metrics`.
    pub listen: SocketAddr,
}

impl Config {
    /// Reads and checks a configuration file. Relative paths in it are taken from its own folder.
    ///
    /// # Errors
    /// When the file cannot be read, has a setting that is unknown, missing or of the wrong type, or one that
    /// cannot be right.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let mut config: Self = toml::from_str(&text).map_err(|source| ConfigError::Parse {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        config.resolve_paths(path.parent().unwrap_or(Path::new(".")));
        match config.first_problem() {
            None => Ok(config),
            Some((setting, problem)) => Err(ConfigError::Invalid {
                path: path.to_owned(),
                setting,
                problem,
            }),
        }
    }

    /// The host name in the server certificates of the client and admin listeners.
    pub const SERVICE_DNS_NAME: &str = "localhost";

    fn resolve_paths(&mut self, folder: &Path) {
        let Seal::File { path } = &mut self.seal;
        let (client, admin) = (&mut self.client, &mut self.admin);
        let (raft, replication) = (&mut self.raft, &mut self.replication);
        let of_http = self.http.iter_mut();
        let of_http = of_http.flat_map(|http| [http.certificate.as_mut(), http.key.as_mut()]);
        let paths = [
            &mut self.data_dir,
            path,
            &mut client.certificate,
            &mut client.key,
            &mut client.ca,
            &mut admin.certificate,
            &mut admin.key,
            &mut admin.ca,
            &mut raft.certificate,
            &mut raft.key,
            &mut raft.ca,
            &mut replication.certificate,
            &mut replication.key,
            &mut replication.ca,
        ];
        for path in paths.into_iter().chain(of_http.flatten()) {
            // An absolute path replaces the folder.
            *path = folder.join(&*path);
        }
    }
}

/// Takes a string and parses it into the domain's type.
fn parsed<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr,
    T::Err: std::fmt::Display,
{
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}
