//! Key material on its way to another region.
//!
//! ```text
//! version 0x01 | suite: KEM, KDF, AEAD u16be each 6 | u64be HPKE key id 8 | enc 1120 | ct | Ed25519 signature 64
//! ct   = HPKE-Base.Seal(recipient, info, aad = empty, commitment 32 || material)      RFC 9180
//! info = field("concord.kms/hpke/v1"), suite, cluster, source region, source incarnation, destination region,
//!        destination incarnation, HPKE key id, account, key id, material id, spec, epoch, revision
//! the source region signs field("concord.kms/hpke-shipment/v1"), enc, ct, info
//! ```
//!
//! Of imported material only the commitment travels, because each region is given the bytes by their owner. Its frame
//! differs in three places, so that neither kind opens as the other: ct seals the commitment alone, and the labels are
//! "concord.kms/hpke-commitment/v1" in info and "concord.kms/hpke-commitment-shipment/v1" in what is signed.
//!
//! HPKE's Base mode does not say who sealed, and X-Wing has no authenticated mode, so the source signs. The
//! commitment tells the receiver that the bytes are those that the name stands for everywhere.

use super::hpke_key::{SuiteAead, SuiteKdf, SuiteKem, suite_id};
use super::{HpkeKeyPair, HpkePublicKey, RegionLife, RegionSigningKey, RegionVerifyingKey, Signature};
use crate::error::CryptoError;
use crate::fields::Fields;
use crate::material::{KeyMaterial, MaterialCommitment, MaterialName};
use crate::{CryptoRng, SecretBytes};
use hpke::aead::AeadTag;
use hpke::{
    Deserializable, Kem, OpModeR, OpModeS, Serializable, single_shot_open_inout_detached,
    single_shot_seal_inout_detached_with_rng,
};
use kms_domain::vocabulary::{Epoch, HpkeKeyId, KeySpec};

const VERSION: u8 = 1;
const HEADER_BYTES: usize = 1 + 6 + 8;
const ENC_BYTES: usize = 1_120;
const TAG_BYTES: usize = 16;

/// Longest frame that is looked at, in bytes. The longest material, an RSA-4096 private key, is below 2,500.
pub const SHIPMENT_BYTES_MAX: usize = 8_192;

/// What travels, as the labels tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cargo {
    /// A commitment, then the material that it commits to.
    Material,
    /// A commitment alone.
    Commitment,
    /// The secret of an access key.
    AccessKeySecret,
}

impl Cargo {
    pub(super) const fn info_label(self) -> &'static str {
        match self {
            Self::Material => "concord.kms/hpke/v1",
            Self::Commitment => "concord.kms/hpke-commitment/v1",
            Self::AccessKeySecret => "concord.kms/hpke-access-key/v1",
        }
    }

    const fn signature_label(self) -> &'static str {
        match self {
            Self::Material => "concord.kms/hpke-shipment/v1",
            Self::Commitment => "concord.kms/hpke-commitment-shipment/v1",
            Self::AccessKeySecret => "concord.kms/hpke-access-key-shipment/v1",
        }
    }
}

/// Everything that a shipment is bound to, as both ends know it from their own records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShipmentPlace<'a> {
    /// The cluster's name.
    pub cluster: &'a str,
    /// The region that seals and signs.
    pub source: &'a RegionLife,
    /// The region that opens.
    pub destination: &'a RegionLife,
    /// Account, key and material.
    pub name: MaterialName,
    /// The key's spec.
    pub spec: KeySpec,
    /// The epoch of the shared record that the material travels with.
    pub epoch: &'a Epoch,
    /// The shared revision of that record.
    pub revision: u64,
}

impl ShipmentPlace<'_> {
    pub(super) fn info(&self, cargo: Cargo, hpke_key_id: HpkeKeyId) -> Fields {
        let fields = Fields::new(cargo.info_label())
            .bytes(&suite_id())
            .text(self.cluster);
        let fields = self.source.append_to(fields);
        let fields = self.destination.append_to(fields).number(hpke_key_id);
        self.name
            .append_to(fields)
            .text(self.spec.as_str())
            .epoch(self.epoch)
            .number(self.revision)
    }
}

/// What a shipment says of itself before it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShipmentHeader {
    /// The destination's key pair it was sealed to. Old pairs are kept until no shipment names them.
    pub hpke_key_id: HpkeKeyId,
}

impl ShipmentHeader {
    /// Reads the header. Nothing is authenticated yet: use it only to find the key pair.
    ///
    /// # Errors
    /// [`CryptoError::PeerFrame`] when it is no frame of this version and suite.
    pub fn parse(frame: &[u8]) -> Result<Self, CryptoError> {
        Frame::parse(frame).map(|frame| Self {
            hpke_key_id: frame.hpke_key_id,
        })
    }
}

/// Seals material to another region and signs it.
///
/// # Errors
/// [`CryptoError::Library`]; [`CryptoError::SpecNotSupported`] when the place names another spec than the material's.
pub fn seal_material(
    material: &KeyMaterial,
    place: &ShipmentPlace<'_>,
    recipient: &HpkePublicKey,
    signing_key: &RegionSigningKey,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    if material.spec() != place.spec {
        return Err(CryptoError::SpecNotSupported(place.spec));
    }
    let body = committed(&material.commitment(&place.name), material);
    seal(Cargo::Material, body, place, recipient, signing_key, rng)
}

/// Seals the commitment to imported material to another region and signs it.
///
/// # Errors
/// [`CryptoError::Library`].
pub fn seal_commitment(
    commitment: &MaterialCommitment,
    place: &ShipmentPlace<'_>,
    recipient: &HpkePublicKey,
    signing_key: &RegionSigningKey,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    let body = SecretBytes::copy_of(commitment.as_bytes());
    seal(Cargo::Commitment, body, place, recipient, signing_key, rng)
}

pub(super) fn seal(
    cargo: Cargo,
    body: SecretBytes,
    place: &ShipmentPlace<'_>,
    recipient: &HpkePublicKey,
    signing_key: &RegionSigningKey,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    let info = place.info(cargo, recipient.id());
    seal_bound(cargo, body, &info, recipient, signing_key, rng)
}

/// Seals `body`, bound to `info`, and signs both.
pub(super) fn seal_bound(
    cargo: Cargo,
    mut body: SecretBytes,
    info: &Fields,
    recipient: &HpkePublicKey,
    signing_key: &RegionSigningKey,
    mut rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    let (enc, tag) = single_shot_seal_inout_detached_with_rng::<SuiteAead, SuiteKdf, SuiteKem>(
        &OpModeS::Base,
        &recipient.key,
        info.as_bytes(),
        body.expose_mut().into(),
        &[],
        &mut rng,
    )
    .map_err(|_| CryptoError::Library("HPKE did not seal"))?;
    let enc = enc.to_bytes();
    let ct = [body.expose(), &tag.to_bytes()].concat();
    let signature = signing_key.sign(&signed_fields(cargo, &enc, &ct, info))?;
    Ok([
        [VERSION].as_slice(),
        &suite_id(),
        &recipient.id().to_be_bytes(),
        &enc,
        &ct,
        &signature.0,
    ]
    .concat())
}

/// Checks the source's signature, opens a shipment, and checks that the bytes are those that the name stands for.
///
/// # Errors
/// [`CryptoError::PeerFrame`], [`CryptoError::PeerSignature`] or [`CryptoError::PeerCommitment`]. A shipment made for
/// another place fails on its signature already.
pub fn open_material(
    frame: &[u8],
    place: &ShipmentPlace<'_>,
    recipient: &HpkeKeyPair,
    source: &RegionVerifyingKey,
) -> Result<KeyMaterial, CryptoError> {
    let opened = open(Cargo::Material, frame, place, recipient, source)?;
    let (commitment, bytes) = opened
        .expose()
        .split_first_chunk::<{ MaterialCommitment::BYTES }>()
        .ok_or(CryptoError::PeerFrame)?;
    let material = KeyMaterial::from_slice(place.spec, bytes).map_err(|error| match error {
        CryptoError::StoredFormat(_) => CryptoError::PeerFrame,
        other => other,
    })?;
    let expected = material.commitment(&place.name);
    if !expected.ct_eq(&MaterialCommitment::from_bytes(*commitment)) {
        return Err(CryptoError::PeerCommitment);
    }
    Ok(material)
}

/// Checks the source's signature and opens the commitment to imported material.
///
/// # Errors
/// [`CryptoError::PeerFrame`] or [`CryptoError::PeerSignature`]. A commitment made for another place fails on its
/// signature already.
pub fn open_commitment(
    frame: &[u8],
    place: &ShipmentPlace<'_>,
    recipient: &HpkeKeyPair,
    source: &RegionVerifyingKey,
) -> Result<MaterialCommitment, CryptoError> {
    let opened = open(Cargo::Commitment, frame, place, recipient, source)?;
    let bytes = opened.expose().try_into().map_err(|_| CryptoError::PeerFrame)?;
    Ok(MaterialCommitment::from_bytes(bytes))
}

fn open(
    cargo: Cargo,
    frame: &[u8],
    place: &ShipmentPlace<'_>,
    recipient: &HpkeKeyPair,
    source: &RegionVerifyingKey,
) -> Result<SecretBytes, CryptoError> {
    let recipient = HpkeRecipient {
        pair: recipient,
        info: &place.info(cargo, recipient.id()),
    };
    open_bound(cargo, frame, &recipient, source)
}

/// The key pair that opens, and what it must have been sealed for.
pub(super) struct HpkeRecipient<'a> {
    pub(super) pair: &'a HpkeKeyPair,
    pub(super) info: &'a Fields,
}

/// Checks the source's signature and opens what [`seal_bound`] made.
pub(super) fn open_bound(
    cargo: Cargo,
    frame: &[u8],
    recipient: &HpkeRecipient<'_>,
    source: &RegionVerifyingKey,
) -> Result<SecretBytes, CryptoError> {
    let frame = Frame::parse(frame)?;
    if frame.hpke_key_id != recipient.pair.id() {
        return Err(CryptoError::PeerFrame);
    }
    source.verify(
        &signed_fields(cargo, frame.enc, frame.ct, recipient.info),
        &frame.signature,
    )?;
    decrypt(&frame, recipient.info, recipient.pair)
}

fn decrypt(frame: &Frame<'_>, info: &Fields, recipient: &HpkeKeyPair) -> Result<SecretBytes, CryptoError> {
    let refused = |_| CryptoError::PeerFrame;
    let (body, tag) = frame
        .ct
        .split_last_chunk::<TAG_BYTES>()
        .ok_or(CryptoError::PeerFrame)?;
    let mut body = SecretBytes::copy_of(body);
    single_shot_open_inout_detached::<SuiteAead, SuiteKdf, SuiteKem>(
        &OpModeR::Base,
        &recipient.private()?,
        &<SuiteKem as Kem>::EncappedKey::from_bytes(frame.enc).map_err(refused)?,
        info.as_bytes(),
        body.expose_mut().into(),
        &[],
        &AeadTag::from_bytes(tag).map_err(refused)?,
    )
    .map_err(refused)?;
    Ok(body)
}

/// commitment || material, in a buffer that is encrypted in place.
pub(super) fn committed(commitment: &MaterialCommitment, material: &KeyMaterial) -> SecretBytes {
    let bytes = material.bytes();
    let mut body = SecretBytes::new(vec![0; MaterialCommitment::BYTES + bytes.len()].into_boxed_slice());
    let (head, tail) = body.expose_mut().split_at_mut(MaterialCommitment::BYTES);
    head.copy_from_slice(commitment.as_bytes());
    tail.copy_from_slice(bytes);
    body
}

pub(super) fn signed_fields(cargo: Cargo, enc: &[u8], ct: &[u8], info: &Fields) -> Fields {
    Fields::new(cargo.signature_label())
        .bytes(enc)
        .bytes(ct)
        .bytes(info.as_bytes())
}

struct Frame<'a> {
    hpke_key_id: HpkeKeyId,
    enc: &'a [u8],
    ct: &'a [u8],
    signature: Signature,
}

impl<'a> Frame<'a> {
    fn parse(frame: &'a [u8]) -> Result<Self, CryptoError> {
        const SHORTEST: usize =
            HEADER_BYTES + ENC_BYTES + MaterialCommitment::BYTES + TAG_BYTES + Signature::BYTES;
        if !(SHORTEST..=SHIPMENT_BYTES_MAX).contains(&frame.len()) {
            return Err(CryptoError::PeerFrame);
        }
        let rest = frame
            .strip_prefix(&[VERSION])
            .and_then(|rest| rest.strip_prefix(&suite_id()))
            .ok_or(CryptoError::PeerFrame)?;
        let (id, rest) = rest.split_first_chunk::<8>().ok_or(CryptoError::PeerFrame)?;
        let (enc, rest) = rest.split_at_checked(ENC_BYTES).ok_or(CryptoError::PeerFrame)?;
        let (ct, signature) = rest
            .split_last_chunk::<{ Signature::BYTES }>()
            .ok_or(CryptoError::PeerFrame)?;
        Ok(Self {
            hpke_key_id: u64::from_be_bytes(*id),
            enc,
            ct,
            signature: Signature(*signature),
        })
    }
}
