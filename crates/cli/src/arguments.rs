//! The command line: global options and the tree of commands.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::commands::access_keys::AccessKeysCommand;
use crate::commands::accounts::AccountsCommand;
use crate::commands::aliases::AliasesCommand;
use crate::commands::completions::Completions;
use crate::commands::context::ContextCommand;
use crate::commands::data_key::DataKey;
use crate::commands::data_key_pair::DataKeyPair;
use crate::commands::decapsulate::Decapsulate;
use crate::commands::decrypt::Decrypt;
use crate::commands::derive_shared_secret::DeriveSharedSecret;
use crate::commands::encapsulate::Encapsulate;
use crate::commands::encrypt::Encrypt;
use crate::commands::import::ImportCommand;
use crate::commands::keys::KeysCommand;
use crate::commands::mac::MacCommand;
use crate::commands::profile::ProfileCommand;
use crate::commands::promote::Promote;
use crate::commands::public_key::PublicKey;
use crate::commands::random::Random;
use crate::commands::re_encrypt::ReEncrypt;
use crate::commands::region::RegionCommand;
use crate::commands::replicate::Replicate;
use crate::commands::replication::ReplicationCommand;
use crate::commands::rotation::RotationCommand;
use crate::commands::sign::Sign;
use crate::commands::tags::TagsCommand;
use crate::commands::verify::Verify;
use crate::output::Format;
use crate::{exit_code, parse};

/// The command line of Concord KMS.
#[derive(Debug, Parser)]
#[command(name = "kmsctl", version, about, after_help = exit_code::HELP, max_term_width = 110)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options that every command takes.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Options {
    /// Configuration file [default: ~/.config/concord/kmsctl.toml]
    #[arg(long, global = true, env = "KMSCTL_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Context (region) to use instead of default_context
    #[arg(long, short, global = true, env = "KMSCTL_CONTEXT", value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// How to print results and errors
    #[arg(long, short, global = true, value_enum, default_value_t)]
    pub(crate) output: Format,
    /// Longest time for a call with all its retries, such as 500ms or 5s [default: 5s; more where a command
    /// waits for nodes to catch up]
    #[arg(long, global = true, value_parser = parse::duration, value_name = "TIME")]
    pub(crate) timeout: Option<Duration>,
    /// Use this node only: https://host:port of its client listener, or its admin listener for operators' commands
    #[arg(long, global = true, value_parser = parse::endpoint, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Request id. A change repeated with the id of a call whose outcome is unknown happens at most once
    #[arg(long, global = true, value_parser = parse::invocation_id, value_name = "ID")]
    pub(crate) invocation_id: Option<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make, show, list, enable, disable, describe and delete keys
    #[command(subcommand, visible_alias = "key")]
    Keys(KeysCommand),
    /// Names of keys
    #[command(subcommand, visible_alias = "alias")]
    Aliases(AliasesCommand),
    /// Tags of keys
    #[command(subcommand, visible_alias = "tag")]
    Tags(TagsCommand),
    /// Automatic and on-demand rotation of key material
    #[command(subcommand)]
    Rotation(RotationCommand),
    /// Encrypt up to 4,096 bytes from a file or standard input
    Encrypt(Encrypt),
    /// Decrypt a ciphertext to a file or standard output
    Decrypt(Decrypt),
    /// Encrypt a ciphertext again under another key or context, without showing the plaintext
    ReEncrypt(ReEncrypt),
    /// Sign a message or its digest
    Sign(Sign),
    /// Check a signature; ends with 8 if it is not valid
    Verify(Verify),
    /// Message authentication codes: make and check them
    #[command(subcommand)]
    Mac(MacCommand),
    /// Write the public half of an asymmetric key, as PEM or DER
    PublicKey(PublicKey),
    /// Derive a secret that is shared with the owner of another public key
    DeriveSharedSecret(DeriveSharedSecret),
    /// Make a shared secret, and its encapsulation under an ML-KEM key
    Encapsulate(Encapsulate),
    /// Open the encapsulation of a shared secret
    Decapsulate(Decapsulate),
    /// Make a data key for encrypting outside the service
    DataKey(DataKey),
    /// Make a data key pair for use outside the service
    DataKeyPair(DataKeyPair),
    /// Random bytes
    Random(Random),
    /// Key material made elsewhere, for keys of origin EXTERNAL
    #[command(subcommand)]
    Import(ImportCommand),
    /// Make a replica of a multi-Region primary key in another region
    Replicate(Replicate),
    /// Make a replica the primary key of its multi-Region set (planned: both regions are up)
    Promote(Promote),
    /// Operators: the region, its nodes and its pairing with other regions
    #[command(subcommand)]
    Region(RegionCommand),
    /// Operators: accounts, which own keys and access keys
    #[command(subcommand, visible_alias = "account")]
    Accounts(AccountsCommand),
    /// Operators: access keys, with which AWS clients sign their requests
    #[command(subcommand, visible_alias = "access-key")]
    AccessKeys(AccessKeysCommand),
    /// Operators: how multi-Region keys stand towards other regions
    #[command(subcommand)]
    Replication(ReplicationCommand),
    /// Profiles for AWS clients
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// Contexts (regions) of the configuration
    #[command(subcommand)]
    Context(ContextCommand),
    /// Print a shell's completion script
    Completions(Completions),
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Arguments, Command};

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn global_options_stand_before_or_after_the_command() {
        for line in [
            ["kmsctl", "-c", "eu-west-1", "keys", "list", "--timeout", "2s"],
            [
                "kmsctl",
                "keys",
                "list",
                "--context",
                "eu-west-1",
                "--timeout",
                "2s",
            ],
        ] {
            let arguments = Arguments::try_parse_from(line).unwrap();
            assert_eq!(arguments.options.context.as_deref(), Some("eu-west-1"));
            assert_eq!(arguments.options.timeout.unwrap().as_secs(), 2);
            assert!(matches!(arguments.command, Command::Keys(_)));
        }
    }

    #[test]
    fn every_documented_command_parses() {
        for line in [
            "keys create --description d --multi-region --tag a=b --usage ENCRYPT_DECRYPT --spec SYMMETRIC_DEFAULT",
            "keys describe alias/a",
            "keys list --details",
            "keys update-description K text",
            "keys schedule-deletion K --days 7",
            "keys cancel-deletion K",
            "aliases create alias/a K",
            "alias update alias/a K",
            "aliases delete alias/a",
            "aliases list --key K",
            "tags add K a=b c=d",
            "tags remove K a c",
            "tags list K",
            "rotation enable K --days 90",
            "rotation disable K",
            "rotation status K",
            "rotation rotate-now K",
            "rotation list K --all-materials",
            "encrypt K --in - --out f -e a=b --raw --dry-run",
            "decrypt --key K --in f -e a=b",
            "re-encrypt --to K --source-encryption-context a=b --destination-encryption-context c=d",
            "data-key K --spec AES_128 --plaintext-out f",
            "data-key K --bytes 64 --ciphertext-out f --plaintext-out -",
            "random 32 --raw",
            "keys create --spec RSA_4096 --usage SIGN_VERIFY --origin EXTERNAL",
            "keys last-usage K",
            "encrypt K --algorithm RSAES_OAEP_SHA_256",
            "decrypt --key K --algorithm RSAES_OAEP_SHA_256",
            "re-encrypt --from K --source-algorithm RSAES_OAEP_SHA_1 --to K --destination-algorithm RSAES_OAEP_SHA_256",
            "sign K --algorithm ECDSA_SHA_256 --message-type DIGEST --in f --out s --raw --grant-token t --dry-run",
            "verify K --algorithm ML_DSA_SHAKE_256 --message-type EXTERNAL_MU --in f --signature s --raw --dry-run",
            "mac generate K --algorithm HMAC_SHA_512 --in f --out m --raw --dry-run",
            "mac verify K --algorithm HMAC_SHA_512 --in f --mac m --raw --dry-run",
            "public-key K --out f --der --grant-token t",
            "derive-shared-secret K --public-key f --out s --dry-run",
            "derive-shared-secret K --public-key f --dry-run",
            "encapsulate K --shared-secret-out s --ciphertext-out c --raw --dry-run",
            "decapsulate K --in c --out - --raw --dry-run",
            "data-key-pair K --spec RSA_2048 -e a=b --private-key-out p --ciphertext-out c --public-key-out q --der --dry-run",
            "import parameters K --wrapping-algorithm A --wrapping-key-spec S --public-key-out f --der --token-out t",
            "import material K --token t --encrypted-material m --raw --expires-at 2027-01-31T00:00:00Z --type NEW",
            "import material K --token t --encrypted-material m --no-expiry --type existing --description d --material-id i",
            "import material K --token t --encrypted-material m --no-expiry --type NEW_KEY_MATERIAL",
            "import delete K --material-id i --yes",
            "replicate K eu-west-1 --wait",
            "promote K eu-west-1 --wait=10s",
            "region status",
            "region bootstrap --member 1=localhost:7103 --member 2=localhost:7113",
            "region pair --with eu-west-1 --mutual --yes",
            "region unpair eu-west-1",
            "region identity",
            "region peers",
            "region add-node 4=localhost:7133",
            "region remove-node 2 --yes",
            "region transfer-leader --to 3",
            "region snapshot",
            "region wrapping-keys",
            "replication status K",
            "accounts create 111122223333 --name Payroll",
            "accounts list --limit 10 --marker 111122223333",
            "account enable 111122223333",
            "accounts disable 111122223333",
            "accounts delete 111122223333 --yes",
            "access-keys create 111122223333 app --secret-out -",
            "access-keys create 111122223333 app --credentials-out f --profile p",
            "access-key list --account 111122223333",
            "access-keys enable AKIAAAAAAAAAAAAAAAAA",
            "access-keys disable AKIAAAAAAAAAAAAAAAAA",
            "access-keys delete AKIAAAAAAAAAAAAAAAAA --yes",
            "context list",
            "context use eu-west-1",
            "completions bash",
        ] {
            let words = ["kmsctl"].into_iter().chain(line.split(' '));
            if let Err(error) = Arguments::try_parse_from(words) {
                panic!("{line}: {error}");
            }
        }
    }

    #[test]
    fn contradictions_are_refused() {
        for line in [
            "data-key K --spec AES_128 --bytes 16",
            "keys create --timeout 0",
            "keys list --endpoint http://localhost:7101",
            "keys list --limit 0",
            "tags add K",
            "random 0",
            "sign K",
            "verify K --algorithm ECDSA_SHA_256",
            "mac verify K --algorithm HMAC_SHA_256",
            "derive-shared-secret K --public-key f",
            "decapsulate K --in c",
            "encapsulate K --ciphertext-out c",
            "data-key-pair K",
            "import material K --token t --encrypted-material m",
            "import material K --token t --encrypted-material m --no-expiry --expires-at 2027-01-31T00:00:00Z",
            "import material K --token t --encrypted-material m --expires-at tomorrow",
            "import material K --token t --encrypted-material m --no-expiry --type OTHER",
            "region bootstrap",
            "accounts create 111122223333",
            "access-keys create 111122223333 app",
            "access-keys create 111122223333 app --secret-out s --credentials-out f",
            "access-keys create 111122223333 app --secret-out s --profile p",
        ] {
            let words = ["kmsctl"].into_iter().chain(line.split(' '));
            assert!(Arguments::try_parse_from(words).is_err(), "{line}");
        }
    }
}
