//! What regions tell each other of keys: shipments, and the receipts for them.

use crate::Seed;
use crate::applying::apply;
use crate::region_keys::KEYS_THERE;
use crate::trusting::Trusting;
use crate::world::{World, proposal};
use kms_domain::multi_region::{Receipt, Shipment, receipt, receive};
use kms_domain::{Command, Reply};
use kms_raft::{decode_receipt, decode_sealed_shipment, encode_receipt, encode_sealed_shipment};
use std::sync::Arc;

/// A shipment or a receipt in which every seal and signature is believed, as from a region that was taken over. It has
/// one encoding, is judged without a panic, and what it leaves and answers can be kept and sent.
pub fn shipment(bytes: &[u8]) -> bool {
    let shipment = decode_sealed_shipment(bytes);
    if let Ok(shipment) = &shipment {
        assert_eq!(encode_sealed_shipment(shipment), bytes);
        is_judged(shipment);
    }
    let receipt = decode_receipt(bytes);
    if let Ok(receipt) = &receipt {
        assert_eq!(encode_receipt(receipt), bytes);
        is_noted(receipt);
    }
    shipment.is_ok() || receipt.is_ok()
}

fn is_judged(shipment: &Shipment<Arc<[u8]>>) {
    let here = &World::get().here;
    let sender = here
        .state
        .peer(&KEYS_THERE.life.region)
        .expect("the regions are paired");
    let (state, outcome) = match receive(&here.state, sender, shipment, &Trusting) {
        Err(outcome) => (here.state.clone(), outcome),
        Ok(wrapped) => {
            let accept = proposal(Command::AcceptShipment(Box::new(wrapped)));
            let (state, applied) = apply(&here.state, here.index + 1, &accept);
            match applied.result {
                Ok(Reply::RecordAccepted(outcome)) => (state, outcome),
                other => panic!("a received shipment was answered {other:?}"),
            }
        }
    };
    let answer = receipt(&state, shipment, outcome);
    assert_eq!(decode_receipt(&encode_receipt(&answer)), Ok(answer));
}

fn is_noted(receipt: &Receipt) {
    let here = &World::get().here;
    let note = proposal(Command::NoteReceipt(Box::new(receipt.clone())));
    apply(&here.state, here.index + 1, &note);
}

/// What the two regions told each other: replicas made, a hand-over, and the answers.
pub fn seeds() -> Vec<Seed> {
    let world = World::get();
    let shipments = world.shipments.iter().map(encode_sealed_shipment);
    let receipts = world.receipts.iter().map(encode_receipt);
    let numbered = |name: &str, number: usize, bytes| Seed::new(format!("{name}-{number}"), bytes);
    let shipments = shipments
        .enumerate()
        .map(|(number, bytes)| numbered("shipment", number, bytes));
    let receipts = receipts
        .enumerate()
        .map(|(number, bytes)| numbered("receipt", number, bytes));
    shipments.chain(receipts).collect()
}
