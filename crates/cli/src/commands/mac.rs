//! `kmsctl mac`: message authentication codes.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use kms_proto::kms::v1::kms_client::KmsClient;
use kms_proto::kms::v1::{GenerateMacRequest, VerifyMacRequest};

use crate::connection::Repeat;
use crate::failure::Failure;
use crate::payload::{self, Encoding};
use crate::session::Session;
use crate::{answer, input, json, output};

/// Commands on MACs.
#[derive(Debug, Subcommand)]
pub(crate) enum MacCommand {
    /// Make the MAC of a message
    Generate(GenerateMac),
    /// Check the MAC of a message
    Verify(VerifyMac),
}

/// What both commands take.
#[derive(Args, Debug)]
struct Authenticated {
    /// Key id, key ARN, alias name or alias ARN
    key: String,
    /// HMAC_SHA_224, HMAC_SHA_256, HMAC_SHA_384 or HMAC_SHA_512
    #[arg(long)]
    algorithm: String,
    /// Message, 1 to 4,096 bytes as they are; - is standard input
    #[arg(long = "in", default_value = "-", value_name = "FILE")]
    input: PathBuf,
    /// Grant token; may be repeated
    #[arg(long = "grant-token", value_name = "TOKEN")]
    grant_tokens: Vec<String>,
}

/// Arguments of `kmsctl mac generate`.
#[derive(Args, Debug)]
#[command(after_help = "\
The MAC is written as base64, or as it is with --raw. With --output json and without --out it is the member Mac
of the answer.

  kmsctl mac generate alias/cookies --algorithm HMAC_SHA_256 --in cookie --out cookie.mac")]
pub(crate) struct GenerateMac {
    #[command(flatten)]
    authenticated: Authenticated,
    /// Where the MAC goes [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the MAC as it is instead of base64
    #[arg(long)]
    raw: bool,
    /// Check everything and make nothing
    #[arg(long)]
    dry_run: bool,
}

/// Arguments of `kmsctl mac verify`.
#[derive(Args, Debug)]
#[command(after_help = "\
Ends with 0 if the MAC is valid, and with 8 if it is not. Every other exit code says nothing about it, nor
does a dry run.

  kmsctl mac verify alias/cookies --algorithm HMAC_SHA_256 --in cookie --mac cookie.mac")]
pub(crate) struct VerifyMac {
    #[command(flatten)]
    authenticated: Authenticated,
    /// MAC, base64 or (with --raw) as it is; - is standard input
    #[arg(long, value_name = "FILE")]
    mac: PathBuf,
    /// Read the MAC as it is instead of base64
    #[arg(long)]
    raw: bool,
    /// Check everything but the MAC
    #[arg(long)]
    dry_run: bool,
}

impl MacCommand {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::Generate(arguments) => generate(session, arguments).await,
            Self::Verify(arguments) => verify(session, arguments).await,
        }
    }
}

async fn generate(session: &Session, arguments: &GenerateMac) -> Result<(), Failure> {
    let Authenticated {
        key,
        algorithm,
        input,
        grant_tokens,
    } = &arguments.authenticated;
    let request = GenerateMacRequest {
        message: payload::read_plain(input, &input::AUTHENTICATED_MESSAGE)?.to_vec(),
        key_id: key.clone(),
        mac_algorithm: algorithm.clone(),
        grant_tokens: grant_tokens.clone(),
        dry_run: arguments.dry_run.then_some(true),
    };
    let send = async |channel, request| KmsClient::new(channel).generate_mac(request).await;
    let answer = session.kms()?.call(Repeat::Safe, request, send).await?;
    let write = |out: Option<&_>| payload::write_blob(out, &answer.mac, Encoding::new(arguments.raw));
    answer::show_blob(session.format(), &answer, "Mac", arguments.out.as_deref(), write)
}

async fn verify(session: &Session, arguments: &VerifyMac) -> Result<(), Failure> {
    let Authenticated {
        key,
        algorithm,
        input,
        grant_tokens,
    } = &arguments.authenticated;
    payload::not_both_from_standard_input([("--in", input), ("--mac", &arguments.mac)])?;
    let request = VerifyMacRequest {
        message: payload::read_plain(input, &input::AUTHENTICATED_MESSAGE)?.to_vec(),
        key_id: key.clone(),
        mac_algorithm: algorithm.clone(),
        mac: payload::read_blob(&arguments.mac, &input::MAC, Encoding::new(arguments.raw))?,
        grant_tokens: grant_tokens.clone(),
        dry_run: arguments.dry_run.then_some(true),
    };
    let send = async |channel, request| KmsClient::new(channel).verify_mac(request).await;
    let answer = session.kms()?.call(Repeat::Safe, request, send).await?;
    // The service never answers false; a script must not take an answer without the word for a valid one.
    if !answer.mac_valid {
        return Err(Failure::Incomplete("MacValid"));
    }
    output::print(session.format(), &json::of(&answer), || {
        "the MAC is valid".to_owned()
    })
}
