//! Material that is no acceptable key of the KMS key's spec.

use super::{Ground, state_of};
use crate::calls::{create, external, random_bytes, refusal};
use crate::imports::{Parameters, import, usual_parameters};
use crate::service_model::{ENCRYPT, MAC, RSA, SIGN, SYMMETRIC};
use kms_tests::client::Kms;
use kms_tests::interop::Peer;

const ECC: &[&str] = &[
    "ECC_NIST_P256",
    "ECC_NIST_P384",
    "ECC_NIST_P521",
    "ECC_SECG_P256K1",
    "ECC_NIST_EDWARDS25519",
];

/// A key that awaits its material, and parameters that serve for all that is refused: only an import uses them up.
struct Awaiting {
    id: String,
    parameters: Parameters,
}

impl Awaiting {
    async fn key(kms: &mut Kms, spec: &str, usage: &str) -> anyhow::Result<Self> {
        let id = create(kms, external(spec, usage)).await?.key_id;
        let parameters = usual_parameters(kms, &id).await?;
        Ok(Self { id, parameters })
    }

    async fn refuses(
        &self,
        kms: &mut Kms,
        peer: &mut Peer,
        what: &str,
        material: &[u8],
    ) -> anyhow::Result<()> {
        let request = self.parameters.request(peer, material).await?;
        let told = format!("{:?}", refusal(import(kms, request).await));
        let named =
            "exception: \"IncorrectKeyMaterialException\", message: \"the key material is not acceptable";
        assert!(told.contains(named), "{what}: {told}");
        assert_eq!(state_of(kms, &self.id).await?, "PendingImport", "{what}");
        Ok(())
    }

    /// What is right is still taken afterwards, so that it was not the token that was refused.
    async fn takes(self, kms: &mut Kms, peer: &mut Peer, material: &[u8]) -> anyhow::Result<()> {
        let request = self.parameters.request(peer, material).await?;
        import(kms, request).await?;
        assert_eq!(state_of(kms, &self.id).await?, "Enabled");
        Ok(())
    }
}

/// Exactly 32 bytes of AES; exactly as many bytes of HMAC as the hash function gives.
pub(super) async fn material_of_a_wrong_length_is_refused(ground: &mut Ground) -> anyhow::Result<()> {
    let mut kms = ground.kms()?;
    let peer = &mut ground.peer;
    for (spec, usage, right) in [
        (SYMMETRIC, ENCRYPT, 32),
        ("HMAC_224", MAC, 28),
        ("HMAC_256", MAC, 32),
        ("HMAC_384", MAC, 48),
        ("HMAC_512", MAC, 64),
    ] {
        let key = Awaiting::key(&mut kms, spec, usage).await?;
        for length in [1, 16, right - 1, right + 1, 2 * right] {
            let what = format!("{length} bytes for {spec}");
            key.refuses(&mut kms, peer, &what, &random_bytes(length)).await?;
        }
        key.takes(&mut kms, peer, &random_bytes(right)).await?;
    }
    Ok(())
}

pub(super) async fn weak_and_malformed_keys_are_refused(ground: &mut Ground) -> anyhow::Result<()> {
    let mut kms = ground.kms()?;
    let peer = &mut ground.peer;
    let malformed: &[&str] = &["public key", "cut short", "followed by a byte", "not DER"];
    let of_rsa: &[&str] = &[
        "RSA exponent 3",
        "RSA 1024 bits",
        "RSA another exponent",
        "RSA wrong modulus",
        "RSA wrong private exponent",
        "RSA wrong prime",
        "RSA wrong d mod p - 1",
        "RSA wrong coefficient",
        "PKCS 1",
    ];
    let of_curves: &[&str] = &["ECC off the curve", "ECC another point", "ECC zero scalar"];
    let of_p256: &[&str] = &["ECC scalar of the order"];
    for (spec, kinds) in [
        ("RSA_2048", [of_rsa, malformed].concat()),
        ("ECC_NIST_P256", [of_curves, of_p256, malformed].concat()),
        ("ECC_NIST_P384", [of_curves, malformed].concat()),
        ("ECC_NIST_P521", [of_curves, malformed].concat()),
        ("ECC_SECG_P256K1", [of_curves, malformed].concat()),
        ("ECC_NIST_EDWARDS25519", [&["X25519"], malformed].concat()),
    ] {
        let key = Awaiting::key(&mut kms, spec, SIGN).await?;
        let good = peer.generate(spec).await?.private;
        for kind in kinds {
            let material = peer.malform(&good, kind).await?;
            let what = format!("{kind} for {spec}");
            key.refuses(&mut kms, peer, &what, &material).await?;
        }
        key.takes(&mut kms, peer, &good).await?;
    }
    Ok(())
}

pub(super) async fn keys_of_another_curve_or_size_are_refused(ground: &mut Ground) -> anyhow::Result<()> {
    let mut kms = ground.kms()?;
    let peer = &mut ground.peer;
    for family in [ECC, RSA] {
        let mut made = Vec::new();
        for spec in family {
            made.push((*spec, peer.generate(spec).await?.private));
        }
        for spec in family {
            let key = Awaiting::key(&mut kms, spec, SIGN).await?;
            for (other, material) in made.iter().filter(|(other, _)| other != spec) {
                let what = format!("{other} for {spec}");
                key.refuses(&mut kms, peer, &what, material).await?;
            }
        }
    }
    Ok(())
}
