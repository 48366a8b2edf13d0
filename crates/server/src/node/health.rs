//! The standard gRPC health service, true to the node's readiness on every listener.

use super::readiness::{Readiness, Standing};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// Keeps the status of `services` and of the listener as a whole (the empty name), for ever.
pub(super) async fn report(reporter: HealthReporter, services: Vec<&'static str>, readiness: Readiness) {
    let mut standing = readiness.watch();
    loop {
        let status = match &*standing.borrow_and_update() {
            Standing::Serving => ServingStatus::Serving,
            Standing::NotServing(_) => ServingStatus::NotServing,
        };
        for service in services.iter().chain(&[""]) {
            reporter.set_service_status(*service, status).await;
        }
        if standing.changed().await.is_err() {
            return;
        }
    }
}
