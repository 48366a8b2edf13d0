//! From what a caller writes in a `KeyId` parameter to the key it means.

use crate::key::{Alias, Key, KeyName};
use crate::vocabulary::{AccountId, AliasArn, AliasName, KeyArn, KeyReference, RegionName};
use crate::{Guard, KmsError, State};
use std::sync::Arc;

/// A key, and the alias through which it was found.
#[derive(Debug, Clone)]
pub struct Resolved<'a> {
    /// The key.
    pub key: &'a Arc<Key>,
    /// Its ARN.
    pub arn: KeyArn,
    /// The alias row that was read, when the caller named an alias.
    pub alias: Option<&'a Arc<Alias>>,
}

impl Resolved<'_> {
    /// The key's name.
    pub fn name(&self) -> KeyName {
        self.key.name
    }

    /// Adds what this resolution read to a guard.
    pub fn add_to(&self, guard: &mut Guard) {
        let revision = Some(self.key.revisions.authz);
        guard.keys.push((self.key.name, revision));
        if let Some(row) = self.alias {
            let alias = (row.account, row.alias.clone(), Some(row.revision));
            guard.aliases.push(alias);
        }
    }
}

impl State {
    /// The key that `reference` means to a caller of `account`. An ARN may name another account: whether the caller
    /// may know what is there is decided after this.
    ///
    /// # Errors
    /// [`KmsError::ArnNotFound`] for an ARN of another region, [`KmsError::KeyNotFound`], [`KmsError::AliasNotFound`];
    /// [`KmsError::Bootstrap`] before the region exists.
    pub fn resolve(&self, account: AccountId, reference: &KeyReference) -> Result<Resolved<'_>, KmsError> {
        match reference {
            KeyReference::KeyId(key_id) => self.resolved(account, *key_id, None),
            KeyReference::KeyArn(arn) => {
                self.check_region(&arn.region)?;
                self.resolved(arn.account, arn.key_id, None)
            }
            KeyReference::Alias(alias) => self.resolve_alias(account, alias),
            KeyReference::AliasArn(arn) => {
                self.check_region(&arn.region)?;
                self.resolve_alias(arn.account, &arn.alias)
            }
        }
    }

    /// As [`State::resolve`], for operations that take a key id or key ARN only.
    ///
    /// # Errors
    /// [`KmsError::InvalidKeyId`] for an alias, else as [`State::resolve`].
    pub fn resolve_without_alias(
        &self,
        account: AccountId,
        reference: &KeyReference,
    ) -> Result<Resolved<'_>, KmsError> {
        match reference {
            KeyReference::Alias(alias) => Err(KmsError::InvalidKeyId(alias.to_string())),
            KeyReference::AliasArn(arn) => Err(KmsError::InvalidKeyId(arn.to_string())),
            KeyReference::KeyId(_) | KeyReference::KeyArn(_) => self.resolve(account, reference),
        }
    }

    /// The key under `name`, with its ARN.
    ///
    /// # Errors
    /// [`KmsError::KeyNotFound`]; [`KmsError::Bootstrap`] before the region exists.
    pub fn existing_key(&self, name: &KeyName) -> Result<(&Arc<Key>, KeyArn), KmsError> {
        let arn = self.key_arn(name).ok_or_else(not_bootstrapped)?;
        match self.key(name) {
            Some(key) => Ok((key, arn)),
            None => Err(KmsError::KeyNotFound(arn)),
        }
    }

    /// The alias row under `alias`.
    ///
    /// # Errors
    /// [`KmsError::AliasNotFound`]; [`KmsError::Bootstrap`] before the region exists.
    pub fn existing_alias(&self, account: AccountId, alias: &AliasName) -> Result<&Arc<Alias>, KmsError> {
        match self.alias(account, alias) {
            Some(row) => Ok(row),
            None => Err(KmsError::AliasNotFound(self.alias_arn(account, alias)?)),
        }
    }

    /// The ARN of an alias in this region, whether it exists or not.
    ///
    /// # Errors
    /// [`KmsError::Bootstrap`] before the region exists.
    pub fn alias_arn(&self, account: AccountId, alias: &AliasName) -> Result<AliasArn, KmsError> {
        let region = self.region().ok_or_else(not_bootstrapped)?.name.clone();
        Ok(AliasArn {
            region,
            account,
            alias: alias.clone(),
        })
    }

    fn resolve_alias(&self, account: AccountId, alias: &AliasName) -> Result<Resolved<'_>, KmsError> {
        let row = self.existing_alias(account, alias)?;
        self.resolved(account, row.key_id, Some(row))
    }

    fn resolved<'a>(
        &'a self,
        account: AccountId,
        key_id: crate::vocabulary::KeyId,
        alias: Option<&'a Arc<Alias>>,
    ) -> Result<Resolved<'a>, KmsError> {
        let (key, arn) = self.existing_key(&KeyName { account, key_id })?;
        Ok(Resolved { key, arn, alias })
    }

    fn check_region(&self, named: &RegionName) -> Result<(), KmsError> {
        let region = self.region().ok_or_else(not_bootstrapped)?;
        if region.name == *named {
            return Ok(());
        }
        Err(KmsError::ArnNotFound(named.to_string()))
    }
}

fn not_bootstrapped() -> KmsError {
    KmsError::Bootstrap("the region is not bootstrapped".into())
}
