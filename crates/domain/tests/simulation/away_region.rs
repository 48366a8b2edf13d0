//! A region is away for long, while shared properties of many keys change many times over. It comes back through a bad
//! network and holds the same as all others; loss, repetition and reordering change nothing about what it ends with.

use super::convergence::comparable;
use super::network::Weather;
use super::region::SimRegion;
use super::seeds;
use super::world::World;
use kms_domain::command::{EnableKeyRotation, RotateKey};
use kms_domain::key::{Key, KeyName};
use kms_domain::multi_region::SharedRecord;
use kms_domain::{Command, Reply};
use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The region that goes away.
const AWAY: usize = 2;
/// Changes of each key meanwhile.
const CHANGES: usize = 10;
/// Keys of the promise, and of the seeds between, whose networks and choices are others but whose regions are small: a
/// thousand keys take most of a second.
const KEYS_MANY: usize = 1_000;
const KEYS_FEW: usize = 40;
/// Of the first seeds, those of `scripts/test`, every so many'th has a thousand keys; of those after them fewer.
const FIRST_SEEDS: u64 = 200;
const MANY_EVERY: u64 = 2;
const MANY_EVERY_AFTER: u64 = 20;

fn keys(seed: u64) -> usize {
    let every = if seed < FIRST_SEEDS {
        MANY_EVERY
    } else {
        MANY_EVERY_AFTER
    };
    if seed.is_multiple_of(every) {
        KEYS_MANY
    } else {
        KEYS_FEW
    }
}

#[test]
fn a_region_that_was_away_while_many_keys_changed_converges_to_equal_records() {
    let seeds = seeds();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
            run(*seed, keys(*seed));
        }
    };
    // A seed that fails says so in its thread, and the scope passes the failure on.
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(work);
        }
    });
}

fn run(seed: u64, keys: usize) {
    let mut world = World::new(seed, 3, Weather::FAIR);
    let names = make_keys(&mut world, keys);
    world.regions[AWAY].away = true;
    for pass in 0..CHANGES {
        for name in &names {
            change_once(&mut world, name, pass);
        }
        exchange_between_present(&mut world);
    }
    assert!(
        world.regions[0].state.outbox_len() + world.regions[1].state.outbox_len() >= keys,
        "seed {seed}: every key is due to the region that is away"
    );
    let returning: Vec<SimRegion> = world.regions.clone();
    let foul = converge(&mut world, Weather::FOUL);
    let mut again = World::resume(seed, returning, Weather::FAIR);
    let fair = converge(&mut again, Weather::FAIR);
    assert!(
        foul == fair,
        "seed {seed}: the network's faults changed what came of it"
    );
    assert_eq!(foul.len(), 3 * keys);
}

/// Keys whose primaries are spread over the two regions that stay, with replicas everywhere.
fn make_keys(world: &mut World, keys: usize) -> Vec<KeyName> {
    let mut names = Vec::new();
    for index in 0..keys {
        let home = index % 2;
        let command = world.create_key(home);
        let Command::CreateKey(create) = &command else {
            unreachable!("create_key makes CreateKey");
        };
        let name = create.name;
        world.propose_now(home, command).unwrap();
        for other in (0..3).filter(|other| *other != home) {
            let region = world.regions[other].name.clone();
            let command = world.replicate_key(name, region);
            world.propose_now(home, command).unwrap();
        }
        names.push(name);
    }
    world.converge();
    world.assert_converged();
    names
}

/// One change of shared state at the key's primary, wherever that is now; some kind of it is always possible.
fn change_once(world: &mut World, name: &KeyName, pass: usize) {
    let (home, key) = primary_of(world, name);
    let other = world.regions[1 - home].name.clone();
    let days = 90 + pass as u32 * 10 + world.prng.below(5) as u32;
    let periodic = Command::EnableKeyRotation(EnableKeyRotation {
        key: *name,
        period_days: days,
    });
    let command = match world.prng.below(10) {
        0 => Command::RotateKeyOnDemand(RotateKey {
            key: *name,
            material: world.material(home),
        }),
        1 => world.update_primary(home, &key, &other).unwrap(),
        2 => Command::DisableKeyRotation(*name),
        _ => periodic.clone(),
    };
    let changed = |reply: &Result<Reply, _>| matches!(reply, Ok(Reply::SharedChanged(_)));
    if !changed(&world.propose_now(home, command)) {
        let reply = world.propose_now(home, periodic);
        assert!(changed(&reply), "seed {}: {reply:?}", world.seed);
    }
}

fn primary_of(world: &World, name: &KeyName) -> (usize, Arc<Key>) {
    (0..2)
        .find_map(|index| {
            let key = world.regions[index].state.key(name)?;
            key.multi_region
                .as_ref()
                .is_some_and(|m| m.decides_shared_state())
                .then(|| (index, key.clone()))
        })
        .unwrap_or_else(|| panic!("seed {}: {} has no primary", world.seed, name.key_id))
}

/// The regions that stayed go on between themselves.
fn exchange_between_present(world: &mut World) {
    for _ in 0..3 {
        world.drive_all(0, 1);
        world.drive_all(1, 0);
        world.settle_network();
    }
}

/// All copies once everything is quiet, without dates, which depend on when things arrived.
fn converge(world: &mut World, weather: Weather) -> BTreeMap<(String, KeyName), SharedRecord> {
    world.heal(weather);
    world.converge();
    world.assert_converged();
    let mut records = BTreeMap::new();
    for region in &world.regions {
        for key in region.state.keys() {
            let mut record = comparable(&region.state, key).unwrap();
            record.current_rotation_date = None;
            records.insert((region.name.to_string(), key.name), record);
        }
    }
    records
}
