//! `kmsctl tags`: tags of keys.

use clap::Subcommand;
use kms_proto::kms::v1::kms_client::KmsClient;
use kms_proto::kms::v1::{ListResourceTagsRequest, Tag, TagResourceRequest, UntagResourceRequest};

use crate::connection::Repeat;
use crate::failure::Failure;
use crate::pages::{self, Page};
use crate::session::Session;
use crate::{json, output, parse};

/// Commands on tags.
#[derive(Debug, Subcommand)]
pub(crate) enum TagsCommand {
    /// Add tags to a key, or replace their values
    Add {
        /// Key id or key ARN
        key: String,
        /// Tags as KEY=VALUE
        #[arg(required = true, value_name = "KEY=VALUE", value_parser = parse::tag)]
        tags: Vec<Tag>,
    },
    /// Remove tags from a key
    Remove {
        /// Key id or key ARN
        key: String,
        /// Tag keys
        #[arg(required = true, value_name = "TAG KEY")]
        tag_keys: Vec<String>,
    },
    /// List a key's tags
    List {
        /// Key id or key ARN
        key: String,
        #[command(flatten)]
        page: Page,
    },
}

impl TagsCommand {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::Add { key, tags } => add(session, key, tags).await,
            Self::Remove { key, tag_keys } => remove(session, key, tag_keys).await,
            Self::List { key, page } => list(session, key, page).await,
        }
    }
}

async fn add(session: &Session, key: &str, tags: &[Tag]) -> Result<(), Failure> {
    let request = TagResourceRequest {
        key_id: key.to_owned(),
        tags: tags.to_vec(),
    };
    session
        .kms()?
        .call(Repeat::Safe, request, async |channel, request| {
            KmsClient::new(channel).tag_resource(request).await
        })
        .await?;
    output::done(session.format(), &format!("{key} has the tags"))
}

async fn remove(session: &Session, key: &str, tag_keys: &[String]) -> Result<(), Failure> {
    let request = UntagResourceRequest {
        key_id: key.to_owned(),
        tag_keys: tag_keys.to_vec(),
    };
    let send = async |channel, request| KmsClient::new(channel).untag_resource(request).await;
    session.kms()?.call(Repeat::Safe, request, send).await?;
    output::done(
        session.format(),
        &format!("{key} does not have the tags any more"),
    )
}

async fn list(session: &Session, key: &str, page: &Page) -> Result<(), Failure> {
    let connection = session.kms()?;
    let answer = page
        .fetch("Tags", async |limit, marker| {
            let request = ListResourceTagsRequest {
                key_id: key.to_owned(),
                limit,
                marker,
            };
            let send = async |channel, request| KmsClient::new(channel).list_resource_tags(request).await;
            Ok(json::of(&connection.call(Repeat::Safe, request, send).await?))
        })
        .await?;
    output::print(session.format(), &answer, || {
        output::list(
            pages::rows(&answer, "Tags"),
            &[("TAG KEY", "/TagKey"), ("VALUE", "/TagValue")],
        )
    })
}
