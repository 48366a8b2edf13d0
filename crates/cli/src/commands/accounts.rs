//! `kmsctl accounts`: operators make, list, disable, enable and delete accounts.

use clap::Subcommand;
use kms_proto::admin::v1::admin_client::AdminClient;
use kms_proto::admin::v1::{
    Account, CreateAccountRequest, DeleteAccountRequest, ListAccountsRequest, SetAccountStatusRequest,
};
use serde_json::{Value, json};

use crate::confirm::confirm;
use crate::connection::Repeat;
use crate::failure::Failure;
use crate::output::Column;
use crate::pages::{self, Page};
use crate::session::{Session, TIMEOUT};
use crate::{json as message, output};

/// Commands on accounts.
#[derive(Debug, Subcommand)]
pub(crate) enum AccountsCommand {
    /// Make an account in this region, which becomes its home: only here can it be changed
    Create {
        /// Its id, 12 decimal digits; never used again, not even after deletion
        account_id: String,
        /// What operators call it
        #[arg(long)]
        name: String,
    },
    /// List the accounts that were made in any region
    List {
        #[command(flatten)]
        page: Page,
    },
    /// Let an account's callers in again
    Enable {
        /// Its id
        account_id: String,
    },
    /// Refuse everything that an account's callers ask for, by access key or certificate
    Disable {
        /// Its id
        account_id: String,
    },
    /// Delete an account for good; refused while it owns keys or active access keys in this region
    Delete {
        /// Its id
        account_id: String,
        /// Do not ask for confirmation
        #[arg(long, short)]
        yes: bool,
    },
}

const COLUMNS: &[Column] = &[
    ("ACCOUNT", "/AccountId"),
    ("NAME", "/Name"),
    ("STATUS", "/Status"),
    ("CREATED", "/CreationDate"),
    ("HOME", "/HomeRegion"),
    ("REV", "/Revision"),
    ("NOT YET IN", "/NotYetIn"),
];

const LINES: &[Column] = &[
    ("account", "/AccountId"),
    ("name", "/Name"),
    ("status", "/Status"),
    ("created", "/CreationDate"),
    ("home region", "/HomeRegion"),
    ("revision", "/Revision"),
];

impl AccountsCommand {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::Create { account_id, name } => create(session, account_id, name).await,
            Self::List { page } => list(session, page).await,
            Self::Enable { account_id } => set_status(session, account_id, true).await,
            Self::Disable { account_id } => set_status(session, account_id, false).await,
            Self::Delete { account_id, yes } => delete(session, account_id, *yes).await,
        }
    }
}

async fn create(session: &Session, account_id: &str, name: &str) -> Result<(), Failure> {
    let request = CreateAccountRequest {
        account_id: account_id.to_owned(),
        name: name.to_owned(),
    };
    let send = async |channel, request| AdminClient::new(channel).create_account(request).await;
    let answer = session.admin(TIMEOUT)?.call(Repeat::Safe, request, send).await?;
    show(session, answer.account)
}

async fn list(session: &Session, page: &Page) -> Result<(), Failure> {
    let connection = session.admin(TIMEOUT)?;
    let answer = page
        .fetch("Accounts", async |limit, marker| {
            let request = ListAccountsRequest { limit, marker };
            let send = async |channel, request| AdminClient::new(channel).list_accounts(request).await;
            Ok(message::of(&connection.call(Repeat::Safe, request, send).await?))
        })
        .await?;
    output::print(session.format(), &answer, || {
        let rows: Vec<Value> = pages::rows(&answer, "Accounts")
            .iter()
            .map(with_regions)
            .collect();
        output::list(&rows, COLUMNS)
    })
}

async fn set_status(session: &Session, account_id: &str, enabled: bool) -> Result<(), Failure> {
    let request = SetAccountStatusRequest {
        account_id: account_id.to_owned(),
        enabled,
    };
    let send = async |channel, request| AdminClient::new(channel).set_account_status(request).await;
    let answer = session.admin(TIMEOUT)?.call(Repeat::Safe, request, send).await?;
    show(session, answer.account)
}

async fn delete(session: &Session, account_id: &str, yes: bool) -> Result<(), Failure> {
    confirm(
        &format!("Account {account_id} will be deleted for good; its id can never be used again."),
        yes,
    )?;
    let request = DeleteAccountRequest {
        account_id: account_id.to_owned(),
    };
    let send = async |channel, request| AdminClient::new(channel).delete_account(request).await;
    let answer = session.admin(TIMEOUT)?.call(Repeat::Safe, request, send).await?;
    show(session, answer.account)
}

fn show(session: &Session, account: Option<Account>) -> Result<(), Failure> {
    let account = account.ok_or(Failure::Incomplete("Account"))?;
    let value = message::of(&account);
    output::print(session.format(), &json!({ "Account": value }), || {
        output::record(&value, LINES)
    })
}

/// A row with the regions that have not acknowledged it, and why not if they have said so.
pub(super) fn with_regions(row: &Value) -> Value {
    let mut row = row.clone();
    let regions: Vec<String> = pages::rows(&row, "UnacknowledgedBy")
        .iter()
        .filter_map(|region| {
            let name = region["Region"].as_str()?;
            Some(match region["Refusal"].as_str() {
                Some(reason) => format!("{name} (refused: {reason})"),
                None => name.to_owned(),
            })
        })
        .collect();
    row["NotYetIn"] = json!(regions);
    row
}

#[cfg(test)]
mod tests {
    use kms_proto::admin::v1::{Account, UnacknowledgedRegion};
    use prost_types::Timestamp;
    use serde_json::json;

    use super::{COLUMNS, with_regions};
    use crate::{json as message, output};

    fn account() -> Account {
        Account {
            account_id: "111122223333".to_owned(),
            name: "Payroll".to_owned(),
            status: "Active".to_owned(),
            creation_date: Some(Timestamp {
                seconds: 1_764_000_000,
                nanos: 123_000_000,
            }),
            home_region: "us-east-1".to_owned(),
            revision: 3,
            unacknowledged_by: vec![
                UnacknowledgedRegion {
                    region: "ap-southeast-1".to_owned(),
                    since: None,
                    refusal: None,
                },
                UnacknowledgedRegion {
                    region: "eu-west-1".to_owned(),
                    since: None,
                    refusal: Some("its home is eu-west-1".to_owned()),
                },
            ],
        }
    }

    #[test]
    fn a_table_says_which_regions_do_not_know_an_account_yet_and_why() {
        let table = output::list(&[with_regions(&message::of(&account()))], COLUMNS);
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines[1].starts_with("111122223333  Payroll  Active"), "{table}");
        assert!(
            lines[1].ends_with("ap-southeast-1, eu-west-1 (refused: its home is eu-west-1)"),
            "{table}"
        );
    }

    #[test]
    fn the_json_of_an_account_has_its_members_in_awss_spelling() {
        let mut account = account();
        account.unacknowledged_by.clear();
        assert_eq!(
            message::of(&account),
            json!({
                "AccountId": "111122223333",
                "Name": "Payroll",
                "Status": "Active",
                "CreationDate": "2025-11-24T16:00:00.123Z",
                "HomeRegion": "us-east-1",
                "Revision": 3,
                "UnacknowledgedBy": [],
            })
        );
    }
}
