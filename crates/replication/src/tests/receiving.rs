//! What a receiver takes, and from whom. Attacks 16 (another region's or an unknown identity) and 17 (a compromised
//! region).

use std::sync::Arc;

use kms_domain::multi_region::{AcceptOutcome, Parcel, ParcelReceipt, Receipt, ShipmentBody, ship};
use kms_domain::vocabulary::Incarnation;
use kms_proto::internal::replication::v1 as pb;
use kms_proto::internal::replication::v1::replication_internal_client::ReplicationInternalClient;
use kms_proto::internal::replication::v1::replication_internal_server::ReplicationInternal;
use kms_raft::{decode_receipt, encode_sealed_shipment};
use pb::shipment_answer::Answer;
use tonic::transport::Endpoint;
use tonic::{Code, Request, Status};

use super::fixture::{TestRegion, identity_of, key_name, region_name};
use crate::frame::Route;
use crate::reseal::HpkeReseal;
use crate::{LocalRegion, PeerRegionIdentity, REQUEST_BYTES_MAX, REQUEST_SHIPMENTS_MAX, Receiver};

type SealedShipment = kms_domain::multi_region::Shipment<Arc<[u8]>>;

/// Two regions that know each other, and keys of the first that are to be replicated to the second.
struct Pair {
    source: Arc<TestRegion>,
    destination: Arc<TestRegion>,
}

impl Pair {
    fn new() -> Self {
        let (source, destination) = (TestRegion::new("us-east-1"), TestRegion::new("eu-west-1"));
        source.pin(&destination, &["https://eu"]);
        destination.pin(&source, &["https://us"]);
        for number in [1, 2, 3] {
            source.replicate(number, &destination);
        }
        Self { source, destination }
    }

    fn route(&self) -> Route {
        self.source.route_to(&self.destination)
    }

    fn shipment(&self, number: u32) -> SealedShipment {
        let state = self.source.state();
        let peer = state.peer(&region_name("eu-west-1")).unwrap();
        let reseal = HpkeReseal::new(&state, &self.source.keys);
        ship(&state, peer, &key_name(number), &reseal).unwrap().unwrap()
    }

    /// What the source region signs, well formed or not.
    fn signed(&self, shipments: &[&[u8]]) -> Vec<u8> {
        let mut batch = Vec::new();
        for shipment in shipments {
            self.route()
                .append_signed(&mut batch, shipment, &self.source.keys.signing)
                .unwrap();
        }
        batch
    }

    fn batch(&self, numbers: &[u32]) -> Vec<u8> {
        let one =
            |number: &u32| self.signed(&[&encode_sealed_shipment(&Parcel::Key(self.shipment(*number)))]);
        numbers.iter().flat_map(one).collect()
    }

    async fn offer(
        &self,
        identity: Option<PeerRegionIdentity>,
        request: pb::ShipRequest,
    ) -> Result<Vec<pb::ShipmentAnswer>, Status> {
        let receiver = Receiver::new(self.destination.receiver_options());
        let mut request = Request::new(request);
        if let Some(identity) = identity {
            request.extensions_mut().insert(identity);
        }
        Ok(receiver.ship(request).await?.into_inner().answers)
    }

    async fn offer_batch(&self, batch: Vec<u8>) -> Result<Vec<pb::ShipmentAnswer>, Status> {
        let identity = identity_of(&self.source);
        self.offer(Some(identity), self.route().request(batch)).await
    }

    fn has(&self, number: u32) -> bool {
        self.destination.state().key(&key_name(number)).is_some()
    }
}

fn receipt(answer: &pb::ShipmentAnswer) -> Receipt {
    match &answer.answer {
        Some(Answer::Receipt(bytes)) => match decode_receipt(bytes).unwrap() {
            ParcelReceipt::Key(receipt) => receipt,
            other @ ParcelReceipt::Identity(_) => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

fn is_unanswered(answer: &pb::ShipmentAnswer) -> bool {
    matches!(&answer.answer, Some(Answer::Unanswered(_)))
}

#[tokio::test]
async fn a_batch_is_adopted_and_each_shipment_answered_in_order() {
    let pair = Pair::new();
    let answers = pair.offer_batch(pair.batch(&[3, 1, 2])).await.unwrap();
    let receipts: Vec<Receipt> = answers.iter().map(receipt).collect();
    let keys: Vec<_> = receipts.iter().map(|receipt| receipt.key).collect();
    assert_eq!(keys, [key_name(3), key_name(1), key_name(2)]);
    for (receipt, number) in receipts.iter().zip([3, 1, 2]) {
        assert!(
            matches!(receipt.outcome, AcceptOutcome::Adopted { .. }),
            "{receipt:?}"
        );
        assert!(receipt.complete && receipt.materials_held.len() == 1);
        assert_eq!(pair.destination.secret_of(number), pair.source.secret_of(number));
    }
}

#[tokio::test]
async fn a_repeated_shipment_is_answered_as_before() {
    let pair = Pair::new();
    let batch = pair.batch(&[1]);
    let first = pair.offer_batch(batch.clone()).await.unwrap();
    let again = pair.offer_batch(batch).await.unwrap();
    assert_eq!(receipt(&first[0]), receipt(&again[0]));
}

#[tokio::test]
async fn a_caller_without_a_pinned_identity_is_refused() {
    let pair = Pair::new();
    let stranger = TestRegion::new("ap-southeast-1");
    let mut other_ca = identity_of(&pair.source);
    other_ca.issuing_ca_spki_sha256[0] ^= 1;
    let refused = [
        (None, Code::Unauthenticated),
        (Some(identity_of(&stranger)), Code::PermissionDenied),
        (Some(identity_of(&pair.destination)), Code::PermissionDenied),
        (Some(other_ca), Code::PermissionDenied),
    ];
    for (identity, code) in refused {
        let request = pair.route().request(pair.batch(&[1]));
        assert_eq!(pair.offer(identity, request).await.unwrap_err().code(), code);
    }
    assert!(!pair.has(1));
}

#[tokio::test]
async fn a_request_between_other_lives_or_regions_is_refused() {
    let pair = Pair::new();
    let mut routes = vec![pair.route(); 4];
    routes[0].from.incarnation = Incarnation([1; 16]);
    routes[1].to.incarnation = Incarnation([1; 16]);
    routes[2].cluster = "another".to_owned();
    routes[3].to.region = region_name("ap-southeast-1");
    for route in routes {
        let request = route.request(pair.batch(&[1]));
        let refused = pair.offer(Some(identity_of(&pair.source)), request).await;
        assert_eq!(refused.unwrap_err().code(), Code::FailedPrecondition);
    }
    assert!(!pair.has(1));
}

#[tokio::test]
async fn a_shipment_with_a_changed_byte_is_not_taken_and_the_others_are() {
    let pair = Pair::new();
    let (first, second) = (pair.batch(&[1]), pair.batch(&[2]));
    for byte in (4..first.len()).step_by(97) {
        let mut changed = first.clone();
        changed[byte] ^= 0x20;
        changed.extend_from_slice(&second);
        let answers = pair.offer_batch(changed).await.unwrap();
        assert!(is_unanswered(&answers[0]), "{byte}");
        assert_eq!(receipt(&answers[1]).key, key_name(2));
    }
    assert!(!pair.has(1) && pair.has(2));
}

#[tokio::test]
async fn a_shipment_signed_by_another_region_is_not_taken() {
    let pair = Pair::new();
    let shipment = encode_sealed_shipment(&Parcel::Key(pair.shipment(1)));
    let mut batch = Vec::new();
    pair.route()
        .append_signed(&mut batch, &shipment, &pair.destination.keys.signing)
        .unwrap();
    let answers = pair.offer_batch(batch).await.unwrap();
    assert!(is_unanswered(&answers[0]) && !pair.has(1));
}

#[tokio::test]
async fn signed_rubbish_is_not_taken() {
    let pair = Pair::new();
    let batch = pair.signed(&[b"", b"\xff\xff\xff", &[0; 1000]]);
    let answers = pair.offer_batch(batch).await.unwrap();
    assert!(answers.len() == 3 && answers.iter().all(is_unanswered));
}

#[tokio::test]
async fn material_sealed_for_another_revision_is_refused() {
    let pair = Pair::new();
    let mut shipment = pair.shipment(1);
    if let ShipmentBody::Record { record, .. } = &mut shipment.body {
        record.stamp.shared_revision += 1;
    }
    let batch = pair.signed(&[&encode_sealed_shipment(&Parcel::Key(shipment))]);
    let answers = pair.offer_batch(batch).await.unwrap();
    let outcome = receipt(&answers[0]).outcome;
    assert!(matches!(outcome, AcceptOutcome::Refused { .. }), "{outcome:?}");
    assert!(!pair.has(1));
}

#[tokio::test]
async fn a_malformed_or_overfull_batch_is_refused_as_a_whole() {
    let pair = Pair::new();
    let overfull = pair.signed(&vec![b"".as_slice(); REQUEST_SHIPMENTS_MAX + 1]);
    for batch in [vec![1, 2, 3], overfull] {
        let refused = pair.offer_batch(batch).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    }
}

#[tokio::test]
async fn an_oversized_message_is_refused_by_its_announced_length() {
    let pair = Pair::new();
    let address = pair.destination.serve(&pair.source).await;
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let mut client = ReplicationInternalClient::new(endpoint.connect_lazy());
    let request = pair.route().request(vec![0; REQUEST_BYTES_MAX + 1]);
    let refused = client.ship(request).await.unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange);
    let answers = client.ship(pair.route().request(pair.batch(&[1]))).await.unwrap();
    assert_eq!(receipt(&answers.into_inner().answers[0]).key, key_name(1));
}
