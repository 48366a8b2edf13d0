//! Taking over changed certificate files without a restart. Open connections keep what they were opened with; new
//! ones use the newest files that could be used.

use super::credentials::{Credentials, TlsError, TlsFiles};
use crate::config::Mode;
use crate::identity::{self, IdentityError};
use kms_domain::vocabulary::{NodeId, RegionName};
use rustls::{ClientConfig, ServerConfig};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use tokio::signal::unix::{SignalKind, signal};

/// The files' modification times and sizes; another stamp means that they are worth reading again.
type Stamp = [Option<(SystemTime, u64)>; 3];

struct Loaded {
    credentials: Credentials,
    server: Arc<ServerConfig>,
}

/// One listener's certificates, as its files hold them now.
pub struct ReloadingTls {
    name: &'static str,
    files: TlsFiles,
    mode: Mode,
    loaded: RwLock<(Stamp, Arc<Loaded>)>,
}

impl ReloadingTls {
    /// Loads a listener's files for the first time. `name` is for the logs.
    ///
    /// # Errors
    /// When they cannot be used, or the mode refuses them.
    pub fn load(name: &'static str, files: impl Into<TlsFiles>, mode: Mode) -> Result<Self, TlsError> {
        let files = files.into();
        let stamp = stamp(&files);
        let loaded = Arc::new(load(&files, mode)?);
        Ok(Self {
            name,
            files,
            mode,
            loaded: RwLock::new((stamp, loaded)),
        })
    }

    /// What to accept connections with, now.
    pub fn server_config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current().server)
    }

    /// What to dial with, now; see [`Credentials::client_config`].
    ///
    /// # Errors
    /// When no CA is accepted by `trusts`.
    pub fn client_config(&self, trusts: impl Fn(&[u8; 32]) -> bool) -> Result<ClientConfig, TlsError> {
        self.current().credentials.client_config(trusts)
    }

    /// See [`Credentials::issuer_spki_sha256`].
    pub fn issuer_spki_sha256(&self, chain: &[rustls_pki_types::CertificateDer<'_>]) -> Option<[u8; 32]> {
        let now = rustls_pki_types::UnixTime::now();
        self.current().credentials.issuer_spki_sha256(chain, now)
    }

    /// See [`Credentials::own_issuer_spki_sha256`].
    pub fn own_issuer_spki_sha256(&self) -> Option<[u8; 32]> {
        self.current().credentials.own_issuer_spki_sha256()
    }

    /// Which node of `cluster` the listener's own certificate names.
    ///
    /// # Errors
    /// When it names none.
    pub fn own_node(&self, cluster: &str) -> Result<(RegionName, NodeId), IdentityError> {
        identity::node(cluster, self.current().credentials.chain())
    }

    /// Reads the files again if they have changed. Files that cannot be used are reported and the old ones stay.
    pub fn reload(&self) {
        let stamp = stamp(&self.files);
        if self.loaded.read().unwrap_or_else(PoisonError::into_inner).0 == stamp {
            return;
        }
        match load(&self.files, self.mode) {
            Ok(loaded) => {
                *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = (stamp, Arc::new(loaded));
                tracing::info!(listener = self.name, "certificates reloaded");
            }
            // The stamp stays old: files that are being replaced one by one are read again at the next look.
            Err(error) => {
                tracing::warn!(listener = self.name, %error, "changed certificates cannot be used; the old ones stay");
            }
        }
    }

    fn current(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner).1)
    }
}

fn load(files: &TlsFiles, mode: Mode) -> Result<Loaded, TlsError> {
    let credentials = Credentials::load(files)?;
    if mode == Mode::Production {
        credentials.refuse_development_ca()?;
    }
    let server = Arc::new(credentials.server_config()?);
    Ok(Loaded { credentials, server })
}

fn stamp(files: &TlsFiles) -> Stamp {
    [Some(&files.certificate), Some(&files.key), files.ca.as_ref()].map(|path| {
        let metadata = std::fs::metadata(path?).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}

/// Looks at the files of all listeners every `period`, and at SIGHUP, for ever.
///
/// # Errors
/// When the signal cannot be subscribed to.
pub async fn reload_periodically(all: Vec<Arc<ReloadingTls>>, period: Duration) -> std::io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut tick = tokio::time::interval(period);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            _ = hangup.recv() => {}
        }
        for tls in &all {
            tls.reload();
        }
    }
}
