//! The region's keys, opened: what wraps key material, what opens material sealed by other regions, and what signs
//! for the region. Rows in the state hold them wrapped under the root key; opened ones live here, in locked memory,
//! for as long as the process does. Permission is decided elsewhere, before anyone asks here.

mod access_keys;
mod found;
mod import;
#[cfg(test)]
mod tests;

pub use access_keys::ACCESS_KEY_ROW_FORMAT;
pub use found::HPKE_VALIDITY_DAYS;

use crate::errors::OperationError;
use kms_crypto::region::{HpkeKeyPair, RegionSigningKey, handover_fields};
use kms_crypto::wrap::{MaterialPlace, RootKey, WrappingKey};
use kms_crypto::{CryptoError, CryptoRng, Fields, KeyMaterial, MaterialName, SecretKey256};
use kms_domain::error::StateProblem;
use kms_domain::key::{Key, KeyName, Material, WrappedMaterial};
use kms_domain::multi_region::HandoverProof;
use kms_domain::rows::{HpkeKeyRow, Region, WrappingKeyRow};
use kms_domain::vocabulary::{Epoch, HpkeKeyId, Incarnation, KeyOrigin, KeySpec, MaterialId, WrappingKeyId};
use kms_domain::{KmsError, State};
use kms_replication::{KeyRing, KeyRingError};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Version of the encoding of a material row, to which the wrapped bytes are bound.
pub const MATERIAL_ROW_FORMAT: u64 = 1;

const HPKE_PURPOSE: &str = "hpke-private";
const SIGNING_PURPOSE: &str = "region-signing";
const PLACE_LABEL: &str = "concord.kms/region-private/v1";
const MARKER_PURPOSE: &str = "pagination-marker";
const IMPORT_TOKEN_PURPOSE: &str = "import-token";
const IMPORT_WRAPPING_PURPOSE: &str = "import-wrapping-private";
const IMPORT_WRAPPING_LABEL: &str = "concord.kms/import-wrapping-place/v1";

/// Keys opened so far. A key's bytes never change under its id, so nothing here is ever evicted.
#[derive(Default)]
struct Opened {
    wrapping: BTreeMap<WrappingKeyId, Arc<WrappingKey>>,
    hpke: BTreeMap<HpkeKeyId, Arc<HpkeKeyPair>>,
    signing: BTreeMap<Incarnation, Arc<RegionSigningKey>>,
}

/// The region's keys, opened when first needed.
pub struct Keyring {
    root: RootKey,
    marker_key: SecretKey256,
    import_token_key: SecretKey256,
    opened: Mutex<Opened>,
}

impl Keyring {
    /// A keyring over the region's root key.
    ///
    /// # Errors
    /// [`CryptoError::Library`].
    pub fn new(root: RootKey) -> Result<Self, CryptoError> {
        Ok(Self {
            marker_key: root.derive(MARKER_PURPOSE)?,
            import_token_key: root.derive(IMPORT_TOKEN_PURPOSE)?,
            root,
            opened: Mutex::default(),
        })
    }

    /// The root key, for storage.
    pub const fn root(&self) -> &RootKey {
        &self.root
    }

    /// Authenticates pagination markers; the same on all nodes of the region.
    pub fn marker_key(&self) -> &[u8; 32] {
        self.marker_key.expose()
    }

    /// Authenticates import tokens; the same on all nodes of the region.
    pub fn import_token_key(&self) -> &[u8; 32] {
        self.import_token_key.expose()
    }

    /// Lends the operating system's random generator.
    pub fn with_rng<T>(&self, use_it: impl FnOnce(&mut dyn CryptoRng) -> T) -> T {
        use_it(&mut UnwrapErr(SysRng))
    }

    /// Random bytes for ids. Not for secrets: the array is not zeroized.
    pub fn random_bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.with_rng(|rng| rng.fill_bytes(&mut bytes));
        bytes
    }

    /// New key material with a random id, wrapped under the region's present wrapping key.
    ///
    /// # Errors
    /// Before bootstrap; for a spec that has no operations yet; when a row of the state does not open.
    pub fn make_material(
        &self,
        state: &State,
        key: KeyName,
        spec: KeySpec,
        origin: KeyOrigin,
    ) -> Result<(MaterialId, WrappedMaterial), OperationError> {
        let material_id = MaterialId(self.random_bytes());
        let material = self.with_rng(|rng| KeyMaterial::generate(spec, rng))?;
        let wrapped = self.wrap_material(state, key, material_id, origin, &material)?;
        Ok((material_id, wrapped))
    }

    /// Wraps material under the region's present wrapping key.
    ///
    /// # Errors
    /// Before bootstrap; when a row of the state does not open.
    pub fn wrap_material(
        &self,
        state: &State,
        key: KeyName,
        material_id: MaterialId,
        origin: KeyOrigin,
        material: &KeyMaterial,
    ) -> Result<WrappedMaterial, OperationError> {
        let region = region_of(state)?;
        let wrapping_key = self.wrapping_key(state, region.wrapping_key)?;
        let place = place(region, key, material_id, material.spec(), origin);
        let bytes = self.with_rng(|rng| wrapping_key.wrap_material(&place, material, rng))?;
        Ok(WrappedMaterial {
            wrapping_key: region.wrapping_key,
            bytes: bytes.into(),
        })
    }

    /// Opens a material of `key`.
    ///
    /// # Errors
    /// When the material was imported and its bytes are not here; when the row, or the wrapping key's, does not open: it
    /// was damaged or belongs to another root key.
    pub fn open_material(
        &self,
        state: &State,
        key: &Key,
        row: &Material,
    ) -> Result<KeyMaterial, OperationError> {
        let region = region_of(state)?;
        let Some(wrapped) = &row.wrapped else {
            let (_, arn) = state.existing_key(&key.name)?;
            return Err(KmsError::InvalidState(arn, StateProblem::PendingImport).into());
        };
        let wrapping_key = self.wrapping_key(state, wrapped.wrapping_key)?;
        let place = place(region, key.name, row.material_id, key.spec, key.origin);
        Ok(wrapping_key.unwrap_material(&place, &wrapped.bytes)?)
    }

    /// The wrapping key with this id.
    ///
    /// # Errors
    /// When there is no such row, or it does not open.
    pub fn wrapping_key(&self, state: &State, id: WrappingKeyId) -> Result<Arc<WrappingKey>, OperationError> {
        let row = state
            .wrapping_key(id)
            .ok_or_else(|| missing("wrapping key", id))?;
        Ok(self.open_wrapping_key(region_of(state)?, row)?)
    }

    /// The region's HPKE key pair with this counter.
    ///
    /// # Errors
    /// When there is no such row, or it does not open.
    pub fn hpke_key_pair(&self, state: &State, id: HpkeKeyId) -> Result<Arc<HpkeKeyPair>, OperationError> {
        let row = state.hpke_key(id).ok_or_else(|| missing("HPKE key", id))?;
        Ok(self.open_hpke_key(region_of(state)?, row)?)
    }

    /// The key that signs for the region in its present life.
    ///
    /// # Errors
    /// Before bootstrap; when the row does not open.
    pub fn signing_key(&self, state: &State) -> Result<Arc<RegionSigningKey>, OperationError> {
        Ok(self.open_signing_key(region_of(state)?)?)
    }

    fn open_wrapping_key(
        &self,
        region: &Region,
        row: &WrappingKeyRow,
    ) -> Result<Arc<WrappingKey>, CryptoError> {
        if let Some(opened) = self.opened().wrapping.get(&row.id) {
            return Ok(Arc::clone(opened));
        }
        let (cluster, name) = (&region.cluster, &region.name);
        let key = self
            .root
            .unwrap_wrapping_key(cluster, name, row.id, &row.wrapped)?;
        let key = Arc::new(key);
        self.opened().wrapping.insert(row.id, Arc::clone(&key));
        Ok(key)
    }

    fn open_hpke_key(&self, region: &Region, row: &HpkeKeyRow) -> Result<Arc<HpkeKeyPair>, CryptoError> {
        if let Some(opened) = self.opened().hpke.get(&row.id) {
            return Ok(Arc::clone(opened));
        }
        let place = private_place(region).number(row.id);
        let seed = self
            .root
            .unwrap(HPKE_PURPOSE, place.as_bytes(), &row.private_wrapped)?;
        let pair = Arc::new(HpkeKeyPair::from_private_bytes(row.id, &seed)?);
        if pair.public().to_bytes() != row.public[..] {
            return Err(CryptoError::StoredFormat(
                "an HPKE key does not fit its public half",
            ));
        }
        self.opened().hpke.insert(row.id, Arc::clone(&pair));
        Ok(pair)
    }

    fn open_signing_key(&self, region: &Region) -> Result<Arc<RegionSigningKey>, CryptoError> {
        if let Some(opened) = self.opened().signing.get(&region.incarnation) {
            return Ok(Arc::clone(opened));
        }
        let place = private_place(region);
        let wrapped = &region.signing_private_wrapped;
        let seed = self.root.unwrap(SIGNING_PURPOSE, place.as_bytes(), wrapped)?;
        let key = Arc::new(RegionSigningKey::from_private_bytes(&seed)?);
        if *key.verifying_key().as_bytes() != region.signing_public {
            return Err(CryptoError::StoredFormat(
                "the signing key does not fit its public half",
            ));
        }
        self.opened().signing.insert(region.incarnation, Arc::clone(&key));
        Ok(key)
    }

    /// Signs that `to` follows `from` for a key.
    ///
    /// # Errors
    /// As [`Keyring::signing_key`].
    pub fn sign_handover(
        &self,
        state: &State,
        key: &KeyName,
        from: Epoch,
        to: Epoch,
    ) -> Result<HandoverProof, OperationError> {
        let region = region_of(state)?;
        let fields = handover_fields(&region.cluster, &key.account, &key.key_id, &from, &to);
        let signature = self.signing_key(state)?.sign(&fields)?;
        Ok(HandoverProof {
            from,
            to,
            signature: signature.0.to_vec().into(),
        })
    }

    /// Whether this node's root key opens the region's present wrapping key.
    ///
    /// # Errors
    /// Why it does not.
    pub fn prove(&self, state: &State) -> Result<(), OperationError> {
        let region = region_of(state)?;
        self.wrapping_key(state, region.wrapping_key).map(drop)
    }

    fn opened(&self) -> MutexGuard<'_, Opened> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Replication re-seals material with the same opened keys.
impl KeyRing for Keyring {
    fn wrapping_key(&self, region: &Region, row: &WrappingKeyRow) -> Result<Arc<WrappingKey>, KeyRingError> {
        self.open_wrapping_key(region, row).map_err(key_ring_error)
    }

    fn signing_key(&self, region: &Region) -> Result<Arc<RegionSigningKey>, KeyRingError> {
        self.open_signing_key(region).map_err(key_ring_error)
    }

    fn hpke_key(&self, region: &Region, row: &HpkeKeyRow) -> Result<Arc<HpkeKeyPair>, KeyRingError> {
        self.open_hpke_key(region, row).map_err(key_ring_error)
    }
}

fn key_ring_error(error: CryptoError) -> KeyRingError {
    KeyRingError(error.to_string())
}

/// This region, or the refusal before bootstrap.
fn region_of(state: &State) -> Result<&Region, OperationError> {
    state.region().map(|region| &**region).ok_or_else(|| {
        OperationError::Unavailable(
            "this region has not been bootstrapped: run `kmsctl region bootstrap`".to_owned(),
        )
    })
}

fn missing(what: &str, id: u64) -> OperationError {
    KmsError::Internal(format!("{what} {id} has no row")).into()
}

fn place(
    region: &Region,
    key: KeyName,
    material_id: MaterialId,
    spec: KeySpec,
    origin: KeyOrigin,
) -> MaterialPlace<'_> {
    let name = MaterialName {
        account: key.account,
        key_id: key.key_id,
        material_id,
    };
    MaterialPlace {
        cluster: &region.cluster,
        region: &region.name,
        name,
        spec,
        origin,
        row_format: MATERIAL_ROW_FORMAT,
    }
}

/// What a region's private keys are bound to.
fn private_place(region: &Region) -> Fields {
    Fields::new(PLACE_LABEL)
        .text(&region.cluster)
        .region(&region.name)
        .incarnation(&region.incarnation)
}
