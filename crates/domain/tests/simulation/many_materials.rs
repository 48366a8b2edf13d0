//! A key with more materials than one shipment carries: its replica is Creating until all have arrived, over a network
//! that loses, repeats and reorders, and rotates only once the newest is everywhere.

use super::network::Weather;
use super::seeds;
use super::world::World;
use kms_domain::command::{EnableKeyRotation, RotateKey};
use kms_domain::key::KeyName;
use kms_domain::limits::MATERIALS_PER_SHIPMENT_MAX;
use kms_domain::multi_region::{is_protected, rotation_blocked_by};
use kms_domain::vocabulary::time::DAY_MS;
use kms_domain::{Command, KeyState};

/// Automatic rotations before the key is replicated.
const ROTATIONS: usize = 2 * MATERIALS_PER_SHIPMENT_MAX + 10;
/// Days between them.
const PERIOD_DAYS: u32 = 90;

#[test]
fn a_replica_of_a_much_rotated_key_is_creating_until_it_holds_every_material() {
    for seed in seeds().into_iter().take(200) {
        run(seed);
    }
}

fn run(seed: u64) {
    let mut world = World::new(seed, 2, Weather::FAIR);
    let name = much_rotated_key(&mut world);
    world.network.weather = Weather::FOUL;
    let there = world.regions[1].name.clone();
    let replicate = world.replicate_key(name, there.clone());
    world.propose_now(0, replicate).unwrap();
    let material = world.material(0);
    let rotate = Command::RotateKeyOnDemand(RotateKey { key: name, material });
    world.propose_now(0, rotate).unwrap();
    let before = world.regions[0].state.key(&name).unwrap().current_material;
    let mut seen_creating = false;
    for _ in 0..200 {
        world.now_ms += 301_000;
        world.pulse(0);
        world.pulse(1);
        world.drive_all(0, 1);
        world.settle_network();
        let (here, there_state) = (&world.regions[0].state, &world.regions[1].state);
        let Some(replica) = there_state.key(&name) else {
            continue;
        };
        let held = there_state.materials_of(name, 0).count();
        let all = here.materials_of(name, 0).count();
        if held < all {
            seen_creating = true;
            assert_eq!(
                replica.state(),
                KeyState::Creating,
                "seed {seed}: {held} of {all}"
            );
            assert!(!is_protected(here, &name), "seed {seed}: {held} of {all}");
        } else if here.outbox_len() == 0 {
            break;
        }
    }
    assert!(seen_creating, "seed {seed}: one shipment carried everything");
    world.heal(Weather::FAIR);
    world.converge();
    world.assert_converged();
    let here = &world.regions[0].state;
    assert!(is_protected(here, &name));
    assert!(rotation_blocked_by(here, &name).is_empty());
    assert_ne!(here.key(&name).unwrap().current_material, before, "seed {seed}");
}

fn much_rotated_key(world: &mut World) -> KeyName {
    let command = world.create_key(0);
    let Command::CreateKey(create) = &command else {
        unreachable!("create_key makes CreateKey");
    };
    let name = create.name;
    world.propose_now(0, command).unwrap();
    let automatic = EnableKeyRotation {
        key: name,
        period_days: PERIOD_DAYS,
    };
    world
        .propose_now(0, Command::EnableKeyRotation(automatic))
        .unwrap();
    for _ in 0..ROTATIONS {
        world.now_ms += u64::from(PERIOD_DAYS) * DAY_MS + 60_000;
        world.pulse(0);
        world.rotate_due(0);
        world.commit_all(0);
    }
    let materials = world.regions[0].state.materials_of(name, 0).count();
    assert_eq!(materials, ROTATIONS + 1);
    name
}
