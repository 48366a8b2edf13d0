//! `kmsctl aliases`: names of keys.

use clap::Subcommand;
use kms_proto::kms::v1::kms_client::KmsClient;
use kms_proto::kms::v1::{CreateAliasRequest, DeleteAliasRequest, ListAliasesRequest, UpdateAliasRequest};

use crate::connection::Repeat;
use crate::failure::Failure;
use crate::output::Column;
use crate::pages::{self, Page};
use crate::session::Session;
use crate::{json, output};

/// Commands on aliases.
#[derive(Debug, Subcommand)]
pub(crate) enum AliasesCommand {
    /// Give a key a name
    Create {
        /// The name, such as alias/orders
        alias: String,
        /// Key id or key ARN
        key: String,
    },
    /// Move a name to another key
    Update {
        /// The name
        alias: String,
        /// Key id or key ARN
        key: String,
    },
    /// Remove a name; the key stays
    Delete {
        /// The name
        alias: String,
    },
    /// List the names of this region
    List {
        /// Only those of this key (key id or key ARN)
        #[arg(long)]
        key: Option<String>,
        #[command(flatten)]
        page: Page,
    },
}

const LIST: &[Column] = &[
    ("ALIAS", "/AliasName"),
    ("KEY ID", "/TargetKeyId"),
    ("CREATED", "/CreationDate"),
    ("UPDATED", "/LastUpdatedDate"),
];

impl AliasesCommand {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::Create { alias, key } => create(session, alias, key).await,
            Self::Update { alias, key } => update(session, alias, key).await,
            Self::Delete { alias } => delete(session, alias).await,
            Self::List { key, page } => list(session, key.as_ref(), page).await,
        }
    }
}

async fn create(session: &Session, alias: &str, key: &str) -> Result<(), Failure> {
    let request = CreateAliasRequest {
        alias_name: alias.to_owned(),
        target_key_id: key.to_owned(),
    };
    session
        .kms()?
        .call(Repeat::Safe, request, async |channel, request| {
            KmsClient::new(channel).create_alias(request).await
        })
        .await?;
    output::done(session.format(), &format!("{alias} names {key}"))
}

async fn update(session: &Session, alias: &str, key: &str) -> Result<(), Failure> {
    let request = UpdateAliasRequest {
        alias_name: alias.to_owned(),
        target_key_id: key.to_owned(),
    };
    session
        .kms()?
        .call(Repeat::Safe, request, async |channel, request| {
            KmsClient::new(channel).update_alias(request).await
        })
        .await?;
    output::done(session.format(), &format!("{alias} names {key} now"))
}

async fn delete(session: &Session, alias: &str) -> Result<(), Failure> {
    let request = DeleteAliasRequest {
        alias_name: alias.to_owned(),
    };
    session
        .kms()?
        .call(Repeat::Safe, request, async |channel, request| {
            KmsClient::new(channel).delete_alias(request).await
        })
        .await?;
    output::done(session.format(), &format!("{alias} is gone"))
}

async fn list(session: &Session, key: Option<&String>, page: &Page) -> Result<(), Failure> {
    let connection = session.kms()?;
    let answer = page
        .fetch("Aliases", async |limit, marker| {
            let request = ListAliasesRequest {
                key_id: key.cloned(),
                limit,
                marker,
            };
            let send = async |channel, request| KmsClient::new(channel).list_aliases(request).await;
            Ok(json::of(&connection.call(Repeat::Safe, request, send).await?))
        })
        .await?;
    output::print(session.format(), &answer, || {
        output::list(pages::rows(&answer, "Aliases"), LIST)
    })
}
