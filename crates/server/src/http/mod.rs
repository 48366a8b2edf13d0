//! AWS clients as they are: AWS JSON 1.1 for KMS and the query protocol for STS GetCallerIdentity, signed with SigV4, over
//! HTTP/1.1 and HTTP/2. Translates shapes, identities and errors; holds no rules. docs/HTTP.md is what callers see of it.
//!
//! ```text
//! listener ─> connection ─> api ─> request, sigv4::claim      headers only, before anything is read or looked up
//!                             ├──> authenticate               the access key that they name
//!                             ├──> body                       bounded
//!                             ├──> sigv4::verify
//!                             ├──> kms ─> json ─> operations  AWS JSON
//!                             └──> sts                        GetCallerIdentity
//! ```

mod api;
mod authenticate;
mod body;
mod connection;
mod guests;
mod json;
mod kms;
mod listener;
#[doc(hidden)]
pub mod parsers;
mod refusal;
mod request;
mod room;
mod sigv4;
mod sts;

pub(crate) use api::AwsApi;
pub(crate) use authenticate::Authenticator;
pub(crate) use body::BodyLimits;
pub(crate) use listener::Listening;
