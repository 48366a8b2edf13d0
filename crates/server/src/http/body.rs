//! Reading a request's body: bounded in bytes, in time, and in what all callers together may keep in memory.

use super::refusal::Refusal;
use super::room::{Place, Room};
use crate::errors::OperationError;
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::Body;
use http_body_util::BodyExt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// Bodies in memory at a time, of all callers together.
const ALL_BODIES_BYTES_MAX: usize = 64 << 20;
/// What is counted of a body at the least.
const BODY_BYTES_MIN: usize = 1 << 10;

/// Bounds on bodies.
#[derive(Clone)]
pub(crate) struct BodyLimits {
    bytes_max: usize,
    time_max: Duration,
    room: Arc<Room>,
}

/// A body, and its place until it is dropped. It may hold plaintext and is zeroized.
pub(crate) struct ReadBody {
    pub(crate) bytes: Bytes,
    _place: Place,
}

impl BodyLimits {
    /// Bodies of at most so many bytes, each read within so much time.
    pub(crate) fn new(bytes_max: usize, time_max: Duration) -> Self {
        Self {
            bytes_max,
            time_max,
            room: Room::new(ALL_BODIES_BYTES_MAX),
        }
    }

    /// Reads a body whole.
    ///
    /// # Errors
    /// When it is too large, too slow, broken off, finds no room or has to make room for another.
    pub(crate) async fn read<B>(&self, headers: &HeaderMap, body: B) -> Result<ReadBody, Refusal>
    where
        B: Body<Data = Bytes>,
    {
        // Without a length it may become as large as any.
        let announced = announced_bytes(headers).unwrap_or(self.bytes_max);
        if announced > self.bytes_max {
            return Err(Refusal::TooLarge);
        }
        let place = self.room.enter(announced.max(BODY_BYTES_MIN)).ok_or_else(|| {
            let text = "the bodies of other requests take all the memory for them; try again";
            OperationError::Throttled(text.to_owned())
        })?;
        tokio::select! {
            // First what has arrived: most bodies come with their headers, and need no timer.
            biased;
            read = read_within(announced, body) => keep(read?, place),
            () = tokio::time::sleep(self.time_max) => Err(Refusal::TooSlow),
            () = place.must_go() => Err(Refusal::TooSlow),
        }
    }
}

/// Reads a body of at most as many bytes as it announced.
async fn read_within<B>(announced: usize, body: B) -> Result<Zeroizing<Vec<u8>>, Refusal>
where
    B: Body<Data = Bytes>,
{
    let mut bytes = Zeroizing::new(Vec::with_capacity(announced));
    let mut body = pin!(body);
    while let Some(frame) = body.frame().await {
        let broken = |_| Refusal::Serialization("The request body broke off.".to_owned());
        // What is no data is a trailer, which nothing here reads.
        let Ok(data) = frame.map_err(broken)?.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > announced {
            return Err(Refusal::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// A body that has arrived, unless it had to make room for another in its last moment.
fn keep(bytes: Zeroizing<Vec<u8>>, mut place: Place) -> Result<ReadBody, Refusal> {
    if !place.keep() {
        return Err(Refusal::TooSlow);
    }
    Ok(ReadBody {
        bytes: Bytes::from_owner(bytes),
        _place: place,
    })
}

/// The announced length; a server of HTTP has checked that there are not two that differ.
fn announced_bytes(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body::Frame;
    use http_body_util::{Full, StreamBody};
    use std::convert::Infallible;
    use tokio::sync::mpsc;
    use tonic::codegen::tokio_stream::wrappers::ReceiverStream;

    fn limits(bytes_max: usize) -> BodyLimits {
        BodyLimits::new(bytes_max, Duration::from_millis(50))
    }

    fn announcing(bytes: &str) -> HeaderMap {
        HeaderMap::from_iter([(CONTENT_LENGTH, bytes.parse().unwrap())])
    }

    /// A body that is written by hand, and may never end.
    fn by_hand() -> (
        mpsc::Sender<Result<Frame<Bytes>, Infallible>>,
        impl Body<Data = Bytes, Error = Infallible>,
    ) {
        let (sender, receiver) = mpsc::channel(8);
        (sender, StreamBody::new(ReceiverStream::new(receiver)))
    }

    #[tokio::test]
    async fn a_body_is_read_whole_up_to_the_limit() {
        let body = || Full::new(Bytes::from_static(b"0123456789"));
        for headers in [HeaderMap::new(), announcing("10")] {
            let read = limits(10).read(&headers, body()).await.ok().unwrap();
            assert_eq!(&read.bytes[..], b"0123456789");
        }
        assert_eq!(
            limits(9).read(&HeaderMap::new(), body()).await.err(),
            Some(Refusal::TooLarge)
        );
    }

    #[tokio::test]
    async fn a_body_that_announces_too_much_is_not_read_at_all() {
        let (_never_sent, body) = by_hand();
        let announced = announcing("1073741824");
        assert_eq!(
            limits(10).read(&announced, body).await.err(),
            Some(Refusal::TooLarge)
        );
    }

    #[tokio::test]
    async fn a_body_longer_than_announced_is_refused() {
        let body = Full::new(Bytes::from_static(b"0123456789"));
        assert_eq!(
            limits(100).read(&announcing("5"), body).await.err(),
            Some(Refusal::TooLarge)
        );
    }

    #[tokio::test]
    async fn a_body_that_does_not_end_in_time_is_refused() {
        let (sender, body) = by_hand();
        sender
            .send(Ok(Frame::data(Bytes::from_static(b"{"))))
            .await
            .unwrap();
        assert_eq!(
            limits(10).read(&HeaderMap::new(), body).await.err(),
            Some(Refusal::TooSlow)
        );
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_makes_room_for_one_that_does() {
        let limits = BodyLimits::new(ALL_BODIES_BYTES_MAX, Duration::from_secs(60));
        let (never_sent, slow) = by_hand();
        let slow = {
            let limits = limits.clone();
            tokio::spawn(async move { limits.read(&HeaderMap::new(), slow).await.err() })
        };
        // Until the slow one has its place.
        tokio::task::yield_now().await;
        let quick = Full::new(Bytes::from_static(b"x"));
        let read = limits.read(&HeaderMap::new(), quick).await.ok().unwrap();
        assert_eq!(&read.bytes[..], b"x");
        assert_eq!(slow.await.unwrap(), Some(Refusal::TooSlow));
        drop(never_sent);
    }

    #[tokio::test]
    async fn what_has_been_read_keeps_its_place_until_it_is_dropped() {
        let limits = limits(ALL_BODIES_BYTES_MAX);
        let body = || Full::new(Bytes::from_static(b"x"));
        let first = limits.read(&HeaderMap::new(), body()).await.ok().unwrap();
        let refused = limits.read(&HeaderMap::new(), body()).await.err().unwrap();
        assert_eq!(refused.in_json().code, "ThrottlingException");
        drop(first);
        assert!(limits.read(&HeaderMap::new(), body()).await.is_ok());
    }
}
