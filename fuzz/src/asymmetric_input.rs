//! Signatures, codes, RSA and ML-KEM ciphertexts and wrapped key material, as callers bring them to keys that are not
//! SYMMETRIC_DEFAULT.

use crate::Seed;
use crate::fixed_rng::FixedRng;
use crate::keys::imported;
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use kms_crypto::import::ImportKeyPair;
use kms_crypto::{CryptoError, KeyMaterial, SecretBytes, encapsulation, mac, rsa_oaep, signing};
use kms_domain::vocabulary::{
    EncryptionAlgorithm, KeySpec, MacAlgorithm, MessageType, SigningAlgorithm, WrappingAlgorithm,
    WrappingKeySpec,
};
use std::sync::LazyLock;

const MESSAGE: &[u8] = b"attack at dawn";
const MATERIAL: [u8; 32] = [0x77; 32];
const AES_KEY: [u8; 32] = [0x21; 32];

/// What an input is; its first byte chooses one.
#[derive(Clone, Copy)]
enum Kind {
    Signature(KeySpec, SigningAlgorithm),
    Mac,
    Oaep(EncryptionAlgorithm),
    Wrapped(WrappingAlgorithm),
    Encapsulated,
}

const KINDS: [(&str, Kind); 16] = [
    (
        "pkcs1",
        Kind::Signature(KeySpec::Rsa2048, SigningAlgorithm::RsassaPkcs1V15Sha256),
    ),
    (
        "pss",
        Kind::Signature(KeySpec::Rsa2048, SigningAlgorithm::RsassaPssSha256),
    ),
    (
        "p256",
        Kind::Signature(KeySpec::EccNistP256, SigningAlgorithm::EcdsaSha256),
    ),
    (
        "p384",
        Kind::Signature(KeySpec::EccNistP384, SigningAlgorithm::EcdsaSha384),
    ),
    (
        "p521",
        Kind::Signature(KeySpec::EccNistP521, SigningAlgorithm::EcdsaSha512),
    ),
    (
        "secp256k1",
        Kind::Signature(KeySpec::EccSecgP256k1, SigningAlgorithm::EcdsaSha256),
    ),
    (
        "ed25519",
        Kind::Signature(KeySpec::EccNistEdwards25519, SigningAlgorithm::Ed25519Sha512),
    ),
    (
        "ml-dsa",
        Kind::Signature(KeySpec::MlDsa44, SigningAlgorithm::MlDsaShake256),
    ),
    ("hmac", Kind::Mac),
    ("oaep-sha1", Kind::Oaep(EncryptionAlgorithm::RsaesOaepSha1)),
    ("oaep-sha256", Kind::Oaep(EncryptionAlgorithm::RsaesOaepSha256)),
    (
        "wrapped-oaep-sha1",
        Kind::Wrapped(WrappingAlgorithm::RsaesOaepSha1),
    ),
    (
        "wrapped-oaep-sha256",
        Kind::Wrapped(WrappingAlgorithm::RsaesOaepSha256),
    ),
    (
        "wrapped-aes-sha1",
        Kind::Wrapped(WrappingAlgorithm::RsaAesKeyWrapSha1),
    ),
    (
        "wrapped-aes-sha256",
        Kind::Wrapped(WrappingAlgorithm::RsaAesKeyWrapSha256),
    ),
    ("ml-kem", Kind::Encapsulated),
];

static KEYS: LazyLock<Vec<KeyMaterial>> = LazyLock::new(|| {
    let from_bytes = |spec| KeyMaterial::from_bytes(spec, &SecretBytes::copy_of(&[0x55; 32]));
    let from_openssl = [
        KeySpec::Rsa2048,
        KeySpec::EccNistP256,
        KeySpec::EccNistP384,
        KeySpec::EccNistP521,
        KeySpec::EccSecgP256k1,
        KeySpec::EccNistEdwards25519,
    ];
    let mut keys: Vec<KeyMaterial> = from_openssl.into_iter().map(imported).collect();
    for spec in [KeySpec::MlDsa44, KeySpec::Hmac256] {
        keys.push(from_bytes(spec).expect("32 bytes are material"));
    }
    let ml_kem = KeyMaterial::generate(KeySpec::MlKem512, &mut FixedRng(7));
    keys.push(ml_kem.expect("a key pair is made"));
    keys
});

static WRAPPING: LazyLock<ImportKeyPair> = LazyLock::new(|| {
    let bytes = SecretBytes::copy_of(key(KeySpec::Rsa2048).bytes());
    ImportKeyPair::from_bytes(WrappingKeySpec::Rsa2048, &bytes).expect("an RSA key wraps imports")
});

fn key(spec: KeySpec) -> &'static KeyMaterial {
    let of_spec = KEYS.iter().find(|key| key.spec() == spec);
    of_spec.expect("there is a key of each spec used here")
}

/// What a caller brings, of the kind that the first byte names: whatever is wrong with it is one refusal, and what is
/// taken is not taken with a byte more.
pub fn asymmetric_input(bytes: &[u8]) -> bool {
    let Some((kind, bytes)) = bytes.split_first() else {
        return false;
    };
    let Some((name, kind)) = KINDS.get(usize::from(*kind)) else {
        return false;
    };
    let longer = [bytes, &[0]].concat();
    match kind.take(bytes) {
        Ok(()) => {
            assert!(
                kind.take(&longer).is_err(),
                "{name} is taken with a byte behind it"
            );
            true
        }
        Err(refusal) => {
            assert_eq!(refusal, kind.refusal(), "{name}");
            false
        }
    }
}

impl Kind {
    fn take(self, bytes: &[u8]) -> Result<(), CryptoError> {
        match self {
            Self::Signature(spec, algorithm) => {
                signing::verify(key(spec), algorithm, MessageType::Raw, MESSAGE, bytes)
            }
            Self::Mac => mac::verify(key(KeySpec::Hmac256), MacAlgorithm::HmacSha256, MESSAGE, bytes),
            Self::Oaep(algorithm) => {
                let opened = rsa_oaep::decrypt(key(KeySpec::Rsa2048), algorithm, bytes)?;
                assert!(opened.len() <= rsa_oaep::plaintext_bytes_max(KeySpec::Rsa2048, algorithm));
                Ok(())
            }
            Self::Wrapped(algorithm) => {
                let unwrapped = WRAPPING.unwrap(algorithm, bytes)?;
                assert!(unwrapped.len() <= bytes.len());
                Ok(())
            }
            Self::Encapsulated => {
                let secret = encapsulation::decapsulate(key(KeySpec::MlKem512), bytes)?;
                assert_eq!(secret.len(), 32);
                Ok(())
            }
        }
    }

    fn refusal(self) -> CryptoError {
        match self {
            Self::Signature(..) => CryptoError::InvalidSignature,
            Self::Mac => CryptoError::InvalidMac,
            Self::Oaep(_) | Self::Encapsulated => CryptoError::InvalidCiphertext,
            Self::Wrapped(_) => CryptoError::ImportUnwrap,
        }
    }

    /// What the key, or the caller who has its public half, makes.
    fn made(self) -> Vec<u8> {
        let rsa = key(KeySpec::Rsa2048);
        let made = match self {
            Self::Signature(spec, algorithm) => {
                signing::sign(key(spec), algorithm, MessageType::Raw, MESSAGE, &mut FixedRng(8))
            }
            Self::Mac => mac::generate(key(KeySpec::Hmac256), MacAlgorithm::HmacSha256, MESSAGE),
            Self::Oaep(algorithm) => rsa_oaep::encrypt(rsa, algorithm, MESSAGE),
            Self::Wrapped(WrappingAlgorithm::RsaesOaepSha1) => {
                rsa_oaep::encrypt(rsa, EncryptionAlgorithm::RsaesOaepSha1, &MATERIAL)
            }
            Self::Wrapped(WrappingAlgorithm::RsaesOaepSha256) => {
                rsa_oaep::encrypt(rsa, EncryptionAlgorithm::RsaesOaepSha256, &MATERIAL)
            }
            Self::Wrapped(WrappingAlgorithm::RsaAesKeyWrapSha1) => {
                rsa_oaep::encrypt(rsa, EncryptionAlgorithm::RsaesOaepSha1, &AES_KEY).map(followed_by_material)
            }
            Self::Wrapped(WrappingAlgorithm::RsaAesKeyWrapSha256) => {
                rsa_oaep::encrypt(rsa, EncryptionAlgorithm::RsaesOaepSha256, &AES_KEY)
                    .map(followed_by_material)
            }
            Self::Encapsulated => {
                encapsulation::encapsulate(key(KeySpec::MlKem512)).map(|encapsulated| encapsulated.ciphertext)
            }
        };
        made.expect("a key makes what its spec allows")
    }
}

/// The material wrapped under the AES key that was wrapped before it (RFC 5649).
fn followed_by_material(mut wrapped_key: Vec<u8>) -> Vec<u8> {
    let kek = AesKek::new(&AES_256, &AES_KEY).expect("32 bytes are an AES key");
    let mut wrapped = [0; 64];
    let wrapped = kek
        .wrap_with_padding(&MATERIAL, &mut wrapped)
        .expect("material is wrapped");
    wrapped_key.extend_from_slice(wrapped);
    wrapped_key
}

/// One of each kind.
pub fn seeds() -> Vec<Seed> {
    let numbered = (0u8..).zip(KINDS);
    numbered
        .map(|(number, (name, kind))| Seed::new(name, [&[number], kind.made().as_slice()].concat()))
        .collect()
}
