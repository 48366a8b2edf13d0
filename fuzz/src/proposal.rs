//! Log entries: proposals, as the log keeps them and a follower forwards them.

use crate::Seed;
use crate::applying::apply;
use crate::world::{World, create_key, multi_region_key, plain_key, proposal as asked};
use kms_domain::command::DeleteAlias;
use kms_domain::{Command, Guard, Proposal, State};
use kms_storage::encoding::{decode_proposal, encode_proposal};

/// One line an entry: its name, and its bytes in hexadecimal.
const GOLDEN: &str = include_str!("../../crates/storage/tests/golden/proposals.txt");

/// An encoded proposal: it has one encoding, and applying it panics nowhere, not in a region that is not founded yet
/// and not at the end of the log's numbers.
pub fn proposal(bytes: &[u8]) -> bool {
    let Ok(proposal) = decode_proposal(bytes) else {
        return false;
    };
    assert_eq!(encode_proposal(&proposal), bytes);
    let here = &World::get().here;
    apply(&here.state, here.index + 1, &proposal);
    apply(&here.state, u64::MAX, &proposal);
    apply(&State::default(), 0, &proposal);
    true
}

/// The lines of `file` as names and bytes.
pub(crate) fn golden(file: &str) -> impl Iterator<Item = (&str, Vec<u8>)> {
    let byte = |digits: &str| u8::from_str_radix(digits, 16).expect("golden files are hexadecimal");
    file.lines()
        .filter_map(|line| line.split_once(' '))
        .map(move |(name, hex)| {
            let pairs = (0..hex.len()).step_by(2);
            (name, pairs.map(|at| byte(&hex[at..at + 2])).collect())
        })
}

/// One entry of every command, as written by earlier versions with every field set, and without its guard, which holds
/// in no state; and commands that are carried out here.
pub fn seeds() -> Vec<Seed> {
    let mut seeds: Vec<Seed> = carried_out().map(|(name, proposal)| seed(name, &proposal)).into();
    for (name, bytes) in golden(GOLDEN) {
        let entry = decode_proposal(&bytes).expect("golden entries decode");
        let unguarded = Proposal {
            guard: Guard::default(),
            request: None,
            ..entry
        };
        seeds.push(Seed::new(name, bytes));
        seeds.push(seed(&format!("{name}-unguarded"), &unguarded));
    }
    seeds
}

fn carried_out() -> [(&'static str, Proposal); 4] {
    let create = |key, material| Command::CreateKey(Box::new(create_key(key, material)));
    let payroll = DeleteAlias {
        account: plain_key(0).account,
        alias: "alias/payroll".parse().expect("an alias"),
    };
    [
        ("create-plain", create(plain_key(0x20), 0x20)),
        ("create-multi-region", create(multi_region_key(0x21), 0x21)),
        ("cancel-deletion", Command::CancelKeyDeletion(plain_key(0x7d))),
        ("delete-payroll", Command::DeleteAlias(payroll)),
    ]
    .map(|(name, command)| (name, asked(command)))
}

fn seed(name: &str, proposal: &Proposal) -> Seed {
    Seed::new(name, encode_proposal(proposal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_that_are_to_be_carried_out_are() {
        let here = &World::get().here;
        for (name, proposal) in carried_out() {
            let (_, applied) = apply(&here.state, here.index + 1, &proposal);
            assert!(applied.result.is_ok(), "{name}: {:?}", applied.result);
        }
    }
}
