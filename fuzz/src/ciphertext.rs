//! Ciphertexts of symmetric keys, as callers bring them to Decrypt.

use crate::Seed;
use crate::fixed_rng::FixedRng;
use crate::seals::changed_by;
use kms_crypto::symmetric::{self, CIPHERTEXT_BYTES_MAX, CIPHERTEXT_OVERHEAD_BYTES, CiphertextHeader};
use kms_crypto::{KeyMaterial, MaterialName, SecretBytes};
use kms_domain::vocabulary::{EncryptionContext, KeyId, KeySpec, MaterialId};
use std::sync::LazyLock;

/// A ciphertext, its plaintext, and the name under which it was made.
struct Sealed {
    name: MaterialName,
    plaintext: Vec<u8>,
    ciphertext: Vec<u8>,
}

static MATERIAL: LazyLock<KeyMaterial> = LazyLock::new(|| {
    KeyMaterial::from_bytes(KeySpec::SymmetricDefault, &SecretBytes::copy_of(&[0x42; 32]))
        .expect("symmetric material is 32 bytes")
});

static SEALED: LazyLock<[Sealed; 2]> = LazyLock::new(|| {
    [
        sealed(KeyId::uuid([1; 16]), b"attack at dawn".to_vec()),
        sealed(
            KeyId::multi_region([2; 16]),
            vec![0x2a; symmetric::PLAINTEXT_BYTES_MAX],
        ),
    ]
});

/// A ciphertext blob, and the same bytes as a change of one that was made: what opens was made, under that name and
/// that encryption context.
pub fn ciphertext(bytes: &[u8]) -> bool {
    for sealed in SEALED.iter() {
        let changed = changed_by(&sealed.ciphertext, bytes);
        assert_eq!(opens(&changed), was_made(&changed));
    }
    let opens = opens(bytes);
    assert_eq!(opens, was_made(bytes));
    opens
}

fn opens(ciphertext: &[u8]) -> bool {
    let Ok(header) = CiphertextHeader::parse(ciphertext) else {
        return false;
    };
    let lengths = CIPHERTEXT_OVERHEAD_BYTES + 1..=CIPHERTEXT_BYTES_MAX;
    assert!(lengths.contains(&ciphertext.len()));
    let material = MATERIAL.as_symmetric().expect("symmetric material");
    let name = MaterialName {
        key_id: header.key_id,
        material_id: header.material_id,
        ..SEALED[0].name
    };
    let elsewhere = symmetric::decrypt(material, &name, &EncryptionContext::default(), ciphertext);
    assert!(
        elsewhere.is_err(),
        "a ciphertext opens without its encryption context"
    );
    match symmetric::decrypt(material, &name, &context(), ciphertext) {
        Ok(plaintext) => {
            assert!(SEALED.iter().any(|sealed| sealed.plaintext == plaintext.expose()));
            true
        }
        Err(_) => false,
    }
}

fn was_made(ciphertext: &[u8]) -> bool {
    SEALED.iter().any(|sealed| sealed.ciphertext == ciphertext)
}

fn sealed(key_id: KeyId, plaintext: Vec<u8>) -> Sealed {
    let name = MaterialName {
        account: "123456789012".parse().expect("an account"),
        key_id,
        material_id: MaterialId([3; 32]),
    };
    let material = MATERIAL.as_symmetric().expect("symmetric material");
    let rng = &mut FixedRng(u64::from(key_id.bytes[0]));
    let ciphertext = symmetric::encrypt(material, &name, &context(), &plaintext, rng);
    Sealed {
        name,
        plaintext,
        ciphertext: ciphertext.expect("a plaintext within its bounds is sealed"),
    }
}

fn context() -> EncryptionContext {
    let pairs = [("purpose".to_owned(), "fuzzing".to_owned())];
    EncryptionContext::new(pairs.into()).expect("one short pair")
}

/// A short and a longest ciphertext.
pub fn seeds() -> Vec<Seed> {
    let [short, longest] = &*SEALED;
    vec![
        Seed::new("short", short.ciphertext.as_slice()),
        Seed::new("longest", longest.ciphertext.as_slice()),
    ]
}
