//! Must hold 2: each signature, MAC, ciphertext and shared secret made here is accepted by an independent
//! implementation, and the other way round, per spec and algorithm.
//!
//! What needs a private key on the other side needs a key that was made there and imported here. ML-DSA and ML-KEM keys
//! cannot be imported; signatures made there and encapsulations made here are compared in the crypto crate.

mod agreement;
mod data_key_pairs;
mod encryption;
mod macs;
mod signatures;

use crate::calls::{create, external, key_of, public_key};
use crate::imports::import_material;
use anyhow::Context;
use kms_tests::client::Kms;
use kms_tests::interop::{Peer, PeerKey};
use kms_tests::summary::{figure, skipped};
use kms_tests::test_cluster::TestCluster;
use std::collections::BTreeMap;

const REGION: &str = "us-east-1";
const PROMISE: &str = "2, interoperability";

/// The region's nodes, the other implementation, and the keys that each of them made.
struct Sides {
    nodes: Vec<Kms>,
    turn: usize,
    there: Peer,
    made_there: BTreeMap<&'static str, PeerKey>,
}

/// A key that is used here: made here, or made there and imported.
struct KeyHere {
    id: String,
    /// As GetPublicKey answers it; empty for HMAC keys.
    public: Vec<u8>,
    /// What it was imported from.
    imported: Option<PeerKey>,
}

/// How many were accepted, by the way they went.
#[derive(Debug, Default)]
struct Accepted {
    there: usize,
    here: usize,
}

impl Sides {
    /// The next node's turn: what one node made, another takes.
    fn here(&mut self) -> &mut Kms {
        self.turn = (self.turn + 1) % self.nodes.len();
        &mut self.nodes[self.turn]
    }

    async fn make_here(&mut self, spec: &str, usage: &str) -> anyhow::Result<KeyHere> {
        let id = create(self.here(), key_of(spec, usage)).await?.key_id;
        let public = public_key(self.here(), &id).await?;
        Ok(KeyHere {
            id,
            public,
            imported: None,
        })
    }

    /// Imports the one key of a spec that was made there; RSA keys take long to make.
    async fn import_here(&mut self, spec: &'static str, usage: &str) -> anyhow::Result<KeyHere> {
        if !self.made_there.contains_key(spec) {
            let made = self.there.generate(spec).await?;
            self.made_there.insert(spec, made);
        }
        let made = self.made_there.get(spec).cloned().context("it was made above")?;
        self.turn = (self.turn + 1) % self.nodes.len();
        let kms = &mut self.nodes[self.turn];
        let id = create(kms, external(spec, usage)).await?.key_id;
        import_material(kms, &mut self.there, &id, &made.private).await?;
        let mut public = Vec::new();
        if !made.public.is_empty() {
            public = public_key(self.here(), &id).await?;
            assert_eq!(public, made.public, "{spec}: the public key of an imported key");
        }
        Ok(KeyHere {
            id,
            public,
            imported: Some(made),
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_side_makes_the_other_accepts_for_every_spec_and_algorithm() -> anyhow::Result<()> {
    let Some(there) = Peer::start()? else {
        skipped(PROMISE, "CONCORD_PYTHON names no Python");
        return Ok(());
    };
    let cluster = TestCluster::start("interoperability", &[REGION], 3).await?;
    let nodes = cluster.nodes_of(REGION);
    let mut sides = Sides {
        nodes: nodes
            .iter()
            .map(|node| cluster.kms(node))
            .collect::<anyhow::Result<_>>()?,
        turn: 0,
        there,
        made_there: BTreeMap::new(),
    };
    let promises = [
        ("signatures", signatures::are_accepted(&mut sides).await?),
        ("MACs", macs::are_accepted(&mut sides).await?),
        ("RSA ciphertexts", encryption::is_accepted(&mut sides).await?),
        (
            "ECDH secrets",
            agreement::gives_the_same_secret(&mut sides).await?,
        ),
        ("ML-KEM secrets", agreement::decapsulates_here(&mut sides).await?),
        ("data key pairs", data_key_pairs::work_there(&mut sides).await?),
    ];
    for (what, accepted) in promises {
        let (there, here) = (accepted.there, accepted.here);
        figure(
            PROMISE,
            &format!("{what}: {there} made here accepted there, {here} made there accepted here"),
        );
        assert!(there + here > 0, "{what}: nothing was compared");
    }
    cluster.passed();
    Ok(())
}
