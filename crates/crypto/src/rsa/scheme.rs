//! The six RSA signature schemes as AWS-LC names their parts.

use crate::error::CryptoError;
use aws_lc_rs::digest::{self, Digest, SHA256, SHA384, SHA512};
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaParameters,
    RsaSignatureEncoding,
};
use kms_domain::vocabulary::{KeySpec, MessageType, SigningAlgorithm};

/// How many schemes there are.
pub(super) const SCHEMES: usize = 6;

/// RSASSA-PSS with MGF1 of the same digest and a salt as long as the digest, or RSASSA-PKCS1-v1_5 (RFC 8017).
pub(super) struct Scheme {
    algorithm: SigningAlgorithm,
    /// Its place among the [`SCHEMES`].
    pub(super) place: usize,
    digest: &'static digest::Algorithm,
    pub(super) signing: &'static RsaSignatureEncoding,
    pub(super) verifying: &'static RsaParameters,
}

impl Scheme {
    /// `None` for an algorithm that is not RSA's.
    pub(super) fn of(algorithm: SigningAlgorithm) -> Option<Self> {
        use SigningAlgorithm as A;
        type Parts = (
            usize,
            &'static digest::Algorithm,
            &'static RsaSignatureEncoding,
            &'static RsaParameters,
        );
        let (place, digest, signing, verifying): Parts = match algorithm {
            A::RsassaPssSha256 => (0, &SHA256, &RSA_PSS_SHA256, &RSA_PSS_2048_8192_SHA256),
            A::RsassaPssSha384 => (1, &SHA384, &RSA_PSS_SHA384, &RSA_PSS_2048_8192_SHA384),
            A::RsassaPssSha512 => (2, &SHA512, &RSA_PSS_SHA512, &RSA_PSS_2048_8192_SHA512),
            A::RsassaPkcs1V15Sha256 => (3, &SHA256, &RSA_PKCS1_SHA256, &RSA_PKCS1_2048_8192_SHA256),
            A::RsassaPkcs1V15Sha384 => (4, &SHA384, &RSA_PKCS1_SHA384, &RSA_PKCS1_2048_8192_SHA384),
            A::RsassaPkcs1V15Sha512 => (5, &SHA512, &RSA_PKCS1_SHA512, &RSA_PKCS1_2048_8192_SHA512),
            _ => return None,
        };
        Some(Self {
            algorithm,
            place,
            digest,
            signing,
            verifying,
        })
    }

    /// The digest that is signed. `spec` is the key's, for the error.
    pub(super) fn digest(
        &self,
        spec: KeySpec,
        message_type: MessageType,
        message: &[u8],
    ) -> Result<Digest, CryptoError> {
        match message_type {
            MessageType::Raw => Ok(digest::digest(self.digest, message)),
            MessageType::Digest => Digest::import_less_safe(message, self.digest)
                .map_err(|_| CryptoError::DigestLength(self.algorithm)),
            MessageType::ExternalMu => Err(CryptoError::WrongSpec(spec)),
        }
    }
}
