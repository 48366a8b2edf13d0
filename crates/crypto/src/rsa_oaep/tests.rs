//! What a ciphertext of an RSA key promises. Attack 5 of SECURITY.md: every bit flip and truncation; attack 8: no
//! oracle.

use super::{decrypt, encrypt, plaintext_bytes_max};
use crate::error::CryptoError;
use crate::material::KeyMaterial;
use crate::rsa::tests::{second_implementation, test_key};
use crate::testing::test_rng;
use kms_domain::vocabulary::{EncryptionAlgorithm, KeySpec};
use rand::{Rng, RngExt};
use rsa::sha2::Sha256;
use sha1::Sha1;

const SHA_1: EncryptionAlgorithm = EncryptionAlgorithm::RsaesOaepSha1;
const SHA_256: EncryptionAlgorithm = EncryptionAlgorithm::RsaesOaepSha256;
const SPECS: [KeySpec; 3] = [KeySpec::Rsa2048, KeySpec::Rsa3072, KeySpec::Rsa4096];

#[track_caller]
fn assert_refused(key: &KeyMaterial, algorithm: EncryptionAlgorithm, ciphertext: &[u8]) {
    let error = decrypt(key, algorithm, ciphertext).err();
    assert_eq!(error, Some(CryptoError::InvalidCiphertext));
}

/// The numbers are those of the AWS KMS documentation of Encrypt.
#[test]
fn the_longest_plaintext_is_that_of_the_service_model() {
    for (spec, sha_1, sha_256) in [
        (KeySpec::Rsa2048, 214, 190),
        (KeySpec::Rsa3072, 342, 318),
        (KeySpec::Rsa4096, 470, 446),
    ] {
        assert_eq!(plaintext_bytes_max(spec, SHA_1), sha_1);
        assert_eq!(plaintext_bytes_max(spec, SHA_256), sha_256);
        assert_eq!(
            plaintext_bytes_max(spec, EncryptionAlgorithm::SymmetricDefault),
            0
        );
    }
    assert_eq!(plaintext_bytes_max(KeySpec::SymmetricDefault, SHA_256), 0);
}

#[test]
fn plaintexts_up_to_the_limit_return_and_longer_ones_are_told_it() {
    for spec in SPECS {
        let key = test_key(spec);
        for algorithm in [SHA_1, SHA_256] {
            let max_bytes = plaintext_bytes_max(spec, algorithm);
            for length in [0, 1, max_bytes - 1, max_bytes] {
                let plaintext = vec![7; length];
                let ciphertext = encrypt(key, algorithm, &plaintext).expect("encrypts");
                let opened = decrypt(key, algorithm, &ciphertext).expect("opens");
                assert_eq!(opened.expose(), plaintext);
            }
            let refused = encrypt(key, algorithm, &vec![7; max_bytes + 1]);
            assert_eq!(refused, Err(CryptoError::OaepPlaintextLength { max_bytes }));
        }
    }
}

#[test]
fn a_plaintext_never_has_the_same_ciphertext_twice() {
    let key = test_key(KeySpec::Rsa2048);
    let ciphertext = || encrypt(key, SHA_256, b"attack at dawn").expect("encrypts");
    assert_ne!(ciphertext(), ciphertext());
}

#[test]
fn material_and_algorithms_of_other_keys_are_refused() {
    let rng = &mut test_rng();
    let symmetric = KeyMaterial::generate(KeySpec::SymmetricDefault, rng).expect("generates");
    for (key, algorithm) in [
        (&symmetric, SHA_256),
        (test_key(KeySpec::Rsa2048), EncryptionAlgorithm::SymmetricDefault),
    ] {
        let refused = CryptoError::WrongSpec(key.spec());
        assert_eq!(encrypt(key, algorithm, b"x").err(), Some(refused.clone()));
        assert_eq!(decrypt(key, algorithm, &[0; 256]).err(), Some(refused));
    }
}

#[test]
fn any_changed_bit_and_any_length_of_a_ciphertext_is_refused_alike() {
    let key = test_key(KeySpec::Rsa2048);
    for (algorithm, bits_apart) in [(SHA_256, 1), (SHA_1, 13)] {
        let ciphertext = encrypt(key, algorithm, b"attack at dawn").expect("encrypts");
        for bit in (0..ciphertext.len() * 8).step_by(bits_apart) {
            let mut changed = ciphertext.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_refused(key, algorithm, &changed);
        }
        for length in 0..ciphertext.len() {
            assert_refused(key, algorithm, &ciphertext[..length]);
        }
        assert_refused(key, algorithm, &[ciphertext.as_slice(), &[0]].concat());
        assert_refused(key, algorithm, &[&[0], ciphertext.as_slice()].concat());
    }
}

#[test]
fn ciphertexts_of_another_key_or_digest_and_numbers_that_are_none_are_refused_alike() {
    let key = test_key(KeySpec::Rsa2048);
    let ciphertext = encrypt(key, SHA_256, b"attack at dawn").expect("encrypts");
    assert_refused(key, SHA_1, &ciphertext);
    assert_refused(test_key(KeySpec::Rsa3072), SHA_256, &ciphertext);
    let mut one = vec![0; 256];
    one[255] = 1;
    for number in [vec![0; 256], one, vec![0xff; 256]] {
        assert_refused(key, SHA_1, &number);
        assert_refused(key, SHA_256, &number);
    }
}

#[test]
fn a_ciphertext_with_a_label_is_refused() {
    let second = second_implementation(KeySpec::Rsa2048);
    let labelled = rsa::Oaep::<Sha256>::new_with_label(b"label".to_vec());
    let ciphertext = second
        .as_public_key()
        .encrypt(&mut test_rng(), labelled, b"attack at dawn");
    assert_refused(
        test_key(KeySpec::Rsa2048),
        SHA_256,
        &ciphertext.expect("encrypts"),
    );
}

#[test]
fn two_implementations_decrypt_each_others_ciphertexts() {
    let rng = &mut test_rng();
    for (spec, rounds) in SPECS.into_iter().zip([8, 2, 1]) {
        let (key, second) = (test_key(spec), second_implementation(spec));
        for algorithm in [SHA_1, SHA_256].repeat(rounds) {
            let mut plaintext = vec![0; rng.random_range(0..=plaintext_bytes_max(spec, algorithm))];
            rng.fill_bytes(&mut plaintext);
            let ours = encrypt(key, algorithm, &plaintext).expect("encrypts");
            let public = second.as_public_key();
            let (opened, theirs) = if algorithm == SHA_1 {
                (
                    second.oaep_decrypt_with_rng::<Sha1, _>(rng, &ours),
                    public.oaep_encrypt_with_rng::<Sha1, _>(rng, &plaintext),
                )
            } else {
                (
                    second.oaep_decrypt_with_rng::<Sha256, _>(rng, &ours),
                    public.oaep_encrypt_with_rng::<Sha256, _>(rng, &plaintext),
                )
            };
            assert_eq!(opened.expect("opens"), plaintext);
            let opened = decrypt(key, algorithm, &theirs.expect("encrypts"));
            assert_eq!(opened.expect("opens").expose(), plaintext);
        }
    }
}
