//! `kmsctl completions`: a shell's completion script on standard output.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::output;

/// Arguments of `kmsctl completions`.
#[derive(Args, Debug)]
#[command(after_help = "For bash: source <(kmsctl completions bash)")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Prints the script.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "kmsctl", &mut script);
        output::print_bytes(&script)
    }
}
