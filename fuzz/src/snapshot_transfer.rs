//! Snapshots on their way between the nodes of a region, part by part.

use crate::Seed;
use crate::snapshot_file::{Disk, rows};
use bytes::Bytes;
use kms_storage::{SnapshotChunk, SnapshotReceiver, SnapshotStore, StorageError};
use sha2::{Digest, Sha256};

/// What an input says beside a part's bytes: one byte of flags.
const DAMAGED: u8 = 1;
const REPEATED: u8 = 2;
const OTHER_TOTAL: u8 = 4;

thread_local! {
    static DISK: Disk = Disk::new();
}

/// A snapshot from a peer: parts one after another, each with flags and its length as a big-endian 16-bit number. A
/// damaged part and one that is not wanted change nothing; what arrives whole is kept, and reads as what was sent.
pub fn snapshot_transfer(bytes: &[u8]) -> bool {
    let Some(parts) = parts(bytes) else {
        return false;
    };
    DISK.with(|disk| {
        let mut receiver = disk.snapshots.receive();
        let total = parts.iter().filter(|(flags, _)| *flags == 0).count() as u64;
        for (flags, bytes) in &parts {
            if take(&mut receiver, *flags, bytes, total).is_err() {
                return false;
            }
        }
        receiver.is_complete() && is_kept(&disk.snapshots, receiver)
    })
}

/// The input as parts; `None` when it ends within one.
fn parts(mut bytes: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut parts = Vec::new();
    while let Some((flags, rest)) = bytes.split_first() {
        let (length, rest) = rest.split_first_chunk()?;
        let (part, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        parts.push((*flags, part));
        bytes = rest;
    }
    Some(parts)
}

fn take(receiver: &mut SnapshotReceiver, flags: u8, bytes: &[u8], total: u64) -> Result<(), StorageError> {
    let (wanted, was_complete) = (receiver.next_chunk(), receiver.is_complete());
    let chunk = chunk(flags, wanted, bytes, total);
    let taken = receiver.accept(&chunk);
    if chunk.number != wanted || was_complete {
        assert!(matches!(taken, Ok(next) if next == wanted));
        return Ok(());
    }
    if flags & DAMAGED != 0 {
        assert!(matches!(taken, Err(StorageError::Tampered(_))));
        assert_eq!(receiver.next_chunk(), wanted);
        return Ok(());
    }
    assert_eq!(taken?, wanted + 1);
    Ok(())
}

fn chunk(flags: u8, wanted: u64, bytes: &[u8], total: u64) -> SnapshotChunk {
    let mut checksum: [u8; 32] = Sha256::digest(bytes).into();
    if flags & DAMAGED != 0 {
        checksum[0] ^= 1;
    }
    let number = match flags & REPEATED {
        0 => wanted,
        _ => wanted.wrapping_sub(1),
    };
    SnapshotChunk {
        number,
        total: total + u64::from(flags & OTHER_TOTAL != 0),
        bytes: Bytes::copy_from_slice(bytes),
        checksum,
    }
}

/// An older snapshot than the one that is kept already is received and not kept.
fn is_kept(store: &SnapshotStore, receiver: SnapshotReceiver) -> bool {
    let info = receiver.finish().expect("a snapshot that is complete is kept");
    let reader = store
        .read_current()
        .expect("a kept snapshot opens")
        .expect("one is kept");
    assert_eq!(*reader.info(), info);
    let rows = reader.rows().collect::<Result<Vec<_>, _>>();
    assert_eq!(rows.expect("a kept snapshot reads").len() as u64, info.rows);
    true
}

/// A snapshot in as many parts as it can have here, and one with a damaged, a repeated and a further part in between.
pub fn seeds() -> Vec<Seed> {
    let disk = Disk::new();
    disk.build(&rows());
    let mut reader = disk
        .snapshots
        .read_current()
        .expect("it opens")
        .expect("it was built");
    let parts: Vec<Bytes> = (0..reader.chunks())
        .map(|number| reader.chunk(number).expect("a part that is there").bytes)
        .collect();
    let clean: Vec<u8> = parts.iter().flat_map(|part| framed(0, part)).collect();
    let disturbed = parts
        .iter()
        .flat_map(|part| [framed(DAMAGED, part), framed(REPEATED, part), framed(0, part)].concat());
    vec![
        Seed::new("clean", clean),
        Seed::new("disturbed", disturbed.collect::<Vec<u8>>()),
    ]
}

fn framed(flags: u8, part: &[u8]) -> Vec<u8> {
    let length = u16::try_from(part.len()).expect("a part here is short");
    [&[flags], length.to_be_bytes().as_slice(), part].concat()
}
