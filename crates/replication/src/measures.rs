//! Metrics of replication, by peer region. The names are part of what operators rely on.

use kms_domain::vocabulary::RegionName;

/// Metrics that concern one peer region.
pub(crate) struct Measures<'a> {
    peer: &'a RegionName,
}

impl<'a> Measures<'a> {
    pub(crate) fn of(peer: &'a RegionName) -> Self {
        Self { peer }
    }

    fn peer(&self) -> String {
        self.peer.to_string()
    }

    /// Keys that the peer has not acknowledged.
    pub(crate) fn outbox_rows(&self, rows: u64) {
        metrics::gauge!("kms_replication_outbox_rows", "peer" => self.peer()).set(rows as f64);
    }

    /// A request was sent.
    pub(crate) fn sent(&self, bytes: usize) {
        metrics::counter!("kms_replication_bytes_total", "peer" => self.peer()).increment(bytes as u64);
    }

    /// A shipment was answered.
    pub(crate) fn answered(&self, outcome: &'static str) {
        metrics::counter!("kms_replication_shipments_total", "peer" => self.peer(), "outcome" => outcome)
            .increment(1);
    }

    /// A request failed.
    pub(crate) fn failed(&self) {
        metrics::counter!("kms_replication_failures_total", "peer" => self.peer()).increment(1);
    }

    /// A shipment from the peer was judged.
    pub(crate) fn received(&self, outcome: &'static str) {
        metrics::counter!("kms_replication_received_total", "peer" => self.peer(), "outcome" => outcome)
            .increment(1);
    }
}
