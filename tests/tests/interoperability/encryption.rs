//! RSA ciphertexts.

use super::{Accepted, KeyHere, Sides};
use crate::calls::{decrypt_with, encrypt_with, random_bytes, refusal, told};
use crate::service_model::{ENCRYPT, ENCRYPTION, RSA, SYMMETRIC};

/// What fits under every key with every algorithm.
const PLAINTEXT_BYTES: usize = 190;

pub(super) async fn is_accepted(sides: &mut Sides) -> anyhow::Result<Accepted> {
    let mut accepted = Accepted::default();
    for spec in RSA {
        let made = sides.make_here(spec, ENCRYPT).await?;
        let imported = sides.import_here(spec, ENCRYPT).await?;
        for algorithm in ENCRYPTION.iter().filter(|algorithm| algorithm.name != SYMMETRIC) {
            for key in [&made, &imported] {
                made_there_opens_here(sides, key, algorithm.name).await?;
                accepted.here += 1;
            }
            made_here_opens_there(sides, &imported, algorithm.name).await?;
            accepted.there += 1;
        }
    }
    Ok(accepted)
}

async fn made_there_opens_here(sides: &mut Sides, key: &KeyHere, algorithm: &str) -> anyhow::Result<()> {
    let plaintext = random_bytes(PLAINTEXT_BYTES);
    let mut ciphertext = sides.there.encrypt(&key.public, algorithm, &plaintext).await?;
    let opened = decrypt_with(sides.here(), &key.id, algorithm, &ciphertext).await?;
    assert_eq!(opened.plaintext, plaintext, "{algorithm}");
    assert_eq!(
        opened.key_material_id, None,
        "only symmetric keys name their material"
    );
    ciphertext[100] ^= 1;
    let answer = decrypt_with(sides.here(), &key.id, algorithm, &ciphertext).await;
    assert_eq!(
        refusal(answer),
        told("InvalidCiphertextException", ""),
        "{algorithm}"
    );
    Ok(())
}

async fn made_here_opens_there(sides: &mut Sides, key: &KeyHere, algorithm: &str) -> anyhow::Result<()> {
    let plaintext = random_bytes(PLAINTEXT_BYTES);
    let ciphertext = encrypt_with(sides.here(), &key.id, algorithm, &plaintext).await?;
    let private = key.imported.as_ref().map_or(&[][..], |made| &made.private);
    let opened = sides.there.decrypt(private, algorithm, &ciphertext).await?;
    assert_eq!(opened, plaintext, "{algorithm}");
    Ok(())
}
