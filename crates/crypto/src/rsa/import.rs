//! What is checked of an RSA private key before it is imported, and how it becomes the one encoding that is stored.
//!
//! AWS-LC checks that the numbers belong together, but not that the factors are prime, that none is tiny or near the
//! other (FIPS 186-5, A.1.1), or which public exponent it is. The factors pass through the `rsa` and `crypto-bigint`
//! crates here, once for each import: they zeroize the key they build, but not every number on the way to it.

use crate::error::CryptoError;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::KeyPair as _;
use crypto_primes::{Flavor, is_prime};
use rsa::pkcs1::{self, RsaPrivateKeyRef, UintRef};
use rsa::pkcs8::{EncodePrivateKey, PrivateKeyInfoRef};
use rsa::{BoxedUint, PrivateKey};

/// 65537, as the big-endian bytes of an INTEGER.
const PUBLIC_EXPONENT: [u8; 3] = [1, 0, 1];

/// How far below half the modulus the difference of the factors must not fall, in bits (FIPS 186-5, A.1.1).
const FACTORS_APART_BITS: usize = 100;

const fn refused(reason: &'static str) -> CryptoError {
    CryptoError::ImportedMaterial(reason)
}

/// Checks DER of PKCS#8 (RFC 5958) and makes the key pair of its factors.
pub(super) fn checked_key_pair(modulus_bits: usize, pkcs8: &[u8]) -> Result<KeyPair, CryptoError> {
    let info = PrivateKeyInfoRef::try_from(pkcs8)
        .map_err(|_| refused("it is not DER of a PKCS#8 PrivateKeyInfo"))?;
    if info.algorithm != pkcs1::ALGORITHM_ID {
        return Err(refused("its PKCS#8 algorithm is not rsaEncryption"));
    }
    let numbers_der = info.private_key.as_bytes();
    let numbers = RsaPrivateKeyRef::try_from(numbers_der)
        .map_err(|_| refused("it does not hold DER of an RSAPrivateKey"))?;
    check_public_half(modulus_bits, &numbers)?;
    check_factor_lengths(modulus_bits, &numbers)?;
    KeyPair::from_der(numbers_der).map_err(|_| refused("its numbers do not belong together"))?;

    let key_pair = key_pair_of_factors(modulus_bits / 2, &numbers)?;
    // RFC 5958 lets the public half travel beside the private one.
    let public_half = info.public_key.map(|bits| bits.as_bytes());
    if public_half.is_some_and(|public_half| public_half != Some(key_pair.public_key().as_ref())) {
        return Err(refused("its public half is another key's"));
    }
    Ok(key_pair)
}

fn check_public_half(modulus_bits: usize, numbers: &RsaPrivateKeyRef<'_>) -> Result<(), CryptoError> {
    if numbers.version() != pkcs1::Version::TwoPrime {
        return Err(refused("it has more than two primes"));
    }
    if bit_length(&numbers.modulus) != modulus_bits {
        return Err(refused("its modulus is not as long as the key spec says"));
    }
    if numbers.public_exponent.as_bytes() != PUBLIC_EXPONENT {
        return Err(refused("its public exponent is not 65537"));
    }
    Ok(())
}

fn check_factor_lengths(modulus_bits: usize, numbers: &RsaPrivateKeyRef<'_>) -> Result<(), CryptoError> {
    let half = modulus_bits / 2;
    if bit_length(&numbers.prime1) != half || bit_length(&numbers.prime2) != half {
        return Err(refused("its primes are not half as long as its modulus"));
    }
    Ok(())
}

fn bit_length(number: &UintRef<'_>) -> usize {
    let bytes = number.as_bytes();
    let leading_zeros = bytes.first().map_or(0, |first| first.leading_zeros() as usize);
    bytes.len() * 8 - leading_zeros
}

/// Everything but the factors is computed anew, because d and the order of the factors are not unique.
fn key_pair_of_factors(factor_bits: usize, numbers: &RsaPrivateKeyRef<'_>) -> Result<KeyPair, CryptoError> {
    let number = |bytes: &[u8]| {
        let precision = u32::try_from(factor_bits).ok()?;
        BoxedUint::from_be_slice(bytes, precision).ok()
    };
    let factors = (
        number(numbers.prime1.as_bytes()),
        number(numbers.prime2.as_bytes()),
    );
    let (Some(p), Some(q)) = factors else {
        return Err(refused("its primes are not half as long as its modulus"));
    };
    let (p, q) = if p > q { (p, q) } else { (q, p) };
    if (&p - &q).bit_width() as usize <= factor_bits - FACTORS_APART_BITS {
        return Err(refused("its primes are too close together"));
    }
    if !is_prime(Flavor::Any, &p) || !is_prime(Flavor::Any, &q) {
        return Err(refused("one of its factors is not prime"));
    }
    let not_rebuilt = CryptoError::Library("an RSA key was not rebuilt from its factors");
    let key = PrivateKey::from_p_q(p, q, BoxedUint::from(65_537_u64)).map_err(|_| not_rebuilt.clone())?;
    let der = key.to_pkcs8_der().map_err(|_| not_rebuilt.clone())?;
    KeyPair::from_pkcs8(der.as_bytes()).map_err(|_| not_rebuilt)
}
