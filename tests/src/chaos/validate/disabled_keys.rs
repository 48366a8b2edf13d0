//! Promise: after an acknowledged DisableKey no Encrypt that was started later in that region succeeds, until an
//! EnableKey was at least started.

use crate::chaos::history::{Event, Finding, Name, Operation, Outcome};
use std::collections::BTreeMap;

const PROMISE: &str = "no Encrypt succeeds after DisableKey";

#[derive(Default)]
struct OfOneKey<'a> {
    disables: Vec<&'a Event>,
    enables: Vec<&'a Event>,
    encrypts: Vec<&'a Event>,
}

/// Encrypts that must have been refused. Also counts those that were tested: started while the key was surely disabled.
pub fn late_encrypts(events: &[Event]) -> (Vec<Finding>, u64) {
    let mut keys: BTreeMap<(&Name, &Name), OfOneKey<'_>> = BTreeMap::new();
    for event in events {
        let of_key = keys.entry((&event.region, &event.key)).or_default();
        match event.operation {
            Operation::DisableKey if event.acknowledged() => of_key.disables.push(event),
            Operation::EnableKey if event.effect_until().is_some() => of_key.enables.push(event),
            Operation::Encrypt => of_key.encrypts.push(event),
            _ => {}
        }
    }
    let mut findings = Vec::new();
    let mut tested = 0;
    for ((region, key), of_key) in keys {
        for encrypt in &of_key.encrypts {
            let Some(disable) = surely_disabled_by(&of_key, encrypt) else {
                continue;
            };
            if encrypt.acknowledged() {
                findings.push(Finding::new(
                    PROMISE,
                    format!(
                        "{key} in {region}: Encrypt from {} to {} us succeeded, but DisableKey was acknowledged at {} us",
                        encrypt.began, encrypt.ended, disable.ended
                    ),
                ));
            }
            if !matches!(encrypt.outcome, Outcome::Unknown) {
                tested += 1;
            }
        }
    }
    (findings, tested)
}

/// The DisableKey that is in force during the whole of `encrypt`: acknowledged before it started, and with no
/// EnableKey that can have taken effect after it and was started before the Encrypt ended.
fn surely_disabled_by<'a>(of_key: &OfOneKey<'a>, encrypt: &Event) -> Option<&'a Event> {
    of_key
        .disables
        .iter()
        .filter(|disable| disable.ended < encrypt.began)
        .find(|disable| {
            !of_key.enables.iter().any(|enable| {
                enable.began <= encrypt.ended
                    && enable.effect_until().is_some_and(|until| until >= disable.began)
            })
        })
        .copied()
}
