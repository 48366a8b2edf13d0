//! What every region showed at the end.

use crate::chaos::history::Name;
use std::collections::BTreeMap;

/// One key as one region shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObservedKey {
    /// KeyState.
    pub state: String,
    /// Enabled.
    pub enabled: bool,
    /// Description.
    pub description: String,
    /// The primary's region; absent for single-Region keys.
    pub primary: Option<String>,
    /// Whether this region says that it is the primary.
    pub is_primary: bool,
    /// The material that encrypts now.
    pub current_material: Option<String>,
    /// Materials by ListKeyRotations, with the first and pending ones, oldest first: id and state.
    pub materials: Vec<(String, String)>,
    /// Counter, region and incarnation of the epoch, and the shared revision in it; multi-Region keys only.
    pub shared_at: Option<(u64, String, String, u64)>,
}

/// Every key in every region at the end, by region and key id.
pub type Observed = BTreeMap<(Name, Name), ObservedKey>;
