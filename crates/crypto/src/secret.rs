//! Secret bytes: zeroized when dropped, never grown, never printed, copied only by name.
//!
//! Both types keep their bytes behind a box that is allocated once, so that moving a value moves a pointer
//! and leaves no second copy of the secret on the stack.

use crate::CryptoRng;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Secret bytes of any length. `==` does not exist; compare with [`SecretBytes::ct_eq`].
pub struct SecretBytes(Zeroizing<Box<[u8]>>);

impl SecretBytes {
    /// Takes over bytes that are already in a box; nothing is copied.
    pub fn new(bytes: Box<[u8]>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Copies `bytes`. The original stays the caller's to zeroize.
    pub fn copy_of(bytes: &[u8]) -> Self {
        Self::new(bytes.into())
    }

    /// `length_bytes` random bytes.
    pub fn random(length_bytes: usize, rng: &mut dyn CryptoRng) -> Self {
        let mut secret = Self::new(vec![0; length_bytes].into_boxed_slice());
        rng.fill_bytes(secret.expose_mut());
        secret
    }

    /// The bytes. Do not copy them into anything that is not zeroized.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn expose_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether both hold the same bytes, in time that depends on the lengths only.
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }

    /// The bytes as a zeroizing box, for those who hold secrets without this crate's types.
    pub fn into_zeroizing(self) -> Zeroizing<Box<[u8]>> {
        self.0
    }
}

/// A 256-bit secret key.
pub struct SecretKey256(Box<Zeroizing<[u8; 32]>>);

impl SecretKey256 {
    /// A random key.
    pub fn random(rng: &mut dyn CryptoRng) -> Self {
        let mut key = Self::zeros();
        rng.fill_bytes(key.0.as_mut_slice());
        key
    }

    /// Copies 32 bytes; `None` for any other length. The original stays the caller's to zeroize.
    pub fn copy_of(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != 32 {
            return None;
        }
        let mut key = Self::zeros();
        key.0.copy_from_slice(bytes);
        Some(key)
    }

    pub(crate) fn zeros() -> Self {
        Self(Box::new(Zeroizing::new([0; 32])))
    }

    /// The bytes. Do not copy them into anything that is not zeroized.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn expose_mut(&mut self) -> &mut [u8; 32] {
        &mut self.0
    }

    /// Whether both are the same key, in constant time.
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

/// Fails to compile when a type implements one of the named traits: two implementations of the helper trait
/// would then fit, and the call would be ambiguous.
#[cfg(test)]
macro_rules! assert_implements_none {
    ($type:ty: $($trait:path),+ $(,)?) => {
        const _: fn() = || {
            trait AmbiguousIfImplemented<A> {
                fn probe() {}
            }
            impl<T: ?Sized> AmbiguousIfImplemented<()> for T {}
            $({
                struct Implemented;
                impl<T: ?Sized + $trait> AmbiguousIfImplemented<Implemented> for T {}
            })+
            let _ = <$type as AmbiguousIfImplemented<_>>::probe;
        };
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_key_pair::DataKeyPair;
    use crate::ecc::EccMaterial;
    use crate::encapsulation::Encapsulated;
    use crate::hmac::HmacMaterial;
    use crate::import::ImportKeyPair;
    use crate::ml_dsa::MlDsaMaterial;
    use crate::ml_kem::MlKemMaterial;
    use crate::region::{HpkeKeyPair, RegionSigningKey};
    use crate::rsa::RsaMaterial;
    use crate::wrap::{RootKey, WrappingKey};
    use crate::{KeyMaterial, SymmetricMaterial};
    use std::fmt::{Debug, Display, LowerHex};

    // Serialization needs no line of its own: the crate does not depend on serde, and no other crate may
    // implement a foreign trait for these types.
    assert_implements_none!(SecretBytes: Debug, Display, LowerHex, Clone, PartialEq, AsRef<[u8]>);
    assert_implements_none!(SecretKey256: Debug, Display, LowerHex, Clone, PartialEq, AsRef<[u8]>);
    assert_implements_none!(SymmetricMaterial: Debug, Display, Clone, PartialEq);
    assert_implements_none!(KeyMaterial: Debug, Display, Clone, PartialEq);
    assert_implements_none!(RsaMaterial: Debug, Display, Clone, PartialEq);
    assert_implements_none!(ImportKeyPair: Debug, Display, Clone, PartialEq);
    assert_implements_none!(EccMaterial: Debug, Display, Clone, PartialEq);
    assert_implements_none!(HmacMaterial: Debug, Display, Clone, PartialEq);
    assert_implements_none!(MlDsaMaterial: Debug, Display, Clone, PartialEq);
    assert_implements_none!(MlKemMaterial: Debug, Display, Clone, PartialEq);
    assert_implements_none!(DataKeyPair: Debug, Display, Clone, PartialEq);
    assert_implements_none!(Encapsulated: Debug, Display, Clone, PartialEq);
    assert_implements_none!(RootKey: Debug, Display, Clone, PartialEq);
    assert_implements_none!(WrappingKey: Debug, Display, Clone, PartialEq);
    assert_implements_none!(HpkeKeyPair: Debug, Display, Clone, PartialEq);
    assert_implements_none!(RegionSigningKey: Debug, Display, Clone, PartialEq);

    #[test]
    fn equality_compares_the_bytes_and_the_lengths() {
        let secret = SecretBytes::copy_of(b"abc");
        assert!(secret.ct_eq(&SecretBytes::copy_of(b"abc")));
        assert!(!secret.ct_eq(&SecretBytes::copy_of(b"abd")));
        assert!(!secret.ct_eq(&SecretBytes::copy_of(b"ab")));
    }

    #[test]
    fn a_256_bit_key_takes_exactly_32_bytes() {
        assert!(SecretKey256::copy_of(&[7; 31]).is_none());
        assert!(SecretKey256::copy_of(&[7; 33]).is_none());
        let key = SecretKey256::copy_of(&[7; 32]).expect("32 bytes");
        assert_eq!(key.expose(), &[7; 32]);
        assert!(key.ct_eq(&SecretKey256::copy_of(&[7; 32]).expect("32 bytes")));
        assert!(!key.ct_eq(&SecretKey256::copy_of(&[8; 32]).expect("32 bytes")));
    }
}
