//! Material of an ML-KEM key (FIPS 203), by AWS-LC.
//!
//! Stored are the decapsulation key and after it the encapsulation key, because AWS-LC does not give the second back from
//! the first. The decapsulation key has a copy of it all the same, and its hash:
//!
//! ```text
//! dk = secret vector 384 k | ek 384 k + 32 | SHA3-256(ek) 32 | implicit rejection value 32
//! ```

use crate::encapsulation::Encapsulated;
use crate::error::CryptoError;
use crate::spki::write_public_key;
use crate::{CryptoRng, SecretBytes};
use aws_lc_rs::digest::{SHA3_256, digest};
use aws_lc_rs::kem::{Algorithm, Ciphertext, DecapsulationKey, EncapsulationKey};
use aws_lc_rs::kem::{ML_KEM_512, ML_KEM_768, ML_KEM_1024};
use kms_domain::vocabulary::KeySpec;
use pkcs8::ObjectIdentifier;

/// The modulus q of FIPS 203.
const MODULUS: u16 = 3_329;
const HASH_BYTES: usize = 32;
const REJECTION_VALUE_BYTES: usize = 32;

/// One parameter set of FIPS 203, section 8.
struct ParameterSet {
    algorithm: &'static Algorithm,
    /// Dimension of the module, from which all key sizes follow.
    k: usize,
    ciphertext_bytes: usize,
    /// The key type in a SubjectPublicKeyInfo (RFC 9935).
    oid: ObjectIdentifier,
}

static PARAMETERS_512: ParameterSet = ParameterSet {
    algorithm: &ML_KEM_512,
    k: 2,
    ciphertext_bytes: 768,
    oid: ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.4.1"),
};

static PARAMETERS_768: ParameterSet = ParameterSet {
    algorithm: &ML_KEM_768,
    k: 3,
    ciphertext_bytes: 1_088,
    oid: ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.4.2"),
};

static PARAMETERS_1024: ParameterSet = ParameterSet {
    algorithm: &ML_KEM_1024,
    k: 4,
    ciphertext_bytes: 1_568,
    oid: ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.4.3"),
};

impl ParameterSet {
    const fn of(spec: KeySpec) -> Result<&'static Self, CryptoError> {
        match spec {
            KeySpec::MlKem512 => Ok(&PARAMETERS_512),
            KeySpec::MlKem768 => Ok(&PARAMETERS_768),
            KeySpec::MlKem1024 => Ok(&PARAMETERS_1024),
            _ => Err(CryptoError::SpecNotSupported(spec)),
        }
    }

    const fn encoded_vector_bytes(&self) -> usize {
        384 * self.k
    }

    const fn encapsulation_key_bytes(&self) -> usize {
        self.encoded_vector_bytes() + 32
    }

    const fn decapsulation_key_bytes(&self) -> usize {
        self.encoded_vector_bytes() + self.encapsulation_key_bytes() + HASH_BYTES + REJECTION_VALUE_BYTES
    }
}

/// Material of an ML-KEM key.
pub struct MlKemMaterial {
    spec: KeySpec,
    parameters: &'static ParameterSet,
    bytes: SecretBytes,
    decapsulation_key: DecapsulationKey,
    encapsulation_key: MlKemEncapsulationKey,
    public_key_der: Vec<u8>,
}

impl MlKemMaterial {
    /// A new key, of AWS-LC's randomness.
    pub(crate) fn generate(spec: KeySpec, _: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        let failed = |_| CryptoError::Library("an ML-KEM key was not generated");
        let parameters = ParameterSet::of(spec)?;
        let generated = DecapsulationKey::generate(parameters.algorithm).map_err(failed)?;
        let decapsulation = generated.key_bytes().map_err(failed)?;
        let encapsulation = generated
            .encapsulation_key()
            .and_then(|key| key.key_bytes())
            .map_err(failed)?;
        let (decapsulation, encapsulation) = (decapsulation.as_ref(), encapsulation.as_ref());
        let length = decapsulation.len() + encapsulation.len();
        let mut bytes = SecretBytes::new(vec![0; length].into_boxed_slice());
        let (dk, ek) = bytes.expose_mut().split_at_mut(decapsulation.len());
        dk.copy_from_slice(decapsulation);
        ek.copy_from_slice(encapsulation);
        Self::from_checked(spec, bytes)
    }

    /// Takes both keys, and checks that they are one pair (FIPS 203, section 7.3: the lengths and the hash; and 7.2: the
    /// modulus). AWS-LC checks nothing but lengths before a key is used, and would take one of zeros.
    pub(crate) fn from_stored(spec: KeySpec, bytes: &[u8]) -> Result<Self, CryptoError> {
        Self::from_checked(spec, SecretBytes::copy_of(bytes))
    }

    fn from_checked(spec: KeySpec, bytes: SecretBytes) -> Result<Self, CryptoError> {
        let parameters = ParameterSet::of(spec)?;
        let (dk, ek) = check_pair(parameters, bytes.expose()).map_err(CryptoError::StoredFormat)?;
        let decapsulation_key = DecapsulationKey::new(parameters.algorithm, dk)
            .map_err(|_| CryptoError::Library("ML-KEM refused a decapsulation key"))?;
        let encapsulation_key =
            MlKemEncapsulationKey::from_bytes(spec, ek).map_err(CryptoError::StoredFormat)?;
        let public_key_der = write_public_key(parameters.oid, ek)?;
        Ok(Self {
            spec,
            parameters,
            bytes,
            decapsulation_key,
            encapsulation_key,
            public_key_der,
        })
    }

    pub(crate) const fn spec(&self) -> KeySpec {
        self.spec
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.expose()
    }

    pub(crate) fn public_key_der(&self) -> &[u8] {
        &self.public_key_der
    }

    pub(crate) fn encapsulate(&self) -> Result<Encapsulated, CryptoError> {
        self.encapsulation_key.encapsulate()
    }

    pub(crate) fn decapsulate(&self, ciphertext: &[u8]) -> Result<SecretBytes, CryptoError> {
        if ciphertext.len() != self.parameters.ciphertext_bytes {
            return Err(CryptoError::InvalidCiphertext);
        }
        let shared_secret = self
            .decapsulation_key
            .decapsulate(Ciphertext::from(ciphertext))
            .map_err(|_| CryptoError::Library("ML-KEM did not decapsulate"))?;
        Ok(SecretBytes::copy_of(shared_secret.as_ref()))
    }
}

/// A public key of ML-KEM, parsed and checked.
pub(crate) struct MlKemEncapsulationKey(EncapsulationKey);

impl MlKemEncapsulationKey {
    /// Takes the bytes of FIPS 203. An error says what is wrong.
    pub(crate) fn from_bytes(spec: KeySpec, bytes: &[u8]) -> Result<Self, &'static str> {
        let parameters = ParameterSet::of(spec).map_err(|_| "not a key spec of ML-KEM")?;
        if bytes.len() != parameters.encapsulation_key_bytes() {
            return Err("an ML-KEM encapsulation key has another length");
        }
        if !is_reduced(&bytes[..parameters.encoded_vector_bytes()]) {
            return Err("an ML-KEM encapsulation key has a coefficient above the modulus");
        }
        EncapsulationKey::new(parameters.algorithm, bytes)
            .map(Self)
            .map_err(|_| "ML-KEM refused an encapsulation key")
    }

    pub(crate) fn encapsulate(&self) -> Result<Encapsulated, CryptoError> {
        let (ciphertext, shared_secret) = self
            .0
            .encapsulate()
            .map_err(|_| CryptoError::Library("ML-KEM did not encapsulate"))?;
        Ok(Encapsulated {
            shared_secret: SecretBytes::copy_of(shared_secret.as_ref()),
            ciphertext: ciphertext.as_ref().to_vec(),
        })
    }
}

/// Splits the stored bytes into decapsulation and encapsulation key, and checks that they belong together.
fn check_pair<'a>(parameters: &ParameterSet, bytes: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), &'static str> {
    if bytes.len() != parameters.decapsulation_key_bytes() + parameters.encapsulation_key_bytes() {
        return Err("ML-KEM key material has another length");
    }
    let (dk, ek) = bytes.split_at(parameters.decapsulation_key_bytes());
    let (_, inside) = dk.split_at(parameters.encoded_vector_bytes());
    let (inner_ek, rest) = inside.split_at(parameters.encapsulation_key_bytes());
    if inner_ek != ek {
        return Err("an ML-KEM decapsulation key contains another encapsulation key");
    }
    if digest(&SHA3_256, ek).as_ref() != &rest[..HASH_BYTES] {
        return Err("an ML-KEM decapsulation key does not contain the hash of its encapsulation key");
    }
    Ok((dk, ek))
}

/// Whether every 12-bit coefficient, two in three bytes, is below the modulus.
fn is_reduced(encoded_vector: &[u8]) -> bool {
    encoded_vector.chunks_exact(3).all(|pair| {
        let [a, b, c] = [u16::from(pair[0]), u16::from(pair[1]), u16::from(pair[2])];
        (a | ((b & 0x0f) << 8)) < MODULUS && ((b >> 4) | (c << 4)) < MODULUS
    })
}

#[cfg(test)]
mod tests;
