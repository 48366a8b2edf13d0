//! What an RSA key promises. Attack 8 of SECURITY.md: signatures of another digest, salt, message or key; attack 7:
//! private keys that are malformed or weak.

use super::{RsaMaterial, generate_pair};
use crate::error::{CryptoError, Fault};
use crate::material::KeyMaterial;
use crate::testing::test_rng;
use crate::vectors::Vector;
use kms_domain::vocabulary::{EncryptionAlgorithm, KeySpec, KeyUsage, MessageType, SigningAlgorithm};
use rand::{Rng, RngExt};
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey};
use rsa::sha2::{Digest, Sha256, Sha384, Sha512};
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, Pss};
use std::sync::LazyLock;

const SPECS: [KeySpec; 3] = [KeySpec::Rsa2048, KeySpec::Rsa3072, KeySpec::Rsa4096];

/// Keys that OpenSSL made, one of each spec, parsed once for all tests.
static KEYS: LazyLock<Vec<KeyMaterial>> = LazyLock::new(|| {
    let vectors = Vector::all(include_str!("../../tests/vectors/rsa_material.json"));
    let parsed = vectors
        .iter()
        .map(|vector| KeyMaterial::from_bytes(vector.parsed("spec"), &vector.secret("material")));
    parsed.collect::<Result<_, _>>().expect("sound keys")
});

/// The test key of an RSA spec.
pub(crate) fn test_key(spec: KeySpec) -> &'static KeyMaterial {
    let found = KEYS.iter().find(|key| key.spec() == spec);
    found.expect("a key of each RSA spec")
}

fn test_material(spec: KeySpec) -> &'static RsaMaterial {
    match test_key(spec) {
        KeyMaterial::Rsa(material) => material,
        _ => panic!("{spec} is RSA"),
    }
}

/// The same key as the second implementation holds it.
pub(crate) fn second_implementation(spec: KeySpec) -> rsa::PrivateKey {
    rsa::PrivateKey::from_pkcs8_der(test_material(spec).bytes()).expect("reads")
}

const ALGORITHMS: &[SigningAlgorithm] = KeySpec::Rsa2048.signing_algorithms(KeyUsage::SignVerify);

fn digest_of(algorithm: SigningAlgorithm, message: &[u8]) -> Vec<u8> {
    match algorithm.digest_bytes() {
        Some(32) => Sha256::digest(message).to_vec(),
        Some(48) => Sha384::digest(message).to_vec(),
        Some(64) => Sha512::digest(message).to_vec(),
        _ => panic!("{algorithm} is RSA's"),
    }
}

#[test]
fn stored_rsa_keys_stay_readable_and_do_what_another_implementation_does() {
    for vector in Vector::all(include_str!("../../tests/vectors/rsa_material.json")) {
        let spec: KeySpec = vector.parsed("spec");
        let (key, message) = (test_material(spec), vector.bytes("message"));
        vector.expect("material", key.bytes());
        vector.expect("public_key", key.public_key_der());
        for &algorithm in ALGORITHMS {
            let field = algorithm.as_str()["RSASSA_".len()..].to_lowercase();
            let theirs = vector.bytes(&field);
            assert_eq!(key.verify(algorithm, MessageType::Raw, &message, &theirs), Ok(()));
            if field.starts_with("pkcs1") {
                let ours = key.sign(algorithm, MessageType::Raw, &message);
                assert_eq!(
                    ours.as_ref(),
                    Ok(&theirs),
                    "{algorithm} has one signature for a message"
                );
            }
        }
        for (algorithm, field) in [
            (EncryptionAlgorithm::RsaesOaepSha1, "oaep_sha_1"),
            (EncryptionAlgorithm::RsaesOaepSha256, "oaep_sha_256"),
        ] {
            let opened = crate::rsa_oaep::decrypt(test_key(spec), algorithm, &vector.bytes(field));
            vector.expect("plaintext", opened.expect("opens").expose());
        }
    }
}

#[test]
fn a_new_key_has_the_size_of_its_spec_and_exponent_65537_and_one_encoding() {
    for (spec, bits) in SPECS.into_iter().zip([2_048, 3_072, 4_096]) {
        let (private, public) = generate_pair(spec).expect("generates");
        let stored = RsaMaterial::from_stored(spec, private.expose()).expect("reads");
        assert_eq!(stored.bytes(), private.expose());
        assert_eq!(stored.public_key_der(), public);
        let imported = RsaMaterial::import(spec, private.expose()).expect("imports");
        assert_eq!(imported.bytes(), private.expose());

        let read = rsa::PrivateKey::from_pkcs8_der(private.expose()).expect("reads");
        assert_eq!(read.n().bit_width(), bits);
        assert_eq!(read.e(), &rsa::BoxedUint::from(65_537_u64));
        let read_public = rsa::PublicKey::from_public_key_der(&public).expect("reads");
        assert_eq!(&read_public, read.as_public_key());
    }
    let other = generate_pair(KeySpec::EccNistP256).err();
    assert_eq!(other, Some(CryptoError::WrongSpec(KeySpec::EccNistP256)));
}

#[test]
fn stored_bytes_that_this_crate_did_not_write_are_refused() {
    let key = test_material(KeySpec::Rsa2048);
    let mut refused = vec![
        (KeySpec::Rsa2048, vec![]),
        (KeySpec::Rsa2048, key.bytes()[1..].to_vec()),
        (KeySpec::Rsa2048, [key.bytes(), &[0]].concat()),
        (KeySpec::Rsa3072, key.bytes().to_vec()),
        (KeySpec::EccNistP256, key.bytes().to_vec()),
    ];
    for vector in Vector::all(include_str!("../../tests/vectors/rsa_import.json")) {
        if ["with attributes", "version 2 with the public half"].contains(&vector.text("name")) {
            refused.push((KeySpec::Rsa2048, vector.bytes("imported")));
        }
    }
    assert_eq!(refused.len(), 7);
    for (spec, bytes) in refused {
        let error = RsaMaterial::from_stored(spec, &bytes).err().expect("refused");
        assert!(matches!(error, CryptoError::StoredFormat(_)), "{error}");
        assert_eq!(error.fault(), Fault::StoredData);
    }
}

#[test]
fn an_imported_key_is_stored_in_one_encoding_whatever_it_came_in() {
    for vector in Vector::all(include_str!("../../tests/vectors/rsa_import.json")) {
        let imported = KeyMaterial::import(vector.parsed("spec"), &vector.secret("imported"));
        vector.expect("material", imported.expect("imports").bytes());
    }
    for spec in SPECS {
        let key = test_material(spec);
        let imported = RsaMaterial::import(spec, key.bytes()).expect("imports");
        assert_eq!(imported.bytes(), key.bytes());
        assert_eq!(imported.public_key_der(), key.public_key_der());
    }
}

#[test]
fn malformed_and_weak_keys_are_refused_by_name() {
    for vector in Vector::all(include_str!("../../tests/vectors/rsa_import_refused.json")) {
        let error = KeyMaterial::import(vector.parsed("spec"), &vector.secret("imported"))
            .err()
            .unwrap_or_else(|| panic!("{} is refused", vector.text("name")));
        assert!(matches!(error, CryptoError::ImportedMaterial(_)), "{error}");
        assert_eq!(error.fault(), Fault::Caller);
        let expected = format!("the key material is not acceptable: {}", vector.text("refusal"));
        assert_eq!(error.to_string(), expected, "{}", vector.text("name"));
    }
}

#[test]
fn no_truncation_of_a_private_key_is_imported() {
    let bytes = test_material(KeySpec::Rsa2048).bytes();
    for length in 0..bytes.len() {
        let refused = RsaMaterial::import(KeySpec::Rsa2048, &bytes[..length]).err();
        assert!(
            matches!(refused, Some(CryptoError::ImportedMaterial(_))),
            "length {length}"
        );
    }
}

#[test]
fn a_message_and_its_digest_have_the_same_signatures() {
    let message = b"a message";
    for spec in SPECS {
        let key = test_material(spec);
        for &algorithm in ALGORITHMS {
            let digest = digest_of(algorithm, message);
            let raw = key.sign(algorithm, MessageType::Raw, message).expect("signs");
            let digested = key.sign(algorithm, MessageType::Digest, &digest).expect("signs");
            for signature in [raw, digested] {
                assert_eq!(signature.len(), key.public_key().modulus_bytes());
                assert_eq!(
                    key.verify(algorithm, MessageType::Raw, message, &signature),
                    Ok(())
                );
                assert_eq!(
                    key.verify(algorithm, MessageType::Digest, &digest, &signature),
                    Ok(())
                );
            }
        }
    }
}

#[test]
fn a_digest_of_another_length_is_refused_and_the_algorithm_named() {
    let key = test_material(KeySpec::Rsa2048);
    for &algorithm in ALGORITHMS {
        let refused = Err(CryptoError::DigestLength(algorithm));
        let length = algorithm.digest_bytes().expect("RSA's take a digest");
        for wrong in [0, 20, length - 1, length + 1, 128] {
            let digest = vec![7; wrong];
            assert_eq!(
                key.sign(algorithm, MessageType::Digest, &digest),
                refused.clone().map(|()| vec![])
            );
            assert_eq!(
                key.verify(algorithm, MessageType::Digest, &digest, &[0; 256]),
                refused
            );
        }
    }
}

#[test]
fn algorithms_and_message_types_of_other_keys_are_refused() {
    let key = test_material(KeySpec::Rsa2048);
    let refused = CryptoError::WrongSpec(KeySpec::Rsa2048);
    for (algorithm, message_type) in [
        (SigningAlgorithm::EcdsaSha256, MessageType::Raw),
        (SigningAlgorithm::MlDsaShake256, MessageType::Raw),
        (SigningAlgorithm::Ed25519Sha512, MessageType::Raw),
        (SigningAlgorithm::RsassaPssSha256, MessageType::ExternalMu),
    ] {
        assert_eq!(key.sign(algorithm, message_type, &[7; 64]), Err(refused.clone()));
        assert_eq!(
            key.verify(algorithm, message_type, &[7; 64], &[0; 256]),
            Err(refused.clone())
        );
    }
}

#[test]
fn a_signature_counts_for_its_algorithm_message_and_key_only() {
    let (key, stranger) = (test_material(KeySpec::Rsa2048), generate_pair(KeySpec::Rsa2048));
    let stranger = RsaMaterial::from_stored(KeySpec::Rsa2048, stranger.expect("generates").0.expose());
    let stranger = stranger.expect("reads");
    let refused = Err(CryptoError::InvalidSignature);
    for &algorithm in ALGORITHMS {
        let signature = key.sign(algorithm, MessageType::Raw, b"message").expect("signs");
        for &other in ALGORITHMS.iter().filter(|&&other| other != algorithm) {
            assert_eq!(
                key.verify(other, MessageType::Raw, b"message", &signature),
                refused
            );
        }
        assert_eq!(
            key.verify(algorithm, MessageType::Raw, b"massage", &signature),
            refused
        );
        assert_eq!(
            stranger.verify(algorithm, MessageType::Raw, b"message", &signature),
            refused
        );
        let larger = test_material(KeySpec::Rsa3072);
        assert_eq!(
            larger.verify(algorithm, MessageType::Raw, b"message", &signature),
            refused
        );
    }
}

#[test]
fn any_changed_bit_and_any_length_of_a_signature_is_refused_alike() {
    let key = test_material(KeySpec::Rsa2048);
    let refused = Err(CryptoError::InvalidSignature);
    for algorithm in [
        SigningAlgorithm::RsassaPssSha256,
        SigningAlgorithm::RsassaPkcs1V15Sha256,
    ] {
        let signature = key.sign(algorithm, MessageType::Raw, b"message").expect("signs");
        let verify = |signature: &[u8]| key.verify(algorithm, MessageType::Raw, b"message", signature);
        for bit in 0..signature.len() * 8 {
            let mut changed = signature.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(verify(&changed), refused, "bit {bit}");
        }
        for length in 0..signature.len() {
            assert_eq!(verify(&signature[..length]), refused, "length {length}");
        }
        assert_eq!(verify(&[signature.as_slice(), &[0]].concat()), refused);
        assert_eq!(verify(&[&[0], signature.as_slice()].concat()), refused);
    }
}

#[test]
fn pss_signatures_are_salted_and_pkcs1_v1_5_ones_are_not() {
    let key = test_material(KeySpec::Rsa2048);
    for &algorithm in ALGORITHMS {
        let sign = || key.sign(algorithm, MessageType::Raw, b"message").expect("signs");
        let salted = algorithm.as_str().starts_with("RSASSA_PSS");
        assert_eq!(sign() != sign(), salted, "{algorithm}");
    }
}

/// Signs or verifies a digest with the second implementation; PSS salts are `salt_bytes` long.
trait Second {
    fn sign_second(&self, algorithm: SigningAlgorithm, digest: &[u8], salt_bytes: usize) -> Vec<u8>;
    fn verify_second(&self, algorithm: SigningAlgorithm, digest: &[u8], signature: &[u8]) -> bool;
}

impl Second for rsa::PrivateKey {
    fn sign_second(&self, algorithm: SigningAlgorithm, digest: &[u8], salt_bytes: usize) -> Vec<u8> {
        use SigningAlgorithm as A;
        let rng = &mut test_rng();
        let signature = match algorithm {
            A::RsassaPssSha256 => self.sign_with_rng(rng, Pss::<Sha256>::new_with_salt(salt_bytes), digest),
            A::RsassaPssSha384 => self.sign_with_rng(rng, Pss::<Sha384>::new_with_salt(salt_bytes), digest),
            A::RsassaPssSha512 => self.sign_with_rng(rng, Pss::<Sha512>::new_with_salt(salt_bytes), digest),
            A::RsassaPkcs1V15Sha256 => self.sign_with_rng(rng, Pkcs1v15Sign::new::<Sha256>(), digest),
            A::RsassaPkcs1V15Sha384 => self.sign_with_rng(rng, Pkcs1v15Sign::new::<Sha384>(), digest),
            A::RsassaPkcs1V15Sha512 => self.sign_with_rng(rng, Pkcs1v15Sign::new::<Sha512>(), digest),
            _ => panic!("{algorithm} is RSA's"),
        };
        signature.expect("signs")
    }

    fn verify_second(&self, algorithm: SigningAlgorithm, digest: &[u8], signature: &[u8]) -> bool {
        use SigningAlgorithm as A;
        let key = self.as_public_key();
        let verified = match algorithm {
            A::RsassaPssSha256 => key.verify(Pss::<Sha256>::new(), digest, signature),
            A::RsassaPssSha384 => key.verify(Pss::<Sha384>::new(), digest, signature),
            A::RsassaPssSha512 => key.verify(Pss::<Sha512>::new(), digest, signature),
            A::RsassaPkcs1V15Sha256 => key.verify(Pkcs1v15Sign::new::<Sha256>(), digest, signature),
            A::RsassaPkcs1V15Sha384 => key.verify(Pkcs1v15Sign::new::<Sha384>(), digest, signature),
            A::RsassaPkcs1V15Sha512 => key.verify(Pkcs1v15Sign::new::<Sha512>(), digest, signature),
            _ => panic!("{algorithm} is RSA's"),
        };
        verified.is_ok()
    }
}

#[test]
fn two_implementations_accept_each_others_signatures() {
    let rng = &mut test_rng();
    for (spec, rounds) in SPECS.into_iter().zip([4, 1, 1]) {
        let (key, second) = (test_material(spec), second_implementation(spec));
        for &algorithm in ALGORITHMS.iter().cycle().take(ALGORITHMS.len() * rounds) {
            let mut message = vec![0; rng.random_range(0..4_096)];
            rng.fill_bytes(&mut message);
            let digest = digest_of(algorithm, &message);
            let ours = key.sign(algorithm, MessageType::Raw, &message).expect("signs");
            assert!(second.verify_second(algorithm, &digest, &ours), "{algorithm}");
            let theirs = second.sign_second(algorithm, &digest, digest.len());
            assert_eq!(key.verify(algorithm, MessageType::Raw, &message, &theirs), Ok(()));
        }
    }
}

#[test]
fn a_pss_signature_with_a_salt_of_another_length_is_refused() {
    let (key, second) = (
        test_material(KeySpec::Rsa2048),
        second_implementation(KeySpec::Rsa2048),
    );
    for &algorithm in ALGORITHMS
        .iter()
        .filter(|algorithm| algorithm.as_str().starts_with("RSASSA_PSS"))
    {
        let digest = digest_of(algorithm, b"message");
        for salt_bytes in [0, 20, digest.len() - 1, digest.len() + 1] {
            let signature = second.sign_second(algorithm, &digest, salt_bytes);
            let refused = key.verify(algorithm, MessageType::Digest, &digest, &signature);
            assert_eq!(
                refused,
                Err(CryptoError::InvalidSignature),
                "{algorithm} {salt_bytes}"
            );
        }
    }
}
