//! Values of everything about importing key material and last usage.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kms_domain::command::{DeleteImportedKeyMaterial, ImportKeyMaterial, NoteKeyUsage};
use kms_domain::key::{Import, Imported, Key, Material};
use kms_domain::key_states::Operation;
use kms_domain::multi_region::{
    AcceptOutcome, MultiRegion, Receipt, Replica, SharedImport, Shipment, ShipmentBody,
};
use kms_domain::rows::{ImportParameters, KeyUsageRow, UsedFor};
use kms_domain::vocabulary::{
    ImportTokenId, ImportType, KeyOrigin, MaterialId, WrappingAlgorithm, WrappingKeySpec,
};
use kms_domain::{Command, Row};

use super::{
    NOW, bytes, incarnation, key, key_row, material_id, material_row, new_material, other_region, receipt,
    region, shipment, wrapped,
};

fn other_material() -> MaterialId {
    MaterialId([0x24; 32])
}

fn token() -> ImportTokenId {
    ImportTokenId([0x7d; 32])
}

fn parameters() -> ImportParameters {
    ImportParameters {
        id: token(),
        key: key(),
        algorithm: WrappingAlgorithm::RsaAesKeyWrapSha256,
        wrapping_key_spec: WrappingKeySpec::Rsa4096,
        public_sha256: [0x7e; 32],
        private_wrapped: wrapped(),
        expires: NOW,
        used: Some(UsedFor {
            request_sha256: [0x7f; 32],
            material_id: material_id(),
        }),
    }
}

fn usage() -> KeyUsageRow {
    KeyUsageRow {
        key: key(),
        operation: Operation::Decrypt,
        at: NOW,
        request_id: Some("2f1c".to_owned()),
    }
}

fn commitment() -> kms_domain::key::WrappedMaterial {
    kms_domain::key::WrappedMaterial {
        wrapping_key: 2,
        bytes: bytes(0x80),
    }
}

/// A record of an imported key: its materials are commitments.
fn imported_record() -> Shipment<kms_domain::key::WrappedMaterial> {
    let mut shipment = shipment();
    if let ShipmentBody::Record { record, .. } = &mut shipment.body {
        record.origin = KeyOrigin::External;
        record.import = Some(SharedImport {
            pending: Some(other_material()),
            materials: BTreeSet::from([material_id(), other_material()]),
        });
    }
    shipment
}

fn word() -> Shipment<kms_domain::key::WrappedMaterial> {
    Shipment {
        from: other_region(),
        from_incarnation: incarnation(),
        to: region(),
        key: key(),
        body: ShipmentBody::MaterialsImported {
            incarnation: incarnation(),
            revision: 301,
            materials: vec![material_id(), other_material()],
        },
    }
}

pub(super) fn import_commands() -> Vec<(&'static str, Command)> {
    let import = ImportKeyMaterial {
        key: key(),
        token: token(),
        request_sha256: [0x7f; 32],
        import_type: ImportType::Existing,
        matched: Some(material_id()),
        material: new_material(),
        commitment: commitment(),
        expires: Some(NOW),
        description: Some("from the safe".to_owned()),
    };
    let delete = DeleteImportedKeyMaterial {
        key: key(),
        material_id: Some(material_id()),
    };
    let noted = Receipt {
        stamp: None,
        outcome: AcceptOutcome::ImportsNoted { revision: 301 },
        ..receipt()
    };
    vec![
        (
            "put-import-parameters",
            Command::PutImportParameters(Box::new(parameters())),
        ),
        (
            "import-key-material",
            Command::ImportKeyMaterial(Box::new(import)),
        ),
        (
            "delete-imported-key-material",
            Command::DeleteImportedKeyMaterial(delete),
        ),
        (
            "rotate-to-imported-material",
            Command::RotateToImportedMaterial(key()),
        ),
        (
            "note-key-usage",
            Command::NoteKeyUsage(NoteKeyUsage {
                usages: vec![usage()],
            }),
        ),
        (
            "accept-shipment-imported",
            Command::AcceptShipment(Box::new(imported_record())),
        ),
        (
            "accept-shipment-materials-imported",
            Command::AcceptShipment(Box::new(word())),
        ),
        ("note-receipt-imports", Command::NoteReceipt(Box::new(noted))),
    ]
}

pub(super) fn import_rows() -> Vec<(&'static str, Row)> {
    let replica = |replica: Replica| Replica {
        imports_revision: 301,
        ..replica
    };
    let key_row = Key {
        import: Some(Import {
            pending: Some(other_material()),
            absent: BTreeSet::from([material_id()]),
        }),
        multi_region: key_row().multi_region.map(|copy| MultiRegion {
            replicas: copy
                .replicas
                .into_iter()
                .map(|(name, value)| (name, replica(value)))
                .collect::<BTreeMap<_, _>>(),
            ..copy
        }),
        ..key_row()
    };
    let imported = Imported {
        commitment: commitment(),
        expires: Some(NOW),
        description: "from the safe".to_owned(),
        imported_in: BTreeSet::from([other_region()]),
    };
    let material = Material {
        imported: Some(imported.clone()),
        ..material_row()
    };
    let absent = Material {
        wrapped: None,
        imported: Some(Imported {
            expires: None,
            ..imported
        }),
        ..material_row()
    };
    vec![
        ("import-parameters", Row::ImportParameters(Arc::new(parameters()))),
        ("key-usage", Row::KeyUsage(Arc::new(usage()))),
        ("key-imported", Row::Key(Arc::new(key_row))),
        ("material-imported", Row::Material(Arc::new(material))),
        ("material-absent", Row::Material(Arc::new(absent))),
    ]
}
