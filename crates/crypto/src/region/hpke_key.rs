//! The keys to which other regions seal key material, and the region's signature over them.
//!
//! HPKE suite: X-Wing (0x647A), HKDF-SHA256 (0x0001), AES-256-GCM (0x0002). X-Wing's private key is a 32-byte seed.

use super::{RegionIdentity, RegionLife, RegionSigningKey, Signature};
use crate::error::CryptoError;
use crate::fields::Fields;
use crate::{CryptoRng, SecretBytes, SecretKey256};
use hpke::aead::{Aead, AesGcm256};
use hpke::kdf::{HkdfSha256, Kdf};
use hpke::kem::XWing;
use hpke::{Deserializable, Kem, Serializable};
use kms_domain::vocabulary::{HpkeKeyId, Timestamp};

const KEY_LABEL: &str = "concord.kms/hpke-key/v1";
const VERSION: u8 = 1;

pub(super) type SuiteKem = XWing;
pub(super) type SuiteKdf = HkdfSha256;
pub(super) type SuiteAead = AesGcm256;

/// The suite as RFC 9180 names it: KEM, KDF and AEAD id, each u16be.
pub(super) fn suite_id() -> [u8; 6] {
    let mut suite = [0; 6];
    let ids = [SuiteKem::KEM_ID, SuiteKdf::KDF_ID, SuiteAead::AEAD_ID];
    for (bytes, id) in suite.chunks_exact_mut(2).zip(ids) {
        bytes.copy_from_slice(&id.to_be_bytes());
    }
    suite
}

/// A public key to which material may be sealed. It exists only for a region's own pair, after
/// [`SignedHpkeKey::verify`], or from the row of a pinned region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HpkePublicKey {
    id: HpkeKeyId,
    pub(super) key: <SuiteKem as Kem>::PublicKey,
}

impl HpkePublicKey {
    /// Length of the key in bytes.
    pub const BYTES: usize = 1_216;

    /// The public key that an administrator pinned, as its row holds it: the 1,216 bytes of the X-Wing encoding. Its
    /// statement was verified ([`SignedHpkeKey::verify`]) before it was pinned, and is not kept.
    pub fn pinned(id: HpkeKeyId, bytes: &[u8]) -> Result<Self, CryptoError> {
        let key = <SuiteKem as Kem>::PublicKey::from_bytes(bytes)
            .map_err(|_| CryptoError::PeerKey("it is malformed"))?;
        Ok(Self { id, key })
    }

    /// The key's counter.
    pub const fn id(&self) -> HpkeKeyId {
        self.id
    }

    /// The 1,216 bytes of X-Wing.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.key.to_bytes().to_vec()
    }
}

/// A region's HPKE key pair.
pub struct HpkeKeyPair {
    seed: SecretKey256,
    public: HpkePublicKey,
}

impl HpkeKeyPair {
    /// Makes a key pair with the counter that its row will have.
    ///
    /// # Errors
    /// [`CryptoError::Library`].
    pub fn generate(id: HpkeKeyId, rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        Self::from_seed(id, SecretKey256::random(rng))
    }

    /// Takes the private half that [`HpkeKeyPair::private_bytes`] gave.
    ///
    /// # Errors
    /// [`CryptoError::StoredFormat`] when it is not 32 bytes.
    pub fn from_private_bytes(id: HpkeKeyId, bytes: &SecretBytes) -> Result<Self, CryptoError> {
        let seed = SecretKey256::copy_of(bytes.expose())
            .ok_or(CryptoError::StoredFormat("an HPKE private key is 32 bytes"))?;
        Self::from_seed(id, seed)
    }

    fn from_seed(id: HpkeKeyId, seed: SecretKey256) -> Result<Self, CryptoError> {
        let private = expand(&seed)?;
        let key = SuiteKem::sk_to_pk(&private);
        Ok(Self {
            seed,
            public: HpkePublicKey { id, key },
        })
    }

    /// The 32-byte seed of X-Wing, to be wrapped and stored. Secret.
    pub fn private_bytes(&self) -> &[u8] {
        self.seed.expose()
    }

    /// The key's counter.
    pub const fn id(&self) -> HpkeKeyId {
        self.public.id
    }

    /// The public half.
    pub const fn public(&self) -> &HpkePublicKey {
        &self.public
    }

    /// The private half for one use: it is expanded from the seed and zeroized by its library when dropped.
    pub(super) fn private(&self) -> Result<<SuiteKem as Kem>::PrivateKey, CryptoError> {
        expand(&self.seed)
    }
}

fn expand(seed: &SecretKey256) -> Result<<SuiteKem as Kem>::PrivateKey, CryptoError> {
    <SuiteKem as Kem>::PrivateKey::from_bytes(seed.expose())
        .map_err(|_| CryptoError::Library("X-Wing refused a seed"))
}

/// An HPKE public key as its region publishes it.
///
/// ```text
/// version 0x01 | u64be id | u64be not before | u64be not after | public key 1216 | signature 64
/// ```
///
/// The signature covers cluster, region and incarnation too. They are not carried, because the verifier takes
/// them from the identity it has pinned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHpkeKey {
    public: HpkePublicKey,
    not_before: Timestamp,
    not_after: Timestamp,
    signature: Signature,
}

impl SignedHpkeKey {
    /// Length of the encoding, in bytes.
    pub const BYTES: usize = 1 + 3 * 8 + HpkePublicKey::BYTES + Signature::BYTES;

    /// Signs a region's own public key for the time from `not_before` to `not_after`, both included.
    ///
    /// # Errors
    /// [`CryptoError::Library`].
    pub fn sign(
        cluster: &str,
        owner: &RegionLife,
        public: &HpkePublicKey,
        (not_before, not_after): (Timestamp, Timestamp),
        signing_key: &RegionSigningKey,
    ) -> Result<Self, CryptoError> {
        let statement = statement(cluster, owner, public, not_before, not_after);
        Ok(Self {
            public: public.clone(),
            not_before,
            not_after,
            signature: signing_key.sign(&statement)?,
        })
    }

    /// Puts together what a row or a message holds in parts; nothing is verified yet.
    ///
    /// # Errors
    /// [`CryptoError::PeerKey`] when the public key is not 1,216 bytes of X-Wing, or the signature not 64.
    pub fn from_parts(
        id: HpkeKeyId,
        public: &[u8],
        (not_before, not_after): (Timestamp, Timestamp),
        signature: &[u8],
    ) -> Result<Self, CryptoError> {
        let signature: [u8; Signature::BYTES] = signature
            .try_into()
            .map_err(|_| CryptoError::PeerKey("its signature is not 64 bytes"))?;
        Ok(Self {
            public: HpkePublicKey::pinned(id, public)?,
            not_before,
            not_after,
            signature: Signature(signature),
        })
    }

    /// The validity of a key of which a row keeps the end only: a beginning would have peers whose clocks lag refuse
    /// a new key.
    pub const fn validity_until(not_after: Timestamp) -> (Timestamp, Timestamp) {
        (Timestamp(0), not_after)
    }

    /// The end of its validity as it claims it; nothing is verified yet.
    pub const fn claimed_not_after(&self) -> Timestamp {
        self.not_after
    }

    /// The key's counter as it claims it; nothing is verified yet.
    pub const fn claimed_id(&self) -> HpkeKeyId {
        self.public.id
    }

    /// The region's signature, to be kept or published beside the other parts.
    pub const fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Checks that the pinned region signed this key, that `now` is within its validity, and that its counter is
    /// not below `id_min`, the highest one accepted before.
    ///
    /// # Errors
    /// [`CryptoError::PeerSignature`] and [`CryptoError::PeerKey`].
    pub fn verify(
        &self,
        cluster: &str,
        owner: &RegionIdentity,
        now: Timestamp,
        id_min: HpkeKeyId,
    ) -> Result<HpkePublicKey, CryptoError> {
        let statement = statement(
            cluster,
            &owner.life,
            &self.public,
            self.not_before,
            self.not_after,
        );
        owner.signing_key.verify(&statement, &self.signature)?;
        if self.public.id < id_min {
            return Err(CryptoError::PeerKey("its counter is below one accepted before"));
        }
        if now < self.not_before {
            return Err(CryptoError::PeerKey("it is not valid yet"));
        }
        if now > self.not_after {
            return Err(CryptoError::PeerKey("it has expired"));
        }
        Ok(self.public.clone())
    }

    /// The bytes to publish.
    pub fn to_bytes(&self) -> Vec<u8> {
        [
            [VERSION].as_slice(),
            &self.public.id.to_be_bytes(),
            &self.not_before.0.to_be_bytes(),
            &self.not_after.0.to_be_bytes(),
            &self.public.key.to_bytes(),
            &self.signature.0,
        ]
        .concat()
    }

    /// Reads published bytes; nothing is verified yet.
    ///
    /// # Errors
    /// [`CryptoError::PeerKey`] when they are not a key of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, CryptoError> {
        const MALFORMED: CryptoError = CryptoError::PeerKey("it is malformed or of another version");
        if bytes.len() != Self::BYTES {
            return Err(MALFORMED);
        }
        let rest = bytes.strip_prefix(&[VERSION]).ok_or(MALFORMED)?;
        let (id, rest) = take_number(rest).ok_or(MALFORMED)?;
        let (not_before, rest) = take_number(rest).ok_or(MALFORMED)?;
        let (not_after, rest) = take_number(rest).ok_or(MALFORMED)?;
        let (key, signature) = rest.split_last_chunk::<{ Signature::BYTES }>().ok_or(MALFORMED)?;
        let key = <SuiteKem as Kem>::PublicKey::from_bytes(key).map_err(|_| MALFORMED)?;
        Ok(Self {
            public: HpkePublicKey { id, key },
            not_before: Timestamp(not_before),
            not_after: Timestamp(not_after),
            signature: Signature(*signature),
        })
    }
}

fn take_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*number), rest))
}

fn statement(
    cluster: &str,
    owner: &RegionLife,
    public: &HpkePublicKey,
    not_before: Timestamp,
    not_after: Timestamp,
) -> Fields {
    owner
        .append_to(Fields::new(KEY_LABEL).bytes(&suite_id()).text(cluster))
        .number(public.id)
        .number(not_before.0)
        .number(not_after.0)
        .bytes(&public.key.to_bytes())
}
