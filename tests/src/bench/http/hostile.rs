//! Clients that mean harm, beside those that are measured.

use crate::aws_profiles::AwsCredentials;
use crate::bench::http::callers::{Call, Callers, Signed, Target};
use bytes::Bytes;
use http::{Request, StatusCode};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Connections that send nothing.
const IDLE: u64 = 10_000;
/// Connections that send a byte at a time.
const SLOW: u64 = 1_000;
/// Connections that send as fast as they can.
const FAST: u64 = 4;
/// Between the bytes of those that send slowly.
const BYTE_EVERY: Duration = Duration::from_secs(1);
/// Before a connection that was ended is made again.
const AGAIN_AFTER: Duration = Duration::from_millis(50);
/// The same for those that are many.
const MANY_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// Streams that are reset on one connection, if the node lets it live, and of them at once.
const STREAMS_PER_CONNECTION: u32 = 10_000;
const STREAMS_AT_ONCE: u32 = 100;
const FLUSHED_AFTER: Duration = Duration::from_millis(1);
/// What a body is announced to be, or becomes.
const LARGE_BYTES: u64 = 1 << 30;
/// The most that a node accepts, so that it is not refused for what it announces.
const ACCEPTED_BYTES: usize = 256 << 10;
const CHUNK_BYTES: usize = 64 << 10;

/// What they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Harm {
    /// Bodies of 1 GiB, without a length.
    LargeBodies,
    /// 1,000 connections whose headers come a byte a second.
    SlowHeaders,
    /// 1,000 connections whose bodies come a byte a second.
    SlowBodies,
    /// 10,000 connections that send nothing.
    IdleConnections,
    /// HTTP/2 streams that are reset as soon as they are open.
    RapidResets,
    /// Signed JSON, nested as deep as a body has room.
    DeepJson,
    /// Signed bodies that are not UTF-8.
    InvalidUtf8,
}

impl Harm {
    /// All there are.
    pub const ALL: [Self; 7] = [
        Self::LargeBodies,
        Self::SlowHeaders,
        Self::SlowBodies,
        Self::IdleConnections,
        Self::RapidResets,
        Self::DeepJson,
        Self::InvalidUtf8,
    ];

    /// How often it must have been done before it counts as being done.
    pub const fn under_way_at(self) -> u64 {
        match self {
            Self::IdleConnections => IDLE,
            Self::SlowHeaders | Self::SlowBodies => SLOW,
            _ => FAST,
        }
    }
}

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::LargeBodies => "bodies of 1 GiB are sent",
            Self::SlowHeaders => "1,000 send headers slowly",
            Self::SlowBodies => "1,000 send bodies slowly",
            Self::IdleConnections => "10,000 connections are idle",
            Self::RapidResets => "streams are reset rapidly",
            Self::DeepJson => "deep JSON is sent",
            Self::InvalidUtf8 => "invalid UTF-8 is sent",
        })
    }
}

/// Where harm is done, and as whom.
#[derive(Clone)]
pub struct Enemies {
    /// The node, over HTTP/1.1.
    pub target: Target,
    /// The node, over HTTP/2.
    pub http2: Target,
    /// Its region.
    pub region: String,
    /// They may be callers like others.
    pub credentials: AwsCredentials,
}

/// Harm under way, until it is dropped.
pub struct Doing {
    _tasks: JoinSet<()>,
    done: Arc<AtomicU64>,
}

impl Doing {
    /// How often it was done.
    pub fn times(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }
}

impl Enemies {
    /// Begins to do harm.
    ///
    /// # Errors
    /// When a request cannot be signed.
    pub fn begin(&self, harm: Harm) -> anyhow::Result<Doing> {
        let (mut tasks, done) = (JoinSet::new(), Arc::new(AtomicU64::new(0)));
        let signed = self.signed(harm)?;
        for _ in 0..harm.under_way_at() {
            let (enemies, done, signed) = (self.clone(), Arc::clone(&done), signed.clone());
            tasks.spawn(async move {
                loop {
                    // Whatever the node does about it is right, as long as others are served.
                    drop(enemies.once(harm, &signed, &done).await);
                    let many = harm == Harm::IdleConnections;
                    tokio::time::sleep(if many { MANY_AGAIN_AFTER } else { AGAIN_AFTER }).await;
                }
            });
        }
        Ok(Doing { _tasks: tasks, done })
    }

    fn signed(&self, harm: Harm) -> anyhow::Result<Signed> {
        let body = match harm {
            Harm::DeepJson => [&b"{\"KeyId\":"[..], &vec![b'['; ACCEPTED_BYTES - 16]].concat(),
            Harm::InvalidUtf8 => vec![0xff; ACCEPTED_BYTES],
            _ => b"{}".to_vec(),
        };
        Call::new(&self.target, &self.region, &self.credentials, "Encrypt", body).sign()
    }

    async fn once(&self, harm: Harm, signed: &Signed, done: &AtomicU64) -> anyhow::Result<()> {
        match harm {
            Harm::LargeBodies => self.large_body(signed, done).await,
            Harm::SlowHeaders => self.slowly(b"POST / HTTP/1.1\r\nx-slow: ", done).await,
            Harm::SlowBodies => {
                let length = format!("content-length: {ACCEPTED_BYTES}\r\n");
                self.slowly(&head(signed, &length), done).await
            }
            Harm::IdleConnections => self.idle(done).await,
            Harm::RapidResets => self.rapid_resets(done).await,
            Harm::DeepJson | Harm::InvalidUtf8 => self.refused_bodies(signed, done).await,
        }
    }

    async fn large_body(&self, signed: &Signed, done: &AtomicU64) -> anyhow::Result<()> {
        let mut stream = self.target.connect().await?;
        stream
            .write_all(&head(signed, "transfer-encoding: chunked\r\n"))
            .await?;
        done.fetch_add(1, Ordering::Relaxed);
        let mut chunk = format!("{CHUNK_BYTES:x}\r\n").into_bytes();
        chunk.resize(chunk.len() + CHUNK_BYTES, b' ');
        chunk.extend_from_slice(b"\r\n");
        for _ in 0..LARGE_BYTES / CHUNK_BYTES as u64 {
            stream.write_all(&chunk).await?;
        }
        Ok(())
    }

    async fn slowly(&self, begin: &[u8], done: &AtomicU64) -> anyhow::Result<()> {
        let mut stream = self.target.connect().await?;
        stream.write_all(begin).await?;
        done.fetch_add(1, Ordering::Relaxed);
        loop {
            tokio::time::sleep(BYTE_EVERY).await;
            stream.write_all(b"x").await?;
            stream.flush().await?;
        }
    }

    async fn idle(&self, done: &AtomicU64) -> anyhow::Result<()> {
        let mut socket = TcpStream::connect(("127.0.0.1", self.target.port)).await?;
        done.fetch_add(1, Ordering::Relaxed);
        // Until the node ends it.
        socket.read_u8().await?;
        Ok(())
    }

    async fn rapid_resets(&self, done: &AtomicU64) -> anyhow::Result<()> {
        let (client, connection) = h2::client::handshake(self.http2.connect().await?).await?;
        let mut driver = JoinSet::new();
        driver.spawn(connection);
        let mut client = client.ready().await?;
        for number in 1..=STREAMS_PER_CONNECTION {
            let request = Request::post(format!("https://localhost:{}/", self.http2.port)).body(())?;
            let (_, mut stream) = client.send_request(request, false)?;
            stream.send_reset(h2::Reason::CANCEL);
            done.fetch_add(1, Ordering::Relaxed);
            client = client.ready().await?;
            if number % STREAMS_AT_ONCE == 0 {
                // What is not written yet is kept by the client, without a bound.
                tokio::time::sleep(FLUSHED_AFTER).await;
            }
        }
        Ok(())
    }

    async fn refused_bodies(&self, signed: &Signed, done: &AtomicU64) -> anyhow::Result<()> {
        let callers = Callers::new(&self.target, 1);
        loop {
            let (status, _) = callers.call(0, signed).await?;
            anyhow::ensure!(status == StatusCode::BAD_REQUEST, "answered with {status}");
            done.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The first line and headers of a signed request as bytes, ready for another body.
fn head(signed: &Signed, more: &str) -> Bytes {
    let mut text = b"POST / HTTP/1.1\r\n".to_vec();
    for (name, value) in signed.headers() {
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(more.as_bytes());
    text.extend_from_slice(b"\r\n");
    text.into()
}
