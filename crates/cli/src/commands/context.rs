//! `kmsctl context`: which regions the configuration knows, and which is used when none is named.

use std::path::Path;
use std::{fs, io};

use clap::Subcommand;
use serde_json::{Value, json};

use crate::config::{self, Config};
use crate::failure::Failure;
use crate::output;
use crate::session::Session;

/// Commands on contexts.
#[derive(Debug, Subcommand)]
pub(crate) enum ContextCommand {
    /// List the contexts of the configuration
    List,
    /// Make a context the default one, in the configuration file
    Use {
        /// The context's name
        name: String,
    },
}

impl ContextCommand {
    /// Runs the command.
    pub(crate) fn run(&self, session: &Session) -> Result<(), Failure> {
        match self {
            Self::List => list(session),
            Self::Use { name } => {
                session.config().context(Some(name))?;
                set_default(session.config_path(), name)?;
                output::done(session.format(), &format!("{name} is the default context now"))
            }
        }
    }
}

fn list(session: &Session) -> Result<(), Failure> {
    let in_use = session.context_name().ok();
    let contexts: Vec<Value> = session
        .config()
        .contexts
        .iter()
        .map(|(name, context)| {
            json!({
                "Name": name,
                "Used": in_use == Some(name),
                "Endpoints": context.endpoints,
                "AdminEndpoints": context.admin_endpoints,
            })
        })
        .collect();
    output::print(session.format(), &json!({ "Contexts": contexts }), || {
        let columns = [
            ("CONTEXT", "/Name"),
            ("USED", "/Used"),
            ("ENDPOINTS", "/Endpoints"),
            ("ADMIN ENDPOINTS", "/AdminEndpoints"),
        ];
        output::list(&contexts, &columns)
    })
}

/// Changes the default in the file, in one step, keeping its mode and all else in it.
fn set_default(path: &Path, name: &str) -> Result<(), Failure> {
    let doing = || format!("cannot change {}", path.display());
    let text = fs::read_to_string(path).map_err(Failure::local(doing()))?;
    let changed = config::with_default_context(&text, name);
    let understood =
        Config::parse(&changed).is_ok_and(|config| config.default_context.as_deref() == Some(name));
    if !understood {
        let message = format!(
            "cannot change {} without damaging it: edit default_context by hand",
            path.display()
        );
        return Err(Failure::Usage(message));
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let file = tempfile::NamedTempFile::new_in(folder).map_err(Failure::local(doing()))?;
    let mode = fs::metadata(path).map_err(Failure::local(doing()))?.permissions();
    fs::write(file.path(), changed)
        .and_then(|()| fs::set_permissions(file.path(), mode))
        .and_then(|()| file.persist(path).map(drop).map_err(io::Error::from))
        .map_err(Failure::local(doing()))
}
