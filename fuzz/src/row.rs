//! Rows, replies and refusals: what snapshots and the image hold, and what a leader answers.

use crate::Seed;
use crate::proposal::golden;
use crate::world::{NOW, World, plain_key, proposal};
use kms_domain::command::Pulse;
use kms_domain::vocabulary::Timestamp;
use kms_domain::{Command, KmsError, Reply, Row, State};
use kms_storage::encoding::{
    decode_error, decode_reply, decode_row, encode_error, encode_reply, encode_row, encode_row_key,
};

/// One line a row: its name, and its bytes in hexadecimal.
const GOLDEN: &str = include_str!("../../crates/storage/tests/golden/rows.txt");

/// An encoded row, reply or refusal: it has one encoding; a state that holds the row goes on when time passes, as far
/// as time goes.
pub fn row(bytes: &[u8]) -> bool {
    let row = decode_row(bytes);
    if let Ok(row) = &row {
        assert_eq!(encode_row(row), bytes);
        let again = decode_row(bytes).map(|row| encode_row_key(&row.key()));
        assert_eq!(again, Ok(encode_row_key(&row.key())));
        goes_on_with(row);
    }
    let reply = decode_reply(bytes);
    if let Ok(reply) = &reply {
        assert_eq!(encode_reply(reply), bytes);
    }
    let refusal = decode_error(bytes);
    if let Ok(refusal) = &refusal {
        assert_eq!(encode_error(refusal), bytes);
        assert!(!refusal.exception().is_empty());
    }
    row.is_ok() || reply.is_ok() || refusal.is_ok()
}

/// The rows beside it are not those it was written with, as after damage that every checksum missed. What is derived
/// from such rows may contradict itself; that they can be read again may not.
fn goes_on_with(row: &Row) {
    let here = &World::get().here;
    let others = here.state.rows().filter(|other| other.key() != row.key());
    let mut state = State::from_rows(others.chain([row.clone()]));
    for (index, now) in (here.index + 1..).zip([NOW, NOW.plus_days(30), Timestamp(u64::MAX)]) {
        state.wants_pulse(now);
        let readings = vec![(1, now)];
        state.apply(index, &proposal(Command::Pulse(Pulse { readings })));
        for row in state.rows() {
            assert_eq!(decode_row(&encode_row(&row)), Ok(row));
        }
    }
}

/// One row of every kind, as written by earlier versions, a reply and a refusal.
pub fn seeds() -> Vec<Seed> {
    let key_id = plain_key(0x7c).key_id;
    let refusal = KmsError::Validation("a digest has 32 bytes".to_owned());
    let mut seeds: Vec<Seed> = golden(GOLDEN)
        .map(|(name, bytes)| Seed::new(name, bytes))
        .collect();
    seeds.push(Seed::new("reply", encode_reply(&Reply::KeyCreated { key_id })));
    seeds.push(Seed::new("refusal", encode_error(&refusal)));
    seeds
}
