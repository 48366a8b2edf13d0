//! One run of kmsctl: its options, its configuration, and connections to regions made from both.

use std::path::PathBuf;
use std::time::Duration;

use crate::arguments::Options;
use crate::config::{self, Config, Context};
use crate::connection::{Connection, TlsFiles};
use crate::failure::Failure;
use crate::output::Format;

/// The time limit of a call when nobody says otherwise.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

/// What commands work with.
pub(crate) struct Session {
    options: Options,
    config_path: PathBuf,
    config: Config,
}

impl Session {
    /// Reads the configuration that the options name.
    pub(crate) fn open(options: Options) -> Result<Self, Failure> {
        let config_path = match &options.config {
            Some(path) => path.clone(),
            None => config::default_path()?,
        };
        let config = Config::read(&config_path)?;
        Ok(Self {
            options,
            config_path,
            config,
        })
    }

    /// How to print.
    pub(crate) fn format(&self) -> Format {
        self.options.output
    }

    /// The configuration.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// The file that the configuration came from.
    pub(crate) fn config_path(&self) -> &PathBuf {
        &self.config_path
    }

    /// The name of the context in use.
    pub(crate) fn context_name(&self) -> Result<&str, Failure> {
        self.context().map(|(name, _)| name)
    }

    /// The context in use, and its name.
    pub(crate) fn context(&self) -> Result<(&str, &Context), Failure> {
        self.config.context(self.options.context.as_deref())
    }

    /// The client listeners of the context in use.
    pub(crate) fn kms(&self) -> Result<Connection, Failure> {
        let (name, context) = self.context()?;
        self.kms_at(name, context, self.options.endpoint.as_ref())
    }

    /// The client listeners of the context called `name`.
    pub(crate) fn kms_of(&self, name: &str) -> Result<Connection, Failure> {
        let (name, context) = self.config.context(Some(name))?;
        self.kms_at(name, context, None)
    }

    /// The admin listeners of the context in use, for calls that take `timeout` unless the options say otherwise.
    pub(crate) fn admin(&self, timeout: Duration) -> Result<Connection, Failure> {
        let (name, context) = self.context()?;
        self.admin_at(name, context, self.options.endpoint.as_ref(), timeout)
    }

    /// The admin listeners of the context called `name`.
    pub(crate) fn admin_of(&self, name: &str, timeout: Duration) -> Result<Connection, Failure> {
        let (name, context) = self.config.context(Some(name))?;
        self.admin_at(name, context, None, timeout)
    }

    fn kms_at(
        &self,
        name: &str,
        context: &Context,
        endpoint: Option<&String>,
    ) -> Result<Connection, Failure> {
        let files = TlsFiles {
            server_ca: &context.server_ca,
            certificate: &context.certificate,
            key: &context.key,
        };
        let urls = endpoint.map_or(context.endpoints.as_slice(), std::slice::from_ref);
        self.connection(name, urls, &files, TIMEOUT)
    }

    fn admin_at(
        &self,
        name: &str,
        context: &Context,
        endpoint: Option<&String>,
        timeout: Duration,
    ) -> Result<Connection, Failure> {
        let (Some(server_ca), Some(certificate), Some(key)) = (
            &context.admin_server_ca,
            &context.admin_certificate,
            &context.admin_key,
        ) else {
            let message = format!(
                "context {name} is not for operators: it has no admin_endpoints, admin_server_ca, admin_certificate and admin_key"
            );
            return Err(Failure::Usage(message));
        };
        let urls = endpoint.map_or(context.admin_endpoints.as_slice(), std::slice::from_ref);
        self.connection(
            name,
            urls,
            &TlsFiles {
                server_ca,
                certificate,
                key,
            },
            timeout,
        )
    }

    fn connection(
        &self,
        name: &str,
        urls: &[String],
        files: &TlsFiles<'_>,
        timeout: Duration,
    ) -> Result<Connection, Failure> {
        let timeout = self.options.timeout.unwrap_or(timeout);
        Connection::new(name, urls, files, timeout, self.options.invocation_id.clone())
    }
}
