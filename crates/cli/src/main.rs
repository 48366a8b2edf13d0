//! `kmsctl`, the command line of Concord KMS. It sees only the public API (proto/kms/v1).

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod answer;
mod arguments;
mod aws_profiles;
mod commands;
mod config;
mod confirm;
mod connection;
mod exit_code;
mod failure;
mod input;
mod json;
mod key_file;
mod output;
mod pages;
mod parse;
mod payload;
mod session;

use std::process;

use clap::Parser;

use crate::arguments::{Arguments, Command};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output::Format;
use crate::session::Session;

fn main() -> process::ExitCode {
    // Parsing ends the process by itself: with 2 when the arguments are wrong, with 0 after help and version.
    let Arguments { options, command } = Arguments::parse();
    let format = options.output;
    let result = match command {
        Command::Completions(completions) => completions.run(),
        command => Session::open(options).and_then(|session| run(&session, &command)),
    };
    process::ExitCode::from(report(format, result) as u8)
}

/// Runs a command on a runtime of its own.
fn run(session: &Session, command: &Command) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Failure::local("cannot start the runtime"))?;
    runtime.block_on(Box::pin(commands::run(session, command)))
}

/// Prints what a command's end has to tell and gives its exit code.
fn report(format: Format, result: Result<(), Failure>) -> ExitCode {
    let failure = match result {
        Ok(()) => return ExitCode::Ok,
        Err(failure) if failure.is_dry_run_success() => {
            return match output::done(format, "dry run: the call would succeed") {
                Ok(()) => ExitCode::Ok,
                Err(failure) => failure.exit_code(),
            };
        }
        Err(failure) => failure,
    };
    match format {
        Format::Table => output::tell(&failure.to_text()),
        Format::Json => output::tell(&output::json_text(&failure.to_json())),
    }
    failure.exit_code()
}
