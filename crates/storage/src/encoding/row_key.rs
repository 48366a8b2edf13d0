//! The bytes under which a row is held: they sort as [`RowKey`] does, so that an image read in byte order is in the
//! order of a snapshot.

use kms_domain::RowKey;
use kms_domain::identity::IdentityId;
use kms_domain::key::KeyName;
use kms_domain::multi_region::RecordId;
use kms_domain::vocabulary::ids::KeyIdKind;

/// The bytes under which a row is held. Equal keys have equal bytes, and bytes compare as the keys do. Never decoded:
/// a row says its own key.
pub fn encode_row_key(key: &RowKey) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(80);
    bytes.push(kind(key));
    match key {
        RowKey::Region => {}
        RowKey::WrappingKey(id) | RowKey::HpkeKey(id) => bytes.extend_from_slice(&id.to_be_bytes()),
        RowKey::Peer(region) => push_text(&mut bytes, region.as_str()),
        RowKey::Key(name) | RowKey::Tombstone(name) | RowKey::KeyUsage(name) => {
            push_key_name(&mut bytes, name);
        }
        RowKey::Material(name, material) => {
            push_key_name(&mut bytes, name);
            bytes.extend_from_slice(&material.0);
        }
        RowKey::ImportParameters(name, token) => {
            push_key_name(&mut bytes, name);
            bytes.extend_from_slice(&token.0);
        }
        RowKey::Alias(account, alias) => {
            bytes.extend_from_slice(account.digits());
            push_text(&mut bytes, alias.as_str());
        }
        RowKey::Account(account) => bytes.extend_from_slice(account.digits()),
        RowKey::AccessKey(id) => bytes.extend_from_slice(id.as_str().as_bytes()),
        RowKey::Outbox(region, record) => {
            push_text(&mut bytes, region.as_str());
            push_record(&mut bytes, record);
        }
        RowKey::Answer(principal, operation, request_id) => {
            bytes.extend_from_slice(principal.account().digits());
            push_text(&mut bytes, principal.arn());
            push_text(&mut bytes, operation);
            push_text(&mut bytes, request_id);
        }
    }
    bytes
}

/// The first byte: the place of the kind among the kinds of row. Numbers only grow, as [`RowKey`]'s variants do.
const fn kind(key: &RowKey) -> u8 {
    match key {
        RowKey::Region => 1,
        RowKey::WrappingKey(_) => 2,
        RowKey::HpkeKey(_) => 3,
        RowKey::Peer(_) => 4,
        RowKey::Key(_) => 5,
        RowKey::Material(..) => 6,
        RowKey::Alias(..) => 7,
        RowKey::Tombstone(_) => 8,
        RowKey::Outbox(..) => 9,
        RowKey::Answer(..) => 10,
        RowKey::ImportParameters(..) => 11,
        RowKey::KeyUsage(_) => 12,
        RowKey::Account(_) => 13,
        RowKey::AccessKey(_) => 14,
    }
}

/// A key begins with a digit of its account; what tells the other kinds sorts behind all digits.
fn push_record(bytes: &mut Vec<u8>, record: &RecordId) {
    match record {
        RecordId::Key(name) => push_key_name(bytes, name),
        RecordId::Identity(IdentityId::Account(id)) => {
            bytes.push(b'a');
            bytes.extend_from_slice(id.digits());
        }
        RecordId::Identity(IdentityId::AccessKey(id)) => {
            bytes.push(b'k');
            bytes.extend_from_slice(id.as_str().as_bytes());
        }
    }
}

fn push_key_name(bytes: &mut Vec<u8>, name: &KeyName) {
    bytes.extend_from_slice(name.account.digits());
    bytes.push(match name.key_id.kind {
        KeyIdKind::Uuid => 0,
        KeyIdKind::MultiRegion => 1,
    });
    bytes.extend_from_slice(&name.key_id.bytes);
}

/// Text, ended so that a shorter text sorts before every longer one that begins with it. A zero byte inside is
/// escaped, or it would look like the end.
fn push_text(bytes: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        bytes.push(byte);
        if byte == 0 {
            bytes.push(0xff);
        }
    }
    bytes.extend_from_slice(&[0, 1]);
}
