//! Key material that another region sealed to this one.

use crate::Seed;
use crate::fixed_rng::FixedRng;
use crate::seals::changed_by;
use crate::world::{CLUSTER, KEYS_HERE, KEYS_THERE, multi_region_key};
use kms_crypto::region::{ShipmentHeader, ShipmentPlace, open_material, seal_material};
use kms_crypto::{Fields, KeyMaterial, MaterialName, SecretBytes};
use kms_domain::vocabulary::{Epoch, HpkeKeyId, KeySpec, MaterialId};
use std::sync::LazyLock;

const HEADER_BYTES: usize = 1 + 6 + 8;
const ENC_BYTES: usize = 1_120;
const SIGNATURE_BYTES: usize = 64;
const REVISION: u64 = 9;

static EPOCH: LazyLock<Epoch> = LazyLock::new(|| Epoch {
    counter: 3,
    region: KEYS_THERE.life.region.clone(),
    incarnation: KEYS_THERE.life.incarnation,
});

static SEALED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let material = KeyMaterial::from_bytes(KeySpec::SymmetricDefault, &SecretBytes::copy_of(&[0x44; 32]));
    let (recipient, rng) = (KEYS_HERE.hpke.public(), &mut FixedRng(4));
    let material = material.expect("32 bytes are material");
    seal_material(&material, &place(), recipient, &KEYS_THERE.signing, rng).expect("material is sealed")
});

/// A sealed material, the same bytes as a change of one that was sealed, and both of these signed by the sender: only
/// what was sealed opens, even from a sender who signs what it likes.
pub fn sealed_material(bytes: &[u8]) -> bool {
    let changed = changed_by(&SEALED, bytes);
    opens(&changed);
    if let Some(signed) = signed_again(&changed) {
        opens(&signed);
    }
    if let Some(signed) = signed_again(bytes) {
        opens(&signed);
    }
    opens(bytes)
}

fn opens(frame: &[u8]) -> bool {
    let header = ShipmentHeader::parse(frame);
    let opened = open_material(
        frame,
        &place(),
        &KEYS_HERE.hpke,
        &KEYS_THERE.signing.verifying_key(),
    );
    let Ok(material) = opened else {
        return false;
    };
    let hpke_key_id = KEYS_HERE.hpke.id();
    assert_eq!(header, Ok(ShipmentHeader { hpke_key_id }));
    assert_eq!(frame, *SEALED);
    assert_eq!(material.bytes(), [0x44; 32]);
    true
}

/// The frame with the sender's signature over what it holds; `None` when it is too short to hold anything.
fn signed_again(frame: &[u8]) -> Option<Vec<u8>> {
    let (body, _) = frame.split_last_chunk::<SIGNATURE_BYTES>()?;
    let (_, sealed) = body.split_at_checked(HEADER_BYTES)?;
    let (enc, ct) = sealed.split_at_checked(ENC_BYTES)?;
    let signed = Fields::new("concord.kms/hpke-shipment/v1")
        .bytes(enc)
        .bytes(ct)
        .bytes(info(KEYS_HERE.hpke.id()).as_bytes());
    let signature = KEYS_THERE.signing.sign(&signed).expect("a region signs");
    Some([body, &signature.0].concat())
}

/// What a shipment to [`place`] is bound to, as `kms_crypto::region` documents it.
fn info(hpke_key_id: HpkeKeyId) -> Fields {
    let place = place();
    Fields::new("concord.kms/hpke/v1")
        .bytes(&[0x64, 0x7a, 0, 1, 0, 2])
        .text(place.cluster)
        .region(&place.source.region)
        .incarnation(&place.source.incarnation)
        .region(&place.destination.region)
        .incarnation(&place.destination.incarnation)
        .number(hpke_key_id)
        .account(&place.name.account)
        .key_id(&place.name.key_id)
        .material_id(&place.name.material_id)
        .text(place.spec.as_str())
        .epoch(place.epoch)
        .number(place.revision)
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
        revision: REVISION,
    }
}

/// One material.
pub fn seeds() -> Vec<Seed> {
    vec![Seed::new("symmetric", SEALED.as_slice())]
}

#[cfg(test)]
mod tests {
    use super::{SEALED, signed_again};

    /// Else no forged frame would get past its signature.
    #[test]
    fn a_signature_made_here_is_the_one_that_a_region_makes() {
        assert_eq!(signed_again(&SEALED).as_deref(), Some(SEALED.as_slice()));
    }
}
