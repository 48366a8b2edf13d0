//! Public keys of other parties in DER, as callers give them to DeriveSharedSecret.

use crate::Seed;
use crate::keys::imported;
use kms_crypto::key_agreement::derive_shared_secret;
use kms_crypto::{CryptoError, KeyMaterial};
use kms_domain::vocabulary::KeySpec;
use std::sync::LazyLock;

const SPECS: [KeySpec; 3] = [KeySpec::EccNistP256, KeySpec::EccNistP384, KeySpec::EccNistP521];
const SECRET_BYTES: [usize; 3] = [32, 48, 66];

static KEYS: LazyLock<[KeyMaterial; 3]> = LazyLock::new(|| SPECS.map(imported));

/// A public key: it is taken on its own curve alone, and gives a secret of that curve's length, the same each time.
pub fn peer_public_key(bytes: &[u8]) -> bool {
    let mut taken_on = 0;
    for (key, secret_bytes) in KEYS.iter().zip(SECRET_BYTES) {
        match derive_shared_secret(key, bytes) {
            Ok(secret) => {
                assert_eq!(secret.len(), secret_bytes);
                assert!(derive_shared_secret(key, bytes).is_ok_and(|again| again.ct_eq(&secret)));
                taken_on += 1;
            }
            Err(refusal) => assert!(matches!(refusal, CryptoError::PublicKey(_)), "{refusal}"),
        }
    }
    assert!(taken_on <= 1, "a point lies on two curves");
    taken_on > 0
}

/// A public key of each curve.
pub fn seeds() -> Vec<Seed> {
    let public_key = |key: &KeyMaterial| key.public_key_der().map(<[u8]>::to_vec);
    KEYS.iter()
        .map(|key| {
            Seed::new(
                key.spec().as_str(),
                public_key(key).expect("the key is asymmetric"),
            )
        })
        .collect()
}
