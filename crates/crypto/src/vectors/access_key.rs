//! Secrets of access keys, made, wrapped and sealed.

use super::{Vector, envelope_by_hand, fields_by_hand};
use crate::access_key::{AccessKeyPlace, generate_access_key_secret};
use crate::region::{
    AccessKeyShipmentPlace, HpkeKeyPair, RegionSigningKey, open_access_key_secret, seal_access_key_secret,
};
use crate::secret::SecretBytes;
use crate::wrap::WrappingKey;
use kms_domain::vocabulary::RegionName;

fn secret(vector: &Vector) -> SecretBytes {
    SecretBytes::copy_of(vector.text("secret").as_bytes())
}

#[test]
fn wrapped_secrets_of_access_keys_stay_readable() {
    for vector in Vector::all(include_str!("../../tests/vectors/wrapped_access_key_secret.json")) {
        let key = WrappingKey::from_parts(vector.number("wrapping_key_id"), vector.key("wrapping_key"));
        let region: RegionName = vector.parsed("region");
        let place = AccessKeyPlace {
            cluster: vector.text("cluster"),
            region: &region,
            account: vector.parsed("account"),
            id: vector.parsed("access_key_id"),
            row_format: vector.number("row_format"),
        };
        let wrapped = vector.with_randomness(|rng| {
            let made = generate_access_key_secret(rng).expect("makes");
            assert!(made.ct_eq(&secret(&vector)), "{}", vector.text("name"));
            key.wrap_access_key_secret(&place, &made, rng)
        });
        vector.expect("wrapped", &wrapped.expect("wraps"));
        let unwrapped = key.unwrap_access_key_secret(&place, &vector.bytes("wrapped"));
        assert!(unwrapped.expect("unwraps").ct_eq(&secret(&vector)));

        let id = key.id().to_be_bytes();
        let aad = fields_by_hand(&[
            b"concord.kms/access-key-place/v1",
            place.cluster.as_bytes(),
            region.as_str().as_bytes(),
            place.account.digits(),
            vector.text("access_key_id").as_bytes(),
            &place.row_format.to_be_bytes(),
        ]);
        let bound = fields_by_hand(&[b"concord.kms/wrap-other/v1", b"sigv4", &aad, &id]);
        let by_hand = envelope_by_hand(
            &vector.bytes("wrapping_key"),
            &[[1, 1, 3].as_slice(), &id].concat(),
            &vector.bytes("randomness")[30..],
            (&bound, &bound),
            vector.text("secret").as_bytes(),
        );
        vector.expect("wrapped", &by_hand);
    }
}

#[test]
fn shipments_of_secrets_of_access_keys_stay_readable() {
    for vector in Vector::all(include_str!("../../tests/vectors/access_key_shipment.json")) {
        let signer = RegionSigningKey::from_private_bytes(&vector.secret("source_signing_key"));
        let signer = signer.expect("a signing key");
        let pair = vector.secret("hpke_private_key");
        let pair = HpkeKeyPair::from_private_bytes(vector.number("hpke_key_id"), &pair).expect("a pair");
        let (source, destination) = (
            vector.life("source_region", "source_incarnation"),
            vector.life("destination_region", "destination_incarnation"),
        );
        let place = AccessKeyShipmentPlace {
            cluster: vector.text("cluster"),
            source: &source,
            destination: &destination,
            account: vector.parsed("account"),
            id: vector.parsed("access_key_id"),
            revision: vector.number("revision"),
        };
        let frame = vector.with_randomness(|rng| {
            seal_access_key_secret(&secret(&vector), &place, pair.public(), &signer, rng)
        });
        vector.expect("frame", &frame.expect("seals"));
        let opened = open_access_key_secret(&vector.bytes("frame"), &place, &pair, &signer.verifying_key());
        assert!(opened.expect("opens").ct_eq(&secret(&vector)));
    }
}
