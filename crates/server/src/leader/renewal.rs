//! Renewing the key to which other regions seal material. The old one stays readable; peers ask for the new one, and
//! take it if the pinned signing key vouches for it.

use super::propose;
use crate::keyring::HPKE_VALIDITY_DAYS;
use crate::node::Running;
use kms_domain::vocabulary::Timestamp;
use kms_domain::{Command, Guard, State};

/// A key is renewed when half of its validity has passed: peers then have the other half to take the new one.
const RENEW_BEFORE_DAYS: u32 = HPKE_VALIDITY_DAYS / 2;

/// Makes the next HPKE key when the present one has passed half of its life by log time.
pub(super) async fn renew_hpke_key(running: &Running) {
    let view = running.raft.view();
    let Some(log_time) = renewal_time(&view.state) else {
        return;
    };
    match running.keyring.next_hpke_key(&view.state, log_time) {
        Ok(row) => {
            tracing::info!(id = row.id, "the region gets a new HPKE key");
            propose(running, Guard::default(), Command::AddHpkeKey(Box::new(row))).await;
        }
        Err(error) => tracing::warn!(%error, "no new HPKE key"),
    }
}

/// Log time, if it is late enough to renew.
fn renewal_time(state: &State) -> Option<Timestamp> {
    let region = state.region()?;
    let row = state.hpke_key(region.hpke_key)?;
    let due = region.log_time.plus_days(RENEW_BEFORE_DAYS) > row.valid_until;
    due.then_some(region.log_time)
}
