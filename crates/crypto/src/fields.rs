//! Bound byte strings: what a seal, a signature or a commitment is tied to, without ambiguity.
//!
//! Every part is preceded by its length, so no two different lists of parts have the same bytes.

use kms_domain::vocabulary::{AccountId, Epoch, Incarnation, KeyId, MaterialId, RegionName};

/// A label and named parts in a fixed order, each as `u32be(length) || bytes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields(Vec<u8>);

impl Fields {
    /// Begins with the label that tells this use from every other, such as `concord.kms/wrap/v1`.
    pub fn new(label: &str) -> Self {
        Self(Vec::with_capacity(256)).text(label)
    }

    /// No label: only for the one string that SECURITY.md defines without one.
    pub(crate) fn unlabelled() -> Self {
        Self(Vec::with_capacity(256))
    }

    /// Adds bytes. At most `u32::MAX` of them, which every caller's own limit is far below.
    #[must_use]
    pub fn bytes(mut self, part: &[u8]) -> Self {
        let length = u32::try_from(part.len()).expect("limits on every input keep a bound part below 4 GiB");
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(part);
        self
    }

    /// Adds text as UTF-8.
    #[must_use]
    pub fn text(self, part: &str) -> Self {
        self.bytes(part.as_bytes())
    }

    /// Adds a number as u64be.
    #[must_use]
    pub fn number(self, part: u64) -> Self {
        self.bytes(&part.to_be_bytes())
    }

    /// Adds an account as its 12 digits.
    #[must_use]
    pub fn account(self, account: &AccountId) -> Self {
        self.bytes(account.digits())
    }

    /// Adds a key id as its 16 bytes.
    #[must_use]
    pub fn key_id(self, key_id: &KeyId) -> Self {
        self.bytes(&key_id.bytes)
    }

    /// Adds a material id as its 32 bytes.
    #[must_use]
    pub fn material_id(self, material_id: &MaterialId) -> Self {
        self.bytes(&material_id.0)
    }

    /// Adds a region's name as text.
    #[must_use]
    pub fn region(self, region: &RegionName) -> Self {
        self.text(region.as_str())
    }

    /// Adds an incarnation as its 16 bytes.
    #[must_use]
    pub fn incarnation(self, incarnation: &Incarnation) -> Self {
        self.bytes(&incarnation.0)
    }

    /// Adds an epoch as three parts: counter, region, incarnation.
    #[must_use]
    pub fn epoch(self, epoch: &Epoch) -> Self {
        self.number(epoch.counter)
            .region(&epoch.region)
            .incarnation(&epoch.incarnation)
    }

    /// The encoded bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop_assert_eq, proptest};

    #[test]
    fn each_part_is_preceded_by_its_length() {
        let fields = Fields::new("l").number(258).text("").bytes(&[9, 9]);
        assert_eq!(
            fields.as_bytes(),
            b"\0\0\0\x01l\0\0\0\x08\0\0\0\0\0\0\x01\x02\0\0\0\0\0\0\0\x02\x09\x09"
        );
    }

    #[test]
    fn an_epoch_is_counter_region_incarnation() {
        let epoch = Epoch {
            counter: 7,
            region: "eu-west-1".parse().expect("region"),
            incarnation: Incarnation([3; 16]),
        };
        assert_eq!(
            Fields::new("e").epoch(&epoch),
            Fields::new("e").number(7).text("eu-west-1").bytes(&[3; 16])
        );
    }

    fn encode(parts: &[Vec<u8>]) -> Fields {
        parts
            .iter()
            .fold(Fields::new("label"), |fields, part| fields.bytes(part))
    }

    proptest! {
        #[test]
        fn different_lists_of_parts_never_have_the_same_bytes(
            a in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..4), 0..4),
            b in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..4), 0..4),
        ) {
            prop_assert_eq!(a == b, encode(&a) == encode(&b));
        }
    }
}
