//! Whether the time to refuse a ciphertext tells which check refused it: Welch's t-test between kinds of damage, taken in
//! random order (the method of dudect, Reparaz et al. 2017). Run by hand: a shared machine makes noise that no test can
//! promise to be quiet.

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

/// One kind of damage, and what it damages.
struct Damage {
    name: &'static str,
    input: Vec<u8>,
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
    let sealed = symmetric::encrypt(key, &name, &context, &[0x5a; 4_096], &mut rand::rng())?;
    let damages = vec![
        damage("salt", &sealed, 51),
        damage("commitment, first byte", &sealed, 83),
        damage("commitment, last byte", &sealed, 114),
        damage("body", &sealed, 115 + 2_000),
        damage("tag", &sealed, sealed.len() - 1),
    ];
    let refuse = |input: &[u8]| symmetric::decrypt(key, &name, &context, input).is_err();
    report("symmetric, 4 KiB", &damages, rounds, refuse, table)
}

fn rsa_ciphertexts(rounds: u32, table: &mut String) -> anyhow::Result<()> {
    let material = KeyMaterial::generate(KeySpec::Rsa2048, &mut rand::rng())?;
    let algorithm = EncryptionAlgorithm::RsaesOaepSha256;
    let sealed = rsa_oaep::encrypt(&material, algorithm, b"attack at dawn")?;
    let other_digest = rsa_oaep::encrypt(&material, EncryptionAlgorithm::RsaesOaepSha1, b"attack at dawn")?;
    let damages = vec![
        damage("first bits", &sealed, 1),
        damage("last byte", &sealed, sealed.len() - 1),
        Damage {
            name: "OAEP of another digest",
            input: other_digest,
        },
    ];
    let refuse = |input: &[u8]| rsa_oaep::decrypt(&material, algorithm, input).is_err();
    report("RSA_2048 OAEP", &damages, rounds / 20, refuse, table)
}

fn macs(rounds: u32, table: &mut String) -> anyhow::Result<()> {
    let material = KeyMaterial::generate(KeySpec::Hmac256, &mut rand::rng())?;
    let message = [0x5a; 256];
    let tag = mac::generate(&material, MacAlgorithm::HmacSha256, &message)?;
    let damages = vec![damage("first byte", &tag, 0), damage("last byte", &tag, 31)];
    let refuse = |input: &[u8]| mac::verify(&material, MacAlgorithm::HmacSha256, &message, input).is_err();
    report("HMAC_256", &damages, rounds, refuse, table)
}

fn damage(name: &'static str, whole: &[u8], at: usize) -> Damage {
    let mut input = whole.to_vec();
    input[at] ^= 1;
    Damage { name, input }
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
        let input = damages[kind].input.clone();
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
