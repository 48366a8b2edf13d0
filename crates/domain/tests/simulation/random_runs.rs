//! Random runs: much of everything at once, then heal, converge and compare.

use super::census::Census;
use super::network::Weather;
use super::seeds;
use super::world::World;

/// Steps of a run before it heals: some are short, because what ends them early may be cured by more steps.
const STEPS: [usize; 5] = [400, 1_500, 3_000, 6_000, 10_000];
/// With so many seeds everything planned must have happened.
const SEEDS_FOR_CENSUS: usize = 100;

#[test]
fn no_seed_breaks_a_safety_property_and_every_one_converges() {
    let seeds = seeds();
    let mut census = Census::default();
    for seed in &seeds {
        census.add(&run(*seed));
    }
    if seeds.len() >= SEEDS_FOR_CENSUS {
        census.assert_complete();
    }
}

fn run(seed: u64) -> Census {
    let regions = 2 + (seed % 3) as usize;
    let keys_max = 1 + (seed % 7) as usize;
    let mut world = World::new(seed, regions, Weather::FOUL);
    for _ in 0..STEPS[(seed % 5) as usize] {
        world.step(keys_max);
    }
    world.heal(Weather::FAIR);
    world.converge();
    world.assert_converged();
    for region in &world.regions {
        assert!(
            region.replayed() == region.state,
            "seed {seed}: the list of {} gives another state",
            region.name
        );
    }
    world.census.clone()
}
