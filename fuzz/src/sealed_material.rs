//! Key material, and commitments to imported material, that another region sealed to this one.

use crate::Seed;
use crate::fixed_rng::FixedRng;
use crate::region_keys::{KEYS_HERE, KEYS_THERE};
use crate::seals::changed_by;
use crate::world::{CLUSTER, multi_region_key};
use kms_crypto::region::{
    ShipmentHeader, ShipmentPlace, open_commitment, open_material, seal_commitment, seal_material,
};
use kms_crypto::{Fields, KeyMaterial, MaterialCommitment, MaterialName, SecretBytes};
use kms_domain::vocabulary::{Epoch, KeySpec, MaterialId};
use std::sync::LazyLock;

const HEADER_BYTES: usize = 1 + 6 + 8;
const ENC_BYTES: usize = 1_120;
const SIGNATURE_BYTES: usize = 64;
const MATERIAL: [u8; 32] = [0x44; 32];
const COMMITMENT: [u8; 32] = [0x45; 32];

/// What travels: its labels, and one that was sealed.
struct Cargo {
    info_label: &'static str,
    signature_label: &'static str,
    sealed: Vec<u8>,
    opens: fn(&[u8]) -> bool,
}

static CARGO: LazyLock<[Cargo; 2]> = LazyLock::new(|| {
    let (recipient, signing, rng) = (KEYS_HERE.hpke.public(), &KEYS_THERE.signing, &mut FixedRng(4));
    let material = KeyMaterial::from_bytes(KeySpec::SymmetricDefault, &SecretBytes::copy_of(&MATERIAL));
    let material = material.expect("32 bytes are material");
    let commitment = MaterialCommitment::from_bytes(COMMITMENT);
    [
        Cargo {
            info_label: "concord.kms/hpke/v1",
            signature_label: "concord.kms/hpke-shipment/v1",
            sealed: seal_material(&material, &place(), recipient, signing, rng).expect("material is sealed"),
            opens: opens_as_material,
        },
        Cargo {
            info_label: "concord.kms/hpke-commitment/v1",
            signature_label: "concord.kms/hpke-commitment-shipment/v1",
            sealed: seal_commitment(&commitment, &place(), recipient, signing, rng)
                .expect("a commitment is sealed"),
            opens: opens_as_commitment,
        },
    ]
});

static EPOCH: LazyLock<Epoch> = LazyLock::new(|| Epoch {
    counter: 3,
    region: KEYS_THERE.life.region.clone(),
    incarnation: KEYS_THERE.life.incarnation,
});

/// A frame, the same bytes as a change of one that was sealed, and both of these signed by the sender: only what was
/// sealed opens, as what it was sealed as, even from a sender who signs what it likes.
pub fn sealed_material(bytes: &[u8]) -> bool {
    for cargo in CARGO.iter() {
        let changed = changed_by(&cargo.sealed, bytes);
        opens(&changed);
        for signed in [cargo.signed(&changed), cargo.signed(bytes)].iter().flatten() {
            opens(signed);
        }
    }
    opens(bytes)
}

fn opens(frame: &[u8]) -> bool {
    let mut opened_as = 0;
    for cargo in CARGO.iter() {
        if (cargo.opens)(frame) {
            let hpke_key_id = KEYS_HERE.hpke.id();
            assert_eq!(ShipmentHeader::parse(frame), Ok(ShipmentHeader { hpke_key_id }));
            assert_eq!(frame, cargo.sealed);
            opened_as += 1;
        }
    }
    assert!(opened_as <= 1, "a frame opens as two things");
    opened_as > 0
}

fn opens_as_material(frame: &[u8]) -> bool {
    let signer = KEYS_THERE.signing.verifying_key();
    let opened = open_material(frame, &place(), &KEYS_HERE.hpke, &signer);
    opened.is_ok_and(|material| material.bytes() == MATERIAL)
}

fn opens_as_commitment(frame: &[u8]) -> bool {
    let signer = KEYS_THERE.signing.verifying_key();
    let opened = open_commitment(frame, &place(), &KEYS_HERE.hpke, &signer);
    opened.is_ok_and(|commitment| *commitment.as_bytes() == COMMITMENT)
}

impl Cargo {
    /// The frame with the sender's signature over what it holds; `None` when it is too short to hold anything.
    fn signed(&self, frame: &[u8]) -> Option<Vec<u8>> {
        let (body, _) = frame.split_last_chunk::<SIGNATURE_BYTES>()?;
        let (_, sealed) = body.split_at_checked(HEADER_BYTES)?;
        let (enc, ct) = sealed.split_at_checked(ENC_BYTES)?;
        let signed = Fields::new(self.signature_label)
            .bytes(enc)
            .bytes(ct)
            .bytes(self.info().as_bytes());
        let signature = KEYS_THERE.signing.sign(&signed).expect("a region signs");
        Some([body, &signature.0].concat())
    }

    /// What a frame to [`place`] is bound to, as `kms_crypto::region` documents it.
    fn info(&self) -> Fields {
        let place = place();
        Fields::new(self.info_label)
            .bytes(&[0x64, 0x7a, 0, 1, 0, 2])
            .text(place.cluster)
            .region(&place.source.region)
            .incarnation(&place.source.incarnation)
            .region(&place.destination.region)
            .incarnation(&place.destination.incarnation)
            .number(KEYS_HERE.hpke.id())
            .account(&place.name.account)
            .key_id(&place.name.key_id)
            .material_id(&place.name.material_id)
            .text(place.spec.as_str())
            .epoch(place.epoch)
            .number(place.revision)
    }
}

fn place() -> ShipmentPlace<'static> {
    let key = multi_region_key(0x15);
    ShipmentPlace {
        cluster: CLUSTER,
        source: &KEYS_THERE.life,
        destination: &KEYS_HERE.life,
        name: MaterialName {
            account: key.account,
            key_id: key.key_id,
            material_id: MaterialId([0x15; 32]),
        },
        spec: KeySpec::SymmetricDefault,
        epoch: &EPOCH,
        revision: 9,
    }
}

/// A material and a commitment.
pub fn seeds() -> Vec<Seed> {
    let [material, commitment] = &*CARGO;
    vec![
        Seed::new("symmetric", material.sealed.as_slice()),
        Seed::new("commitment", commitment.sealed.as_slice()),
    ]
}

#[cfg(test)]
mod tests {
    use super::CARGO;

    /// Else no forged frame would get past its signature.
    #[test]
    fn a_signature_made_here_is_the_one_that_a_region_makes() {
        for cargo in CARGO.iter() {
            assert_eq!(cargo.signed(&cargo.sealed).as_ref(), Some(&cargo.sealed));
        }
    }
}
