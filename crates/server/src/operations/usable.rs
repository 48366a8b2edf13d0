//! Whether a key can do what is asked: its state, its usage and the algorithm, in this order.

use super::authorization::{AuthorizedKey, authorize_key};
use super::call::Call;
use super::validation::KeyForms;
use crate::errors::OperationError;
use kms_domain::vocabulary::{
    EncapsulationAlgorithm, EncryptionAlgorithm, KeyAgreementAlgorithm, KeySpec, KeyUsage, MacAlgorithm,
    SigningAlgorithm,
};
use kms_domain::{KmsError, Operation, State, UsableKey};
use std::fmt::Display;

/// A kind of algorithm: what a key has to be for, and which of them it offers.
pub(super) trait Algorithm: PartialEq + Display + Copy + 'static {
    const USAGE: KeyUsage;

    /// Those of a key of this spec and usage.
    fn offered(spec: KeySpec, usage: KeyUsage) -> &'static [Self];
}

macro_rules! algorithm {
    ($kind:ty, $usage:ident, $offered:ident) => {
        impl Algorithm for $kind {
            const USAGE: KeyUsage = KeyUsage::$usage;

            fn offered(spec: KeySpec, usage: KeyUsage) -> &'static [Self] {
                spec.$offered(usage)
            }
        }
    };
}

algorithm!(EncryptionAlgorithm, EncryptDecrypt, encryption_algorithms);
algorithm!(SigningAlgorithm, SignVerify, signing_algorithms);
algorithm!(MacAlgorithm, GenerateVerifyMac, mac_algorithms);
algorithm!(KeyAgreementAlgorithm, KeyAgreement, key_agreement_algorithms);
algorithm!(
    EncapsulationAlgorithm,
    EncapsulateDecapsulate,
    encapsulation_algorithms
);

/// The key that a request names as `keyId`, if the caller may use it so and it can do so.
pub(super) fn authorize_use<'a>(
    state: &'a State,
    call: &Call,
    operation: Operation,
    key_id: &str,
    algorithm: impl Algorithm,
) -> Result<UsableKey<'a>, OperationError> {
    let key = authorize_key(state, call, operation, "keyId", key_id, KeyForms::Any)?;
    Ok(check_usable(state, &key, operation, algorithm)?)
}

/// The key's state allows the operation, its usage is the one that the algorithm needs, and its spec offers it.
pub(super) fn check_usable<'a, A: Algorithm>(
    state: &'a State,
    key: &AuthorizedKey,
    operation: Operation,
    algorithm: A,
) -> Result<UsableKey<'a>, KmsError> {
    let usable = UsableKey::check(state, &key.name, operation)?;
    let (spec, usage) = (key.key.spec, key.key.usage);
    if usage != A::USAGE {
        return Err(KmsError::InvalidKeyUsage(format!(
            "{} key usage is {usage} which is not valid for {}.",
            key.arn,
            operation.as_str()
        )));
    }
    if !A::offered(spec, usage).contains(&algorithm) {
        return Err(KmsError::InvalidKeyUsage(format!(
            "Algorithm {algorithm} is incompatible with key spec {spec}."
        )));
    }
    Ok(usable)
}
