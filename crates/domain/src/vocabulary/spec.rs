//! Key specs, usages, origins and algorithms of the AWS KMS service model.

use super::names::names;
use super::{Malformed, malformed};
use std::fmt;
use std::str::FromStr;

names!(
    /// What kind of cryptographic material a key holds.
    KeySpec {
        /// 256-bit symmetric encryption key.
        SymmetricDefault = "SYMMETRIC_DEFAULT",
        /// RSA, 2,048-bit modulus.
        Rsa2048 = "RSA_2048",
        /// RSA, 3,072-bit modulus.
        Rsa3072 = "RSA_3072",
        /// RSA, 4,096-bit modulus.
        Rsa4096 = "RSA_4096",
        /// NIST P-256.
        EccNistP256 = "ECC_NIST_P256",
        /// NIST P-384.
        EccNistP384 = "ECC_NIST_P384",
        /// NIST P-521.
        EccNistP521 = "ECC_NIST_P521",
        /// SECG secp256k1.
        EccSecgP256k1 = "ECC_SECG_P256K1",
        /// Edwards25519.
        EccNistEdwards25519 = "ECC_NIST_EDWARDS25519",
        /// HMAC key for SHA-224.
        Hmac224 = "HMAC_224",
        /// HMAC key for SHA-256.
        Hmac256 = "HMAC_256",
        /// HMAC key for SHA-384.
        Hmac384 = "HMAC_384",
        /// HMAC key for SHA-512.
        Hmac512 = "HMAC_512",
        /// ML-DSA-44 (FIPS 204).
        MlDsa44 = "ML_DSA_44",
        /// ML-DSA-65 (FIPS 204).
        MlDsa65 = "ML_DSA_65",
        /// ML-DSA-87 (FIPS 204).
        MlDsa87 = "ML_DSA_87",
        /// ML-KEM-512 (FIPS 203).
        MlKem512 = "ML_KEM_512",
        /// ML-KEM-768 (FIPS 203).
        MlKem768 = "ML_KEM_768",
        /// ML-KEM-1024 (FIPS 203).
        MlKem1024 = "ML_KEM_1024",
    }
    "not a key spec"
);

names!(
    /// What a key may be used for.
    KeyUsage {
        /// Encrypt and decrypt.
        EncryptDecrypt = "ENCRYPT_DECRYPT",
        /// Sign and verify.
        SignVerify = "SIGN_VERIFY",
        /// Make and check message authentication codes.
        GenerateVerifyMac = "GENERATE_VERIFY_MAC",
        /// Derive a shared secret.
        KeyAgreement = "KEY_AGREEMENT",
        /// Encapsulate and decapsulate.
        EncapsulateDecapsulate = "ENCAPSULATE_DECAPSULATE",
    }
    "not a key usage"
);

names!(
    /// Where a key's material comes from; fixed at creation.
    KeyOrigin {
        /// Made by this service.
        AwsKms = "AWS_KMS",
        /// Imported by the caller.
        External = "EXTERNAL",
        /// Held in a custom key store on an HSM.
        AwsCloudHsm = "AWS_CLOUDHSM",
        /// Held in an external key store.
        ExternalKeyStore = "EXTERNAL_KEY_STORE",
    }
    "not a key origin"
);

impl KeySpec {
    /// The usages a key of this spec may be created with, as the service model states them.
    pub const fn usages(self) -> &'static [KeyUsage] {
        use KeyUsage::{EncapsulateDecapsulate, EncryptDecrypt, GenerateVerifyMac, KeyAgreement, SignVerify};
        match self {
            Self::SymmetricDefault => &[EncryptDecrypt],
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => &[EncryptDecrypt, SignVerify],
            Self::EccNistP256 | Self::EccNistP384 | Self::EccNistP521 => &[SignVerify, KeyAgreement],
            Self::EccSecgP256k1 | Self::EccNistEdwards25519 => &[SignVerify],
            Self::Hmac224 | Self::Hmac256 | Self::Hmac384 | Self::Hmac512 => &[GenerateVerifyMac],
            Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => &[SignVerify],
            Self::MlKem512 | Self::MlKem768 | Self::MlKem1024 => &[EncapsulateDecapsulate],
        }
    }

    /// The usage of a key whose creator named none; only symmetric keys have one.
    pub const fn default_usage(self) -> Option<KeyUsage> {
        match self {
            Self::SymmetricDefault => Some(KeyUsage::EncryptDecrypt),
            _ => None,
        }
    }
}
