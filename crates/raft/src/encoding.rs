//! What a forwarded proposal answers, in the encoding of `kms-storage`.

use bytes::Bytes;
use kms_domain::{KmsError, Proposal, Reply};
use kms_proto::internal::raft::v1::applied_proposal;
use kms_storage::encoding::{self, DecodeError};

pub(crate) fn encode_proposal(proposal: &Proposal) -> Bytes {
    encoding::encode_proposal(proposal).into()
}

pub(crate) fn encode_outcome(outcome: &Result<Reply, KmsError>) -> applied_proposal::Result {
    match outcome {
        Ok(reply) => applied_proposal::Result::Reply(encoding::encode_reply(reply).into()),
        Err(refusal) => applied_proposal::Result::Refusal(encoding::encode_error(refusal).into()),
    }
}

pub(crate) fn decode_outcome(
    outcome: &applied_proposal::Result,
) -> Result<Result<Reply, KmsError>, DecodeError> {
    match outcome {
        applied_proposal::Result::Reply(bytes) => encoding::decode_reply(bytes).map(Ok),
        applied_proposal::Result::Refusal(bytes) => encoding::decode_error(bytes).map(Err),
    }
}
