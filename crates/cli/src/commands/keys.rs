//! `kmsctl keys`: the life of a key.

use std::fs;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use kms_proto::kms::v1::kms_client::KmsClient;
use kms_proto::kms::v1::{
    CancelKeyDeletionRequest, CreateKeyRequest, DescribeKeyResponse, DisableKeyRequest, EnableKeyRequest,
    GetKeyLastUsageRequest, ListKeysRequest, ScheduleKeyDeletionRequest, Tag, UpdateKeyDescriptionRequest,
};
use serde_json::Value;

use crate::commands::wait::describe;
use crate::connection::Repeat;
use crate::failure::Failure;
use crate::output::Column;
use crate::pages::{self, Page};
use crate::session::Session;
use crate::{json, output, parse};

/// Commands on keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key
    Create(Box<CreateKey>),
    /// Show a key
    Describe {
        /// Key id, key ARN, alias name or alias ARN
        key: String,
    },
    /// List the keys of this region
    List {
        /// Look up and show each key's state, spec and description too
        #[arg(long)]
        details: bool,
        #[command(flatten)]
        page: Page,
    },
    /// Show the last successful cryptographic use of a key in this region
    LastUsage {
        /// Key id or key ARN
        key: String,
    },
    /// Make a disabled key usable
    Enable {
        /// Key id or key ARN
        key: String,
    },
    /// Make a key unusable; effective in this region when the command returns
    Disable {
        /// Key id or key ARN
        key: String,
    },
    /// Replace a key's description
    UpdateDescription {
        /// Key id or key ARN
        key: String,
        /// The new description; may be empty
        description: String,
    },
    /// Start the waiting period after which a key and its material are destroyed
    ScheduleDeletion {
        /// Key id or key ARN
        key: String,
        /// Days to wait, 7 to 30 [default: 30]
        #[arg(long)]
        days: Option<i32>,
    },
    /// End the waiting period; the key is disabled afterwards
    CancelDeletion {
        /// Key id or key ARN
        key: String,
    },
}

/// Arguments of `kmsctl keys create`.
#[derive(Args, Debug)]
#[command(after_help = "\
A key of origin EXTERNAL is pending import until `kmsctl import` has given it its material.

  kmsctl keys create --spec ECC_NIST_P256 --usage SIGN_VERIFY --description 'signs releases'")]
pub(crate) struct CreateKey {
    /// What the key is for
    #[arg(long)]
    description: Option<String>,
    /// ENCRYPT_DECRYPT, SIGN_VERIFY, GENERATE_VERIFY_MAC, KEY_AGREEMENT or ENCAPSULATE_DECAPSULATE; every spec but
    /// SYMMETRIC_DEFAULT needs it [default: ENCRYPT_DECRYPT]
    #[arg(long)]
    usage: Option<String>,
    /// SYMMETRIC_DEFAULT, RSA_2048 (_3072, _4096), ECC_NIST_P256 (_P384, _P521), ECC_SECG_P256K1,
    /// ECC_NIST_EDWARDS25519, HMAC_224 (_256, _384, _512), ML_DSA_44 (_65, _87) or ML_KEM_512 (_768, _1024)
    /// [default: SYMMETRIC_DEFAULT]
    #[arg(long)]
    spec: Option<String>,
    /// Where the key material comes from: AWS_KMS, which makes it here, EXTERNAL, AWS_CLOUDHSM or
    /// EXTERNAL_KEY_STORE [default: AWS_KMS]
    #[arg(long)]
    origin: Option<String>,
    /// Make a multi-Region primary key
    #[arg(long)]
    multi_region: bool,
    /// File with the key policy
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Accept a policy that would lock the caller out of changing it
    #[arg(long)]
    bypass_policy_lockout_safety_check: bool,
    /// Tag as KEY=VALUE; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = parse::tag)]
    tags: Vec<Tag>,
    /// Custom key store that is to hold the material
    #[arg(long)]
    custom_key_store_id: Option<String>,
    /// Id of the key in the external key manager
    #[arg(long)]
    xks_key_id: Option<String>,
}

/// The lines of a key's table.
pub(crate) const KEY: &[Column] = &[
    ("key id", "/KeyId"),
    ("arn", "/Arn"),
    ("state", "/KeyState"),
    ("description", "/Description"),
    ("spec", "/KeySpec"),
    ("usage", "/KeyUsage"),
    ("origin", "/Origin"),
    ("manager", "/KeyManager"),
    ("created", "/CreationDate"),
    ("deleted on", "/DeletionDate"),
    ("pending window (days)", "/PendingDeletionWindowInDays"),
    ("expiration", "/ExpirationModel"),
    ("valid to", "/ValidTo"),
    ("current material", "/CurrentKeyMaterialId"),
    ("encryption algorithms", "/EncryptionAlgorithms"),
    ("signing algorithms", "/SigningAlgorithms"),
    ("MAC algorithms", "/MacAlgorithms"),
    ("key agreement algorithms", "/KeyAgreementAlgorithms"),
    ("encapsulation algorithms", "/EncapsulationAlgorithms"),
    ("custom key store", "/CustomKeyStoreId"),
    ("multi-Region", "/MultiRegion"),
    ("role", "/MultiRegionConfiguration/MultiRegionKeyType"),
    ("primary region", "/MultiRegionConfiguration/PrimaryKey/Region"),
    ("replica regions", "/ReplicaRegions"),
    ("protected", "/Protected"),
];

const LIST: &[Column] = &[("KEY ID", "/KeyId"), ("ARN", "/KeyArn")];

const DETAILED_LIST: &[Column] = &[
    ("KEY ID", "/KeyId"),
    ("STATE", "/KeyState"),
    ("SPEC", "/KeySpec"),
    ("USAGE", "/KeyUsage"),
    ("ROLE", "/MultiRegionConfiguration/MultiRegionKeyType"),
    ("PRIMARY REGION", "/MultiRegionConfiguration/PrimaryKey/Region"),
    ("DESCRIPTION", "/Description"),
];

const LAST_USAGE: &[Column] = &[
    ("key", "/KeyId"),
    ("last used", "/LastUsed"),
    ("operation", "/KeyLastUsage/Operation"),
    ("request id", "/KeyLastUsage/KmsRequestId"),
    ("recorded since", "/TrackingStartDate"),
    ("key created", "/KeyCreationDate"),
];

/// A key's table from the JSON of its metadata.
pub(crate) fn table(metadata: &Value) -> String {
    let mut metadata = metadata.clone();
    let replicas = metadata["MultiRegionConfiguration"]["ReplicaKeys"].as_array();
    let regions: Option<Vec<Value>> =
        replicas.map(|keys| keys.iter().map(|key| key["Region"].clone()).collect());
    if let Some(regions) = regions {
        metadata["ReplicaRegions"] = regions.into();
    }
    output::record(&metadata, KEY)
}

impl KeysCommand {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::Create(arguments) => create(session, arguments).await,
            Self::Describe { key } => {
                let key_metadata = Some(describe(&session.kms()?, key).await?);
                let value = json::of(&DescribeKeyResponse { key_metadata });
                output::print(session.format(), &value, || table(&value["KeyMetadata"]))
            }
            Self::List { details, page } => list(session, *details, page).await,
            Self::LastUsage { key } => last_usage(session, key).await,
            Self::Enable { key } => enable(session, key).await,
            Self::Disable { key } => disable(session, key).await,
            Self::UpdateDescription { key, description } => {
                update_description(session, key, description).await
            }
            Self::ScheduleDeletion { key, days } => schedule_deletion(session, key, *days).await,
            Self::CancelDeletion { key } => cancel_deletion(session, key).await,
        }
    }
}

/// Reads a key policy's file.
pub(crate) fn read_policy(path: Option<&PathBuf>) -> Result<Option<String>, Failure> {
    path.map(|path| {
        fs::read_to_string(path).map_err(Failure::local(format!(
            "cannot read the policy {}",
            path.display()
        )))
    })
    .transpose()
}

async fn create(session: &Session, arguments: &CreateKey) -> Result<(), Failure> {
    let request = CreateKeyRequest {
        policy: read_policy(arguments.policy.as_ref())?,
        description: arguments.description.clone(),
        key_usage: arguments.usage.clone(),
        customer_master_key_spec: None,
        key_spec: arguments.spec.clone(),
        origin: arguments.origin.clone(),
        custom_key_store_id: arguments.custom_key_store_id.clone(),
        bypass_policy_lockout_safety_check: arguments.bypass_policy_lockout_safety_check.then_some(true),
        tags: arguments.tags.clone(),
        multi_region: arguments.multi_region.then_some(true),
        xks_key_id: arguments.xks_key_id.clone(),
    };
    let answer = session
        .kms()?
        .call(Repeat::Safe, request, async |channel, request| {
            KmsClient::new(channel).create_key(request).await
        })
        .await?;
    let value = json::of(&answer);
    output::print(session.format(), &value, || table(&value["KeyMetadata"]))
}

async fn list(session: &Session, details: bool, page: &Page) -> Result<(), Failure> {
    let connection = session.kms()?;
    let mut answer = page
        .fetch("Keys", async |limit, marker| {
            let request = ListKeysRequest {
                limit,
                marker,
                resource_owners: Vec::new(),
            };
            let send = async |channel, request| KmsClient::new(channel).list_keys(request).await;
            Ok(json::of(&connection.call(Repeat::Safe, request, send).await?))
        })
        .await?;
    if details {
        for key in answer["Keys"].as_array_mut().into_iter().flatten() {
            let key_id = key["KeyId"].as_str().unwrap_or_default().to_owned();
            *key = json::of(&describe(&connection, &key_id).await?);
        }
    }
    let columns = if details { DETAILED_LIST } else { LIST };
    output::print(session.format(), &answer, || {
        output::list(pages::rows(&answer, "Keys"), columns)
    })
}

async fn last_usage(session: &Session, key: &str) -> Result<(), Failure> {
    let request = GetKeyLastUsageRequest {
        key_id: key.to_owned(),
    };
    let send = async |channel, request| KmsClient::new(channel).get_key_last_usage(request).await;
    let value = json::of(&session.kms()?.call(Repeat::Safe, request, send).await?);
    output::print(session.format(), &value, || last_usage_table(&value))
}

/// A key's last use, which a table names even when there was none.
fn last_usage_table(answer: &Value) -> String {
    let mut answer = answer.clone();
    let time = &answer["KeyLastUsage"]["Timestamp"];
    answer["LastUsed"] = if time.is_null() {
        "never".into()
    } else {
        time.clone()
    };
    output::record(&answer, LAST_USAGE)
}

async fn enable(session: &Session, key: &str) -> Result<(), Failure> {
    let request = EnableKeyRequest {
        key_id: key.to_owned(),
    };
    session
        .kms()?
        .call(Repeat::Safe, request, async |channel, request| {
            KmsClient::new(channel).enable_key(request).await
        })
        .await?;
    output::done(session.format(), &format!("{key} is enabled"))
}

async fn disable(session: &Session, key: &str) -> Result<(), Failure> {
    let request = DisableKeyRequest {
        key_id: key.to_owned(),
    };
    session
        .kms()?
        .call(Repeat::Safe, request, async |channel, request| {
            KmsClient::new(channel).disable_key(request).await
        })
        .await?;
    output::done(session.format(), &format!("{key} is disabled"))
}

async fn update_description(session: &Session, key: &str, description: &str) -> Result<(), Failure> {
    let request = UpdateKeyDescriptionRequest {
        key_id: key.to_owned(),
        description: description.to_owned(),
    };
    let send = async |channel, request| KmsClient::new(channel).update_key_description(request).await;
    session.kms()?.call(Repeat::Safe, request, send).await?;
    output::done(session.format(), &format!("{key} has the new description"))
}

async fn schedule_deletion(session: &Session, key: &str, days: Option<i32>) -> Result<(), Failure> {
    let request = ScheduleKeyDeletionRequest {
        key_id: key.to_owned(),
        pending_window_in_days: days,
    };
    let send = async |channel, request| KmsClient::new(channel).schedule_key_deletion(request).await;
    let value = json::of(&session.kms()?.call(Repeat::Safe, request, send).await?);
    output::print(session.format(), &value, || {
        let lines = [
            ("key", "/KeyId"),
            ("state", "/KeyState"),
            ("deleted on", "/DeletionDate"),
            ("window (days)", "/PendingWindowInDays"),
        ];
        output::record(&value, &lines)
    })
}

async fn cancel_deletion(session: &Session, key: &str) -> Result<(), Failure> {
    let request = CancelKeyDeletionRequest {
        key_id: key.to_owned(),
    };
    let send = async |channel, request| KmsClient::new(channel).cancel_key_deletion(request).await;
    let value = json::of(&session.kms()?.call(Repeat::Safe, request, send).await?);
    output::print(session.format(), &value, || {
        format!("{key} will not be deleted; it is disabled")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::last_usage_table;

    #[test]
    fn a_key_that_was_never_used_is_said_to_be_so() {
        let table = last_usage_table(&json!({"KeyId": "k", "KeyLastUsage": {}}));
        assert_eq!(table, "key        k\nlast used  never");
    }
}
