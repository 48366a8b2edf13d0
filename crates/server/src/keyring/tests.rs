//! What the region's keys open, and for whom.

use super::*;
use kms_crypto::region::{RegionIdentity, RegionLife, RegionVerifyingKey, SignedHpkeKey};
use kms_domain::rows::{AccessKey, AccessKeyStatus};
use kms_domain::vocabulary::{AccessKeyId, KeyId, Timestamp};
use kms_domain::{Command, Guard, Proposal};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn root() -> RootKey {
    RootKey::generate(&mut UnwrapErr(SysRng))
}

fn founded(keyring: &Keyring) -> State {
    let region = "us-east-1".parse().unwrap();
    let bootstrap = keyring.found_region("local", &region, NOW, 1).unwrap();
    let mut state = State::default();
    let proposal = Proposal {
        time: NOW,
        principal: None,
        request: None,
        guard: Guard::default(),
        command: Command::Bootstrap(bootstrap),
    };
    assert!(state.apply(1, &proposal).result.is_ok());
    state
}

fn key() -> KeyName {
    KeyName {
        account: "111122223333".parse().unwrap(),
        key_id: KeyId::uuid([7; 16]),
    }
}

fn same_root(root: &RootKey) -> RootKey {
    use kms_crypto::seal::{FileSeal, SealProvider};
    let sealed = FileSeal.seal(root, &mut UnwrapErr(SysRng)).ok().unwrap();
    FileSeal.unseal(sealed.expose()).ok().unwrap()
}

#[test]
fn every_node_with_the_regions_root_key_opens_what_one_of_them_made() {
    let first = Keyring::new(root()).ok().unwrap();
    let second = Keyring::new(same_root(first.root())).ok().unwrap();
    let state = founded(&first);
    let region = state.region().unwrap();

    assert!(second.prove(&state).is_ok());
    assert_eq!(second.marker_key(), first.marker_key());
    assert!(second.hpke_key_pair(&state, region.hpke_key).is_ok());
    let (from, to) = (epoch(1), epoch(2));
    let proof = second
        .sign_handover(&state, &key(), from.clone(), to.clone())
        .unwrap();
    let fields = handover_fields("local", &key().account, &key().key_id, &from, &to);
    let signature = kms_crypto::region::Signature(proof.signature[..].try_into().unwrap());
    let public = RegionVerifyingKey::from_bytes(region.signing_public);
    assert_eq!(public.verify(&fields, &signature), Ok(()));
}

#[test]
fn another_root_key_opens_nothing_of_the_region() {
    let state = founded(&Keyring::new(root()).ok().unwrap());
    let stranger = Keyring::new(root()).ok().unwrap();
    assert!(stranger.prove(&state).is_err());
    assert!(stranger.hpke_key_pair(&state, 1).is_err());
    assert!(stranger.signing_key(&state).is_err());
}

#[test]
fn before_bootstrap_there_is_no_material_and_the_refusal_says_what_to_do() {
    let keyring = Keyring::new(root()).ok().unwrap();
    let state = State::default();
    let refusal = keyring
        .make_material(&state, key(), KeySpec::SymmetricDefault, KeyOrigin::AwsKms)
        .unwrap_err();
    assert!(matches!(&refusal, OperationError::Unavailable(text) if text.contains("bootstrap")));
}

#[test]
fn the_hpke_key_of_a_new_region_and_its_successor_verify_under_its_identity() {
    let keyring = Keyring::new(root()).ok().unwrap();
    let state = founded(&keyring);
    let region = state.region().unwrap();
    let identity = RegionIdentity {
        life: RegionLife {
            region: region.name.clone(),
            incarnation: region.incarnation,
        },
        issuer_spki: Vec::new(),
        signing_key: RegionVerifyingKey::from_bytes(region.signing_public),
    };
    let first = (**state.hpke_key(1).unwrap()).clone();
    let next = keyring.next_hpke_key(&state, NOW.plus_days(90)).unwrap();
    assert_eq!(next.id, 2);
    for row in [first, next] {
        let published = [
            &[1][..],
            &row.id.to_be_bytes(),
            &0u64.to_be_bytes(),
            &row.valid_until.0.to_be_bytes(),
            &row.public,
            &row.signature,
        ]
        .concat();
        let signed = SignedHpkeKey::from_bytes(&published).unwrap();
        assert!(signed.verify("local", &identity, NOW.plus_days(91), 1).is_ok());
        assert!(signed.verify("elsewhere", &identity, NOW, 1).is_err());
    }
}

fn epoch(counter: u64) -> Epoch {
    Epoch {
        counter,
        region: "us-east-1".parse().unwrap(),
        incarnation: Incarnation([9; 16]),
    }
}

#[test]
fn every_node_opens_the_secret_of_an_access_key_in_its_own_row_only() {
    let first = Keyring::new(root()).ok().unwrap();
    let second = Keyring::new(same_root(first.root())).ok().unwrap();
    let state = founded(&first);
    let row = |id: u8, principal: &str, secret| AccessKey {
        id: AccessKeyId::from_random([id; 10]),
        principal: principal.parse().unwrap(),
        status: AccessKeyStatus::Active,
        creation_date: NOW,
        home: "us-east-1".parse().unwrap(),
        revision: 1,
        secret,
    };
    let user = "arn:aws:iam::111122223333:user/app";
    let (account, id) = (key().account, AccessKeyId::from_random([1; 10]));
    let (secret, wrapped) = first.make_access_key_secret(&state, account, id).ok().unwrap();
    let opened = second.open_access_key_secret(&state, &row(1, user, Some(wrapped.clone())));
    let opened = opened.ok().unwrap();
    assert!(opened.ct_eq(&secret) && opened.len() == 40);

    let other_user = "arn:aws:iam::444455556666:user/app";
    for elsewhere in [
        row(2, user, Some(wrapped.clone())),
        row(1, other_user, Some(wrapped)),
    ] {
        assert!(second.open_access_key_secret(&state, &elsewhere).is_err());
    }
    let deleted = second.open_access_key_secret(&state, &row(1, user, None)).err();
    assert_eq!(deleted, Some(KmsError::AccessKeyEnded.into()));
}
