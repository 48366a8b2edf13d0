//! What regions tell each other of keys, accounts and access keys: shipments, and the receipts for them.

use crate::Seed;
use crate::applying::apply;
use crate::region_keys::KEYS_THERE;
use crate::trusting::Trusting;
use crate::world::{World, proposal};
use kms_domain::multi_region::{Parcel, ParcelReceipt, parcel_outcome, parcel_receipt, receive_parcel};
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

fn is_judged(shipment: &Parcel<Arc<[u8]>>) {
    let here = &World::get().here;
    let sender = here
        .state
        .peer(&KEYS_THERE.life.region)
        .expect("the regions are paired");
    let (state, outcome) = match receive_parcel(&here.state, sender, shipment, &Trusting) {
        Err(outcome) => (here.state.clone(), outcome),
        Ok(command) => {
            let (state, applied) = apply(&here.state, here.index + 1, &proposal(command));
            let reply = applied.result.expect("a received shipment is answered");
            let outcome = parcel_outcome(reply).expect("with what became of it");
            (state, outcome)
        }
    };
    let answer = parcel_receipt(&state, shipment, outcome).expect("an answer fits what it answers");
    assert_eq!(decode_receipt(&encode_receipt(&answer)), Ok(answer));
}

fn is_noted(receipt: &ParcelReceipt) {
    let here = &World::get().here;
    let note = proposal(receipt.clone().into_command());
    apply(&here.state, here.index + 1, &note);
}

/// What the two regions told each other: replicas made, a hand-over, an account with its access keys, and the answers.
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
