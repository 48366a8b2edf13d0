//! Keeps secrets out of swap, core files and debuggers. Must run before any secret is loaded.

use crate::config::Mode;
use nix::sys::mman::{MlockAllFlags, mlockall};
use nix::sys::prctl::set_dumpable;
use nix::sys::resource::{Resource, setrlimit};

/// The operating system did not let the process protect its memory.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot {what}: {source}; production mode does not start without it. Raise RLIMIT_MEMLOCK to unlimited \
     (systemd: LimitMEMLOCK=infinity) or grant CAP_IPC_LOCK"
)]
pub struct MemoryError {
    what: &'static str,
    source: nix::Error,
}

/// Locks all present and future memory, forbids core files, and closes the process to other processes of its user.
///
/// # Errors
/// In production mode, when any of them is refused. Development mode warns and goes on.
pub fn protect(mode: Mode) -> Result<(), MemoryError> {
    // On fault: pages are locked once they are touched. Locking untouched thread stacks and allocator arenas would
    // cost memory and protect nothing, since they hold nothing yet.
    let on_fault = MlockAllFlags::from_bits_retain(nix::libc::MCL_ONFAULT);
    let all = MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE | on_fault;
    let steps = [
        ("forbid core files", setrlimit(Resource::RLIMIT_CORE, 0, 0)),
        ("make the process undumpable", set_dumpable(false)),
        ("lock memory", mlockall(all)),
    ];
    for (what, outcome) in steps {
        let Err(source) = outcome else { continue };
        let error = MemoryError { what, source };
        if mode == Mode::Production {
            return Err(error);
        }
        tracing::warn!(error = %source, "cannot {what}; secrets may reach swap or core files (development mode)");
    }
    Ok(())
}
