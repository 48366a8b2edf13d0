//! What commands read from files: how long it may be, and what to say when a file holds something else. Checked
//! before anything is sent, so that the message can name the file.

use std::path::Path;

use crate::failure::Failure;

/// What a file is to hold.
pub(crate) struct Input {
    /// What messages call it, with its article.
    name: &'static str,
    /// The longest that the service takes, in bytes.
    pub(crate) bytes_max: usize,
    /// What helps when the file holds more; may be empty.
    if_longer: &'static str,
    /// What helps when the file is not the base64 it should be.
    if_not_base64: &'static str,
}

impl Input {
    /// Up to 4,096 bytes that are always read as they are.
    const fn plain(name: &'static str, if_longer: &'static str) -> Self {
        Self {
            name,
            bytes_max: 4_096,
            if_longer,
            if_not_base64: "",
        }
    }

    /// Up to 6,144 bytes that something has made, as base64 unless the caller says otherwise.
    const fn blob(name: &'static str) -> Self {
        Self {
            name,
            bytes_max: 6_144,
            if_longer: "",
            if_not_base64: "--raw reads it as it is",
        }
    }

    /// What to say when a file has more.
    pub(crate) fn too_long(&self, path: &Path) -> Failure {
        let Self { name, bytes_max, .. } = self;
        let mut message = format!(
            "{} is longer than {name} can be ({bytes_max} bytes)",
            path.display()
        );
        if !self.if_longer.is_empty() {
            message.push_str(&format!(": {}", self.if_longer));
        }
        Failure::Usage(message)
    }

    /// What to say when a file has something else than base64. Not what it has, which may be secret.
    pub(crate) fn not_base64(&self, path: &Path) -> Failure {
        Failure::Usage(format!(
            "{} is not base64: {}",
            path.display(),
            self.if_not_base64
        ))
    }

    /// What to say when a file has nothing.
    pub(crate) fn missing(&self, path: &Path) -> Failure {
        Failure::Usage(format!("{} is empty: expected {}", path.display(), self.name))
    }
}

/// What Encrypt takes.
pub(crate) const PLAINTEXT: Input =
    Input::plain("a plaintext", "encrypt it with a data key (`kmsctl data-key`)");
/// What Sign and Verify take.
pub(crate) const SIGNED_MESSAGE: Input = Input::plain(
    "a message",
    "sign and verify its digest with --message-type DIGEST (EXTERNAL_MU for ML-DSA)",
);
/// What GenerateMac and VerifyMac take.
pub(crate) const AUTHENTICATED_MESSAGE: Input =
    Input::plain("a message", "make and verify the MAC of its digest");
/// What Decrypt and ReEncrypt take.
pub(crate) const CIPHERTEXT: Input = Input::blob("a ciphertext");
/// What Verify checks.
pub(crate) const SIGNATURE: Input = Input::blob("a signature");
/// What VerifyMac checks.
pub(crate) const MAC: Input = Input::blob("a MAC");
/// What Decapsulate opens.
pub(crate) const ENCAPSULATION: Input = Input::blob("an encapsulated shared secret");
/// What ImportKeyMaterial imports.
pub(crate) const ENCRYPTED_KEY_MATERIAL: Input = Input::blob("encrypted key material");
/// What ImportKeyMaterial imports it by.
pub(crate) const IMPORT_TOKEN: Input = Input {
    if_not_base64: "expected what `kmsctl import parameters --token-out` wrote",
    ..Input::blob("an import token")
};
/// The other side of DeriveSharedSecret: 8,192 bytes of DER as PEM, and room for what may stand around it.
pub(crate) const PUBLIC_KEY: Input = Input {
    bytes_max: 16_384,
    ..Input::blob("a public key")
};
