//! `kmsctl profile`: what AWS clients need to know of a region. Their access keys are made by `kmsctl access-keys`.

use std::path::PathBuf;

use clap::Subcommand;

use crate::aws_profiles::{Kind, ProfileName, ProfilesFile, text_of};
use crate::config::Context;
use crate::failure::Failure;
use crate::output;
use crate::payload;
use crate::session::Session;

/// Commands on profiles.
#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// Write a profile of the AWS configuration file for the region of the context: its name, endpoint and CA
    #[command(after_help = "Examples:
  kmsctl --context us-east-1 profile export --profile concord >> ~/.aws/config
  kmsctl --context us-east-1 profile export --profile concord --config-out ~/.aws/config
  kmsctl access-keys create 111122223333 app --credentials-out ~/.aws/credentials --profile concord")]
    Export {
        /// The profile's name
        #[arg(long, value_name = "NAME", default_value = "default")]
        profile: ProfileName,
        /// The region's name [default: the context's name]
        #[arg(long, value_name = "REGION")]
        region: Option<String>,
        /// AWS configuration file to which the profile is added [default: standard output]
        #[arg(long, value_name = "FILE")]
        config_out: Option<PathBuf>,
    },
}

impl ProfileCommand {
    /// Runs the command.
    pub(crate) fn run(&self, session: &Session) -> Result<(), Failure> {
        let Self::Export {
            profile,
            region,
            config_out,
        } = self;
        let (name, context) = session.context()?;
        let settings = settings(name, context, region.as_deref().unwrap_or(name))?;
        let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (*name, &**value)).collect();
        let Some(path) = config_out else {
            return payload::write(None, text_of(Kind::Configuration, profile, &settings).as_bytes());
        };
        ProfilesFile::open(path, Kind::Configuration, profile.clone())?.add(&settings)?;
        output::done(
            session.format(),
            &format!("{} has the profile now", path.display()),
        )
    }
}

fn settings(name: &str, context: &Context, region: &str) -> Result<Vec<(&'static str, String)>, Failure> {
    let Some(endpoint) = &context.http_endpoint else {
        return Err(Failure::Usage(format!(
            "context {name} does not say where AWS clients reach its region: set http_endpoint = \
             \"https://host:port\" in the configuration"
        )));
    };
    let mut settings = vec![("region", region.to_owned()), ("endpoint_url", endpoint.clone())];
    if let Some(ca) = &context.http_server_ca {
        settings.push(("ca_bundle", ca.display().to_string()));
    }
    Ok(settings)
}
