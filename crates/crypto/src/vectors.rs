//! The committed test vectors of every format, in `tests/vectors`. Sealed ones are made again from the randomness
//! that stands in the vector, then opened; envelopes and commitments are also built a second time by hand, from
//! other implementations of the primitives, so that the text of SECURITY.md and the code are compared.

mod access_key;
mod stored_key;

use crate::fields::Fields;
use crate::material::{KeyMaterial, MaterialCommitment, MaterialName};
use crate::region::{
    HpkeKeyPair, RegionIdentity, RegionLife, RegionSigningKey, ShipmentPlace, Signature, SignedHpkeKey,
    open_commitment, open_material, seal_commitment, seal_material,
};
use crate::seal::{FileSeal, SealProvider};
use crate::secret::{SecretBytes, SecretKey256};
use crate::symmetric;
use crate::testing::{PreparedBytes, from_hex, to_hex};
use crate::wrap::{MaterialPlace, RootKey, RootKeyId, WrappingKey};
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hmac::{Hmac, Mac};
use kms_domain::vocabulary::{
    EncryptionContext, Epoch, Incarnation, KeySpec, MaterialId, RegionName, Timestamp,
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::str::FromStr;

/// One JSON object of a vector file.
pub(crate) struct Vector(Value);

impl Vector {
    pub(crate) fn all(json: &str) -> Vec<Self> {
        let parsed: Vec<Value> = serde_json::from_str(json).expect("a vector file is a JSON array");
        assert!(!parsed.is_empty(), "a vector file without vectors proves nothing");
        parsed.into_iter().map(Self).collect()
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.0[field]
            .as_str()
            .unwrap_or_else(|| panic!("{field} is missing"))
    }

    fn number(&self, field: &str) -> u64 {
        self.0[field]
            .as_u64()
            .unwrap_or_else(|| panic!("{field} is missing"))
    }

    pub(crate) fn bytes(&self, field: &str) -> Vec<u8> {
        from_hex(self.text(field))
    }

    fn array<const N: usize>(&self, field: &str) -> [u8; N] {
        self.bytes(field)
            .try_into()
            .expect("the field has a fixed length")
    }

    pub(crate) fn parsed<T: FromStr>(&self, field: &str) -> T {
        self.text(field).parse().ok().expect("the field is well formed")
    }

    pub(crate) fn secret(&self, field: &str) -> SecretBytes {
        SecretBytes::new(self.bytes(field).into())
    }

    fn key(&self, field: &str) -> SecretKey256 {
        SecretKey256::copy_of(&self.bytes(field)).expect("a key is 32 bytes")
    }

    fn material(&self) -> KeyMaterial {
        KeyMaterial::from_bytes(KeySpec::SymmetricDefault, &self.secret("material")).expect("32 bytes")
    }

    fn name(&self) -> MaterialName {
        MaterialName {
            account: self.parsed("account"),
            key_id: self.parsed("key_id"),
            material_id: self.parsed("material_id"),
        }
    }

    fn life(&self, region: &str, incarnation: &str) -> RegionLife {
        RegionLife {
            region: self.parsed(region),
            incarnation: self.parsed(incarnation),
        }
    }

    /// Checks bytes that were made again from the vector's inputs.
    #[track_caller]
    pub(crate) fn expect(&self, field: &str, made: &[u8]) {
        assert_eq!(self.text(field), to_hex(made), "{field} of {}", self.text("name"));
    }

    /// Runs `make` with the vector's randomness, all of which must be used.
    fn with_randomness<T>(&self, make: impl FnOnce(&mut PreparedBytes) -> T) -> T {
        let mut rng = PreparedBytes::new(self.bytes("randomness"));
        let made = make(&mut rng);
        assert!(rng.is_used_up(), "unused randomness in {}", self.text("name"));
        made
    }
}

/// field(x) = u32be(length) || x, for each part.
fn fields_by_hand(parts: &[&[u8]]) -> Vec<u8> {
    let encoded = parts.iter().map(|part| {
        let length = u32::try_from(part.len()).expect("a short part");
        [&length.to_be_bytes(), *part].concat()
    });
    encoded.flatten().collect()
}

fn hmac_by_hand(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes any key");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// The committing envelope as SECURITY.md writes it.
fn envelope_by_hand(
    key: &[u8],
    prefix: &[u8],
    salt: &[u8],
    (bound, aad): (&[u8], &[u8]),
    plaintext: &[u8],
) -> Vec<u8> {
    let context = [prefix, salt, &Sha256::digest(bound)].concat();
    let derive = |label: &[u8]| {
        hmac_by_hand(
            key,
            &[&[0, 0, 0, 1], label, &[0], &context, &[0, 0, 1, 0]].concat(),
        )
    };
    let commitment = derive(b"concord.kms/v1/commit");
    let header = [prefix, salt, &commitment].concat();
    let payload = Payload {
        msg: plaintext,
        aad: &[&header, aad].concat(),
    };
    let body = Aes256Gcm::new(&derive(b"concord.kms/v1/message").into())
        .encrypt(&Nonce::default(), payload)
        .expect("encrypts");
    [header, body].concat()
}

#[test]
fn ciphertexts_of_version_1_stay_readable() {
    for vector in Vector::all(include_str!("../tests/vectors/ciphertext.json")) {
        let (material, name) = (vector.material(), vector.name());
        let material = material.as_symmetric().expect("symmetric");
        let pairs = vector.0["encryption_context"].as_object().expect("pairs").iter();
        let pairs = pairs.map(|(key, value)| (key.clone(), value.as_str().expect("text").to_owned()));
        let context = EncryptionContext::new(pairs.collect()).expect("a context");
        let plaintext = vector.bytes("plaintext");

        let sealed =
            vector.with_randomness(|rng| symmetric::encrypt(material, &name, &context, &plaintext, rng));
        vector.expect("ciphertext", &sealed.expect("encrypts"));
        let opened = symmetric::decrypt(material, &name, &context, &vector.bytes("ciphertext"));
        assert_eq!(opened.expect("opens").expose(), plaintext);

        let kind = u8::from(name.key_id.is_multi_region());
        let prefix = [&[1, 1, kind], name.key_id.bytes.as_slice(), &name.material_id.0].concat();
        let context = context.canonical_bytes();
        let bound = fields_by_hand(&[b"aws", name.account.digits(), &context]);
        let by_hand = envelope_by_hand(
            &vector.bytes("material"),
            &prefix,
            &vector.bytes("randomness"),
            (&bound, &context),
            &plaintext,
        );
        vector.expect("ciphertext", &by_hand);
    }
}

#[test]
fn wrapped_material_of_version_1_stays_readable() {
    for vector in Vector::all(include_str!("../tests/vectors/wrapped_material.json")) {
        let key = WrappingKey::from_parts(vector.number("wrapping_key_id"), vector.key("wrapping_key"));
        let region: RegionName = vector.parsed("region");
        let place = MaterialPlace {
            cluster: vector.text("cluster"),
            region: &region,
            name: vector.name(),
            spec: vector.parsed("spec"),
            origin: vector.parsed("origin"),
            row_format: vector.number("row_format"),
        };
        let wrapped = vector.with_randomness(|rng| key.wrap_material(&place, &vector.material(), rng));
        vector.expect("wrapped", &wrapped.expect("wraps"));
        let unwrapped = key.unwrap_material(&place, &vector.bytes("wrapped"));
        assert_eq!(unwrapped.expect("unwraps").bytes(), vector.bytes("material"));

        let id = key.id().to_be_bytes();
        let bound = fields_by_hand(&[
            b"concord.kms/wrap/v1",
            place.cluster.as_bytes(),
            region.as_str().as_bytes(),
            place.name.account.digits(),
            &place.name.key_id.bytes,
            &place.name.material_id.0,
            vector.text("spec").as_bytes(),
            vector.text("origin").as_bytes(),
            b"material",
            &id,
            &place.row_format.to_be_bytes(),
        ]);
        let by_hand = envelope_by_hand(
            &vector.bytes("wrapping_key"),
            &[[1, 1, 3].as_slice(), &id].concat(),
            &vector.bytes("randomness"),
            (&bound, &bound),
            &vector.bytes("material"),
        );
        vector.expect("wrapped", &by_hand);
    }
}

#[test]
fn other_bytes_wrapped_by_a_wrapping_key_stay_readable() {
    for vector in Vector::all(include_str!("../tests/vectors/wrapped_other.json")) {
        let key = WrappingKey::from_parts(vector.number("wrapping_key_id"), vector.key("wrapping_key"));
        let (purpose, aad, bytes) = (vector.text("purpose"), vector.bytes("aad"), vector.bytes("bytes"));
        let wrapped = vector.with_randomness(|rng| key.wrap(purpose, &aad, &bytes, rng));
        vector.expect("wrapped", &wrapped.expect("wraps"));
        let unwrapped = key.unwrap(purpose, &aad, &vector.bytes("wrapped"));
        assert_eq!(unwrapped.expect("unwraps").expose(), bytes);
    }
}

#[test]
fn bytes_wrapped_by_a_root_key_stay_readable() {
    for vector in Vector::all(include_str!("../tests/vectors/wrapped_by_root.json")) {
        let id: [u8; 16] = vector.array("root_key_id");
        let root = RootKey::from_parts(RootKeyId(id), vector.key("root_key"));
        let (purpose, aad, bytes) = (vector.text("purpose"), vector.bytes("aad"), vector.bytes("bytes"));
        let wrapped = vector.with_randomness(|rng| root.wrap(purpose, &aad, &bytes, rng));
        vector.expect("wrapped", &wrapped.expect("wraps"));
        let unwrapped = root.unwrap(purpose, &aad, &vector.bytes("wrapped"));
        assert_eq!(unwrapped.expect("unwraps").expose(), bytes);

        let bound = fields_by_hand(&[b"concord.kms/root-wrap/v1", purpose.as_bytes(), &aad, &id]);
        let by_hand = envelope_by_hand(
            &vector.bytes("root_key"),
            &[[1, 1, 2].as_slice(), &id].concat(),
            &vector.bytes("randomness"),
            (&bound, &bound),
            &bytes,
        );
        vector.expect("wrapped", &by_hand);
    }
}

#[test]
fn wrapping_keys_wrapped_by_a_root_key_stay_readable() {
    for vector in Vector::all(include_str!("../tests/vectors/wrapping_key.json")) {
        let root = RootKey::from_parts(RootKeyId(vector.array("root_key_id")), vector.key("root_key"));
        let (cluster, region) = (vector.text("cluster"), vector.parsed("region"));
        let id = vector.number("wrapping_key_id");
        let key = WrappingKey::from_parts(id, vector.key("wrapping_key"));
        let wrapped = vector.with_randomness(|rng| root.wrap_wrapping_key(cluster, &region, &key, rng));
        vector.expect("wrapped", &wrapped.expect("wraps"));
        let unwrapped = root.unwrap_wrapping_key(cluster, &region, id, &vector.bytes("wrapped"));
        assert!(unwrapped.expect("unwraps").key.ct_eq(&key.key));
    }
}

#[test]
fn root_key_files_stay_readable() {
    for vector in Vector::all(include_str!("../tests/vectors/root_key_file.json")) {
        let root = RootKey::from_parts(RootKeyId(vector.array("root_key_id")), vector.key("root_key"));
        let file = vector.with_randomness(|rng| FileSeal.seal(&root, rng));
        vector.expect("file", file.expect("seals").expose());
        let read = FileSeal.unseal(&vector.bytes("file")).expect("unseals");
        assert_eq!(read.id(), root.id());
        assert!(read.key.ct_eq(&root.key));

        let covered = [
            b"CKMSROOT\x01\x01".as_slice(),
            &root.id().0,
            &vector.bytes("root_key"),
        ]
        .concat();
        vector.expect("file", &[covered.as_slice(), &Sha256::digest(&covered)].concat());
    }
}

#[test]
fn commitments_to_material_stay_the_same() {
    for vector in Vector::all(include_str!("../tests/vectors/material_commitment.json")) {
        let name = vector.name();
        vector.expect("commitment", vector.material().commitment(&name).as_bytes());
        let fields = fields_by_hand(&[
            b"concord.kms/material-commitment/v1",
            name.account.digits(),
            &name.key_id.bytes,
            &name.material_id.0,
        ]);
        vector.expect("commitment", &hmac_by_hand(&vector.bytes("material"), &fields));
    }
}

/// The two ends of a shipment and what it is bound to.
struct Shipment {
    source: RegionLife,
    destination: RegionLife,
    epoch: Epoch,
    signer: RegionSigningKey,
    recipient: HpkeKeyPair,
}

impl Shipment {
    fn of(vector: &Vector) -> Self {
        let epoch = Epoch {
            counter: vector.number("epoch_counter"),
            region: vector.parsed("epoch_region"),
            incarnation: vector.parsed("epoch_incarnation"),
        };
        let signer = RegionSigningKey::from_private_bytes(&vector.secret("source_signing_key"));
        let recipient = vector.secret("hpke_private_key");
        let recipient = HpkeKeyPair::from_private_bytes(vector.number("hpke_key_id"), &recipient);
        Self {
            source: vector.life("source_region", "source_incarnation"),
            destination: vector.life("destination_region", "destination_incarnation"),
            epoch,
            signer: signer.expect("a signing key"),
            recipient: recipient.expect("a key pair"),
        }
    }

    fn place<'a>(&'a self, vector: &'a Vector) -> ShipmentPlace<'a> {
        ShipmentPlace {
            cluster: vector.text("cluster"),
            source: &self.source,
            destination: &self.destination,
            name: vector.name(),
            spec: vector.parsed("spec"),
            epoch: &self.epoch,
            revision: vector.number("revision"),
        }
    }
}

#[test]
fn shipments_of_version_1_stay_readable() {
    for vector in Vector::all(include_str!("../tests/vectors/shipment.json")) {
        let shipment = Shipment::of(&vector);
        let (place, signer, recipient) = (shipment.place(&vector), &shipment.signer, &shipment.recipient);
        let frame = vector.with_randomness(|rng| {
            seal_material(&vector.material(), &place, recipient.public(), signer, rng)
        });
        vector.expect("frame", &frame.expect("seals"));
        let opened = open_material(&vector.bytes("frame"), &place, recipient, &signer.verifying_key());
        assert_eq!(opened.expect("opens").bytes(), vector.bytes("material"));
    }
}

#[test]
fn shipments_of_commitments_of_version_1_stay_readable() {
    for vector in Vector::all(include_str!("../tests/vectors/commitment_shipment.json")) {
        let shipment = Shipment::of(&vector);
        let (place, signer, recipient) = (shipment.place(&vector), &shipment.signer, &shipment.recipient);
        let commitment = MaterialCommitment::from_bytes(vector.array("commitment"));
        let frame = vector
            .with_randomness(|rng| seal_commitment(&commitment, &place, recipient.public(), signer, rng));
        vector.expect("frame", &frame.expect("seals"));
        let opened = open_commitment(&vector.bytes("frame"), &place, recipient, &signer.verifying_key());
        vector.expect("commitment", opened.expect("opens").as_bytes());
    }
}

#[test]
fn published_hpke_keys_of_version_1_stay_readable() {
    for vector in Vector::all(include_str!("../tests/vectors/hpke_key.json")) {
        let signer = RegionSigningKey::from_private_bytes(&vector.secret("signing_key"));
        let signer = signer.expect("a signing key");
        let pair = vector.secret("hpke_private_key");
        let pair = HpkeKeyPair::from_private_bytes(vector.number("hpke_key_id"), &pair).expect("a pair");
        let owner = RegionIdentity {
            life: vector.life("region", "incarnation"),
            issuer_spki: vector.bytes("issuer_spki"),
            signing_key: signer.verifying_key(),
        };
        let (not_before, not_after) = (
            Timestamp(vector.number("not_before")),
            Timestamp(vector.number("not_after")),
        );
        let cluster = vector.text("cluster");
        let validity = (not_before, not_after);
        let signed = SignedHpkeKey::sign(cluster, &owner.life, pair.public(), validity, &signer);
        vector.expect("encoded", &signed.expect("signs").to_bytes());
        let read = SignedHpkeKey::from_bytes(&vector.bytes("encoded")).expect("reads");
        assert_eq!(
            read.verify(cluster, &owner, not_after, 0).as_ref(),
            Ok(pair.public())
        );
        vector.expect("fingerprint", &owner.fingerprint(cluster));
    }
}

#[test]
fn signatures_and_bound_byte_strings_stay_the_same() {
    for vector in Vector::all(include_str!("../tests/vectors/signature.json")) {
        let epoch = Epoch {
            counter: vector.number("epoch_counter"),
            region: vector.parsed("epoch_region"),
            incarnation: Incarnation(vector.array("epoch_incarnation")),
        };
        let name = vector.name();
        let fields = Fields::new(vector.text("label"))
            .account(&name.account)
            .key_id(&name.key_id)
            .material_id(&MaterialId(name.material_id.0))
            .number(vector.number("number"))
            .text(vector.text("text"))
            .epoch(&epoch);
        vector.expect("message", fields.as_bytes());
        let by_hand = fields_by_hand(&[
            vector.text("label").as_bytes(),
            name.account.digits(),
            &name.key_id.bytes,
            &name.material_id.0,
            &vector.number("number").to_be_bytes(),
            vector.text("text").as_bytes(),
            &epoch.counter.to_be_bytes(),
            epoch.region.as_str().as_bytes(),
            &epoch.incarnation.0,
        ]);
        vector.expect("message", &by_hand);

        let key = RegionSigningKey::from_private_bytes(&vector.secret("signing_key")).expect("a key");
        vector.expect("verifying_key", key.verifying_key().as_bytes());
        vector.expect("signature", &key.sign(&fields).expect("signs").0);
        let signature = Signature(vector.array("signature"));
        assert_eq!(key.verifying_key().verify(&fields, &signature), Ok(()));
    }
}
