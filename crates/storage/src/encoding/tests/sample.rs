//! Arbitrary values of everything that is encoded, from a seed. Every choice of a variant goes through a number that
//! an exhaustive match gives it, so a new variant does not compile until it is sampled.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::str::FromStr;
use std::sync::Arc;

use kms_domain::identity::IdentityId;
use kms_domain::key::{KeyName, PendingRotation, RotationKind, WrappedMaterial};
use kms_domain::multi_region::{RecordId, RecordStamp};
use kms_domain::vocabulary::ids::KeyIdKind;
use kms_domain::vocabulary::tags::Tags;
use kms_domain::vocabulary::{
    AccessKeyId, AccountId, AliasArn, AliasName, Epoch, ImportTokenId, ImportType, Incarnation, KeyArn,
    KeyId, KeyOrigin, KeySpec, KeyUsage, MaterialId, Principal, RegionName, Timestamp, WrappingAlgorithm,
    WrappingKeySpec,
};

/// A stream of numbers from a seed (SplitMix64).
pub(super) struct Source(pub(super) u64);

/// Values that can be drawn.
pub(super) trait Sample: Sized {
    fn sample(source: &mut Source) -> Self;
}

impl Source {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// A value of any type that can be drawn.
    pub(super) fn draw<T: Sample>(&mut self) -> T {
        T::sample(self)
    }

    /// One of these.
    pub(super) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn text_of(&mut self, alphabet: &[u8], length_max: usize) -> String {
        let length = 1 + self.below(length_max);
        (0..length).map(|_| char::from(self.one_of(alphabet))).collect()
    }

    fn parsed<T: FromStr<Err: Debug>>(&mut self, text: &str) -> T {
        text.parse().unwrap()
    }
}

impl Sample for bool {
    fn sample(source: &mut Source) -> Self {
        source.below(2) == 1
    }
}

impl Sample for u64 {
    /// Every length of number comes up, zero and the largest too.
    fn sample(source: &mut Source) -> Self {
        let shift = source.below(65) as u32;
        source.next().checked_shr(shift).unwrap_or(0)
    }
}

impl Sample for u32 {
    fn sample(source: &mut Source) -> Self {
        (source.draw::<u64>() >> 32) as u32
    }
}

impl<const N: usize> Sample for [u8; N] {
    fn sample(source: &mut Source) -> Self {
        std::array::from_fn(|_| source.next() as u8)
    }
}

impl Sample for Arc<[u8]> {
    fn sample(source: &mut Source) -> Self {
        let length = source.below(48);
        (0..length).map(|_| source.next() as u8).collect()
    }
}

impl Sample for String {
    fn sample(source: &mut Source) -> Self {
        let length = source.below(12);
        let letters = ['a', 'Z', '0', ' ', '/', '\0', '\n', 'é', '한', '🔑'];
        (0..length).map(|_| source.one_of(&letters)).collect()
    }
}

impl<T: Sample> Sample for Option<T> {
    fn sample(source: &mut Source) -> Self {
        source.draw::<bool>().then(|| source.draw())
    }
}

impl<T: Sample> Sample for Box<T> {
    fn sample(source: &mut Source) -> Self {
        Self::new(source.draw())
    }
}

impl<T: Sample> Sample for Vec<T> {
    fn sample(source: &mut Source) -> Self {
        let length = source.below(4);
        (0..length).map(|_| source.draw()).collect()
    }
}

impl<A: Sample, B: Sample> Sample for (A, B) {
    fn sample(source: &mut Source) -> Self {
        (source.draw(), source.draw())
    }
}

impl<A: Sample, B: Sample, C: Sample> Sample for (A, B, C) {
    fn sample(source: &mut Source) -> Self {
        (source.draw(), source.draw(), source.draw())
    }
}

impl Sample for Tags {
    fn sample(source: &mut Source) -> Self {
        source.draw::<Vec<(String, String)>>().into_iter().collect()
    }
}

impl<T: Sample> Sample for BTreeMap<RegionName, T> {
    fn sample(source: &mut Source) -> Self {
        source.draw::<Vec<(RegionName, T)>>().into_iter().collect()
    }
}

impl Sample for BTreeSet<RegionName> {
    fn sample(source: &mut Source) -> Self {
        source.draw::<Vec<RegionName>>().into_iter().collect()
    }
}

impl Sample for BTreeSet<MaterialId> {
    fn sample(source: &mut Source) -> Self {
        source.draw::<Vec<MaterialId>>().into_iter().collect()
    }
}

impl Sample for Timestamp {
    fn sample(source: &mut Source) -> Self {
        Self(source.draw())
    }
}

impl Sample for AccountId {
    fn sample(source: &mut Source) -> Self {
        let digits = format!("{:012}", source.next() % 1_000_000_000_000);
        source.parsed(&digits)
    }
}

impl Sample for AccessKeyId {
    fn sample(source: &mut Source) -> Self {
        Self::from_random(source.draw())
    }
}

impl Sample for IdentityId {
    fn sample(source: &mut Source) -> Self {
        match source.draw() {
            true => Self::Account(source.draw()),
            false => Self::AccessKey(source.draw()),
        }
    }
}

impl Sample for RecordId {
    fn sample(source: &mut Source) -> Self {
        match source.draw() {
            true => Self::Key(source.draw()),
            false => Self::Identity(source.draw()),
        }
    }
}

impl Sample for KeyId {
    fn sample(source: &mut Source) -> Self {
        Self {
            kind: source.one_of(&[KeyIdKind::Uuid, KeyIdKind::MultiRegion]),
            bytes: source.draw(),
        }
    }
}

impl Sample for MaterialId {
    fn sample(source: &mut Source) -> Self {
        Self(source.draw())
    }
}

impl Sample for ImportTokenId {
    fn sample(source: &mut Source) -> Self {
        Self(source.draw())
    }
}

impl Sample for Incarnation {
    fn sample(source: &mut Source) -> Self {
        Self(source.draw())
    }
}

impl Sample for RegionName {
    fn sample(source: &mut Source) -> Self {
        let text = source.text_of(b"abz09-", 32);
        source.parsed(&text)
    }
}

impl Sample for AliasName {
    fn sample(source: &mut Source) -> Self {
        let text = format!("alias/{}", source.text_of(b"azAZ09/_-", 40));
        source.parsed(&text)
    }
}

impl Sample for Principal {
    fn sample(source: &mut Source) -> Self {
        let account: AccountId = source.draw();
        let text = format!(
            "arn:aws:iam::{account}:user/{}",
            source.text_of(b"az/:+=,.@~!", 24)
        );
        source.parsed(&text)
    }
}

impl Sample for KeySpec {
    fn sample(source: &mut Source) -> Self {
        source.one_of(Self::ALL)
    }
}

impl Sample for KeyUsage {
    fn sample(source: &mut Source) -> Self {
        source.one_of(Self::ALL)
    }
}

impl Sample for KeyOrigin {
    fn sample(source: &mut Source) -> Self {
        source.one_of(Self::ALL)
    }
}

impl Sample for ImportType {
    fn sample(source: &mut Source) -> Self {
        source.one_of(Self::ALL)
    }
}

impl Sample for WrappingAlgorithm {
    fn sample(source: &mut Source) -> Self {
        source.one_of(Self::ALL)
    }
}

impl Sample for WrappingKeySpec {
    fn sample(source: &mut Source) -> Self {
        source.one_of(Self::ALL)
    }
}

impl Sample for RotationKind {
    fn sample(source: &mut Source) -> Self {
        source.one_of(&[Self::Automatic, Self::OnDemand])
    }
}

/// `sampled!(Type { field, ... })`: a struct all of whose fields are drawn.
macro_rules! sampled {
    ($($type:ident { $($field:ident),+ $(,)? })+) => {
        $(impl $crate::encoding::tests::sample::Sample for $type {
            fn sample(source: &mut $crate::encoding::tests::sample::Source) -> Self {
                Self { $($field: source.draw()),+ }
            }
        })+
    };
}
pub(super) use sampled;

sampled! {
    KeyName { account, key_id }
    KeyArn { region, account, key_id }
    AliasArn { region, account, alias }
    Epoch { counter, region, incarnation }
    RecordStamp { epoch, shared_revision }
    WrappedMaterial { wrapping_key, bytes }
    PendingRotation { material_id, kind, started }
}
