//! SubjectPublicKeyInfo (RFC 5280) of key types whose object identifier says everything and that have no parameters.

use crate::error::CryptoError;
use pkcs8::ObjectIdentifier;
use pkcs8::der::Encode;
use pkcs8::der::asn1::{AnyRef, BitStringRef};
use pkcs8::spki::{AlgorithmIdentifier, SubjectPublicKeyInfo};

/// DER of a public key.
pub(crate) fn write_public_key(oid: ObjectIdentifier, public_key: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let failed = |_| CryptoError::Library("a public key was not written");
    let info = SubjectPublicKeyInfo {
        algorithm: AlgorithmIdentifier::<AnyRef<'_>> {
            oid,
            parameters: None,
        },
        subject_public_key: BitStringRef::from_bytes(public_key).map_err(failed)?,
    };
    info.to_der().map_err(failed)
}
