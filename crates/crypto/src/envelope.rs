//! The committing envelope shared by ciphertexts and wrapped keys.
//!
//! ```text
//! sealed  = prefix || salt 32 || commitment 32 || body || tag 16
//! Context = prefix || salt || SHA-256(bound)
//! K(label)= HMAC-SHA256(key, 00000001 || label || 00 || Context || 00000100)   SP 800-108r1, counter mode, L = 256
//! body    = AES-256-GCM(K(message), nonce = 12 zero bytes, AAD = prefix || salt || commitment || aad)
//! ```
//!
//! Every message has its own key, because many nodes seal under one key without a shared counter, so the
//! zero nonce is used once per key (SP 800-38D section 8). AES-GCM alone does not commit to its key; the
//! commitment is a second output of the same derivation, compared in constant time; a message opens when both the
//! commitment and the tag are right.

use crate::error::CryptoError;
use crate::{CryptoRng, SecretBytes, SecretKey256};
use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::kdf::{KbkdfCtrHmacAlgorithmId, get_kbkdf_ctr_hmac_algorithm, kbkdf_ctr_hmac};
use subtle::{Choice, ConstantTimeEq};

const MESSAGE_LABEL: &[u8] = b"concord.kms/v1/message";
const COMMIT_LABEL: &[u8] = b"concord.kms/v1/commit";
const OUTPUT_BITS: u32 = 256;

pub(crate) const SALT_BYTES: usize = 32;
pub(crate) const COMMITMENT_BYTES: usize = 32;
pub(crate) const TAG_BYTES: usize = 16;

/// What the envelope adds to prefix and plaintext, in bytes.
pub(crate) const OVERHEAD_BYTES: usize = SALT_BYTES + COMMITMENT_BYTES + TAG_BYTES;

/// What an envelope is bound to beside its own bytes.
pub(crate) struct Binding<'a> {
    /// Enters the key derivation, as a SHA-256 hash.
    pub(crate) bound: &'a [u8],
    /// Enters the AEAD's additional data in full.
    pub(crate) aad: &'a [u8],
}

/// The envelope does not open. Whoever calls turns it into the error of the party at fault.
pub(crate) struct DoesNotOpen;

/// Seals `plaintext` under a key derived for this one message.
pub(crate) fn seal(
    key: &SecretKey256,
    prefix: &[u8],
    binding: &Binding<'_>,
    plaintext: &[u8],
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    let body_start = prefix.len() + SALT_BYTES + COMMITMENT_BYTES;
    // The plaintext is encrypted where it lies in the output: the capacity is exact, so the buffer never
    // moves and leaves a copy behind.
    let mut sealed = Vec::with_capacity(prefix.len() + plaintext.len() + OVERHEAD_BYTES);
    sealed.extend_from_slice(prefix);
    sealed.resize(prefix.len() + SALT_BYTES, 0);
    rng.fill_bytes(&mut sealed[prefix.len()..]);

    let context = derivation_context(&sealed, binding.bound);
    let commitment = derive(key, COMMIT_LABEL, &context)?;
    sealed.extend_from_slice(commitment.expose());
    let aad = [sealed.as_slice(), binding.aad].concat();

    sealed.extend_from_slice(plaintext);
    let tag = cipher(key, &context)?
        .encrypt_inout_detached(&Nonce::default(), &aad, (&mut sealed[body_start..]).into())
        .map_err(|_| CryptoError::Library("AES-256-GCM refused a plaintext"))?;
    sealed.extend_from_slice(&tag);
    Ok(sealed)
}

/// Opens what [`seal`] made with the same key, prefix and binding. `sealed` must begin with a prefix of
/// `prefix_bytes` that the caller has already examined.
pub(crate) fn open(
    key: &SecretKey256,
    prefix_bytes: usize,
    binding: &Binding<'_>,
    sealed: &[u8],
) -> Result<SecretBytes, DoesNotOpen> {
    let (salted, rest) = sealed
        .split_at_checked(prefix_bytes + SALT_BYTES)
        .ok_or(DoesNotOpen)?;
    let (presented, rest) = rest.split_first_chunk::<COMMITMENT_BYTES>().ok_or(DoesNotOpen)?;
    let (body, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or(DoesNotOpen)?;

    let context = derivation_context(salted, binding.bound);
    let commitment = derive(key, COMMIT_LABEL, &context).map_err(|_| DoesNotOpen)?;
    let committed = commitment.expose().ct_eq(presented);

    let aad = [
        &sealed[..prefix_bytes + SALT_BYTES + COMMITMENT_BYTES],
        binding.aad,
    ]
    .concat();
    let mut plaintext = SecretBytes::copy_of(body);
    let authentic = cipher(key, &context)
        .map_err(|_| DoesNotOpen)?
        .decrypt_inout_detached(
            &Nonce::default(),
            &aad,
            plaintext.expose_mut().into(),
            &Tag::from(*tag),
        )
        .is_ok();
    // Both checks are always made, so that the time to refuse does not tell which of them failed.
    if bool::from(committed & Choice::from(u8::from(authentic))) {
        Ok(plaintext)
    } else {
        Err(DoesNotOpen)
    }
}

fn derivation_context(salted_prefix: &[u8], bound: &[u8]) -> Vec<u8> {
    [salted_prefix, digest(&SHA256, bound).as_ref()].concat()
}

fn cipher(key: &SecretKey256, context: &[u8]) -> Result<Aes256Gcm, CryptoError> {
    let message_key = derive(key, MESSAGE_LABEL, context)?;
    Ok(Aes256Gcm::new(message_key.expose().into()))
}

/// SP 800-108r1 section 4.1 with HMAC-SHA256 and one block of output. The library prepends the counter;
/// label, separator, context and length are ours.
pub(crate) fn derive(key: &SecretKey256, label: &[u8], context: &[u8]) -> Result<SecretKey256, CryptoError> {
    let algorithm = get_kbkdf_ctr_hmac_algorithm(KbkdfCtrHmacAlgorithmId::Sha256)
        .ok_or(CryptoError::Library("no SP 800-108 with HMAC-SHA256"))?;
    let info = [label, &[0], context, &OUTPUT_BITS.to_be_bytes()].concat();
    let mut output = SecretKey256::zeros();
    kbkdf_ctr_hmac(algorithm, key.expose(), &info, output.expose_mut())
        .map_err(|_| CryptoError::Library("SP 800-108 derivation failed"))?;
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::test_rng;

    const PREFIX: &[u8] = b"prefix";
    const BINDING: Binding<'_> = Binding {
        bound: b"bound",
        aad: b"aad",
    };

    /// Seals like [`seal`], except that the commitment is replaced before the AEAD covers it: the tag is right
    /// and only the comparison of the commitment can refuse.
    fn sealed_with_commitment(key: &SecretKey256, replace: impl FnOnce(&mut [u8; 32])) -> Vec<u8> {
        let salted = [PREFIX, &[7; SALT_BYTES]].concat();
        let context = derivation_context(&salted, BINDING.bound);
        let mut commitment = *derive(key, COMMIT_LABEL, &context).expect("derives").expose();
        replace(&mut commitment);
        let header = [salted.as_slice(), &commitment].concat();
        let mut body = b"secret".to_vec();
        let tag = cipher(key, &context)
            .expect("derives")
            .encrypt_inout_detached(
                &Nonce::default(),
                &[&header, BINDING.aad].concat(),
                body.as_mut_slice().into(),
            )
            .expect("encrypts");
        [header, body, tag.to_vec()].concat()
    }

    #[test]
    fn a_right_tag_does_not_make_up_for_a_wrong_commitment() {
        let key = SecretKey256::random(&mut test_rng());
        let right = sealed_with_commitment(&key, |_| {});
        assert!(open(&key, PREFIX.len(), &BINDING, &right).is_ok());
        let wrong = sealed_with_commitment(&key, |commitment| commitment[31] ^= 1);
        assert!(open(&key, PREFIX.len(), &BINDING, &wrong).is_err());
    }

    #[test]
    fn both_parts_of_a_binding_count() {
        let key = SecretKey256::random(&mut test_rng());
        let sealed = seal(&key, PREFIX, &BINDING, b"secret", &mut test_rng()).expect("seals");
        assert!(open(&key, PREFIX.len(), &BINDING, &sealed).is_ok());
        let (bound, aad) = (BINDING.bound, BINDING.aad);
        for other in [
            Binding { bound: b"", aad },
            Binding { bound, aad: b"" },
            Binding {
                bound: aad,
                aad: bound,
            },
        ] {
            assert!(open(&key, PREFIX.len(), &other, &sealed).is_err());
        }
    }
}
