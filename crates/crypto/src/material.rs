//! Key material: what a KMS key holds, its name, and the commitment by which it is recognized.

use crate::ecc::EccMaterial;
use crate::error::CryptoError;
use crate::fields::Fields;
use crate::hmac::HmacMaterial;
use crate::ml_dsa::MlDsaMaterial;
use crate::ml_kem::MlKemMaterial;
use crate::rsa::RsaMaterial;
use crate::{CryptoRng, SecretBytes, SecretKey256};
use aws_lc_rs::hmac as aws_hmac;
use kms_domain::vocabulary::{AccountId, KeyId, KeySpec, MaterialId};
use subtle::ConstantTimeEq;

const COMMITMENT_LABEL: &str = "concord.kms/material-commitment/v1";

/// The name by which all regions know one key material.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MaterialName {
    /// The account that owns the key.
    pub account: AccountId,
    /// The key.
    pub key_id: KeyId,
    /// The material, among those of the key.
    pub material_id: MaterialId,
}

impl MaterialName {
    pub(crate) fn append_to(&self, fields: Fields) -> Fields {
        fields
            .account(&self.account)
            .key_id(&self.key_id)
            .material_id(&self.material_id)
    }
}

/// Material of a SYMMETRIC_DEFAULT key: 256 bits, used only to derive a key for each message.
pub struct SymmetricMaterial(pub(crate) SecretKey256);

/// The material of a key, by the kind of its spec.
pub enum KeyMaterial {
    /// SYMMETRIC_DEFAULT.
    Symmetric(SymmetricMaterial),
    /// RSA_2048, RSA_3072, RSA_4096.
    Rsa(RsaMaterial),
    /// The ECC specs, Edwards25519 included.
    Ecc(EccMaterial),
    /// The HMAC specs.
    Hmac(HmacMaterial),
    /// The ML-DSA specs.
    MlDsa(MlDsaMaterial),
    /// The ML-KEM specs.
    MlKem(MlKemMaterial),
}

impl KeyMaterial {
    /// Makes new material. RSA takes from 50 ms to some seconds of processor time. `rng` makes what is made of plain
    /// random bytes; key pairs of AWS-LC come from its own generator.
    ///
    /// # Errors
    /// [`CryptoError::Library`].
    pub fn generate(spec: KeySpec, rng: &mut dyn CryptoRng) -> Result<Self, CryptoError> {
        match family(spec) {
            Family::Symmetric => Ok(Self::Symmetric(SymmetricMaterial(SecretKey256::random(rng)))),
            Family::Rsa => RsaMaterial::generate(spec).map(Self::Rsa),
            Family::Ecc => EccMaterial::generate(spec, rng).map(Self::Ecc),
            Family::Hmac => HmacMaterial::generate(spec, rng).map(Self::Hmac),
            Family::MlDsa => MlDsaMaterial::generate(spec, rng).map(Self::MlDsa),
            Family::MlKem => MlKemMaterial::generate(spec, rng).map(Self::MlKem),
        }
    }

    /// Takes bytes that were material before: [`KeyMaterial::bytes`] of the same spec.
    ///
    /// # Errors
    /// [`CryptoError::StoredFormat`] when they are no material of this spec.
    pub fn from_bytes(spec: KeySpec, bytes: &SecretBytes) -> Result<Self, CryptoError> {
        Self::from_slice(spec, bytes.expose())
    }

    pub(crate) fn from_slice(spec: KeySpec, bytes: &[u8]) -> Result<Self, CryptoError> {
        match family(spec) {
            Family::Symmetric => SecretKey256::copy_of(bytes)
                .map(|key| Self::Symmetric(SymmetricMaterial(key)))
                .ok_or(CryptoError::StoredFormat("symmetric key material is 32 bytes")),
            Family::Rsa => RsaMaterial::from_stored(spec, bytes).map(Self::Rsa),
            Family::Ecc => EccMaterial::from_stored(spec, bytes).map(Self::Ecc),
            Family::Hmac => HmacMaterial::from_stored(spec, bytes).map(Self::Hmac),
            Family::MlDsa => MlDsaMaterial::from_stored(spec, bytes).map(Self::MlDsa),
            Family::MlKem => MlKemMaterial::from_stored(spec, bytes).map(Self::MlKem),
        }
    }

    /// Takes bytes that a caller imports: 32 bytes for SYMMETRIC_DEFAULT, PKCS#8 DER (RFC 5958) for RSA and ECC, and
    /// exactly 28, 32, 48 or 64 bytes for HMAC_224 to HMAC_512. They are checked whole: sizes, exponents, that the
    /// public half belongs to the private one, that points are on the curve.
    ///
    /// # Errors
    /// [`CryptoError::ImportedMaterial`], saying what is wrong without the bytes; [`CryptoError::SpecNotSupported`] for
    /// ML-DSA and ML-KEM, which are never imported.
    pub fn import(spec: KeySpec, bytes: &SecretBytes) -> Result<Self, CryptoError> {
        match family(spec) {
            Family::Symmetric => SecretKey256::copy_of(bytes.expose())
                .map(|key| Self::Symmetric(SymmetricMaterial(key)))
                .ok_or(CryptoError::ImportedMaterial(
                    "symmetric key material is 32 bytes",
                )),
            Family::Rsa => RsaMaterial::import(spec, bytes.expose()).map(Self::Rsa),
            Family::Ecc => EccMaterial::import(spec, bytes.expose()).map(Self::Ecc),
            Family::Hmac => HmacMaterial::import(spec, bytes.expose()).map(Self::Hmac),
            Family::MlDsa | Family::MlKem => Err(CryptoError::SpecNotSupported(spec)),
        }
    }

    /// The spec of the key that holds this material.
    pub const fn spec(&self) -> KeySpec {
        match self {
            Self::Symmetric(_) => KeySpec::SymmetricDefault,
            Self::Rsa(material) => material.spec(),
            Self::Ecc(material) => material.spec(),
            Self::Hmac(material) => material.spec(),
            Self::MlDsa(material) => material.spec(),
            Self::MlKem(material) => material.spec(),
        }
    }

    /// The material if it is symmetric.
    pub const fn as_symmetric(&self) -> Option<&SymmetricMaterial> {
        match self {
            Self::Symmetric(material) => Some(material),
            _ => None,
        }
    }

    /// The public key as DER of SubjectPublicKeyInfo (RFC 5280); `None` for symmetric and HMAC material.
    pub fn public_key_der(&self) -> Option<&[u8]> {
        match self {
            Self::Symmetric(_) | Self::Hmac(_) => None,
            Self::Rsa(material) => Some(material.public_key_der()),
            Self::Ecc(material) => Some(material.public_key_der()),
            Self::MlDsa(material) => Some(material.public_key_der()),
            Self::MlKem(material) => Some(material.public_key_der()),
        }
    }

    /// The secret bytes in the encoding that is wrapped and sealed. SYMMETRIC_DEFAULT: the 32 bytes; RSA and ECC:
    /// PKCS#8 DER as this crate writes it; HMAC: the key; ML-DSA: the 32-byte seed; ML-KEM: decapsulation key, then
    /// encapsulation key.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Symmetric(material) => material.0.expose(),
            Self::Rsa(material) => material.bytes(),
            Self::Ecc(material) => material.bytes(),
            Self::Hmac(material) => material.bytes(),
            Self::MlDsa(material) => material.bytes(),
            Self::MlKem(material) => material.bytes(),
        }
    }

    /// Commits to these bytes under this name.
    pub fn commitment(&self, name: &MaterialName) -> MaterialCommitment {
        MaterialCommitment::of(self.bytes(), name)
    }
}

/// Which type holds the material of a spec.
enum Family {
    Symmetric,
    Rsa,
    Ecc,
    Hmac,
    MlDsa,
    MlKem,
}

const fn family(spec: KeySpec) -> Family {
    match spec {
        KeySpec::SymmetricDefault => Family::Symmetric,
        KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => Family::Rsa,
        KeySpec::EccNistP256
        | KeySpec::EccNistP384
        | KeySpec::EccNistP521
        | KeySpec::EccSecgP256k1
        | KeySpec::EccNistEdwards25519 => Family::Ecc,
        KeySpec::Hmac224 | KeySpec::Hmac256 | KeySpec::Hmac384 | KeySpec::Hmac512 => Family::Hmac,
        KeySpec::MlDsa44 | KeySpec::MlDsa65 | KeySpec::MlDsa87 => Family::MlDsa,
        KeySpec::MlKem512 | KeySpec::MlKem768 | KeySpec::MlKem1024 => Family::MlKem,
    }
}

/// HMAC-SHA256(material, label || account || key id || material id).
///
/// It recognizes the same bytes under the same name, after a journey or when imported again, and tells nothing
/// else about them. It lets whoever holds it test a guess of the bytes, so it is kept wrapped or sealed.
#[derive(Clone, Copy)]
pub struct MaterialCommitment([u8; Self::BYTES]);

impl MaterialCommitment {
    /// Length in bytes.
    pub const BYTES: usize = 32;

    /// A commitment that was made before.
    pub const fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// Whether both commit to the same bytes and name, in constant time.
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }

    fn of(material: &[u8], name: &MaterialName) -> Self {
        let fields = name.append_to(Fields::new(COMMITMENT_LABEL));
        let tag = aws_hmac::sign(
            &aws_hmac::Key::new(aws_hmac::HMAC_SHA256, material),
            fields.as_bytes(),
        );
        let mut bytes = [0; Self::BYTES];
        bytes.copy_from_slice(tag.as_ref());
        Self(bytes)
    }
}
