//! Data key pairs: made for a caller, the private key sealed under a KMS key, never stored. Shared by both
//! GenerateDataKeyPair operations.

use super::call::Call;
use super::data_key::DataKeyTarget;
use super::encryption::Sealed;
use super::service::Service;
use super::validation::one_of;
use crate::errors::OperationError;
use kms_crypto::data_key_pair::{self, DataKeyPair};
use kms_domain::KmsError;
use kms_domain::vocabulary::DataKeyPairSpec;
use std::sync::Arc;

/// A `KeyPairSpec` parameter.
pub(super) fn key_pair_spec(text: &str) -> Result<DataKeyPairSpec, KmsError> {
    if text == "SM2" {
        return Err(KmsError::UnsupportedOperation(
            "KeyPairSpec SM2 is not supported in this region.".into(),
        ));
    }
    one_of("keyPairSpec", text, DataKeyPairSpec::ALL, DataKeyPairSpec::as_str)
}

impl Service {
    /// A fresh pair, and its private key's ciphertext. The caller's right is looked at before anything is made, and
    /// again when it is ready.
    pub(super) async fn data_key_pair(
        &self,
        call: &Call,
        target: &DataKeyTarget<'_>,
        spec: DataKeyPairSpec,
    ) -> Result<(DataKeyPair, Sealed), OperationError> {
        self.look(call, |state| self.data_key_sealing_key(state, call, target))
            .await?;
        let pair = self.make_pair(call, spec).await?;
        let sealed = self
            .use_key(call, target.operation, |state| {
                let key = self.data_key_sealing_key(state, call, target)?;
                let sealed = self.seal(&key, target.context, pair.private_key_der.expose())?;
                let key = sealed.key;
                Ok((sealed, key))
            })
            .await?;
        Ok((pair, sealed))
    }

    async fn make_pair(&self, call: &Call, spec: DataKeyPairSpec) -> Result<DataKeyPair, OperationError> {
        let keyring = Arc::clone(&self.keyring);
        let generate = move || keyring.with_rng(|rng| data_key_pair::generate(spec, rng));
        let made = if spec.is_rsa() {
            self.generation.run(call, generate).await?
        } else {
            generate()
        };
        Ok(made?)
    }
}
