//! Data keys and random bytes made for a caller; never stored.

use crate::error::CryptoError;
use crate::{CryptoRng, SecretBytes};

/// Most bytes of one data key or of one GenerateRandom, as the AWS KMS service model bounds `NumberOfBytes`.
pub const NUMBER_OF_BYTES_MAX: u32 = 1_024;

/// How many bytes to make: 1 to [`NUMBER_OF_BYTES_MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumberOfBytes(u16);

impl NumberOfBytes {
    /// `KeySpec` AES_128: 16 bytes.
    pub const AES_128: Self = Self(16);
    /// `KeySpec` AES_256: 32 bytes.
    pub const AES_256: Self = Self(32);

    /// A number as the caller gave it.
    ///
    /// # Errors
    /// [`CryptoError::NumberOfBytes`] unless it is 1 to [`NUMBER_OF_BYTES_MAX`].
    pub fn new(number: u32) -> Result<Self, CryptoError> {
        match u16::try_from(number) {
            Ok(small) if (1..=NUMBER_OF_BYTES_MAX).contains(&number) => Ok(Self(small)),
            _ => Err(CryptoError::NumberOfBytes),
        }
    }

    /// The number.
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

/// Makes a data key. The caller of the service gets it in plaintext, or only as a ciphertext of
/// [`symmetric::encrypt`](crate::symmetric::encrypt), or both.
pub fn generate_data_key(length: NumberOfBytes, rng: &mut dyn CryptoRng) -> SecretBytes {
    SecretBytes::random(length.get(), rng)
}

/// Makes the answer of GenerateRandom. Secret, because callers make keys of it.
pub fn generate_random(length: NumberOfBytes, rng: &mut dyn CryptoRng) -> SecretBytes {
    SecretBytes::random(length.get(), rng)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::test_rng;

    #[test]
    fn a_number_of_bytes_is_1_to_1024() {
        for refused in [0, 1_025, 65_536 + 16, u32::MAX] {
            assert_eq!(
                NumberOfBytes::new(refused),
                Err(CryptoError::NumberOfBytes),
                "{refused}"
            );
        }
        for accepted in [1, 16, 32, 1_024] {
            let number = NumberOfBytes::new(accepted).expect("within bounds");
            assert_eq!(number.get(), accepted as usize);
        }
    }

    #[test]
    fn data_keys_have_the_length_asked_for_and_differ() {
        let rng = &mut test_rng();
        for length in [
            NumberOfBytes::AES_128,
            NumberOfBytes::AES_256,
            NumberOfBytes(1_024),
        ] {
            let first = generate_data_key(length, rng);
            assert_eq!(first.len(), length.get());
            assert!(!first.ct_eq(&generate_data_key(length, rng)));
            assert!(!first.ct_eq(&generate_random(length, rng)));
        }
    }
}
