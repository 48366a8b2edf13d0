//! What was encrypted anywhere can be decrypted everywhere: under rotated material at once in every complete copy,
//! under any material once the regions have converged.

use super::super::region::SimRegion;
use super::copy_in;
use kms_domain::key::KeyName;
use kms_domain::vocabulary::MaterialId;
use std::collections::BTreeSet;

#[derive(Default)]
pub(crate) struct CiphertextsArrive {
    made: BTreeSet<(KeyName, MaterialId)>,
}

impl CiphertextsArrive {
    /// A ciphertext was made in a region under a material.
    pub(crate) fn note(
        &mut self,
        regions: &[SimRegion],
        here: usize,
        key: &KeyName,
        material: MaterialId,
    ) -> Result<(), String> {
        self.made.insert((*key, material));
        let rotated = regions[here]
            .state
            .material(key, &material)
            .is_some_and(|m| m.rotation_date.is_some());
        if !rotated {
            return Ok(());
        }
        for region in regions.iter().filter(|r| !r.restored) {
            let complete = copy_in(region, key).is_some_and(|copy| !copy.creating);
            if complete && region.state.material(key, &material).is_none() {
                return Err(format!(
                    "{} cannot decrypt what {} encrypted under {}",
                    region.name, regions[here].name, key.key_id
                ));
            }
        }
        Ok(())
    }

    /// After convergence every living copy holds every material that was ever used.
    pub(crate) fn converged(&self, regions: &[SimRegion]) -> Result<(), String> {
        for (key, material) in &self.made {
            for region in regions {
                if region.has_multi_region(key) && region.state.material(key, material).is_none() {
                    return Err(format!(
                        "{} never received a material of {}",
                        region.name, key.key_id
                    ));
                }
            }
        }
        Ok(())
    }
}
