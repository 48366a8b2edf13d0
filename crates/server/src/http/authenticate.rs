//! From a request's signature to its caller: the access key is looked up in a view of the state that is at least as new
//! as the request, so that a key that was deleted in time proves nothing on any node.

use super::refusal::Refusal;
use super::sigv4::{self, Claim, DerivedFor, NoSecret, Signed, SigningKeys};
use crate::clock::Clock;
use crate::errors::OperationError;
use crate::keyring::Keyring;
use crate::operations::Seen;
use bytes::Bytes;
use http::request::Parts;
use kms_authz::Caller;
use kms_domain::rows::{AccessKey, AccessKeyStatus, AccountStatus};
use kms_domain::vocabulary::RegionName;
use kms_domain::{KmsError, State};
use kms_raft::Node;
use scratchstack_aws_signature::KSigningKey;
use std::sync::Arc;
use tokio::time::Instant;

/// Knows callers by their access keys.
pub(crate) struct Authenticator {
    node: Node,
    keyring: Arc<Keyring>,
    clock: Clock,
    region: RegionName,
    signing_keys: SigningKeys,
}

/// The key that a claim names. Whether its holder made the claim is not known yet.
pub(crate) struct ClaimedKey {
    signing_key: KSigningKey,
    caller: Caller,
    seen: Option<Seen>,
}

impl ClaimedKey {
    /// Gives up the view in which the key was found.
    pub(crate) fn forget_what_was_seen(&mut self) {
        self.seen = None;
    }
}

/// Who signed a request, and what was seen to find it out, unless that was given up.
pub(crate) struct Authenticated {
    pub(crate) caller: Caller,
    pub(crate) signed: Signed,
    pub(crate) seen: Option<Seen>,
}

impl Authenticator {
    pub(crate) fn new(node: Node, keyring: Arc<Keyring>, clock: Clock, region: RegionName) -> Self {
        Self {
            node,
            keyring,
            clock,
            signing_keys: SigningKeys::new(region.clone()),
            region,
        }
    }

    pub(crate) fn region(&self) -> &RegionName {
        &self.region
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The key that a claim names, looked up in a view that is at least as new as the claim.
    ///
    /// # Errors
    /// When the key is unknown or has ended, or no view can be had in time.
    pub(crate) async fn key_of(&self, claim: &Claim, deadline: Instant) -> Result<ClaimedKey, Refusal> {
        let seen = Seen::now(self.node.read(deadline).await.map_err(OperationError::from)?);
        let state = &seen.view.state;
        let access_key = active_access_key(state, claim).ok_or(Refusal::UnknownClient)?;
        Ok(ClaimedKey {
            signing_key: self.signing_key(state, access_key, claim)?,
            caller: Caller::AccessKey {
                principal: access_key.principal.clone(),
                id: access_key.id,
                revision: access_key.revision,
            },
            seen: Some(seen),
        })
    }

    /// Who signed this request.
    ///
    /// # Errors
    /// When the signature does not hold.
    pub(crate) async fn caller_of(
        &self,
        parts: Parts,
        body: Bytes,
        claim: &Claim,
        key: ClaimedKey,
    ) -> Result<Authenticated, Refusal> {
        let now = self.clock.now();
        let signed = sigv4::verify(parts, body, claim, &self.region, key.signing_key, now).await?;
        Ok(Authenticated {
            caller: key.caller,
            signed,
            seen: key.seen,
        })
    }

    fn signing_key(
        &self,
        state: &State,
        access_key: &AccessKey,
        claim: &Claim,
    ) -> Result<KSigningKey, OperationError> {
        let wanted = DerivedFor {
            access_key: access_key.id,
            revision: access_key.revision,
            date: claim.signed_at.date_naive(),
            service: claim.service,
        };
        self.signing_keys
            .get_or_derive(wanted, || self.keyring.open_access_key_secret(state, access_key))
    }
}

impl From<NoSecret> for OperationError {
    fn from(_: NoSecret) -> Self {
        tracing::error!("the secret of an access key is not 40 ASCII characters");
        KmsError::Internal("stored key material cannot be opened".to_owned()).into()
    }
}

/// The access key that a claim names, if it proves anything: it is active, and so is its account unless that has no row.
fn active_access_key<'a>(state: &'a State, claim: &Claim) -> Option<&'a AccessKey> {
    let access_key = state.access_key(&claim.access_key)?;
    let account = state.account(access_key.principal.account());
    let active = access_key.status == AccessKeyStatus::Active
        && account.is_none_or(|account| account.status == AccountStatus::Active);
    active.then_some(&**access_key)
}
