//! What the targets for sealed bytes share: a fuzzer never guesses a tag, but it can leave one alone.

/// `sealed` with the bits flipped that are set in `difference`, and the rest of `difference` behind it.
pub(crate) fn changed_by(sealed: &[u8], difference: &[u8]) -> Vec<u8> {
    let mut changed = sealed.to_vec();
    let (within, beyond) = difference.split_at(difference.len().min(sealed.len()));
    for (byte, flips) in changed.iter_mut().zip(within) {
        *byte ^= flips;
    }
    changed.extend_from_slice(beyond);
    changed
}

/// The text in `bytes`; `None` when they are not UTF-8, which no parser of text ever sees.
pub(crate) fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}
