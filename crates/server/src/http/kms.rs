//! Hands each AWS JSON request to the operation that its target names.

use super::json::{self, ReadError, Shape};
use super::refusal::Refusal;
use crate::errors::OperationError;
use crate::operations::measures::{Measures, run};
use crate::operations::table::every_operation;
use crate::operations::{Call, Service};
use kms_domain::{KmsError, Operation};
use kms_proto::kms::v1;
use std::future::Future;
use std::sync::LazyLock;
use zeroize::Zeroizing;

/// Reads a request, carries it out, and writes its answer. The answer may hold plaintext.
async fn carry_out_as<Q, R, F>(
    measures: &Measures,
    call: Result<Call, OperationError>,
    body: &[u8],
    operation: impl FnOnce(Call, Q) -> F,
) -> Result<Zeroizing<Vec<u8>>, Refusal>
where
    Q: Shape,
    R: Shape,
    F: Future<Output = Result<R, OperationError>>,
{
    let request = match json::read(body) {
        Ok(request) => Ok(request),
        Err(ReadError::Validation(text)) => Err(OperationError::Kms(KmsError::Validation(text))),
        Err(ReadError::Serialization(text)) => return Err(Refusal::Serialization(text)),
    };
    let arrived = request.and_then(|request| Ok((call?, request)));
    let answer = run(measures, arrived, operation).await?;
    Ok(json::write(&answer))
}

fn not_built(operation: Operation) -> Refusal {
    let text = format!("{operation} is not supported by this service.");
    OperationError::Kms(KmsError::UnsupportedOperation(text)).into()
}

macro_rules! operations {
    ($($method:ident $name:literal $kind:ident $request:ident -> $response:ident;)+) => {
        /// Carries out an authenticated request.
        ///
        /// # Errors
        /// When the body is not the operation's request, or the operation refuses it or is not built.
        pub(crate) async fn carry_out(
            service: &Service,
            operation: Operation,
            call: Result<Call, OperationError>,
            body: &[u8],
        ) -> Result<Zeroizing<Vec<u8>>, Refusal> {
            match operation.as_str() {
                $($name => {
                    static MEASURES: LazyLock<Measures> = LazyLock::new(|| Measures::of($name));
                    let run_it = async |call: Call, request: v1::$request| service.$method(&call, request).await;
                    // On the heap: the largest operation would be the size of all.
                    Box::pin(carry_out_as(&MEASURES, call, body, run_it)).await
                })+
                _ => Err(not_built(operation)),
            }
        }

        /// Whether an operation changes the state.
        pub(crate) fn is_change(operation: Operation) -> bool {
            match operation.as_str() {
                $($name => stringify!($kind) == "change",)+
                _ => false,
            }
        }

        /// The operations that are built.
        #[cfg(test)]
        const BUILT: &[&str] = &[$($name),+];
    };
}

every_operation!(operations);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_built_yet_is_unsupported_and_nothing_else_is() {
        let not_yet: Vec<&str> = Operation::ALL
            .iter()
            .map(|operation| operation.as_str())
            .filter(|name| !BUILT.contains(name))
            .collect();
        assert_eq!(Operation::ALL.len(), 56);
        assert_eq!(
            not_yet,
            [
                "GetKeyPolicy",
                "PutKeyPolicy",
                "ListKeyPolicies",
                "CreateGrant",
                "ListGrants",
                "ListRetirableGrants",
                "RetireGrant",
                "RevokeGrant",
                "CreateCustomKeyStore",
                "DescribeCustomKeyStores",
                "UpdateCustomKeyStore",
                "DeleteCustomKeyStore",
                "ConnectCustomKeyStore",
                "DisconnectCustomKeyStore",
            ]
        );
        let told = not_built(Operation::CreateGrant).in_json();
        assert_eq!(
            (told.code, told.status.as_u16()),
            ("UnsupportedOperationException", 400)
        );
    }

    #[test]
    fn what_takes_rights_away_or_gives_them_is_a_change() {
        for change in [
            Operation::EnableKey,
            Operation::DisableKey,
            Operation::UpdateAlias,
        ] {
            assert!(is_change(change), "{change}");
        }
        for look in [Operation::Encrypt, Operation::ListKeys, Operation::CreateGrant] {
            assert!(!is_change(look), "{look}");
        }
    }
}
