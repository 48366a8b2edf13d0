//! `kmsctl rotation`: new key material, by schedule or on demand.

use clap::Subcommand;
use kms_proto::kms::v1::kms_client::KmsClient;
use kms_proto::kms::v1::{
    DisableKeyRotationRequest, EnableKeyRotationRequest, GetKeyRotationStatusRequest,
    ListKeyRotationsRequest, RotateKeyOnDemandRequest,
};

use crate::connection::Repeat;
use crate::failure::Failure;
use crate::output::Column;
use crate::pages::{self, Page};
use crate::session::Session;
use crate::{json, output};

/// Commands on rotation.
#[derive(Debug, Subcommand)]
pub(crate) enum RotationCommand {
    /// Turn automatic rotation on, or change its period
    Enable {
        /// Key id or key ARN
        key: String,
        /// Days between rotations, 90 to 2560 [default: 365]
        #[arg(long)]
        days: Option<i32>,
    },
    /// Turn automatic rotation off
    Disable {
        /// Key id or key ARN
        key: String,
    },
    /// Show whether a key rotates and when next
    Status {
        /// Key id or key ARN
        key: String,
    },
    /// Rotate now; old ciphertexts stay readable
    RotateNow {
        /// Key id or key ARN
        key: String,
    },
    /// List a key's rotations
    List {
        /// Key id or key ARN
        key: String,
        /// Show the first and the pending materials too
        #[arg(long)]
        all_materials: bool,
        #[command(flatten)]
        page: Page,
    },
}

const STATUS: &[Column] = &[
    ("key", "/KeyId"),
    ("automatic rotation", "/KeyRotationEnabled"),
    ("period (days)", "/RotationPeriodInDays"),
    ("next rotation", "/NextRotationDate"),
    ("on-demand rotation since", "/OnDemandRotationStartDate"),
];

const LIST: &[Column] = &[
    ("KEY MATERIAL", "/KeyMaterialId"),
    ("STATE", "/KeyMaterialState"),
    ("ROTATED", "/RotationDate"),
    ("TYPE", "/RotationType"),
    ("IMPORT", "/ImportState"),
    ("VALID TO", "/ValidTo"),
    ("DESCRIPTION", "/KeyMaterialDescription"),
];

impl RotationCommand {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::Enable { key, days } => enable(session, key, *days).await,
            Self::Disable { key } => disable(session, key).await,
            Self::Status { key } => status(session, key).await,
            Self::RotateNow { key } => rotate_now(session, key).await,
            Self::List {
                key,
                all_materials,
                page,
            } => list(session, key, *all_materials, page).await,
        }
    }
}

async fn enable(session: &Session, key: &str, days: Option<i32>) -> Result<(), Failure> {
    let request = EnableKeyRotationRequest {
        key_id: key.to_owned(),
        rotation_period_in_days: days,
    };
    let send = async |channel, request| KmsClient::new(channel).enable_key_rotation(request).await;
    session.kms()?.call(Repeat::Safe, request, send).await?;
    output::done(session.format(), &format!("{key} rotates automatically"))
}

async fn disable(session: &Session, key: &str) -> Result<(), Failure> {
    let request = DisableKeyRotationRequest {
        key_id: key.to_owned(),
    };
    let send = async |channel, request| KmsClient::new(channel).disable_key_rotation(request).await;
    session.kms()?.call(Repeat::Safe, request, send).await?;
    output::done(
        session.format(),
        &format!("{key} does not rotate automatically any more"),
    )
}

async fn status(session: &Session, key: &str) -> Result<(), Failure> {
    let request = GetKeyRotationStatusRequest {
        key_id: key.to_owned(),
    };
    let send = async |channel, request| KmsClient::new(channel).get_key_rotation_status(request).await;
    let value = json::of(&session.kms()?.call(Repeat::Safe, request, send).await?);
    output::print(session.format(), &value, || output::record(&value, STATUS))
}

async fn rotate_now(session: &Session, key: &str) -> Result<(), Failure> {
    let request = RotateKeyOnDemandRequest {
        key_id: key.to_owned(),
    };
    let send = async |channel, request| KmsClient::new(channel).rotate_key_on_demand(request).await;
    let value = json::of(&session.kms()?.call(Repeat::Safe, request, send).await?);
    output::print(session.format(), &value, || {
        format!("the rotation of {key} has started")
    })
}

async fn list(session: &Session, key: &str, all_materials: bool, page: &Page) -> Result<(), Failure> {
    let connection = session.kms()?;
    let answer = page
        .fetch("Rotations", async |limit, marker| {
            let request = ListKeyRotationsRequest {
                key_id: key.to_owned(),
                include_key_material: all_materials.then(|| "ALL_KEY_MATERIAL".to_owned()),
                limit,
                marker,
            };
            let send = async |channel, request| KmsClient::new(channel).list_key_rotations(request).await;
            Ok(json::of(&connection.call(Repeat::Safe, request, send).await?))
        })
        .await?;
    output::print(session.format(), &answer, || {
        output::list(pages::rows(&answer, "Rotations"), LIST)
    })
}
