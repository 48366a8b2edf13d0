//! Secrets of access keys: made here, shown once by whoever made them, wrapped at rest, and opened to verify a
//! signature. A secret is 40 characters of the base64 alphabet, as AWS's are, and stands for 30 random bytes.

use crate::error::CryptoError;
use crate::fields::Fields;
use crate::wrap::WrappingKey;
use crate::{CryptoRng, SecretBytes};
use base64ct::{Base64, Encoding};
use kms_domain::vocabulary::{AccessKeyId, AccountId, RegionName};

/// Length of a secret, in characters.
pub const ACCESS_KEY_SECRET_CHARS: usize = 40;
const RANDOM_BYTES: usize = 30;

const PURPOSE: &str = "sigv4";
const PLACE_LABEL: &str = "concord.kms/access-key-place/v1";

/// Makes a secret.
///
/// # Errors
/// [`CryptoError::Library`].
pub fn generate_access_key_secret(rng: &mut dyn CryptoRng) -> Result<SecretBytes, CryptoError> {
    let random = SecretBytes::random(RANDOM_BYTES, rng);
    let mut secret = SecretBytes::new(vec![0; ACCESS_KEY_SECRET_CHARS].into_boxed_slice());
    Base64::encode(random.expose(), secret.expose_mut())
        .map_err(|_| CryptoError::Library("base64 did not encode"))?;
    Ok(secret)
}

/// Whether bytes have the form of a secret; in time that depends on their form only.
pub(crate) fn is_secret(bytes: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    bytes.len() == ACCESS_KEY_SECRET_CHARS && bytes.iter().all(allowed)
}

/// Where the wrapped secret of an access key belongs. Every part is bound, as is the wrapping key's id; bytes moved to
/// another place do not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessKeyPlace<'a> {
    /// The cluster's name.
    pub cluster: &'a str,
    /// The region whose row this is.
    pub region: &'a RegionName,
    /// The account of the access key's principal.
    pub account: AccountId,
    /// The access key.
    pub id: AccessKeyId,
    /// The version of the row's encoding, so that an old row is not read as a new one.
    pub row_format: u64,
}

impl AccessKeyPlace<'_> {
    fn fields(&self) -> Fields {
        Fields::new(PLACE_LABEL)
            .text(self.cluster)
            .region(self.region)
            .account(&self.account)
            .text(self.id.as_str())
            .number(self.row_format)
    }
}

impl WrappingKey {
    /// Wraps the secret of an access key for its place.
    ///
    /// # Errors
    /// [`CryptoError::Library`].
    pub fn wrap_access_key_secret(
        &self,
        place: &AccessKeyPlace<'_>,
        secret: &SecretBytes,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, CryptoError> {
        self.wrap(PURPOSE, place.fields().as_bytes(), secret.expose(), rng)
    }

    /// Unwraps what [`WrappingKey::wrap_access_key_secret`] made for the same place.
    ///
    /// # Errors
    /// [`CryptoError::Unwrap`], whatever is wrong; [`CryptoError::StoredFormat`] when the bytes open but are no secret.
    pub fn unwrap_access_key_secret(
        &self,
        place: &AccessKeyPlace<'_>,
        wrapped: &[u8],
    ) -> Result<SecretBytes, CryptoError> {
        let secret = self.unwrap(PURPOSE, place.fields().as_bytes(), wrapped)?;
        if !is_secret(secret.expose()) {
            return Err(CryptoError::StoredFormat("not the secret of an access key"));
        }
        Ok(secret)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::testing::test_rng;

    fn place<'a>(
        cluster: &'a str,
        region: &'a RegionName,
        account: &str,
        id: [u8; 10],
    ) -> AccessKeyPlace<'a> {
        AccessKeyPlace {
            cluster,
            region,
            account: account.parse().unwrap(),
            id: AccessKeyId::from_random(id),
            row_format: 1,
        }
    }

    #[test]
    fn a_secret_is_forty_characters_of_base64_and_never_the_same() {
        let rng = &mut test_rng();
        let first = generate_access_key_secret(rng).unwrap();
        let second = generate_access_key_secret(rng).unwrap();
        assert!(is_secret(first.expose()) && is_secret(second.expose()));
        assert!(!first.ct_eq(&second));
        let mut decoded = [0; 30];
        Base64::decode(first.expose(), &mut decoded).unwrap();
    }

    #[test]
    fn a_wrapped_secret_opens_in_its_place_and_nowhere_else() {
        let rng = &mut test_rng();
        let dublin: RegionName = "eu-west-1".parse().unwrap();
        let paris: RegionName = "eu-west-3".parse().unwrap();
        let key = WrappingKey::generate(1, rng);
        let secret = generate_access_key_secret(rng).unwrap();
        let own = place("c", &dublin, "111122223333", [1; 10]);
        let wrapped = key.wrap_access_key_secret(&own, &secret, rng).unwrap();
        let opened = key.unwrap_access_key_secret(&own, &wrapped).unwrap();
        assert!(opened.ct_eq(&secret));
        let other_format = AccessKeyPlace { row_format: 2, ..own };
        let others = [
            place("d", &dublin, "111122223333", [1; 10]),
            place("c", &paris, "111122223333", [1; 10]),
            place("c", &dublin, "444455556666", [1; 10]),
            place("c", &dublin, "111122223333", [2; 10]),
            other_format,
        ];
        for other in others {
            let refused = key.unwrap_access_key_secret(&other, &wrapped).err();
            assert_eq!(refused, Some(CryptoError::Unwrap));
        }
        let other_purpose = key.unwrap("import-wrapping-private", own.fields().as_bytes(), &wrapped);
        assert_eq!(other_purpose.err(), Some(CryptoError::Unwrap));
    }

    #[test]
    fn bytes_that_are_no_secret_are_refused_though_they_open() {
        let rng = &mut test_rng();
        let dublin: RegionName = "eu-west-1".parse().unwrap();
        let key = WrappingKey::generate(1, rng);
        let own = place("c", &dublin, "111122223333", [1; 10]);
        for bytes in [[b'A'; 39].as_slice(), &[b'='; 40]] {
            let wrapped = key.wrap(PURPOSE, own.fields().as_bytes(), bytes, rng).unwrap();
            let refused = key.unwrap_access_key_secret(&own, &wrapped).err();
            assert!(matches!(refused, Some(CryptoError::StoredFormat(_))));
        }
    }
}
