//! The same keys and messages by AWS-LC and by RustCrypto, both ways, on random inputs.

use super::EccMaterial;
use super::curve::Curve;
use crate::SecretBytes;
use crate::key_agreement::derive_shared_secret;
use crate::material::KeyMaterial;
use crate::signing::{sign, verify};
use crate::testing::test_rng;
use aws_lc_rs::digest;
use ed25519_dalek::{Signer as _, Verifier as _};
use kms_domain::vocabulary::{KeySpec, KeyUsage, MessageType, SigningAlgorithm};
use pkcs8::{EncodePrivateKey, EncodePublicKey};
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, prop_assume, proptest};
use proptest::test_runner::TestCaseError;

const CASES: u32 = 48;

/// Random bytes as a scalar of a curve: the first ones, without the bits that P-521 has not.
fn scalar(spec: KeySpec, bytes: &[u8; 66]) -> Vec<u8> {
    let curve = Curve::of(spec).expect("a curve");
    let mut scalar = bytes[..curve.scalar_bytes].to_vec();
    if spec == KeySpec::EccNistP521 {
        scalar[0] &= 1;
    }
    scalar
}

/// ECDSA of one curve. The types of four crates have the same names and nothing else in common.
macro_rules! ecdsa_agrees {
    ($name:ident, $curve:ident, $spec:expr) => {
        mod $name {
            use super::*;
            use $curve::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
            use $curve::ecdsa::signature::{Signer, Verifier};
            use $curve::ecdsa::{DerSignature, Signature, SigningKey, VerifyingKey};

            fn agrees(scalar: &[u8], message: &[u8]) -> Result<(), TestCaseError> {
                let secret = $curve::SecretKey::from_slice(scalar);
                prop_assume!(secret.is_ok());
                let theirs = secret.expect("a scalar");
                let pkcs8 = theirs.to_pkcs8_der().expect("DER");
                let imported = SecretBytes::copy_of(pkcs8.as_bytes());
                let ours = KeyMaterial::import($spec, &imported).expect("imports");
                let spki = theirs.public_key().to_public_key_der().expect("DER");
                prop_assert_eq!(ours.public_key_der(), Some(spki.as_bytes()));

                let algorithm = $spec.signing_algorithms(KeyUsage::SignVerify)[0];
                let hashed = digest::digest(Curve::of($spec).expect("a curve").digest, message);
                let forms = [
                    (MessageType::Raw, message),
                    (MessageType::Digest, hashed.as_ref()),
                ];
                let signing = SigningKey::from(&theirs);
                let verifying = VerifyingKey::from(&signing);
                for (message_type, bytes) in forms {
                    let made = sign(&ours, algorithm, message_type, bytes, &mut test_rng()).expect("signs");
                    let read = DerSignature::try_from(made.as_slice()).expect("DER");
                    let mut read = Signature::try_from(read).expect("a signature");
                    // k256 demands the lower of two values of s, as Bitcoin does and FIPS 186-5 does not.
                    if $spec == KeySpec::EccSecgP256k1 {
                        read = read.normalize_s();
                    }
                    prop_assert!(verifying.verify(message, &read).is_ok());
                    prop_assert!(verifying.verify_prehash(hashed.as_ref(), &read).is_ok());
                }
                let whole: Signature = signing.sign(message);
                let prehashed: Signature = signing.sign_prehash(hashed.as_ref()).expect("signs");
                for made in [whole.to_der(), prehashed.to_der()] {
                    for (message_type, bytes) in forms {
                        let verified = verify(&ours, algorithm, message_type, bytes, made.as_bytes());
                        prop_assert_eq!(verified, Ok(()));
                    }
                }
                Ok(())
            }

            proptest! {
                #![proptest_config(ProptestConfig::with_cases(CASES))]

                #[test]
                fn signatures_verify_both_ways(
                    bytes in any::<[u8; 66]>(),
                    message in proptest::collection::vec(any::<u8>(), 0..300),
                ) {
                    agrees(&scalar($spec, &bytes), &message)?;
                }
            }
        }
    };
}

ecdsa_agrees!(p256_ecdsa, p256, KeySpec::EccNistP256);
ecdsa_agrees!(p384_ecdsa, p384, KeySpec::EccNistP384);
ecdsa_agrees!(p521_ecdsa, p521, KeySpec::EccNistP521);
ecdsa_agrees!(k256_ecdsa, k256, KeySpec::EccSecgP256k1);

/// ECDH of one curve, against a peer of RustCrypto.
macro_rules! ecdh_agrees {
    ($curve:ident, $spec:expr, $ours:expr, $theirs:expr) => {{
        let (own, peer) = (scalar($spec, $ours), scalar($spec, $theirs));
        let secrets = (
            $curve::SecretKey::from_slice(&own),
            $curve::SecretKey::from_slice(&peer),
        );
        prop_assume!(secrets.0.is_ok() && secrets.1.is_ok());
        let (ours, theirs) = (secrets.0.expect("a scalar"), secrets.1.expect("a scalar"));
        let expected = theirs.diffie_hellman(&ours.public_key());
        let material = EccMaterial::from_scalar($spec, &own).expect("a scalar");
        let peer = theirs.public_key().to_public_key_der().expect("DER");
        let derived = derive_shared_secret(&KeyMaterial::Ecc(material), peer.as_bytes()).expect("derives");
        prop_assert_eq!(derived.expose(), expected.raw_secret_bytes().as_slice());
    }};
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn shared_secrets_are_those_of_rustcrypto(
        ours in any::<[u8; 66]>(),
        theirs in any::<[u8; 66]>(),
    ) {
        ecdh_agrees!(p256, KeySpec::EccNistP256, &ours, &theirs);
        ecdh_agrees!(p384, KeySpec::EccNistP384, &ours, &theirs);
        ecdh_agrees!(p521, KeySpec::EccNistP521, &ours, &theirs);
    }

    /// Ed25519 is deterministic, so that the signatures are the same.
    #[test]
    fn ed25519_signatures_are_those_of_ed25519_dalek(
        seed in any::<[u8; 32]>(),
        message in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let theirs = ed25519_dalek::SigningKey::from_bytes(&seed);
        let pkcs8 = super::encoding::write_ed25519_private_key(&seed).expect("DER");
        let ours = KeyMaterial::import(KeySpec::EccNistEdwards25519, &pkcs8).expect("imports");
        let public_key = theirs.verifying_key();
        prop_assert!(ours.public_key_der().expect("a public key").ends_with(public_key.as_bytes()));

        let algorithm = SigningAlgorithm::Ed25519Sha512;
        let made = sign(&ours, algorithm, MessageType::Raw, &message, &mut test_rng()).expect("signs");
        let expected = theirs.sign(&message);
        prop_assert_eq!(&made, &expected.to_bytes().to_vec());
        prop_assert!(public_key.verify(&message, &expected).is_ok());
        prop_assert_eq!(verify(&ours, algorithm, MessageType::Raw, &message, &expected.to_bytes()), Ok(()));

        let algorithm = SigningAlgorithm::Ed25519PhSha512;
        let hashed = digest::digest(&digest::SHA512, &message);
        let made = sign(&ours, algorithm, MessageType::Digest, hashed.as_ref(), &mut test_rng()).expect("signs");
        let hashing = ed25519_dalek::Digest::new_with_prefix(&message);
        let expected = theirs.sign_prehashed::<ed25519_dalek::Sha512>(hashing, None).expect("signs");
        prop_assert_eq!(made, expected.to_bytes().to_vec());
    }
}
