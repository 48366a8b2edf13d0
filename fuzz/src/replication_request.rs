//! Requests on the replication listener, from the protobuf bytes to the receipts.

use crate::Seed;
use crate::applying::apply;
use crate::fixed_rng::FixedRng;
use crate::region_keys::{KEYS_HERE, KEYS_THERE};
use crate::trusting::Trusting;
use crate::world::{CLUSTER, NOW, World, multi_region_key, shipment};
use kms_crypto::region::{
    HpkeKeyPair, HpkePublicKey, RegionLife, RegionSigningKey, ShipmentPlace, seal_material,
};
use kms_crypto::wrap::WrappingKey;
use kms_crypto::{Fields, KeyMaterial, MaterialName, SecretBytes};
use kms_domain::key::{KeyName, Material, WrappedMaterial};
use kms_domain::multi_region::{HandoverProof, MaterialBinding, Reseal, ResealError, SecretBinding};
use kms_domain::rows::{HpkeKeyRow, PeerRegion, Region, WrappingKeyRow};
use kms_domain::{Proposal, State};
use kms_proto::internal::replication::v1 as pb;
use kms_proto::internal::replication::v1::replication_internal_client::ReplicationInternalClient;
use kms_raft::{decode_receipt, encode_sealed_shipment};
use kms_replication::{
    KeyRing, KeyRingError, Later, Limits, LocalRegion, Outcome, PeerRegionIdentity, ReceiverOptions, receiver,
};
use pb::shipment_answer::Answer;
use prost::Message;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use tokio::runtime::Runtime;
use tokio::time::Instant;
use tonic::{Code, Request, Status};

/// The first byte says what the others are.
const WHOLE_REQUEST: u8 = 0;
const BATCH: u8 = 1;
const SHIPMENT: u8 = 2;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .max_blocking_threads(1)
        .build()
        .expect("a runtime is made")
});

/// A whole request, a batch of shipments between the right regions, or one shipment that the pinned region signed: each
/// shipment gets its answer, a receipt reads, and nothing panics on the way from the bytes to the state machine.
pub fn replication_request(bytes: &[u8]) -> bool {
    let Some((kind, bytes)) = bytes.split_first() else {
        return false;
    };
    let (request, signed) = match *kind {
        WHOLE_REQUEST => match pb::ShipRequest::decode(bytes) {
            Ok(request) => (request, 0),
            Err(_) => return false,
        },
        BATCH => (request(bytes.to_vec()), 0),
        SHIPMENT => (request(signed(bytes)), 1),
        _ => return false,
    };
    match ship(request) {
        Ok(answers) => {
            assert!(signed == 0 || answers.len() == signed);
            answers.iter().any(is_receipt)
        }
        Err(status) => {
            assert_ne!(status.code(), Code::Internal, "a panic was caught: {status}");
            assert_eq!(signed, 0, "a well-formed batch is refused: {status}");
            false
        }
    }
}

fn is_receipt(answer: &pb::ShipmentAnswer) -> bool {
    match answer.answer.as_ref().expect("an answer is never empty") {
        Answer::Receipt(receipt) => {
            assert!(decode_receipt(receipt).is_ok());
            true
        }
        Answer::Unanswered(_) => false,
    }
}

/// Calls the service as tonic does, with what the TLS layer would have said of the caller.
fn ship(request: pb::ShipRequest) -> Result<Vec<pb::ShipmentAnswer>, Status> {
    let here = Here(Mutex::new((
        World::get().here.state.clone(),
        World::get().here.index,
    )));
    let service = receiver(ReceiverOptions {
        region: Arc::new(here),
        key_ring: Arc::new(Keys),
        clock: Arc::new(|| NOW),
        limits: Limits::default(),
    });
    let mut request = Request::new(request);
    request.extensions_mut().insert(PeerRegionIdentity {
        region: KEYS_THERE.life.region.clone(),
        node_id: 1,
        issuing_ca_spki_sha256: [0x6d; 32],
    });
    let answered = RUNTIME.block_on(ReplicationInternalClient::new(service).ship(request));
    answered.map(|response| response.into_inner().answers)
}

fn request(shipments: Vec<u8>) -> pb::ShipRequest {
    let life = |life: &RegionLife| pb::RegionLife {
        region: life.region.to_string(),
        incarnation: life.incarnation.0.to_vec(),
    };
    pb::ShipRequest {
        cluster: CLUSTER.to_owned(),
        from: Some(life(&KEYS_THERE.life)),
        to: Some(life(&KEYS_HERE.life)),
        shipments,
    }
}

/// A batch of one shipment with its region's signature.
fn signed(shipment: &[u8]) -> Vec<u8> {
    let (from, to) = (&KEYS_THERE.life, &KEYS_HERE.life);
    let fields = Fields::new("concord.kms/shipment/v1")
        .text(CLUSTER)
        .region(&from.region)
        .incarnation(&from.incarnation)
        .region(&to.region)
        .incarnation(&to.incarnation)
        .bytes(shipment);
    let signature = KEYS_THERE.signing.sign(&fields).expect("a region signs");
    let length = u32::try_from(shipment.len()).expect("inputs are short");
    [&length.to_be_bytes(), shipment, &signature.0].concat()
}

/// The region under test, in a copy of its state that lasts for one request.
struct Here(Mutex<(State, u64)>);

impl LocalRegion for Here {
    fn state(&self) -> State {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    fn leads(&self) -> bool {
        true
    }

    fn read(&self, _: Instant) -> Later<'_, State> {
        Box::pin(async { Ok(self.state()) })
    }

    fn state_at(&self, _: u64, _: Instant) -> Later<'_, State> {
        Box::pin(async { Ok(self.state()) })
    }

    fn propose(&self, proposal: Proposal, _: Instant) -> Later<'_, Outcome> {
        Box::pin(async move {
            let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let log_index = log.1 + 1;
            let (state, applied) = apply(&log.0, log_index, &proposal);
            *log = (state, log_index);
            let reply = applied.result;
            Ok(Outcome { log_index, reply })
        })
    }
}

/// The keys of the region under test.
struct Keys;

impl KeyRing for Keys {
    fn wrapping_key(&self, _: &Region, _: &WrappingKeyRow) -> Result<Arc<WrappingKey>, KeyRingError> {
        Ok(Arc::clone(&KEYS_HERE.wrapping))
    }

    fn signing_key(&self, _: &Region) -> Result<Arc<RegionSigningKey>, KeyRingError> {
        Ok(Arc::clone(&KEYS_HERE.signing))
    }

    fn hpke_key(&self, _: &Region, _: &HpkeKeyRow) -> Result<Arc<HpkeKeyPair>, KeyRingError> {
        Ok(Arc::clone(&KEYS_HERE.hpke))
    }
}

/// Seals to the region under test as its peer does, in place of whatever is in the row: bytes that are the material's
/// number.
struct SealedThere;

impl Reseal for SealedThere {
    type Sealed = Arc<[u8]>;

    fn seal(
        &self,
        region: &Region,
        peer: &PeerRegion,
        binding: &MaterialBinding,
        _: &Material,
    ) -> Result<Arc<[u8]>, ResealError> {
        let bytes = SecretBytes::copy_of(&binding.material_id.0);
        let material = KeyMaterial::from_bytes(binding.spec, &bytes).expect("32 bytes are material");
        let recipient = HpkePublicKey::pinned(peer.hpke_key, &peer.hpke_public).expect("a pinned key reads");
        let place = ShipmentPlace {
            cluster: &region.cluster,
            source: &KEYS_THERE.life,
            destination: &KEYS_HERE.life,
            name: MaterialName {
                account: binding.key.account,
                key_id: binding.key.key_id,
                material_id: binding.material_id,
            },
            spec: binding.spec,
            epoch: &binding.epoch,
            revision: binding.shared_revision,
        };
        let sealed = seal_material(
            &material,
            &place,
            &recipient,
            &KEYS_THERE.signing,
            &mut FixedRng(5),
        );
        Ok(sealed.expect("material is sealed").into())
    }

    fn open_and_wrap(
        &self,
        region: &Region,
        peer: &PeerRegion,
        binding: &MaterialBinding,
        sealed: &Arc<[u8]>,
    ) -> Result<WrappedMaterial, ResealError> {
        Trusting.open_and_wrap(region, peer, binding, sealed)
    }

    fn seal_secret(
        &self,
        region: &Region,
        peer: &PeerRegion,
        binding: &SecretBinding,
        secret: &WrappedMaterial,
    ) -> Result<Arc<[u8]>, ResealError> {
        Trusting.seal_secret(region, peer, binding, secret)
    }

    fn open_and_wrap_secret(
        &self,
        region: &Region,
        peer: &PeerRegion,
        binding: &SecretBinding,
        sealed: &Arc<[u8]>,
    ) -> Result<WrappedMaterial, ResealError> {
        Trusting.open_and_wrap_secret(region, peer, binding, sealed)
    }

    fn verify_handover(
        &self,
        region: &Region,
        signer: &[u8; 32],
        key: &KeyName,
        proof: &HandoverProof,
    ) -> bool {
        Trusting.verify_handover(region, signer, key, proof)
    }
}

/// A replica that is to be made here, as each kind of input.
pub fn seeds() -> Vec<Seed> {
    let there = &World::get().there.state;
    let key = multi_region_key(0x15);
    let shipment = shipment(there, &KEYS_HERE.life.region, &key.into(), &SealedThere);
    let shipment = encode_sealed_shipment(&shipment);
    let batch = signed(&shipment);
    let whole = request(batch.clone()).encode_to_vec();
    vec![
        Seed::new("whole-request", [&[WHOLE_REQUEST], whole.as_slice()].concat()),
        Seed::new("batch", [&[BATCH], batch.as_slice()].concat()),
        Seed::new("shipment", [&[SHIPMENT], shipment.as_slice()].concat()),
    ]
}
