//! The crate's errors, grouped by whose fault they are.

use kms_domain::vocabulary::{KeySpec, SigningAlgorithm};

/// Why an operation of this crate failed. No variant tells which of several checks on secret-dependent bytes failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// Caller: a plaintext is not 1 to 4,096 bytes long.
    #[error("a plaintext is 1 to 4096 bytes")]
    PlaintextLength,
    /// Caller: a requested number of random bytes is not 1 to 1,024.
    #[error("a number of bytes is 1 to 1024")]
    NumberOfBytes,
    /// Caller: a ciphertext does not open, whatever the reason: its length, its version, the key, the material,
    /// the account, the encryption context or any of its bytes.
    #[error("invalid ciphertext")]
    InvalidCiphertext,
    /// Caller: a signature is not this key's over this message, whatever the reason.
    #[error("invalid signature")]
    InvalidSignature,
    /// Caller: a message authentication code is not this key's over this message, whatever the reason.
    #[error("invalid MAC")]
    InvalidMac,
    /// Caller: a DIGEST message is not as long as the algorithm's digest.
    #[error("Digest is invalid length for algorithm {0}.")]
    DigestLength(SigningAlgorithm),
    /// Caller: an EXTERNAL_MU message is not 64 bytes.
    #[error("Message representative mu is invalid length for algorithm {0}.")]
    MuLength(SigningAlgorithm),
    /// Caller: a plaintext is longer than RSA-OAEP can take under this key: `max_bytes`.
    #[error("RSA-OAEP takes at most {max_bytes} bytes under this key")]
    OaepPlaintextLength {
        /// Longest plaintext, in bytes.
        max_bytes: usize,
    },
    /// Caller: the other party's public key is not an acceptable key of this curve.
    #[error("the public key is not acceptable: {0}")]
    PublicKey(&'static str),
    /// Caller: imported bytes are no acceptable material of the key's spec.
    #[error("the key material is not acceptable: {0}")]
    ImportedMaterial(&'static str),
    /// Caller: an import token was not made for this key of this region, or was altered.
    #[error("invalid import token")]
    ImportToken,
    /// Caller: wrapped bytes do not open under the import wrapping key, whatever the reason.
    #[error("the encrypted key material does not open")]
    ImportUnwrap,
    /// The material's kind cannot do what is asked; callers check usage, spec and algorithm before.
    #[error("key spec {0} cannot do this")]
    WrongSpec(KeySpec),

    /// Stored data: wrapped bytes do not open under this key for this place and purpose.
    #[error("wrapped bytes do not open under this key for this place and purpose")]
    Unwrap,
    /// Stored data: bytes that opened correctly are not well formed, or were written by a newer version.
    #[error("stored bytes are malformed: {0}")]
    StoredFormat(&'static str),

    /// Operator: the root key's sealed form cannot be used.
    #[error("root key: {0}")]
    RootKey(&'static str),

    /// Another region: a signature is not the pinned region's over these fields.
    #[error("the signature is not the pinned region's")]
    PeerSignature,
    /// Another region: a frame is malformed, of another version or suite, or does not open for this place.
    #[error("sealed material from another region does not open for this place")]
    PeerFrame,
    /// Another region: the material does not match the commitment that travelled with it.
    #[error("key material from another region does not match its commitment")]
    PeerCommitment,
    /// Another region: its HPKE public key is refused.
    #[error("HPKE public key refused: {0}")]
    PeerKey(&'static str),

    /// This build: a key spec has no operations yet.
    #[error("key spec {0} is not supported")]
    SpecNotSupported(KeySpec),
    /// This build: the cryptographic library failed on inputs it must accept.
    #[error("the cryptographic library failed: {0}")]
    Library(&'static str),
}

/// Who has to act for an operation to succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Whoever called the service.
    Caller,
    /// Whoever keeps this region's rows: they were damaged, edited or moved.
    StoredData,
    /// The operator who holds the root key.
    Operator,
    /// Another region.
    Peer,
    /// This program.
    Own,
}

impl CryptoError {
    /// Who has to act.
    pub const fn fault(&self) -> Fault {
        match self {
            Self::PlaintextLength
            | Self::NumberOfBytes
            | Self::InvalidCiphertext
            | Self::InvalidSignature
            | Self::InvalidMac
            | Self::DigestLength(_)
            | Self::MuLength(_)
            | Self::OaepPlaintextLength { .. }
            | Self::PublicKey(_)
            | Self::ImportedMaterial(_)
            | Self::ImportToken
            | Self::ImportUnwrap => Fault::Caller,
            Self::Unwrap | Self::StoredFormat(_) => Fault::StoredData,
            Self::RootKey(_) => Fault::Operator,
            Self::PeerSignature | Self::PeerFrame | Self::PeerCommitment | Self::PeerKey(_) => Fault::Peer,
            Self::SpecNotSupported(_) | Self::WrongSpec(_) | Self::Library(_) => Fault::Own,
        }
    }
}
