//! Randomness with a known outcome, for tests and vectors only.

use kms_domain::vocabulary::KeySpec;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand_core::{TryCryptoRng, TryRng};
use std::convert::Infallible;

/// A generator whose seed is fixed, so that a failure repeats.
pub(crate) fn test_rng() -> StdRng {
    StdRng::seed_from_u64(0x6b6d_7321)
}

/// Hands out prepared bytes, so that a sealed vector can be made again. Panics when they run out.
pub(crate) struct PreparedBytes(Vec<u8>);

impl PreparedBytes {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Whether everything was used: a vector that carries unused randomness is wrong.
    pub(crate) fn is_used_up(&self) -> bool {
        self.0.is_empty()
    }
}

impl TryRng for PreparedBytes {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, destination: &mut [u8]) -> Result<(), Infallible> {
        let rest = self.0.split_off(destination.len());
        destination.copy_from_slice(&self.0);
        self.0 = rest;
        Ok(())
    }
}

impl TryCryptoRng for PreparedBytes {}

/// Lower-case hexadecimal digits of `bytes`.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes behind hexadecimal digits.
pub(crate) fn from_hex(digits: &str) -> Vec<u8> {
    assert!(
        digits.len().is_multiple_of(2),
        "an odd number of hexadecimal digits"
    );
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hexadecimal digits"))
        .collect()
}

/// The message representative mu of ML-DSA with an empty context, by ml-dsa (FIPS 204, Algorithm 7, line 6).
pub(crate) fn mu_of(spec: KeySpec, public_key: &[u8], message: &[u8]) -> Vec<u8> {
    fn of<P: ml_dsa::MlDsaParams>(public_key: &[u8], message: &[u8]) -> Vec<u8> {
        let encoded = public_key.try_into().expect("a public key");
        let key = ml_dsa::VerifyingKey::<P>::decode(&encoded);
        let absorb = |hash: &mut _| {
            digest::Update::update(hash, message);
            Ok(())
        };
        key.compute_mu(absorb, b"").expect("an empty context").to_vec()
    }
    match spec {
        KeySpec::MlDsa44 => of::<ml_dsa::MlDsa44>(public_key, message),
        KeySpec::MlDsa65 => of::<ml_dsa::MlDsa65>(public_key, message),
        KeySpec::MlDsa87 => of::<ml_dsa::MlDsa87>(public_key, message),
        other => panic!("{other} is not of ML-DSA"),
    }
}

/// Decapsulation key and encapsulation key of a seed, by ml-kem; `None` for a seed of another length.
pub(crate) fn expand_ml_kem_seed(spec: KeySpec, seed: &[u8]) -> Option<Vec<u8>> {
    let seed = ml_kem::Seed::try_from(seed).ok()?;
    match spec {
        KeySpec::MlKem512 => Some(expanded(&ml_kem::DecapsulationKey512::from_seed(seed))),
        KeySpec::MlKem768 => Some(expanded(&ml_kem::DecapsulationKey768::from_seed(seed))),
        KeySpec::MlKem1024 => Some(expanded(&ml_kem::DecapsulationKey1024::from_seed(seed))),
        other => panic!("{other} is not of ML-KEM"),
    }
}

#[expect(deprecated, reason = "the expanded key is what AWS-LC takes")]
fn expanded<K>(key: &K) -> Vec<u8>
where
    K: ml_kem::ExpandedKeyEncoding + ml_kem::kem::Decapsulator,
{
    let encapsulation_key = ml_kem::KeyExport::to_bytes(key.encapsulation_key());
    [key.to_expanded_bytes().as_slice(), encapsulation_key.as_slice()].concat()
}
