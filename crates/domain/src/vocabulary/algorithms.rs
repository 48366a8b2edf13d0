//! Algorithms of the AWS KMS service model, and which key may use which.

use super::names::names;
use super::{KeySpec, KeyUsage, Malformed, malformed};
use std::fmt;
use std::str::FromStr;

names!(
    /// How a key encrypts.
    EncryptionAlgorithm {
        /// AES-256-GCM in the service's envelope.
        SymmetricDefault = "SYMMETRIC_DEFAULT",
        /// RSA-OAEP with SHA-1 (RFC 8017), MGF1 with the same digest, empty label.
        RsaesOaepSha1 = "RSAES_OAEP_SHA_1",
        /// RSA-OAEP with SHA-256 (RFC 8017), MGF1 with the same digest, empty label.
        RsaesOaepSha256 = "RSAES_OAEP_SHA_256",
    }
    "not an encryption algorithm"
);

names!(
    /// How a key signs.
    SigningAlgorithm {
        /// RSASSA-PSS (RFC 8017) with SHA-256, MGF1 with the same digest, salt as long as the digest.
        RsassaPssSha256 = "RSASSA_PSS_SHA_256",
        /// RSASSA-PSS with SHA-384.
        RsassaPssSha384 = "RSASSA_PSS_SHA_384",
        /// RSASSA-PSS with SHA-512.
        RsassaPssSha512 = "RSASSA_PSS_SHA_512",
        /// RSASSA-PKCS1-v1_5 (RFC 8017) with SHA-256.
        RsassaPkcs1V15Sha256 = "RSASSA_PKCS1_V1_5_SHA_256",
        /// RSASSA-PKCS1-v1_5 with SHA-384.
        RsassaPkcs1V15Sha384 = "RSASSA_PKCS1_V1_5_SHA_384",
        /// RSASSA-PKCS1-v1_5 with SHA-512.
        RsassaPkcs1V15Sha512 = "RSASSA_PKCS1_V1_5_SHA_512",
        /// ECDSA (FIPS 186-5) with SHA-256; signatures are DER (RFC 3279).
        EcdsaSha256 = "ECDSA_SHA_256",
        /// ECDSA with SHA-384.
        EcdsaSha384 = "ECDSA_SHA_384",
        /// ECDSA with SHA-512.
        EcdsaSha512 = "ECDSA_SHA_512",
        /// ML-DSA (FIPS 204), hedged, empty context.
        MlDsaShake256 = "ML_DSA_SHAKE_256",
        /// Ed25519 (RFC 8032), of the whole message.
        Ed25519Sha512 = "ED25519_SHA_512",
        /// Ed25519ph (RFC 8032), empty context, of a SHA-512 digest as the message: hashed twice, as with AWS KMS.
        Ed25519PhSha512 = "ED25519_PH_SHA_512",
    }
    "not a signing algorithm"
);

names!(
    /// What the `Message` of Sign and Verify is.
    MessageType {
        /// The message itself.
        Raw = "RAW",
        /// Its digest by the algorithm's hash function.
        Digest = "DIGEST",
        /// The 64-byte message representative mu of ML-DSA (FIPS 204, Algorithm 7, line 6).
        ExternalMu = "EXTERNAL_MU",
    }
    "not a message type"
);

names!(
    /// How a key makes message authentication codes (FIPS 198-1).
    MacAlgorithm {
        /// HMAC with SHA-224.
        HmacSha224 = "HMAC_SHA_224",
        /// HMAC with SHA-256.
        HmacSha256 = "HMAC_SHA_256",
        /// HMAC with SHA-384.
        HmacSha384 = "HMAC_SHA_384",
        /// HMAC with SHA-512.
        HmacSha512 = "HMAC_SHA_512",
    }
    "not a MAC algorithm"
);

names!(
    /// How a shared secret is derived.
    KeyAgreementAlgorithm {
        /// Elliptic curve Diffie-Hellman, cofactor variant of SP 800-56A; the x coordinate, unhashed.
        Ecdh = "ECDH",
    }
    "not a key agreement algorithm"
);

names!(
    /// How a shared secret is encapsulated.
    EncapsulationAlgorithm {
        /// ML-KEM (FIPS 203).
        MlKem = "ML_KEM",
    }
    "not an encapsulation algorithm"
);

names!(
    /// What kind of data key pair is made.
    DataKeyPairSpec {
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
        /// ML-KEM-512 (FIPS 203).
        MlKem512 = "ML_KEM_512",
        /// ML-KEM-768 (FIPS 203).
        MlKem768 = "ML_KEM_768",
        /// ML-KEM-1024 (FIPS 203).
        MlKem1024 = "ML_KEM_1024",
    }
    "not a data key pair spec"
);

names!(
    /// How key material is wrapped for import.
    WrappingAlgorithm {
        /// RSA-OAEP with SHA-1, of the material itself.
        RsaesOaepSha1 = "RSAES_OAEP_SHA_1",
        /// RSA-OAEP with SHA-256, of the material itself.
        RsaesOaepSha256 = "RSAES_OAEP_SHA_256",
        /// RSA-OAEP with SHA-1 of a 256-bit AES key, then AES-KWP (RFC 5649) of the material under it.
        RsaAesKeyWrapSha1 = "RSA_AES_KEY_WRAP_SHA_1",
        /// RSA-OAEP with SHA-256 of a 256-bit AES key, then AES-KWP (RFC 5649) of the material under it.
        RsaAesKeyWrapSha256 = "RSA_AES_KEY_WRAP_SHA_256",
    }
    "not a wrapping algorithm"
);

names!(
    /// Which RSA key wraps key material for import.
    WrappingKeySpec {
        /// RSA, 2,048-bit modulus.
        Rsa2048 = "RSA_2048",
        /// RSA, 3,072-bit modulus.
        Rsa3072 = "RSA_3072",
        /// RSA, 4,096-bit modulus.
        Rsa4096 = "RSA_4096",
    }
    "not a wrapping key spec"
);

impl DataKeyPairSpec {
    /// Whether the pair is an RSA key, which takes long to make.
    pub const fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096)
    }
}

impl KeySpec {
    /// Algorithms by which a key of this spec and usage encrypts, as the service model states them.
    pub const fn encryption_algorithms(self, usage: KeyUsage) -> &'static [EncryptionAlgorithm] {
        use EncryptionAlgorithm::{RsaesOaepSha1, RsaesOaepSha256, SymmetricDefault};
        match (usage, self) {
            (KeyUsage::EncryptDecrypt, Self::SymmetricDefault) => &[SymmetricDefault],
            (KeyUsage::EncryptDecrypt, Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096) => {
                &[RsaesOaepSha1, RsaesOaepSha256]
            }
            _ => &[],
        }
    }

    /// Algorithms by which a key of this spec and usage signs.
    pub const fn signing_algorithms(self, usage: KeyUsage) -> &'static [SigningAlgorithm] {
        use SigningAlgorithm as A;
        match (usage, self) {
            (KeyUsage::SignVerify, Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096) => &[
                A::RsassaPkcs1V15Sha256,
                A::RsassaPkcs1V15Sha384,
                A::RsassaPkcs1V15Sha512,
                A::RsassaPssSha256,
                A::RsassaPssSha384,
                A::RsassaPssSha512,
            ],
            (KeyUsage::SignVerify, Self::EccNistP256 | Self::EccSecgP256k1) => &[A::EcdsaSha256],
            (KeyUsage::SignVerify, Self::EccNistP384) => &[A::EcdsaSha384],
            (KeyUsage::SignVerify, Self::EccNistP521) => &[A::EcdsaSha512],
            (KeyUsage::SignVerify, Self::EccNistEdwards25519) => &[A::Ed25519PhSha512, A::Ed25519Sha512],
            (KeyUsage::SignVerify, Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87) => &[A::MlDsaShake256],
            _ => &[],
        }
    }

    /// Algorithms by which a key of this spec and usage makes message authentication codes.
    pub const fn mac_algorithms(self, usage: KeyUsage) -> &'static [MacAlgorithm] {
        match (usage, self) {
            (KeyUsage::GenerateVerifyMac, Self::Hmac224) => &[MacAlgorithm::HmacSha224],
            (KeyUsage::GenerateVerifyMac, Self::Hmac256) => &[MacAlgorithm::HmacSha256],
            (KeyUsage::GenerateVerifyMac, Self::Hmac384) => &[MacAlgorithm::HmacSha384],
            (KeyUsage::GenerateVerifyMac, Self::Hmac512) => &[MacAlgorithm::HmacSha512],
            _ => &[],
        }
    }

    /// Algorithms by which a key of this spec and usage derives shared secrets.
    pub const fn key_agreement_algorithms(self, usage: KeyUsage) -> &'static [KeyAgreementAlgorithm] {
        match (usage, self) {
            (KeyUsage::KeyAgreement, Self::EccNistP256 | Self::EccNistP384 | Self::EccNistP521) => {
                &[KeyAgreementAlgorithm::Ecdh]
            }
            _ => &[],
        }
    }

    /// Algorithms by which a key of this spec and usage encapsulates shared secrets.
    pub const fn encapsulation_algorithms(self, usage: KeyUsage) -> &'static [EncapsulationAlgorithm] {
        match (usage, self) {
            (KeyUsage::EncapsulateDecapsulate, Self::MlKem512 | Self::MlKem768 | Self::MlKem1024) => {
                &[EncapsulationAlgorithm::MlKem]
            }
            _ => &[],
        }
    }

    /// Whether the key is an RSA key, which takes long to make and to use.
    pub const fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096)
    }

    /// Whether the key holds a key pair, so that it has a public key.
    pub const fn is_asymmetric(self) -> bool {
        !matches!(
            self,
            Self::SymmetricDefault | Self::Hmac224 | Self::Hmac256 | Self::Hmac384 | Self::Hmac512
        )
    }

    /// Whether material of this spec may be imported: symmetric, RSA, elliptic-curve and HMAC material.
    pub const fn can_be_imported(self) -> bool {
        !matches!(
            self,
            Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 | Self::MlKem512 | Self::MlKem768 | Self::MlKem1024
        )
    }
}

impl SigningAlgorithm {
    /// Length in bytes of what a DIGEST message must be; `None` for algorithms that take no digest.
    pub const fn digest_bytes(self) -> Option<usize> {
        match self {
            Self::RsassaPssSha256 | Self::RsassaPkcs1V15Sha256 | Self::EcdsaSha256 => Some(32),
            Self::RsassaPssSha384 | Self::RsassaPkcs1V15Sha384 | Self::EcdsaSha384 => Some(48),
            Self::RsassaPssSha512
            | Self::RsassaPkcs1V15Sha512
            | Self::EcdsaSha512
            | Self::Ed25519PhSha512 => Some(64),
            Self::MlDsaShake256 | Self::Ed25519Sha512 => None,
        }
    }

    /// Whether `Message` may be of this type.
    pub const fn takes(self, message_type: MessageType) -> bool {
        match self {
            Self::Ed25519Sha512 => matches!(message_type, MessageType::Raw),
            Self::Ed25519PhSha512 => matches!(message_type, MessageType::Digest),
            Self::MlDsaShake256 => matches!(message_type, MessageType::Raw | MessageType::ExternalMu),
            _ => matches!(message_type, MessageType::Raw | MessageType::Digest),
        }
    }
}
