//! Reading a snapshot: as rows for this node, as checked chunks for a peer.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use sha2::{Digest, Sha256};

use super::frame::{self, FRAME_HEADER_BYTES, Header, Kind, MAGIC, PREAMBLE_BYTES, Trailer};
use super::{SNAPSHOT_FORMAT_VERSION, SnapshotInfo};
use crate::disk::NodeIdentity;
use crate::error::StorageError;
use crate::field;
use crate::log::LogMark;
use crate::seal::Sealer;
use crate::state_hash::StateHash;

/// A part of a snapshot in the form in which it travels between the nodes of a region, protected on
/// the way by mutual TLS: the plaintext of one frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotChunk {
    /// Which part, from 0; a transfer resumes at any of them.
    pub number: u64,
    /// How many parts there are.
    pub total: u64,
    /// At most the sender's `chunk_bytes_max`, and a little for the header.
    pub bytes: Bytes,
    /// SHA-256 of `bytes`.
    pub checksum: [u8; 32],
}

impl SnapshotChunk {
    pub(super) fn checksum_of(bytes: &[u8]) -> [u8; 32] {
        Sha256::digest(bytes).into()
    }
}

/// An open snapshot. Reading moves the file's position, so it needs `&mut`.
pub struct SnapshotReader {
    file: BufReader<File>,
    info: SnapshotInfo,
    identity: NodeIdentity,
    sealer: Arc<Sealer>,
    offsets: Vec<u64>,
}

impl SnapshotReader {
    /// Opens the file and finds its frames.
    pub(super) fn open(
        path: &Path,
        info: SnapshotInfo,
        identity: NodeIdentity,
        sealer: Arc<Sealer>,
    ) -> Result<Self, StorageError> {
        let cannot = || StorageError::io(format!("cannot read {}", path.display()));
        let file = File::open(path).map_err(cannot())?;
        let size_bytes = file.metadata().map_err(cannot())?.len();
        let mut file = BufReader::new(file);
        let mut preamble = [0; PREAMBLE_BYTES as usize];
        file.read_exact(&mut preamble).map_err(cannot())?;
        let (magic, version) = preamble.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(StorageError::Corrupt(format!(
                "{} is no snapshot",
                path.display()
            )));
        }
        let found = version.try_into().map_or(u32::MAX, u32::from_be_bytes);
        if found > SNAPSHOT_FORMAT_VERSION {
            return Err(StorageError::NewerFormat {
                found,
                supported: SNAPSHOT_FORMAT_VERSION,
            });
        }
        let offsets = frame_offsets(&mut file, size_bytes)?;
        let mut reader = Self {
            file,
            info,
            identity,
            sealer,
            offsets,
        };
        reader.check_header()?;
        Ok(reader)
    }

    fn check_header(&mut self) -> Result<(), StorageError> {
        let header = Header::decode(self.frame(0)?.as_slice()).map_err(|error| {
            StorageError::Corrupt(format!("the snapshot's header does not decode: {error}"))
        })?;
        if LogMark::decode(&header.last)? != self.info.last || header.meta != self.info.meta {
            return Err(StorageError::Corrupt(
                "the snapshot's header is not what the index says".to_owned(),
            ));
        }
        Ok(())
    }

    /// What the index row says about this snapshot.
    pub fn info(&self) -> &SnapshotInfo {
        &self.info
    }

    /// The number of parts of a transfer.
    pub fn chunks(&self) -> u64 {
        self.offsets.len() as u64
    }

    /// Reads one part for a peer.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`], also for a number that does not exist;
    /// [`StorageError::Tampered`], [`StorageError::Io`].
    pub fn chunk(&mut self, number: u64) -> Result<SnapshotChunk, StorageError> {
        let bytes = Bytes::from(self.frame(number)?);
        let checksum = SnapshotChunk::checksum_of(&bytes);
        Ok(SnapshotChunk {
            number,
            total: self.chunks(),
            bytes,
            checksum,
        })
    }

    /// Reads and opens every frame and compares the trailer with the index row. The rows are not
    /// taken apart: what opens under the storage key is what was written.
    pub(super) fn verify(&mut self) -> Result<(), StorageError> {
        let last = self.chunks() - 1;
        (0..last).try_for_each(|number| self.frame(number).map(drop))?;
        let trailer = decode_trailer(&self.frame(last)?)?;
        let expected = Trailer {
            state_hash: self.info.state_hash.to_bytes().to_vec(),
            rows: self.info.rows,
            row_frames: last - 1,
        };
        if trailer == expected {
            return Ok(());
        }
        Err(StorageError::Corrupt(
            "the snapshot's trailer is not what the index says".to_owned(),
        ))
    }

    /// All rows in the order in which they were written. After the last row the state hash and the
    /// number of rows are compared, and a difference is the last item.
    pub fn rows(self) -> SnapshotRows {
        SnapshotRows {
            reader: self,
            next_frame: 1,
            rows: VecDeque::new(),
            state_hash: StateHash::default(),
            count: 0,
            ended: false,
        }
    }

    #[cfg(test)]
    pub(super) fn offset_of(&self, number: usize) -> Option<usize> {
        self.offsets.get(number).map(|offset| *offset as usize)
    }

    fn frame(&mut self, number: u64) -> Result<Vec<u8>, StorageError> {
        let offset = usize::try_from(number)
            .ok()
            .and_then(|number| self.offsets.get(number).copied());
        let offset =
            offset.ok_or_else(|| StorageError::Corrupt(format!("the snapshot has no part {number}")))?;
        let kind = match number {
            0 => Kind::Header,
            last if last + 1 == self.chunks() => Kind::Trailer,
            _ => Kind::Rows,
        };
        self.file
            .seek(SeekFrom::Start(offset))
            .map_err(StorageError::io(format!(
                "cannot seek to part {number} of the snapshot"
            )))?;
        let aad = frame::aad(&self.identity, kind, self.info.last.index, number);
        frame::read(&mut self.file, &self.sealer, &aad, number)
    }
}

fn decode_trailer(plaintext: &[u8]) -> Result<Trailer, StorageError> {
    Trailer::decode(plaintext)
        .map_err(|error| StorageError::Corrupt(format!("the snapshot's trailer does not decode: {error}")))
}

/// Where each frame begins. The frames must fill the file exactly; header and trailer must be there.
fn frame_offsets(file: &mut BufReader<File>, size_bytes: u64) -> Result<Vec<u64>, StorageError> {
    let cannot = || StorageError::io("cannot read the frames of the snapshot");
    let mut offsets = Vec::new();
    let mut offset = PREAMBLE_BYTES;
    while offset < size_bytes {
        let mut header = [0; FRAME_HEADER_BYTES];
        file.read_exact(&mut header).map_err(cannot())?;
        offsets.push(offset);
        let length = frame::read_length(&header);
        offset += (FRAME_HEADER_BYTES + length) as u64;
        file.seek_relative(length as i64).map_err(cannot())?;
    }
    if offset != size_bytes || offsets.len() < 2 {
        return Err(StorageError::Corrupt("the snapshot file is cut off".to_owned()));
    }
    Ok(offsets)
}

/// Iterates over the rows of a snapshot: (key, value).
pub struct SnapshotRows {
    reader: SnapshotReader,
    next_frame: u64,
    rows: VecDeque<(Bytes, Bytes)>,
    state_hash: StateHash,
    count: u64,
    ended: bool,
}

impl SnapshotRows {
    /// Reads the next chunk of rows, or checks the trailer; `false` at the end.
    fn advance(&mut self) -> Result<bool, StorageError> {
        let plaintext = self.reader.frame(self.next_frame)?;
        if self.next_frame + 1 == self.reader.chunks() {
            self.check_trailer(&plaintext)?;
            return Ok(false);
        }
        self.next_frame += 1;
        self.rows = split_rows(&Bytes::from(plaintext))?.into();
        Ok(true)
    }

    fn check_trailer(&self, plaintext: &[u8]) -> Result<(), StorageError> {
        let expected = Trailer {
            state_hash: self.state_hash.to_bytes().to_vec(),
            rows: self.count,
            row_frames: self.next_frame - 1,
        };
        let trailer = decode_trailer(plaintext)?;
        if trailer != expected || self.state_hash != self.reader.info.state_hash {
            return Err(StorageError::Corrupt(
                "the snapshot's rows do not have the state hash of its trailer".to_owned(),
            ));
        }
        Ok(())
    }
}

impl Iterator for SnapshotRows {
    type Item = Result<(Bytes, Bytes), StorageError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            if let Some((key, value)) = self.rows.pop_front() {
                self.state_hash.apply(&key, None, Some(&value));
                self.count += 1;
                return Some(Ok((key, value)));
            }
            match self.advance() {
                Ok(true) => {}
                Ok(false) => self.ended = true,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

/// Takes the rows of one chunk apart.
pub(super) fn split_rows(chunk: &Bytes) -> Result<Vec<(Bytes, Bytes)>, StorageError> {
    let cut = || StorageError::Corrupt("a row of the snapshot is cut off".to_owned());
    let mut rows = Vec::new();
    let mut rest = chunk.as_ref();
    while !rest.is_empty() {
        let (key, after_key) = field::split(rest).ok_or_else(cut)?;
        let (value, after_value) = field::split(after_key).ok_or_else(cut)?;
        rows.push((chunk.slice_ref(key), chunk.slice_ref(value)));
        rest = after_value;
    }
    Ok(rows)
}
