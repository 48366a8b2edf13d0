//! Requests of the public API, from the protobuf bytes to the parameters that are parsed further.

use crate::Seed;
use kms_domain::vocabulary::context::ENCRYPTION_CONTEXT_BYTES_MAX;
use kms_proto::{admin, kms};
use kms_server::operations::validation;
use prost::{Message, Name};
use std::collections::BTreeMap;

/// One kind of request.
struct Kind {
    name: &'static str,
    decode: fn(&[u8]) -> bool,
    empty: fn() -> Vec<u8>,
}

macro_rules! requests {
    ($($api:ident: $($request:ident),+;)+) => {
        &[$($(Kind {
            name: $api::v1::$request::NAME,
            decode: has_one_meaning::<$api::v1::$request>,
            empty: || $api::v1::$request::default().encode_to_vec(),
        }),+),+]
    };
}

/// Every request of both APIs; the first byte of an input chooses one. New ones come last, in a list of their own, or
/// the corpus would change its meaning.
const KINDS: &[Kind] = requests! {
    kms: CreateKeyRequest, DescribeKeyRequest, ListKeysRequest, EnableKeyRequest, DisableKeyRequest,
        UpdateKeyDescriptionRequest, ScheduleKeyDeletionRequest, CancelKeyDeletionRequest, EncryptRequest,
        DecryptRequest, ReEncryptRequest, GenerateDataKeyRequest, GenerateDataKeyWithoutPlaintextRequest,
        GenerateDataKeyPairRequest, GenerateDataKeyPairWithoutPlaintextRequest, GenerateRandomRequest, SignRequest,
        VerifyRequest, GenerateMacRequest, VerifyMacRequest, DeriveSharedSecretRequest, EncapsulateRequest,
        DecapsulateRequest, GetPublicKeyRequest, GetKeyLastUsageRequest, GetParametersForImportRequest,
        ImportKeyMaterialRequest, DeleteImportedKeyMaterialRequest, CreateAliasRequest, UpdateAliasRequest,
        DeleteAliasRequest, ListAliasesRequest, TagResourceRequest, UntagResourceRequest, ListResourceTagsRequest,
        EnableKeyRotationRequest, DisableKeyRotationRequest, GetKeyRotationStatusRequest, RotateKeyOnDemandRequest,
        ListKeyRotationsRequest, ReplicateKeyRequest, UpdatePrimaryRegionRequest;
    admin: BootstrapRequest, RegionStatusRequest, AddNodeRequest, RemoveNodeRequest, TransferLeaderRequest,
        TriggerSnapshotRequest, PairRegionRequest, UnpairRegionRequest, ListRegionPairsRequest,
        GetRegionIdentityRequest, DescribeReplicationRequest, ListWrappingKeysRequest;
    admin: CreateAccountRequest, ListAccountsRequest, SetAccountStatusRequest, DeleteAccountRequest,
        CreateAccessKeyRequest, ListAccessKeysRequest, SetAccessKeyStatusRequest, DeleteAccessKeyRequest;
};

/// A request of the kind that the first byte names: it is written as bytes that mean the same. The encryption context
/// of an Encrypt is taken only within its bounds, and its canonical bytes say exactly what is in it.
pub fn api_message(bytes: &[u8]) -> bool {
    let Some((kind, bytes)) = bytes.split_first() else {
        return false;
    };
    let Some(kind) = KINDS.get(usize::from(*kind)) else {
        return false;
    };
    if let Ok(request) = kms::v1::EncryptRequest::decode(bytes) {
        encryption_context(request.encryption_context);
    }
    (kind.decode)(bytes)
}

fn has_one_meaning<M: Message + Default + PartialEq>(bytes: &[u8]) -> bool {
    let Ok(request) = M::decode(bytes) else {
        return false;
    };
    let written = request.encode_to_vec();
    assert!(M::decode(written.as_slice()).is_ok_and(|again| again == request));
    true
}

fn encryption_context(pairs: BTreeMap<String, String>) {
    let Ok(context) = validation::encryption_context(pairs.clone()) else {
        return;
    };
    let bytes = context.canonical_bytes();
    assert!(bytes.len() <= ENCRYPTION_CONTEXT_BYTES_MAX);
    assert!(!pairs.contains_key(""));
    let (count, mut rest) = bytes.split_first_chunk().expect("a count comes first");
    assert_eq!(u32::from_be_bytes(*count) as usize, pairs.len());
    for expected in pairs.iter().flat_map(|(key, value)| [key, value]) {
        let (length, after) = rest.split_first_chunk().expect("each text has a length");
        let (text, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        assert_eq!(text, expected.as_bytes());
        rest = after;
    }
    assert!(rest.is_empty());
}

/// Every kind of request without any parameter, and an Encrypt with all of them.
pub fn seeds() -> Vec<Seed> {
    let numbered = (0u8..).zip(KINDS);
    let mut seeds: Vec<Seed> = numbered
        .map(|(number, kind)| Seed::new(kind.name, [&[number], (kind.empty)().as_slice()].concat()))
        .collect();
    let encrypt = kms::v1::EncryptRequest {
        key_id: "alias/payroll".to_owned(),
        plaintext: b"attack at dawn".to_vec(),
        encryption_context: [("purpose", "fuzzing"), ("tenant", "7")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        grant_tokens: vec!["a grant token".to_owned()],
        encryption_algorithm: Some("SYMMETRIC_DEFAULT".to_owned()),
        dry_run: Some(true),
    };
    let number = (0u8..)
        .zip(KINDS)
        .find(|(_, kind)| kind.name == kms::v1::EncryptRequest::NAME);
    let (number, _) = number.expect("Encrypt is a request");
    let encrypt = [&[number], encrypt.encode_to_vec().as_slice()].concat();
    seeds.push(Seed::new("encrypt-with-everything", encrypt));
    seeds
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_request_of_both_apis_is_among_the_kinds() {
        let sets = [kms::FILE_DESCRIPTOR_SET, admin::FILE_DESCRIPTOR_SET];
        let files =
            sets.map(|set| prost_types::FileDescriptorSet::decode(set).expect("it was encoded by the build"));
        let ours = files
            .iter()
            .flat_map(|set| &set.file)
            .filter(|file| file.package().starts_with("concord."));
        let requests: BTreeSet<&str> = ours
            .flat_map(|file| &file.message_type)
            .map(|message| message.name())
            .filter(|name| name.ends_with("Request"))
            .collect();
        let kinds: BTreeSet<&str> = KINDS.iter().map(|kind| kind.name).collect();
        assert_eq!(kinds, requests);
    }
}
