//! What the cryptography costs without a server: signing on all processors, and finding and opening a ciphertext under
//! a key of one material and of many.

use crate::bench::operations::{Operation, PLAINTEXT_BYTES};
use crate::bench::report::{Figure, Threshold, median};
use anyhow::Context;
use kms_crypto::material::{KeyMaterial, MaterialName};
use kms_crypto::wrap::{MaterialPlace, WrappingKey};
use kms_crypto::{signing, symmetric};
use kms_domain::key::{KeyName, Material, WrappedMaterial};
use kms_domain::vocabulary::{
    EncryptionContext, KeyId, KeyOrigin, KeySpec, MaterialId, MessageType, RegionName, SigningAlgorithm,
};
use kms_domain::{Row, State};
use rand::seq::IndexedRandom;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Materials of the key that has many.
const MATERIALS_MANY: u32 = 10_000;

/// Ciphertexts of each key that are opened in turn.
const CIPHERTEXTS: usize = 512;

/// Signing without a server, by spec.
pub struct Signers {
    p256: Signer,
    rsa_2048: Signer,
}

impl Signers {
    /// Makes the keys.
    ///
    /// # Errors
    /// When a key cannot be made.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self {
            p256: Signer::new(KeySpec::EccNistP256, SigningAlgorithm::EcdsaSha256)?,
            rsa_2048: Signer::new(KeySpec::Rsa2048, SigningAlgorithm::RsassaPssSha256)?,
        })
    }

    /// What a server that costs no more than an echo could reach now, given what the echo reaches: 1/(1/echo +
    /// 1/signatures a second on all processors), or the echo where nothing is signed.
    ///
    /// # Errors
    /// When the key does not sign.
    pub fn ceiling(&mut self, operation: Operation, echo: f64, duration: Duration) -> anyhow::Result<f64> {
        let signer = match operation {
            Operation::SignP256 => &mut self.p256,
            Operation::SignRsa2048 => &mut self.rsa_2048,
            _ => return Ok(echo),
        };
        let signatures = signer.per_second(duration)?;
        signer.turns.push(signatures);
        Ok(1.0 / (1.0 / echo + 1.0 / signatures))
    }

    /// Medians of the turns that there were.
    pub fn figures(&self) -> Vec<Figure> {
        let named = [
            ("in process: Sign, P-256, all processors", &self.p256),
            ("in process: Sign, RSA-2048, all processors", &self.rsa_2048),
        ];
        let measured = named.into_iter().filter(|(_, signer)| !signer.turns.is_empty());
        measured
            .map(|(name, signer)| Figure::plain(name, median(&signer.turns), "1/s"))
            .collect()
    }
}

struct Signer {
    key: KeyMaterial,
    algorithm: SigningAlgorithm,
    /// Signatures a second of each turn.
    turns: Vec<f64>,
}

impl Signer {
    fn new(spec: KeySpec, algorithm: SigningAlgorithm) -> anyhow::Result<Self> {
        Ok(Self {
            key: KeyMaterial::generate(spec, &mut rand::rng())?,
            algorithm,
            turns: Vec::new(),
        })
    }

    /// Signs 1 KiB as fast as all processors can.
    fn per_second(&self, duration: Duration) -> anyhow::Result<f64> {
        let message = [0x5a; PLAINTEXT_BYTES];
        let deadline = Instant::now() + duration;
        let sign_until_deadline = || -> anyhow::Result<u32> {
            let mut signed = 0;
            while Instant::now() < deadline {
                let raw = MessageType::Raw;
                signing::sign(&self.key, self.algorithm, raw, &message, &mut rand::rng())?;
                signed += 1;
            }
            Ok(signed)
        };
        let processors = std::thread::available_parallelism()?.get();
        let signed: anyhow::Result<Vec<u32>> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..processors)
                .map(|_| scope.spawn(sign_until_deadline))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().map_err(|_| anyhow::anyhow!("a signer panicked"))?)
                .collect()
        });
        Ok(f64::from(signed?.iter().sum::<u32>()) / duration.as_secs_f64())
    }
}

/// Time to find a ciphertext's material among those of its key, to unwrap it and to decrypt, for a key of one material
/// and for one of many.
///
/// # Errors
/// When something does not open.
pub fn decrypt_by_materials(duration: Duration) -> anyhow::Result<Vec<Figure>> {
    let one = DecryptingKey::make(1)?.microseconds_each(duration)?;
    let many = DecryptingKey::make(MATERIALS_MANY)?.microseconds_each(duration)?;
    Ok(vec![
        Figure::plain("in process: Decrypt, 1 material", one, "us"),
        Figure::plain(
            format!("in process: Decrypt, {MATERIALS_MANY} materials"),
            many,
            "us",
        )
        .by("1 material", many / one)
        .ratio_must_be(Threshold::Below(1.25)),
    ])
}

/// A key with its materials in a state, and ciphertexts under materials chosen at random.
struct DecryptingKey {
    state: State,
    wrapping_key: WrappingKey,
    region: RegionName,
    ciphertexts: Vec<Vec<u8>>,
}

impl DecryptingKey {
    fn make(materials: u32) -> anyhow::Result<Self> {
        let wrapping_key = WrappingKey::generate(1, &mut rand::rng());
        let region: RegionName = "us-east-1".parse()?;
        let mut rows = Vec::new();
        let mut opened = Vec::new();
        for sequence in 0..materials {
            let mut id = [0; 32];
            id[..4].copy_from_slice(&sequence.to_be_bytes());
            let name = material_name(MaterialId(id))?;
            let material = KeyMaterial::generate(KeySpec::SymmetricDefault, &mut rand::rng())?;
            let bytes = wrapping_key.wrap_material(&place(&region, name), &material, &mut rand::rng())?;
            rows.push(material_row(name, u64::from(sequence), bytes));
            opened.push((name, material));
        }
        let mut ciphertexts = Vec::new();
        for _ in 0..CIPHERTEXTS {
            let (name, material) = opened.choose(&mut rand::rng()).context("there is a material")?;
            let symmetric = material.as_symmetric().context("it is symmetric")?;
            let plaintext = [0x5a; PLAINTEXT_BYTES];
            ciphertexts.push(symmetric::encrypt(
                symmetric,
                name,
                &no_context()?,
                &plaintext,
                &mut rand::rng(),
            )?);
        }
        Ok(Self {
            state: State::from_rows(rows),
            wrapping_key,
            region,
            ciphertexts,
        })
    }

    fn microseconds_each(&self, duration: Duration) -> anyhow::Result<f64> {
        let context = no_context()?;
        let began = Instant::now();
        let mut decrypted: u32 = 0;
        while began.elapsed() < duration {
            for ciphertext in &self.ciphertexts {
                self.decrypt(ciphertext, &context)?;
                decrypted += 1;
            }
        }
        Ok(began.elapsed().as_secs_f64() * 1e6 / f64::from(decrypted))
    }

    fn decrypt(&self, ciphertext: &[u8], context: &EncryptionContext) -> anyhow::Result<()> {
        let header = symmetric::CiphertextHeader::parse(ciphertext)?;
        let name = material_name(header.material_id)?;
        let key = KeyName {
            account: name.account,
            key_id: name.key_id,
        };
        let row = self
            .state
            .material(&key, &header.material_id)
            .context("the material is there")?;
        let wrapped = row.wrapped.as_ref().context("its bytes are there")?;
        let material = self
            .wrapping_key
            .unwrap_material(&place(&self.region, name), &wrapped.bytes)?;
        let symmetric = material.as_symmetric().context("it is symmetric")?;
        symmetric::decrypt(symmetric, &name, context, ciphertext)?;
        Ok(())
    }
}

fn no_context() -> anyhow::Result<EncryptionContext> {
    Ok(EncryptionContext::new(BTreeMap::new())?)
}

fn material_name(material_id: MaterialId) -> anyhow::Result<MaterialName> {
    Ok(MaterialName {
        account: "111122223333".parse()?,
        key_id: KeyId::uuid([7; 16]),
        material_id,
    })
}

fn place(region: &RegionName, name: MaterialName) -> MaterialPlace<'_> {
    MaterialPlace {
        cluster: "bench",
        region,
        name,
        spec: KeySpec::SymmetricDefault,
        origin: KeyOrigin::AwsKms,
        row_format: 1,
    }
}

fn material_row(name: MaterialName, sequence: u64, bytes: Vec<u8>) -> Row {
    Row::Material(Arc::new(Material {
        key: KeyName {
            account: name.account,
            key_id: name.key_id,
        },
        material_id: name.material_id,
        sequence,
        wrapped: Some(WrappedMaterial {
            wrapping_key: 1,
            bytes: bytes.into(),
        }),
        imported: None,
        revision: 0,
        rotation_date: None,
        rotation_kind: None,
        held_by: std::collections::BTreeSet::new(),
    }))
}
