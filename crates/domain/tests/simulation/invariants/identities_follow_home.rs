//! An account or access key is what its home made of it, in that order: every other region holds records that the home
//! had, never goes back, and none brings back what was deleted. A secret is there exactly until it is deleted.

use super::{Invariant, Seen};
use kms_domain::identity::{AccessKey, AccessKeyStatus, Account, AccountStatus};
use kms_domain::rows::Row;
use kms_domain::vocabulary::RegionName;
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct IdentitiesFollowHome {
    /// What homes made, by id and revision, in words.
    made: BTreeMap<(String, u64), String>,
}

/// A row as far as it is the same everywhere.
struct Record {
    id: String,
    revision: u64,
    home: RegionName,
    deleted: bool,
    text: String,
}

impl Invariant for IdentitiesFollowHome {
    fn observe(&mut self, seen: &Seen<'_>) -> Result<(), String> {
        for change in seen.changes {
            let before = change.before.as_ref().map(record).transpose()?.flatten();
            let after = change.after.as_ref().map(record).transpose()?.flatten();
            match (before, after) {
                (None, None) => {}
                (Some(before), None) => return Err(format!("{} lost its row", before.id)),
                (before, Some(after)) => {
                    if let Some(before) = before {
                        check_order(&before, &after)?;
                    }
                    self.check_home(&seen.here.name, after)?;
                }
            }
        }
        Ok(())
    }
}

impl IdentitiesFollowHome {
    fn check_home(&mut self, here: &RegionName, after: Record) -> Result<(), String> {
        let place = (after.id.clone(), after.revision);
        if after.home == *here {
            return match self.made.insert(place, after.text.clone()) {
                Some(other) if other != after.text => {
                    Err(format!("{} has two records of one revision", after.id))
                }
                _ => Ok(()),
            };
        }
        match self.made.get(&place) {
            Some(made) if *made == after.text => Ok(()),
            other => Err(format!("{here} holds {}, its home made {other:?}", after.text)),
        }
    }
}

fn check_order(before: &Record, after: &Record) -> Result<(), String> {
    if after.revision <= before.revision {
        return Err(format!("{} went back", after.id));
    }
    if before.deleted && !after.deleted {
        return Err(format!("{} came back", after.id));
    }
    if before.home != after.home {
        return Err(format!("{} changed its home", after.id));
    }
    Ok(())
}

fn record(row: &Row) -> Result<Option<Record>, String> {
    Ok(match row {
        Row::Account(row) => Some(account(row)),
        Row::AccessKey(row) => Some(access_key(row)?),
        _ => None,
    })
}

fn account(row: &Account) -> Record {
    Record {
        id: row.id.to_string(),
        revision: row.revision,
        home: row.home.clone(),
        deleted: row.status == AccountStatus::Deleted,
        text: format!("{row:?}"),
    }
}

fn access_key(row: &AccessKey) -> Result<Record, String> {
    let deleted = row.status == AccessKeyStatus::Deleted;
    if row.secret.is_some() == deleted {
        return Err(format!(
            "{} is {:?}, and its secret does not fit that",
            row.id, row.status
        ));
    }
    let text = AccessKey {
        secret: None,
        ..row.clone()
    };
    Ok(Record {
        id: row.id.to_string(),
        revision: row.revision,
        home: row.home.clone(),
        deleted,
        text: format!("{text:?}"),
    })
}
