//! The one place that reads the wall clock for what enters the log or the answers.

use kms_domain::vocabulary::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// The node's wall clock.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    #[cfg(feature = "faults")]
    fault: fault::Offset,
}

impl Clock {
    /// The node's clock. In builds with the `faults` feature it can be moved; default builds have no code
    /// for that.
    pub fn new(data_dir: &std::path::Path) -> Self {
        #[cfg(feature = "faults")]
        {
            tracing::warn!("this build can move its clock (feature `faults`); it is for tests only");
            Self {
                fault: fault::Offset::new(data_dir),
            }
        }
        #[cfg(not(feature = "faults"))]
        {
            let _ = data_dir;
            Self::default()
        }
    }

    /// The present time. A clock before 1970 reads as 1970.
    pub fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_millis();
        let unix_ms = u64::try_from(since_epoch).unwrap_or(u64::MAX);
        #[cfg(feature = "faults")]
        let unix_ms = self.fault.moved(unix_ms);
        Timestamp(unix_ms)
    }
}

#[cfg(feature = "faults")]
mod fault {
    //! A clock that tests can move: by the variable `CONCORD_FAULT_CLOCK_OFFSET_MS`, or at any time by the file
    //! `fault-clock-offset-ms` in the data folder, which wins and is read at each use.

    use std::path::{Path, PathBuf};

    #[derive(Debug, Clone, Default)]
    pub(super) struct Offset {
        file: PathBuf,
        from_environment_ms: i64,
    }

    impl Offset {
        pub(super) fn new(data_dir: &Path) -> Self {
            let from_environment_ms = std::env::var("CONCORD_FAULT_CLOCK_OFFSET_MS")
                .ok()
                .and_then(|text| text.trim().parse().ok())
                .unwrap_or(0);
            Self {
                file: data_dir.join("fault-clock-offset-ms"),
                from_environment_ms,
            }
        }

        pub(super) fn moved(&self, unix_ms: u64) -> u64 {
            let from_file = std::fs::read_to_string(&self.file)
                .ok()
                .and_then(|text| text.trim().parse().ok());
            unix_ms.saturating_add_signed(from_file.unwrap_or(self.from_environment_ms))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The workspace's tests may be built with all features; what must hold is that the feature decides.
    #[test]
    fn the_clock_can_be_moved_only_in_builds_with_the_faults_feature() {
        let folder = tempfile::tempdir().unwrap();
        let year_ms: u64 = 365 * 86_400_000;
        std::fs::write(folder.path().join("fault-clock-offset-ms"), year_ms.to_string()).unwrap();
        let real = Clock::default().now();
        let read = Clock::new(folder.path()).now();
        let moved = read.since_ms(real) >= year_ms;
        assert_eq!(moved, cfg!(feature = "faults"));
    }

    #[test]
    fn no_default_feature_moves_the_clock() {
        let manifest: toml::Table = toml::from_str(include_str!("../Cargo.toml")).unwrap();
        let features = manifest["features"].as_table().unwrap();
        assert!(features.contains_key("faults"));
        let default = features.get("default").and_then(|d| d.as_array());
        assert!(default.is_none_or(|features| features.is_empty()));
    }
}
