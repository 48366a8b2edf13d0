//! Who signed a request: AWS Signature Version 4 in the Authorization header, and nothing else.
//!
//! The arithmetic is the library's (`scratchstack-aws-signature`). Its defaults do not fit this protocol, so that each
//! step here is one of them shut out:
//!
//! | the library | here |
//! |---|---|
//! | does not ask that `X-Amz-Target` is signed: a signature of DescribeKey would do for ScheduleKeyDeletion | [`verify`]: `host`, `x-amz-date` and `x-amz-target` are signed, so is `content-type` if present, so is every `x-amz-*` |
//! | takes presigned queries | no query is accepted (`request.rs`), and the Authorization header is required ([`claim`]) |
//! | takes the first of several headers, and the last of several parameters | [`claim`]: exactly one of each |
//! | falls back to the Date header | [`claim`]: X-Amz-Date only |
//! | accepts 15 minutes | [`claim`]: 5, by the node's clock |
//! | in versions after 0.11.4 takes `x-amz-content-sha256: UNSIGNED-PAYLOAD` at its word | [`verify`]: that header may only hold the body's hash |
//! | ignores session tokens | [`claim`]: none is known here, so each is refused |
//! | tells the expected signature at trace level | trace calls of the `log` crate are compiled out (Cargo.toml) |
//! | reads a body of any length | the body is read before, and bounded (`body.rs`) |
//!
//! What it does not know at all is [`replays`]: a signature is good for five minutes, and whoever has seen a request
//! could send it again.

mod claim;
mod replays;
mod signing_keys;
#[cfg(test)]
mod tests;
mod verify;

pub(crate) use claim::{Claim, claim};
pub(crate) use replays::Replays;
pub(crate) use signing_keys::{DerivedFor, NoSecret, SigningKeys};
pub(crate) use verify::{Signed, verify};

/// The service that a signature's scope names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scoped {
    /// AWS JSON.
    Kms,
    /// The query protocol.
    Sts,
}

impl Scoped {
    /// As the scope spells it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Kms => "kms",
            Self::Sts => "sts",
        }
    }
}
