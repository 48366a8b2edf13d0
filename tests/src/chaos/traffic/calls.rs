//! One call each, written down from start to end.

use crate::chaos::history::{Ciphertext, Event, History, Name, Operation, Outcome, Rotated};
use crate::chaos::validate::ciphertexts::{When, judge};
use crate::client::Kms;
use crate::ledger::within;
use kms_proto::kms::v1::{
    CreateKeyRequest, DecryptRequest, DisableKeyRequest, EnableKeyRequest, EncryptRequest,
    ListKeyRotationsRequest, ReplicateKeyRequest, RotateKeyOnDemandRequest, UpdateKeyDescriptionRequest,
    UpdatePrimaryRegionRequest,
};
use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;
use tonic::{Response, Status};

/// How long a caller waits.
pub const CALL_WITHIN: Duration = Duration::from_secs(2);

/// More than a key can have: 25 rotations on demand.
const MATERIALS_MAX: i32 = 1_000;

/// A transport that swallows a call must not hold a caller for ever.
const GIVE_UP_AFTER: Duration = Duration::from_secs(4);

/// Calls to one node of one region.
#[derive(Debug)]
pub struct Calls<'a> {
    /// Where the answers go.
    pub history: &'a History,
    /// The node's region.
    pub region: &'a Name,
    /// The node.
    pub kms: Kms,
}

/// Waits for an answer, but not for ever, and says what it means.
pub async fn answered<T>(call: impl Future<Output = Result<Response<T>, Status>>) -> Result<T, Outcome> {
    match tokio::time::timeout(GIVE_UP_AFTER, call).await {
        Err(_) => Err(Outcome::Unknown),
        Ok(Err(status)) => Err(Outcome::of(&status)),
        Ok(Ok(answer)) => Ok(answer.into_inner()),
    }
}

impl Calls<'_> {
    async fn recorded<T>(
        &self,
        key: &Name,
        operation: Operation,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, Outcome> {
        let began = self.history.now();
        let answer = answered(call).await;
        let outcome = match &answer {
            Ok(_) => Outcome::Acknowledged,
            Err(outcome) => outcome.clone(),
        };
        self.history.event(Event {
            region: self.region.clone(),
            key: key.clone(),
            operation,
            began,
            ended: self.history.now(),
            outcome,
        });
        answer
    }

    /// CreateKey; gives the key's id.
    pub async fn create_key(&mut self, multi_region: bool) -> Result<Name, Outcome> {
        let request = CreateKeyRequest {
            multi_region: Some(multi_region),
            ..Default::default()
        };
        let began = self.history.now();
        let answer = answered(self.kms.create_key(within(request, CALL_WITHIN))).await;
        let made = answer.map(|answer| Name::from(answer.key_metadata.unwrap_or_default().key_id));
        let (key, outcome) = match &made {
            Ok(id) => (id.clone(), Outcome::Acknowledged),
            Err(outcome) => (Name::from(""), outcome.clone()),
        };
        self.history.event(Event {
            region: self.region.clone(),
            key,
            operation: Operation::CreateKey { multi_region },
            began,
            ended: self.history.now(),
            outcome,
        });
        made
    }

    /// ReplicateKey.
    pub async fn replicate_key(&mut self, key: &Name, to: &Name) -> Result<(), Outcome> {
        let request = ReplicateKeyRequest {
            key_id: key.to_string(),
            replica_region: to.to_string(),
            ..Default::default()
        };
        let mut kms = self.kms.clone();
        let operation = Operation::ReplicateKey { to: to.clone() };
        self.recorded(key, operation, async move {
            kms.replicate_key(within(request, CALL_WITHIN)).await
        })
        .await
        .map(drop)
    }

    /// UpdatePrimaryRegion.
    pub async fn update_primary_region(&mut self, key: &Name, to: &Name) -> Result<(), Outcome> {
        let request = UpdatePrimaryRegionRequest {
            key_id: key.to_string(),
            primary_region: to.to_string(),
        };
        let mut kms = self.kms.clone();
        let operation = Operation::UpdatePrimaryRegion { to: to.clone() };
        self.recorded(key, operation, async move {
            kms.update_primary_region(within(request, CALL_WITHIN)).await
        })
        .await
        .map(drop)
    }

    /// EnableKey or DisableKey.
    pub async fn switch(&mut self, key: &Name, on: bool) -> Result<(), Outcome> {
        let mut kms = self.kms.clone();
        let key_id = key.to_string();
        if on {
            let call = async move {
                kms.enable_key(within(EnableKeyRequest { key_id }, CALL_WITHIN))
                    .await
            };
            self.recorded(key, Operation::EnableKey, call).await.map(drop)
        } else {
            let call = async move {
                kms.disable_key(within(DisableKeyRequest { key_id }, CALL_WITHIN))
                    .await
            };
            self.recorded(key, Operation::DisableKey, call).await.map(drop)
        }
    }

    /// RotateKeyOnDemand. The materials before and after an acknowledged one go into the history.
    pub async fn rotate(&mut self, key: &Name) -> Result<(), Outcome> {
        let before = self.materials(key).await;
        self.rotate_only(key).await?;
        if let (Ok(before), Ok(after)) = (before, self.materials(key).await) {
            self.history.rotated(Rotated {
                key: key.clone(),
                region: self.region.clone(),
                before,
                after,
            });
        }
        Ok(())
    }

    /// Ids of all materials of a key, the first and a pending one among them.
    async fn materials(&mut self, key: &Name) -> Result<BTreeSet<String>, Outcome> {
        let request = ListKeyRotationsRequest {
            key_id: key.to_string(),
            include_key_material: Some("ALL_KEY_MATERIAL".to_owned()),
            limit: Some(MATERIALS_MAX),
            marker: None,
        };
        let answer = answered(self.kms.list_key_rotations(within(request, CALL_WITHIN))).await?;
        let ids = answer
            .rotations
            .into_iter()
            .filter_map(|entry| entry.key_material_id);
        Ok(ids.collect())
    }

    async fn rotate_only(&mut self, key: &Name) -> Result<(), Outcome> {
        let mut kms = self.kms.clone();
        let key_id = key.to_string();
        let call = async move {
            kms.rotate_key_on_demand(within(RotateKeyOnDemandRequest { key_id }, CALL_WITHIN))
                .await
        };
        self.recorded(key, Operation::RotateKeyOnDemand, call)
            .await
            .map(drop)
    }

    /// UpdateKeyDescription to a number.
    pub async fn describe_as(&mut self, key: &Name, number: u64) -> Result<(), Outcome> {
        let request = UpdateKeyDescriptionRequest {
            key_id: key.to_string(),
            description: number.to_string(),
        };
        let mut kms = self.kms.clone();
        let call = async move { kms.update_key_description(within(request, CALL_WITHIN)).await };
        self.recorded(key, Operation::UpdateKeyDescription { number }, call)
            .await
            .map(drop)
    }

    /// Encrypt; the ciphertext goes into the history.
    pub async fn encrypt(&mut self, key: &Name, plaintext: Vec<u8>) -> Result<(), Outcome> {
        let request = EncryptRequest {
            key_id: key.to_string(),
            plaintext: plaintext.clone(),
            ..Default::default()
        };
        let mut kms = self.kms.clone();
        let call = async move { kms.encrypt(within(request, CALL_WITHIN)).await };
        let answer = self.recorded(key, Operation::Encrypt, call).await?;
        self.history.ciphertext(Ciphertext {
            key: key.clone(),
            region: self.region.clone(),
            blob: answer.ciphertext_blob,
            plaintext,
        });
        Ok(())
    }

    /// Decrypt; what comes out is judged at once.
    pub async fn decrypt(&mut self, ciphertext: &Ciphertext, when: When) -> Result<(), Outcome> {
        let request = DecryptRequest {
            ciphertext_blob: Some(ciphertext.blob.clone()),
            ..Default::default()
        };
        let mut kms = self.kms.clone();
        let call = async move { kms.decrypt(within(request, CALL_WITHIN)).await };
        let answer = self.recorded(&ciphertext.key, Operation::Decrypt, call).await;
        let (outcome, opened) = match &answer {
            Ok(answer) => (Outcome::Acknowledged, Some(answer.plaintext.as_slice())),
            Err(outcome) => (outcome.clone(), None),
        };
        if let Some(finding) = judge(ciphertext, self.region, &outcome, opened, when) {
            self.history.finding(finding);
        }
        answer.map(drop)
    }
}
