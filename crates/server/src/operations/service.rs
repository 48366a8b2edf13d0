//! The two ways a call reaches the state: looking (with a linearizable view) and changing (through the log).

use super::cache::MaterialCache;
use super::call::{Call, RequestId, Seen};
use super::change::{Decided, Wanted, carry_out};
use super::marker::Markers;
use super::spare_pairs::SparePairs;
use super::usage::KeyUsages;
use super::work_pool::{self, WorkPool};
use crate::clock::Clock;
use crate::config::Limits;
use crate::errors::OperationError;
use crate::keyring::Keyring;
use kms_crypto::import_token::ImportTokens;
use kms_crypto::{KeyMaterial, MaterialName};
use kms_domain::error::StateProblem;
use kms_domain::key::{Key, KeyName, Material, WrappedMaterial};
use kms_domain::proposal::RequestKey;
use kms_domain::vocabulary::MaterialId;
use kms_domain::{KmsError, Operation, Reply, State, UsableKey};
use kms_raft::{Node, View};
use prost::Message;
use sha2::{Digest, Sha256};
use std::future::{Future, ready};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A decision older than this when its answer is ready is made again.
const DECISION_AGE_MAX: Duration = Duration::from_secs(1);

/// What the operations work with.
pub struct Service {
    pub(crate) node: Node,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) cache: Arc<MaterialCache>,
    pub(crate) markers: Markers,
    pub(crate) import_tokens: ImportTokens,
    pub(crate) usage: Arc<KeyUsages>,
    /// Makes RSA keys.
    pub(crate) generation: WorkPool,
    /// Uses RSA private keys.
    pub(crate) rsa: WorkPool,
    pub(crate) spare_pairs: SparePairs,
    pub(crate) clock: Clock,
    /// On-demand rotations in a key's life.
    pub(crate) on_demand_rotations_max: u32,
}

impl Service {
    /// Operations on this node. The cache is shared with whoever carries out evictions, the usage with whoever makes
    /// it known to the region.
    pub fn new(
        node: Node,
        keyring: Arc<Keyring>,
        cache: Arc<MaterialCache>,
        usage: Arc<KeyUsages>,
        clock: Clock,
        limits: &Limits,
    ) -> Self {
        Self {
            node,
            markers: Markers::new(keyring.marker_key()),
            import_tokens: ImportTokens::new(keyring.import_token_key()),
            keyring,
            cache,
            usage,
            generation: WorkPool::new(work_pool::GENERATION),
            rsa: WorkPool::new(work_pool::PRIVATE_OPERATIONS),
            spare_pairs: SparePairs::default(),
            clock,
            on_demand_rotations_max: limits.on_demand_rotations_max,
        }
    }

    /// Answers from a view that is at least as new as the call. An answer that took longer than
    /// one second is made again, because the right to it may have been taken away meanwhile.
    pub async fn look<T>(
        &self,
        call: &Call,
        answer: impl Fn(&State) -> Result<T, OperationError>,
    ) -> Result<T, OperationError> {
        self.look_and_work(call, answer, |answer| ready(Ok(answer))).await
    }

    /// [`Service::look`], where the answer takes work after the decision that may wait its turn.
    pub(super) async fn look_and_work<D, T, W>(
        &self,
        call: &Call,
        decide: impl Fn(&State) -> Result<D, OperationError>,
        work: impl Fn(D) -> W,
    ) -> Result<T, OperationError>
    where
        W: Future<Output = Result<T, OperationError>>,
    {
        let mut seen = call.seen.clone();
        loop {
            let Seen { view, since } = match seen.take() {
                Some(seen) => seen,
                None => self.see(call.deadline).await?,
            };
            let decided = decide(&view.state)?;
            drop(view);
            let result = work(decided).await?;
            if since.elapsed() <= DECISION_AGE_MAX {
                return Ok(result);
            }
            if Instant::now() >= call.deadline {
                return Err(OperationError::Timeout(
                    "the answer was not ready within the deadline".into(),
                ));
            }
        }
    }

    async fn see(&self, deadline: Instant) -> Result<Seen, OperationError> {
        Ok(Seen::now(self.node.read(deadline).await?))
    }

    /// Private operations of RSA keys wait for a thread of their own, because many at once would keep everything else
    /// waiting; those of other keys are quick.
    pub(super) async fn private_operation<T: Send + 'static>(
        &self,
        call: &Call,
        material: &Arc<KeyMaterial>,
        operation: impl FnOnce(&KeyMaterial) -> T + Send + 'static,
    ) -> Result<T, OperationError> {
        if !matches!(**material, KeyMaterial::Rsa(_)) {
            return Ok(operation(material));
        }
        let material = Arc::clone(material);
        self.rsa.run(call, move || operation(&material)).await
    }

    /// Authorizes, then decides, then proposes, and does so again while the state changes underneath.
    ///
    /// `authorize` runs first and alone, so that a repeated request is authorized anew before its remembered answer
    /// is given. The answer comes with a view that contains the change.
    pub async fn change<T>(
        &self,
        call: &Call,
        operation: Operation,
        parameters: &impl Message,
        authorize: impl Fn(&State) -> Result<T, OperationError>,
        decide: impl Fn(&State, &T) -> Result<Decided, OperationError>,
    ) -> Result<(Reply, Arc<View>), OperationError> {
        let wanted = Wanted {
            call,
            request: request_key(call, operation, parameters),
            now: &|| self.clock.now(),
        };
        carry_out(&self.node, &wanted, authorize, decide).await
    }

    /// [`Service::look`] for a cryptographic use of a key, which is remembered as the key's last once it has succeeded.
    pub(super) async fn use_key<T>(
        &self,
        call: &Call,
        operation: Operation,
        answer: impl Fn(&State) -> Result<(T, KeyName), OperationError>,
    ) -> Result<T, OperationError> {
        let (answer, key) = self.look(call, answer).await?;
        self.note_use(call, key, operation);
        Ok(answer)
    }

    /// Remembers a successful cryptographic use of a key.
    pub(super) fn note_use(&self, call: &Call, key: KeyName, operation: Operation) {
        let request_id = call.request_id.as_ref().map(RequestId::as_str);
        self.usage.note(key, operation, self.clock.now(), request_id);
    }

    /// The first material of a key, or the next one, made here and wrapped for this region.
    pub fn wrap_new_material(
        &self,
        state: &State,
        key: &Key,
    ) -> Result<(MaterialId, WrappedMaterial), OperationError> {
        self.keyring.make_material(state, key.name, key.spec, key.origin)
    }

    /// The material of a usable key that encrypts, signs or agrees: its row, and the material opened.
    pub(super) fn current_material<'a>(
        &self,
        state: &'a State,
        key: &UsableKey<'_>,
    ) -> Result<(&'a Material, Arc<KeyMaterial>), OperationError> {
        let unavailable = || OperationError::from(KmsError::KeyUnavailable(key.arn().clone()));
        let current = key.key().current_material.ok_or_else(unavailable)?;
        self.material(state, key, &current)?.ok_or_else(unavailable)
    }

    /// A material of a usable key: its row, and the material opened. Imported material that has expired by log time or
    /// by this node's clock is gone already, although no Pulse has removed it yet.
    pub fn material<'a>(
        &self,
        state: &'a State,
        key: &UsableKey<'_>,
        id: &MaterialId,
    ) -> Result<Option<(&'a Material, Arc<KeyMaterial>)>, OperationError> {
        let Some(row) = state.material(&key.key().name, id) else {
            return Ok(None);
        };
        let now = self.clock.now().max(state.log_time());
        if row
            .imported
            .as_ref()
            .and_then(|i| i.expires)
            .is_some_and(|at| at <= now)
        {
            return Err(KmsError::InvalidState(key.arn().clone(), StateProblem::PendingImport).into());
        }
        let opened = self
            .cache
            .get_or_open(row, || self.keyring.open_material(state, key.key(), row))?;
        Ok(Some((row, opened)))
    }
}

/// The name under which all regions know a material.
pub fn material_name(row: &Material) -> MaterialName {
    MaterialName {
        account: row.key.account,
        key_id: row.key.key_id,
        material_id: row.material_id,
    }
}

/// What tells a request from others, and recognizes its repetition.
pub(super) fn request_key(call: &Call, operation: Operation, parameters: &impl Message) -> RequestKey {
    let id = call.request_id.clone().unwrap_or_else(RequestId::random);
    RequestKey {
        operation: operation.as_str().to_owned(),
        id: id.as_str().to_owned(),
        parameters_hash: Sha256::digest(parameters.encode_to_vec()).into(),
    }
}
