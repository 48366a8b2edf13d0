//! Connections and the disk share the process's open files. A flood of connections must never leave the log or a
//! snapshot without one, since a disk that cannot be written ends the node.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Files kept for the disk, the connections this node opens itself, and the runtime.
const RESERVED: u64 = 512;

/// Listeners that accept connections of their own.
const LISTENERS: u64 = 4;

/// Raises the process's limit as far as needed and allowed, and answers how many connections each listener may then
/// have: `wanted`, or less where the operating system allows less.
pub(super) fn connections_allowed(wanted: usize) -> usize {
    let needed = RESERVED + LISTENERS * wanted as u64;
    let allowed = match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((soft, hard)) if soft < needed => raise(soft, needed.min(hard), hard),
        Ok((soft, _)) => soft,
        Err(error) => {
            tracing::warn!(%error, "the limit of open files is not known");
            return wanted;
        }
    };
    let connections = share(allowed, wanted);
    if connections < wanted {
        tracing::warn!(
            wanted,
            connections,
            "the limit of open files allows fewer connections (LimitNOFILE)"
        );
    }
    connections
}

fn raise(soft: u64, to: u64, hard: u64) -> u64 {
    match setrlimit(Resource::RLIMIT_NOFILE, to, hard) {
        Ok(()) => to,
        Err(_) => soft,
    }
}

/// Each listener's share of `open_files`, at least one.
fn share(open_files: u64, wanted: usize) -> usize {
    let each = open_files.saturating_sub(RESERVED) / LISTENERS;
    usize::try_from(each).unwrap_or(usize::MAX).clamp(1, wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_never_take_the_files_of_the_disk() {
        assert_eq!(share(1_000_000, 10_000), 10_000);
        assert_eq!(share(1_024, 10_000), 128);
        assert_eq!(share(512, 10_000), 1);
        assert_eq!(share(0, 10_000), 1);
        for open_files in [1_024, 4_096, 65_536] {
            assert!(share(open_files, 10_000) as u64 * LISTENERS + RESERVED <= open_files);
        }
    }
}
