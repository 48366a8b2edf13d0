//! Profiles of AWS clients: two accounts, an access key for the administrator of each, and what an SDK needs to use them
//! in every region.

use crate::cluster::{ACCOUNT, Cluster, Endpoint};
use crate::files::{write_private, write_public};
use crate::ledger::within;
use crate::names::NodeName;
use crate::wait::until;
use anyhow::Context;
use kms_proto::admin::v1::{CreateAccessKeyRequest, CreateAccountRequest, ListAccessKeysRequest};
use std::path::PathBuf;
use std::time::Duration;

/// A second account, for what one may not do with another's keys.
pub const OTHER_ACCOUNT: &str = "444455556666";

/// How long a new access key may take to be known in every region.
const KNOWN_WITHIN: Duration = Duration::from_secs(30);

const CALL_WITHIN: Duration = Duration::from_secs(5);

/// What tells the accounts' profiles apart: `concord-<region>` and `concord-2-<region>`.
const PROFILES: [(&str, &str); 2] = [("concord", ACCOUNT), ("concord-2", OTHER_ACCOUNT)];

/// An access key with its secret.
#[derive(Clone)]
pub struct AwsCredentials {
    /// The public half.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: String,
}

impl Cluster {
    /// Makes the accounts and their access keys, waits until every region knows them, and writes `DIR/aws-credentials`
    /// and `DIR/aws-config`. Where the credentials are there already, only the configuration is written anew.
    ///
    /// # Errors
    /// When a region refuses, or a file cannot be written.
    pub async fn make_aws_profiles(&self) -> anyhow::Result<()> {
        write_public(&self.aws_config(), self.aws_config_text().as_bytes())?;
        if self.aws_credentials().exists() {
            return Ok(());
        }
        let mut text = String::new();
        for (profile, account) in PROFILES {
            let credentials = self.make_administrator(account).await?;
            for region in self.regions() {
                text += &format!(
                    "[{profile}-{region}]\naws_access_key_id = {}\naws_secret_access_key = {}\n\n",
                    credentials.access_key_id, credentials.secret_access_key
                );
            }
        }
        // Last, so that a cluster with this file has its accounts.
        write_private(&self.aws_credentials(), text.as_bytes())
    }

    /// `DIR/aws-credentials`.
    pub fn aws_credentials(&self) -> PathBuf {
        self.folder().join("aws-credentials")
    }

    /// `DIR/aws-config`.
    pub fn aws_config(&self) -> PathBuf {
        self.folder().join("aws-config")
    }

    /// Where AWS clients reach a region: its first node.
    pub fn http_endpoint(&self, region: &str) -> Option<String> {
        let first = self.nodes_of(region).into_iter().next()?;
        Some(self.address(&first, Endpoint::Http))
    }

    fn aws_config_text(&self) -> String {
        let mut text = String::new();
        for (profile, _) in PROFILES {
            for region in self.regions() {
                let endpoint = self.http_endpoint(region).unwrap_or_default();
                text += &format!(
                    "[profile {profile}-{region}]\nregion = {region}\nendpoint_url = {endpoint}\n\n"
                );
            }
        }
        text
    }

    /// Makes an account with an administrator's access key in the first region, and waits until all regions know it.
    ///
    /// # Errors
    /// When the region refuses, or another does not learn of it in time.
    pub async fn make_administrator(&self, account: &str) -> anyhow::Result<AwsCredentials> {
        let credentials = self.make_administrator_at_home(account).await?;
        let id = &credentials.access_key_id;
        for region in self.regions() {
            let node = self.nodes_of(region).into_iter().next();
            let node = node.context("a region has at least one node")?;
            let what = format!("{region} to know the access key of account {account}");
            until(&what, KNOWN_WITHIN, || self.knows_access_key(&node, account, id)).await?;
        }
        Ok(credentials)
    }

    /// As [`Cluster::make_administrator`], for a cluster whose other regions may be down.
    ///
    /// # Errors
    /// When the first region refuses.
    pub async fn make_administrator_at_home(&self, account: &str) -> anyhow::Result<AwsCredentials> {
        let home = self.regions().first().context("a cluster has a region")?;
        let nodes = self.nodes_of(home);
        let first = nodes.first().context("a region has at least one node")?;
        let mut admin = self.admin(first)?;
        let made = admin
            .create_account(CreateAccountRequest {
                account_id: account.to_owned(),
                name: format!("local-{account}"),
            })
            .await;
        match made {
            // Made by a run that did not get as far as the credentials.
            Err(status) if status.code() == tonic::Code::AlreadyExists => {}
            made => drop(made.with_context(|| format!("account {account}"))?),
        }
        let principal = format!("arn:aws:iam::{account}:user/administrator");
        self.make_access_key(first, principal).await
    }

    /// Makes an access key of `principal`, an ARN, through a node of its account's home region.
    ///
    /// # Errors
    /// When the node refuses; without an answer the key may have been made.
    pub async fn make_access_key(
        &self,
        node: &NodeName,
        principal: String,
    ) -> anyhow::Result<AwsCredentials> {
        let request = within(CreateAccessKeyRequest { principal }, CALL_WITHIN);
        let made = self.admin(node)?.create_access_key(request).await?.into_inner();
        let access_key = made.access_key.context("an access key that was made is shown")?;
        Ok(AwsCredentials {
            access_key_id: access_key.access_key_id,
            secret_access_key: made.secret_access_key,
        })
    }

    async fn knows_access_key(&self, node: &NodeName, account: &str, id: &str) -> anyhow::Result<()> {
        let request = ListAccessKeysRequest {
            account_id: Some(account.to_owned()),
            ..Default::default()
        };
        let known = self.admin(node)?.list_access_keys(request).await?.into_inner();
        let is_known = known.access_keys.iter().any(|key| key.access_key_id == id);
        anyhow::ensure!(
            is_known,
            "{node} lists {} access keys without it",
            known.access_keys.len()
        );
        Ok(())
    }
}
