//! Every change the log can carry. A closed enum: a node that meets a command it does not know stops.

use crate::key::{KeyName, WrappedMaterial};
use crate::multi_region::{HandoverProof, IdentityReceipt, IdentityShipment, Receipt, Shipment};
use crate::rows::{HpkeKeyRow, ImportParameters, KeyUsageRow, PeerRegion, WrappingKeyRow};
use crate::vocabulary::tags::Tags;
use crate::vocabulary::{
    AccessKeyId, AccountId, AliasName, HpkeKeyId, ImportTokenId, ImportType, Incarnation, KeyOrigin, KeySpec,
    KeyUsage, MaterialId, NodeId, Principal, RegionName, Timestamp,
};
use std::sync::Arc;

/// A change of state. Ids, material and times were made by the proposer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// First command of a region's life.
    Bootstrap(Bootstrap),
    /// Moves log time; see [`crate::pulse`].
    Pulse(Pulse),
    /// All nodes support these semantics.
    RaiseFeatureLevel(RaiseFeatureLevel),
    /// CreateKey.
    CreateKey(Box<CreateKey>),
    /// EnableKey.
    EnableKey(KeyName),
    /// DisableKey.
    DisableKey(KeyName),
    /// UpdateKeyDescription.
    UpdateKeyDescription(UpdateKeyDescription),
    /// ScheduleKeyDeletion.
    ScheduleKeyDeletion(ScheduleKeyDeletion),
    /// CancelKeyDeletion.
    CancelKeyDeletion(KeyName),
    /// CreateAlias.
    CreateAlias(SetAlias),
    /// UpdateAlias.
    UpdateAlias(SetAlias),
    /// DeleteAlias.
    DeleteAlias(DeleteAlias),
    /// TagResource.
    TagResource(TagResource),
    /// UntagResource.
    UntagResource(UntagResource),
    /// EnableKeyRotation.
    EnableKeyRotation(EnableKeyRotation),
    /// DisableKeyRotation.
    DisableKeyRotation(KeyName),
    /// RotateKeyOnDemand.
    RotateKeyOnDemand(RotateKey),
    /// The rotation period ended and the leader made material.
    RotateKeyAutomatically(RotateKey),
    /// ReplicateKey, on the primary.
    ReplicateKey(Box<ReplicateKey>),
    /// UpdatePrimaryRegion, on the primary.
    UpdatePrimaryRegion(UpdatePrimaryRegion),
    /// A record from another region.
    AcceptShipment(Box<Shipment<WrappedMaterial>>),
    /// What a peer said to a record shipped to it.
    NoteReceipt(Box<Receipt>),
    /// An administrator pins a region, or renews what is pinned.
    PairRegion(Box<PeerRegion>),
    /// An administrator unpins a region that holds no replica and no primary of a key here.
    UnpairRegion(RegionName),
    /// Ships everything to this peer again; resynchronizes after a restore.
    MarkAllDirty(RegionName),
    /// A new HPKE key pair of this region becomes the one peers seal to.
    AddHpkeKey(Box<HpkeKeyRow>),
    /// A pinned region has a new HPKE key, signed by its pinned signing key.
    RenewPeerHpkeKey(Box<RenewPeerHpkeKey>),
    /// GetParametersForImport made a key pair.
    PutImportParameters(Box<ImportParameters>),
    /// ImportKeyMaterial.
    ImportKeyMaterial(Box<ImportKeyMaterial>),
    /// DeleteImportedKeyMaterial.
    DeleteImportedKeyMaterial(DeleteImportedKeyMaterial),
    /// RotateKeyOnDemand of an imported key.
    RotateToImportedMaterial(KeyName),
    /// Nodes say when keys were last used.
    NoteKeyUsage(NoteKeyUsage),
    /// An operator makes an account.
    CreateAccount(CreateAccount),
    /// An operator disables an account or enables it again.
    SetAccountStatus(SetAccountStatus),
    /// An operator deletes an account.
    DeleteAccount(AccountId),
    /// An operator makes an access key.
    CreateAccessKey(Box<CreateAccessKey>),
    /// An operator disables an access key or enables it again.
    SetAccessKeyStatus(SetAccessKeyStatus),
    /// An operator deletes an access key.
    DeleteAccessKey(AccessKeyId),
    /// An account or an access key from its home region.
    AcceptIdentity(Box<IdentityShipment<WrappedMaterial>>),
    /// What a peer said to an account or an access key shipped to it.
    NoteIdentityReceipt(Box<IdentityReceipt>),
}

/// First command of a region's life; refused when the region exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bootstrap {
    /// Names the whole installation.
    pub cluster: String,
    /// This region.
    pub region: RegionName,
    /// Random.
    pub incarnation: Incarnation,
    /// Wrapping key 1.
    pub wrapping_key: WrappingKeyRow,
    /// HPKE key pair 1.
    pub hpke_key: HpkeKeyRow,
    /// The region's signing key, public half.
    pub signing_public: [u8; 32],
    /// Its private half, wrapped by the root key.
    pub signing_private_wrapped: Arc<[u8]>,
    /// Semantics to start with.
    pub feature_level: u32,
}

/// Clock readings of a majority of nodes. Log time becomes their lower median, never goes back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulse {
    /// One reading a node, the proposer's included.
    pub readings: Vec<(NodeId, Timestamp)>,
}

/// The HPKE key to which material for a pinned region is sealed from now on. Nothing else that is pinned changes.
///
/// Its proposer has verified that the pinned signing key vouches for it, as the proposer of a shipment has verified
/// the shipment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenewPeerHpkeKey {
    /// The pinned region.
    pub peer: RegionName,
    /// The life in which it is pinned.
    pub incarnation: Incarnation,
    /// The key's counter, which only grows.
    pub hpke_key: HpkeKeyId,
    /// The key.
    pub hpke_public: Arc<[u8]>,
    /// Nothing is sealed to it after this.
    pub hpke_valid_until: Timestamp,
}

/// Raises the feature level; lower or equal changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RaiseFeatureLevel {
    /// The new level.
    pub level: u32,
}

/// Material made by the proposer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMaterial {
    /// Random id.
    pub material_id: MaterialId,
    /// The secret, wrapped under the wrapping key that the guard names.
    pub wrapped: WrappedMaterial,
}

/// CreateKey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateKey {
    /// Owner and random id.
    pub name: KeyName,
    /// Kind of material.
    pub spec: KeySpec,
    /// What it is for.
    pub usage: KeyUsage,
    /// Where its material comes from.
    pub origin: KeyOrigin,
    /// Free text.
    pub description: String,
    /// Key policy document; empty means the default policy.
    pub policy: String,
    /// Tags.
    pub tags: Tags,
    /// For a multi-Region key: the random incarnation of this region's copy.
    pub multi_region: Option<Incarnation>,
    /// First material; none when the origin is EXTERNAL.
    pub material: Option<NewMaterial>,
}

/// UpdateKeyDescription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdateKeyDescription {
    /// The key.
    pub key: KeyName,
    /// The new text.
    pub description: String,
}

/// ScheduleKeyDeletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleKeyDeletion {
    /// The key.
    pub key: KeyName,
    /// The waiting period, in days.
    pub pending_window_days: u32,
}

/// CreateAlias and UpdateAlias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAlias {
    /// The alias; its account is the key's.
    pub alias: AliasName,
    /// The key it points to from now on.
    pub key: KeyName,
}

/// DeleteAlias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteAlias {
    /// Owner.
    pub account: AccountId,
    /// The alias.
    pub alias: AliasName,
}

/// TagResource: adds or replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagResource {
    /// The key.
    pub key: KeyName,
    /// Tags to set, in the caller's order, so that repetitions are seen.
    pub tags: Vec<(String, String)>,
}

/// UntagResource: absent tags are no error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UntagResource {
    /// The key.
    pub key: KeyName,
    /// Tag keys to remove.
    pub tag_keys: Vec<String>,
}

/// EnableKeyRotation; on an already rotating key it changes the period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnableKeyRotation {
    /// The key.
    pub key: KeyName,
    /// The period, in days.
    pub period_days: u32,
}

/// A rotation to new material.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RotateKey {
    /// The key.
    pub key: KeyName,
    /// The new material.
    pub material: NewMaterial,
}

/// ImportKeyMaterial. The deciding node has opened the caller's bytes, checked that they are material of the key's
/// spec, and compared them with the commitments of the key's materials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportKeyMaterial {
    /// The key.
    pub key: KeyName,
    /// The token under which the bytes came.
    pub token: ImportTokenId,
    /// SHA-256 over the token, the encrypted bytes and the other parameters; tells a retry from another import.
    pub request_sha256: [u8; 32],
    /// What the caller says the bytes are.
    pub import_type: ImportType,
    /// The material of the key that the bytes are; none when they are those of no material.
    pub matched: Option<MaterialId>,
    /// The bytes, under the id that matched or else a fresh one.
    pub material: NewMaterial,
    /// The commitment to them, wrapped as they are.
    pub commitment: WrappedMaterial,
    /// Log time at which they are to be deleted.
    pub expires: Option<Timestamp>,
    /// Free text; none keeps the text that is there.
    pub description: Option<String>,
}

/// DeleteImportedKeyMaterial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeleteImportedKeyMaterial {
    /// The key.
    pub key: KeyName,
    /// Which material; none means the current one.
    pub material_id: Option<MaterialId>,
}

/// Last usages that a node gathered; the newest of each key counts, keys that are gone are passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteKeyUsage {
    /// At most [`crate::limits::KEY_USAGES_PER_COMMAND_MAX`].
    pub usages: Vec<KeyUsageRow>,
}

/// ReplicateKey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicateKey {
    /// The primary.
    pub key: KeyName,
    /// Where the replica goes.
    pub region: RegionName,
    /// Random incarnation of the replica.
    pub incarnation: Incarnation,
    /// The replica's description.
    pub description: String,
    /// The replica's key policy; empty means the default policy.
    pub policy: String,
    /// The replica's tags.
    pub tags: Tags,
}

/// UpdatePrimaryRegion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpdatePrimaryRegion {
    /// The primary.
    pub key: KeyName,
    /// The region whose replica becomes primary.
    pub target: RegionName,
    /// Signed by this region's key when the move was decided.
    pub proof: HandoverProof,
}

/// Makes an account, whose home is the region that applies this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateAccount {
    /// Its id.
    pub id: AccountId,
    /// What operators call it.
    pub name: String,
}

/// Disables an account or enables it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAccountStatus {
    /// The account.
    pub id: AccountId,
    /// Active, or disabled.
    pub enabled: bool,
}

/// Makes an access key. The proposer has shown the secret to nobody yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateAccessKey {
    /// Random.
    pub id: AccessKeyId,
    /// Whom it proves.
    pub principal: Principal,
    /// The secret half, wrapped under the region's present wrapping key.
    pub secret: WrappedMaterial,
}

/// Disables an access key or enables it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAccessKeyStatus {
    /// The access key.
    pub id: AccessKeyId,
    /// Active, or inactive.
    pub enabled: bool,
}
