//! gRPC clients of a cluster's nodes, with the certificates that the cluster made.

use crate::cluster::{Cluster, Endpoint};
use crate::names::NodeName;
use anyhow::Context;
use kms_proto::admin::v1::admin_client::AdminClient;
use kms_proto::kms::v1::kms_client::KmsClient;
use std::path::Path;
use std::time::Duration;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Identity};
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// A client of the public API.
pub type Kms = KmsClient<Channel>;
/// A client of the operators' API.
pub type Admin = AdminClient<Channel>;

const CONNECT_WITHIN: Duration = Duration::from_secs(2);

/// Certificate files of one identity, and the authority of those it talks to.
#[derive(Debug, Clone)]
pub struct Credentials<'a> {
    /// Own certificate and key; none to connect without.
    pub identity: Option<(&'a Path, &'a Path)>,
    /// The authority of the server's certificate.
    pub server_ca: &'a Path,
    /// The DNS name that the server's certificate must have.
    pub server_name: &'a str,
}

impl Credentials<'_> {
    fn tls(&self) -> anyhow::Result<ClientTlsConfig> {
        let mut tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(std::fs::read(self.server_ca)?))
            .domain_name(self.server_name);
        if let Some((certificate, key)) = self.identity {
            tls = tls.identity(Identity::from_pem(
                std::fs::read(certificate)?,
                std::fs::read(key)?,
            ));
        }
        Ok(tls)
    }

    /// A channel that connects when it is first used, and again after a failure.
    ///
    /// # Errors
    /// When files cannot be read or are not certificates.
    pub fn lazy_channel(&self, address: &str) -> anyhow::Result<Channel> {
        let endpoint = Channel::from_shared(address.to_owned())?
            .connect_timeout(CONNECT_WITHIN)
            .tcp_nodelay(true)
            .tls_config(self.tls()?)
            .with_context(|| format!("the TLS settings for {address}"))?;
        Ok(endpoint.connect_lazy())
    }
}

impl Cluster {
    /// A client of one node's public API, as the account's administrator.
    ///
    /// # Errors
    /// When the node is unknown or its certificates cannot be read.
    pub fn kms(&self, node: &NodeName) -> anyhow::Result<Kms> {
        let files = self.caller_files();
        let credentials = Credentials {
            identity: Some((&files.certificate, &files.key)),
            server_ca: &self.client_ca(),
            server_name: "localhost",
        };
        Ok(KmsClient::new(
            credentials.lazy_channel(&self.address(node, Endpoint::Client))?,
        ))
    }

    /// A client of one node's operators' API.
    ///
    /// # Errors
    /// When the node is unknown or its certificates cannot be read.
    pub fn admin(&self, node: &NodeName) -> anyhow::Result<Admin> {
        let files = self.operator_files();
        let credentials = Credentials {
            identity: Some((&files.certificate, &files.key)),
            server_ca: &self.admin_ca(),
            server_name: "localhost",
        };
        Ok(AdminClient::new(
            credentials.lazy_channel(&self.address(node, Endpoint::Admin))?,
        ))
    }
}

/// The AWS exception in a status, empty when it carries none.
pub fn exception(status: &Status) -> String {
    status
        .get_details_error_info()
        .map(|info| info.reason)
        .unwrap_or_default()
}

/// Whether a call that failed so may yet have taken effect.
pub fn is_unknown(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unknown | Code::DeadlineExceeded | Code::Cancelled | Code::Internal
    ) || (status.code() == Code::Unavailable && exception(status).is_empty())
}
