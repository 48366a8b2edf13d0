//! Writing a snapshot file, row by row. Shared by building and receiving.

use std::fs::File;
use std::io::{BufWriter, Write};

use bytes::Bytes;
use prost::Message;
use rand::Rng;

use super::frame::{self, EXTENSION, Header, Kind, MAGIC, PREAMBLE_BYTES, TemporaryFile, Trailer};
use super::{SNAPSHOT_FORMAT_VERSION, Shared, SnapshotInfo};
use crate::error::StorageError;
use crate::field;
use crate::log::LogMark;
use crate::state_hash::StateHash;

/// A snapshot file in the making.
pub(super) struct Builder<'a> {
    shared: &'a Shared,
    progress: Progress,
}

/// What a snapshot file in the making consists of, free of borrows so that a receiver can keep it.
pub(super) struct Progress {
    temporary: TemporaryFile,
    file: BufWriter<File>,
    info: SnapshotInfo,
    chunk: Vec<u8>,
    row_frames: u64,
}

impl Progress {
    fn create(shared: &Shared, last: LogMark, meta: Bytes) -> Result<Self, StorageError> {
        let mut random = [0u8; 8];
        rand::rng().fill_bytes(&mut random);
        let file_name = format!(
            "{:020}-{:016x}.{EXTENSION}",
            last.index,
            u64::from_be_bytes(random)
        );
        let (temporary, file) = TemporaryFile::create(shared.folder.join(format!("{file_name}.tmp")))?;
        let info = SnapshotInfo {
            last,
            meta,
            state_hash: StateHash::default(),
            rows: 0,
            size_bytes: PREAMBLE_BYTES,
            file_name,
        };
        Ok(Self {
            temporary,
            file,
            info,
            chunk: Vec::new(),
            row_frames: 0,
        })
    }
}

impl<'a> Builder<'a> {
    /// Creates the temporary file and writes the header.
    pub(super) fn create(shared: &'a Shared, last: LogMark, meta: Bytes) -> Result<Self, StorageError> {
        let bytes_max = shared.options.chunk_bytes_max;
        if meta.len() > bytes_max {
            return Err(StorageError::TooLarge {
                what: "snapshot meta",
                bytes: meta.len(),
                bytes_max,
            });
        }
        let header = Header {
            cluster: shared.identity.cluster.clone(),
            region: shared.identity.region.clone(),
            last: last.encode().to_vec(),
            meta: meta.to_vec(),
            format_version: SNAPSHOT_FORMAT_VERSION,
        };
        let mut builder = Self {
            shared,
            progress: Progress::create(shared, last, meta)?,
        };
        let written = builder.progress.file.write_all(MAGIC).and_then(|()| {
            builder
                .progress
                .file
                .write_all(&SNAPSHOT_FORMAT_VERSION.to_be_bytes())
        });
        written.map_err(builder.io())?;
        builder.write_frame(Kind::Header, 0, &header.encode_to_vec())?;
        Ok(builder)
    }

    /// Goes on with what [`Builder::pause`] gave.
    pub(super) fn resume(shared: &'a Shared, progress: Progress) -> Self {
        Self { shared, progress }
    }

    pub(super) fn pause(self) -> Progress {
        self.progress
    }

    /// Adds a row; full chunks go to the file.
    pub(super) fn row(&mut self, key: &[u8], value: &[u8]) -> Result<(), StorageError> {
        let bytes = 8 + key.len() + value.len();
        let bytes_max = self.shared.options.chunk_bytes_max;
        if bytes > bytes_max {
            return Err(StorageError::TooLarge {
                what: "snapshot row",
                bytes,
                bytes_max,
            });
        }
        if self.progress.chunk.len() + bytes > bytes_max {
            self.finish_rows()?;
        }
        field::append(&mut self.progress.chunk, key);
        field::append(&mut self.progress.chunk, value);
        self.progress.info.state_hash.apply(key, None, Some(value));
        self.progress.info.rows += 1;
        Ok(())
    }

    /// Writes the rows that are waiting as one frame.
    pub(super) fn finish_rows(&mut self) -> Result<(), StorageError> {
        if self.progress.chunk.is_empty() {
            return Ok(());
        }
        self.progress.row_frames += 1;
        let chunk = std::mem::take(&mut self.progress.chunk);
        self.write_frame(Kind::Rows, self.progress.row_frames, &chunk)?;
        self.progress.chunk = chunk;
        self.progress.chunk.clear();
        Ok(())
    }

    /// The hash of the rows so far.
    pub(super) fn state_hash(&self) -> StateHash {
        self.progress.info.state_hash
    }

    /// The trailer of what was written so far.
    pub(super) fn trailer(&self) -> Trailer {
        Trailer {
            state_hash: self.progress.info.state_hash.to_bytes().to_vec(),
            rows: self.progress.info.rows,
            row_frames: self.progress.row_frames,
        }
    }

    /// Writes the trailer and syncs the file. It still has its temporary name.
    pub(super) fn finish(mut self) -> Result<(TemporaryFile, SnapshotInfo), StorageError> {
        self.finish_rows()?;
        let trailer = self.trailer();
        self.write_frame(Kind::Trailer, trailer.row_frames + 1, &trailer.encode_to_vec())?;
        let cannot = self.io();
        let Progress {
            temporary,
            file,
            info,
            ..
        } = self.progress;
        let synced = file
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)
            .and_then(|file| file.sync_data());
        synced.map_err(cannot)?;
        Ok((temporary, info))
    }

    fn write_frame(&mut self, kind: Kind, number: u64, plaintext: &[u8]) -> Result<(), StorageError> {
        let aad = frame::aad(&self.shared.identity, kind, self.progress.info.last.index, number);
        let written = frame::write(&mut self.progress.file, &self.shared.sealer, &aad, plaintext);
        self.progress.info.size_bytes += written.map_err(self.io())?;
        let bytes_max = self.shared.options.snapshot_bytes_max;
        if self.progress.info.size_bytes > bytes_max {
            let (bytes, bytes_max) = (self.progress.info.size_bytes as usize, bytes_max as usize);
            return Err(StorageError::TooLarge {
                what: "snapshot",
                bytes,
                bytes_max,
            });
        }
        Ok(())
    }

    fn io(&self) -> impl FnOnce(std::io::Error) -> StorageError + use<> {
        StorageError::io(format!(
            "cannot write {}",
            self.progress.temporary.path().display()
        ))
    }
}
