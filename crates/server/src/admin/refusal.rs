//! What the Raft layer's refusals of operators' calls are to the operator.

use crate::errors::OperationError;
use kms_domain::KmsError;
use kms_raft::{BootstrapError, MembershipError};

impl From<MembershipError> for OperationError {
    fn from(error: MembershipError) -> Self {
        match error {
            MembershipError::NotLeader { leader: Some(leader) } => {
                Self::Unavailable(format!("only the leader does this; node {leader} leads: ask it"))
            }
            MembershipError::NotLeader { leader: None } => {
                Self::Unavailable("only the leader does this, and no leader is known now".to_owned())
            }
            MembershipError::Refused(text) => KmsError::Validation(text).into(),
            MembershipError::Unreachable(text) => Self::Timeout(text),
            MembershipError::Unknown(_) => Self::Unknown(error.to_string()),
            MembershipError::Fatal(_) => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<BootstrapError> for OperationError {
    fn from(error: BootstrapError) -> Self {
        match error {
            BootstrapError::Refused(text) => KmsError::Bootstrap(text).into(),
            BootstrapError::Unreachable(text) => Self::Unavailable(text),
            BootstrapError::Propose(error) => error.into(),
        }
    }
}
