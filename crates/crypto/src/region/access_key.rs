//! The secret of an access key on its way to another region. The frame is that of key material; ct seals the secret
//! alone, and the labels tell it from everything else:
//!
//! ```text
//! info = field("concord.kms/hpke-access-key/v1"), suite, cluster, source region, source incarnation, destination
//!        region, destination incarnation, HPKE key id, account, access key id, revision
//! the source region signs field("concord.kms/hpke-access-key-shipment/v1"), enc, ct, info
//! ```

use super::hpke_key::suite_id;
use super::shipment::{Cargo, HpkeRecipient, open_bound, seal_bound};
use super::{HpkeKeyPair, HpkePublicKey, RegionLife, RegionSigningKey, RegionVerifyingKey};
use crate::access_key::is_secret;
use crate::error::CryptoError;
use crate::fields::Fields;
use crate::{CryptoRng, SecretBytes};
use kms_domain::vocabulary::{AccessKeyId, AccountId, HpkeKeyId};

/// Everything that a sealed secret is bound to, as both ends know it from their own records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessKeyShipmentPlace<'a> {
    /// The cluster's name.
    pub cluster: &'a str,
    /// The region that seals and signs.
    pub source: &'a RegionLife,
    /// The region that opens.
    pub destination: &'a RegionLife,
    /// The account of the access key's principal.
    pub account: AccountId,
    /// The access key.
    pub id: AccessKeyId,
    /// The revision of the record that the secret travels with.
    pub revision: u64,
}

impl AccessKeyShipmentPlace<'_> {
    fn info(&self, hpke_key_id: HpkeKeyId) -> Fields {
        let fields = Fields::new(Cargo::AccessKeySecret.info_label())
            .bytes(&suite_id())
            .text(self.cluster);
        let fields = self.source.append_to(fields);
        self.destination
            .append_to(fields)
            .number(hpke_key_id)
            .account(&self.account)
            .text(self.id.as_str())
            .number(self.revision)
    }
}

/// Seals the secret of an access key to another region and signs it.
///
/// # Errors
/// [`CryptoError::Library`].
pub fn seal_access_key_secret(
    secret: &SecretBytes,
    place: &AccessKeyShipmentPlace<'_>,
    recipient: &HpkePublicKey,
    signing_key: &RegionSigningKey,
    rng: &mut dyn CryptoRng,
) -> Result<Vec<u8>, CryptoError> {
    let body = SecretBytes::copy_of(secret.expose());
    let info = place.info(recipient.id());
    seal_bound(Cargo::AccessKeySecret, body, &info, recipient, signing_key, rng)
}

/// Checks the source's signature and opens the secret of an access key.
///
/// # Errors
/// [`CryptoError::PeerFrame`] or [`CryptoError::PeerSignature`]. A secret sealed for another place fails on its
/// signature already.
pub fn open_access_key_secret(
    frame: &[u8],
    place: &AccessKeyShipmentPlace<'_>,
    recipient: &HpkeKeyPair,
    source: &RegionVerifyingKey,
) -> Result<SecretBytes, CryptoError> {
    let recipient = HpkeRecipient {
        pair: recipient,
        info: &place.info(recipient.id()),
    };
    let secret = open_bound(Cargo::AccessKeySecret, frame, &recipient, source)?;
    if is_secret(secret.expose()) {
        Ok(secret)
    } else {
        Err(CryptoError::PeerFrame)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::access_key::generate_access_key_secret;
    use crate::testing::test_rng;
    use kms_domain::vocabulary::Incarnation;

    fn life(name: &str, incarnation: u8) -> RegionLife {
        RegionLife {
            region: name.parse().unwrap(),
            incarnation: Incarnation([incarnation; 16]),
        }
    }

    struct Fixture {
        source: RegionLife,
        destination: RegionLife,
        signing_key: RegionSigningKey,
        recipient: HpkeKeyPair,
        secret: SecretBytes,
    }

    impl Fixture {
        fn new() -> Self {
            let rng = &mut test_rng();
            Self {
                source: life("us-east-1", 1),
                destination: life("eu-west-1", 2),
                signing_key: RegionSigningKey::generate(rng).unwrap(),
                recipient: HpkeKeyPair::generate(5, rng).unwrap(),
                secret: generate_access_key_secret(rng).unwrap(),
            }
        }

        fn place(&self) -> AccessKeyShipmentPlace<'_> {
            AccessKeyShipmentPlace {
                cluster: "concord",
                source: &self.source,
                destination: &self.destination,
                account: "111122223333".parse().unwrap(),
                id: AccessKeyId::from_random([1; 10]),
                revision: 3,
            }
        }

        fn seal(&self, secret: &SecretBytes, place: &AccessKeyShipmentPlace<'_>) -> Vec<u8> {
            let (recipient, rng) = (self.recipient.public(), &mut test_rng());
            seal_access_key_secret(secret, place, recipient, &self.signing_key, rng).unwrap()
        }

        fn open(&self, place: &AccessKeyShipmentPlace<'_>, frame: &[u8]) -> Result<SecretBytes, CryptoError> {
            open_access_key_secret(frame, place, &self.recipient, &self.signing_key.verifying_key())
        }
    }

    #[test]
    fn a_secret_arrives_in_its_place() {
        let f = Fixture::new();
        let opened = f.open(&f.place(), &f.seal(&f.secret, &f.place())).ok().unwrap();
        assert!(opened.ct_eq(&f.secret));
    }

    #[test]
    fn a_secret_sealed_for_another_place_does_not_open() {
        let f = Fixture::new();
        let own = f.place();
        let frame = f.seal(&f.secret, &own);
        let other_life = life("us-east-1", 9);
        let others = [
            AccessKeyShipmentPlace {
                cluster: "other",
                ..own
            },
            AccessKeyShipmentPlace {
                source: &other_life,
                ..own
            },
            AccessKeyShipmentPlace {
                destination: &other_life,
                ..own
            },
            AccessKeyShipmentPlace {
                account: "444455556666".parse().unwrap(),
                ..own
            },
            AccessKeyShipmentPlace {
                id: AccessKeyId::from_random([2; 10]),
                ..own
            },
            AccessKeyShipmentPlace { revision: 4, ..own },
        ];
        for place in others {
            assert_eq!(f.open(&place, &frame).err(), Some(CryptoError::PeerSignature));
        }
    }

    #[test]
    fn an_altered_frame_does_not_open_and_bytes_that_are_no_secret_are_refused() {
        let f = Fixture::new();
        let mut frame = f.seal(&f.secret, &f.place());
        let middle = frame.len() / 2;
        frame[middle] ^= 1;
        assert_eq!(f.open(&f.place(), &frame).err(), Some(CryptoError::PeerSignature));
        let lie = f.seal(&SecretBytes::copy_of(&[b'='; 40]), &f.place());
        assert_eq!(f.open(&f.place(), &lie).err(), Some(CryptoError::PeerFrame));
    }
}
