//! Random commands of callers and of the service, hostile ones included.

use super::test_region::{
    START, bootstrap, create_key, import_of, import_parameters, key_name, make_multi_region, material,
    set_alias,
};
use crate::Command;
use crate::command::{
    DeleteAlias, DeleteImportedKeyMaterial, EnableKeyRotation, NoteKeyUsage, Pulse, RaiseFeatureLevel,
    RotateKey, ScheduleKeyDeletion, TagResource, UntagResource, UpdateKeyDescription,
};
use crate::key::KeyName;
use crate::key_states::Operation;
use crate::rows::KeyUsageRow;
use crate::vocabulary::{
    ImportTokenId, ImportType, KeyId, KeyOrigin, KeySpec, KeyUsage, MaterialId, Timestamp,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::select;

/// Few names, so that commands meet each other.
pub(super) fn names() -> impl Strategy<Value = KeyName> {
    (0u8..10).prop_map(|number| {
        let mut name = key_name(number / 2);
        if number % 2 == 1 {
            name.key_id = KeyId::multi_region(name.key_id.bytes);
        }
        name
    })
}

fn days() -> impl Strategy<Value = u32> {
    prop_oneof![Just(7), Just(30), Just(90), Just(365), any::<u32>()]
}

pub(super) fn times() -> impl Strategy<Value = Timestamp> {
    let near = (0u64..4_000).prop_map(|days| START.plus_ms(days * 86_400_000));
    prop_oneof![8 => near, 1 => any::<u64>().prop_map(Timestamp)]
}

pub(super) fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("a".to_owned()),
        Just("aws:x".to_owned()),
        Just("ü".repeat(9_000)),
        ".{0,20}"
    ]
}

fn creations() -> impl Strategy<Value = Command> {
    let parts = (
        names(),
        select(KeySpec::ALL),
        select(KeyUsage::ALL),
        select(KeyOrigin::ALL),
        texts(),
        any::<[bool; 4]>(),
    );
    parts.prop_map(
        |(name, spec, usage, origin, text, [plain, mrk, with_material, tagged])| {
            let mut command = create_key(name.key_id.bytes[0]);
            command.description = text.clone();
            if !plain {
                (command.spec, command.usage, command.origin) = (spec, usage, origin);
            }
            if tagged {
                command.tags.insert(text.clone(), text);
            }
            if mrk {
                make_multi_region(&mut command);
            }
            if !plain && !with_material {
                command.material = None;
            }
            Command::CreateKey(Box::new(command))
        },
    )
}

fn rotations() -> impl Strategy<Value = Command> {
    (names(), any::<u8>(), any::<bool>(), proptest::bool::weighted(0.1)).prop_map(
        |(key, number, demand, wrong)| {
            let mut material = material(number);
            material.wrapped.wrapping_key += u64::from(wrong);
            let rotate = RotateKey { key, material };
            match demand {
                true => Command::RotateKeyOnDemand(rotate),
                false => Command::RotateKeyAutomatically(rotate),
            }
        },
    )
}

fn imports() -> impl Strategy<Value = Command> {
    let parts = (
        names(),
        0u8..4,
        0u8..6,
        option::weighted(0.7, 0u8..6),
        option::weighted(0.4, times()),
        option::weighted(0.3, texts()),
        any::<[bool; 2]>(),
        proptest::bool::weighted(0.1),
    );
    parts.prop_map(
        |(key, token, number, matched, expires, description, [new, same], wrong)| {
            let mut command = import_of(key, number);
            command.token = ImportTokenId([token; 32]);
            command.request_sha256 = [u8::from(same); 32];
            command.commitment.wrapping_key += u64::from(wrong);
            (command.expires, command.description) = (expires, description);
            if !new {
                command.import_type = ImportType::Existing;
                command.matched = matched.map(|number| MaterialId([number; 32]));
            }
            Command::ImportKeyMaterial(Box::new(command))
        },
    )
}

fn import_tokens() -> impl Strategy<Value = Command> {
    (names(), 0u8..4, times()).prop_map(|(key, token, now)| {
        let parameters = import_parameters(key, token, now);
        Command::PutImportParameters(Box::new(parameters))
    })
}

fn import_deletions() -> impl Strategy<Value = Command> {
    (names(), option::weighted(0.7, 0u8..6)).prop_map(|(key, number)| {
        Command::DeleteImportedKeyMaterial(DeleteImportedKeyMaterial {
            key,
            material_id: number.map(|number| MaterialId([number; 32])),
        })
    })
}

fn usages() -> impl Strategy<Value = Command> {
    let one = (names(), select(Operation::ALL), times()).prop_map(|(key, operation, at)| KeyUsageRow {
        key,
        operation,
        at,
        request_id: None,
    });
    vec(one, 0..4).prop_map(|usages| Command::NoteKeyUsage(NoteKeyUsage { usages }))
}

pub(super) fn commands() -> impl Strategy<Value = Command> {
    let aliases = || select(vec!["alias/a", "alias/b", "alias/aws/s3"]);
    let lists = || vec((texts(), texts()), 0..3);
    let switches = names().prop_flat_map(|key| {
        select(vec![
            Command::EnableKey(key),
            Command::DisableKey(key),
            Command::CancelKeyDeletion(key),
            Command::DisableKeyRotation(key),
        ])
    });
    let alias_changes = (aliases(), names(), 0..3).prop_map(|(alias, key, which)| match which {
        0 => Command::CreateAlias(set_alias(alias, key)),
        1 => Command::UpdateAlias(set_alias(alias, key)),
        _ => Command::DeleteAlias(DeleteAlias {
            account: key.account,
            alias: alias.parse().expect("alias"),
        }),
    });
    prop_oneof![
        4 => creations(),
        3 => rotations(),
        6 => switches,
        4 => alias_changes,
        6 => imports(),
        2 => import_tokens(),
        2 => import_deletions(),
        2 => names().prop_map(Command::RotateToImportedMaterial),
        1 => usages(),
        3 => vec((0u64..4, times()), 0..5).prop_map(|readings| Command::Pulse(Pulse { readings })),
        1 => any::<u32>().prop_map(|level| Command::RaiseFeatureLevel(RaiseFeatureLevel { level })),
        1 => Just(bootstrap()),
        2 => (names(), days()).prop_map(|(key, pending_window_days)| {
            Command::ScheduleKeyDeletion(ScheduleKeyDeletion { key, pending_window_days })
        }),
        2 => (names(), days()).prop_map(|(key, period_days)| {
            Command::EnableKeyRotation(EnableKeyRotation { key, period_days })
        }),
        2 => (names(), lists()).prop_map(|(key, tags)| Command::TagResource(TagResource { key, tags })),
        1 => (names(), vec(texts(), 0..3)).prop_map(|(key, tag_keys)| {
            Command::UntagResource(UntagResource { key, tag_keys })
        }),
        1 => (names(), texts()).prop_map(|(key, description)| {
            Command::UpdateKeyDescription(UpdateKeyDescription { key, description })
        }),
    ]
}
