//! Signatures of changes that were carried out: a captured EnableKey must not follow a DisableKey.
//!
//! The same signature with the same request id is a retry, which the log answers as it did the first time. Otherwise a
//! signature may come again only while its X-Amz-Date is not older than two seconds: identical calls within one second
//! have identical signatures, and clients do make them.
//!
//! Each node remembers what came through it, until the signature has expired: a request captured on the way to one node
//! and sent to another within five minutes is found only by its request id, which not every SDK signs. After a restart
//! nothing is remembered.

use super::claim::{Claim, SKEW_MAX_MS};
use crate::http::refusal::Refusal;
use kms_domain::vocabulary::{AccountId, Timestamp};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How long after its date a signature may be that of another call.
const SAME_CALL_MS_MAX: u64 = 2_000;

/// Signatures remembered at a time, of some 100 bytes each. When there is no more room, the account that has most of it loses
/// its oldest, and with it the right to send anything as old: that nothing forgotten can be replayed counts more than callers
/// with late clocks, and no account pays for another.
const ENTRIES_MAX: usize = 500_000;

/// Expired signatures are looked for so often, in all accounts.
const SWEEP_EVERY_MS: u64 = 1_000;

/// A half of a SHA-256 hash: of a signature or of a request id. Nobody gains by finding two of their own that are alike.
type Short = [u8; 16];

/// What is remembered of one node's calls.
pub(crate) struct Replays {
    memory: Mutex<Memory>,
    entries_max: usize,
}

#[derive(Default)]
struct Memory {
    accounts: BTreeMap<AccountId, OfAccount>,
    entries: usize,
    swept: Timestamp,
}

#[derive(Default)]
struct OfAccount {
    /// By date and signature: the request id that came with it first.
    seen: BTreeMap<(u64, Short), Option<Short>>,
    /// Signatures up to this date may have been forgotten before they expired.
    forgotten_to_ms: Option<u64>,
}

impl Default for Replays {
    fn default() -> Self {
        Self::with_room_for(ENTRIES_MAX)
    }
}

impl Replays {
    fn with_room_for(entries_max: usize) -> Self {
        Self {
            memory: Mutex::default(),
            entries_max,
        }
    }

    /// Lets a change of an account's through once, and its retries.
    ///
    /// # Errors
    /// When the signature was that of another call.
    pub(crate) fn admit(
        &self,
        claim: &Claim,
        account: AccountId,
        request_id: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.forget_expired(now);
        let is_new = memory
            .accounts
            .entry(account)
            .or_default()
            .admit(claim, request_id, now)?;
        if is_new {
            memory.entries += 1;
            memory.keep_within(self.entries_max);
        }
        Ok(())
    }
}

impl Memory {
    fn forget_expired(&mut self, now: Timestamp) {
        if now.0.abs_diff(self.swept.0) < SWEEP_EVERY_MS {
            return;
        }
        self.swept = now;
        let mut entries = 0;
        self.accounts.retain(|_, account| {
            account.forget_expired(now);
            entries += account.seen.len();
            account.remembers_any(now)
        });
        self.entries = entries;
    }

    fn keep_within(&mut self, entries_max: usize) {
        while self.entries > entries_max
            && let Some(largest) = self
                .accounts
                .values_mut()
                .max_by_key(|account| account.seen.len())
        {
            largest.forget_oldest();
            self.entries -= 1;
        }
    }
}

impl OfAccount {
    /// Whether the signature is one that was not seen before.
    fn admit(&mut self, claim: &Claim, request_id: Option<&str>, now: Timestamp) -> Result<bool, Refusal> {
        let signed_at_ms = claim.signed_at_ms();
        let entry = (signed_at_ms, short(&claim.signature));
        let request_id = request_id.map(short);
        match self.seen.get(&entry) {
            Some(first) if first.is_some() && *first == request_id => Ok(false),
            Some(_) if now.0 <= signed_at_ms.saturating_add(SAME_CALL_MS_MAX) => Ok(false),
            Some(_) => Err(refused("The signature was used before by another request.")),
            None if self.forgotten_to_ms.is_some_and(|to| signed_at_ms <= to) => Err(refused(
                "Signature expired: too many changes have been signed since then.",
            )),
            None => {
                self.seen.insert(entry, request_id);
                Ok(true)
            }
        }
    }

    fn forget_expired(&mut self, now: Timestamp) {
        while let Some(first) = self.seen.first_entry()
            && is_expired(first.key().0, now)
        {
            first.remove();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some(((signed_at_ms, _), _)) = self.seen.pop_first() {
            self.forgotten_to_ms = self.forgotten_to_ms.max(Some(signed_at_ms));
        }
    }

    fn remembers_any(&self, now: Timestamp) -> bool {
        !self.seen.is_empty() || self.forgotten_to_ms.is_some_and(|to| !is_expired(to, now))
    }
}

fn is_expired(signed_at_ms: u64, now: Timestamp) -> bool {
    signed_at_ms.saturating_add(SKEW_MAX_MS) < now.0
}

fn refused(text: &str) -> Refusal {
    Refusal::Mismatch(text.to_owned())
}

fn short(text: &str) -> Short {
    let hash: [u8; 32] = Sha256::digest(text).into();
    let (half, _) = hash.split_at(16);
    half.try_into().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::sigv4::Scoped;
    use chrono::DateTime;

    const NOON: u64 = 1_700_000_000_000;

    fn signed(at_ms: u64, signature: &str) -> Claim {
        Claim {
            access_key: "AKIAAAAAAAAAAAAAAAAA".parse().unwrap(),
            service: Scoped::Kms,
            signed_at: DateTime::from_timestamp_millis(at_ms.cast_signed()).unwrap(),
            signature: signature.to_owned(),
        }
    }

    const OWN: &str = "111122223333";
    const OTHER: &str = "444455556666";

    fn admits_of(replays: &Replays, account: &str, claim: &Claim, now_ms: u64) -> bool {
        let account = account.parse().unwrap();
        replays.admit(claim, account, None, Timestamp(now_ms)).is_ok()
    }

    fn admits(replays: &Replays, claim: &Claim, id: Option<&str>, now_ms: u64) -> bool {
        let account = OWN.parse().unwrap();
        replays.admit(claim, account, id, Timestamp(now_ms)).is_ok()
    }

    fn entries(replays: &Replays) -> usize {
        let memory = replays.memory.lock().unwrap();
        let counted = memory.accounts.values().map(|account| account.seen.len()).sum();
        assert_eq!(memory.entries, counted);
        counted
    }

    #[test]
    fn the_same_signature_with_the_same_request_id_is_a_retry_as_long_as_it_is_valid() {
        let (replays, claim) = (Replays::default(), signed(NOON, "a"));
        for later in [0, 1_000, 2_001, SKEW_MAX_MS] {
            assert!(admits(&replays, &claim, Some("id"), NOON + later), "{later}");
        }
    }

    #[test]
    fn another_request_id_or_none_is_another_call_and_may_come_for_two_seconds_only() {
        for (first, second) in [
            (Some("id"), Some("other")),
            (Some("id"), None),
            (None, Some("id")),
            (None, None),
        ] {
            let (replays, claim) = (Replays::default(), signed(NOON, "a"));
            assert!(admits(&replays, &claim, first, NOON));
            assert!(admits(&replays, &claim, second, NOON + SAME_CALL_MS_MAX));
            assert!(!admits(&replays, &claim, second, NOON + SAME_CALL_MS_MAX + 1));
            assert!(!admits(&replays, &claim, second, NOON + SKEW_MAX_MS));
        }
    }

    #[test]
    fn a_date_ahead_of_the_clock_gives_a_signature_no_second_use_after_its_time() {
        let (replays, claim) = (Replays::default(), signed(NOON + SKEW_MAX_MS, "a"));
        assert!(admits(&replays, &claim, None, NOON));
        assert!(!admits(
            &replays,
            &claim,
            None,
            NOON + SKEW_MAX_MS + SAME_CALL_MS_MAX + 1
        ));
        assert!(!admits(&replays, &claim, None, NOON + 2 * SKEW_MAX_MS));
    }

    #[test]
    fn what_has_expired_is_forgotten() {
        let replays = Replays::default();
        assert!(admits(&replays, &signed(NOON, "a"), None, NOON));
        let later = NOON + SKEW_MAX_MS + 1;
        assert!(admits(&replays, &signed(later, "b"), None, later));
        assert_eq!(entries(&replays), 1);
    }

    #[test]
    fn when_memory_is_full_the_oldest_is_forgotten_and_nothing_as_old_is_accepted_any_more() {
        let replays = Replays::with_room_for(2);
        for (at, name) in [(1_000, "a"), (2_000, "b"), (3_000, "c")] {
            assert!(admits(&replays, &signed(NOON + at, name), None, NOON + 5_000));
        }
        assert_eq!(entries(&replays), 2);
        assert!(!admits(&replays, &signed(NOON + 1_000, "a"), None, NOON + 5_000));
        assert!(!admits(
            &replays,
            &signed(NOON + 1_000, "new"),
            None,
            NOON + 5_000
        ));
        assert!(admits(&replays, &signed(NOON + 4_000, "new"), None, NOON + 5_000));
        assert!(!admits(&replays, &signed(NOON + 3_000, "c"), None, NOON + 5_001));
    }

    #[test]
    fn an_account_that_fills_the_memory_pays_for_it_alone() {
        let replays = Replays::with_room_for(3);
        assert!(admits_of(&replays, OTHER, &signed(NOON, "theirs"), NOON));
        let ahead = NOON + SKEW_MAX_MS;
        for name in ["a", "b", "c", "d"] {
            assert!(admits_of(
                &replays,
                OWN,
                &signed(ahead - 4 + u64::from(name.as_bytes()[0] - b'a'), name),
                NOON
            ));
        }
        assert_eq!(entries(&replays), 3);
        assert!(!admits_of(&replays, OWN, &signed(NOON, "new"), NOON));
        assert!(admits_of(&replays, OTHER, &signed(NOON, "new"), NOON));
        let late = NOON + SAME_CALL_MS_MAX + 1;
        assert!(!admits_of(&replays, OTHER, &signed(NOON, "theirs"), late));
    }

    #[test]
    fn an_account_that_is_silent_takes_no_memory() {
        let replays = Replays::with_room_for(1);
        for (account, name) in [(OWN, "a"), (OWN, "b"), (OTHER, "c")] {
            assert!(admits_of(
                &replays,
                account,
                &signed(NOON + u64::from(name.as_bytes()[0]), name),
                NOON
            ));
        }
        let later = NOON + 2 * SKEW_MAX_MS;
        assert!(admits_of(&replays, OTHER, &signed(later, "d"), later));
        assert_eq!(replays.memory.lock().unwrap().accounts.len(), 1);
    }
}
