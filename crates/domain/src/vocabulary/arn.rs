//! Amazon Resource Names of keys and aliases, and the four forms a `KeyId` parameter may take.

use super::{AccountId, AliasName, KeyId, Malformed, RegionName, malformed};
use std::fmt;
use std::str::FromStr;

/// The partition of every ARN made here; existing clients expect it.
pub const PARTITION: &str = "aws";

/// `arn:aws:kms:<region>:<account>:key/<key id>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyArn {
    /// The region in which the key is named.
    pub region: RegionName,
    /// The account that owns the key.
    pub account: AccountId,
    /// The key.
    pub key_id: KeyId,
}

/// `arn:aws:kms:<region>:<account>:alias/<name>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AliasArn {
    /// The region that holds the alias.
    pub region: RegionName,
    /// The account that owns the alias.
    pub account: AccountId,
    /// The alias, with its `alias/` prefix.
    pub alias: AliasName,
}

/// What a caller may write in a `KeyId` parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyReference {
    /// A bare key id of the caller's account and this region.
    KeyId(KeyId),
    /// A key ARN.
    KeyArn(KeyArn),
    /// A bare alias of the caller's account and this region.
    Alias(AliasName),
    /// An alias ARN.
    AliasArn(AliasArn),
}

impl fmt::Display for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "arn:{PARTITION}:kms:{}:{}:key/{}",
            self.region, self.account, self.key_id
        )
    }
}

impl fmt::Display for AliasArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "arn:{PARTITION}:kms:{}:{}:{}",
            self.region, self.account, self.alias
        )
    }
}

impl FromStr for KeyArn {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        match text.parse()? {
            KeyReference::KeyArn(arn) => Ok(arn),
            _ => Err(malformed("not a key ARN")),
        }
    }
}

impl FromStr for KeyReference {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        if text.starts_with("alias/") {
            return Ok(Self::Alias(text.parse()?));
        }
        if !text.starts_with("arn:") {
            return Ok(Self::KeyId(text.parse()?));
        }
        let mut parts = text.splitn(6, ':').skip(1);
        let mut part = || parts.next().ok_or(malformed("an ARN has six parts"));
        let (partition, service, region, account, resource) = (part()?, part()?, part()?, part()?, part()?);
        if partition != PARTITION || service != "kms" {
            return Err(malformed("an ARN here begins with arn:aws:kms:"));
        }
        let region: RegionName = region.parse()?;
        let account: AccountId = account.parse()?;
        if let Some(key_id) = resource.strip_prefix("key/") {
            return Ok(Self::KeyArn(KeyArn {
                region,
                account,
                key_id: key_id.parse()?,
            }));
        }
        Ok(Self::AliasArn(AliasArn {
            region,
            account,
            alias: resource.parse()?,
        }))
    }
}
