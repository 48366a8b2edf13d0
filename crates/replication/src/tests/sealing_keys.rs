//! A peer's new HPKE key is taken over the wire, if its pinned signing key vouches for it.

use std::sync::Arc;
use std::time::Duration;

use kms_crypto::region::RegionSigningKey;
use kms_domain::rows::PeerRegion;
use kms_proto::internal::replication::v1 as pb;
use kms_proto::internal::replication::v1::replication_internal_client::ReplicationInternalClient;

use super::fixture::{TestDial, TestRegion, clock, eventually};
use crate::{DialRegion, Handle, Limits, LocalRegion, Options, start};

/// Two paired regions; the first one's driver runs and asks often.
async fn asking() -> (Arc<TestRegion>, Arc<TestRegion>, Handle) {
    let (source, destination) = (TestRegion::new("us-east-1"), TestRegion::new("eu-west-1"));
    source.pin(&destination, &["https://live"]);
    destination.pin(&source, &["https://us"]);
    let dial = TestDial::default();
    dial.set("https://live", destination.serve(&source).await);
    let handle = start(Options {
        region: Arc::clone(&source) as Arc<dyn LocalRegion>,
        key_ring: Arc::new(source.keys.clone()),
        dial: Arc::new(dial) as Arc<dyn DialRegion>,
        clock: clock(),
        limits: Limits {
            sealing_key_interval: Duration::from_millis(10),
            ..Limits::default()
        },
    });
    (source, destination, handle)
}

#[tokio::test]
async fn a_new_sealing_key_of_a_peer_is_pinned_and_nothing_beside_it_changes() {
    let (source, destination, handle) = asking().await;
    let before = source.pinned(&destination);
    destination.renew_hpke_key(&destination.keys.signing);
    eventually("the new key is pinned", || {
        source.pinned(&destination).hpke_key == 2
    })
    .await;
    let state = destination.state();
    let renewed = PeerRegion {
        hpke_key: 2,
        hpke_public: Arc::clone(&state.hpke_key(2).unwrap().public),
        ..before
    };
    assert_eq!(source.pinned(&destination), renewed);
    handle.shutdown().await;
}

#[tokio::test]
async fn a_sealing_key_that_the_pinned_signing_key_does_not_vouch_for_is_not_taken() {
    let (source, destination, handle) = asking().await;
    let before = source.pinned(&destination);
    let stranger = RegionSigningKey::generate(&mut rand::rng()).ok().unwrap();
    destination.renew_hpke_key(&stranger);
    // A genuine key behind it is taken, so the forged one was asked for and passed over.
    let asked = destination.sealing_keys_told();
    eventually("the forged key was told several times", || {
        destination.sealing_keys_told() > asked + 2
    })
    .await;
    assert_eq!(source.pinned(&destination), before);
    destination.renew_hpke_key(&destination.keys.signing);
    eventually("the genuine key is pinned", || {
        source.pinned(&destination).hpke_key == 3
    })
    .await;
    handle.shutdown().await;
}

#[tokio::test]
async fn a_region_that_is_not_paired_is_told_no_sealing_key() {
    let (region, stranger) = (TestRegion::new("us-east-1"), TestRegion::new("eu-west-1"));
    let address = region.serve(&stranger).await;
    let mut client = ReplicationInternalClient::connect(format!("http://{address}"))
        .await
        .unwrap();
    let refused = client.sealing_key(pb::SealingKeyRequest::default()).await;
    assert_eq!(refused.unwrap_err().code(), tonic::Code::PermissionDenied);
}
