//! ListAliases: the account's aliases, or those of one key.

use super::Call;
use super::authorization::{allow_in_account, authorize_key, region_of};
use super::metadata::timestamp;
use super::page::Listing;
use super::service::Service;
use super::validation::KeyForms;
use crate::errors::OperationError;
use kms_domain::KmsError;
use kms_domain::key::Alias;
use kms_domain::key_states::Operation;
use kms_domain::vocabulary::{AliasArn, AliasName, RegionName};
use kms_proto::kms::v1;

impl Service {
    /// The account's aliases in this region, or those of one key, in order of name.
    pub async fn list_aliases(
        &self,
        call: &Call,
        request: v1::ListAliasesRequest,
    ) -> Result<v1::ListAliasesResponse, OperationError> {
        let account = call.account();
        let listing = Listing::new("ListAliases", account, request.limit, 50, 100)?;
        let after = self.position(&listing, request.marker.as_deref())?;
        let after: Option<AliasName> = after
            .map(|text| text.parse().map_err(|_| KmsError::InvalidMarker))
            .transpose()?;
        self.look(call, |state| {
            allow_in_account(state, call, Operation::ListAliases)?;
            let region = region_of(state)?;
            let position_of = |alias: &&std::sync::Arc<Alias>| alias.alias.to_string();
            let entry = |alias: &std::sync::Arc<Alias>| entry(alias, region);
            let page = match &request.key_id {
                None => self.page(
                    &listing,
                    state.aliases_of(account, after.as_ref()),
                    position_of,
                    entry,
                ),
                Some(key_id) => {
                    let key = authorize_key(
                        state,
                        call,
                        Operation::ListAliases,
                        "keyId",
                        key_id,
                        KeyForms::IdOrArn,
                    )?;
                    let rows = state
                        .aliases_of_key(&key.name)
                        .filter(|name| after.as_ref().is_none_or(|after| *name > after))
                        .filter_map(|name| state.alias(account, name));
                    self.page(&listing, rows, position_of, entry)
                }
            };
            Ok(v1::ListAliasesResponse {
                truncated: page.next_marker.is_some(),
                aliases: page.entries,
                next_marker: page.next_marker,
            })
        })
        .await
    }
}

fn entry(alias: &Alias, region: &RegionName) -> v1::AliasListEntry {
    let arn = AliasArn {
        region: region.clone(),
        account: alias.account,
        alias: alias.alias.clone(),
    };
    v1::AliasListEntry {
        alias_name: alias.alias.to_string(),
        alias_arn: arn.to_string(),
        target_key_id: Some(alias.key_id.to_string()),
        creation_date: Some(timestamp(alias.creation_date)),
        last_updated_date: Some(timestamp(alias.last_updated_date)),
    }
}
