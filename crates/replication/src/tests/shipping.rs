//! The driver, from a dirty row to a settled one.

use std::sync::Arc;
use std::time::Duration;

use kms_crypto::material::KeyMaterial;
use kms_domain::Command;
use kms_domain::command::{EnableKeyRotation, Pulse, SetAccessKeyStatus};
use kms_domain::identity::IdentityId;
use kms_domain::multi_region::{
    AcceptOutcome, IdentityOutcome, IdentityReceipt, Parcel, ParcelReceipt, Receipt, ReplicaPhase, receipt,
    ship, ship_parcel,
};
use kms_domain::rows::AccessKeyStatus;
use kms_domain::vocabulary::{KeySpec, MaterialId};
use tokio::time::Instant;

use super::fixture::{
    NOW, TestDial, TestRegion, access_key_id, account_id, clock, eventually, key_name, material_id,
    region_name,
};
use crate::driver::Shipped;
use crate::reseal::HpkeReseal;
use crate::{DialRegion, Handle, Limits, LocalRegion, Options, start};

struct World {
    source: Arc<TestRegion>,
    destination: Arc<TestRegion>,
    dial: Arc<TestDial>,
    handle: Handle,
}

impl World {
    /// Two regions; the first one's driver runs, and `https://live` is an endpoint once the second is served.
    fn new(endpoints: &[&str]) -> Self {
        let (source, destination) = (TestRegion::new("us-east-1"), TestRegion::new("eu-west-1"));
        source.pin(&destination, endpoints);
        destination.pin(&source, &["https://us"]);
        let dial = Arc::new(TestDial::default());
        let handle = start(Options {
            region: Arc::clone(&source) as Arc<dyn LocalRegion>,
            key_ring: Arc::new(source.keys.clone()),
            dial: Arc::clone(&dial) as Arc<dyn DialRegion>,
            clock: clock(),
            limits: Limits {
                sealing_key_interval: Duration::from_millis(20),
                ..Limits::default()
            },
        });
        Self {
            source,
            destination,
            dial,
            handle,
        }
    }

    /// The second region's driver, shipping back to the first.
    async fn start_back(&self) -> Handle {
        let address = self.source.serve(&self.destination).await;
        self.dial.set("https://us", address);
        start(Options {
            region: Arc::clone(&self.destination) as Arc<dyn LocalRegion>,
            key_ring: Arc::new(self.destination.keys.clone()),
            dial: Arc::clone(&self.dial) as Arc<dyn DialRegion>,
            clock: clock(),
            limits: Limits::default(),
        })
    }

    async fn serve(&self) {
        let address = self.destination.serve(&self.source).await;
        self.dial.set("https://live", address);
    }

    fn replicate(&self, number: u32) {
        self.source.replicate(number, &self.destination);
        self.handle.wake(&region_name("eu-west-1"));
    }

    async fn until_settled(&self) {
        eventually("the outbox is empty", || self.source.state().outbox_len() == 0).await;
    }

    fn phase(&self, number: u32) -> ReplicaPhase {
        let state = self.source.state();
        let multi_region = state
            .key(&key_name(number))
            .unwrap()
            .multi_region
            .as_ref()
            .unwrap();
        multi_region.replicas[&region_name("eu-west-1")].phase
    }
}

#[tokio::test]
async fn a_replicated_key_arrives_with_its_material_and_becomes_active() {
    let world = World::new(&["https://live"]);
    world.serve().await;
    world.replicate(1);
    world.until_settled().await;
    assert_eq!(world.phase(1), ReplicaPhase::Active);
    assert!(world.source.secret_of(1).is_some());
    assert_eq!(world.source.secret_of(1), world.destination.secret_of(1));
    let peer = region_name("eu-west-1");
    let shown = || world.handle.peer(&peer).is_some_and(|p| p.last_success.is_some());
    eventually("the success is shown", shown).await;
    world.handle.shutdown().await;
}

#[tokio::test]
async fn of_an_imported_key_the_commitment_travels_and_the_replica_says_which_bytes_it_has() {
    let world = World::new(&["https://live"]);
    world.serve().await;
    let back = world.start_back().await;
    let material = KeyMaterial::generate(KeySpec::SymmetricDefault, &mut rand::rng()).unwrap();
    world.source.replicate_imported(1, &material, &world.destination);
    world.handle.wake(&region_name("eu-west-1"));
    world.until_settled().await;
    let (state, id) = (world.destination.state(), material_id(1));
    let row = state.material(&key_name(1), &id).unwrap();
    assert!(row.wrapped.is_none(), "imported bytes never travel");
    let (sent, arrived) = (world.source.commitment_of(1), world.destination.commitment_of(1));
    assert!(arrived.unwrap().ct_eq(&sent.unwrap()));
    world.destination.import(1, &material);
    let told = || world.destination.state().outbox_len() == 0;
    eventually("the primary was told", told).await;
    let state = world.source.state();
    let imported = state.material(&key_name(1), &id).unwrap().imported.clone();
    assert!(imported.unwrap().imported_in.contains(&region_name("eu-west-1")));
    back.shutdown().await;
    world.handle.shutdown().await;
}

#[tokio::test]
async fn an_access_key_arrives_with_its_secret_and_follows_its_home_until_it_is_deleted() {
    let world = World::new(&["https://live"]);
    world.serve().await;
    world.source.create_account(1);
    world.source.create_access_key(1, 1);
    world.handle.wake(&region_name("eu-west-1"));
    world.until_settled().await;
    let (made, arrived) = (
        world.source.access_key_secret(1),
        world.destination.access_key_secret(1),
    );
    assert!(arrived.unwrap().ct_eq(&made.unwrap()));
    let status = || {
        let state = world.destination.state();
        state.access_key(&access_key_id(1)).map(|row| row.status)
    };
    assert_eq!(status(), Some(AccessKeyStatus::Active));
    let disable = SetAccessKeyStatus {
        id: access_key_id(1),
        enabled: false,
    };
    world.source.apply(Command::SetAccessKeyStatus(disable)).unwrap();
    world.until_settled().await;
    assert_eq!(status(), Some(AccessKeyStatus::Inactive));
    let deletion = Command::DeleteAccessKey(access_key_id(1));
    world.source.apply(deletion).unwrap();
    world.until_settled().await;
    assert_eq!(status(), Some(AccessKeyStatus::Deleted));
    assert!(world.destination.access_key_secret(1).is_none());
    world.handle.shutdown().await;
}

#[tokio::test]
async fn a_region_that_is_paired_later_is_told_of_every_account_and_access_key() {
    let (source, destination) = (TestRegion::new("us-east-1"), TestRegion::new("eu-west-1"));
    for number in 1..=3 {
        source.create_account(number);
        source.create_access_key(number, number);
    }
    assert_eq!(source.state().outbox_len(), 0);
    source.pin(&destination, &["https://live"]);
    destination.pin(&source, &["https://us"]);
    let dial = Arc::new(TestDial::default());
    dial.set("https://live", destination.serve(&source).await);
    let handle = start(Options {
        region: Arc::clone(&source) as Arc<dyn LocalRegion>,
        key_ring: Arc::new(source.keys.clone()),
        dial,
        clock: clock(),
        limits: Limits::default(),
    });
    eventually("all are told", || source.state().outbox_len() == 0).await;
    for number in 1..=3 {
        let account = destination.state().account(account_id(number)).cloned();
        assert_eq!(account.unwrap().home, region_name("us-east-1"));
        let (made, arrived) = (
            source.access_key_secret(number),
            destination.access_key_secret(number),
        );
        assert!(arrived.unwrap().ct_eq(&made.unwrap()));
    }
    handle.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_dirty_keys_converge_in_batches() {
    const KEYS: u32 = 300;
    let world = World::new(&["https://live"]);
    for number in 0..KEYS {
        world.replicate(number);
    }
    let started = Instant::now();
    world.serve().await;
    world.until_settled().await;
    for number in (0..KEYS).step_by(50) {
        assert_eq!(
            world.source.secret_of(number),
            world.destination.secret_of(number)
        );
    }
    assert_eq!(world.destination.state().key_count(), KEYS as usize);
    assert!(
        started.elapsed() < Duration::from_secs(15),
        "{:?}",
        started.elapsed()
    );
    world.handle.shutdown().await;
}

#[tokio::test]
async fn endpoints_are_tried_in_turn() {
    let world = World::new(&["https://unknown", "https://dead", "https://live"]);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    world.dial.set("https://dead", listener.local_addr().unwrap());
    drop(listener);
    world.serve().await;
    world.replicate(1);
    world.until_settled().await;
    let peer = region_name("eu-west-1");
    let shown = || {
        let status = world.handle.peer(&peer);
        status.is_some_and(|p| p.endpoint.as_deref() == Some("https://live") && p.last_failure.is_some())
    };
    eventually("the live endpoint and the failures are shown", shown).await;
    world.handle.shutdown().await;
}

#[tokio::test]
async fn only_a_leader_ships() {
    let world = World::new(&["https://live"]);
    world.source.lead(false);
    eventually("the driver rests", || world.handle.peers().is_empty()).await;
    world.serve().await;
    world.replicate(1);
    // Twice as long as a leader takes to look by itself.
    tokio::time::sleep(2 * Limits::default().look_interval).await;
    assert!(world.destination.state().key(&key_name(1)).is_none());
    world.source.lead(true);
    world.until_settled().await;
    assert_eq!(world.phase(1), ReplicaPhase::Active);
    world.handle.shutdown().await;
}

#[tokio::test]
async fn a_peer_that_is_away_is_waited_for_and_its_failure_shown() {
    let world = World::new(&["https://live"]);
    world.replicate(1);
    let peer = region_name("eu-west-1");
    let shown = || {
        let status = world.handle.peer(&peer);
        status.is_some_and(|p| p.last_failure.is_some() && p.outbox_rows == 1)
    };
    eventually("the failure and the dirty key are shown", shown).await;
    world.serve().await;
    world.until_settled().await;
    world.handle.shutdown().await;
}

#[tokio::test]
async fn a_change_after_the_first_shipment_follows() {
    let world = World::new(&["https://live"]);
    world.serve().await;
    world.replicate(1);
    world.until_settled().await;
    let pulse = Pulse {
        readings: vec![(1, NOW)],
    };
    world.source.apply(Command::Pulse(pulse)).unwrap();
    let rotation = EnableKeyRotation {
        key: key_name(1),
        period_days: 90,
    };
    world.source.apply(Command::EnableKeyRotation(rotation)).unwrap();
    assert_eq!(world.source.state().outbox_len(), 1);
    world.handle.wake(&region_name("eu-west-1"));
    world.until_settled().await;
    let state = world.destination.state();
    let rotation = &state.key(&key_name(1)).unwrap().rotation;
    assert!(rotation.automatic && rotation.period_days == 90);
    world.handle.shutdown().await;
}

#[test]
fn a_receipt_counts_for_what_was_shipped_and_nothing_more() {
    let (source, destination) = (TestRegion::new("us-east-1"), TestRegion::new("eu-west-1"));
    source.pin(&destination, &["https://live"]);
    source.replicate(1, &destination);
    let state = source.state();
    let peer = state.peer(&region_name("eu-west-1")).unwrap();
    let reseal = HpkeReseal::new(&state, &source.keys);
    let shipment = ship(&state, peer, &key_name(1), &reseal).unwrap().unwrap();
    let honest = receipt(&state, &shipment, AcceptOutcome::GoneNoted);
    let shipped = Shipped::of(&Parcel::Key(shipment), peer);
    let answered = |receipt: &Receipt| shipped.is_answered_by(&ParcelReceipt::Key(receipt.clone()), peer);
    assert!(answered(&honest));

    let mut forged: Vec<Receipt> = vec![honest; 5];
    forged[0].from = region_name("us-east-1");
    forged[1].key = key_name(2);
    forged[2].stamp = None;
    forged[3].incarnation.0[0] ^= 1;
    forged[4].materials_held.push(MaterialId([0; 32]));
    assert!(!forged.iter().any(answered));
}

#[test]
fn a_receipt_counts_for_the_identity_and_revision_that_were_shipped_and_nothing_more() {
    let (source, destination) = (TestRegion::new("us-east-1"), TestRegion::new("eu-west-1"));
    source.pin(&destination, &["https://live"]);
    source.create_account(1);
    let state = source.state();
    let peer = state.peer(&region_name("eu-west-1")).unwrap();
    let reseal = HpkeReseal::new(&state, &source.keys);
    let id = IdentityId::Account(account_id(1));
    let parcel = ship_parcel(&state, peer, &id.into(), &reseal).unwrap().unwrap();
    let shipped = Shipped::of(&parcel, peer);
    let honest = IdentityReceipt {
        from: peer.name.clone(),
        from_incarnation: peer.incarnation,
        id,
        revision: 1,
        outcome: IdentityOutcome::Adopted { revision: 1 },
    };
    let answered =
        |receipt: &IdentityReceipt| shipped.is_answered_by(&ParcelReceipt::Identity(receipt.clone()), peer);
    assert!(answered(&honest));
    let mut forged = vec![honest; 4];
    forged[0].from = region_name("us-east-1");
    forged[1].from_incarnation.0[0] ^= 1;
    forged[2].id = IdentityId::Account(account_id(2));
    forged[3].revision = 2;
    assert!(!forged.iter().any(answered));
}
