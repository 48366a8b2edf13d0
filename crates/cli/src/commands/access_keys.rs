//! `kmsctl access-keys`: operators make, list, disable, enable and delete access keys. A secret is written once, where
//! the caller says, and shown nowhere else.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use kms_proto::admin::v1::admin_client::AdminClient;
use kms_proto::admin::v1::{
    AccessKey, CreateAccessKeyRequest, CreateAccessKeyResponse, DeleteAccessKeyRequest,
    ListAccessKeysRequest, SetAccessKeyStatusRequest,
};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::accounts::with_regions;
use crate::aws_profiles::{Kind, ProfileName, ProfilesFile};
use crate::confirm::confirm;
use crate::connection::Repeat;
use crate::failure::Failure;
use crate::output::{Column, Format};
use crate::pages::{self, Page};
use crate::session::{Session, TIMEOUT};
use crate::{json as message, output, payload};

/// Commands on access keys.
#[derive(Debug, Subcommand)]
pub(crate) enum AccessKeysCommand {
    /// Make an access key in its account's home region, and write its secret, which is never shown again
    Create(Create),
    /// List access keys, never their secrets
    List {
        /// Only those of this account
        #[arg(long, value_name = "ACCOUNT ID")]
        account: Option<String>,
        #[command(flatten)]
        page: Page,
    },
    /// Let requests that are signed with an access key in again
    Enable {
        /// Its id
        access_key_id: String,
    },
    /// Refuse requests that are signed with an access key
    Disable {
        /// Its id
        access_key_id: String,
    },
    /// Delete an access key and its secret for good
    Delete {
        /// Its id
        access_key_id: String,
        /// Do not ask for confirmation
        #[arg(long, short)]
        yes: bool,
    },
}

/// Arguments of `kmsctl access-keys create`.
#[derive(Args, Debug)]
#[command(after_help = "\
  kmsctl access-keys create 111122223333 app --secret-out app.secret
  kmsctl access-keys create 111122223333 app --credentials-out ~/.aws/credentials --profile concord")]
pub(crate) struct Create {
    /// The account, 12 decimal digits; it must have been made with `kmsctl accounts create`
    account_id: String,
    /// The user whom the access key proves; at most 2 access keys each
    user: String,
    /// Where the secret goes, with mode 0600; - is standard output
    #[arg(long, value_name = "FILE", required_unless_present = "credentials_out")]
    secret_out: Option<PathBuf>,
    /// AWS credentials file to which the access key and its secret are added as a profile, with mode 0600
    #[arg(long, value_name = "FILE", conflicts_with = "secret_out")]
    credentials_out: Option<PathBuf>,
    /// The profile's name [default: default]
    #[arg(long, value_name = "NAME", conflicts_with = "secret_out")]
    profile: Option<ProfileName>,
}

const COLUMNS: &[Column] = &[
    ("ACCESS KEY", "/AccessKeyId"),
    ("PRINCIPAL", "/Principal"),
    ("STATUS", "/Status"),
    ("CREATED", "/CreationDate"),
    ("HOME", "/HomeRegion"),
    ("REV", "/Revision"),
    ("NOT YET IN", "/NotYetIn"),
];

const LINES: &[Column] = &[
    ("access key", "/AccessKeyId"),
    ("principal", "/Principal"),
    ("status", "/Status"),
    ("created", "/CreationDate"),
    ("home region", "/HomeRegion"),
    ("revision", "/Revision"),
];

impl AccessKeysCommand {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::Create(create) => create.run(session).await,
            Self::List { account, page } => list(session, account.as_ref(), page).await,
            Self::Enable { access_key_id } => set_status(session, access_key_id, true).await,
            Self::Disable { access_key_id } => set_status(session, access_key_id, false).await,
            Self::Delete { access_key_id, yes } => delete(session, access_key_id, *yes).await,
        }
    }
}

impl Create {
    /// What can be refused is refused before there is an access key whose secret nobody has.
    async fn run(&self, session: &Session) -> Result<(), Failure> {
        let credentials = self.credentials_file()?;
        let request = CreateAccessKeyRequest {
            principal: format!("arn:aws:iam::{}:user/{}", self.account_id, self.user),
        };
        let send = async |channel, request| AdminClient::new(channel).create_access_key(request).await;
        let mut answer = session.admin(TIMEOUT)?.call(Repeat::Safe, request, send).await?;
        let secret = Zeroizing::new(std::mem::take(&mut answer.secret_access_key));
        let access_key = answer.access_key.ok_or(Failure::Incomplete("AccessKey"))?;
        if let Some(file) = credentials {
            file.add(&[
                ("aws_access_key_id", &access_key.access_key_id),
                ("aws_secret_access_key", &secret),
            ])?;
            return show(session, &access_key);
        }
        let place = self.secret_out.as_deref().unwrap_or(Path::new("-"));
        if payload::is_standard(place) {
            return show_with_secret(session, access_key, &secret);
        }
        payload::write(Some(place), secret.as_bytes())?;
        show(session, &access_key)
    }

    fn credentials_file(&self) -> Result<Option<ProfilesFile>, Failure> {
        if let Some(path) = self.credentials_out.as_ref().or(self.secret_out.as_ref()) {
            payload::check_place(path)?;
        }
        let Some(path) = &self.credentials_out else {
            return Ok(None);
        };
        let profile = self.profile.clone().unwrap_or_default();
        ProfilesFile::open(path, Kind::Credentials, profile).map(Some)
    }
}

/// The secret has standard output for itself, as a line for people; programs find it in the answer.
fn show_with_secret(session: &Session, access_key: AccessKey, secret: &str) -> Result<(), Failure> {
    match session.format() {
        Format::Table => {
            output::tell(&format!("access key {}", access_key.access_key_id));
            payload::write(None, Zeroizing::new(format!("{secret}\n")).as_bytes())
        }
        Format::Json => {
            let answer = CreateAccessKeyResponse {
                access_key: Some(access_key),
                secret_access_key: secret.to_owned(),
            };
            output::print_text(&output::json_text(&message::of(&answer)))
        }
    }
}

async fn list(session: &Session, account: Option<&String>, page: &Page) -> Result<(), Failure> {
    let connection = session.admin(TIMEOUT)?;
    let answer = page
        .fetch("AccessKeys", async |limit, marker| {
            let request = ListAccessKeysRequest {
                limit,
                marker,
                account_id: account.cloned(),
            };
            let send = async |channel, request| AdminClient::new(channel).list_access_keys(request).await;
            Ok(message::of(&connection.call(Repeat::Safe, request, send).await?))
        })
        .await?;
    output::print(session.format(), &answer, || {
        let rows: Vec<Value> = pages::rows(&answer, "AccessKeys")
            .iter()
            .map(with_regions)
            .collect();
        output::list(&rows, COLUMNS)
    })
}

async fn set_status(session: &Session, access_key_id: &str, enabled: bool) -> Result<(), Failure> {
    let request = SetAccessKeyStatusRequest {
        access_key_id: access_key_id.to_owned(),
        enabled,
    };
    let send = async |channel, request| AdminClient::new(channel).set_access_key_status(request).await;
    let answer = session.admin(TIMEOUT)?.call(Repeat::Safe, request, send).await?;
    show(
        session,
        &answer.access_key.ok_or(Failure::Incomplete("AccessKey"))?,
    )
}

async fn delete(session: &Session, access_key_id: &str, yes: bool) -> Result<(), Failure> {
    confirm(
        &format!("Access key {access_key_id} will be deleted for good, and its secret with it."),
        yes,
    )?;
    let request = DeleteAccessKeyRequest {
        access_key_id: access_key_id.to_owned(),
    };
    let send = async |channel, request| AdminClient::new(channel).delete_access_key(request).await;
    let answer = session.admin(TIMEOUT)?.call(Repeat::Safe, request, send).await?;
    show(
        session,
        &answer.access_key.ok_or(Failure::Incomplete("AccessKey"))?,
    )
}

fn show(session: &Session, access_key: &AccessKey) -> Result<(), Failure> {
    let value = message::of(access_key);
    output::print(session.format(), &json!({ "AccessKey": value }), || {
        output::record(&value, LINES)
    })
}

#[cfg(test)]
mod tests {
    use kms_proto::admin::v1::{AccessKey, CreateAccessKeyResponse};
    use serde_json::json;

    use super::LINES;
    use crate::{json as message, output};

    fn access_key() -> AccessKey {
        AccessKey {
            access_key_id: "AKIAAAAAAAAAAAAAAAAA".to_owned(),
            principal: "arn:aws:iam::111122223333:user/app".to_owned(),
            status: "Active".to_owned(),
            creation_date: None,
            home_region: "us-east-1".to_owned(),
            revision: 1,
            unacknowledged_by: Vec::new(),
        }
    }

    #[test]
    fn a_record_shows_the_access_key_without_a_secret() {
        let table = output::record(&message::of(&access_key()), LINES);
        let expected = "access key   AKIAAAAAAAAAAAAAAAAA
principal    arn:aws:iam::111122223333:user/app
status       Active
home region  us-east-1
revision     1";
        assert_eq!(table, expected);
    }

    #[test]
    fn programs_find_the_secret_as_text_in_the_answer() {
        let answer = CreateAccessKeyResponse {
            access_key: Some(access_key()),
            secret_access_key: "secret".to_owned(),
        };
        let value = message::of(&answer);
        assert_eq!(value["SecretAccessKey"], json!("secret"));
        assert_eq!(value["AccessKey"]["AccessKeyId"], json!("AKIAAAAAAAAAAAAAAAAA"));
    }
}
