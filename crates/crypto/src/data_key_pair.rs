//! Data key pairs made for a caller; never stored.

use crate::ecc::EccMaterial;
use crate::error::CryptoError;
use crate::{CryptoRng, SecretBytes, rsa};
use kms_domain::vocabulary::{DataKeyPairSpec, KeySpec};
use ml_kem::array::sizes::U64;
use ml_kem::pkcs8::{EncodePrivateKey, EncodePublicKey};
use ml_kem::{FromSeed, Kem, MlKem512, MlKem768, MlKem1024, Seed};
use zeroize::Zeroizing;

/// A key pair in the encodings that the caller of the service gets.
pub struct DataKeyPair {
    /// PKCS#8 DER (RFC 5958). RSA: RSAPrivateKey (RFC 8017). The Weierstrass curves: ECPrivateKey (RFC 5915) with the
    /// public key. Edwards25519: RFC 8410, version 1. ML-KEM: RFC 9935, the 64-byte seed alone, which OpenSSL 3.5 and
    /// AWS-LC read; the expanded key follows from it, and two forms in one key could disagree.
    pub private_key_der: SecretBytes,
    /// DER of SubjectPublicKeyInfo (RFC 5280).
    pub public_key_der: Vec<u8>,
}

/// Makes a data key pair. RSA takes from 50 ms to some seconds of processor time. `rng` makes what is made of plain
/// random bytes; the other key pairs come from AWS-LC's own generator.
///
/// # Errors
/// [`CryptoError::Library`].
pub fn generate(spec: DataKeyPairSpec, rng: &mut dyn CryptoRng) -> Result<DataKeyPair, CryptoError> {
    match spec {
        DataKeyPairSpec::Rsa2048 => generate_rsa(KeySpec::Rsa2048),
        DataKeyPairSpec::Rsa3072 => generate_rsa(KeySpec::Rsa3072),
        DataKeyPairSpec::Rsa4096 => generate_rsa(KeySpec::Rsa4096),
        DataKeyPairSpec::EccNistP256 => generate_ecc(KeySpec::EccNistP256, rng),
        DataKeyPairSpec::EccNistP384 => generate_ecc(KeySpec::EccNistP384, rng),
        DataKeyPairSpec::EccNistP521 => generate_ecc(KeySpec::EccNistP521, rng),
        DataKeyPairSpec::EccSecgP256k1 => generate_ecc(KeySpec::EccSecgP256k1, rng),
        DataKeyPairSpec::EccNistEdwards25519 => generate_ecc(KeySpec::EccNistEdwards25519, rng),
        DataKeyPairSpec::MlKem512 => generate_ml_kem::<MlKem512>(rng),
        DataKeyPairSpec::MlKem768 => generate_ml_kem::<MlKem768>(rng),
        DataKeyPairSpec::MlKem1024 => generate_ml_kem::<MlKem1024>(rng),
    }
}

fn generate_rsa(spec: KeySpec) -> Result<DataKeyPair, CryptoError> {
    let (private_key_der, public_key_der) = rsa::generate_pair(spec)?;
    Ok(DataKeyPair {
        private_key_der,
        public_key_der,
    })
}

fn generate_ecc(spec: KeySpec, rng: &mut dyn CryptoRng) -> Result<DataKeyPair, CryptoError> {
    let material = EccMaterial::generate(spec, rng)?;
    Ok(DataKeyPair {
        private_key_der: SecretBytes::copy_of(material.bytes()),
        public_key_der: material.public_key_der().to_vec(),
    })
}

/// From a seed of d, then z (FIPS 203, Algorithm 19).
fn generate_ml_kem<K>(rng: &mut dyn CryptoRng) -> Result<DataKeyPair, CryptoError>
where
    K: Kem + FromSeed<SeedSize = U64>,
    K::DecapsulationKey: EncodePrivateKey,
    K::EncapsulationKey: EncodePublicKey,
{
    let mut seed = Zeroizing::new(Seed::default());
    rng.fill_bytes(seed.as_mut_slice());
    let (private_key, public_key) = K::from_seed(&seed);
    let private_key_der = private_key
        .to_pkcs8_der()
        .map_err(|_| CryptoError::Library("a private key was not written"))?;
    let public_key_der = public_key
        .to_public_key_der()
        .map_err(|_| CryptoError::Library("a public key was not written"))?;
    Ok(DataKeyPair {
        private_key_der: SecretBytes::copy_of(private_key_der.as_bytes()),
        public_key_der: public_key_der.into_vec(),
    })
}

#[cfg(test)]
mod tests;
