//! Planned moves of the primary role, step by step, where order matters.

use super::network::{Network, Weather};
use super::world::World;
use kms_domain::key::{Key, KeyName};
use kms_domain::multi_region::{MultiRegion, Role};
use kms_domain::{Command, KeyState};
use std::sync::Arc;

#[test]
fn a_move_that_was_declined_cannot_be_taken_afterwards() {
    let mut world = World::new(1, 2, Weather::FAIR);
    let name = replicated_key(&mut world);
    world.propose_now(1, Command::DisableKey(name)).unwrap();
    begin_move(&mut world, &name, 0, 1);
    world.drive_all(0, 1);
    let offer = world.network.clone();
    arrive_at(&mut world, 1);
    assert_eq!(copy(&world, 1, &name).role, Role::Replica);
    let decline = std::mem::replace(&mut world.network, offer);

    world.propose_now(1, Command::EnableKey(name)).unwrap();
    arrive_at(&mut world, 1);
    assert_eq!(
        copy(&world, 1, &name).role,
        Role::Replica,
        "the promise is broken"
    );
    world.network = decline;
    world.settle_network();
    assert_eq!(copy(&world, 0, &name).epoch.counter, 3);
    world.converge();
    world.assert_converged();
}

#[test]
fn the_role_may_come_back_to_where_it_was_not_seen_to_have_left() {
    let mut world = World::new(2, 2, Weather::FAIR);
    let name = replicated_key(&mut world);
    begin_move(&mut world, &name, 0, 1);
    world.drive_all(0, 1);
    arrive_at(&mut world, 1);
    assert_eq!(copy(&world, 1, &name).role, Role::Primary);
    // The old primary is Updating still: all that it should have been told is lost.
    world.network = Network::new(Weather::FAIR);
    assert_eq!(key(&world, 0, &name).state(), KeyState::Updating);
    begin_move(&mut world, &name, 1, 0);
    world.converge();
    world.assert_converged();
    let back = copy(&world, 0, &name);
    assert_eq!((back.role, back.epoch.counter), (Role::Primary, 3));
}

#[test]
fn an_old_primary_that_declines_the_role_back_can_be_asked_again() {
    let mut world = World::new(4, 2, Weather::FAIR);
    let name = replicated_key(&mut world);
    begin_move(&mut world, &name, 0, 1);
    world.drive_all(0, 1);
    arrive_at(&mut world, 1);
    world.network = Network::new(Weather::FAIR);
    // The old primary has not seen its move succeed, and meanwhile its own copy is disabled.
    world.now_ms += 60_000;
    world.pulse(0);
    world.propose_now(0, Command::DisableKey(name)).unwrap();
    begin_move(&mut world, &name, 1, 0);
    world.drive_all(1, 0);
    arrive_at(&mut world, 0);
    let declined = copy(&world, 0, &name);
    assert_eq!(
        (declined.role, declined.epoch.counter, declined.epoch_promised),
        (Role::Replica, 2, 3)
    );
    // Its answer is lost; the offer comes again.
    world.network = Network::new(Weather::FAIR);
    world.converge();
    world.assert_converged();
    assert_eq!(copy(&world, 1, &name).epoch.counter, 4);
}

#[test]
fn a_region_that_missed_several_moves_follows_their_proofs() {
    let mut world = World::new(3, 4, Weather::FAIR);
    let name = replicated_key(&mut world);
    world.regions[3].away = true;
    for (from, to) in [(0, 1), (1, 2), (2, 0), (0, 2)] {
        begin_move(&mut world, &name, from, to);
        for _ in 0..4 {
            rounds_without(&mut world, 3);
        }
        assert_eq!(copy(&world, to, &name).role, Role::Primary);
    }
    assert_eq!(copy(&world, 3, &name).epoch.counter, 1);
    assert_eq!(copy(&world, 2, &name).proofs.len(), 4);
    world.heal(Weather::FAIR);
    world.converge();
    world.assert_converged();
    assert_eq!(copy(&world, 3, &name).epoch.counter, 5);
    assert!(
        copy(&world, 2, &name).proofs.is_empty(),
        "everybody knows the epoch now"
    );
}

/// A key of region 0 with a replica everywhere.
fn replicated_key(world: &mut World) -> KeyName {
    let command = world.create_key(0);
    let Command::CreateKey(create) = &command else {
        unreachable!("create_key makes CreateKey");
    };
    let name = create.name;
    world.propose_now(0, command).unwrap();
    for there in 1..world.regions.len() {
        let region = world.regions[there].name.clone();
        let command = world.replicate_key(name, region);
        world.propose_now(0, command).unwrap();
    }
    world.converge();
    name
}

fn begin_move(world: &mut World, name: &KeyName, from: usize, to: usize) {
    let held = key(world, from, name);
    let target = world.regions[to].name.clone();
    let command = world.update_primary(from, &held, &target).unwrap();
    world.propose_now(from, command).unwrap();
}

fn key(world: &World, at: usize, name: &KeyName) -> Arc<Key> {
    world.regions[at].state.key(name).cloned().unwrap()
}

fn copy(world: &World, at: usize, name: &KeyName) -> MultiRegion {
    key(world, at, name).multi_region.clone().unwrap()
}

/// One message arrives at a region and is decided there; its answer is in flight afterwards.
fn arrive_at(world: &mut World, at: usize) {
    world.deliver();
    world.commit_all(at);
}

fn rounds_without(world: &mut World, away: usize) {
    let present: Vec<usize> = (0..world.regions.len()).filter(|r| *r != away).collect();
    for here in &present {
        for there in present.iter().filter(|there| *there != here) {
            world.drive_all(*here, *there);
        }
    }
    world.settle_network();
}
