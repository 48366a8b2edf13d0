//! The parsers of this listener for kms-fuzz, which else would reach them only within calls of a running node.

use super::json::{self, Shape};
use super::{request, sigv4, sts};
use crate::operations::table::every_operation;
use http::HeaderMap;
use kms_domain::Operation;
use kms_domain::vocabulary::{AccessKeyId, RegionName, Timestamp};
use kms_proto::kms::v1;

/// Reads a body as the request of an operation, writes it and reads it again. `None` if it is refused or the operation is
/// not built; otherwise whether it came back the same.
pub fn comes_back(operation: Operation, body: &[u8]) -> Option<bool> {
    fn of<S: Shape + PartialEq>(body: &[u8]) -> Option<bool> {
        let request: S = json::read(body).ok()?;
        let written = json::write(&request);
        Some(S::MEMBERS.is_empty() || json::read(&written).is_ok_and(|again: S| again == request))
    }

    macro_rules! operations {
        ($($method:ident $name:literal $kind:ident $request:ident -> $response:ident;)+) => {
            match operation.as_str() {
                $($name => of::<v1::$request>(body),)+
                _ => None,
            }
        };
    }
    every_operation!(operations)
}

/// Which access key the headers claim to be signed with, at this time in this region.
pub fn claimed_key(headers: &HeaderMap, region: &RegionName, now: Timestamp) -> Option<AccessKeyId> {
    let claim = sigv4::claim(headers, request::protocol(headers), region, now).ok()?;
    Some(claim.access_key)
}

/// Whether a form asks for the caller's identity.
pub fn asks_for_identity(form: &[u8]) -> bool {
    sts::refuse_other_actions(form).is_ok()
}
