//! Attacks 17 and 18 of SECURITY.md by name. In the random runs they happen too, amid everything else.

use super::convergence::comparable;
use super::network::Weather;
use super::seeds;
use super::world::World;
use kms_domain::Command;
use kms_domain::command::ScheduleKeyDeletion;
use kms_domain::key::KeyName;
use kms_domain::multi_region::SharedRecord;
use kms_domain::vocabulary::time::DAY_MS;

/// The compromised region.
const ATTACKER: usize = 2;

#[test]
fn a_compromised_region_moves_no_key_that_it_does_not_own() {
    for seed in seeds().into_iter().take(500) {
        let mut world = World::new(seed, 3, Weather::FAIR);
        let name = replicated_key(&mut world);
        let before = records(&world, &name);
        for _ in 0..100 {
            world.attack(ATTACKER);
            world.settle_network();
        }
        assert_eq!(records(&world, &name), before, "seed {seed}");
        world.converge();
        world.assert_converged();
    }
}

#[test]
fn no_old_message_brings_a_deleted_key_back() {
    for seed in seeds().into_iter().take(500) {
        let mut world = World::new(seed, 3, Weather::FAIR);
        world.network.recorded_percent = 100;
        let name = replicated_key(&mut world);
        delete(&mut world, 1, &name);
        play_back(&mut world);
        assert!(world.regions[1].state.key(&name).is_none(), "seed {seed}");

        let region = world.regions[1].name.clone();
        let again = world.replicate_key(name, region);
        world.propose_now(0, again).unwrap();
        world.converge();
        let second_life = records(&world, &name);
        play_back(&mut world);
        assert_eq!(records(&world, &name), second_life, "seed {seed}");

        for here in [1, ATTACKER, 0] {
            delete(&mut world, here, &name);
        }
        play_back(&mut world);
        for region in &world.regions {
            assert!(region.state.key(&name).is_none(), "seed {seed}: {}", region.name);
        }
    }
}

/// A key of region 0 with replicas in the others, rotated once.
fn replicated_key(world: &mut World) -> KeyName {
    let command = world.create_key(0);
    let Command::CreateKey(create) = &command else {
        unreachable!("create_key makes CreateKey");
    };
    let name = create.name;
    world.propose_now(0, command).unwrap();
    for there in 1..3 {
        let region = world.regions[there].name.clone();
        let command = world.replicate_key(name, region);
        world.propose_now(0, command).unwrap();
    }
    let material = world.material(0);
    let rotate = kms_domain::command::RotateKey { key: name, material };
    world.propose_now(0, Command::RotateKeyOnDemand(rotate)).unwrap();
    world.converge();
    world.assert_converged();
    name
}

fn delete(world: &mut World, here: usize, name: &KeyName) {
    let schedule = ScheduleKeyDeletion {
        key: *name,
        pending_window_days: 7,
    };
    world
        .propose_now(here, Command::ScheduleKeyDeletion(schedule))
        .unwrap();
    world.pulse(here);
    world.now_ms += 8 * DAY_MS;
    world.converge();
    assert!(world.regions[here].state.key(name).is_none());
    assert!(world.regions[here].state.tombstone(name).is_some());
}

/// Everything that ever passed, once more, in any order.
fn play_back(world: &mut World) {
    let recorded = world.network.recorded.clone();
    assert!(!recorded.is_empty());
    let recording = std::mem::take(&mut world.network.recorded_percent);
    world.network.weather.reordered = true;
    for message in recorded {
        world.network.send(message);
    }
    world.settle_network();
    world.converge();
    world.network.recorded_percent = recording;
    world.network.weather.reordered = false;
}

fn records(world: &World, name: &KeyName) -> Vec<Option<SharedRecord>> {
    let record = |region: &super::region::SimRegion| {
        let key = region.state.key(name)?;
        comparable(&region.state, key)
    };
    world.regions.iter().map(record).collect()
}
