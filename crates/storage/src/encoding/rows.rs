//! The encoding of rows about the region, its wrapping and HPKE keys, its peers, and what it owes and remembers.
//! Rows of keys are in `key_rows`.

use std::sync::Arc;

use kms_domain::Row;
use kms_domain::multi_region::Tombstone;
use kms_domain::rows::{Answer, HpkeKeyRow, OutboxRow, PeerRegion, Refusal, Region, WrappingKeyRow};
use kms_domain::vocabulary::Timestamp;
use kms_proto::internal::state::v1 as pb;
use pb::row::Row as Variant;

use super::DecodeError;
use super::identity_records::{record_from_messages, record_to_messages};
use super::wire::{Wire, fixed, optional, parsed, required, shared};
use super::words::{incarnation, region_name};

impl Wire for Row {
    type Message = pb::Row;

    fn to_message(&self) -> pb::Row {
        let row = match self {
            Self::Region(row) => Variant::Region(row.to_message()),
            Self::WrappingKey(row) => Variant::WrappingKey(row.to_message()),
            Self::HpkeKey(row) => Variant::HpkeKey(row.to_message()),
            Self::Peer(row) => Variant::Peer(row.to_message()),
            Self::Key(row) => Variant::Key(row.to_message()),
            Self::Material(row) => Variant::Material(row.to_message()),
            Self::Alias(row) => Variant::Alias(row.to_message()),
            Self::Tombstone(row) => Variant::Tombstone(row.to_message()),
            Self::Outbox(row) => Variant::Outbox(row.to_message()),
            Self::Answer(row) => Variant::Answer(row.to_message()),
            Self::ImportParameters(row) => Variant::ImportParameters(row.to_message()),
            Self::KeyUsage(row) => Variant::KeyUsage(row.to_message()),
            Self::Account(row) => Variant::Account(row.to_message()),
            Self::AccessKey(row) => Variant::AccessKey(row.to_message()),
        };
        pb::Row { row: Some(row) }
    }

    fn from_message(message: pb::Row) -> Result<Self, DecodeError> {
        Ok(match message.row.ok_or(DecodeError::Missing("row"))? {
            Variant::Region(row) => Self::Region(Arc::new(Wire::from_message(row)?)),
            Variant::WrappingKey(row) => Self::WrappingKey(Arc::new(Wire::from_message(row)?)),
            Variant::HpkeKey(row) => Self::HpkeKey(Arc::new(Wire::from_message(row)?)),
            Variant::Peer(row) => Self::Peer(Arc::new(Wire::from_message(row)?)),
            Variant::Key(row) => Self::Key(Arc::new(Wire::from_message(row)?)),
            Variant::Material(row) => Self::Material(Arc::new(Wire::from_message(row)?)),
            Variant::Alias(row) => Self::Alias(Arc::new(Wire::from_message(row)?)),
            Variant::Tombstone(row) => Self::Tombstone(Arc::new(Wire::from_message(row)?)),
            Variant::Outbox(row) => Self::Outbox(Arc::new(Wire::from_message(row)?)),
            Variant::Answer(row) => Self::Answer(Arc::new(Wire::from_message(row)?)),
            Variant::ImportParameters(row) => Self::ImportParameters(Arc::new(Wire::from_message(row)?)),
            Variant::KeyUsage(row) => Self::KeyUsage(Arc::new(Wire::from_message(row)?)),
            Variant::Account(row) => Self::Account(Arc::new(Wire::from_message(row)?)),
            Variant::AccessKey(row) => Self::AccessKey(Arc::new(Wire::from_message(row)?)),
        })
    }
}

impl Wire for Region {
    type Message = pb::RegionRow;

    fn to_message(&self) -> pb::RegionRow {
        pb::RegionRow {
            cluster: self.cluster.clone(),
            name: self.name.to_string(),
            incarnation: self.incarnation.0.to_vec(),
            feature_level: self.feature_level,
            log_time_ms: self.log_time.0,
            wrapping_key: self.wrapping_key,
            hpke_key: self.hpke_key,
            signing_public: self.signing_public.to_vec(),
            signing_private_wrapped: self.signing_private_wrapped.to_vec(),
            alias_revision: self.alias_revision,
            fenced: self.fenced,
        }
    }

    fn from_message(message: pb::RegionRow) -> Result<Self, DecodeError> {
        Ok(Self {
            cluster: message.cluster,
            name: region_name(&message.name)?,
            incarnation: incarnation(&message.incarnation)?,
            feature_level: message.feature_level,
            log_time: Timestamp(message.log_time_ms),
            wrapping_key: message.wrapping_key,
            hpke_key: message.hpke_key,
            signing_public: fixed(&message.signing_public, "signing public key")?,
            signing_private_wrapped: shared(message.signing_private_wrapped),
            alias_revision: message.alias_revision,
            fenced: message.fenced,
        })
    }
}

impl Wire for WrappingKeyRow {
    type Message = pb::WrappingKeyRow;

    fn to_message(&self) -> pb::WrappingKeyRow {
        pb::WrappingKeyRow {
            id: self.id,
            root_key_id: self.root_key_id.to_vec(),
            wrapped: self.wrapped.to_vec(),
            retired: self.retired,
        }
    }

    fn from_message(message: pb::WrappingKeyRow) -> Result<Self, DecodeError> {
        Ok(Self {
            id: message.id,
            root_key_id: fixed(&message.root_key_id, "root key id")?,
            wrapped: shared(message.wrapped),
            retired: message.retired,
        })
    }
}

impl Wire for HpkeKeyRow {
    type Message = pb::HpkeKeyRow;

    fn to_message(&self) -> pb::HpkeKeyRow {
        pb::HpkeKeyRow {
            id: self.id,
            public: self.public.to_vec(),
            private_wrapped: self.private_wrapped.to_vec(),
            valid_until_ms: self.valid_until.0,
            signature: self.signature.to_vec(),
        }
    }

    fn from_message(message: pb::HpkeKeyRow) -> Result<Self, DecodeError> {
        Ok(Self {
            id: message.id,
            public: shared(message.public),
            private_wrapped: shared(message.private_wrapped),
            valid_until: Timestamp(message.valid_until_ms),
            signature: shared(message.signature),
        })
    }
}

impl Wire for PeerRegion {
    type Message = pb::PeerRegion;

    fn to_message(&self) -> pb::PeerRegion {
        pb::PeerRegion {
            name: self.name.to_string(),
            incarnation: self.incarnation.0.to_vec(),
            signing_public: self.signing_public.to_vec(),
            hpke_key: self.hpke_key,
            hpke_public: self.hpke_public.to_vec(),
            hpke_valid_until_ms: self.hpke_valid_until.0,
            issuing_ca_spki_sha256: self.issuing_ca_spki_sha256.to_vec(),
            endpoints: self.endpoints.clone(),
        }
    }

    fn from_message(message: pb::PeerRegion) -> Result<Self, DecodeError> {
        Ok(Self {
            name: region_name(&message.name)?,
            incarnation: incarnation(&message.incarnation)?,
            signing_public: fixed(&message.signing_public, "signing public key")?,
            hpke_key: message.hpke_key,
            hpke_public: shared(message.hpke_public),
            hpke_valid_until: Timestamp(message.hpke_valid_until_ms),
            issuing_ca_spki_sha256: fixed(&message.issuing_ca_spki_sha256, "issuing CA's SPKI hash")?,
            endpoints: message.endpoints,
        })
    }
}

impl Wire for Tombstone {
    type Message = pb::TombstoneRow;

    fn to_message(&self) -> pb::TombstoneRow {
        pb::TombstoneRow {
            key: Some(self.key.to_message()),
            incarnation: self.incarnation.0.to_vec(),
            stamp: Some(self.stamp.to_message()),
            tell: self.tell.as_ref().map(ToString::to_string),
            deleted_at_ms: self.deleted_at.0,
        }
    }

    fn from_message(message: pb::TombstoneRow) -> Result<Self, DecodeError> {
        Ok(Self {
            key: required(message.key, "key of a tombstone")?,
            incarnation: incarnation(&message.incarnation)?,
            stamp: required(message.stamp, "stamp of a tombstone")?,
            tell: message.tell.as_deref().map(region_name).transpose()?,
            deleted_at: Timestamp(message.deleted_at_ms),
        })
    }
}

impl Wire for OutboxRow {
    type Message = pb::OutboxRow;

    fn to_message(&self) -> pb::OutboxRow {
        let (key, identity) = record_to_messages(&self.record);
        pb::OutboxRow {
            peer: self.peer.to_string(),
            key,
            since_ms: self.since.0,
            refusal: self.refusal.as_ref().map(Wire::to_message),
            identity,
        }
    }

    fn from_message(message: pb::OutboxRow) -> Result<Self, DecodeError> {
        Ok(Self {
            peer: region_name(&message.peer)?,
            record: record_from_messages(message.key, message.identity)?,
            since: Timestamp(message.since_ms),
            refusal: optional(message.refusal)?,
        })
    }
}

impl Wire for Refusal {
    type Message = pb::Refusal;

    fn to_message(&self) -> pb::Refusal {
        pb::Refusal {
            reason: self.reason.clone(),
            count: self.count,
            retry_after_ms: self.retry_after.0,
        }
    }

    fn from_message(message: pb::Refusal) -> Result<Self, DecodeError> {
        Ok(Self {
            reason: message.reason,
            count: message.count,
            retry_after: Timestamp(message.retry_after_ms),
        })
    }
}

impl Wire for Answer {
    type Message = pb::AnswerRow;

    fn to_message(&self) -> pb::AnswerRow {
        pb::AnswerRow {
            principal: self.principal.arn().to_owned(),
            operation: self.operation.clone(),
            request_id: self.request_id.clone(),
            parameters_hash: self.parameters_hash.to_vec(),
            reply: Some(self.reply.to_message()),
            remembered_at_ms: self.remembered_at.0,
            sequence: self.sequence,
        }
    }

    fn from_message(message: pb::AnswerRow) -> Result<Self, DecodeError> {
        Ok(Self {
            principal: parsed(&message.principal, "principal")?,
            operation: message.operation,
            request_id: message.request_id,
            parameters_hash: fixed(&message.parameters_hash, "parameters hash")?,
            reply: required(message.reply, "remembered reply")?,
            remembered_at: Timestamp(message.remembered_at_ms),
            sequence: message.sequence,
        })
    }
}
