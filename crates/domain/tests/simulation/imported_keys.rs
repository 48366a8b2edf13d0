//! Imported multi-Region keys step by step over a bad network: the same bytes brought to each region, a rotation that
//! waits for all of them, bytes that go, and the primary role that passes only to a region that has them.

use super::network::Weather;
use super::seeds;
use super::world::World;
use kms_domain::key::{Key, KeyName};
use kms_domain::multi_region::{Role, is_protected, rotation_blocked_by};
use kms_domain::vocabulary::MaterialId;
use kms_domain::vocabulary::time::DAY_MS;
use kms_domain::{Command, KeyState, KmsError, Reply};
use std::sync::Arc;

#[test]
fn an_imported_key_rotates_once_every_region_has_the_bytes() {
    for seed in seeds().into_iter().take(200) {
        let mut world = World::new(seed, 3, Weather::FAIR);
        let name = imported_everywhere(&mut world);
        world.network.weather = Weather::FOUL;
        let second = import_new(&mut world, 0, &name);
        assert!(rotate(&mut world, 0, &name).is_err(), "seed {seed}");
        settle(&mut world);
        for here in [1, 2] {
            assert!(rotate(&mut world, 0, &name).is_err(), "seed {seed}");
            import_missing(&mut world, here, &name);
            settle(&mut world);
        }
        assert!(rotation_blocked_by(&world.regions[0].state, &name).is_empty());
        rotate(&mut world, 0, &name).unwrap();
        settle(&mut world);
        for here in 0..3 {
            let key = key(&world, here, &name);
            assert_eq!(key.current_material, Some(second), "seed {seed}");
            assert_eq!(key.state(), KeyState::Enabled, "seed {seed}");
        }
        assert!(is_protected(&world.regions[0].state, &name));
        world.assert_converged();
    }
}

#[test]
fn a_region_whose_bytes_expired_waits_alone_until_they_are_imported_again() {
    for seed in seeds().into_iter().take(200) {
        let mut world = World::new(seed, 3, Weather::FAIR);
        let name = imported_everywhere(&mut world);
        let held = key(&world, 1, &name);
        let row = world.regions[1]
            .state
            .materials_of(name, 0)
            .next()
            .cloned()
            .unwrap();
        let secret = world.secret_of(1, &row).unwrap();
        let expires = Some(world.regions[1].state.log_time().plus_ms(DAY_MS));
        run_import(&mut world, 1, &held, &secret, expires).unwrap();
        world.network.weather = Weather::FOUL;
        world.now_ms += 2 * DAY_MS;
        settle(&mut world);
        assert_eq!(key(&world, 1, &name).state(), KeyState::PendingImport);
        assert_eq!(key(&world, 0, &name).state(), KeyState::Enabled);
        assert_eq!(key(&world, 2, &name).state(), KeyState::Enabled);
        import_missing(&mut world, 1, &name);
        settle(&mut world);
        assert_eq!(key(&world, 1, &name).state(), KeyState::Enabled);
        world.assert_converged();
    }
}

#[test]
fn deleting_what_waits_on_the_primary_deletes_it_everywhere() {
    for seed in seeds().into_iter().take(200) {
        let mut world = World::new(seed, 3, Weather::FAIR);
        let name = imported_everywhere(&mut world);
        let waits = import_new(&mut world, 0, &name);
        settle(&mut world);
        import_missing(&mut world, 2, &name);
        world.network.weather = Weather::FOUL;
        let delete = kms_domain::command::DeleteImportedKeyMaterial {
            key: name,
            material_id: Some(waits),
        };
        world
            .propose_now(0, Command::DeleteImportedKeyMaterial(delete))
            .unwrap();
        settle(&mut world);
        for here in 0..3 {
            assert!(world.regions[here].state.material(&name, &waits).is_none());
            assert_eq!(key(&world, here, &name).state(), KeyState::Enabled);
        }
        world.assert_converged();
    }
}

#[test]
fn the_primary_role_passes_only_to_a_region_that_has_the_bytes() {
    for seed in seeds().into_iter().take(200) {
        let mut world = World::new(seed, 3, Weather::FAIR);
        let name = imported_everywhere(&mut world);
        let delete = kms_domain::command::DeleteImportedKeyMaterial {
            key: name,
            material_id: None,
        };
        world
            .propose_now(1, Command::DeleteImportedKeyMaterial(delete))
            .unwrap();
        world.network.weather = Weather::FOUL;
        move_role(&mut world, &name, 0, 1);
        assert_eq!(role(&world, 0, &name), Role::Primary, "seed {seed}: declined");
        import_missing(&mut world, 1, &name);
        // What waits need not be there: the new primary imports it, and then rotates.
        let waits = import_new(&mut world, 0, &name);
        settle(&mut world);
        move_role(&mut world, &name, 0, 1);
        assert_eq!(role(&world, 1, &name), Role::Primary, "seed {seed}");
        assert!(rotate(&mut world, 1, &name).is_err(), "seed {seed}");
        import_missing(&mut world, 1, &name);
        import_missing(&mut world, 2, &name);
        settle(&mut world);
        rotate(&mut world, 1, &name).unwrap();
        settle(&mut world);
        assert_eq!(key(&world, 0, &name).current_material, Some(waits));
        world.assert_converged();
    }
}

/// A key of region 0 with replicas everywhere, and its first bytes in each region.
fn imported_everywhere(world: &mut World) -> KeyName {
    let command = world.create_imported_key(0);
    let Command::CreateKey(create) = &command else {
        unreachable!("create_imported_key makes CreateKey");
    };
    let name = create.name;
    world.propose_now(0, command).unwrap();
    import_new(world, 0, &name);
    for there in 1..world.regions.len() {
        let region = world.regions[there].name.clone();
        let command = world.replicate_key(name, region);
        world.propose_now(0, command).unwrap();
    }
    world.converge();
    for there in 1..world.regions.len() {
        assert_eq!(key(world, there, &name).state(), KeyState::PendingImport);
        import_missing(world, there, &name);
    }
    world.converge();
    world.assert_converged();
    name
}

fn import_new(world: &mut World, here: usize, name: &KeyName) -> MaterialId {
    let held = key(world, here, name);
    let secret: [u8; 32] = world.prng.bytes();
    match run_import(world, here, &held, &secret, None) {
        Ok(Reply::KeyMaterialImported { material_id }) => material_id,
        other => panic!("seed {}: {other:?}", world.seed),
    }
}

fn import_missing(world: &mut World, here: usize, name: &KeyName) {
    let missing: Vec<_> = world.regions[here]
        .state
        .materials_of(*name, 0)
        .filter(|row| row.wrapped.is_none())
        .cloned()
        .collect();
    for row in missing {
        let held = key(world, here, name);
        let secret = world.secret_of(here, &row).unwrap();
        run_import(world, here, &held, &secret, None).unwrap();
    }
}

fn run_import(
    world: &mut World,
    here: usize,
    held: &Key,
    secret: &[u8],
    expires: Option<kms_domain::vocabulary::Timestamp>,
) -> Result<Reply, KmsError> {
    let [token, import] = world.import_commands(here, held, secret, expires);
    world.propose_now(here, token).unwrap();
    world.propose_now(here, import)
}

fn rotate(world: &mut World, here: usize, name: &KeyName) -> Result<Reply, KmsError> {
    world.propose_now(here, Command::RotateToImportedMaterial(*name))
}

fn move_role(world: &mut World, name: &KeyName, from: usize, to: usize) {
    let held = key(world, from, name);
    let target = world.regions[to].name.clone();
    let command = world.update_primary(from, &held, &target).unwrap();
    world.propose_now(from, command).unwrap();
    settle(world);
}

fn settle(world: &mut World) {
    world.converge();
}

fn key(world: &World, at: usize, name: &KeyName) -> Arc<Key> {
    world.regions[at].state.key(name).cloned().unwrap()
}

fn role(world: &World, at: usize, name: &KeyName) -> Role {
    key(world, at, name).multi_region.clone().unwrap().role
}
