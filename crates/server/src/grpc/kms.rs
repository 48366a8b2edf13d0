//! `concord.kms.v1.Kms`: hands each call to the operation of its name.

use crate::errors::{OperationError, status};
use crate::operations::{Call, RequestId, Service};
use kms_authz::Caller;
use kms_domain::KmsError;
use kms_domain::vocabulary::Principal;
use kms_proto::kms::v1;
use kms_proto::kms::v1::kms_server::Kms;
use metrics::{Counter, Histogram};
use std::future::Future;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use tonic::{Request, Response, Status};
use tracing::Instrument;

/// The metadata entry that carries a caller's request id.
const REQUEST_ID: &str = "amz-sdk-invocation-id";

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

/// Who calls, under which id, until when.
fn call<T>(request: &Request<T>) -> Result<Call, OperationError> {
    let principal = request.extensions().get::<Principal>().ok_or_else(|| {
        OperationError::from(KmsError::AccessDenied(
            "the caller has no certificate of an account".into(),
        ))
    })?;
    let request_id = match request.metadata().get(REQUEST_ID) {
        None => None,
        Some(value) => {
            let id = value
                .to_str()
                .ok()
                .and_then(RequestId::from_caller)
                .ok_or_else(|| {
                    KmsError::Validation(format!("{REQUEST_ID} must be 1 to 128 visible ASCII characters"))
                })?;
            Some(id)
        }
    };
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

/// What is counted of one operation. The handles are looked up once, because every call counts.
struct Measures {
    operation: &'static str,
    succeeded: Counter,
    seconds: Histogram,
}

impl Measures {
    fn of(operation: &'static str) -> Self {
        Self {
            operation,
            succeeded: metrics::counter!("kms_operations_total", "operation" => operation, "outcome" => "ok"),
            seconds: metrics::histogram!("kms_operation_seconds", "operation" => operation),
        }
    }

    fn note<T>(&self, result: &Result<T, OperationError>, took: Duration) {
        self.seconds.record(took.as_secs_f64());
        let Err(error) = result else {
            return self.succeeded.increment(1);
        };
        let (operation, outcome) = (self.operation, error.outcome());
        metrics::counter!("kms_operations_total", "operation" => operation, "outcome" => outcome)
            .increment(1);
        tracing::debug!(operation, outcome, %error, "a call did not succeed");
    }
}

/// Runs one operation within its deadline and counts its outcome.
async fn run<T, R, F>(
    measures: &Measures,
    request: Request<T>,
    carry_out: impl FnOnce(Call, T) -> F,
) -> Result<Response<R>, Status>
where
    F: Future<Output = Result<R, OperationError>>,
{
    let began = Instant::now();
    let result = match call(&request) {
        Err(refused) => Err(refused),
        Ok(call) => {
            let deadline = call.deadline;
            let id = call.request_id.as_ref().map(RequestId::as_str);
            let span = tracing::debug_span!("call", operation = measures.operation, request_id = id);
            let carried_out = carry_out(call, request.into_inner()).instrument(span);
            match tokio::time::timeout_at(deadline, carried_out).await {
                Ok(result) => result,
                Err(_) => Err(OperationError::Timeout("no answer within the deadline".into())),
            }
        }
    };
    measures.note(&result, began.elapsed());
    result.map(Response::new).map_err(|error| status(&error))
}

macro_rules! operations {
    ($($method:ident $name:literal $request:ident -> $response:ident;)+) => {
        #[tonic::async_trait]
        impl Kms for KmsService {
            $(
                async fn $method(
                    &self,
                    request: Request<v1::$request>,
                ) -> Result<Response<v1::$response>, Status> {
                    static MEASURES: LazyLock<Measures> = LazyLock::new(|| Measures::of($name));
                    run(&MEASURES, request, async |call, request| self.service.$method(&call, request).await).await
                }
            )+
        }
    };
}

operations! {
    create_key "CreateKey" CreateKeyRequest -> CreateKeyResponse;
    describe_key "DescribeKey" DescribeKeyRequest -> DescribeKeyResponse;
    list_keys "ListKeys" ListKeysRequest -> ListKeysResponse;
    enable_key "EnableKey" EnableKeyRequest -> EnableKeyResponse;
    disable_key "DisableKey" DisableKeyRequest -> DisableKeyResponse;
    update_key_description "UpdateKeyDescription" UpdateKeyDescriptionRequest -> UpdateKeyDescriptionResponse;
    schedule_key_deletion "ScheduleKeyDeletion" ScheduleKeyDeletionRequest -> ScheduleKeyDeletionResponse;
    cancel_key_deletion "CancelKeyDeletion" CancelKeyDeletionRequest -> CancelKeyDeletionResponse;
    encrypt "Encrypt" EncryptRequest -> EncryptResponse;
    decrypt "Decrypt" DecryptRequest -> DecryptResponse;
    re_encrypt "ReEncrypt" ReEncryptRequest -> ReEncryptResponse;
    generate_data_key "GenerateDataKey" GenerateDataKeyRequest -> GenerateDataKeyResponse;
    generate_data_key_without_plaintext "GenerateDataKeyWithoutPlaintext"
        GenerateDataKeyWithoutPlaintextRequest -> GenerateDataKeyWithoutPlaintextResponse;
    generate_data_key_pair "GenerateDataKeyPair" GenerateDataKeyPairRequest -> GenerateDataKeyPairResponse;
    generate_data_key_pair_without_plaintext "GenerateDataKeyPairWithoutPlaintext"
        GenerateDataKeyPairWithoutPlaintextRequest -> GenerateDataKeyPairWithoutPlaintextResponse;
    sign "Sign" SignRequest -> SignResponse;
    verify "Verify" VerifyRequest -> VerifyResponse;
    generate_mac "GenerateMac" GenerateMacRequest -> GenerateMacResponse;
    verify_mac "VerifyMac" VerifyMacRequest -> VerifyMacResponse;
    derive_shared_secret "DeriveSharedSecret" DeriveSharedSecretRequest -> DeriveSharedSecretResponse;
    encapsulate "Encapsulate" EncapsulateRequest -> EncapsulateResponse;
    decapsulate "Decapsulate" DecapsulateRequest -> DecapsulateResponse;
    get_public_key "GetPublicKey" GetPublicKeyRequest -> GetPublicKeyResponse;
    get_key_last_usage "GetKeyLastUsage" GetKeyLastUsageRequest -> GetKeyLastUsageResponse;
    get_parameters_for_import "GetParametersForImport"
        GetParametersForImportRequest -> GetParametersForImportResponse;
    import_key_material "ImportKeyMaterial" ImportKeyMaterialRequest -> ImportKeyMaterialResponse;
    delete_imported_key_material "DeleteImportedKeyMaterial"
        DeleteImportedKeyMaterialRequest -> DeleteImportedKeyMaterialResponse;
    generate_random "GenerateRandom" GenerateRandomRequest -> GenerateRandomResponse;
    create_alias "CreateAlias" CreateAliasRequest -> CreateAliasResponse;
    update_alias "UpdateAlias" UpdateAliasRequest -> UpdateAliasResponse;
    delete_alias "DeleteAlias" DeleteAliasRequest -> DeleteAliasResponse;
    list_aliases "ListAliases" ListAliasesRequest -> ListAliasesResponse;
    tag_resource "TagResource" TagResourceRequest -> TagResourceResponse;
    untag_resource "UntagResource" UntagResourceRequest -> UntagResourceResponse;
    list_resource_tags "ListResourceTags" ListResourceTagsRequest -> ListResourceTagsResponse;
    enable_key_rotation "EnableKeyRotation" EnableKeyRotationRequest -> EnableKeyRotationResponse;
    disable_key_rotation "DisableKeyRotation" DisableKeyRotationRequest -> DisableKeyRotationResponse;
    get_key_rotation_status "GetKeyRotationStatus" GetKeyRotationStatusRequest -> GetKeyRotationStatusResponse;
    rotate_key_on_demand "RotateKeyOnDemand" RotateKeyOnDemandRequest -> RotateKeyOnDemandResponse;
    list_key_rotations "ListKeyRotations" ListKeyRotationsRequest -> ListKeyRotationsResponse;
    replicate_key "ReplicateKey" ReplicateKeyRequest -> ReplicateKeyResponse;
    update_primary_region "UpdatePrimaryRegion" UpdatePrimaryRegionRequest -> UpdatePrimaryRegionResponse;
}

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
