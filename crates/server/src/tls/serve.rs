//! HTTP/2 as every listener speaks it.

use crate::config::Limits;
use std::time::Duration;
use tonic::transport::Server;

/// A silent connection is asked for a sign of life this often.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// How long that sign may take.
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection is renewed after this long, so that nobody outlives their certificate by much.
const CONNECTION_AGE_MAX: Duration = Duration::from_secs(3_600);

/// A tonic server with the limits of every listener.
pub fn http2_server(limits: &Limits) -> Server {
    Server::builder()
        .max_concurrent_streams(limits.streams_per_connection_max)
        .http2_max_header_list_size(limits.header_bytes_max)
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .max_connection_age(CONNECTION_AGE_MAX)
}
