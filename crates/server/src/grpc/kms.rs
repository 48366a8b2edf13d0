//! `concord.kms.v1.Kms`: hands each call to the operation of its name.

use crate::errors::{OperationError, status};
use crate::operations::call::REQUEST_ID_HEADER;
use crate::operations::measures::{Measures, run};
use crate::operations::table::every_operation;
use crate::operations::{Call, RequestId, Service};
use kms_authz::Caller;
use kms_domain::KmsError;
use kms_domain::vocabulary::Principal;
use kms_proto::kms::v1;
use kms_proto::kms::v1::kms_server::Kms;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};

/// The public API over the operations of one node.
pub struct KmsService {
    service: Arc<Service>,
}

impl KmsService {
    /// Serves these operations.
    pub fn new(service: Arc<Service>) -> Self {
        Self { service }
    }
}

/// The caller's id for its request, if it gave one.
pub(crate) fn request_id(metadata: &MetadataMap) -> Result<Option<RequestId>, OperationError> {
    let value = metadata.get(REQUEST_ID_HEADER);
    Ok(RequestId::from_header(
        value.map(|value| value.as_encoded_bytes()),
    )?)
}

/// Who calls, under which id, until when.
fn call<T>(request: &Request<T>) -> Result<Call, OperationError> {
    let principal = request.extensions().get::<Principal>().ok_or_else(|| {
        OperationError::from(KmsError::AccessDenied(
            "the caller has no certificate of an account".into(),
        ))
    })?;
    let request_id = request_id(request.metadata())?;
    let allowed = request
        .metadata()
        .get("grpc-timeout")
        .and_then(|v| v.to_str().ok())
        .and_then(timeout);
    Ok(Call::arriving_now(
        Caller::Administrator(principal.clone()),
        request_id,
        allowed,
    ))
}

/// The gRPC over HTTP/2 TimeoutValue: at most 8 digits and a unit.
pub fn timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    // A number with a sign in front would parse, too.
    let well_formed = digits.len() <= 8 && digits.bytes().all(|digit| digit.is_ascii_digit());
    let number: u64 = digits.parse().ok().filter(|_| well_formed)?;
    match unit {
        "H" => Some(Duration::from_secs(number * 3_600)),
        "M" => Some(Duration::from_secs(number * 60)),
        "S" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_millis(number)),
        "u" => Some(Duration::from_micros(number)),
        "n" => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

macro_rules! operations {
    ($($method:ident $name:literal $kind:ident $request:ident -> $response:ident;)+) => {
        #[tonic::async_trait]
        impl Kms for KmsService {
            $(
                async fn $method(
                    &self,
                    request: Request<v1::$request>,
                ) -> Result<Response<v1::$response>, Status> {
                    static MEASURES: LazyLock<Measures> = LazyLock::new(|| Measures::of($name));
                    let arrived = call(&request).map(|call| (call, request.into_inner()));
                    run(&MEASURES, arrived, async |call, request| self.service.$method(&call, request).await)
                        .await
                        .map(Response::new)
                        .map_err(|error| status(&error))
                }
            )+
        }
    };
}

every_operation!(operations);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_are_read_as_grpc_writes_them() {
        assert_eq!(timeout("250m"), Some(Duration::from_millis(250)));
        assert_eq!(timeout("5S"), Some(Duration::from_secs(5)));
        assert_eq!(
            timeout("99999999H"),
            Some(Duration::from_secs(99_999_999 * 3_600))
        );
        for hostile in ["", "S", "5", "-5S", "+5S", "5s", "999999999S", "ü"] {
            assert_eq!(timeout(hostile), None, "{hostile}");
        }
    }
}
