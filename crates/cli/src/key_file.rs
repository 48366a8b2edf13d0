//! Key files: public keys (SubjectPublicKeyInfo, RFC 5280) and private keys (PKCS #8, RFC 5958), as PEM (RFC 7468)
//! or as DER.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::pem::{Error, PemObject, SectionKind};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::{input, payload};

/// Where PEM begins.
const BEGIN: &[u8] = b"-----BEGIN ";
/// Base64 letters in a line of PEM.
const LINE_LETTERS: usize = 64;
/// The DER tag of SEQUENCE.
const SEQUENCE: u8 = 0x30;

/// How a key is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// Text between -----BEGIN and -----END lines.
    Pem,
    /// The bytes themselves.
    Der,
}

impl Form {
    /// PEM unless `der`.
    pub(crate) fn new(der: bool) -> Self {
        if der { Self::Der } else { Self::Pem }
    }
}

/// Writes a public key to `path`, or to standard output if there is none or it is `-`.
pub(crate) fn write_public_key(path: Option<&Path>, der: &[u8], form: Form) -> Result<(), Failure> {
    write(path, "PUBLIC KEY", der, form)
}

/// Writes a private key to `path` with mode 0600, or to standard output if it is `-`.
pub(crate) fn write_private_key(path: &Path, der: &[u8], form: Form) -> Result<(), Failure> {
    write(Some(path), "PRIVATE KEY", der, form)
}

fn write(path: Option<&Path>, label: &str, der: &[u8], form: Form) -> Result<(), Failure> {
    match form {
        Form::Der => payload::write(path, der),
        Form::Pem => payload::write(path, to_pem(label, der).as_bytes()),
    }
}

/// Reads a public key, PEM or DER, from `path`, or from standard input if it is `-`, and gives its DER. Anything
/// else is refused here: a private key must not travel because somebody took the wrong file.
pub(crate) fn read_public_key(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = payload::read_plain(path, &input::PUBLIC_KEY)?;
    let refuse = |reason: &str| Failure::Usage(format!("{} {reason}", path.display()));
    let is_pem = bytes.windows(BEGIN.len()).any(|part| part == BEGIN);
    let der = if is_pem {
        from_pem(&bytes).map_err(refuse)?
    } else {
        bytes.to_vec()
    };
    if is_public_key(&der) {
        Ok(der)
    } else {
        Err(refuse(NOT_A_PUBLIC_KEY))
    }
}

const NOT_A_PUBLIC_KEY: &str = "is no public key as PEM (-----BEGIN PUBLIC KEY-----) or DER \
     (SubjectPublicKeyInfo): `kmsctl public-key KEY` writes one, as do `openssl pkey -in FILE -pubout` of a private key and \
     `openssl x509 -in FILE -pubkey -noout` of a certificate";
const PRIVATE_KEY: &str = "holds a private key, and only the public one is wanted: \
     `openssl pkey -in FILE -pubout` writes that. Nothing was sent";
const CERTIFICATE: &str = "holds a certificate, and only its public key is wanted: \
     `openssl x509 -in FILE -pubkey -noout` writes that";

/// The DER of the first section, which must be a public key; else why it is refused.
fn from_pem(pem: &[u8]) -> Result<Vec<u8>, &'static str> {
    match <(SectionKind, Vec<u8>)>::from_pem_slice(pem) {
        Ok((SectionKind::PublicKey, der)) => Ok(der),
        Ok((SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey, der)) => {
            drop(Zeroizing::new(der));
            Err(PRIVATE_KEY)
        }
        Ok((SectionKind::Certificate, _)) => Err(CERTIFICATE),
        Ok(_) | Err(Error::NoItemsFound) => Err(NOT_A_PUBLIC_KEY),
        Err(_) => Err("is damaged PEM: it must be whole, from its -----BEGIN to its -----END line"),
    }
}

/// Whether `der` begins as a SubjectPublicKeyInfo does: a SEQUENCE whose first member is one, too. The first
/// member of every kind of private key is an INTEGER. The rest is for the service to judge.
fn is_public_key(der: &[u8]) -> bool {
    let header_bytes = match der {
        [SEQUENCE, 0x81, ..] => 3,
        [SEQUENCE, 0x82, ..] => 4,
        [SEQUENCE, length, ..] if *length < 0x80 => 2,
        _ => return false,
    };
    der.get(header_bytes) == Some(&SEQUENCE)
}

/// PEM of `der`, with room for everything at once: a text that grows leaves copies behind, and `der` may be secret.
fn to_pem(label: &str, der: &[u8]) -> Zeroizing<String> {
    let letters = Zeroizing::new(STANDARD.encode(der));
    let lines = letters.len().div_ceil(LINE_LETTERS);
    let frame_bytes = 2 * ("-----BEGIN -----\n".len() + label.len());
    let mut pem = Zeroizing::new(String::with_capacity(letters.len() + lines + frame_bytes));
    pem.push_str("-----BEGIN ");
    pem.push_str(label);
    pem.push_str("-----\n");
    let mut rest = letters.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(LINE_LETTERS));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    pem.push_str("-----END ");
    pem.push_str(label);
    pem.push_str("-----\n");
    pem
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Form, read_public_key, to_pem, write_private_key, write_public_key};
    use crate::exit_code::ExitCode;

    /// Ed25519 of RFC 8410, section 10.1.
    const SPKI: &str = "-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
        -----END PUBLIC KEY-----\n";
    /// Its private key, of section 10.3.
    const PKCS8: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        -----END PRIVATE KEY-----\n";

    /// What is read from a file with `content`, or the refusal's text.
    fn read(content: &[u8]) -> Result<Vec<u8>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, content).unwrap();
        read_public_key(&path).map_err(|failure| {
            assert_eq!(failure.exit_code(), ExitCode::Usage);
            failure.to_string()
        })
    }

    #[test]
    fn a_public_key_comes_back_from_either_form_whatever_stands_around_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let der = read(SPKI.as_bytes()).unwrap();
        assert_eq!(der.len(), 44);
        for form in [Form::Pem, Form::Der] {
            write_public_key(Some(&path), &der, form).unwrap();
            assert_eq!(read_public_key(&path).unwrap(), der);
        }
        assert_eq!(fs::read(&path).unwrap(), der);
        let with_text = format!("made by hand\r\n{}", SPKI.replace('\n', "\r\n"));
        assert_eq!(read(with_text.as_bytes()).unwrap(), der);
    }

    #[test]
    fn pem_is_exactly_as_other_tools_write_it() {
        assert_eq!(
            to_pem("PUBLIC KEY", &read(SPKI.as_bytes()).unwrap()).as_str(),
            SPKI
        );
        let long = to_pem("PRIVATE KEY", &[0; 97]);
        let lines: Vec<usize> = long.lines().map(str::len).collect();
        assert_eq!(lines, [27, 64, 64, 4, 25]);
        assert!(long.capacity() >= long.len());
    }

    #[test]
    fn a_private_key_is_refused_in_every_form_and_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let sec1 = PKCS8.replace("PRIVATE", "EC PRIVATE");
        let with_parameters =
            format!("-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{sec1}");
        for content in [
            PKCS8,
            &sec1,
            &PKCS8.replace("PRIVATE", "RSA PRIVATE"),
            &with_parameters,
        ] {
            let refusal = read(content.as_bytes()).unwrap_err();
            assert!(
                refusal.contains("holds a private key") && refusal.contains("-pubout"),
                "{refusal}"
            );
            assert!(!refusal.contains("MC4C"), "{refusal}");
        }
        write_private_key(&path, b"\x30\x2e\x02\x01\x00\x30\x05", Form::Der).unwrap();
        let refusal = read_public_key(&path).unwrap_err().to_string();
        assert!(refusal.contains("is no public key"), "{refusal}");
    }

    #[test]
    fn whatever_else_is_no_public_key_is_refused_with_what_to_do() {
        let certificate = SPKI.replace("PUBLIC KEY", "CERTIFICATE");
        let unknown = SPKI.replace("PUBLIC KEY", "SSH2 PUBLIC KEY");
        for (content, expected) in [
            (certificate.as_str(), "openssl x509"),
            (&unknown, "-----BEGIN PUBLIC KEY-----"),
            (&SPKI[..60], "damaged"),
            (&SPKI.replace("MCow", "?Cow"), "damaged"),
            ("MCowBQYDK2VwAyEA", "-----BEGIN PUBLIC KEY-----"),
            ("0", "-----BEGIN PUBLIC KEY-----"),
            ("", "empty: expected a public key"),
        ] {
            let refusal = read(content.as_bytes()).unwrap_err();
            assert!(refusal.contains(expected), "{refusal}");
        }
        assert!(
            read(&[0x30; 16_385])
                .unwrap_err()
                .contains("longer than a public key")
        );
    }
}
