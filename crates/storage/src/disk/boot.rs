//! The boot count: a number that only grows on one disk. Peers remember the highest one, so an old
//! copy of the disk, which has a lower one, is refused.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use prost::Message;
use rand::Rng;

use crate::error::StorageError;
use crate::log::LogStore;

const ROW_BOOT: &str = "boot";

/// One life of a node, as it names itself in every internal call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boot {
    /// Raised durably at each start, and periodically once a peer has accepted it.
    pub count: u64,
    /// Random and new with every raise, so that two copies of one disk that reach the same count
    /// are still told apart.
    pub nonce: [u8; 16],
}

/// The boot row. Field numbers only grow.
#[derive(Clone, PartialEq, Message)]
struct BootRow {
    #[prost(uint64, tag = "1")]
    count: u64,
}

impl BootRow {
    fn encoded(count: u64) -> Bytes {
        Self { count }.encode_to_vec().into()
    }
}

/// The current boot count, and its only way up.
pub(super) struct BootCounter {
    current: Mutex<Boot>,
    raising: tokio::sync::Mutex<()>,
}

impl BootCounter {
    /// Raises the count of a folder that is being opened. Blocks until that is durable.
    pub(super) fn open(log: &LogStore) -> Result<Self, StorageError> {
        let before = match log.row(ROW_BOOT)? {
            Some(row) => BootRow::decode(row)
                .map_err(|error| StorageError::Corrupt(format!("the boot row does not decode: {error}")))?,
            None => BootRow::default(),
        };
        let boot = next(before.count);
        log.put_row_blocking(ROW_BOOT.to_owned(), Some(BootRow::encoded(boot.count)))?;
        Ok(Self {
            current: Mutex::new(boot),
            raising: tokio::sync::Mutex::new(()),
        })
    }

    pub(super) fn current(&self) -> Boot {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) async fn raise(&self, log: &LogStore) -> Result<Boot, StorageError> {
        let _one_at_a_time = self.raising.lock().await;
        let boot = next(self.current().count);
        log.put_row(ROW_BOOT.to_owned(), Some(BootRow::encoded(boot.count)))
            .await?;
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = boot;
        Ok(boot)
    }
}

/// A u64 raised once a minute does not end.
fn next(count: u64) -> Boot {
    let mut nonce = [0u8; 16];
    rand::rng().fill_bytes(&mut nonce);
    Boot {
        count: count + 1,
        nonce,
    }
}
