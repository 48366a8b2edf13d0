//! TLS on every connection: who is shown, who is admitted, and who is dialled.
//!
//! rustls with AWS-LC, TLS 1.2 and 1.3, client certificates required everywhere but by AWS clients, who sign instead. Chains, validity and names are
//! checked by the standard verifiers only; what a certificate's URI means is [`crate::identity`]'s.

mod accept;
mod credentials;
mod dial;
mod gather;
mod reload;
mod serve;
#[cfg(test)]
mod tests;

pub use accept::{Connection, Identify, incoming};
pub use credentials::{Credentials, DEVELOPMENT_CA_ORGANIZATION, TlsError, TlsFiles, is_development_ca};
pub use dial::{NodeDialler, RegionDialler};
pub use reload::{ReloadingTls, reload_periodically};
pub use serve::http2_server;
