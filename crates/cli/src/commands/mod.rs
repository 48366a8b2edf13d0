//! The commands, one file for each that stands alone and one for each group.

pub(crate) mod access_keys;
pub(crate) mod accounts;
pub(crate) mod aliases;
pub(crate) mod completions;
pub(crate) mod context;
pub(crate) mod data_key;
pub(crate) mod data_key_pair;
pub(crate) mod decapsulate;
pub(crate) mod decrypt;
pub(crate) mod derive_shared_secret;
pub(crate) mod encapsulate;
pub(crate) mod encrypt;
pub(crate) mod import;
pub(crate) mod keys;
pub(crate) mod mac;
pub(crate) mod profile;
pub(crate) mod promote;
pub(crate) mod public_key;
pub(crate) mod random;
pub(crate) mod re_encrypt;
pub(crate) mod region;
pub(crate) mod replicate;
pub(crate) mod replication;
pub(crate) mod rotation;
pub(crate) mod sign;
pub(crate) mod tags;
pub(crate) mod verify;
mod wait;

use crate::arguments::Command;
use crate::failure::Failure;
use crate::session::Session;

/// Runs any command but completions, which needs no configuration.
pub(crate) async fn run(session: &Session, command: &Command) -> Result<(), Failure> {
    match command {
        Command::Keys(command) => command.run(session).await,
        Command::Aliases(command) => command.run(session).await,
        Command::Tags(command) => command.run(session).await,
        Command::Rotation(command) => command.run(session).await,
        Command::Encrypt(command) => command.run(session).await,
        Command::Decrypt(command) => command.run(session).await,
        Command::ReEncrypt(command) => command.run(session).await,
        Command::Sign(command) => command.run(session).await,
        Command::Verify(command) => command.run(session).await,
        Command::Mac(command) => command.run(session).await,
        Command::PublicKey(command) => command.run(session).await,
        Command::DeriveSharedSecret(command) => command.run(session).await,
        Command::Encapsulate(command) => command.run(session).await,
        Command::Decapsulate(command) => command.run(session).await,
        Command::DataKey(command) => command.run(session).await,
        Command::DataKeyPair(command) => command.run(session).await,
        Command::Random(command) => command.run(session).await,
        Command::Import(command) => command.run(session).await,
        Command::Replicate(command) => command.run(session).await,
        Command::Promote(command) => command.run(session).await,
        Command::Region(command) => command.run(session).await,
        Command::Accounts(command) => command.run(session).await,
        Command::AccessKeys(command) => command.run(session).await,
        Command::Replication(command) => command.run(session).await,
        Command::Profile(command) => command.run(session),
        Command::Context(command) => command.run(session),
        Command::Completions(command) => command.run(),
    }
}
