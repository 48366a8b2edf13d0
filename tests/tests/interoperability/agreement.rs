//! Shared secrets: ECDH both ways, and ML-KEM from there to here.

use super::{Accepted, Sides};
use crate::calls::{decapsulate, derive};
use crate::service_model::{AGREE, ENCAPSULATE, ML_KEM, NIST_CURVES};

pub(super) async fn gives_the_same_secret(sides: &mut Sides) -> anyhow::Result<Accepted> {
    let mut accepted = Accepted::default();
    for spec in NIST_CURVES {
        let made = sides.make_here(spec, AGREE).await?;
        let imported = sides.import_here(spec, AGREE).await?;
        for key in [&made, &imported] {
            let other = sides.there.generate(spec).await?;
            let here = derive(sides.here(), &key.id, &other.public).await?;
            let there = sides.there.agree(&other.private, &key.public).await?;
            assert_eq!(here, there, "{spec}");
            accepted.here += 1;
            accepted.there += 1;
        }
        let both = derive(sides.here(), &made.id, &imported.public).await?;
        assert_eq!(
            derive(sides.here(), &imported.id, &made.public).await?,
            both,
            "{spec}: two keys of this service"
        );
    }
    Ok(accepted)
}

pub(super) async fn decapsulates_here(sides: &mut Sides) -> anyhow::Result<Accepted> {
    let mut accepted = Accepted::default();
    for spec in ML_KEM {
        let key = sides.make_here(spec, ENCAPSULATE).await?;
        let mut made = sides.there.encapsulate(&key.public).await?;
        let secret = decapsulate(sides.here(), &key.id, &made.ciphertext).await?;
        assert_eq!(secret, made.secret, "{spec}");
        accepted.here += 1;
        // FIPS 203 rejects implicitly: other bytes, and no error.
        made.ciphertext[0] ^= 1;
        let rejected = decapsulate(sides.here(), &key.id, &made.ciphertext).await?;
        assert_eq!(rejected.len(), made.secret.len(), "{spec}");
        assert_ne!(rejected, made.secret, "{spec}");
    }
    Ok(accepted)
}
