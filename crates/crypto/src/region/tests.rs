//! What regions may rely on. Attack 2 (another region's message) and 17 (a compromised region: other
//! destination, old epoch, bytes that are not what they are named).

mod published_keys;

use super::shipment::{Cargo, signed_fields};
use super::{
    HpkeKeyPair, RegionLife, RegionSigningKey, ShipmentHeader, ShipmentPlace, Signature, open_commitment,
    open_material, seal_commitment, seal_material,
};
use crate::error::{CryptoError, Fault};
use crate::fields::Fields;
use crate::material::{KeyMaterial, MaterialCommitment, MaterialName};
use crate::secret::SecretBytes;
use crate::testing::test_rng;
use ed25519_dalek::Signer;
use kms_domain::vocabulary::{Epoch, Incarnation, KeyId, KeySpec, MaterialId};

fn life(name: &str, incarnation: u8) -> RegionLife {
    RegionLife {
        region: name.parse().expect("a region"),
        incarnation: Incarnation([incarnation; 16]),
    }
}

fn epoch(counter: u64) -> Epoch {
    Epoch {
        counter,
        region: "us-east-1".parse().expect("a region"),
        incarnation: Incarnation([1; 16]),
    }
}

struct Fixture {
    source: RegionLife,
    destination: RegionLife,
    epoch: Epoch,
    material: KeyMaterial,
    source_key: RegionSigningKey,
    recipient: HpkeKeyPair,
}

impl Fixture {
    fn new() -> Self {
        let rng = &mut test_rng();
        Self {
            source: life("us-east-1", 1),
            destination: life("eu-west-1", 2),
            epoch: epoch(3),
            material: KeyMaterial::generate(KeySpec::SymmetricDefault, rng).expect("generates"),
            source_key: RegionSigningKey::generate(rng).expect("generates"),
            recipient: HpkeKeyPair::generate(5, rng).expect("generates"),
        }
    }

    fn place(&self) -> ShipmentPlace<'_> {
        ShipmentPlace {
            cluster: "concord",
            source: &self.source,
            destination: &self.destination,
            name: MaterialName {
                account: "111122223333".parse().expect("an account"),
                key_id: KeyId::multi_region([0x11; 16]),
                material_id: MaterialId([0x22; 32]),
            },
            spec: KeySpec::SymmetricDefault,
            epoch: &self.epoch,
            revision: 9,
        }
    }

    fn sealed(&self) -> Vec<u8> {
        let (recipient, rng) = (self.recipient.public(), &mut test_rng());
        seal_material(&self.material, &self.place(), recipient, &self.source_key, rng).expect("seals")
    }

    fn open(&self, place: &ShipmentPlace<'_>, frame: &[u8]) -> Result<KeyMaterial, CryptoError> {
        open_material(frame, place, &self.recipient, &self.source_key.verifying_key())
    }

    fn commitment(&self) -> MaterialCommitment {
        self.material.commitment(&self.place().name)
    }

    fn sealed_commitment(&self) -> Vec<u8> {
        let (recipient, rng) = (self.recipient.public(), &mut test_rng());
        seal_commitment(
            &self.commitment(),
            &self.place(),
            recipient,
            &self.source_key,
            rng,
        )
        .expect("seals")
    }

    fn open_commitment(&self, place: &ShipmentPlace<'_>, frame: &[u8]) -> Result<[u8; 32], CryptoError> {
        open_commitment(frame, place, &self.recipient, &self.source_key.verifying_key())
            .map(|commitment| *commitment.as_bytes())
    }

    /// Signs enc and ct again for `place`: what a region can do that sends something else than it should.
    fn signed_again(&self, cargo: Cargo, frame: &[u8], place: &ShipmentPlace<'_>) -> Vec<u8> {
        let info = place.info(cargo, self.recipient.id());
        let body = &frame[15..frame.len() - Signature::BYTES];
        let signature = self
            .source_key
            .sign(&signed_fields(cargo, &body[..1_120], &body[1_120..], &info));
        [&frame[..15], body, &signature.expect("signs").0].concat()
    }
}

#[test]
fn material_arrives_with_1136_bytes_of_hpke_overhead() {
    let f = Fixture::new();
    let frame = f.sealed();
    assert_eq!(frame.len(), 15 + 1_136 + 32 + 32 + 64);
    assert_eq!(frame[..7], [1, 0x64, 0x7a, 0, 1, 0, 2]);
    assert_eq!(
        ShipmentHeader::parse(&frame).map(|header| header.hpke_key_id),
        Ok(5)
    );
    let opened = f.open(&f.place(), &frame).expect("opens");
    assert_eq!(opened.bytes(), f.material.bytes());
}

/// Each way runs twice: as replayed, and signed again by a source that lies about the place.
#[test]
fn a_shipment_opens_in_no_other_place_even_when_signed_for_it() {
    let f = Fixture::new();
    let (frame, commitment) = (f.sealed(), f.sealed_commitment());
    let place = f.place();
    let (other_region, other_life) = (life("ap-southeast-1", 2), life("eu-west-1", 3));
    let (old_epoch, other_source) = (epoch(2), life("us-east-1", 9));
    let renamed = |change: fn(&mut MaterialName)| {
        let mut name = place.name;
        change(&mut name);
        ShipmentPlace { name, ..place }
    };
    let others = [
        ShipmentPlace {
            cluster: "other",
            ..place
        },
        ShipmentPlace {
            source: &other_source,
            ..place
        },
        ShipmentPlace {
            destination: &other_region,
            ..place
        },
        ShipmentPlace {
            destination: &other_life,
            ..place
        },
        renamed(|name| name.account = "111122223334".parse().expect("an account")),
        renamed(|name| name.key_id = KeyId::multi_region([0x12; 16])),
        renamed(|name| name.material_id = MaterialId([0x23; 32])),
        ShipmentPlace {
            spec: KeySpec::Hmac256,
            ..place
        },
        ShipmentPlace {
            epoch: &old_epoch,
            ..place
        },
        ShipmentPlace { revision: 8, ..place },
    ];
    for other in others {
        assert_eq!(
            f.open(&other, &frame).err(),
            Some(CryptoError::PeerSignature),
            "{other:?}"
        );
        let lie = f.signed_again(Cargo::Material, &frame, &other);
        assert_eq!(
            f.open(&other, &lie).err(),
            Some(CryptoError::PeerFrame),
            "{other:?}"
        );
        let opened = f.open_commitment(&other, &commitment);
        assert_eq!(opened, Err(CryptoError::PeerSignature), "{other:?}");
        let lie = f.signed_again(Cargo::Commitment, &commitment, &other);
        let opened = f.open_commitment(&other, &lie);
        assert_eq!(opened, Err(CryptoError::PeerFrame), "{other:?}");
    }
    let again = f.signed_again(Cargo::Material, &frame, &place);
    assert!(f.open(&place, &again).is_ok());
    let again = f.signed_again(Cargo::Commitment, &commitment, &place);
    assert!(f.open_commitment(&place, &again).is_ok());
}

#[test]
fn a_commitment_arrives_alone() {
    let f = Fixture::new();
    let frame = f.sealed_commitment();
    assert_eq!(frame.len(), 15 + 1_136 + 32 + 64);
    assert_eq!(
        ShipmentHeader::parse(&frame).map(|header| header.hpke_key_id),
        Ok(5)
    );
    let opened = f.open_commitment(&f.place(), &frame);
    assert_eq!(opened, Ok(*f.commitment().as_bytes()));
}

/// Runs three times: as replayed, signed again as the other kind, and with the body of the other kind sealed afresh.
#[test]
fn material_never_opens_as_a_commitment_nor_a_commitment_as_material() {
    let f = Fixture::new();
    let place = f.place();
    let (material, commitment) = (f.sealed(), f.sealed_commitment());
    let opened = f.open_commitment(&place, &material);
    assert_eq!(opened, Err(CryptoError::PeerSignature));
    let opened = f.open(&place, &commitment).err();
    assert_eq!(opened, Some(CryptoError::PeerSignature));

    let lie = f.signed_again(Cargo::Commitment, &material, &place);
    assert_eq!(f.open_commitment(&place, &lie), Err(CryptoError::PeerFrame));
    let lie = f.signed_again(Cargo::Material, &commitment, &place);
    assert_eq!(f.open(&place, &lie).err(), Some(CryptoError::PeerFrame));

    let sealed = |cargo, body| {
        let (recipient, rng) = (f.recipient.public(), &mut test_rng());
        super::shipment::seal(cargo, body, &place, recipient, &f.source_key, rng).expect("seals")
    };
    let both = super::shipment::committed(&f.commitment(), &f.material);
    let lie = sealed(Cargo::Commitment, both);
    assert_eq!(f.open_commitment(&place, &lie), Err(CryptoError::PeerFrame));
    let alone = SecretBytes::copy_of(f.commitment().as_bytes());
    let lie = sealed(Cargo::Material, alone);
    assert_eq!(f.open(&place, &lie).err(), Some(CryptoError::PeerFrame));
}

#[test]
fn every_changed_byte_and_every_truncation_of_a_sealed_commitment_is_refused() {
    let f = Fixture::new();
    let frame = f.sealed_commitment();
    let refused = |frame: &[u8]| {
        matches!(
            f.open_commitment(&f.place(), frame),
            Err(CryptoError::PeerFrame | CryptoError::PeerSignature)
        )
    };
    for at in 0..frame.len() {
        let mut changed = frame.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(refused(&changed), "byte {at}");
        assert!(refused(&frame[..at]), "length {at}");
    }
    assert!(refused(&[frame, vec![0]].concat()));
}

#[test]
fn a_shipment_signed_by_another_region_is_refused() {
    let f = Fixture::new();
    let stranger = RegionSigningKey::from_private_bytes(&SecretBytes::copy_of(&[8; 32])).expect("a key");
    let frame = f.sealed();
    let error = open_material(&frame, &f.place(), &f.recipient, &stranger.verifying_key()).err();
    assert_eq!(error, Some(CryptoError::PeerSignature));
    assert_eq!(CryptoError::PeerSignature.fault(), Fault::Peer);
}

#[test]
fn a_shipment_opens_under_no_other_key_pair() {
    let f = Fixture::new();
    let frame = f.sealed();
    let verifying = f.source_key.verifying_key();
    for id in [5, 6] {
        let other = HpkeKeyPair::from_private_bytes(id, &SecretBytes::copy_of(&[8; 32]));
        let error = open_material(&frame, &f.place(), &other.expect("a pair"), &verifying).err();
        assert_eq!(error, Some(CryptoError::PeerFrame));
    }
}

#[test]
fn every_changed_byte_and_every_truncation_of_a_shipment_is_refused() {
    let f = Fixture::new();
    let frame = f.sealed();
    for at in 0..frame.len() {
        let mut changed = frame.clone();
        changed[at] ^= 1 << (at % 8);
        let error = f.open(&f.place(), &changed).err().expect("refused");
        assert!(
            matches!(error, CryptoError::PeerFrame | CryptoError::PeerSignature),
            "byte {at}: {error}"
        );
    }
    for length in 0..frame.len() {
        let error = f.open(&f.place(), &frame[..length]).err().expect("refused");
        assert!(
            matches!(error, CryptoError::PeerFrame | CryptoError::PeerSignature),
            "length {length}: {error}"
        );
    }
    assert!(f.open(&f.place(), &[frame, vec![0]].concat()).is_err());
}

/// The commitment is what a source cannot fake for a name whose bytes it does not know: here it seals other bytes
/// beside a commitment made for the right ones.
#[test]
fn bytes_that_do_not_match_their_commitment_are_refused() {
    let f = Fixture::new();
    let place = f.place();
    let other = KeyMaterial::from_bytes(KeySpec::SymmetricDefault, &SecretBytes::copy_of(&[6; 32]));
    let other = other.expect("32 bytes");
    assert_ne!(other.bytes(), f.material.bytes());
    let commitment = f.material.commitment(&place.name);
    let frame = super::shipment::seal(
        Cargo::Material,
        super::shipment::committed(&commitment, &other),
        &place,
        f.recipient.public(),
        &f.source_key,
        &mut test_rng(),
    );
    let error = f.open(&place, &frame.expect("seals")).err();
    assert_eq!(error, Some(CryptoError::PeerCommitment));
}

#[test]
fn a_commitment_recognizes_the_same_bytes_under_the_same_name_only() {
    let f = Fixture::new();
    let name = f.place().name;
    let commitment = f.material.commitment(&name);
    let again = KeyMaterial::from_bytes(
        KeySpec::SymmetricDefault,
        &SecretBytes::copy_of(f.material.bytes()),
    );
    assert!(commitment.ct_eq(&again.expect("32 bytes").commitment(&name)));
    let others = [
        MaterialName {
            account: "111122223334".parse().expect("an account"),
            ..name
        },
        MaterialName {
            key_id: KeyId::multi_region([0x12; 16]),
            ..name
        },
        MaterialName {
            material_id: MaterialId([0x23; 32]),
            ..name
        },
    ];
    for other in others {
        assert!(!commitment.ct_eq(&f.material.commitment(&other)), "{other:?}");
    }
}

#[test]
fn private_keys_survive_as_bytes() {
    let f = Fixture::new();
    let bytes = SecretBytes::copy_of(f.recipient.private_bytes());
    let restored = HpkeKeyPair::from_private_bytes(5, &bytes).expect("a pair");
    assert_eq!(restored.public(), f.recipient.public());
    assert!(open_material(&f.sealed(), &f.place(), &restored, &f.source_key.verifying_key()).is_ok());
    let bytes = SecretBytes::copy_of(f.source_key.private_bytes());
    let restored = RegionSigningKey::from_private_bytes(&bytes).expect("a key");
    assert_eq!(restored.verifying_key(), f.source_key.verifying_key());
    for wrong in [SecretBytes::copy_of(&[0; 31]), SecretBytes::copy_of(&[0; 33])] {
        assert!(HpkeKeyPair::from_private_bytes(1, &wrong).is_err());
        assert!(RegionSigningKey::from_private_bytes(&wrong).is_err());
    }
}

#[test]
fn signatures_hold_for_their_label_and_fields_only() {
    let key = RegionSigningKey::generate(&mut test_rng()).expect("generates");
    let fields = Fields::new("concord.kms/hand-over/v1").number(1).text("x");
    let signature = key.sign(&fields).expect("signs");
    assert_eq!(key.verifying_key().verify(&fields, &signature), Ok(()));
    for other in [
        Fields::new("concord.kms/record/v1").number(1).text("x"),
        Fields::new("concord.kms/hand-over/v1").number(2).text("x"),
        Fields::new("concord.kms/hand-over/v1")
            .number(1)
            .text("x")
            .text(""),
    ] {
        assert_eq!(
            key.verifying_key().verify(&other, &signature),
            Err(CryptoError::PeerSignature)
        );
    }
    let mut changed = signature;
    changed.0[0] ^= 1;
    assert_eq!(
        key.verifying_key().verify(&fields, &changed),
        Err(CryptoError::PeerSignature)
    );
}

#[test]
fn signatures_are_ed25519_as_another_implementation_knows_it() {
    let key = RegionSigningKey::generate(&mut test_rng()).expect("generates");
    let seed = key.private_bytes().try_into().expect("32 bytes");
    let other = ed25519_dalek::SigningKey::from_bytes(seed);
    assert_eq!(other.verifying_key().as_bytes(), key.verifying_key().as_bytes());
    let fields = Fields::new("concord.kms/record/v1").number(1);
    let signature = key.sign(&fields).expect("signs");
    assert_eq!(other.sign(fields.as_bytes()).to_bytes(), signature.0);
    assert!(other.verify(fields.as_bytes(), &signature.0.into()).is_ok());
}
