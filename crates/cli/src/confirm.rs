//! Questions to the person at the terminal before something that is hard to undo.

use std::io::{self, BufRead, IsTerminal};

use crate::failure::Failure;
use crate::output;

/// Shows `question` and goes on only after "yes". With `assumed` it does not ask; without a terminal it refuses.
pub(crate) fn confirm(question: &str, assumed: bool) -> Result<(), Failure> {
    if assumed {
        return Ok(());
    }
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        let message = format!("{question}\nthere is no terminal to confirm this on: give --yes");
        return Err(Failure::Usage(message));
    }
    output::tell(&format!("{question}\nType yes to go on:"));
    let mut answer = String::new();
    stdin
        .lock()
        .read_line(&mut answer)
        .map_err(Failure::local("cannot read the answer"))?;
    if answer.trim() == "yes" {
        Ok(())
    } else {
        Err(Failure::NotConfirmed)
    }
}
