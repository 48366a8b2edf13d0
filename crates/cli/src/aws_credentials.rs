//! The credentials file of the AWS command line and SDKs: profiles with an access key each. Profiles are added, and
//! what is there already stays as it is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::payload;

/// Longest file that is added to, in bytes.
const BYTES_MAX: u64 = 1 << 20;

/// A profile's name: 1 to 64 letters, digits and `_ . @ -`, so that no file means something else by it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ProfileName(String);

impl Default for ProfileName {
    fn default() -> Self {
        Self("default".to_owned())
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

/// A file that has no profile of this name yet.
pub(crate) struct CredentialsFile {
    path: PathBuf,
    profile: ProfileName,
    before: Zeroizing<String>,
}

impl CredentialsFile {
    /// Reads the file, if there is one.
    pub(crate) fn open(path: &Path, profile: ProfileName) -> Result<Self, Failure> {
        if payload::is_standard(path) {
            let message = "a credentials file cannot be standard output: give it a FILE".to_owned();
            return Err(Failure::Usage(message));
        }
        let before = Zeroizing::new(read(path)?);
        if before.lines().any(|line| names(line, &profile)) {
            return Err(Failure::Usage(format!(
                "{} has a profile [{}] already",
                path.display(),
                profile.0
            )));
        }
        Ok(Self {
            path: path.to_owned(),
            profile,
            before,
        })
    }

    /// Adds the profile, in a new file with mode 0600 in place of the old one.
    pub(crate) fn add(&self, access_key_id: &str, secret: &str) -> Result<(), Failure> {
        let mut text = Zeroizing::new(String::with_capacity(self.before.len() + 256));
        text.push_str(&self.before);
        if !self.before.is_empty() {
            text.push_str(if self.before.ends_with('\n') { "\n" } else { "\n\n" });
        }
        for part in ["[", &self.profile.0, "]\naws_access_key_id = ", access_key_id] {
            text.push_str(part);
        }
        for part in ["\naws_secret_access_key = ", secret, "\n"] {
            text.push_str(part);
        }
        payload::write(Some(&self.path), text.as_bytes())
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    let doing = || format!("cannot read {}", path.display());
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(Failure::local(doing())(error)),
        Ok(found) if !found.is_file() || found.len() > BYTES_MAX => Err(Failure::Usage(format!(
            "{} is no AWS credentials file",
            path.display()
        ))),
        Ok(_) => fs::read_to_string(path).map_err(Failure::local(doing())),
    }
}

/// Whether a line begins the profile. The AWS command line ignores white space within the brackets.
fn names(line: &str, profile: &ProfileName) -> bool {
    let inside = line
        .trim()
        .strip_prefix('[')
        .and_then(|rest| rest.split(']').next());
    inside.is_some_and(|name| name.trim() == profile.0)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::{CredentialsFile, ProfileName};
    use crate::exit_code::ExitCode;

    fn profile(name: &str) -> ProfileName {
        name.parse().unwrap()
    }

    #[test]
    fn profiles_are_added_and_what_was_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        let first = CredentialsFile::open(&path, ProfileName::default()).unwrap();
        first.add("AKIAAAAAAAAAAAAAAAAA", "first/secret").unwrap();
        let second = CredentialsFile::open(&path, profile("concord-us-east-1")).unwrap();
        second.add("AKIABAAAAAAAAAAAAAAA", "second+secret").unwrap();
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
    fn a_profile_that_is_there_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("credentials");
        for text in ["[p]\n", "x = 1\n [ p ] # mine\n"] {
            fs::write(&path, text).unwrap();
            let refused = CredentialsFile::open(&path, profile("p")).err().unwrap();
            assert_eq!(refused.exit_code(), ExitCode::Usage);
            assert!(CredentialsFile::open(&path, profile("pp")).is_ok());
        }
    }

    #[test]
    fn what_is_no_file_or_no_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path(), "-".as_ref()] {
            assert!(CredentialsFile::open(path, profile("p")).is_err());
        }
        for name in ["", "a b", "a]", "a\nb", "x".repeat(65).as_str()] {
            assert!(name.parse::<ProfileName>().is_err(), "{name:?}");
        }
    }
}
