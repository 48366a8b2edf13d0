//! `kmsctl import`: key material made elsewhere, for keys of origin EXTERNAL.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use kms_proto::kms::v1::kms_client::KmsClient;
use kms_proto::kms::v1::{
    DeleteImportedKeyMaterialRequest, GetParametersForImportRequest, ImportKeyMaterialRequest,
};
use prost_types::Timestamp;

use crate::answer::{Part, Parts};
use crate::confirm::confirm;
use crate::connection::Repeat;
use crate::failure::Failure;
use crate::key_file::{self, Form};
use crate::output::Column;
use crate::payload::{self, Encoding};
use crate::session::Session;
use crate::{input, json, output, parse};

/// Commands on imported key material.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
A 32-byte AES key, wrapped with OpenSSL:

  kmsctl keys create --origin EXTERNAL --description 'made elsewhere'
  kmsctl import parameters KEY --wrapping-algorithm RSAES_OAEP_SHA_256 --wrapping-key-spec RSA_4096 \\
    --public-key-out wrap.pem --token-out token
  openssl pkeyutl -encrypt -pubin -inkey wrap.pem -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 \\
    -pkeyopt rsa_mgf1_md:sha256 -in key.bin -out key.wrapped
  kmsctl import material KEY --token token --encrypted-material key.wrapped --raw --no-expiry")]
pub(crate) enum ImportCommand {
    /// Get a public key to wrap key material with, and the token that belongs to it; both are good for 24 hours
    Parameters(ImportParameters),
    /// Import wrapped key material, or import it again
    Material(Box<ImportMaterial>),
    /// Delete imported key material: the key is unusable until the same material is imported again
    Delete(DeleteMaterial),
}

/// Arguments of `kmsctl import parameters`.
#[derive(Args, Debug)]
pub(crate) struct ImportParameters {
    /// Key id or key ARN
    key: String,
    /// RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, RSA_AES_KEY_WRAP_SHA_1 or RSA_AES_KEY_WRAP_SHA_256 (RSA keys need one
    /// of the last two)
    #[arg(long, value_name = "ALGORITHM")]
    wrapping_algorithm: String,
    /// RSA_2048, RSA_3072 or RSA_4096
    #[arg(long, value_name = "SPEC")]
    wrapping_key_spec: String,
    /// Where the public key goes (SubjectPublicKeyInfo) [default: shown in the answer]
    #[arg(long, value_name = "FILE")]
    public_key_out: Option<PathBuf>,
    /// Write the public key as DER instead of PEM
    #[arg(long)]
    der: bool,
    /// Where the import token goes, as base64 [default: shown in the answer]
    #[arg(long, value_name = "FILE")]
    token_out: Option<PathBuf>,
}

/// Arguments of `kmsctl import material`.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("expiration").required(true))]
pub(crate) struct ImportMaterial {
    /// Key id or key ARN
    key: String,
    /// Import token, as `kmsctl import parameters` wrote it; good for one import
    #[arg(long, value_name = "FILE")]
    token: PathBuf,
    /// Key material, wrapped with the public key of the token: base64 or (with --raw) as it is; - is standard input
    #[arg(long, value_name = "FILE")]
    encrypted_material: PathBuf,
    /// Read the encrypted material as it is, which is how OpenSSL writes it, instead of base64
    #[arg(long)]
    raw: bool,
    /// When the material expires and is deleted, such as 2027-01-31T00:00:00Z; at most 365 days ahead
    #[arg(long, group = "expiration", value_name = "TIME", value_parser = parse::time)]
    expires_at: Option<Timestamp>,
    /// The material does not expire
    #[arg(long, group = "expiration")]
    no_expiry: bool,
    /// Whether the key had this material before; symmetric keys only [default: NEW while nothing was ever imported]
    #[arg(long = "type", value_enum, ignore_case = true, value_name = "TYPE")]
    import_type: Option<ImportType>,
    /// Description of the material; symmetric keys only
    #[arg(long)]
    description: Option<String>,
    /// Insist that it is this material again, as `kmsctl rotation list --all-materials` shows it
    #[arg(long, value_name = "ID")]
    material_id: Option<String>,
}

/// Arguments of `kmsctl import delete`.
#[derive(Args, Debug)]
pub(crate) struct DeleteMaterial {
    /// Key id or key ARN
    key: String,
    /// The material, as `kmsctl rotation list --all-materials` shows it [default: the current one]
    #[arg(long, value_name = "ID")]
    material_id: Option<String>,
    /// Do not ask for confirmation
    #[arg(long, short)]
    yes: bool,
}

/// Whether imported material is new to its key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum ImportType {
    /// Material that the key never had: its first, or one that `kmsctl rotation rotate-now` is to make current
    #[value(alias = "NEW_KEY_MATERIAL")]
    New,
    /// Material that the key had before
    #[value(alias = "EXISTING_KEY_MATERIAL")]
    Existing,
}

impl ImportType {
    /// The spelling of the API.
    fn name(self) -> &'static str {
        match self {
            Self::New => "NEW_KEY_MATERIAL",
            Self::Existing => "EXISTING_KEY_MATERIAL",
        }
    }
}

const PARAMETERS: &[Column] = &[
    ("key", "/KeyId"),
    ("valid to", "/ParametersValidTo"),
    ("public key", "/PublicKey"),
    ("import token", "/ImportToken"),
];

const MATERIAL: &[Column] = &[("key", "/KeyId"), ("key material", "/KeyMaterialId")];

impl ImportCommand {
    /// Runs the command.
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::Parameters(arguments) => parameters(session, arguments).await,
            Self::Material(arguments) => material(session, arguments).await,
            Self::Delete(arguments) => delete(session, arguments).await,
        }
    }
}

async fn parameters(session: &Session, arguments: &ImportParameters) -> Result<(), Failure> {
    let parts = Parts::new(vec![
        Part {
            member: "PublicKey",
            option: "--public-key-out",
            place: arguments.public_key_out.as_deref(),
        },
        Part {
            member: "ImportToken",
            option: "--token-out",
            place: arguments.token_out.as_deref(),
        },
    ])?;
    let request = GetParametersForImportRequest {
        key_id: arguments.key.clone(),
        wrapping_algorithm: arguments.wrapping_algorithm.clone(),
        wrapping_key_spec: arguments.wrapping_key_spec.clone(),
    };
    let send = async |channel, request| KmsClient::new(channel).get_parameters_for_import(request).await;
    let answer = session.kms()?.call(Repeat::Safe, request, send).await?;
    if let Some(path) = &arguments.public_key_out {
        key_file::write_public_key(Some(path), &answer.public_key, Form::new(arguments.der))?;
    }
    if let Some(path) = &arguments.token_out {
        payload::write_blob(Some(path), &answer.import_token, Encoding::Base64)?;
    }
    parts.show_rest(session.format(), json::of(&answer), PARAMETERS)
}

async fn material(session: &Session, arguments: &ImportMaterial) -> Result<(), Failure> {
    let encrypted_material = &arguments.encrypted_material;
    payload::not_both_from_standard_input([
        ("--token", &arguments.token),
        ("--encrypted-material", encrypted_material),
    ])?;
    let encoding = Encoding::new(arguments.raw);
    let expiration_model = match arguments.expires_at {
        Some(_) => "KEY_MATERIAL_EXPIRES",
        None => "KEY_MATERIAL_DOES_NOT_EXPIRE",
    };
    let request = ImportKeyMaterialRequest {
        key_id: arguments.key.clone(),
        import_token: payload::read_blob(&arguments.token, &input::IMPORT_TOKEN, Encoding::Base64)?,
        encrypted_key_material: payload::read_blob(
            encrypted_material,
            &input::ENCRYPTED_KEY_MATERIAL,
            encoding,
        )?,
        valid_to: arguments.expires_at,
        expiration_model: Some(expiration_model.to_owned()),
        import_type: arguments.import_type.map(|kind| kind.name().to_owned()),
        key_material_description: arguments.description.clone(),
        key_material_id: arguments.material_id.clone(),
    };
    let send = async |channel, request| KmsClient::new(channel).import_key_material(request).await;
    let value = json::of(&session.kms()?.call(Repeat::Safe, request, send).await?);
    output::print(session.format(), &value, || output::record(&value, MATERIAL))
}

async fn delete(session: &Session, arguments: &DeleteMaterial) -> Result<(), Failure> {
    let DeleteMaterial {
        key,
        material_id,
        yes,
    } = arguments;
    let what = match material_id {
        Some(id) => format!("key material {id}"),
        None => "the current key material".to_owned(),
    };
    let question = format!(
        "This deletes {what} of {key} in this region. What was encrypted with it cannot be decrypted until the same \
         bytes are imported again, and the service has no copy of them."
    );
    confirm(&question, *yes)?;
    let request = DeleteImportedKeyMaterialRequest {
        key_id: key.clone(),
        key_material_id: material_id.clone(),
    };
    let send = async |channel, request| {
        KmsClient::new(channel)
            .delete_imported_key_material(request)
            .await
    };
    let value = json::of(&session.kms()?.call(Repeat::Safe, request, send).await?);
    output::print(session.format(), &value, || output::record(&value, MATERIAL))
}
