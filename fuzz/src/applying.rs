//! What must hold when something that was decoded is applied, whoever wrote it.

use kms_domain::{Applied, Proposal, State};
use kms_storage::encoding::{
    ROW_BYTES_MAX, decode_error, decode_reply, decode_row, encode_error, encode_reply, encode_row,
};

/// Applies `proposal` to a copy of `before` at `log_index`. Panics unless the same comes out twice, a refusal changes
/// nothing, and whatever changed or is answered can be kept and read again.
pub(crate) fn apply(before: &State, log_index: u64, proposal: &Proposal) -> (State, Applied) {
    let (mut after, mut again) = (before.clone(), before.clone());
    let applied = after.apply(log_index, proposal);
    assert_eq!(again.apply(log_index, proposal), applied);
    assert_eq!(again, after, "two nodes disagree");
    match &applied.result {
        Ok(reply) => assert_eq!(decode_reply(&encode_reply(reply)).as_ref(), Ok(reply)),
        Err(refusal) => {
            assert_eq!(after, *before, "a refusal changed the state");
            assert!(applied.changes.is_empty() && applied.effects.is_empty());
            assert_eq!(decode_error(&encode_error(refusal)).as_ref(), Ok(refusal));
        }
    }
    for row in applied.changes.iter().filter_map(|change| change.after.as_ref()) {
        let bytes = encode_row(row);
        assert!(bytes.len() <= ROW_BYTES_MAX);
        assert_eq!(decode_row(&bytes).as_ref(), Ok(row));
    }
    assert_eq!(
        State::from_rows(after.rows()),
        after,
        "the rows rebuild another state"
    );
    after.wants_pulse(proposal.time);
    (after, applied)
}
