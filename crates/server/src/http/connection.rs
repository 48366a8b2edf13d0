//! One connection: HTTP/1.1 or HTTP/2, as its first bytes say, ended when it is idle for too long.
//!
//! A connection that has not sent one request's headers in time, or that has been silent since its last answer for too
//! long, is asked to end and then dropped; so slow headers, half-open connections and clients that do not read their
//! answers cost a place for a bounded time only. One whose client has signed nothing valid yet may have to make place for
//! another at any time.

use super::guests::Guest;
use crate::config::Limits;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a connection that is asked to end may take for it, once nothing is under way on it.
const FAREWELL_MAX: Duration = Duration::from_secs(2);
/// hyper's least.
const BUFFER_BYTES_MIN: usize = 8_192;
/// What an HTTP/2 client may send of a body before any of it is read, and of all bodies of a connection: this is memory that
/// no other limit counts.
const STREAM_WINDOW_BYTES: u32 = 64 << 10;
const CONNECTION_WINDOW_BYTES: u32 = 256 << 10;
/// Streams of HTTP/2 that a client may reset before they were looked at (rapid reset).
const PENDING_RESETS_MAX: usize = 20;
/// Streams that this side resets because of what a client sends.
const LOCAL_RESETS_MAX: usize = 256;
/// A silent HTTP/2 connection is asked for a sign of life this often, and may take as long for it.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// What is answered to a request.
pub(crate) struct Answer {
    pub(crate) response: Response<Full<Bytes>>,
    /// Whether the request's signature held.
    pub(crate) to_known: bool,
}

/// Who answers the requests. A door, so that connections can be tested without a node.
pub(crate) trait Answers: Send + Sync + 'static {
    /// Answers any request.
    fn answer(&self, request: Request<Incoming>) -> impl Future<Output = Answer> + Send;
}

/// How connections are served.
pub(super) struct Protocols {
    builder: auto::Builder<TokioExecutor>,
    header_time: Duration,
    idle_time: Duration,
}

impl Protocols {
    pub(super) fn new(limits: &Limits) -> Self {
        let mut builder = auto::Builder::new(TokioExecutor::new());
        let header_bytes_max = usize::try_from(limits.header_bytes_max).unwrap_or(usize::MAX);
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.http_idle())
            .max_buf_size(header_bytes_max.max(BUFFER_BYTES_MIN));
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.streams_per_connection_max)
            .max_header_list_size(limits.header_bytes_max)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
            .max_pending_accept_reset_streams(PENDING_RESETS_MAX)
            .max_local_error_reset_streams(LOCAL_RESETS_MAX)
            .keep_alive_interval(KEEPALIVE)
            .keep_alive_timeout(KEEPALIVE);
        Self {
            builder,
            header_time: limits.http_header(),
            idle_time: limits.http_idle(),
        }
    }

    /// Serves a connection until it ends, is idle for too long, has to go, or `stop` is cancelled and what is under way has
    /// ended.
    pub(super) async fn serve<S, A>(&self, stream: S, api: Arc<A>, guest: Guest, stop: CancellationToken)
    where
        A: Answers,
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let activity = Arc::new(Activity::begins(self.header_time, self.idle_time));
        let guest = Arc::new(guest);
        let service = {
            let (activity, guest) = (Arc::clone(&activity), Arc::clone(&guest));
            service_fn(move |request: Request<Incoming>| {
                let under_way = UnderWay::begins(&activity);
                let (api, guest) = (Arc::clone(&api), Arc::clone(&guest));
                async move {
                    let answer = api.answer(request).await;
                    if answer.to_known {
                        guest.is_known();
                    }
                    drop(under_way);
                    Ok::<_, Infallible>(answer.response)
                }
            })
        };
        let mut connection = pin!(self.builder.serve_connection(TokioIo::new(stream), service));
        // As a set, of this one alone, because a set polls what has been woken, and not for every packet.
        let mut interruption = FuturesUnordered::from_iter([async {
            tokio::select! {
                () = guest.must_go() => Interruption::AtOnce,
                () = activity.too_long_idle() => Interruption::Asked,
                () = stop.cancelled() => Interruption::Asked,
            }
        }]);
        tokio::select! {
            // How a connection ends is its client's affair.
            _ = connection.as_mut() => return,
            Some(how) = interruption.next() => match how {
                Interruption::AtOnce => return,
                Interruption::Asked => {}
            },
        }
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            _ = connection => {}
            () = activity.quiet_for(FAREWELL_MAX) => {}
        }
    }
}

/// How a connection is ended from this side.
enum Interruption {
    AtOnce,
    /// Asked to end.
    Asked,
}

/// What a connection has been doing.
struct Activity {
    now: Mutex<Doing>,
    header_time: Duration,
    idle_time: Duration,
}

struct Doing {
    requests: usize,
    since: Instant,
    served_any: bool,
}

impl Activity {
    fn begins(header_time: Duration, idle_time: Duration) -> Self {
        let doing = Doing {
            requests: 0,
            since: Instant::now(),
            served_any: false,
        };
        Self {
            now: Mutex::new(doing),
            header_time,
            idle_time,
        }
    }

    fn update(&self, change: impl FnOnce(&mut Doing)) {
        let mut doing = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut doing);
        doing.since = Instant::now();
    }

    /// When patience ends; `None` while requests are under way.
    fn patience_ends(&self, after: impl Fn(&Doing) -> Duration) -> Option<Instant> {
        let doing = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        (doing.requests == 0).then(|| doing.since + after(&doing))
    }

    /// Returns when no request has been under way for as long as this connection may be idle.
    async fn too_long_idle(&self) {
        let patience = |doing: &Doing| {
            if doing.served_any {
                self.idle_time
            } else {
                self.header_time
            }
        };
        self.idle_beyond(patience).await;
    }

    /// Returns when no request has been under way for so long.
    async fn quiet_for(&self, time: Duration) {
        // Counted from here: what was idle before has not had its time for a farewell.
        self.update(|_| {});
        self.idle_beyond(|_| time).await;
    }

    async fn idle_beyond(&self, patience: impl Fn(&Doing) -> Duration) {
        loop {
            let now = Instant::now();
            match self.patience_ends(&patience) {
                Some(end) if end <= now => return,
                Some(end) => tokio::time::sleep_until(end).await,
                // A request under way has limits of its own; it is looked at again when it can have ended.
                None => tokio::time::sleep(self.header_time.min(FAREWELL_MAX)).await,
            }
        }
    }
}

/// A request under way, for as long as this lives.
struct UnderWay(Arc<Activity>);

impl UnderWay {
    fn begins(activity: &Arc<Activity>) -> Self {
        activity.update(|doing| {
            doing.requests += 1;
            doing.served_any = true;
        });
        Self(Arc::clone(activity))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.update(|doing| doing.requests -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADERS: Duration = Duration::from_millis(20);
    const IDLE: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn a_connection_without_a_first_request_is_idle_after_the_time_for_headers() {
        let activity = Activity::begins(HEADERS, IDLE);
        let began = Instant::now();
        activity.too_long_idle().await;
        assert!(began.elapsed() >= HEADERS);
    }

    #[tokio::test]
    async fn a_connection_is_not_idle_while_a_request_is_under_way() {
        let activity = Arc::new(Activity::begins(HEADERS, HEADERS));
        let under_way = UnderWay::begins(&activity);
        assert_eq!(activity.patience_ends(|_| Duration::ZERO), None);
        drop(under_way);
        activity.too_long_idle().await;
    }

    #[tokio::test]
    async fn after_an_answer_the_next_request_may_take_as_long_as_a_connection_may_be_idle() {
        let activity = Arc::new(Activity::begins(HEADERS, IDLE));
        drop(UnderWay::begins(&activity));
        let patience = |doing: &Doing| if doing.served_any { IDLE } else { HEADERS };
        let ends = activity.patience_ends(patience).unwrap();
        assert!(ends > Instant::now() + IDLE / 2);
    }
}
