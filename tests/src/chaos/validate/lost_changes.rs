//! Promise: no acknowledged change is lost. What each key must look like at the end follows from the history alone.

use crate::chaos::history::{Event, Finding, Name, Operation, Rotated};
use crate::chaos::validate::observed::{Observed, ObservedKey};
use std::collections::{BTreeMap, BTreeSet};

const PROMISE: &str = "no acknowledged change is lost";

/// Epochs of a key begin at this counter: it is created in it, before any move.
const FIRST_EPOCH: u64 = 1;

/// Checks each key that was acknowledged, and gives how many changes were checked.
pub fn check(events: &[Event], rotated: &[Rotated], observed: &Observed) -> (Vec<Finding>, u64) {
    let mut findings = Vec::new();
    let mut checked = 0;
    for (place, of_place) in by_place(events) {
        let changes: Vec<_> = of_place.iter().filter(|e| e.acknowledged()).collect();
        let Some(key) = observed.get(&place) else {
            if exists_here(&of_place) {
                findings.push(lost(&place, "the key is not there"));
            }
            continue;
        };
        checked += u64::try_from(changes.len()).unwrap_or(u64::MAX);
        findings.extend(description(&place, &of_place, key));
        findings.extend(enabled(&place, &of_place, key));
    }
    findings.extend(replicas(events, observed));
    findings.extend(rotations(events, observed));
    findings.extend(materials(rotated, observed));
    findings.extend(moves(events, observed));
    (findings, checked)
}

type Place = (Name, Name);

fn lost(place: &Place, what: &str) -> Finding {
    Finding::new(PROMISE, format!("{} in {}: {what}", place.1, place.0))
}

fn by_place(events: &[Event]) -> BTreeMap<Place, Vec<&Event>> {
    let mut places: BTreeMap<Place, Vec<&Event>> = BTreeMap::new();
    for event in events.iter().filter(|event| !event.key.is_empty()) {
        places
            .entry((event.region.clone(), event.key.clone()))
            .or_default()
            .push(event);
    }
    places
}

/// A key that anything was acknowledged of in a region exists there, for no run deletes keys.
fn exists_here(of_place: &[&Event]) -> bool {
    of_place.iter().any(|event| event.acknowledged())
}

/// The events of `among` that may have been the last to take effect: those after which no acknowledged one began.
fn possibly_last<'a>(among: &[&'a Event]) -> Vec<&'a Event> {
    let acknowledged: Vec<_> = among.iter().filter(|event| event.acknowledged()).collect();
    among
        .iter()
        .filter(|event| {
            event
                .effect_until()
                .is_some_and(|until| acknowledged.iter().all(|later| later.began <= until))
        })
        .copied()
        .collect()
}

fn description(place: &Place, of_place: &[&Event], key: &ObservedKey) -> Option<Finding> {
    let number = |event: &Event| match event.operation {
        Operation::UpdateKeyDescription { number } => Some(number),
        _ => None,
    };
    let updates: Vec<_> = of_place.iter().copied().filter(|e| number(e).is_some()).collect();
    let mut allowed: BTreeSet<String> = possibly_last(&updates)
        .into_iter()
        .filter_map(number)
        .map(|number| number.to_string())
        .collect();
    if !updates.iter().any(|event| event.acknowledged()) {
        allowed.insert(String::new());
    }
    (!allowed.contains(&key.description)).then(|| {
        let shown = &key.description;
        lost(
            place,
            &format!("the description is {shown:?}, but must be one of {allowed:?}"),
        )
    })
}

fn enabled(place: &Place, of_place: &[&Event], key: &ObservedKey) -> Option<Finding> {
    let switches: Vec<_> = of_place
        .iter()
        .copied()
        .filter(|e| matches!(e.operation, Operation::EnableKey | Operation::DisableKey))
        .collect();
    let mut allowed: BTreeSet<bool> = possibly_last(&switches)
        .into_iter()
        .map(|event| event.operation == Operation::EnableKey)
        .collect();
    if !switches.iter().any(|event| event.acknowledged()) {
        allowed.insert(true);
    }
    (!allowed.contains(&key.enabled)).then(|| {
        let (shown, state) = (key.enabled, &key.state);
        lost(
            place,
            &format!("enabled is {shown} ({state}), but must be one of {allowed:?}"),
        )
    })
}

fn replicas(events: &[Event], observed: &Observed) -> Vec<Finding> {
    let acknowledged = events.iter().filter(|event| event.acknowledged());
    let promised = acknowledged.filter_map(|event| match &event.operation {
        Operation::ReplicateKey { to } => Some((to.clone(), event.key.clone())),
        _ => None,
    });
    promised
        .filter(|place| !observed.contains_key(place))
        .map(|place| lost(&place, "the replica is not there"))
        .collect()
}

fn acknowledged_per_key(events: &[Event], wanted: impl Fn(&Operation) -> bool) -> BTreeMap<&Name, u64> {
    let mut count = BTreeMap::new();
    for event in events
        .iter()
        .filter(|event| event.acknowledged() && wanted(&event.operation))
    {
        *count.entry(&event.key).or_insert(0) += 1;
    }
    count
}

/// Each acknowledged rotation made a material of its own, and every region that holds the key has it at the end: a
/// rotation whose answer was lost cannot stand in for it, because the id is another.
fn materials(rotated: &[Rotated], observed: &Observed) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rotation in rotated {
        let asked = (rotation.region.clone(), rotation.key.clone());
        if rotation.after.is_subset(&rotation.before) {
            findings.push(lost(&asked, "an acknowledged rotation made no material"));
        }
        let holders = observed.iter().filter(|(place, _)| place.1 == rotation.key);
        for (place, key) in holders {
            let holds = |id: &String| key.materials.iter().any(|(held, _)| held == id);
            findings.extend((rotation.after.iter().filter(|id| !holds(id))).map(|id| {
                lost(
                    place,
                    &format!("material {id} was shown after a rotation and is not there"),
                )
            }));
        }
    }
    findings
}

/// Each acknowledged rotation leaves one more material, in every region.
fn rotations(events: &[Event], observed: &Observed) -> Vec<Finding> {
    let rotated = acknowledged_per_key(events, |o| *o == Operation::RotateKeyOnDemand);
    let of_key = |place: &Place| rotated.get(&place.1).copied().unwrap_or(0);
    observed
        .iter()
        .filter_map(|(place, key)| {
            let (rotations, materials) = (of_key(place), key.materials.len());
            let short = u64::try_from(materials).unwrap_or(u64::MAX) < rotations + 1;
            short.then(|| {
                lost(
                    place,
                    &format!("{rotations} rotations were acknowledged, but it has {materials} materials"),
                )
            })
        })
        .collect()
}

/// Each acknowledged move raises the epoch's counter, from the first one, at least once: whether the target took the role or refused it.
fn moves(events: &[Event], observed: &Observed) -> Vec<Finding> {
    let moved = acknowledged_per_key(events, |o| matches!(o, Operation::UpdatePrimaryRegion { .. }));
    observed
        .iter()
        .filter_map(|(place, key)| {
            let moves = moved.get(&place.1).copied().unwrap_or(0);
            let counter = key.shared_at.as_ref()?.0;
            (counter < moves + FIRST_EPOCH).then(|| {
                lost(
                    place,
                    &format!("{moves} moves of the primary were acknowledged, but its epoch is {counter}"),
                )
            })
        })
        .collect()
}
