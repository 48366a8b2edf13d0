//! Whether the time to refuse a ciphertext tells which check refused it: Welch's t-test between kinds of damage, taken in
//! random order (the method of dudect, Reparaz et al. 2017). Each kind damages many messages, since two messages differ by
//! some nanoseconds whatever is damaged, and one kind comes twice: what the test finds between the two is noise. Run by
//! hand: a shared machine makes noise that no test can promise to be quiet.

use anyhow::Context;
use kms_crypto::material::{KeyMaterial, MaterialName};
use kms_crypto::{mac, rsa_oaep, symmetric};
use kms_domain::vocabulary::{
    EncryptionAlgorithm, EncryptionContext, KeyId, KeySpec, MacAlgorithm, MaterialId,
};
use rand::seq::IndexedRandom;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::hint::black_box;
use std::time::Instant;

/// dudect calls a difference found above this.
const T_FOUND: f64 = 4.5;

/// Times above this quantile are interrupts and the scheduler, not the code.
const KEPT_QUANTILE: f64 = 0.9;

/// Messages that each kind of damage is done to.
const MESSAGES: usize = 64;

/// One kind of damage, done to many messages.
struct Damage {
    name: &'static str,
    inputs: Vec<Vec<u8>>,
}

/// Compares the kinds of damage of each subject, `rounds` refusals of each, and gives a table.
///
/// # Errors
/// When a key cannot be made, or something damaged opens.
pub fn compare(rounds: u32) -> anyhow::Result<String> {
    let mut table = format!(
        "{:<22} {:<22} {:<22} {:>10} {:>10} {:>7}  (found above {T_FOUND})\n",
        "SUBJECT", "DAMAGE", "DAMAGE", "MEAN NS", "MEAN NS", "|T|"
    );
    symmetric_ciphertexts(rounds, &mut table)?;
    rsa_ciphertexts(rounds, &mut table)?;
    macs(rounds, &mut table)?;
    Ok(table)
}

fn symmetric_ciphertexts(rounds: u32, table: &mut String) -> anyhow::Result<()> {
    let material = KeyMaterial::generate(KeySpec::SymmetricDefault, &mut rand::rng())?;
    let key = material.as_symmetric().context("it is symmetric")?;
    let name = MaterialName {
        account: "111122223333".parse()?,
        key_id: KeyId::uuid([7; 16]),
        material_id: MaterialId([9; 32]),
    };
    let context = EncryptionContext::new(BTreeMap::new())?;
    let seal = || symmetric::encrypt(key, &name, &context, &[0x5a; 4_096], &mut rand::rng());
    let length = seal()?.len();
    let damages = vec![
        Damage::to("salt", 51, seal)?,
        Damage::to("commitment, first byte", 83, seal)?,
        Damage::to("commitment, last byte", 114, seal)?,
        Damage::to("body", 115 + 2_000, seal)?,
        Damage::to("tag", length - 1, seal)?,
        Damage::to("tag, for comparison", length - 1, seal)?,
    ];
    let refuse = |input: &[u8]| symmetric::decrypt(key, &name, &context, input).is_err();
    report("symmetric, 4 KiB", &damages, rounds, refuse, table)
}

fn rsa_ciphertexts(rounds: u32, table: &mut String) -> anyhow::Result<()> {
    let material = KeyMaterial::generate(KeySpec::Rsa2048, &mut rand::rng())?;
    let algorithm = EncryptionAlgorithm::RsaesOaepSha256;
    let seal_with = |algorithm| rsa_oaep::encrypt(&material, algorithm, b"attack at dawn");
    let seal = || seal_with(algorithm);
    let length = seal()?.len();
    let damages = vec![
        Damage::to("first bits", 1, seal)?,
        Damage::to("last byte", length - 1, seal)?,
        Damage::to("last byte, comparison", length - 1, seal)?,
        Damage::of("OAEP of another digest", || {
            Ok(seal_with(EncryptionAlgorithm::RsaesOaepSha1)?)
        })?,
    ];
    let refuse = |input: &[u8]| rsa_oaep::decrypt(&material, algorithm, input).is_err();
    report("RSA_2048 OAEP", &damages, rounds / 20, refuse, table)
}

fn macs(rounds: u32, table: &mut String) -> anyhow::Result<()> {
    let material = KeyMaterial::generate(KeySpec::Hmac256, &mut rand::rng())?;
    let message = [0x5a; 256];
    let tag = mac::generate(&material, MacAlgorithm::HmacSha256, &message)?;
    let same = || anyhow::Ok(tag.clone());
    let damages = vec![
        Damage::to("first byte", 0, same)?,
        Damage::to("last byte", 31, same)?,
        Damage::to("last byte, comparison", 31, same)?,
    ];
    let refuse = |input: &[u8]| mac::verify(&material, MacAlgorithm::HmacSha256, &message, input).is_err();
    report("HMAC_256", &damages, rounds, refuse, table)
}

impl Damage {
    fn of(name: &'static str, make: impl Fn() -> anyhow::Result<Vec<u8>>) -> anyhow::Result<Self> {
        let inputs: anyhow::Result<Vec<_>> = (0..MESSAGES).map(|_| make()).collect();
        Ok(Self {
            name,
            inputs: inputs?,
        })
    }

    /// One bit of the byte at `at`.
    fn to<E>(name: &'static str, at: usize, make: impl Fn() -> Result<Vec<u8>, E>) -> anyhow::Result<Self>
    where
        anyhow::Error: From<E>,
    {
        Self::of(name, || {
            let mut input = make()?;
            input[at] ^= 1;
            Ok(input)
        })
    }
}

fn report(
    subject: &str,
    damages: &[Damage],
    rounds: u32,
    refuse: impl Fn(&[u8]) -> bool,
    table: &mut String,
) -> anyhow::Result<()> {
    let times = time(damages, rounds, refuse)?;
    let samples: Vec<Sample> = times.into_iter().map(Sample::of).collect();
    for (i, first) in samples.iter().enumerate() {
        for (j, second) in samples.iter().enumerate().skip(i + 1) {
            let t = first.welch_t(second).abs();
            writeln!(
                table,
                "{subject:<22} {:<22} {:<22} {:>10.0} {:>10.0} {t:>7.2}{}",
                damages[i].name,
                damages[j].name,
                first.mean,
                second.mean,
                if t > T_FOUND { "  FOUND" } else { "" }
            )?;
        }
    }
    Ok(())
}

/// Nanoseconds of each refusal, by kind of damage; the kinds come in random order.
fn time(damages: &[Damage], rounds: u32, refuse: impl Fn(&[u8]) -> bool) -> anyhow::Result<Vec<Vec<f64>>> {
    let kinds: Vec<usize> = (0..damages.len()).collect();
    let mut times = vec![Vec::new(); damages.len()];
    let total = usize::try_from(rounds)? * damages.len();
    for _ in 0..total {
        let kind = *kinds.choose(&mut rand::rng()).context("there is a kind")?;
        // A copy of its own, so that no kind's bytes are warmer than another's.
        let input = damages[kind].inputs.choose(&mut rand::rng()).cloned();
        let input = input.context("there is a message")?;
        let began = Instant::now();
        let refused = refuse(black_box(&input));
        let took = began.elapsed();
        anyhow::ensure!(refused, "{} damaged and opened", damages[kind].name);
        times[kind].push(took.as_secs_f64() * 1e9);
    }
    Ok(times)
}

struct Sample {
    mean: f64,
    variance_of_mean: f64,
}

impl Sample {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts are far below 2^52"
    )]
    fn of(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        times.truncate((times.len() as f64 * KEPT_QUANTILE) as usize);
        let count = times.len().max(2) as f64;
        let mean = times.iter().sum::<f64>() / count;
        let variance = times.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / (count - 1.0);
        Self {
            mean,
            variance_of_mean: variance / count,
        }
    }

    fn welch_t(&self, other: &Self) -> f64 {
        (self.mean - other.mean) / (self.variance_of_mean + other.variance_of_mean).sqrt()
    }
}
