//! What wrapped key material promises. Attack 7 of SECURITY.md: wrapped bytes that are not what they should be.

use super::ImportKeyPair;
use crate::error::{CryptoError, Fault};
use crate::rsa::RsaPublicKey;
use crate::rsa_oaep::OaepDigest;
use crate::vectors::Vector;
use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use kms_domain::vocabulary::{KeySpec, WrappingAlgorithm, WrappingKeySpec};
use std::sync::LazyLock;

const ALGORITHMS: [WrappingAlgorithm; 4] = [
    WrappingAlgorithm::RsaesOaepSha1,
    WrappingAlgorithm::RsaesOaepSha256,
    WrappingAlgorithm::RsaAesKeyWrapSha1,
    WrappingAlgorithm::RsaAesKeyWrapSha256,
];

static VECTORS: LazyLock<Vec<Vector>> =
    LazyLock::new(|| Vector::all(include_str!("../../tests/vectors/import_wrapped.json")));

fn key_pair(vector: &Vector) -> ImportKeyPair {
    ImportKeyPair::from_bytes(vector.parsed("wrapping_key_spec"), &vector.secret("wrapping_key"))
        .expect("a sound key")
}

#[track_caller]
fn assert_refused(key: &ImportKeyPair, algorithm: WrappingAlgorithm, encrypted: &[u8]) {
    let error = key.unwrap(algorithm, encrypted).err();
    assert_eq!(error, Some(CryptoError::ImportUnwrap));
}

/// RSA-OAEP of `aes_key`, then AES-KWP of `material` under the 32 bytes of `kek`.
fn wrapped(
    key: &ImportKeyPair,
    digest: OaepDigest,
    aes_key: &[u8],
    kek: &[u8; 32],
    material: &[u8],
) -> Vec<u8> {
    let public = RsaPublicKey::from_der(KeySpec::Rsa2048, key.public_key_der()).expect("a sound key");
    let mut buffer = vec![0; material.len() + 16];
    let kek = AesKek::new(&AES_256, kek).expect("32 bytes");
    let wrapped = kek.wrap_with_padding(material, &mut buffer).expect("wraps");
    [&public.encrypt(digest, aes_key).expect("encrypts"), &*wrapped].concat()
}

#[test]
fn material_that_openssl_wrapped_unwraps_by_its_algorithm_and_no_other() {
    assert_eq!(VECTORS.len(), 3, "a vector for each wrapping key spec");
    for vector in VECTORS.iter() {
        let key = key_pair(vector);
        for algorithm in ALGORITHMS {
            let encrypted = vector.bytes(algorithm.as_str());
            let unwrapped = key.unwrap(algorithm, &encrypted).expect("unwraps");
            vector.expect("material", unwrapped.expose());
            for other in ALGORITHMS.into_iter().filter(|&other| other != algorithm) {
                assert_refused(&key, other, &encrypted);
            }
        }
    }
}

#[test]
fn any_changed_bit_and_any_length_of_wrapped_material_is_refused_alike() {
    let vector = &VECTORS[0];
    let key = key_pair(vector);
    for (algorithm, bits_apart) in ALGORITHMS.into_iter().zip([17, 5, 17, 5]) {
        let encrypted = vector.bytes(algorithm.as_str());
        let oaep_bits = 256 * 8;
        let sampled = (0..oaep_bits).step_by(bits_apart);
        for bit in sampled.chain(oaep_bits..encrypted.len() * 8) {
            let mut changed = encrypted.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_refused(&key, algorithm, &changed);
        }
        for length in 0..encrypted.len() {
            assert_refused(&key, algorithm, &encrypted[..length]);
        }
        assert_refused(&key, algorithm, &[encrypted.as_slice(), &[0]].concat());
        assert_refused(&key, algorithm, &[encrypted.as_slice(), &[0; 8]].concat());
    }
    assert_eq!(CryptoError::ImportUnwrap.fault(), Fault::Caller);
}

#[test]
fn the_aes_key_of_a_key_wrap_is_256_bits() {
    let key = key_pair(&VECTORS[0]);
    let algorithm = WrappingAlgorithm::RsaAesKeyWrapSha256;
    let right = wrapped(&key, OaepDigest::Sha256, &[7; 32], &[7; 32], b"material");
    assert_eq!(
        key.unwrap(algorithm, &right).expect("unwraps").expose(),
        b"material"
    );
    for length in [0, 16, 24, 31, 33] {
        let wrong = wrapped(&key, OaepDigest::Sha256, &vec![7; length], &[7; 32], b"material");
        assert_refused(&key, algorithm, &wrong);
    }
}

/// The second unwrapping then runs with a key of zeros, which must not become a key that anyone can wrap with.
#[test]
fn material_under_the_key_that_stands_in_for_a_missing_one_is_refused() {
    let key = key_pair(&VECTORS[0]);
    let mut encrypted = wrapped(&key, OaepDigest::Sha256, &[0; 32], &[0; 32], b"material");
    let algorithm = WrappingAlgorithm::RsaAesKeyWrapSha256;
    assert!(key.unwrap(algorithm, &encrypted).is_ok());
    encrypted[100] ^= 1;
    assert_refused(&key, algorithm, &encrypted);
    let short = wrapped(&key, OaepDigest::Sha256, &[0; 31], &[0; 32], b"material");
    assert_refused(&key, algorithm, &short);
}

#[test]
fn material_of_any_length_unwraps() {
    let key = key_pair(&VECTORS[0]);
    for length in [1, 7, 8, 9, 28, 64, 138, 1_217, 2_374] {
        let material = vec![9; length];
        let encrypted = wrapped(&key, OaepDigest::Sha1, &[7; 32], &[7; 32], &material);
        let unwrapped = key.unwrap(WrappingAlgorithm::RsaAesKeyWrapSha1, &encrypted);
        assert_eq!(unwrapped.expect("unwraps").expose(), material);
    }
}

#[test]
fn a_wrapping_key_survives_as_bytes_of_its_spec() {
    let key = ImportKeyPair::generate(WrappingKeySpec::Rsa2048).expect("generates");
    let bytes = crate::SecretBytes::copy_of(key.bytes());
    let restored = ImportKeyPair::from_bytes(WrappingKeySpec::Rsa2048, &bytes).expect("reads");
    assert_eq!(restored.public_key_der(), key.public_key_der());
    let other = ImportKeyPair::from_bytes(WrappingKeySpec::Rsa3072, &bytes).err();
    assert!(matches!(other, Some(CryptoError::StoredFormat(_))));
}
