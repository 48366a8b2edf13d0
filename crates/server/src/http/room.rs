//! The memory that bodies of all callers may take together. Until a body is whole, nothing proves who sends it; so one that
//! is still arriving never keeps another out: where there is no room, the one that began first has to go.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

/// Room for so many bytes.
pub(super) struct Room {
    bytes_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    bytes: usize,
    next: u64,
    arriving: BTreeMap<u64, Arriving>,
}

struct Arriving {
    bytes: usize,
    must_go: CancellationToken,
}

/// The place of one body, until it is dropped.
pub(super) struct Place {
    number: u64,
    bytes: usize,
    is_whole: bool,
    must_go: CancellationToken,
    room: Arc<Room>,
}

impl Room {
    pub(super) fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self {
            bytes_max,
            taken: Mutex::default(),
        })
    }

    /// A place for a body of so many bytes that begins to arrive. `None` when whole bodies have taken all the room.
    pub(super) fn enter(self: &Arc<Self>, bytes: usize) -> Option<Place> {
        let mut taken = self.taken();
        while taken.bytes.saturating_add(bytes) > self.bytes_max {
            let (_, oldest) = taken.arriving.pop_first()?;
            taken.bytes -= oldest.bytes;
            oldest.must_go.cancel();
        }
        let (number, must_go) = (taken.next, CancellationToken::new());
        taken.next += 1;
        taken.bytes += bytes;
        let arriving = Arriving {
            bytes,
            must_go: must_go.clone(),
        };
        taken.arriving.insert(number, arriving);
        drop(taken);
        Some(Place {
            number,
            bytes,
            is_whole: false,
            must_go,
            room: Arc::clone(self),
        })
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Returns when this body has to make room for another.
    pub(super) async fn must_go(&self) {
        self.must_go.cancelled().await;
    }

    /// The body has arrived: it stays, unless it had to go already. Whether it stays.
    pub(super) fn keep(&mut self) -> bool {
        if self.room.taken().arriving.remove(&self.number).is_some() {
            self.is_whole = true;
        }
        self.is_whole
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.room.taken();
        // What had to go has given its room back.
        if taken.arriving.remove(&self.number).is_some() || self.is_whole {
            taken.bytes -= self.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_there_is_no_room_the_body_that_began_first_goes() {
        let room = Room::new(10);
        let mut first = room.enter(4).unwrap();
        let mut second = room.enter(4).unwrap();
        let third = room.enter(4).unwrap();
        assert!(first.must_go.is_cancelled() && !second.must_go.is_cancelled());
        assert!(!first.keep() && second.keep());
        drop(first);
        assert_eq!(room.taken().bytes, 8);
        // A whole body stays, although it began before the third.
        let fourth = room.enter(4).unwrap();
        assert!(third.must_go.is_cancelled() && !second.must_go.is_cancelled());
        drop((second, third, fourth));
        assert_eq!(room.taken().bytes, 0);
        assert!(room.taken().arriving.is_empty());
    }

    #[test]
    fn where_whole_bodies_have_all_the_room_there_is_no_place_until_one_leaves() {
        let room = Room::new(10);
        let mut whole = room.enter(10).unwrap();
        assert!(whole.keep());
        assert!(room.enter(1).is_none());
        drop(whole);
        assert!(room.enter(10).is_some());
        assert!(room.enter(11).is_none());
    }
}
