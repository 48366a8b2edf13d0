//! Wrapping keys: a region's own keys, under which key material rests in rows, log and snapshots.

use super::{KIND_WRAPPING, open, parse_key_id, prefix, seal};
use crate::error::CryptoError;
use crate::fields::Fields;
use crate::material::{KeyMaterial, MaterialCommitment, MaterialName};
use crate::{CryptoRng, SecretBytes, SecretKey256};
use kms_domain::vocabulary::{KeyOrigin, KeySpec, RegionName, WrappingKeyId};

const MATERIAL_LABEL: &str = "concord.kms/wrap/v1";
const MATERIAL_PURPOSE: &str = "material";
const COMMITMENT_LABEL: &str = "concord.kms/material-commitment-place/v1";
const COMMITMENT_PURPOSE: &str = "material-commitment";
const OTHER_LABEL: &str = "concord.kms/wrap-other/v1";

/// Where wrapped key material belongs. Every part is bound; bytes moved to another place do not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaterialPlace<'a> {
    /// The cluster's name.
    pub cluster: &'a str,
    /// The region whose row this is.
    pub region: &'a RegionName,
    /// Account, key and material.
    pub name: MaterialName,
    /// The key's spec.
    pub spec: KeySpec,
    /// The key's origin.
    pub origin: KeyOrigin,
    /// The version of the row's encoding, so that an old row is not read as a new one.
    pub row_format: u64,
}

/// A region's key that wraps key material at rest.
pub struct WrappingKey {
    id: WrappingKeyId,
    pub(crate) key: SecretKey256,
}

impl WrappingKey {
    /// Makes a wrapping key with the id that its row will have.
    pub fn generate(id: WrappingKeyId, rng: &mut dyn CryptoRng) -> Self {
        Self::from_parts(id, SecretKey256::random(rng))
    }

    pub(crate) const fn from_parts(id: WrappingKeyId, key: SecretKey256) -> Self {
        Self { id, key }
    }

    /// The key's id.
    pub const fn id(&self) -> WrappingKeyId {
        self.id
    }

    /// Wraps key material for its place.
    ///
    /// # Errors
    /// [`CryptoError::Library`].
    pub fn wrap_material(
        &self,
        place: &MaterialPlace<'_>,
        material: &KeyMaterial,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, CryptoError> {
        seal(
            &self.key,
            &self.prefix(),
            &self.bound_material(place),
            material.bytes(),
            rng,
        )
    }

    /// Unwraps what [`WrappingKey::wrap_material`] made for the same place.
    ///
    /// # Errors
    /// [`CryptoError::Unwrap`], whatever is wrong; [`CryptoError::SpecNotSupported`] and
    /// [`CryptoError::StoredFormat`] when the bytes open but are no material of that spec.
    pub fn unwrap_material(
        &self,
        place: &MaterialPlace<'_>,
        wrapped: &[u8],
    ) -> Result<KeyMaterial, CryptoError> {
        let bytes = open(&self.key, &self.prefix(), &self.bound_material(place), wrapped)?;
        KeyMaterial::from_bytes(place.spec, &bytes)
    }

    /// Wraps the commitment to key material for the material's place.
    ///
    /// # Errors
    /// [`CryptoError::Library`].
    pub fn wrap_commitment(
        &self,
        place: &MaterialPlace<'_>,
        commitment: &MaterialCommitment,
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, CryptoError> {
        let place = commitment_place(place);
        self.wrap(COMMITMENT_PURPOSE, place.as_bytes(), commitment.as_bytes(), rng)
    }

    /// Unwraps what [`WrappingKey::wrap_commitment`] made for the same place.
    ///
    /// # Errors
    /// [`CryptoError::Unwrap`], whatever is wrong.
    pub fn unwrap_commitment(
        &self,
        place: &MaterialPlace<'_>,
        wrapped: &[u8],
    ) -> Result<MaterialCommitment, CryptoError> {
        let place = commitment_place(place);
        let bytes = self.unwrap(COMMITMENT_PURPOSE, place.as_bytes(), wrapped)?;
        let bytes = bytes.expose().try_into().map_err(|_| CryptoError::Unwrap)?;
        Ok(MaterialCommitment::from_bytes(bytes))
    }

    /// Wraps other bytes that belong in Raft, such as an HPKE private key, for one purpose, bound to `aad`:
    /// the encoded [`Fields`] of their place.
    ///
    /// # Errors
    /// [`CryptoError::Library`].
    pub fn wrap(
        &self,
        purpose: &str,
        aad: &[u8],
        bytes: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<Vec<u8>, CryptoError> {
        seal(
            &self.key,
            &self.prefix(),
            &self.bound_other(purpose, aad),
            bytes,
            rng,
        )
    }

    /// Unwraps what [`WrappingKey::wrap`] made for the same purpose and place.
    ///
    /// # Errors
    /// [`CryptoError::Unwrap`], whatever is wrong.
    pub fn unwrap(&self, purpose: &str, aad: &[u8], wrapped: &[u8]) -> Result<SecretBytes, CryptoError> {
        open(
            &self.key,
            &self.prefix(),
            &self.bound_other(purpose, aad),
            wrapped,
        )
    }

    /// Which wrapping key wrapped these bytes, before they are opened.
    ///
    /// # Errors
    /// [`CryptoError::StoredFormat`] for bytes that no wrapping key of this format wrapped.
    pub fn id_of(wrapped: &[u8]) -> Result<WrappingKeyId, CryptoError> {
        parse_key_id(KIND_WRAPPING, wrapped).map(u64::from_be_bytes)
    }

    fn prefix(&self) -> Vec<u8> {
        prefix(KIND_WRAPPING, &self.id.to_be_bytes())
    }

    pub(super) fn bound_material(&self, place: &MaterialPlace<'_>) -> Fields {
        let fields = Fields::new(MATERIAL_LABEL)
            .text(place.cluster)
            .region(place.region);
        place
            .name
            .append_to(fields)
            .text(place.spec.as_str())
            .text(place.origin.as_str())
            .text(MATERIAL_PURPOSE)
            .number(self.id)
            .number(place.row_format)
    }

    fn bound_other(&self, purpose: &str, aad: &[u8]) -> Fields {
        Fields::new(OTHER_LABEL).text(purpose).bytes(aad).number(self.id)
    }
}

/// A commitment does not depend on how material is encoded, so it is bound to the material's name and region only.
fn commitment_place(place: &MaterialPlace<'_>) -> Fields {
    let fields = Fields::new(COMMITMENT_LABEL)
        .text(place.cluster)
        .region(place.region);
    place.name.append_to(fields)
}
