//! Checks that types cannot make: bounds, and settings that must fit together.

use super::{Config, Mode};
use kms_domain::limits::ON_DEMAND_ROTATIONS_MAX;
use std::net::SocketAddr;
use std::ops::RangeInclusive;

/// Longest cluster name, in bytes; it is a DNS label in node certificates.
const CLUSTER_BYTES_MAX: usize = 63;

/// Replication endpoints of one region.
const REGION_ENDPOINTS_MAX: usize = 16;

type Problem = (&'static str, String);

impl Config {
    /// The first setting that cannot be right, with what is wrong.
    pub(super) fn first_problem(&self) -> Option<Problem> {
        self.identity_problem()
            .or_else(|| self.address_problem())
            .or_else(|| self.consensus_problem())
            .or_else(|| self.limits_problem())
    }

    fn identity_problem(&self) -> Option<Problem> {
        let dns_label = !self.cluster.is_empty()
            && self.cluster.len() <= CLUSTER_BYTES_MAX
            && self
                .cluster
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !dns_label {
            return Some((
                "cluster",
                "is 1 to 63 characters of a-z, 0-9 and hyphen".to_owned(),
            ));
        }
        if self.node_id == 0 {
            return Some(("node_id", "counts from 1".to_owned()));
        }
        None
    }

    fn address_problem(&self) -> Option<Problem> {
        if !self.metrics.listen.ip().is_loopback() {
            return Some(("metrics.listen", "must be a loopback address".to_owned()));
        }
        let http = self.http.as_ref().map(|http| ("http.listen", http.listen));
        let listens: Vec<(&'static str, SocketAddr)> = [
            ("client.listen", self.client.listen),
            ("admin.listen", self.admin.listen),
            ("raft.listen", self.raft.listen),
            ("replication.listen", self.replication.listen),
            ("metrics.listen", self.metrics.listen),
        ]
        .into_iter()
        .chain(http)
        .collect();
        for (position, (setting, address)) in listens.iter().enumerate() {
            if self.mode == Mode::Development && !address.ip().is_loopback() {
                return Some((setting, "development mode listens on loopback only".to_owned()));
            }
            let taken = listens[..position].iter().find(|(_, other)| other == address);
            if let Some((other, _)) = taken
                && address.port() != 0
            {
                return Some((setting, format!("{address} is also {other}")));
            }
        }
        self.http_problem().or_else(|| self.advertised_problem())
    }

    /// Signatures protect a request in plain HTTP from changes, and nothing protects plaintexts in it from readers.
    fn http_problem(&self) -> Option<Problem> {
        let http = self.http.as_ref()?;
        match (&http.certificate, &http.key) {
            (Some(_), None) => Some(("http.key", "is missing: http.certificate has none".to_owned())),
            (None, Some(_)) => Some(("http.certificate", "is missing: http.key has none".to_owned())),
            (None, None) if !http.listen.ip().is_loopback() && !http.plain_beyond_loopback => {
                let text =
                    "is missing: plain HTTP is for loopback only, unless http.plain_beyond_loopback is true";
                Some(("http.certificate", text.to_owned()))
            }
            _ => None,
        }
    }

    fn advertised_problem(&self) -> Option<Problem> {
        let endpoints = &self.replication.region_endpoints;
        if endpoints.len() > REGION_ENDPOINTS_MAX {
            let text = format!("at most {REGION_ENDPOINTS_MAX} are told to other regions");
            return Some(("replication.region_endpoints", text));
        }
        let of_region = endpoints.iter().map(|e| ("replication.region_endpoints", e));
        std::iter::once(("replication.advertise", &self.replication.advertise))
            .chain(of_region)
            .find(|(_, origin)| !is_https_origin(origin))
            .map(|(setting, origin)| {
                (
                    setting,
                    format!("{origin:?} is not of the form https://host:port"),
                )
            })
    }

    fn consensus_problem(&self) -> Option<Problem> {
        let consensus = &self.consensus;
        if consensus.heartbeat_ms == 0 || consensus.election_ms_min < 2 * consensus.heartbeat_ms {
            return Some((
                "consensus.election_ms_min",
                "must be at least twice consensus.heartbeat_ms, which is at least 1".to_owned(),
            ));
        }
        if consensus.election_ms_max <= consensus.election_ms_min {
            return Some((
                "consensus.election_ms_max",
                "must be above consensus.election_ms_min".to_owned(),
            ));
        }
        bounded(
            "consensus.snapshot_every_entries",
            consensus.snapshot_every_entries,
            1..=10_000_000,
        )
        .or_else(|| bounded("consensus.keep_entries", consensus.keep_entries, 0..=10_000_000))
        .or_else(|| {
            bounded(
                "consensus.snapshot_timeout_s",
                consensus.snapshot_timeout_s,
                10..=86_400,
            )
        })
        .or_else(|| {
            bounded(
                "consensus.boot_count_interval_ms",
                consensus.boot_count_interval_ms,
                100..=600_000,
            )
        })
    }

    fn limits_problem(&self) -> Option<Problem> {
        let limits = &self.limits;
        let bounds: [(&'static str, u64, RangeInclusive<u64>); 14] = [
            (
                "limits.connections_max",
                limits.connections_max as u64,
                1..=1_000_000,
            ),
            ("limits.handshakes_max", limits.handshakes_max as u64, 1..=100_000),
            ("limits.handshake_ms_max", limits.handshake_ms_max, 100..=60_000),
            (
                "limits.streams_per_connection_max",
                u64::from(limits.streams_per_connection_max),
                1..=10_000,
            ),
            // Below 64 KiB a legal request (policy, tags, context) would not fit.
            (
                "limits.request_bytes_max",
                limits.request_bytes_max as u64,
                65_536..=4_194_304,
            ),
            (
                "limits.header_bytes_max",
                u64::from(limits.header_bytes_max),
                4_096..=1_048_576,
            ),
            (
                "limits.http_header_ms_max",
                limits.http_header_ms_max,
                100..=60_000,
            ),
            ("limits.http_body_ms_max", limits.http_body_ms_max, 100..=60_000),
            (
                "limits.http_idle_ms_max",
                limits.http_idle_ms_max,
                1_000..=3_600_000,
            ),
            ("limits.drain_ms_max", limits.drain_ms_max, 0..=60_000),
            (
                "limits.material_cache_entries_max",
                limits.material_cache_entries_max,
                1..=10_000_000,
            ),
            (
                "limits.material_cache_s_max",
                limits.material_cache_s_max,
                1..=300,
            ),
            (
                "limits.on_demand_rotations_max",
                u64::from(limits.on_demand_rotations_max),
                1..=u64::from(ON_DEMAND_ROTATIONS_MAX),
            ),
            (
                "limits.certificate_reload_s",
                limits.certificate_reload_s,
                1..=3_600,
            ),
        ];
        bounds
            .into_iter()
            .find_map(|(setting, value, range)| bounded(setting, value, range))
            .or_else(|| {
                bounded(
                    "limits.replication_in_flight_bytes_max",
                    limits.replication_in_flight_bytes_max as u64,
                    1_048_576..=8_388_608,
                )
            })
    }
}

fn bounded(setting: &'static str, value: u64, range: RangeInclusive<u64>) -> Option<Problem> {
    let (low, high) = (range.start(), range.end());
    (!range.contains(&value)).then(|| (setting, format!("{value} is not within {low} to {high}")))
}

fn is_https_origin(text: &str) -> bool {
    let Some((host, port)) = text.strip_prefix("https://").and_then(|t| t.rsplit_once(':')) else {
        return false;
    };
    let port_fits = port.parse::<u16>().is_ok_and(|port| port > 0);
    port_fits && !host.is_empty() && !host.contains(['/', '?', '#', '@', ' '])
}
