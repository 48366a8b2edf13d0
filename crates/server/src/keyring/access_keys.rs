//! The secrets of access keys, wrapped under the region's wrapping key.

use super::{Keyring, region_of};
use crate::errors::OperationError;
use kms_crypto::SecretBytes;
use kms_crypto::access_key::{AccessKeyPlace, generate_access_key_secret};
use kms_domain::key::WrappedMaterial;
use kms_domain::rows::{AccessKey, Region};
use kms_domain::vocabulary::{AccessKeyId, AccountId};
use kms_domain::{KmsError, State};

/// Version of the encoding of an access key's row, to which the wrapped secret is bound.
pub const ACCESS_KEY_ROW_FORMAT: u64 = 1;

impl Keyring {
    /// A new secret for an access key of `account`, and the same wrapped under the region's present wrapping key.
    ///
    /// # Errors
    /// Before bootstrap; when a row of the state does not open.
    pub fn make_access_key_secret(
        &self,
        state: &State,
        account: AccountId,
        id: AccessKeyId,
    ) -> Result<(SecretBytes, WrappedMaterial), OperationError> {
        let region = region_of(state)?;
        let wrapping_key = self.wrapping_key(state, region.wrapping_key)?;
        let place = place(region, account, id);
        let secret = self.with_rng(|rng| generate_access_key_secret(rng))?;
        let bytes = self.with_rng(|rng| wrapping_key.wrap_access_key_secret(&place, &secret, rng))?;
        let wrapped = WrappedMaterial {
            wrapping_key: region.wrapping_key,
            bytes: bytes.into(),
        };
        Ok((secret, wrapped))
    }

    /// Opens the secret of an access key: 40 ASCII characters.
    ///
    /// # Errors
    /// [`KmsError::AccessKeyEnded`] when it is deleted and has none. When the row, or the wrapping key's, does not open:
    /// it was damaged or belongs to another root key.
    pub fn open_access_key_secret(
        &self,
        state: &State,
        access_key: &AccessKey,
    ) -> Result<SecretBytes, OperationError> {
        let region = region_of(state)?;
        let wrapped = access_key.secret.as_ref().ok_or(KmsError::AccessKeyEnded)?;
        let wrapping_key = self.wrapping_key(state, wrapped.wrapping_key)?;
        let place = place(region, access_key.principal.account(), access_key.id);
        Ok(wrapping_key.unwrap_access_key_secret(&place, &wrapped.bytes)?)
    }
}

fn place(region: &Region, account: AccountId, id: AccessKeyId) -> AccessKeyPlace<'_> {
    AccessKeyPlace {
        cluster: &region.cluster,
        region: &region.name,
        account,
        id,
        row_format: ACCESS_KEY_ROW_FORMAT,
    }
}
