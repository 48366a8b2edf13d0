//! The files of the AWS command line and SDKs: credentials, with an access key for each profile, and configuration. Profiles
//! are added, and what is there already stays as it is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::payload;

/// Longest file that is added to, in bytes.
const BYTES_MAX: u64 = 1 << 20;

const DEFAULT: &str = "default";

/// A profile's name: 1 to 64 letters, digits and `_ . @ -`, so that no file means something else by it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ProfileName(String);

impl Default for ProfileName {
    fn default() -> Self {
        Self(DEFAULT.to_owned())
    }
}

impl FromStr for ProfileName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '@' | '-');
        if (1..=64).contains(&text.len()) && text.chars().all(allowed) {
            return Ok(Self(text.to_owned()));
        }
        Err("a profile's name is 1 to 64 letters, digits and _ . @ -".to_owned())
    }
}

/// Which of the two files. They spell the heading of a profile differently.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// `~/.aws/credentials`
    Credentials,
    /// `~/.aws/config`
    Configuration,
}

impl Kind {
    /// What the heading of a profile has between its brackets.
    fn heading(self, profile: &ProfileName) -> String {
        match self {
            Self::Configuration if profile.0 != DEFAULT => format!("profile {}", profile.0),
            _ => profile.0.clone(),
        }
    }
}

/// A profile as text.
pub(crate) fn text_of(kind: Kind, profile: &ProfileName, settings: &[(&str, &str)]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(512));
    for part in ["[", &kind.heading(profile), "]\n"] {
        text.push_str(part);
    }
    for (name, value) in settings {
        for part in [name, " = ", value, "\n"] {
            text.push_str(part);
        }
    }
    text
}

/// A file that has no profile of this name yet.
pub(crate) struct ProfilesFile {
    path: PathBuf,
    kind: Kind,
    profile: ProfileName,
    before: Zeroizing<String>,
}

impl ProfilesFile {
    /// Reads the file, if there is one.
    pub(crate) fn open(path: &Path, kind: Kind, profile: ProfileName) -> Result<Self, Failure> {
        if payload::is_standard(path) {
            let message = "a file with profiles cannot be standard output: give it a FILE".to_owned();
            return Err(Failure::Usage(message));
        }
        let before = Zeroizing::new(read(path)?);
        let heading = kind.heading(&profile);
        if before.lines().any(|line| names(line, &heading)) {
            return Err(Failure::Usage(format!(
                "{} has a profile [{heading}] already",
                path.display()
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            kind,
            profile,
            before,
        })
    }

    /// Adds the profile, in a new file with mode 0600 in place of the old one.
    pub(crate) fn add(&self, settings: &[(&str, &str)]) -> Result<(), Failure> {
        let mut text = Zeroizing::new(String::with_capacity(self.before.len() + 512));
        text.push_str(&self.before);
        if !self.before.is_empty() {
            text.push_str(if self.before.ends_with('\n') { "\n" } else { "\n\n" });
        }
        text.push_str(&text_of(self.kind, &self.profile, settings));
        payload::write(Some(&self.path), text.as_bytes())
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    let doing = || format!("cannot read {}", path.display());
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Failure::local(doing())(error)),
        Ok(found) if !found.is_file() || found.len() > BYTES_MAX => Err(Failure::Usage(format!(
            "{} is no file of AWS profiles",
            path.display()
        ))),
        Ok(_) => fs::read_to_string(path).map_err(Failure::local(doing())),
    }
}

/// Whether a line is the heading. The AWS command line ignores how much white space is within the brackets.
fn names(line: &str, heading: &str) -> bool {
    let inside = line
        .trim()
        .strip_prefix('[')
        .and_then(|rest| rest.split(']').next());
    inside.is_some_and(|name| name.split_whitespace().eq(heading.split_whitespace()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::{Kind, ProfileName, ProfilesFile};
    use crate::exit_code::ExitCode;

    fn profile(name: &str) -> ProfileName {
        name.parse().unwrap()
    }

    #[test]
    fn profiles_are_added_and_what_was_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        let settings = |id, secret| [("aws_access_key_id", id), ("aws_secret_access_key", secret)];
        let first = ProfilesFile::open(&path, Kind::Credentials, ProfileName::default()).unwrap();
        first
            .add(&settings("AKIAAAAAAAAAAAAAAAAA", "first/secret"))
            .unwrap();
        let second = ProfilesFile::open(&path, Kind::Credentials, profile("concord-us-east-1")).unwrap();
        second
            .add(&settings("AKIABAAAAAAAAAAAAAAA", "second+secret"))
            .unwrap();
        let expected = "[default]
aws_access_key_id = AKIAAAAAAAAAAAAAAAAA
aws_secret_access_key = first/secret

[concord-us-east-1]
aws_access_key_id = AKIABAAAAAAAAAAAAAAA
aws_secret_access_key = second+secret
";
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_configuration_calls_a_profile_one_unless_it_is_the_default() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        for name in ["default", "p"] {
            let file = ProfilesFile::open(&path, Kind::Configuration, profile(name)).unwrap();
            file.add(&[("region", "us-east-1")]).unwrap();
        }
        let expected = "[default]\nregion = us-east-1\n\n[profile p]\nregion = us-east-1\n";
        assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    }

    #[test]
    fn a_profile_that_is_there_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profiles");
        for (kind, text) in [
            (Kind::Credentials, "[p]\n"),
            (Kind::Credentials, "x = 1\n [ p ] # mine\n"),
            (Kind::Configuration, "[profile  p]\n"),
        ] {
            fs::write(&path, text).unwrap();
            let refused = ProfilesFile::open(&path, kind, profile("p")).err().unwrap();
            assert_eq!(refused.exit_code(), ExitCode::Usage);
            assert!(ProfilesFile::open(&path, kind, profile("pp")).is_ok());
        }
    }

    #[test]
    fn what_is_no_file_or_no_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path(), "-".as_ref()] {
            assert!(ProfilesFile::open(path, Kind::Credentials, profile("p")).is_err());
        }
        for name in ["", "a b", "a]", "a\nb", "x".repeat(65).as_str()] {
            assert!(name.parse::<ProfileName>().is_err(), "{name:?}");
        }
    }
}
