//! Seal providers: how a region's root key is kept between two starts of a node.
//!
//! A provider turns a root key into bytes that may be stored, and back. It never derives the key from anything.
//! Providers are named in the stored bytes, so that several can hold the same root key during a migration. The
//! file provider is here; reading and writing the file, with mode 0600, is the server's.
//!
//! ```text
//! "CKMSROOT" | version 0x01 | provider | root key id 16 | provider's bytes | SHA-256 of everything before 32
//! file: provider's bytes = the key, 32
//! ```

use crate::error::CryptoError;
use crate::wrap::{RootKey, RootKeyId};
use crate::{CryptoRng, SecretBytes, SecretKey256};
use aws_lc_rs::digest::{SHA256, digest};

const MAGIC: &[u8; 8] = b"CKMSROOT";
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 8 + 1 + 1 + 16;
const KEY_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 32;

/// Length of a root key file, in bytes.
pub const ROOT_FILE_BYTES: usize = HEADER_BYTES + KEY_BYTES + CHECKSUM_BYTES;

/// How a root key is sealed. The numbers are those of the stored byte and never change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum SealKind {
    /// The key itself, protected by the file's mode only: for development.
    File = 1,
    /// Wrapped under a passphrase (RFC 9106).
    Argon2id = 2,
    /// Split into shares.
    Shamir = 3,
    /// Wrapped by a key that never leaves an HSM.
    Pkcs11 = 4,
}

impl SealKind {
    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::File),
            2 => Some(Self::Argon2id),
            3 => Some(Self::Shamir),
            4 => Some(Self::Pkcs11),
            _ => None,
        }
    }

    /// Which provider made these stored bytes, so that the right one is asked to unseal them.
    ///
    /// # Errors
    /// [`CryptoError::RootKey`] when they are not a sealed root key of this version.
    pub fn of(sealed: &[u8]) -> Result<Self, CryptoError> {
        let [version, provider] = *sealed
            .strip_prefix(MAGIC)
            .and_then(|rest| rest.first_chunk::<2>())
            .ok_or(CryptoError::RootKey("not a sealed root key"))?;
        if version != VERSION {
            return Err(CryptoError::RootKey("sealed by a newer version of this program"));
        }
        Self::from_byte(provider).ok_or(CryptoError::RootKey("unknown seal provider"))
    }
}

/// Seals and unseals a root key.
pub trait SealProvider {
    /// Which provider this is.
    fn kind(&self) -> SealKind;

    /// The bytes to store. Secret, because for some providers they contain the key.
    ///
    /// # Errors
    /// [`CryptoError::RootKey`] when the provider cannot seal.
    fn seal(&self, root: &RootKey, rng: &mut dyn CryptoRng) -> Result<SecretBytes, CryptoError>;

    /// The root key that [`SealProvider::seal`] stored.
    ///
    /// # Errors
    /// [`CryptoError::RootKey`] when the bytes are damaged, of another provider or of a newer version.
    fn unseal(&self, sealed: &[u8]) -> Result<RootKey, CryptoError>;
}

/// The `file` provider: the stored bytes contain the key. For development.
#[derive(Debug, Clone, Copy, Default)]
pub struct FileSeal;

impl SealProvider for FileSeal {
    fn kind(&self) -> SealKind {
        SealKind::File
    }

    fn seal(&self, root: &RootKey, _: &mut dyn CryptoRng) -> Result<SecretBytes, CryptoError> {
        let mut sealed = SecretBytes::new(vec![0; ROOT_FILE_BYTES].into_boxed_slice());
        let (covered, checksum) = sealed.expose_mut().split_at_mut(HEADER_BYTES + KEY_BYTES);
        covered[..8].copy_from_slice(MAGIC);
        covered[8] = VERSION;
        covered[9] = SealKind::File as u8;
        covered[10..HEADER_BYTES].copy_from_slice(&root.id().0);
        covered[HEADER_BYTES..].copy_from_slice(root.key.expose());
        checksum.copy_from_slice(digest(&SHA256, covered).as_ref());
        Ok(sealed)
    }

    fn unseal(&self, sealed: &[u8]) -> Result<RootKey, CryptoError> {
        if SealKind::of(sealed)? != SealKind::File {
            return Err(CryptoError::RootKey("sealed by another provider than file"));
        }
        if sealed.len() != ROOT_FILE_BYTES {
            return Err(CryptoError::RootKey("the root key file has the wrong length"));
        }
        let (covered, checksum) = sealed.split_at(HEADER_BYTES + KEY_BYTES);
        if digest(&SHA256, covered).as_ref() != checksum {
            return Err(CryptoError::RootKey("the root key file is damaged"));
        }
        let (id, key) = covered[10..]
            .split_first_chunk::<16>()
            .ok_or(CryptoError::RootKey("the root key file has the wrong length"))?;
        let key = SecretKey256::copy_of(key)
            .ok_or(CryptoError::RootKey("the root key file has the wrong length"))?;
        Ok(RootKey::from_parts(RootKeyId(*id), key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::test_rng;

    fn sealed_file() -> (RootKey, Vec<u8>) {
        let rng = &mut test_rng();
        let root = RootKey::generate(rng);
        let file = FileSeal.seal(&root, rng).expect("seals").expose().to_vec();
        (root, file)
    }

    #[test]
    fn a_root_key_survives_its_file() {
        let (root, file) = sealed_file();
        assert_eq!(file.len(), ROOT_FILE_BYTES);
        assert_eq!(SealKind::of(&file), Ok(SealKind::File));
        let read = FileSeal.unseal(&file).expect("unseals");
        assert_eq!(read.id(), root.id());
        assert!(read.key.ct_eq(&root.key));
    }

    #[test]
    fn any_changed_bit_or_length_of_a_root_file_is_found() {
        let (_, file) = sealed_file();
        for bit in 0..file.len() * 8 {
            let mut changed = file.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let error = FileSeal.unseal(&changed).err().expect("refused");
            assert!(matches!(error, CryptoError::RootKey(_)), "bit {bit}: {error}");
        }
        for length in 0..file.len() {
            assert!(FileSeal.unseal(&file[..length]).is_err(), "length {length}");
        }
        assert!(FileSeal.unseal(&[file, vec![0]].concat()).is_err());
    }

    #[test]
    fn a_newer_version_and_another_provider_are_named_in_the_refusal() {
        let (_, file) = sealed_file();
        let mut newer = file.clone();
        newer[8] = 2;
        assert_eq!(
            SealKind::of(&newer),
            Err(CryptoError::RootKey("sealed by a newer version of this program"))
        );
        let mut other = file;
        other[9] = SealKind::Pkcs11 as u8;
        assert_eq!(SealKind::of(&other), Ok(SealKind::Pkcs11));
        assert_eq!(
            FileSeal.unseal(&other).err(),
            Some(CryptoError::RootKey("sealed by another provider than file"))
        );
    }
}
