//! Who makes a request, after authentication.

use super::{AccountId, Malformed, malformed};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// An authenticated caller: an account and the ARN of the caller in it, such as
/// `arn:aws:iam::123456789012:user/alice`. At most 2,048 bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal {
    account: AccountId,
    arn: Arc<str>,
}

impl Principal {
    /// The account the caller acts in.
    pub const fn account(&self) -> AccountId {
        self.account
    }

    /// The caller's ARN.
    pub fn arn(&self) -> &str {
        &self.arn
    }
}

impl FromStr for Principal {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        const REASON: Malformed = malformed("a principal is arn:aws:iam::<account>:<user, role or root>");
        let rest = text.strip_prefix("arn:aws:iam::").ok_or(REASON)?;
        let (account, name) = rest.split_once(':').ok_or(REASON)?;
        let printable = name.bytes().all(|b| b.is_ascii_graphic());
        if name.is_empty() || !printable || text.len() > 2048 {
            return Err(REASON);
        }
        Ok(Self {
            account: account.parse()?,
            arn: text.into(),
        })
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arn)
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arn)
    }
}
