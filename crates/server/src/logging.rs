//! Structured logs on standard output. What is logged never holds key material, plaintext, ciphertext or credentials:
//! no type that carries them can be formatted.

use crate::config::{Log, LogFormat};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

/// The filter of the configuration cannot be read, or logging was started twice.
#[derive(Debug, thiserror::Error)]
#[error("log.filter: {0}")]
pub struct LoggingError(String);

/// The Raft core tells of every internal step at `info`; unless it is asked for by name, only what is wrong is shown.
fn with_quiet_core(filter: &str) -> String {
    match filter.contains("openraft") {
        true => filter.to_owned(),
        false => format!("{filter},openraft=warn"),
    }
}

/// Starts logging for the rest of the process's life.
///
/// # Errors
/// When the filter is malformed or logging has begun already.
pub fn start(log: &Log) -> Result<(), LoggingError> {
    let filter = EnvFilter::try_new(with_quiet_core(&log.filter)).map_err(|e| LoggingError(e.to_string()))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter);
    let started = match log.format {
        LogFormat::Text => lines.with_ansi(false).finish().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init(),
    };
    started.map_err(|e| LoggingError(e.to_string()))
}
