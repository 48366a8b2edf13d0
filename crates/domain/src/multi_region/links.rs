//! Who may follow whom as the holder of a key's primary role.
//!
//! A region believes in a higher epoch for two reasons only: the holder it knows says so itself, or that holder signed
//! the role away. Proofs arrive here with their signatures checked (see [`super::receive()`]); this module looks at
//! what they link, again in apply, because the epoch known may have moved since the signatures were checked.

use super::record::HandoverProof;
use crate::vocabulary::Epoch;

/// Whether the holder of `known` may be at `next` by its own word: it may raise its epoch, it never lowers it.
pub(crate) fn holder_may_be_at(known: &Epoch, next: &Epoch) -> bool {
    known == next || (known.region == next.region && known.counter < next.counter)
}

/// Whether `next` follows from `known` by the holders' own words and by `proofs`, oldest first. Proofs of moves
/// before `known` are passed over, and so is one of a move that `next` still only announces.
pub(crate) fn links(known: &Epoch, next: &Epoch, proofs: &[HandoverProof]) -> bool {
    let mut held = known;
    for proof in proofs {
        if holder_may_be_at(held, next) {
            return true;
        }
        if is_one_step(proof) && holder_may_be_at(held, &proof.from) {
            held = &proof.to;
        }
    }
    holder_may_be_at(held, next)
}

/// A hand-over names another region at the very next counter; the counter after that is the source's way back.
pub(crate) fn is_one_step(proof: &HandoverProof) -> bool {
    proof.from.counter.checked_add(1) == Some(proof.to.counter) && proof.from.region != proof.to.region
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{holder_may_be_at, links};
    use crate::multi_region::HandoverProof;
    use crate::vocabulary::{Epoch, Incarnation};

    fn epoch(counter: u64, region: &str) -> Epoch {
        Epoch {
            counter,
            region: region.parse().unwrap(),
            incarnation: Incarnation([region.as_bytes()[0]; 16]),
        }
    }

    fn proof(from: Epoch, to: Epoch) -> HandoverProof {
        HandoverProof {
            from,
            to,
            signature: [0; 64].into(),
        }
    }

    #[test]
    fn a_holder_may_raise_its_own_epoch_but_not_lower_it() {
        assert!(holder_may_be_at(&epoch(3, "a"), &epoch(5, "a")));
        assert!(!holder_may_be_at(&epoch(3, "a"), &epoch(2, "a")));
        assert!(!holder_may_be_at(&epoch(3, "a"), &epoch(4, "b")));
    }

    #[test]
    fn one_epoch_counter_of_one_region_has_one_holder() {
        let mut other_life = epoch(3, "a");
        other_life.incarnation = Incarnation([0xee; 16]);
        assert!(!holder_may_be_at(&epoch(3, "a"), &other_life));
    }

    #[test]
    fn a_chain_links_over_several_moves_and_over_a_declined_one() {
        let proofs = [
            proof(epoch(1, "a"), epoch(2, "b")),
            proof(epoch(4, "b"), epoch(5, "c")),
        ];
        assert!(links(&epoch(1, "a"), &epoch(5, "c"), &proofs));
        assert!(links(&epoch(2, "b"), &epoch(5, "c"), &proofs));
        assert!(!links(&epoch(2, "x"), &epoch(5, "c"), &proofs));
        assert!(!links(&epoch(1, "a"), &epoch(5, "c"), &proofs[1..]));
    }

    #[test]
    fn a_move_that_is_only_announced_does_not_unseat_the_holder() {
        let announced = [proof(epoch(1, "a"), epoch(2, "b"))];
        assert!(links(&epoch(1, "a"), &epoch(1, "a"), &announced));
        assert!(links(&epoch(1, "a"), &epoch(3, "a"), &announced));
    }

    #[test]
    fn a_proof_that_skips_counters_or_names_its_signer_links_nothing() {
        let skips = [proof(epoch(1, "a"), epoch(3, "b"))];
        assert!(!links(&epoch(1, "a"), &epoch(3, "b"), &skips));
        let same = [proof(epoch(u64::MAX, "a"), epoch(0, "b"))];
        assert!(!links(&epoch(1, "a"), &epoch(7, "b"), &same));
    }
}
