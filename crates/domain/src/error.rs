//! Refusals a caller may see, one variant per meaning. Each has exactly one AWS exception name.

use crate::identity::IdentityId;
use crate::vocabulary::{AliasArn, KeyArn, RegionName};

/// Why a key's state does not allow an operation; the wording follows AWS KMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateProblem {
    /// `is pending deletion.`
    PendingDeletion,
    /// `is pending replica deletion.`
    PendingReplicaDeletion,
    /// `is not pending deletion.`
    NotPendingDeletion,
    /// `is pending import.`
    PendingImport,
    /// `is unavailable.`
    Unavailable,
    /// `is creating.`
    Creating,
    /// `is updating.`
    Updating,
    /// A rotation has begun and is not yet held by every replica.
    RotationPending,
    /// RotateKeyOnDemand of an imported key for which no new material was imported.
    NoImportedMaterialToRotateTo,
    /// New material was imported already, and the key has not been rotated to it.
    ImportedMaterialPending,
}

/// A refusal. Its text names ids and limits, never key material, plaintext or credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KmsError {
    /// The key does not exist in this region.
    #[error("Key '{0}' does not exist")]
    KeyNotFound(KeyArn),
    /// The alias does not exist in this region.
    #[error("Alias {0} is not found.")]
    AliasNotFound(AliasArn),
    /// A `KeyId` parameter that has none of the four forms.
    #[error("Invalid keyId '{0}'")]
    InvalidKeyId(String),
    /// An ARN that cannot be read.
    #[error("Invalid arn {0}")]
    InvalidArn(String),
    /// An ARN of something that cannot be here: of another region, whose name AWS KMS tells, or one that cannot be
    /// read where an operation has no InvalidArnException.
    #[error("Invalid arn {0}")]
    ArnNotFound(String),
    /// The key is disabled.
    #[error("{0} is disabled.")]
    Disabled(KeyArn),
    /// The key's state does not allow the operation.
    #[error("{}", .1.of(.0))]
    InvalidState(KeyArn, StateProblem),
    /// The operation is valid but not for this key or parameter.
    #[error("{0}")]
    UnsupportedOperation(String),
    /// The thing to be made exists already.
    #[error("{0}")]
    AlreadyExists(String),
    /// An alias name that a caller may not use.
    #[error("{0}")]
    InvalidAliasName(String),
    /// A quota is used up.
    #[error("{0}")]
    LimitExceeded(String),
    /// Tags that are malformed, repeated, reserved or too many.
    #[error("{0}")]
    Tag(String),
    /// A parameter outside its bounds or form.
    #[error("{0}")]
    Validation(String),
    /// A policy document that is malformed or too long.
    #[error("{0}")]
    MalformedPolicyDocument(String),
    /// A pagination marker that was not made here or was altered.
    #[error("")]
    InvalidMarker,
    /// A ciphertext that does not open. One variant for every cause, on purpose without detail.
    #[error("")]
    InvalidCiphertext,
    /// The key named is not the key of the ciphertext.
    #[error("The key ID in the request does not identify a CMK that can perform this operation.")]
    IncorrectKey,
    /// The bytes to be imported are not those that the request or the key allows.
    #[error("{0}")]
    IncorrectKeyMaterial(String),
    /// An import token that was not made here for this key, or was used for another import.
    #[error("The import token is not valid for this KMS key.")]
    InvalidImportToken,
    /// An import token whose time is over.
    #[error("The import token has expired.")]
    ExpiredImportToken,
    /// A signature that does not verify. One variant for every cause, on purpose without detail.
    #[error("")]
    InvalidSignature,
    /// A message authentication code that does not verify. One variant for every cause, on purpose without detail.
    #[error("")]
    InvalidMac,
    /// The key's usage or spec does not fit the operation or algorithm.
    #[error("{0}")]
    InvalidKeyUsage(String),
    /// The key's material cannot be reached now; try again.
    #[error("{0} is unavailable.")]
    KeyUnavailable(KeyArn),
    /// The caller may not do this, or may not know whether the thing exists.
    #[error("{0}")]
    AccessDenied(String),
    /// The access key that signed the request, or its account, is unknown here, disabled or deleted. One variant for
    /// every cause, on purpose without detail.
    #[error("The security token included in the request is invalid.")]
    AccessKeyEnded,
    /// An operator named an account or an access key that is not here.
    #[error("{0} does not exist")]
    IdentityNotFound(IdentityId),
    /// An account or access key that another region made; only that region changes it.
    #[error("{0} has its home in region {1} and is changed there only")]
    NotHomeRegion(IdentityId, RegionName),
    /// The state of an account, of an access key or of the region forbids the change.
    #[error("{0}")]
    IdentityConflict(String),
    /// `DryRun` was asked for and the request would have succeeded.
    #[error("The request would have succeeded, but the DryRun option is set.")]
    DryRun,
    /// The request id was used before with other parameters.
    #[error("the request id was used before with different parameters")]
    RequestIdReused,
    /// A region is not pinned here, or not as the message says.
    #[error("region {0} is not paired with this region")]
    RegionNotPaired(RegionName),
    /// The decision that led to this command rests on rows that have changed since; decide again.
    #[error("the decision is stale")]
    StaleGuard,
    /// The region has not been bootstrapped, or bootstrap was asked for twice.
    #[error("{0}")]
    Bootstrap(String),
    /// The service cannot answer in time.
    #[error("{0}")]
    DependencyTimeout(String),
    /// A defect or a broken dependency of the service; the text is safe to show.
    #[error("{0}")]
    Internal(String),
}

impl StateProblem {
    fn of(self, key: &KeyArn) -> String {
        let problem = match self {
            Self::PendingDeletion => "is pending deletion.",
            Self::PendingReplicaDeletion => "is pending replica deletion.",
            Self::NotPendingDeletion => "is not pending deletion.",
            Self::PendingImport => "is pending import.",
            Self::Unavailable => "is unavailable.",
            Self::Creating => "is creating.",
            Self::Updating => "is updating.",
            Self::RotationPending => "has a key rotation in progress.",
            Self::NoImportedMaterialToRotateTo => {
                return format!("No available key material pending rotation for the key: {key}.");
            }
            Self::ImportedMaterialPending => {
                "has imported key material that is pending rotation; rotate to it or delete it first."
            }
        };
        format!("{key} {problem}")
    }
}

impl KmsError {
    /// The AWS KMS exception that carries this refusal.
    pub const fn exception(&self) -> &'static str {
        match self {
            Self::KeyNotFound(_) | Self::AliasNotFound(_) | Self::InvalidKeyId(_) | Self::ArnNotFound(_) => {
                "NotFoundException"
            }
            Self::InvalidArn(_) => "InvalidArnException",
            Self::Disabled(_) => "DisabledException",
            Self::InvalidState(..) => "KMSInvalidStateException",
            Self::UnsupportedOperation(_) => "UnsupportedOperationException",
            Self::AlreadyExists(_) => "AlreadyExistsException",
            Self::InvalidAliasName(_) => "InvalidAliasNameException",
            Self::LimitExceeded(_) => "LimitExceededException",
            Self::Tag(_) => "TagException",
            Self::Validation(_) | Self::RequestIdReused | Self::Bootstrap(_) => "ValidationException",
            Self::NotHomeRegion(..) | Self::IdentityConflict(_) => "ConflictException",
            Self::RegionNotPaired(_) => "ValidationException",
            Self::MalformedPolicyDocument(_) => "MalformedPolicyDocumentException",
            Self::InvalidMarker => "InvalidMarkerException",
            Self::InvalidCiphertext => "InvalidCiphertextException",
            Self::IncorrectKey => "IncorrectKeyException",
            Self::IncorrectKeyMaterial(_) => "IncorrectKeyMaterialException",
            Self::InvalidImportToken => "InvalidImportTokenException",
            Self::ExpiredImportToken => "ExpiredImportTokenException",
            Self::InvalidSignature => "KMSInvalidSignatureException",
            Self::InvalidMac => "KMSInvalidMacException",
            Self::InvalidKeyUsage(_) => "InvalidKeyUsageException",
            Self::KeyUnavailable(_) => "KeyUnavailableException",
            Self::AccessDenied(_) => "AccessDeniedException",
            Self::AccessKeyEnded => "UnrecognizedClientException",
            Self::IdentityNotFound(_) => "NotFoundException",
            Self::DryRun => "DryRunOperationException",
            Self::DependencyTimeout(_) => "DependencyTimeoutException",
            Self::StaleGuard | Self::Internal(_) => "KMSInternalException",
        }
    }
}
