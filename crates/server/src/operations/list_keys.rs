//! ListKeys: the account's keys in this region.

use super::Call;
use super::authorization::{allow_in_account, region_of};
use super::page::Listing;
use super::service::Service;
use super::validation::constraint;
use crate::errors::OperationError;
use kms_domain::KmsError;
use kms_domain::key_states::Operation;
use kms_domain::vocabulary::{KeyArn, KeyId};
use kms_proto::kms::v1;

impl Service {
    /// The account's keys in this region, in order of key id.
    pub async fn list_keys(
        &self,
        call: &Call,
        request: v1::ListKeysRequest,
    ) -> Result<v1::ListKeysResponse, OperationError> {
        let account = call.account();
        for owner in &request.resource_owners {
            if !matches!(owner.as_str(), "SELF" | "OTHER_ACCOUNTS_VIA_RAM") {
                let set = "Member must satisfy enum value set: [SELF, OTHER_ACCOUNTS_VIA_RAM]";
                return Err(constraint("resourceOwners", owner, set).into());
            }
        }
        let own_keys =
            request.resource_owners.is_empty() || request.resource_owners.iter().any(|o| o == "SELF");
        let listing = Listing::new("ListKeys", account, request.limit, 100, 1_000)?;
        let after = self.position(&listing, request.marker.as_deref())?;
        let after: Option<KeyId> = after
            .map(|text| text.parse().map_err(|_| KmsError::InvalidMarker))
            .transpose()?;
        self.look(call, |state| {
            allow_in_account(state, call, Operation::ListKeys)?;
            let region = region_of(state)?;
            let page = self.page(
                &listing,
                state.keys_of(account, after).filter(|_| own_keys),
                |key| key.name.key_id.to_string(),
                |key| {
                    let arn = KeyArn {
                        region: region.clone(),
                        account,
                        key_id: key.name.key_id,
                    };
                    v1::KeyListEntry {
                        key_id: arn.key_id.to_string(),
                        key_arn: arn.to_string(),
                    }
                },
            );
            Ok(v1::ListKeysResponse {
                truncated: page.next_marker.is_some(),
                keys: page.entries,
                next_marker: page.next_marker,
            })
        })
        .await
    }
}
