//! What a ciphertext promises. Attack 5 of SECURITY.md: every bit flip and truncation, key or material id
//! swapped, another account's; attack 4: encryption-context canonicalisation.

use super::{
    CIPHERTEXT_BYTES_MAX, CIPHERTEXT_OVERHEAD_BYTES, CiphertextHeader, PLAINTEXT_BYTES_MAX, decrypt, encrypt,
};
use crate::error::{CryptoError, Fault};
use crate::material::{MaterialName, SymmetricMaterial};
use crate::secret::SecretKey256;
use crate::testing::test_rng;
use kms_domain::vocabulary::{EncryptionContext, KeyId, MaterialId};
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};
use std::collections::BTreeMap;

struct Fixture {
    material: SymmetricMaterial,
    name: MaterialName,
    context: EncryptionContext,
    ciphertext: Vec<u8>,
}

fn context(pairs: &[(&str, &str)]) -> EncryptionContext {
    let pairs = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    EncryptionContext::new(pairs.collect()).expect("a valid context")
}

fn fixture() -> Fixture {
    let rng = &mut test_rng();
    let material = SymmetricMaterial(SecretKey256::random(rng));
    let name = MaterialName {
        account: "111122223333".parse().expect("an account"),
        key_id: KeyId::multi_region([0x11; 16]),
        material_id: MaterialId([0x22; 32]),
    };
    let context = context(&[("a", "1"), ("b", "2")]);
    let ciphertext = encrypt(&material, &name, &context, b"attack at dawn", rng).expect("encrypts");
    Fixture {
        material,
        name,
        context,
        ciphertext,
    }
}

impl Fixture {
    #[track_caller]
    fn assert_refused(&self, name: &MaterialName, context: &EncryptionContext, ciphertext: &[u8]) {
        let error = decrypt(&self.material, name, context, ciphertext).err();
        assert_eq!(error, Some(CryptoError::InvalidCiphertext));
    }
}

#[test]
fn a_ciphertext_is_131_bytes_longer_than_its_plaintext() {
    let f = fixture();
    assert_eq!(CIPHERTEXT_OVERHEAD_BYTES, 131);
    assert_eq!(f.ciphertext.len(), 14 + 131);
    let longest = encrypt(
        &f.material,
        &f.name,
        &f.context,
        &[0; PLAINTEXT_BYTES_MAX],
        &mut test_rng(),
    );
    let longest = longest.expect("encrypts");
    assert_eq!(longest.len(), 4_227);
    assert!(longest.len() <= CIPHERTEXT_BYTES_MAX);
}

#[test]
fn a_ciphertext_opens_with_what_it_was_made_with() {
    let f = fixture();
    let opened = decrypt(&f.material, &f.name, &f.context, &f.ciphertext).expect("opens");
    assert_eq!(opened.expose(), b"attack at dawn");
}

#[test]
fn a_plaintext_is_1_to_4096_bytes() {
    let f = fixture();
    for length in [0, PLAINTEXT_BYTES_MAX + 1] {
        let refused = encrypt(
            &f.material,
            &f.name,
            &f.context,
            &vec![0; length],
            &mut test_rng(),
        );
        assert_eq!(
            refused.err(),
            Some(CryptoError::PlaintextLength),
            "{length} bytes"
        );
    }
}

#[test]
fn the_header_names_key_and_material_for_both_kinds_of_key() {
    let f = fixture();
    for key_id in [KeyId::uuid([0x33; 16]), KeyId::multi_region([0x33; 16])] {
        let name = MaterialName { key_id, ..f.name };
        let ciphertext = encrypt(&f.material, &name, &f.context, b"x", &mut test_rng()).expect("encrypts");
        let header = CiphertextHeader::parse(&ciphertext).expect("a header");
        assert_eq!((header.key_id, header.material_id), (key_id, f.name.material_id));
    }
}

#[test]
fn every_single_bit_flip_is_refused_the_same_way() {
    let f = fixture();
    for bit in 0..f.ciphertext.len() * 8 {
        let mut flipped = f.ciphertext.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        f.assert_refused(&f.name, &f.context, &flipped);
    }
}

/// Somebody who edits key id or material id and also presents the edited name gets no further.
#[test]
fn an_edited_header_is_refused_even_when_the_name_is_edited_alike() {
    let f = fixture();
    for bit in 16..(3 + 16 + 32) * 8 {
        let mut flipped = f.ciphertext.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let Ok(header) = CiphertextHeader::parse(&flipped) else {
            continue;
        };
        let name = MaterialName {
            key_id: header.key_id,
            material_id: header.material_id,
            ..f.name
        };
        f.assert_refused(&name, &f.context, &flipped);
    }
}

#[test]
fn every_truncation_and_extension_is_refused_the_same_way() {
    let f = fixture();
    for length in 0..f.ciphertext.len() {
        f.assert_refused(&f.name, &f.context, &f.ciphertext[..length]);
    }
    f.assert_refused(&f.name, &f.context, &[f.ciphertext.as_slice(), &[0]].concat());
    f.assert_refused(&f.name, &f.context, &[[0].as_slice(), &f.ciphertext].concat());
    f.assert_refused(&f.name, &f.context, &vec![1; CIPHERTEXT_BYTES_MAX + 1]);
}

#[test]
fn another_account_key_material_or_kind_of_key_is_refused_the_same_way() {
    let f = fixture();
    let others = [
        MaterialName {
            account: "111122223334".parse().expect("an account"),
            ..f.name
        },
        MaterialName {
            key_id: KeyId::multi_region([0x12; 16]),
            ..f.name
        },
        MaterialName {
            key_id: KeyId::uuid(f.name.key_id.bytes),
            ..f.name
        },
        MaterialName {
            material_id: MaterialId([0x23; 32]),
            ..f.name
        },
    ];
    for name in others {
        f.assert_refused(&name, &f.context, &f.ciphertext);
    }
}

#[test]
fn other_material_under_the_same_name_is_refused_the_same_way() {
    let f = fixture();
    let other = SymmetricMaterial(SecretKey256::copy_of(&[9; 32]).expect("32 bytes"));
    let error = decrypt(&other, &f.name, &f.context, &f.ciphertext).err();
    assert_eq!(error, Some(CryptoError::InvalidCiphertext));
    assert_eq!(CryptoError::InvalidCiphertext.fault(), Fault::Caller);
}

#[test]
fn any_other_encryption_context_is_refused_the_same_way() {
    let f = fixture();
    let others: [&[(&str, &str)]; 8] = [
        &[],
        &[("a", "1")],
        &[("a", "1"), ("b", "3")],
        &[("a", "1"), ("c", "2")],
        &[("A", "1"), ("b", "2")],
        &[("a", "2"), ("b", "1")],
        &[("a", "1"), ("b", "2"), ("c", "")],
        &[("a", "1b2"), ("b", "")],
    ];
    for pairs in others {
        f.assert_refused(&f.name, &context(pairs), &f.ciphertext);
    }
}

#[test]
fn the_order_in_which_a_context_was_given_does_not_matter() {
    let f = fixture();
    let reversed = context(&[("b", "2"), ("a", "1")]);
    assert!(decrypt(&f.material, &f.name, &reversed, &f.ciphertext).is_ok());
}

#[test]
fn the_same_plaintext_never_gives_the_same_salt_commitment_or_body() {
    let f = fixture();
    let rng = &mut test_rng();
    let mut encrypt_again =
        || encrypt(&f.material, &f.name, &f.context, b"attack at dawn", rng).expect("encrypts");
    let (first, second) = (encrypt_again(), encrypt_again());
    assert_eq!(first[..51], second[..51]);
    for part in [51..83, 83..115, 115..129, 129..145] {
        assert_ne!(first[part.clone()], second[part]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_encrypted_decrypts(
        material in any::<[u8; 32]>(),
        key in any::<[u8; 16]>(),
        material_id in any::<[u8; 32]>(),
        multi_region in any::<bool>(),
        pairs in proptest::collection::btree_map("\\PC{1,8}", "\\PC{0,16}", 0..6),
        plaintext in proptest::collection::vec(any::<u8>(), 1..=PLAINTEXT_BYTES_MAX),
    ) {
        let material = SymmetricMaterial(SecretKey256::copy_of(&material).expect("32 bytes"));
        let key_id = if multi_region { KeyId::multi_region(key) } else { KeyId::uuid(key) };
        let name = MaterialName {
            account: "000000000000".parse().expect("an account"),
            key_id,
            material_id: MaterialId(material_id),
        };
        let pairs: BTreeMap<String, String> = pairs;
        let context = EncryptionContext::new(pairs).expect("within bounds");
        let ciphertext = encrypt(&material, &name, &context, &plaintext, &mut test_rng()).expect("encrypts");
        let opened = decrypt(&material, &name, &context, &ciphertext).expect("opens");
        prop_assert_eq!(opened.expose(), plaintext.as_slice());
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = CiphertextHeader::parse(&bytes);
    }
}
