//! Safety properties, one file each. Every one looks at each applied command and at what it changed, with the truth of
//! all regions at hand, which no region has.

mod acknowledged_is_held;
mod ciphertexts_arrive;
mod deleted_stays_deleted;
mod identities_follow_home;
mod imported_bytes;
mod materials_only_grow;
mod one_primary_per_epoch;
mod regional_state_is_regional;
mod rotated_material_is_held;
mod stamps_never_go_back;

use super::region::SimRegion;
use ciphertexts_arrive::CiphertextsArrive;
use kms_domain::key::{Key, KeyName};
use kms_domain::multi_region::MultiRegion;
use kms_domain::rows::{Row, RowChange};
use kms_domain::vocabulary::{Incarnation, MaterialId};
use kms_domain::{Applied, Proposal};
use std::sync::Arc;

/// What an invariant is shown.
pub(crate) struct Seen<'a> {
    /// All regions, after the command.
    pub(crate) regions: &'a [SimRegion],
    /// Where it was applied.
    pub(crate) here: &'a SimRegion,
    pub(crate) proposal: &'a Proposal,
    pub(crate) changes: &'a [RowChange],
}

/// A safety property. The error says how it was broken.
pub(crate) trait Invariant {
    fn observe(&mut self, seen: &Seen<'_>) -> Result<(), String>;
}

/// All of them.
pub(crate) struct Invariants {
    properties: Vec<Box<dyn Invariant>>,
    ciphertexts: CiphertextsArrive,
}

impl Invariants {
    pub(crate) fn all() -> Self {
        Self {
            properties: vec![
                Box::new(one_primary_per_epoch::OnePrimaryPerEpoch::default()),
                Box::new(stamps_never_go_back::StampsNeverGoBack::default()),
                Box::new(rotated_material_is_held::RotatedMaterialIsHeld),
                Box::new(materials_only_grow::MaterialsOnlyGrow::default()),
                Box::new(imported_bytes::ImportedBytes::default()),
                Box::new(identities_follow_home::IdentitiesFollowHome::default()),
                Box::new(acknowledged_is_held::AcknowledgedIsHeld),
                Box::new(deleted_stays_deleted::DeletedStaysDeleted::default()),
                Box::new(regional_state_is_regional::RegionalStateIsRegional),
            ],
            ciphertexts: CiphertextsArrive::default(),
        }
    }

    pub(crate) fn observe(
        &mut self,
        regions: &[SimRegion],
        here: usize,
        proposal: &Proposal,
        applied: &Applied,
    ) -> Result<(), String> {
        let seen = Seen {
            regions,
            here: &regions[here],
            proposal,
            changes: &applied.changes,
        };
        self.properties
            .iter_mut()
            .try_for_each(|property| property.observe(&seen))
    }

    pub(crate) fn note_encryption(
        &mut self,
        regions: &[SimRegion],
        here: usize,
        key: &KeyName,
        material: MaterialId,
    ) -> Result<(), String> {
        self.ciphertexts.note(regions, here, key, material)
    }

    pub(crate) fn converged(&self, regions: &[SimRegion]) -> Result<(), String> {
        self.ciphertexts.converged(regions)
    }
}

/// The multi-Region keys among the changed rows, before and after.
pub(crate) fn key_changes<'a>(
    seen: &Seen<'a>,
) -> impl Iterator<Item = (Option<&'a Arc<Key>>, Option<&'a Arc<Key>>)> + use<'a> {
    seen.changes.iter().filter_map(|change| {
        let key_of = |row: &'a Option<Row>| match row {
            Some(Row::Key(key)) if key.multi_region.is_some() => Some(key),
            _ => None,
        };
        let (before, after) = (key_of(&change.before), key_of(&change.after));
        (before.is_some() || after.is_some()).then_some((before, after))
    })
}

/// The copy of a key in a region, if it lives.
pub(crate) fn copy_in<'a>(region: &'a SimRegion, key: &KeyName) -> Option<&'a MultiRegion> {
    region.state.key(key)?.multi_region.as_ref()
}

/// Whether that life of a copy has ended in a region.
pub(crate) fn has_ended(region: &SimRegion, key: &KeyName, life: Incarnation) -> bool {
    let buried = region
        .state
        .tombstone(key)
        .is_some_and(|tombstone| tombstone.incarnation == life);
    buried && copy_in(region, key).is_none_or(|copy| copy.incarnation != life)
}
