//! One call of each cryptographic operation, with whatever it needs, under any key.

use crate::calls::{Presented, encapsulate, encrypt_with, mac, public_key, sign};
use crate::service_model::{
    AGREE, ENCAPSULATE, ENCRYPT, ENCRYPTION, MAC, MACS, SIGN, SYMMETRIC, first_of, signing_algorithms,
};
use crate::support::CALL;
use kms_proto::kms::v1::*;
use kms_tests::client::Kms;
use kms_tests::ledger::within;
use tonic::Status;

/// The only algorithms of their kinds.
const ECDH: &str = "ECDH";
const ML_KEM_ALGORITHM: &str = "ML_KEM";
const DATA_KEY: &str = "AES_256";
/// Made at once.
const DATA_KEY_PAIR: &str = "ECC_NIST_P256";

/// A way to use a key. ReEncrypt has two keys, so it stands twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attempt {
    Encrypt,
    Decrypt,
    ReEncryptFrom,
    ReEncryptTo,
    GenerateDataKey,
    GenerateDataKeyWithoutPlaintext,
    GenerateDataKeyPair,
    GenerateDataKeyPairWithoutPlaintext,
    Sign,
    Verify,
    GenerateMac,
    VerifyMac,
    DeriveSharedSecret,
    Encapsulate,
    Decapsulate,
}

impl Attempt {
    pub(super) const ALL: &[Self] = &[
        Self::Encrypt,
        Self::Decrypt,
        Self::ReEncryptFrom,
        Self::ReEncryptTo,
        Self::GenerateDataKey,
        Self::GenerateDataKeyWithoutPlaintext,
        Self::GenerateDataKeyPair,
        Self::GenerateDataKeyPairWithoutPlaintext,
        Self::Sign,
        Self::Verify,
        Self::GenerateMac,
        Self::VerifyMac,
        Self::DeriveSharedSecret,
        Self::Encapsulate,
        Self::Decapsulate,
    ];

    /// The operation's name in the service model.
    pub(super) const fn operation(self) -> &'static str {
        match self {
            Self::Encrypt => "Encrypt",
            Self::Decrypt => "Decrypt",
            Self::ReEncryptFrom | Self::ReEncryptTo => "ReEncrypt",
            Self::GenerateDataKey => "GenerateDataKey",
            Self::GenerateDataKeyWithoutPlaintext => "GenerateDataKeyWithoutPlaintext",
            Self::GenerateDataKeyPair => "GenerateDataKeyPair",
            Self::GenerateDataKeyPairWithoutPlaintext => "GenerateDataKeyPairWithoutPlaintext",
            Self::Sign => "Sign",
            Self::Verify => "Verify",
            Self::GenerateMac => "GenerateMac",
            Self::VerifyMac => "VerifyMac",
            Self::DeriveSharedSecret => "DeriveSharedSecret",
            Self::Encapsulate => "Encapsulate",
            Self::Decapsulate => "Decapsulate",
        }
    }

    /// The key usage that the operation needs.
    pub(super) const fn usage(self) -> &'static str {
        match self {
            Self::Sign | Self::Verify => SIGN,
            Self::GenerateMac | Self::VerifyMac => MAC,
            Self::DeriveSharedSecret => AGREE,
            Self::Encapsulate | Self::Decapsulate => ENCAPSULATE,
            _ => ENCRYPT,
        }
    }

    /// Whether only symmetric keys can do it.
    pub(super) const fn makes_data_keys(self) -> bool {
        matches!(
            self,
            Self::GenerateDataKey
                | Self::GenerateDataKeyWithoutPlaintext
                | Self::GenerateDataKeyPair
                | Self::GenerateDataKeyPairWithoutPlaintext
        )
    }
}

/// A key, and an input for each operation: what the key made where it can, and bytes of the right form where not.
pub(super) struct Subject {
    pub(super) key: KeyMetadata,
    pub(super) ciphertext: Vec<u8>,
    pub(super) signature: Vec<u8>,
    pub(super) mac: Vec<u8>,
    /// The key's own: whether it is another party's makes no difference to ECDH.
    pub(super) public_key: Vec<u8>,
    pub(super) encapsulated: Vec<u8>,
}

pub(super) const MESSAGE: &[u8] = b"attack at dawn";

/// A message for each signing algorithm: the whole where it may be, a digest where it must be.
pub(super) fn presented(algorithm: &str) -> Presented {
    if algorithm == "ED25519_PH_SHA_512" {
        return Presented {
            message_type: "DIGEST",
            bytes: vec![7; 64],
        };
    }
    Presented {
        message_type: "RAW",
        bytes: MESSAGE.to_vec(),
    }
}

impl Subject {
    /// Uses the key for whatever it can do.
    pub(super) async fn of(kms: &mut Kms, key: KeyMetadata) -> Result<Self, Status> {
        let mut subject = Self::unused(key);
        let id = subject.key.key_id.clone();
        match subject.key.key_usage.as_str() {
            ENCRYPT => {
                let algorithm = subject.encryption_algorithm();
                subject.ciphertext = encrypt_with(kms, &id, algorithm, MESSAGE).await?;
            }
            SIGN => {
                let algorithm = subject.signing_algorithm();
                subject.signature = sign(kms, &id, algorithm, &presented(algorithm)).await?;
            }
            MAC => subject.mac = mac(kms, &id, subject.mac_algorithm(), MESSAGE).await?,
            AGREE => subject.public_key = public_key(kms, &id).await?,
            _ => {
                subject.encapsulated = encapsulate(kms, &id).await?.shared_secret_ciphertext_blob;
            }
        }
        Ok(subject)
    }

    /// A key that has not been used, with inputs that it did not make.
    pub(super) fn unused(key: KeyMetadata) -> Self {
        let made_up = |bytes: usize| vec![7; bytes];
        Self {
            key,
            ciphertext: made_up(256),
            signature: made_up(64),
            mac: made_up(32),
            public_key: made_up(91),
            encapsulated: made_up(768),
        }
    }

    pub(super) fn spec(&self) -> &str {
        &self.key.key_spec
    }

    pub(super) fn id(&self) -> &str {
        &self.key.key_id
    }

    pub(super) fn encryption_algorithm(&self) -> &'static str {
        first_of(ENCRYPTION, self.spec()).unwrap_or(SYMMETRIC)
    }

    pub(super) fn signing_algorithm(&self) -> &'static str {
        let first = signing_algorithms(self.spec()).next();
        first.map_or("ECDSA_SHA_256", |algorithm| algorithm.name)
    }

    pub(super) fn mac_algorithm(&self) -> &'static str {
        first_of(MACS, self.spec()).unwrap_or("HMAC_SHA_256")
    }
}

/// Calls the operation under the subject's key. ReEncrypt also uses `helper`, a symmetric key.
pub(super) async fn attempt(
    kms: &mut Kms,
    attempt: Attempt,
    subject: &Subject,
    helper: &Subject,
    dry_run: Option<bool>,
) -> Result<(), Status> {
    match attempt {
        Attempt::Encrypt => encrypt(kms, subject, dry_run).await,
        Attempt::Decrypt => decrypt(kms, subject, dry_run).await,
        Attempt::ReEncryptFrom => re_encrypt(kms, subject, helper, dry_run).await,
        Attempt::ReEncryptTo => re_encrypt(kms, helper, subject, dry_run).await,
        Attempt::GenerateDataKey => data_key(kms, subject, dry_run).await,
        Attempt::GenerateDataKeyWithoutPlaintext => sealed_data_key(kms, subject, dry_run).await,
        Attempt::GenerateDataKeyPair => data_key_pair(kms, subject, dry_run).await,
        Attempt::GenerateDataKeyPairWithoutPlaintext => sealed_data_key_pair(kms, subject, dry_run).await,
        Attempt::Sign => sign_message(kms, subject, dry_run).await,
        Attempt::Verify => verify_message(kms, subject, dry_run).await,
        Attempt::GenerateMac => make_mac(kms, subject, dry_run).await,
        Attempt::VerifyMac => check_mac(kms, subject, dry_run).await,
        Attempt::DeriveSharedSecret => derive_secret(kms, subject, dry_run).await,
        Attempt::Encapsulate => encapsulate_secret(kms, subject, dry_run).await,
        Attempt::Decapsulate => decapsulate_secret(kms, subject, dry_run).await,
    }
}

async fn encrypt(kms: &mut Kms, subject: &Subject, dry_run: Option<bool>) -> Result<(), Status> {
    let request = EncryptRequest {
        key_id: subject.key.arn.clone(),
        plaintext: MESSAGE.to_vec(),
        encryption_algorithm: Some(subject.encryption_algorithm().to_owned()),
        dry_run,
        ..Default::default()
    };
    kms.encrypt(within(request, CALL)).await.map(drop)
}

async fn decrypt(kms: &mut Kms, subject: &Subject, dry_run: Option<bool>) -> Result<(), Status> {
    let request = DecryptRequest {
        key_id: Some(subject.key.arn.clone()),
        ciphertext_blob: Some(subject.ciphertext.clone()),
        encryption_algorithm: Some(subject.encryption_algorithm().to_owned()),
        dry_run,
        ..Default::default()
    };
    kms.decrypt(within(request, CALL)).await.map(drop)
}

async fn re_encrypt(
    kms: &mut Kms,
    from: &Subject,
    to: &Subject,
    dry_run: Option<bool>,
) -> Result<(), Status> {
    let request = ReEncryptRequest {
        ciphertext_blob: Some(from.ciphertext.clone()),
        source_key_id: Some(from.key.arn.clone()),
        source_encryption_algorithm: Some(from.encryption_algorithm().to_owned()),
        destination_key_id: to.key.arn.clone(),
        destination_encryption_algorithm: Some(to.encryption_algorithm().to_owned()),
        dry_run,
        ..Default::default()
    };
    kms.re_encrypt(within(request, CALL)).await.map(drop)
}

async fn data_key(kms: &mut Kms, subject: &Subject, dry_run: Option<bool>) -> Result<(), Status> {
    let request = GenerateDataKeyRequest {
        key_id: subject.key.arn.clone(),
        key_spec: Some(DATA_KEY.to_owned()),
        dry_run,
        ..Default::default()
    };
    kms.generate_data_key(within(request, CALL)).await.map(drop)
}

async fn sealed_data_key(kms: &mut Kms, subject: &Subject, dry_run: Option<bool>) -> Result<(), Status> {
    let request = GenerateDataKeyWithoutPlaintextRequest {
        key_id: subject.key.arn.clone(),
        key_spec: Some(DATA_KEY.to_owned()),
        dry_run,
        ..Default::default()
    };
    kms.generate_data_key_without_plaintext(within(request, CALL))
        .await
        .map(drop)
}

async fn data_key_pair(kms: &mut Kms, subject: &Subject, dry_run: Option<bool>) -> Result<(), Status> {
    let request = GenerateDataKeyPairRequest {
        key_id: subject.key.arn.clone(),
        key_pair_spec: DATA_KEY_PAIR.to_owned(),
        dry_run,
        ..Default::default()
    };
    kms.generate_data_key_pair(within(request, CALL)).await.map(drop)
}

async fn sealed_data_key_pair(kms: &mut Kms, subject: &Subject, dry_run: Option<bool>) -> Result<(), Status> {
    let request = GenerateDataKeyPairWithoutPlaintextRequest {
        key_id: subject.key.arn.clone(),
        key_pair_spec: DATA_KEY_PAIR.to_owned(),
        dry_run,
        ..Default::default()
    };
    kms.generate_data_key_pair_without_plaintext(within(request, CALL))
        .await
        .map(drop)
}

async fn sign_message(kms: &mut Kms, subject: &Subject, dry_run: Option<bool>) -> Result<(), Status> {
    let message = presented(subject.signing_algorithm());
    let request = SignRequest {
        key_id: subject.key.arn.clone(),
        message: message.bytes,
        message_type: Some(message.message_type.to_owned()),
        signing_algorithm: subject.signing_algorithm().to_owned(),
        dry_run,
        ..Default::default()
    };
    kms.sign(within(request, CALL)).await.map(drop)
}

async fn verify_message(kms: &mut Kms, subject: &Subject, dry_run: Option<bool>) -> Result<(), Status> {
    let message = presented(subject.signing_algorithm());
    let request = VerifyRequest {
        key_id: subject.key.arn.clone(),
        message: message.bytes,
        message_type: Some(message.message_type.to_owned()),
        signature: subject.signature.clone(),
        signing_algorithm: subject.signing_algorithm().to_owned(),
        dry_run,
        ..Default::default()
    };
    kms.verify(within(request, CALL)).await.map(drop)
}

async fn make_mac(kms: &mut Kms, subject: &Subject, dry_run: Option<bool>) -> Result<(), Status> {
    let request = GenerateMacRequest {
        key_id: subject.key.arn.clone(),
        message: MESSAGE.to_vec(),
        mac_algorithm: subject.mac_algorithm().to_owned(),
        dry_run,
        ..Default::default()
    };
    kms.generate_mac(within(request, CALL)).await.map(drop)
}

async fn check_mac(kms: &mut Kms, subject: &Subject, dry_run: Option<bool>) -> Result<(), Status> {
    let request = VerifyMacRequest {
        key_id: subject.key.arn.clone(),
        message: MESSAGE.to_vec(),
        mac_algorithm: subject.mac_algorithm().to_owned(),
        mac: subject.mac.clone(),
        dry_run,
        ..Default::default()
    };
    kms.verify_mac(within(request, CALL)).await.map(drop)
}

async fn derive_secret(kms: &mut Kms, subject: &Subject, dry_run: Option<bool>) -> Result<(), Status> {
    let request = DeriveSharedSecretRequest {
        key_id: subject.key.arn.clone(),
        key_agreement_algorithm: ECDH.to_owned(),
        public_key: subject.public_key.clone(),
        dry_run,
        ..Default::default()
    };
    kms.derive_shared_secret(within(request, CALL)).await.map(drop)
}

async fn encapsulate_secret(kms: &mut Kms, subject: &Subject, dry_run: Option<bool>) -> Result<(), Status> {
    let request = EncapsulateRequest {
        key_id: subject.key.arn.clone(),
        encapsulation_algorithm: ML_KEM_ALGORITHM.to_owned(),
        dry_run,
        ..Default::default()
    };
    kms.encapsulate(within(request, CALL)).await.map(drop)
}

async fn decapsulate_secret(kms: &mut Kms, subject: &Subject, dry_run: Option<bool>) -> Result<(), Status> {
    let request = DecapsulateRequest {
        key_id: subject.key.arn.clone(),
        shared_secret_ciphertext_blob: subject.encapsulated.clone(),
        encapsulation_algorithm: ML_KEM_ALGORITHM.to_owned(),
        dry_run,
        ..Default::default()
    };
    kms.decapsulate(within(request, CALL)).await.map(drop)
}
