//! ListResourceTags: a key's tags.

use super::Call;
use super::authorization::authorize_key;
use super::page::Listing;
use super::service::Service;
use super::validation::KeyForms;
use crate::errors::OperationError;
use kms_domain::key_states::Operation;
use kms_proto::kms::v1;
use std::ops::Bound;

impl Service {
    /// A key's tags, in order of tag key.
    pub async fn list_resource_tags(
        &self,
        call: &Call,
        request: v1::ListResourceTagsRequest,
    ) -> Result<v1::ListResourceTagsResponse, OperationError> {
        const OPERATION: Operation = Operation::ListResourceTags;
        let listing = Listing::new("ListResourceTags", call.account(), request.limit, 50, 50)?;
        let after = self.position(&listing, request.marker.as_deref())?;
        self.look(call, |state| {
            let key = authorize_key(
                state,
                call,
                OPERATION,
                "keyId",
                &request.key_id,
                KeyForms::IdOrArn,
            )?;
            let from = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
            let page = self.page(
                &listing,
                key.key.tags.range::<str, _>((from, Bound::Unbounded)),
                |(tag_key, _)| (*tag_key).clone(),
                |(tag_key, tag_value)| v1::Tag {
                    tag_key: tag_key.clone(),
                    tag_value: tag_value.clone(),
                },
            );
            Ok(v1::ListResourceTagsResponse {
                truncated: page.next_marker.is_some(),
                tags: page.entries,
                next_marker: page.next_marker,
            })
        })
        .await
    }
}
