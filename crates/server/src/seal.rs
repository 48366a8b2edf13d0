//! The root key file: making it once, and loading it at start. What is in it is `kms_crypto::seal`'s; its mode, its
//! place and when it may be made are ours.

use crate::config::{Config, Mode};
use kms_crypto::seal::{FileSeal, ROOT_FILE_BYTES, SealProvider};
use kms_crypto::wrap::{RootKey, RootKeyId};
use kms_crypto::{CryptoError, SecretBytes};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Stands before the root key in a file that was made for development; production refuses such a file.
const DEVELOPMENT_MARK: &[u8] = b"CONCORD KMS DEVELOPMENT ROOT KEY\n";

/// Why a root key was not made or not loaded. The text never holds key bytes.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The file cannot be read or written.
    #[error("root key file {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// There is a file already. A root key is never overwritten: everything of the region is wrapped by it.
    #[error("root key file {0} exists; it is never overwritten")]
    Exists(PathBuf),
    /// The data folder is not empty: what it holds was sealed under another root key.
    #[error("data folder {0} is not empty: a new root key would not open what it holds")]
    DataExists(PathBuf),
    /// Others may read or write the file.
    #[error("root key file {path} has mode {mode:04o}; it must be 0600 or stricter")]
    OpenMode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The root key was made for development.
    #[error("root key file {0} was made for development; production mode refuses it")]
    Development(PathBuf),
    /// The bytes are no root key.
    #[error("root key file {path}: {source}")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        source: CryptoError,
    },
}

/// Makes the root key that `config` names, for a node that has no data yet.
///
/// # Errors
/// When there is a root key file or data already, or the file cannot be written durably.
pub fn init(config: &Config) -> Result<RootKeyId, SealError> {
    let holds_data = std::fs::read_dir(&config.data_dir).is_ok_and(|mut entries| entries.next().is_some());
    if holds_data {
        return Err(SealError::DataExists(config.data_dir.clone()));
    }
    init_file(config.seal.path(), config.mode)
}

/// Makes a root key file, mode 0600, durable when this returns.
///
/// # Errors
/// When the file exists or cannot be written.
pub fn init_file(path: &Path, mode: Mode) -> Result<RootKeyId, SealError> {
    let rng = &mut UnwrapErr(SysRng);
    let root = RootKey::generate(rng);
    let sealed = FileSeal.seal(&root, rng).map_err(|source| SealError::Unusable {
        path: path.to_owned(),
        source,
    })?;
    write_new(path, mode, &sealed).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => SealError::Exists(path.to_owned()),
        _ => SealError::Io {
            path: path.to_owned(),
            source,
        },
    })?;
    Ok(root.id())
}

/// Loads the root key that `config` names. The process's memory must be protected already.
///
/// # Errors
/// When the file is missing, open to others, damaged, or made for development while the mode is production.
pub fn load(config: &Config) -> Result<RootKey, SealError> {
    let path = config.seal.path();
    let io = |source| SealError::Io {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(io)?;
    let mode = file.metadata().map_err(io)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SealError::OpenMode {
            path: path.to_owned(),
            mode,
        });
    }
    // One byte more than the longest file: a longer one is seen, and none is read without end.
    let mut bytes = Zeroizing::new(vec![0; DEVELOPMENT_MARK.len() + ROOT_FILE_BYTES + 1].into_boxed_slice());
    let length = read_up_to(&mut file, &mut bytes).map_err(io)?;
    let sealed = match bytes[..length].strip_prefix(DEVELOPMENT_MARK) {
        Some(_) if config.mode == Mode::Production => return Err(SealError::Development(path.to_owned())),
        Some(rest) => rest,
        None => &bytes[..length],
    };
    FileSeal.unseal(sealed).map_err(|source| SealError::Unusable {
        path: path.to_owned(),
        source,
    })
}

fn read_up_to(file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

fn write_new(path: &Path, mode: Mode, sealed: &SecretBytes) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    if mode == Mode::Development {
        file.write_all(DEVELOPMENT_MARK)?;
    }
    file.write_all(sealed.expose())?;
    file.sync_all()?;
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// The root key as storage asks for it: to wrap the node's storage keys.
pub struct StorageRoot<'a>(pub &'a RootKey);

impl kms_storage::RootKey for StorageRoot<'_> {
    fn wrap(
        &self,
        purpose: &str,
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, kms_storage::RootKeyError> {
        self.0
            .wrap(purpose, aad, plaintext, &mut UnwrapErr(SysRng))
            .map_err(|error| kms_storage::RootKeyError(error.to_string()))
    }

    fn unwrap(
        &self,
        purpose: &str,
        aad: &[u8],
        wrapped: &[u8],
    ) -> Result<Zeroizing<Box<[u8]>>, kms_storage::RootKeyError> {
        self.0
            .unwrap(purpose, aad, wrapped)
            .map(SecretBytes::into_zeroizing)
            .map_err(|error| kms_storage::RootKeyError(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../cluster-configs/single-node/node-1.toml");

    fn config(folder: &Path, mode: &str) -> Config {
        let path = folder.join("node.toml");
        let text = EXAMPLE.replace("mode = \"development\"", &format!("mode = \"{mode}\""));
        std::fs::create_dir_all(folder.join("state/node-1")).unwrap();
        std::fs::write(&path, text).unwrap();
        Config::load(&path).unwrap()
    }

    #[test]
    fn a_root_key_file_is_private_and_gives_the_same_root_key_back() {
        let folder = tempfile::tempdir().unwrap();
        for mode in ["development", "production"] {
            let folder = folder.path().join(mode);
            let config = config(&folder, mode);
            let id = init(&config).unwrap();
            let metadata = std::fs::metadata(config.seal.path()).unwrap();
            assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
            let loaded = load(&config).ok().map(|root| root.id());
            assert_eq!(loaded, Some(id));
        }
    }

    #[test]
    fn a_root_key_is_never_overwritten_and_never_made_beside_data() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), "development");
        init(&config).unwrap();
        assert!(matches!(init(&config), Err(SealError::Exists(_))));

        std::fs::remove_file(config.seal.path()).unwrap();
        std::fs::create_dir_all(&config.data_dir).unwrap();
        std::fs::write(config.data_dir.join("log.redb"), b"log").unwrap();
        assert!(matches!(init(&config), Err(SealError::DataExists(_))));
        assert!(!config.seal.path().exists());
    }

    #[test]
    fn a_root_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), "development");
        init(&config).unwrap();
        for mode in [0o640, 0o604, 0o660, 0o644] {
            std::fs::set_permissions(config.seal.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(load(&config), Err(SealError::OpenMode { mode: seen, .. }) if seen == mode));
        }
        std::fs::set_permissions(config.seal.path(), std::fs::Permissions::from_mode(0o400)).unwrap();
        assert!(load(&config).is_ok());
    }

    #[test]
    fn production_refuses_a_root_key_made_for_development() {
        let folder = tempfile::tempdir().unwrap();
        init(&config(folder.path(), "development")).unwrap();
        let refusal = load(&config(folder.path(), "production"));
        assert!(matches!(refusal, Err(SealError::Development(_))));
    }

    #[test]
    fn a_damaged_or_overlong_root_key_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(folder.path(), "production");
        init(&config).unwrap();
        let intact = std::fs::read(config.seal.path()).unwrap();
        for damaged in [
            &intact[1..],
            &intact[..intact.len() - 1],
            &[intact.clone(), vec![0; 4096]].concat(),
        ] {
            std::fs::write(config.seal.path(), damaged).unwrap();
            assert!(matches!(load(&config), Err(SealError::Unusable { .. })));
        }
    }
}
