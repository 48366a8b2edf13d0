//! Pages of listings.

use super::service::Service;
use super::validation::number_within;
use crate::errors::OperationError;
use kms_domain::vocabulary::AccountId;

/// One page: what fits, and the marker of the next.
pub(super) struct Page<T> {
    pub(super) entries: Vec<T>,
    pub(super) next_marker: Option<String>,
}

/// Which listing, of whom, and how much at once.
pub(super) struct Listing {
    pub(super) name: &'static str,
    pub(super) account: AccountId,
    limit: usize,
}

impl Listing {
    /// A listing whose `limit` parameter is at most `max` entries and `default` when absent.
    pub(super) fn new(
        name: &'static str,
        account: AccountId,
        limit: Option<i32>,
        default: u32,
        max: u32,
    ) -> Result<Self, OperationError> {
        let limit = limit.map_or(Ok(default), |limit| number_within("limit", limit, 1, max))?;
        Ok(Self {
            name,
            account,
            limit: limit as usize,
        })
    }
}

impl Service {
    /// The position after which a page starts.
    pub(super) fn position(
        &self,
        listing: &Listing,
        marker: Option<&str>,
    ) -> Result<Option<String>, OperationError> {
        let open = |marker| self.markers.open(listing.name, listing.account, marker);
        Ok(marker.map(open).transpose()?)
    }

    /// Takes one page of `rows`; `position_of` names a row so that the next page can start after it.
    pub(super) fn page<R, T>(
        &self,
        listing: &Listing,
        rows: impl Iterator<Item = R>,
        position_of: impl Fn(&R) -> String,
        entry: impl Fn(R) -> T,
    ) -> Page<T> {
        let mut rows = rows.peekable();
        let mut entries = Vec::new();
        while let Some(row) = rows.next() {
            let position = position_of(&row);
            entries.push(entry(row));
            if entries.len() == listing.limit {
                let next_marker = rows
                    .peek()
                    .map(|_| self.markers.seal(listing.name, listing.account, &position));
                return Page { entries, next_marker };
            }
        }
        Page {
            entries,
            next_marker: None,
        }
    }
}
