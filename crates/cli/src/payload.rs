//! Plaintexts and ciphertexts: from files and standard input, to files and standard output, raw or as base64.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::output;

/// The longest plaintext that Encrypt takes, in bytes.
const PLAINTEXT_BYTES_MAX: usize = 4_096;
/// The longest ciphertext that Decrypt takes, in bytes.
const CIPHERTEXT_BYTES_MAX: usize = 6_144;
/// Room for a ciphertext as base64 with line ends.
const CIPHERTEXT_TEXT_BYTES_MAX: usize = 2 * CIPHERTEXT_BYTES_MAX;

/// How ciphertexts are written and read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Encoding {
    /// Base64 with one line end.
    Base64,
    /// The bytes themselves.
    Raw,
}

impl Encoding {
    /// Base64 unless `raw`.
    pub(crate) fn new(raw: bool) -> Self {
        if raw { Self::Raw } else { Self::Base64 }
    }
}

/// Reads a plaintext of 1 to 4,096 bytes from `path`, or from standard input if it is `-`.
pub(crate) fn read_plaintext(path: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let plaintext = read(path, PLAINTEXT_BYTES_MAX)?.ok_or_else(|| {
        Failure::Usage(format!(
            "{} is longer than {PLAINTEXT_BYTES_MAX} bytes: encrypt it with a data key (`kmsctl data-key`)",
            path.display()
        ))
    })?;
    if plaintext.is_empty() {
        return Err(Failure::Usage(format!(
            "{} is empty: there is nothing to encrypt",
            path.display()
        )));
    }
    Ok(plaintext)
}

/// Reads a ciphertext of at most 6,144 bytes from `path`, or from standard input if it is `-`.
pub(crate) fn read_ciphertext(path: &Path, encoding: Encoding) -> Result<Vec<u8>, Failure> {
    let shown = path.display();
    let bytes_max = match encoding {
        Encoding::Base64 => CIPHERTEXT_TEXT_BYTES_MAX,
        Encoding::Raw => CIPHERTEXT_BYTES_MAX,
    };
    let bytes = read(path, bytes_max)?.ok_or_else(|| {
        Failure::Usage(format!(
            "{shown} is longer than a ciphertext of {CIPHERTEXT_BYTES_MAX} bytes"
        ))
    })?;
    let ciphertext = match encoding {
        Encoding::Raw => bytes.to_vec(),
        Encoding::Base64 => decode_base64(&bytes)
            .ok_or_else(|| Failure::Usage(format!("{shown} is not base64 (--raw reads a raw ciphertext)")))?,
    };
    if ciphertext.is_empty() {
        return Err(Failure::Usage(format!(
            "{shown} is empty: there is nothing to decrypt"
        )));
    }
    Ok(ciphertext)
}

/// Writes a ciphertext to `path`, or to standard output if there is none or it is `-`.
pub(crate) fn write_ciphertext(
    path: Option<&Path>,
    ciphertext: &[u8],
    encoding: Encoding,
) -> Result<(), Failure> {
    match encoding {
        Encoding::Raw => write(path, ciphertext),
        Encoding::Base64 => write(path, format!("{}\n", STANDARD.encode(ciphertext)).as_bytes()),
    }
}

/// Writes secret bytes as they are, or as base64, to `path` with mode 0600, or to standard output if there is
/// none or it is `-`.
pub(crate) fn write_secret(path: Option<&Path>, secret: &[u8], encoding: Encoding) -> Result<(), Failure> {
    match encoding {
        Encoding::Raw => write(path, secret),
        Encoding::Base64 => {
            let mut text = Zeroizing::new(STANDARD.encode(secret));
            text.push('\n');
            write(path, text.as_bytes())
        }
    }
}

/// Whether `path` means standard input or output.
pub(crate) fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Reads all of `path`; `None` if that is more than `bytes_max`.
fn read(path: &Path, bytes_max: usize) -> Result<Option<Zeroizing<Vec<u8>>>, Failure> {
    let doing = || format!("cannot read {}", path.display());
    let source: Box<dyn Read> = if is_standard(path) {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(Failure::local(doing()))?)
    };
    // Room for everything at once: a vector that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(bytes_max + 1));
    source
        .take(bytes_max as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(Failure::local(doing()))?;
    Ok((bytes.len() <= bytes_max).then_some(bytes))
}

/// Writes a new file with mode 0600 in place of `path`, so that nobody ever sees half of it. What is there and
/// is no ordinary file (a pipe, a device) is written to.
fn write(path: Option<&Path>, bytes: &[u8]) -> Result<(), Failure> {
    let Some(path) = path.filter(|path| !is_standard(path)) else {
        return output::print_bytes(bytes);
    };
    let doing = || format!("cannot write {}", path.display());
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        let mut file = File::options()
            .write(true)
            .open(path)
            .map_err(Failure::local(doing()))?;
        return file.write_all(bytes).map_err(Failure::local(doing()));
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(Failure::local(doing()))?;
    file.write_all(bytes).map_err(Failure::local(doing()))?;
    file.persist(path)
        .map_err(|error| Failure::local(doing())(error.error))?;
    Ok(())
}

/// Decodes base64, whatever white space it has.
fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let letters: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    STANDARD.decode(letters).ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::{Encoding, read_ciphertext, read_plaintext, write_ciphertext, write_secret};
    use crate::exit_code::ExitCode;

    #[test]
    fn a_ciphertext_comes_back_in_either_encoding() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ciphertext");
        let ciphertext: Vec<u8> = (0..=255).collect();
        for encoding in [Encoding::Base64, Encoding::Raw] {
            write_ciphertext(Some(&path), &ciphertext, encoding).unwrap();
            assert_eq!(read_ciphertext(&path, encoding).unwrap(), ciphertext);
        }
        fs::write(&path, "AQ\r\n ID\n").unwrap();
        assert_eq!(read_ciphertext(&path, Encoding::Base64).unwrap(), [1, 2, 3]);
    }

    #[test]
    fn a_secret_file_is_for_its_owner_only_even_if_it_was_open_to_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plaintext");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
        write_secret(Some(&path), b"secret", Encoding::Raw).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"secret");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn wrong_sizes_and_bad_base64_are_refused_before_anything_is_sent() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("input");
        fs::write(&path, [7; 4_096]).unwrap();
        assert_eq!(read_plaintext(&path).unwrap().len(), 4_096);
        fs::write(&path, [7; 4_097]).unwrap();
        let failure = read_plaintext(&path).unwrap_err();
        assert_eq!(failure.exit_code(), ExitCode::Usage);
        assert!(failure.to_string().contains("data-key"), "{failure}");
        fs::write(&path, "").unwrap();
        assert!(read_plaintext(&path).is_err() && read_ciphertext(&path, Encoding::Raw).is_err());
        fs::write(&path, "not base64!").unwrap();
        let failure = read_ciphertext(&path, Encoding::Base64).unwrap_err();
        assert!(!failure.to_string().contains("not base64!"), "{failure}");
        fs::write(&path, [7; 6_145]).unwrap();
        assert!(read_ciphertext(&path, Encoding::Raw).is_err());
    }
}
