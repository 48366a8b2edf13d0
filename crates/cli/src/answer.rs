//! Answers that carry blobs: each blob goes where the caller wants it, and what is left of the answer is shown.

use std::path::Path;

use prost::{Message, Name};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::output::{Column, Format};
use crate::payload::{self, Encoding};
use crate::{json, output};

/// Shows an answer whose point is one blob that is no secret, its member `member`. People get the blob alone, by
/// `write`, in the file `out` or on standard output; programs get the whole answer, without what went to a file.
pub(crate) fn show_blob<M: Message + Name>(
    format: Format,
    answer: &M,
    member: &str,
    out: Option<&Path>,
    write: impl FnOnce(Option<&Path>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let file = out.filter(|path| !payload::is_standard(path));
    if file.is_some() || format == Format::Table {
        write(file)?;
    }
    if format == Format::Table {
        return Ok(());
    }
    let mut value = json::of(answer);
    if file.is_some() {
        remove(&mut value, member);
    }
    output::print_text(&output::json_text(&value))
}

/// Shows an answer whose point is one secret, its member `member`, which `secret` finds. It goes to the place that
/// the caller named for it, and nowhere without one; programs find it in the answer only if that place is `-`.
pub(crate) fn show_secret<M: Message + Name>(
    format: Format,
    mut answer: M,
    member: &str,
    secret: impl FnOnce(&mut M) -> &mut Vec<u8>,
    out: Option<&Path>,
    encoding: Encoding,
) -> Result<(), Failure> {
    if format == Format::Json && out.is_some_and(payload::is_standard) {
        return output::print_text(&output::json_text(&json::of(&answer)));
    }
    let secret = Zeroizing::new(std::mem::take(secret(&mut answer)));
    if let Some(out) = out {
        payload::place_secret(out, &secret, encoding)?;
    }
    if format == Format::Table {
        return Ok(());
    }
    let mut value = json::of(&answer);
    remove(&mut value, member);
    output::print_text(&output::json_text(&value))
}

/// One of several blobs of an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    /// Its name in the answer.
    pub(crate) member: &'static str,
    /// The option that says where it goes.
    pub(crate) option: &'static str,
    /// A file, or `-` for standard output; without a place it is shown with the answer.
    pub(crate) place: Option<&'a Path>,
}

/// The blobs of an answer that has several.
#[derive(Clone, Debug)]
pub(crate) struct Parts<'a> {
    parts: Vec<Part<'a>>,
    /// Whether one of them goes to standard output, which then nothing else does.
    to_standard: bool,
}

impl<'a> Parts<'a> {
    /// Checks, before anything is made, that no two things are mixed up on standard output.
    pub(crate) fn new(parts: Vec<Part<'a>>) -> Result<Self, Failure> {
        let standard = |part: &&Part<'_>| part.place.is_some_and(payload::is_standard);
        let Some(alone) = parts.iter().find(standard).map(|part| part.option) else {
            return Ok(Self {
                parts,
                to_standard: false,
            });
        };
        let others: Vec<&str> = parts
            .iter()
            .filter(|part| part.option != alone && part.place.is_none_or(payload::is_standard))
            .map(|part| part.option)
            .collect();
        if others.is_empty() {
            return Ok(Self {
                parts,
                to_standard: true,
            });
        }
        Err(Failure::Usage(format!(
            "{alone} - needs a FILE for {}, or they would be mixed up",
            others.join(" and ")
        )))
    }

    /// Shows what is left of an answer when its parts are where they belong: nothing, if one of them has standard
    /// output for itself.
    pub(crate) fn show_rest(
        &self,
        format: Format,
        mut answer: Value,
        lines: &[Column],
    ) -> Result<(), Failure> {
        if self.to_standard {
            return Ok(());
        }
        for part in self.parts.iter().filter(|part| part.place.is_some()) {
            remove(&mut answer, part.member);
        }
        output::print(format, &answer, || output::record(&answer, lines))
    }
}

fn remove(answer: &mut Value, member: &str) {
    answer.as_object_mut().map(|members| members.remove(member));
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Part, Parts};
    use crate::exit_code::ExitCode;

    fn parts<'a>(places: [Option<&'a str>; 3]) -> Vec<Part<'a>> {
        let options = ["--first-out", "--second-out", "--third-out"];
        let part = |(option, place): (_, Option<&'a str>)| Part {
            member: "Member",
            option,
            place: place.map(Path::new),
        };
        options.into_iter().zip(places).map(part).collect()
    }

    #[test]
    fn standard_output_is_for_one_part_alone() {
        for (places, expected) in [
            ([None, None, None], Some(false)),
            ([Some("a"), None, Some("c")], Some(false)),
            ([Some("a"), Some("-"), Some("c")], Some(true)),
            ([Some("a"), Some("-"), None], None),
            ([Some("-"), Some("-"), Some("c")], None),
        ] {
            let parts = Parts::new(parts(places));
            assert_eq!(parts.ok().map(|parts| parts.to_standard), expected, "{places:?}");
        }
        let failure = Parts::new(parts([None, Some("-"), None])).unwrap_err();
        assert_eq!(failure.exit_code(), ExitCode::Usage);
        assert!(
            failure.to_string().contains("--first-out and --third-out"),
            "{failure}"
        );
    }
}
