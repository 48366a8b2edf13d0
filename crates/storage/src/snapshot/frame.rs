//! The frames of a snapshot file: what is sealed, in which place, under which checksum.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use prost::Message;
use sha2::{Digest, Sha256};

use crate::disk::NodeIdentity;
use crate::error::StorageError;
use crate::field::Fields;
use crate::seal::Sealer;

pub(super) const MAGIC: &[u8; 8] = b"CKMSSNAP";
pub(super) const PREAMBLE_BYTES: u64 = 12;
pub(super) const FRAME_HEADER_BYTES: usize = 4 + CHECKSUM_BYTES;
pub(super) const EXTENSION: &str = "snapshot";
/// No frame may be longer, whatever its header says. Header frames hold a membership.
pub(super) const FRAME_BYTES_MAX: usize = 4 << 20;
const CHECKSUM_BYTES: usize = 8;

/// What a frame is; part of what it is bound to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Header,
    Rows,
    Trailer,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Header => "snapshot-header",
            Self::Rows => "snapshot-rows",
            Self::Trailer => "snapshot-trailer",
        }
    }
}

/// The header. Field numbers only grow.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Header {
    #[prost(string, tag = "1")]
    pub(super) cluster: String,
    #[prost(string, tag = "2")]
    pub(super) region: String,
    #[prost(bytes = "vec", tag = "3")]
    pub(super) last: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    pub(super) meta: Vec<u8>,
    #[prost(uint32, tag = "5")]
    pub(super) format_version: u32,
}

/// The trailer. Field numbers only grow.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Trailer {
    #[prost(bytes = "vec", tag = "1")]
    pub(super) state_hash: Vec<u8>,
    #[prost(uint64, tag = "2")]
    pub(super) rows: u64,
    #[prost(uint64, tag = "3")]
    pub(super) row_frames: u64,
}

/// The additional data of a frame: (region, kind, index, chunk).
pub(super) fn aad(identity: &NodeIdentity, kind: Kind, index: u64, number: u64) -> Vec<u8> {
    Fields::new("concord.snapshot/v1")
        .text(&identity.region)
        .text(kind.name())
        .number(index)
        .number(number)
        .finish()
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut first = [0; CHECKSUM_BYTES];
    first.copy_from_slice(&Sha256::digest(body)[..CHECKSUM_BYTES]);
    first
}

/// A snapshot file that does not count yet. Dropping it deletes it.
pub(super) struct TemporaryFile {
    path: PathBuf,
    kept: bool,
}

impl TemporaryFile {
    pub(super) fn create(path: PathBuf) -> Result<(Self, BufWriter<File>), StorageError> {
        let file =
            File::create_new(&path).map_err(StorageError::io(format!("cannot create {}", path.display())))?;
        Ok((
            Self { path, kept: false },
            BufWriter::with_capacity(256 << 10, file),
        ))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn rename_to(mut self, path: &Path) -> Result<(), StorageError> {
        fs::rename(&self.path, path)
            .map_err(StorageError::io(format!("cannot rename to {}", path.display())))?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::warn!(file = %self.path.display(), %error, "a temporary snapshot file is left until the next start");
        }
    }
}

/// Seals a plaintext and writes it as one frame; returns the bytes written.
pub(super) fn write(file: &mut impl Write, sealer: &Sealer, aad: &[u8], plaintext: &[u8]) -> io::Result<u64> {
    let body = sealer.seal(aad, plaintext);
    let length = u32::try_from(body.len()).map_err(|_| io::Error::other("a frame above 4 GiB"))?;
    file.write_all(&length.to_be_bytes())?;
    file.write_all(&checksum(&body))?;
    file.write_all(&body)?;
    Ok(u64::from(length) + FRAME_HEADER_BYTES as u64)
}

/// Reads the length of the frame whose header starts here.
pub(super) fn read_length(header: &[u8; FRAME_HEADER_BYTES]) -> usize {
    let mut length = [0; 4];
    length.copy_from_slice(&header[..4]);
    u32::from_be_bytes(length) as usize
}

/// Reads the frame that starts here, checks its checksum and opens it.
pub(super) fn read(
    file: &mut impl Read,
    sealer: &Sealer,
    aad: &[u8],
    number: u64,
) -> Result<Vec<u8>, StorageError> {
    let what = || format!("cannot read frame {number} of the snapshot");
    let mut header = [0; FRAME_HEADER_BYTES];
    file.read_exact(&mut header).map_err(StorageError::io(what()))?;
    let length = read_length(&header);
    if length > FRAME_BYTES_MAX {
        return Err(StorageError::Corrupt(format!(
            "frame {number} of the snapshot claims {length} bytes"
        )));
    }
    let mut body = vec![0; length];
    file.read_exact(&mut body).map_err(StorageError::io(what()))?;
    if checksum(&body) != header[4..] {
        return Err(StorageError::Corrupt(format!(
            "frame {number} of the snapshot has a wrong checksum"
        )));
    }
    sealer.open(aad, &body, &format!("frame {number} of the snapshot"))
}
