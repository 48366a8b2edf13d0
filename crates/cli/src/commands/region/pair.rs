//! Trust between regions: identities, and their pinning by an operator who compares fingerprints.

use std::fmt::Write as _;

use kms_proto::admin::v1::admin_client::AdminClient;
use kms_proto::admin::v1::{
    GetRegionIdentityRequest, GetRegionIdentityResponse, ListRegionPairsRequest, PairRegionRequest,
    PairRegionResponse, RegionIdentity, UnpairRegionRequest,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::confirm::confirm;
use crate::connection::{Connection, Repeat};
use crate::failure::Failure;
use crate::session::{Session, TIMEOUT};
use crate::{json as message, output};

pub(super) async fn pair(session: &Session, with: &str, mutual: bool, yes: bool) -> Result<(), Failure> {
    let here = session.admin(TIMEOUT)?;
    let there = session.admin_of(with, TIMEOUT)?;
    let their_identity = fetch_identity(&there).await?;
    let mut question = format!("This region will trust:\n{}", describe(&their_identity)?);
    let own_identity = if mutual {
        Some(fetch_identity(&here).await?)
    } else {
        None
    };
    if let Some(own_identity) = &own_identity {
        write!(
            question,
            "\n\nand that region will trust:\n{}",
            describe(own_identity)?
        )
        .expect("a string takes all that is written to it");
    }
    confirm(&question, yes)?;
    if yes {
        output::tell(&question);
    }
    let pinned_here = pin(&here, &their_identity).await?;
    let mut pairs = vec![message::of(&pinned_here)["Pair"].take()];
    if let Some(own_identity) = &own_identity {
        pairs.push(message::of(&pin(&there, own_identity).await?)["Pair"].take());
    }
    output::print(session.format(), &json!({ "Pairs": pairs }), || {
        let names: Vec<&str> = pairs
            .iter()
            .filter_map(|pair| pair["Identity"]["Name"].as_str())
            .collect();
        format!("pinned: {}", names.join(", "))
    })
}

pub(super) async fn unpair(session: &Session, region: &str, yes: bool) -> Result<(), Failure> {
    confirm(&format!("This region will not trust {region} any more."), yes)?;
    let request = UnpairRegionRequest {
        region: region.to_owned(),
    };
    let send = async |channel, request| AdminClient::new(channel).unpair_region(request).await;
    session.admin(TIMEOUT)?.call(Repeat::Safe, request, send).await?;
    output::done(session.format(), &format!("{region} is not a peer any more"))
}

pub(super) async fn identity(session: &Session) -> Result<(), Failure> {
    let answer = fetch_identity(&session.admin(TIMEOUT)?).await?;
    let table = describe(&answer)?;
    output::print(session.format(), &message::of(&answer), || table)
}

pub(super) async fn peers(session: &Session) -> Result<(), Failure> {
    let send = async |channel, request| AdminClient::new(channel).list_region_pairs(request).await;
    let answer = session
        .admin(TIMEOUT)?
        .call(Repeat::Safe, ListRegionPairsRequest {}, send)
        .await?;
    output::print(session.format(), &message::of(&answer), || {
        let rows: Vec<Value> = answer
            .pairs
            .iter()
            .map(|pair| {
                let mut row = message::of(pair);
                let identity = pair.identity.clone().unwrap_or_default();
                row["SigningKeyFingerprint"] = json!(fingerprint(&identity.signing_public_key));
                row
            })
            .collect();
        let columns = [
            ("REGION", "/Identity/Name"),
            ("INCARNATION", "/Identity/Incarnation"),
            ("ENDPOINTS", "/Endpoints"),
            ("SIGNING KEY", "/SigningKeyFingerprint"),
        ];
        output::list(&rows, &columns)
    })
}

async fn fetch_identity(connection: &Connection) -> Result<GetRegionIdentityResponse, Failure> {
    let send = async |channel, request| AdminClient::new(channel).get_region_identity(request).await;
    connection
        .call(Repeat::Safe, GetRegionIdentityRequest {}, send)
        .await
}

async fn pin(
    connection: &Connection,
    answer: &GetRegionIdentityResponse,
) -> Result<PairRegionResponse, Failure> {
    let request = PairRegionRequest {
        identity: answer.identity.clone(),
        endpoints: answer.endpoints.clone(),
    };
    let send = async |channel, request| AdminClient::new(channel).pair_region(request).await;
    connection.call(Repeat::Safe, request, send).await
}

/// An identity with its fingerprints, as an operator compares them.
fn describe(answer: &GetRegionIdentityResponse) -> Result<String, Failure> {
    let identity = answer.identity.as_ref().ok_or(Failure::Incomplete("Identity"))?;
    let mut value = message::of(answer);
    let RegionIdentity {
        sealing_key,
        signing_public_key,
        issuing_ca_spki_sha256,
        ..
    } = identity;
    let sealing_key = sealing_key.as_ref().ok_or(Failure::Incomplete("SealingKey"))?;
    value["SigningKey"] = json!(fingerprint(signing_public_key));
    value["SealingKey"] = json!(fingerprint(&sealing_key.public_key));
    value["IssuingCa"] = json!(hex_pairs(issuing_ca_spki_sha256));
    let lines = [
        ("region", "/Identity/Name"),
        ("cluster", "/Identity/Cluster"),
        ("incarnation", "/Identity/Incarnation"),
        ("endpoints", "/Endpoints"),
        ("signing key (SHA-256)", "/SigningKey"),
        ("sealing key (SHA-256)", "/SealingKey"),
        ("sealing key id", "/Identity/SealingKey/Id"),
        ("sealing key until", "/Identity/SealingKey/NotAfter"),
        ("issuing CA (SPKI SHA-256)", "/IssuingCa"),
    ];
    Ok(output::record(&value, &lines))
}

/// SHA-256 of a public key.
fn fingerprint(public_key: &[u8]) -> String {
    hex_pairs(&Sha256::digest(public_key))
}

/// `ab:cd:…`
fn hex_pairs(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .join(":")
}

#[cfg(test)]
mod tests {
    use kms_proto::admin::v1::{GetRegionIdentityResponse, RegionIdentity, SealingKey};

    use super::describe;

    #[test]
    fn an_identity_is_shown_with_the_fingerprints_of_all_that_will_be_trusted() {
        let identity = RegionIdentity {
            name: "eu-west-1".to_owned(),
            signing_public_key: b"abc".to_vec(),
            sealing_key: Some(SealingKey {
                public_key: Vec::new(),
                ..Default::default()
            }),
            issuing_ca_spki_sha256: vec![0xAB, 1],
            ..Default::default()
        };
        let answer = GetRegionIdentityResponse {
            identity: Some(identity),
            endpoints: Vec::new(),
        };
        let shown = describe(&answer).unwrap();
        // SHA-256 of "abc" and of nothing, FIPS 180-4.
        assert!(shown.contains("ba:78:16:bf:8f:01:cf:ea"), "{shown}");
        assert!(shown.contains("e3:b0:c4:42:98:fc:1c:14"), "{shown}");
        assert!(shown.contains("ab:01"), "{shown}");
        assert!(describe(&GetRegionIdentityResponse::default()).is_err());
    }
}
