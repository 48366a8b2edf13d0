//! What ML-KEM material promises.

use super::{MlKemMaterial, ParameterSet};
use crate::encapsulation::{decapsulate, encapsulate};
use crate::error::CryptoError;
use crate::material::KeyMaterial;
use crate::testing::{expand_ml_kem_seed, from_hex, test_rng};
use aws_lc_rs::digest::{SHA3_256, digest};
use kms_domain::vocabulary::KeySpec;
use ml_kem::{Decapsulate, DecapsulationKey512, DecapsulationKey768, DecapsulationKey1024, Encapsulate};

const SPECS: [(KeySpec, usize); 3] = [
    (KeySpec::MlKem512, 768),
    (KeySpec::MlKem768, 1_088),
    (KeySpec::MlKem1024, 1_568),
];

fn material(spec: KeySpec) -> MlKemMaterial {
    MlKemMaterial::generate(spec, &mut test_rng()).expect("generates")
}

fn refusal(spec: KeySpec, bytes: &[u8]) -> CryptoError {
    MlKemMaterial::from_stored(spec, bytes).err().expect("refused")
}

/// Hashes the encapsulation key anew, after a test has changed it in both places.
fn hash_again(parameters: &ParameterSet, bytes: &mut [u8]) {
    let (dk, ek) = bytes.split_at_mut(parameters.decapsulation_key_bytes());
    let hash_at = parameters.encoded_vector_bytes() + parameters.encapsulation_key_bytes();
    dk[hash_at..hash_at + 32].copy_from_slice(digest(&SHA3_256, ek).as_ref());
}

#[test]
fn shared_secrets_agree_and_have_32_bytes() {
    for (spec, ciphertext_bytes) in SPECS {
        let key = KeyMaterial::MlKem(material(spec));
        let read = KeyMaterial::from_slice(spec, key.bytes()).expect("reads");
        let made = encapsulate(&read).expect("encapsulates");
        assert_eq!(made.ciphertext.len(), ciphertext_bytes);
        assert_eq!(made.shared_secret.len(), 32);
        let taken = decapsulate(&key, &made.ciphertext).expect("decapsulates");
        assert!(taken.ct_eq(&made.shared_secret));
        let again = encapsulate(&read).expect("encapsulates");
        assert!(!again.shared_secret.ct_eq(&made.shared_secret));
    }
}

/// FIPS 203 rejects implicitly: a changed ciphertext gives another secret, the same one each time, and no error.
#[test]
fn a_bit_flip_gives_another_secret_and_no_error() {
    for (spec, ciphertext_bytes) in SPECS {
        let key = KeyMaterial::MlKem(material(spec));
        let made = encapsulate(&key).expect("encapsulates");
        for bit in 0..ciphertext_bytes * 8 {
            let mut flipped = made.ciphertext.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let secret = decapsulate(&key, &flipped).expect("no error");
            assert_eq!(secret.len(), 32);
            assert!(!secret.ct_eq(&made.shared_secret), "bit {bit}");
            if bit % 997 == 0 {
                assert!(decapsulate(&key, &flipped).expect("no error").ct_eq(&secret));
            }
        }
    }
}

#[test]
fn only_a_wrong_length_of_a_ciphertext_is_an_error() {
    for (spec, ciphertext_bytes) in SPECS {
        let key = KeyMaterial::MlKem(material(spec));
        let made = encapsulate(&key).expect("encapsulates");
        for length in 0..ciphertext_bytes {
            let error = decapsulate(&key, &made.ciphertext[..length]).err();
            assert_eq!(error, Some(CryptoError::InvalidCiphertext), "length {length}");
        }
        let longer = [made.ciphertext.as_slice(), &[0]].concat();
        assert_eq!(
            decapsulate(&key, &longer).err(),
            Some(CryptoError::InvalidCiphertext)
        );
        assert!(decapsulate(&key, &vec![0; ciphertext_bytes]).is_ok());
    }
}

#[test]
fn stored_keys_that_are_no_pair_are_refused_by_name() {
    for (spec, _) in SPECS {
        let parameters = ParameterSet::of(spec).expect("an ML-KEM spec");
        let bytes = material(spec).bytes().to_vec();
        let dk_bytes = parameters.decapsulation_key_bytes();
        let another_length = CryptoError::StoredFormat("ML-KEM key material has another length");
        for length in [0, 64, dk_bytes, bytes.len() - 1] {
            assert_eq!(refusal(spec, &bytes[..length]), another_length);
        }
        assert_eq!(refusal(spec, &[bytes.as_slice(), &[0]].concat()), another_length);

        let other = material(spec);
        let swapped = [&bytes[..dk_bytes], &other.bytes()[dk_bytes..]].concat();
        assert_eq!(
            refusal(spec, &swapped),
            CryptoError::StoredFormat("an ML-KEM decapsulation key contains another encapsulation key")
        );

        let no_hash = CryptoError::StoredFormat(
            "an ML-KEM decapsulation key does not contain the hash of its encapsulation key",
        );
        assert_eq!(refusal(spec, &vec![0; bytes.len()]), no_hash);
        let mut changed = bytes.clone();
        changed[dk_bytes - 64] ^= 1;
        assert_eq!(refusal(spec, &changed), no_hash);
    }
}

/// FIPS 203, section 7.2, for a key that is otherwise a pair: each coefficient of a triple of bytes.
#[test]
fn an_encapsulation_key_with_a_coefficient_above_the_modulus_is_refused() {
    for (spec, _) in SPECS {
        let parameters = ParameterSet::of(spec).expect("an ML-KEM spec");
        let last = parameters.encoded_vector_bytes() - 3;
        for (at, triple, allowed) in [
            (0, [0x00, 0x0d, 0x00], true),
            (0, [0x01, 0x0d, 0x00], false),
            (last, [0x00, 0x00, 0xd0], true),
            (last, [0x00, 0x10, 0xd0], false),
        ] {
            let mut bytes = material(spec).bytes().to_vec();
            let inner_ek = parameters.encoded_vector_bytes();
            let outer_ek = parameters.decapsulation_key_bytes();
            for ek in [inner_ek, outer_ek] {
                bytes[ek + at..ek + at + 3].copy_from_slice(&triple);
            }
            hash_again(parameters, &mut bytes);
            let error = MlKemMaterial::from_stored(spec, &bytes).err();
            let expected =
                CryptoError::StoredFormat("an ML-KEM encapsulation key has a coefficient above the modulus");
            assert_eq!(error, (!allowed).then_some(expected), "{spec} {triple:?}");
        }
    }
}

/// RFC 9935: the object identifier 2.16.840.1.101.3.4.4.1, 2 or 3, no parameters, and the key as it is.
#[test]
fn public_keys_are_subject_public_key_infos_of_rfc_9935() {
    let prefixes = [
        "30820332300b06096086480165030404010382032100",
        "308204b2300b0609608648016503040402038204a100",
        "30820632300b06096086480165030404030382062100",
    ];
    for ((spec, _), prefix) in SPECS.into_iter().zip(prefixes) {
        let material = material(spec);
        let parameters = ParameterSet::of(spec).expect("an ML-KEM spec");
        let ek = &material.bytes()[parameters.decapsulation_key_bytes()..];
        let expected = [from_hex(prefix).as_slice(), ek].concat();
        assert_eq!(material.public_key_der(), expected);
    }
}

/// One side by AWS-LC, the other by ml-kem, from the same seed.
#[test]
fn shared_secrets_agree_with_another_implementation_both_ways() {
    fn agree(material: &MlKemMaterial, theirs: &impl Decapsulate) {
        let made = material.encapsulate().expect("encapsulates");
        let taken = theirs
            .decapsulate_slice(&made.ciphertext)
            .expect("the right length");
        assert_eq!(taken.as_slice(), made.shared_secret.expose());

        let (ciphertext, secret) = theirs.encapsulation_key().encapsulate_with_rng(&mut test_rng());
        let taken = material.decapsulate(&ciphertext).expect("decapsulates");
        assert_eq!(taken.expose(), secret.as_slice());
    }
    let seed = [0x42; 64];
    for (spec, _) in SPECS {
        let stored = expand_ml_kem_seed(spec, &seed).expect("a seed");
        let material = MlKemMaterial::from_stored(spec, &stored).expect("a pair");
        match spec {
            KeySpec::MlKem512 => agree(&material, &DecapsulationKey512::from_seed(seed.into())),
            KeySpec::MlKem768 => agree(&material, &DecapsulationKey768::from_seed(seed.into())),
            _ => agree(&material, &DecapsulationKey1024::from_seed(seed.into())),
        }
    }
}
