//! Batches and signatures.

use kms_crypto::region::RegionSigningKey;
use kms_domain::vocabulary::Incarnation;

use super::fixture::{TestRegion, region_name};
use crate::ReplicationError;
use crate::frame::{Route, SignedShipment, split_batch};

fn signed(route: &Route, shipments: &[&[u8]], key: &RegionSigningKey) -> Vec<u8> {
    let mut batch = Vec::new();
    for shipment in shipments {
        route.append_signed(&mut batch, shipment, key).unwrap();
    }
    batch
}

fn only(batch: &[u8]) -> SignedShipment<'_> {
    split_batch(batch, 1).ok().unwrap().pop().unwrap()
}

#[test]
fn a_batch_splits_into_what_was_put_into_it() {
    let (source, destination) = (TestRegion::new("us-east-1"), TestRegion::new("eu-west-1"));
    let route = source.route_to(&destination);
    let shipments: [&[u8]; 3] = [b"first", b"", b"third"];
    let batch = signed(&route, &shipments, &source.keys.signing);
    let split = split_batch(&batch, 3).ok().unwrap();
    let found: Vec<&[u8]> = split.iter().map(|signed| signed.shipment).collect();
    assert_eq!(found, shipments);
    let signer = source.keys.signing.verifying_key();
    assert!(split.iter().all(|signed| route.verify(signed, &signer).is_ok()));
    assert!(split_batch(&[], 3).ok().unwrap().is_empty());
}

#[test]
fn a_batch_that_is_cut_or_too_full_is_refused() {
    let (source, destination) = (TestRegion::new("us-east-1"), TestRegion::new("eu-west-1"));
    let route = source.route_to(&destination);
    let batch = signed(&route, &[b"one shipment"], &source.keys.signing);
    for length in 1..batch.len() {
        let refused = split_batch(&batch[..length], 9).err();
        assert!(matches!(refused, Some(ReplicationError::Batch(_))), "{length}");
    }
    let two = [batch.as_slice(), &batch].concat();
    assert!(split_batch(&two, 2).is_ok());
    assert!(matches!(split_batch(&two, 1), Err(ReplicationError::Batch(_))));
    // An announced length of 4 GiB takes no memory.
    assert!(split_batch(&[0xff; 100], 9).is_err());
}

#[test]
fn a_signature_counts_for_these_bytes_between_these_lives_only() {
    let (source, destination) = (TestRegion::new("us-east-1"), TestRegion::new("eu-west-1"));
    let route = source.route_to(&destination);
    let signer = source.keys.signing.verifying_key();
    let batch = signed(&route, &[b"a shipment"], &source.keys.signing);
    assert!(route.verify(&only(&batch), &signer).is_ok());

    let mut others = vec![route.clone(); 5];
    others[0].cluster.push('x');
    others[1].from.incarnation = Incarnation([9; 16]);
    others[2].to.incarnation = Incarnation([9; 16]);
    others[3].to.region = region_name("ap-southeast-1");
    others[4].from = route.to.clone();
    for other in &others {
        let refused = other.verify(&only(&batch), &signer);
        assert_eq!(refused, Err(ReplicationError::Signature));
    }
    let other_signer = destination.keys.signing.verifying_key();
    assert!(route.verify(&only(&batch), &other_signer).is_err());
    for byte in 4..batch.len() {
        let mut changed = batch.clone();
        changed[byte] ^= 1;
        assert!(route.verify(&only(&changed), &signer).is_err(), "{byte}");
    }
}
