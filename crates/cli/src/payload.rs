//! Secrets and blobs: from files and standard input, to files and standard output, raw or as base64.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::input::Input;
use crate::output;

/// How blobs are written and read.
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

/// Reads `input` as it is from `path`, or from standard input if it is `-`.
pub(crate) fn read_plain(path: &Path, input: &Input) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let bytes = read(path, input.bytes_max)?.ok_or_else(|| input.too_long(path))?;
    if bytes.is_empty() {
        return Err(input.missing(path));
    }
    Ok(bytes)
}

/// Reads `input` in its encoding from `path`, or from standard input if it is `-`.
pub(crate) fn read_blob(path: &Path, input: &Input, encoding: Encoding) -> Result<Vec<u8>, Failure> {
    let bytes_max = match encoding {
        // With room for line ends.
        Encoding::Base64 => 2 * input.bytes_max,
        Encoding::Raw => input.bytes_max,
    };
    let bytes = read(path, bytes_max)?.ok_or_else(|| input.too_long(path))?;
    let blob = match encoding {
        Encoding::Raw => bytes.to_vec(),
        Encoding::Base64 => decode_base64(&bytes).ok_or_else(|| input.not_base64(path))?,
    };
    if blob.is_empty() {
        return Err(input.missing(path));
    }
    Ok(blob)
}

/// Refuses to read two things from standard input. `inputs` are the options and where they read from.
pub(crate) fn not_both_from_standard_input(inputs: [(&str, &Path); 2]) -> Result<(), Failure> {
    let [(first, one), (second, other)] = inputs;
    if is_standard(one) && is_standard(other) {
        return Err(Failure::Usage(format!(
            "{first} and {second} cannot both be standard input: give one of them a FILE"
        )));
    }
    Ok(())
}

/// Writes a blob that is no secret to `path`, or to standard output if there is none or it is `-`.
pub(crate) fn write_blob(path: Option<&Path>, blob: &[u8], encoding: Encoding) -> Result<(), Failure> {
    match encoding {
        Encoding::Raw => write(path, blob),
        Encoding::Base64 => write(path, format!("{}\n", STANDARD.encode(blob)).as_bytes()),
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

/// Writes a secret to the place that the caller named for it: to a file as it is, with mode 0600; to standard
/// output, if `path` is `-`, as `encoding` says.
pub(crate) fn place_secret(path: &Path, secret: &[u8], encoding: Encoding) -> Result<(), Failure> {
    let encoding = if is_standard(path) {
        encoding
    } else {
        Encoding::Raw
    };
    write_secret(Some(path), secret, encoding)
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
pub(crate) fn write(path: Option<&Path>, bytes: &[u8]) -> Result<(), Failure> {
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
    let mut file = new_beside(path)?;
    file.write_all(bytes).map_err(Failure::local(doing()))?;
    file.persist(path)
        .map_err(|error| Failure::local(doing())(error.error))?;
    Ok(())
}

/// Refuses a `path` that [`write()`] could not write to, before there is a secret that would be lost by that.
pub(crate) fn check_place(path: &Path) -> Result<(), Failure> {
    if is_standard(path) {
        return Ok(());
    }
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(Failure::Usage(format!("{} is a folder", path.display()))),
        Ok(found) if !found.is_file() => Ok(()),
        _ => new_beside(path).map(drop),
    }
}

/// An empty file with mode 0600 in the folder of `path`; gone when it is dropped.
fn new_beside(path: &Path) -> Result<tempfile::NamedTempFile, Failure> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    tempfile::NamedTempFile::new_in(folder)
        .map_err(Failure::local(format!("cannot write {}", path.display())))
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
    use std::path::Path;

    use super::{
        Encoding, check_place, not_both_from_standard_input, read_blob, read_plain, write_blob, write_secret,
    };
    use crate::exit_code::ExitCode;
    use crate::failure::Failure;
    use crate::input::{CIPHERTEXT, IMPORT_TOKEN, PLAINTEXT, SIGNATURE, SIGNED_MESSAGE};

    #[test]
    fn a_place_that_cannot_be_written_to_is_refused_beforehand() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check_place(&folder.path().join("secret")).is_ok());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(check_place(Path::new("-")).is_ok());
        assert!(check_place(&folder.path().join("missing/secret")).is_err());
        assert!(check_place(folder.path()).is_err());
    }

    #[test]
    fn a_ciphertext_comes_back_in_either_encoding() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ciphertext");
        let ciphertext: Vec<u8> = (0..=255).collect();
        for encoding in [Encoding::Base64, Encoding::Raw] {
            write_blob(Some(&path), &ciphertext, encoding).unwrap();
            assert_eq!(read_blob(&path, &CIPHERTEXT, encoding).unwrap(), ciphertext);
        }
        fs::write(&path, "AQ\r\n ID\n").unwrap();
        assert_eq!(
            read_blob(&path, &CIPHERTEXT, Encoding::Base64).unwrap(),
            [1, 2, 3]
        );
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
        let refused = |result: Result<(), Failure>, expected: &str| {
            let failure = result.unwrap_err();
            assert_eq!(failure.exit_code(), ExitCode::Usage);
            assert!(failure.to_string().contains(expected), "{failure}");
            assert!(!failure.to_string().contains("not base64!"), "{failure}");
        };
        let plain = |input| read_plain(&path, input).map(drop);
        let blob = |input, encoding| read_blob(&path, input, encoding).map(drop);
        fs::write(&path, [7; 4_096]).unwrap();
        assert!(plain(&PLAINTEXT).is_ok() && plain(&SIGNED_MESSAGE).is_ok());
        fs::write(&path, [7; 4_097]).unwrap();
        refused(plain(&PLAINTEXT), "`kmsctl data-key`");
        refused(plain(&SIGNED_MESSAGE), "--message-type DIGEST");
        fs::write(&path, "").unwrap();
        refused(plain(&SIGNED_MESSAGE), "empty: expected a message");
        refused(blob(&CIPHERTEXT, Encoding::Raw), "empty: expected a ciphertext");
        fs::write(&path, "not base64!").unwrap();
        refused(blob(&SIGNATURE, Encoding::Base64), "--raw");
        refused(
            blob(&IMPORT_TOKEN, Encoding::Base64),
            "import parameters --token-out",
        );
        fs::write(&path, [7; 6_145]).unwrap();
        refused(blob(&SIGNATURE, Encoding::Raw), "a signature can be (6144 bytes)");
    }

    #[test]
    fn standard_input_is_read_for_one_thing_only() {
        let (standard, file) = (Path::new("-"), Path::new("f"));
        for (one, other, expected) in [
            (standard, standard, false),
            (standard, file, true),
            (file, file, true),
        ] {
            let result = not_both_from_standard_input([("--in", one), ("--signature", other)]);
            assert_eq!(result.is_ok(), expected);
        }
    }
}
