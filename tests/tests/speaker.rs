//! Speaking to a raft listener in the name of a node, with its certificate.

use anyhow::Context;
use kms_proto::admin::v1::RegionStatusResponse;
use kms_proto::internal::raft::v1::CallHeader;
use kms_proto::internal::raft::v1::raft_internal_client::RaftInternalClient;
use kms_tests::client::Credentials;
use kms_tests::cluster::{Cluster, Endpoint};
use kms_tests::names::NodeName;
use tonic::transport::Channel;

/// A life of a node's disk that the test claims to be.
pub(crate) struct Speaker<'a> {
    pub(crate) cluster: &'a Cluster,
    pub(crate) node: &'a NodeName,
    /// 16 bytes.
    pub(crate) store_id: Vec<u8>,
    pub(crate) boot_count: u64,
}

impl Speaker<'_> {
    /// The header of a call to a peer.
    pub(crate) fn header(&self, to: &NodeName) -> CallHeader {
        CallHeader {
            cluster_id: self.cluster.plan().cluster.clone(),
            region: self.node.region.clone(),
            node_id: self.node.id,
            store_id: self.store_id.clone().into(),
            boot_count: self.boot_count,
            boot_nonce: vec![9; 16].into(),
            target_node_id: to.id,
        }
    }

    /// A client of a peer's raft listener.
    pub(crate) fn raft(&self, to: &NodeName) -> anyhow::Result<RaftInternalClient<Channel>> {
        let files = self.cluster.listener_files(self.node, "raft");
        let server_ca = self.cluster.region_ca(&to.region, "raft");
        let cluster = &self.cluster.plan().cluster;
        let server_name = format!("node-{}.{}.{cluster}.concord.internal", to.id, to.region);
        let credentials = Credentials {
            identity: Some((&files.certificate, &files.key)),
            server_ca: &server_ca,
            server_name: &server_name,
        };
        Ok(RaftInternalClient::new(
            credentials.lazy_channel(&self.cluster.address(to, Endpoint::Raft))?,
        ))
    }
}

/// The bytes of the store id that a node shows in hexadecimal.
pub(crate) fn store_id_of(status: &RegionStatusResponse) -> anyhow::Result<Vec<u8>> {
    let text = &status.store_id;
    let digits = |i| text.get(i..i + 2).context("a store id is hexadecimal");
    let bytes: Vec<u8> = (0..text.len())
        .step_by(2)
        .map(|i| Ok(u8::from_str_radix(digits(i)?, 16)?))
        .collect::<anyhow::Result<_>>()?;
    anyhow::ensure!(bytes.len() == 16, "{text} is no store id");
    Ok(bytes)
}
