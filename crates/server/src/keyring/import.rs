//! What imports need of the region's keys: wrapped commitments, and wrapped private halves of import wrapping keys.

use super::{IMPORT_WRAPPING_LABEL, IMPORT_WRAPPING_PURPOSE, Keyring, place, region_of};
use crate::errors::OperationError;
use kms_crypto::import::ImportKeyPair;
use kms_crypto::{Fields, MaterialCommitment};
use kms_domain::State;
use kms_domain::key::{Key, KeyName, Material, WrappedMaterial};
use kms_domain::rows::{ImportParameters, Region};
use kms_domain::vocabulary::{ImportTokenId, MaterialId};

impl Keyring {
    /// Wraps the commitment to imported material under the region's present wrapping key.
    ///
    /// # Errors
    /// Before bootstrap; when a row of the state does not open.
    pub fn wrap_commitment(
        &self,
        state: &State,
        key: &Key,
        material_id: MaterialId,
        commitment: &MaterialCommitment,
    ) -> Result<WrappedMaterial, OperationError> {
        let region = region_of(state)?;
        let wrapping_key = self.wrapping_key(state, region.wrapping_key)?;
        let place = place(region, key.name, material_id, key.spec, key.origin);
        let bytes = self.with_rng(|rng| wrapping_key.wrap_commitment(&place, commitment, rng))?;
        Ok(WrappedMaterial {
            wrapping_key: region.wrapping_key,
            bytes: bytes.into(),
        })
    }

    /// Opens the commitment of an imported material; `None` for one that was made here.
    ///
    /// # Errors
    /// When a row does not open.
    pub fn open_commitment(
        &self,
        state: &State,
        key: &Key,
        row: &Material,
    ) -> Result<Option<MaterialCommitment>, OperationError> {
        let Some(imported) = &row.imported else {
            return Ok(None);
        };
        let region = region_of(state)?;
        let wrapping_key = self.wrapping_key(state, imported.commitment.wrapping_key)?;
        let place = place(region, key.name, row.material_id, key.spec, key.origin);
        Ok(Some(
            wrapping_key.unwrap_commitment(&place, &imported.commitment.bytes)?,
        ))
    }

    /// Wraps the private half of an import wrapping key under the region's present wrapping key.
    ///
    /// # Errors
    /// Before bootstrap; when a row of the state does not open.
    pub fn wrap_import_key(
        &self,
        state: &State,
        key: &KeyName,
        token: &ImportTokenId,
        pair: &ImportKeyPair,
    ) -> Result<WrappedMaterial, OperationError> {
        let region = region_of(state)?;
        let wrapping_key = self.wrapping_key(state, region.wrapping_key)?;
        let place = import_key_place(region, key, token);
        let bytes = self.with_rng(|rng| {
            wrapping_key.wrap(IMPORT_WRAPPING_PURPOSE, place.as_bytes(), pair.bytes(), rng)
        })?;
        Ok(WrappedMaterial {
            wrapping_key: region.wrapping_key,
            bytes: bytes.into(),
        })
    }

    /// Opens the import wrapping key of a row.
    ///
    /// # Errors
    /// When a row does not open.
    pub fn open_import_key(
        &self,
        state: &State,
        row: &ImportParameters,
    ) -> Result<ImportKeyPair, OperationError> {
        let region = region_of(state)?;
        let wrapping_key = self.wrapping_key(state, row.private_wrapped.wrapping_key)?;
        let place = import_key_place(region, &row.key, &row.id);
        let wrapped = &row.private_wrapped.bytes;
        let bytes = wrapping_key.unwrap(IMPORT_WRAPPING_PURPOSE, place.as_bytes(), wrapped)?;
        Ok(ImportKeyPair::from_bytes(row.wrapping_key_spec, &bytes)?)
    }
}

fn import_key_place(region: &Region, key: &KeyName, token: &ImportTokenId) -> Fields {
    Fields::new(IMPORT_WRAPPING_LABEL)
        .text(&region.cluster)
        .region(&region.name)
        .account(&key.account)
        .key_id(&key.key_id)
        .bytes(&token.0)
}
