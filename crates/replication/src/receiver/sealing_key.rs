//! The HPKE key to which peers seal, as this region signed it.

use kms_crypto::region::SignedHpkeKey;
use kms_domain::State;
use tonic::Status;

/// The key in use, with the signature that its row keeps.
pub(super) fn signed_hpke_key(state: &State) -> Result<SignedHpkeKey, Status> {
    let row = state
        .region()
        .and_then(|region| state.hpke_key(region.hpke_key))
        .ok_or_else(|| Status::failed_precondition("this region has no HPKE key"))?;
    let validity = SignedHpkeKey::validity_until(row.valid_until);
    SignedHpkeKey::from_parts(row.id, &row.public, validity, &row.signature)
        .map_err(|error| Status::internal(format!("the HPKE key's row does not decode: {error}")))
}
