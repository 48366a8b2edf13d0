//! A region is restored to an older state. It starts in a new life and Fenced, so what it forgot (a role it gave away,
//! an epoch it promised, a replica it deleted) cannot speak against those who remember. Lifting the fence again is not
//! built yet; what must hold until then is here.

use super::network::Weather;
use super::seeds;
use super::world::World;
use kms_domain::multi_region::{Role, due, ship_parcel};
use kms_domain::rows::{Region, Row};
use kms_domain::vocabulary::Incarnation;
use kms_domain::{Command, State};
use std::sync::Arc;

/// Steps before the state that is restored, from there to the loss, and after it.
const STEPS: [usize; 3] = [400, 400, 600];
/// The region that is restored.
const RESTORED: usize = 0;

#[test]
fn a_restored_region_is_silent_and_makes_no_second_primary() {
    for seed in seeds().into_iter().take(1_000) {
        run(seed);
    }
}

fn run(seed: u64) {
    let mut world = World::new(seed, 3, Weather::FOUL);
    (0..STEPS[0]).for_each(|_| world.step(5));
    let backup = world.regions[RESTORED].state.clone();
    (0..STEPS[1]).for_each(|_| world.step(5));
    restore(&mut world, &backup);
    (0..STEPS[2] / 2).for_each(|_| step_silently(&mut world));
    pair_again(&mut world);
    (0..STEPS[2] / 2).for_each(|_| step_silently(&mut world));
    world.heal(Weather::FAIR);
    for _ in 0..30 {
        world.round();
    }
    others_agree(&world);
}

/// The backup becomes the region's state, in a new life, behind the fence.
fn restore(world: &mut World, backup: &State) {
    let incarnation = Incarnation(world.prng.bytes());
    let rows = backup.rows().map(|row| match row {
        Row::Region(region) => Row::Region(Arc::new(Region {
            incarnation,
            fenced: true,
            ..(*region).clone()
        })),
        other => other,
    });
    let region = &mut world.regions[RESTORED];
    region.state = State::from_rows(rows);
    region.queue.clear();
    region.old_leader = None;
    region.restored = true;
    is_silent(world);
}

/// One step, after which the restored region has still said nothing.
fn step_silently(world: &mut World) {
    world.step(5);
    is_silent(world);
}

fn is_silent(world: &World) {
    let state = &world.regions[RESTORED].state;
    for peer in state.peers() {
        for record in due(state, &peer.name, state.log_time()) {
            let shipment = ship_parcel(state, peer, &record, &super::model_reseal::ModelReseal).unwrap();
            assert!(shipment.is_none(), "seed {}: a fenced region speaks", world.seed);
        }
    }
}

/// The others' administrators pin the new life.
fn pair_again(world: &mut World) {
    for there in (0..world.regions.len()).filter(|there| *there != RESTORED) {
        let peer = world.regions[RESTORED].pinned_form();
        world
            .propose_now(there, Command::PairRegion(Box::new(peer)))
            .unwrap();
    }
}

/// Among the regions that were not restored, every replica has caught up with its primary.
fn others_agree(world: &World) {
    world.assert_identities_agree(|region| !region.restored);
    for region in world.regions.iter().filter(|r| !r.restored) {
        for key in region.state.keys() {
            let Some(copy) = key.multi_region.as_ref().filter(|m| m.role == Role::Replica) else {
                continue;
            };
            let primary = &world.regions[world.index_of(&copy.epoch.region)];
            if primary.restored {
                continue;
            }
            let lead = primary.state.key(&key.name).and_then(|k| k.multi_region.as_ref());
            assert_eq!(
                lead.map(|m| m.stamp()),
                Some(copy.stamp()),
                "seed {}: {} in {}",
                world.seed,
                key.name.key_id,
                region.name
            );
        }
    }
}
