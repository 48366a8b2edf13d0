//! Answers that are ready at about the same time leave together. HTTP/2 flushes after every answer, and each flush would
//! be a TLS record, a system call and a reader woken.
//!
//! What is written waits in a buffer. A flush only has the connection's task polled once more: what else is ready runs
//! first, and adds its answers. The poll that follows reads, as every poll of an HTTP/2 connection does, and sends what
//! waits before it reads. So an answer waits for its turn on the processor, never for time.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use zeroize::{Zeroize, Zeroizing};

/// What waits at the most, the payload of a TLS record; more is sent at once.
const WAITING_BYTES_MAX: usize = 16 << 10;

/// A stream of an HTTP/2 connection, which gathers what is written to it.
pub(super) struct Gathering<S> {
    stream: S,
    /// Written by the connection; plaintexts may be among it. Has its whole size from the first write on, so that it
    /// never moves.
    waiting: Zeroizing<Vec<u8>>,
    /// Of these so many have been sent.
    sent: usize,
    due: Due,
}

/// What the stream owes to what was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Due {
    Nothing,
    /// A flush was asked for; the next poll sends.
    Sending,
    /// Everything was handed to the stream below, which has not flushed it.
    Flushing,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Gathering<S> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            waiting: Zeroizing::new(Vec::new()),
            sent: 0,
            due: Due::Nothing,
        }
    }

    /// Sends everything that waits.
    fn send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest) = self.waiting.get(self.sent..).filter(|rest| !rest.is_empty()) {
            let count = ready!(Pin::new(&mut self.stream).poll_write(cx, rest))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += count;
        }
        if self.sent > 0 {
            self.waiting.as_mut_slice().zeroize();
            self.waiting.clear();
            self.sent = 0;
            self.due = Due::Flushing;
        }
        if self.due != Due::Nothing {
            ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
            self.due = Due::Nothing;
        }
        Poll::Ready(Ok(()))
    }

    /// Room in the buffer, made by sending if there is none.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.waiting.len() >= WAITING_BYTES_MAX {
            ready!(self.send(cx))?;
        }
        if self.waiting.capacity() == 0 {
            self.waiting.reserve_exact(WAITING_BYTES_MAX);
        }
        Poll::Ready(Ok(WAITING_BYTES_MAX - self.waiting.len()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Gathering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // What cannot be sent yet wakes this task when it can be; reading goes on meanwhile.
        if self.due != Due::Nothing
            && let Poll::Ready(Err(error)) = self.send(cx)
        {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Gathering<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let room = ready!(self.poll_room(cx))?;
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.waiting.extend_from_slice(taken);
        Poll::Ready(Ok(taken.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut room = ready!(self.poll_room(cx))?;
        let before = room;
        for slice in slices {
            let taken = slice.get(..room).unwrap_or(slice);
            self.waiting.extend_from_slice(taken);
            room -= taken.len();
        }
        Poll::Ready(Ok(before - room))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// Ready at once: what waits is sent by the task's next poll.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.due != Due::Sending && !self.waiting.is_empty() {
            self.due = Due::Sending;
            cx.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.send(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    /// A stream that counts what is written to it.
    struct Counting {
        stream: DuplexStream,
        writes: usize,
    }

    impl AsyncRead for Counting {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_read(cx, buffer)
        }
    }

    impl AsyncWrite for Counting {
        fn poll_write(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.writes += 1;
            Pin::new(&mut self.stream).poll_write(cx, bytes)
        }

        fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_flush(cx)
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            Pin::new(&mut self.stream).poll_shutdown(cx)
        }
    }

    fn gathering(room: usize) -> (Gathering<Counting>, DuplexStream) {
        let (here, there) = duplex(room);
        let counting = Counting {
            stream: here,
            writes: 0,
        };
        (Gathering::new(counting), there)
    }

    /// Polls for reading once, as a connection does on every poll; nothing is there to read.
    async fn polled<S: AsyncRead + Unpin>(stream: &mut S) {
        let nothing = poll_fn(|cx| {
            let mut byte = [0];
            Poll::Ready(Pin::new(&mut *stream).poll_read(cx, &mut ReadBuf::new(&mut byte)))
        });
        assert!(nothing.await.is_pending());
    }

    #[tokio::test]
    async fn what_is_flushed_before_the_next_poll_leaves_in_one_write() -> io::Result<()> {
        let (mut stream, mut peer) = gathering(1_000);
        for answer in [b"one ".as_slice(), b"two ", b"three"] {
            stream.write_all(answer).await?;
            stream.flush().await?;
        }
        assert_eq!(stream.stream.writes, 0);
        polled(&mut stream).await;
        assert_eq!(stream.stream.writes, 1);
        let mut received = [0; 13];
        peer.read_exact(&mut received).await?;
        assert_eq!(&received, b"one two three");
        polled(&mut stream).await;
        assert_eq!(stream.stream.writes, 1, "nothing is owed");
        Ok(())
    }

    #[tokio::test]
    async fn a_task_that_flushes_and_then_reads_is_polled_again_and_sends() -> io::Result<()> {
        let (mut stream, mut peer) = gathering(1_000);
        let task = tokio::spawn(async move {
            stream.write_all(b"answer").await?;
            stream.flush().await?;
            stream.read_u8().await
        });
        let mut received = [0; 6];
        peer.read_exact(&mut received).await?;
        assert_eq!(&received, b"answer");
        peer.write_all(b"!").await?;
        assert_eq!(task.await.expect("no panic")?, b'!');
        Ok(())
    }

    #[tokio::test]
    async fn more_than_the_buffer_passes_whole_and_in_order_through_a_narrow_stream() -> io::Result<()> {
        let (mut stream, mut peer) = gathering(4_001);
        let sent: Vec<u8> = (0..5 * WAITING_BYTES_MAX).map(|i| (i % 251) as u8).collect();
        let expected = sent.clone();
        let writing = tokio::spawn(async move {
            for part in sent.chunks(10_007) {
                stream.write_all(part).await?;
                stream.flush().await?;
                assert!(stream.waiting.len() <= WAITING_BYTES_MAX);
            }
            stream.shutdown().await
        });
        let mut received = Vec::new();
        peer.read_to_end(&mut received).await?;
        writing.await.expect("no panic")?;
        assert!(received == expected);
        Ok(())
    }

    #[tokio::test]
    async fn vectored_writes_are_gathered_alike() -> io::Result<()> {
        let (mut stream, mut peer) = gathering(1_000);
        let slices = [io::IoSlice::new(b"head "), io::IoSlice::new(b"body")];
        assert_eq!(stream.write_vectored(&slices).await?, 9);
        stream.shutdown().await?;
        let mut received = Vec::new();
        peer.read_to_end(&mut received).await?;
        assert_eq!(received, b"head body");
        Ok(())
    }

    #[tokio::test]
    async fn a_peer_that_is_gone_is_an_error_of_the_next_poll() -> io::Result<()> {
        let (mut stream, peer) = gathering(1_000);
        drop(peer);
        stream.write_all(b"answer").await?;
        stream.flush().await?;
        let failed = stream.read_u8().await.expect_err("nobody reads any more");
        assert_eq!(failed.kind(), io::ErrorKind::BrokenPipe);
        Ok(())
    }
}
