//! Message authentication codes: HMAC keys never leave, so those that both sides know were made there.

use super::{Accepted, Sides};
use crate::calls::{mac, random_bytes, refusal, told, verify_mac};
use crate::service_model::{MAC, MACS};
use anyhow::Context;

const MESSAGE_BYTES: usize = 1_000;

pub(super) async fn are_accepted(sides: &mut Sides) -> anyhow::Result<Accepted> {
    let mut accepted = Accepted::default();
    for algorithm in MACS {
        for spec in algorithm.specs {
            let key = sides.import_here(spec, MAC).await?;
            let shared = key.imported.context("an imported key")?.private;
            let (id, name) = (&key.id, algorithm.name);
            let message = random_bytes(MESSAGE_BYTES);
            let made_here = mac(sides.here(), id, name, &message).await?;
            let there = &mut sides.there;
            assert!(
                there.accepts_mac(&shared, name, &message, &made_here).await?,
                "{spec}"
            );
            assert!(
                !there.accepts_mac(&shared, name, b"another", &made_here).await?,
                "{spec}"
            );
            accepted.there += 1;
            let mut made_there = there.mac(&shared, name, &message).await?;
            let answer = verify_mac(sides.here(), id, name, &message, &made_there).await?;
            assert!(answer.mac_valid, "an answer is always yes");
            accepted.here += 1;
            made_there[0] ^= 1;
            let answer = verify_mac(sides.here(), id, name, &message, &made_there).await;
            assert_eq!(refusal(answer), told("KMSInvalidMacException", ""), "{spec}");
        }
    }
    Ok(accepted)
}
