//! Calls to the nodes of one region: mutual TLS, one deadline for the whole call, and the next node when one is
//! not available. Every try of a call carries the same request id, so that a change happens at most once.

use std::cell::Cell;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep, timeout};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Code, Request, Response, Status, TimeoutExpired};

use crate::failure::Failure;

/// The metadata entry with the request id.
const INVOCATION_ID: &str = "amz-sdk-invocation-id";
/// A node that does not finish connection and handshake in this time is passed over.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1_500);
/// The pause after all nodes were tried; doubled each round up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// What may be done when a node did not answer a call that it may have received.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Repeat {
    /// Ask the next node: the call reads, or its request id makes it happen once.
    Safe,
    /// Report it: the call changes something and is not covered by a request id.
    Unsafe,
}

/// The files of a TLS client.
pub(crate) struct TlsFiles<'a> {
    /// The CA that signed the servers' certificates.
    pub(crate) server_ca: &'a Path,
    /// Our certificate and chain.
    pub(crate) certificate: &'a Path,
    /// Our private key.
    pub(crate) key: &'a Path,
}

/// The nodes of one region's client or admin listeners.
pub(crate) struct Connection {
    context: String,
    nodes: Vec<Node>,
    timeout: Duration,
    invocation_id: Option<String>,
}

/// One listener, connected when first needed.
struct Node {
    url: String,
    endpoint: Endpoint,
    channel: OnceCell<Channel>,
    /// Whether it was seen to refuse our certificate. It says so after the handshake, and a call may learn only
    /// that the connection was closed, so this is remembered from one try to the next.
    certificate_refused: Cell<bool>,
}

/// How one try of a call ended, when it did not succeed.
enum Attempt {
    /// Connection or handshake failed: the node has not seen the call.
    NotSent {
        reason: String,
        certificate_refused: bool,
    },
    /// The connection broke during the call.
    Broken {
        reason: String,
        certificate_refused: bool,
    },
    /// The node did not answer in the time of this try.
    TimedOut,
    /// The node answered with an error.
    Answered(Status),
}

impl Connection {
    /// Prepares connections to `urls`; nothing is sent yet. Each call may take `timeout` in all. With
    /// `invocation_id` every call carries that request id, otherwise a fresh one.
    pub(crate) fn new(
        context: &str,
        urls: &[String],
        files: &TlsFiles<'_>,
        timeout: Duration,
        invocation_id: Option<String>,
    ) -> Result<Self, Failure> {
        let read = |path: &Path| {
            fs::read(path).map_err(|error| Failure::Usage(format!("cannot read {}: {error}", path.display())))
        };
        let tls = ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(read(files.server_ca)?))
            .identity(Identity::from_pem(read(files.certificate)?, read(files.key)?));
        let mut nodes = Vec::with_capacity(urls.len());
        for url in urls {
            let wrong = |error: tonic::transport::Error| Failure::Usage(format!("{url}: {}", chain(&error)));
            let endpoint = Endpoint::from_shared(url.clone())
                .and_then(|endpoint| endpoint.tls_config(tls.clone()))
                .map_err(wrong)?
                .connect_timeout(CONNECT_TIMEOUT);
            nodes.push(Node {
                url: url.clone(),
                endpoint,
                channel: OnceCell::new(),
                certificate_refused: Cell::new(false),
            });
        }
        Ok(Self {
            context: context.to_owned(),
            nodes,
            timeout,
            invocation_id,
        })
    }

    /// The same with each node alone, for questions that are put to every node.
    pub(crate) fn split(self) -> Vec<(String, Self)> {
        let Self {
            context,
            nodes,
            timeout,
            invocation_id,
        } = self;
        nodes
            .into_iter()
            .map(|node| {
                let url = node.url.clone();
                let invocation_id = invocation_id.clone();
                (
                    url,
                    Self {
                        context: context.clone(),
                        nodes: vec![node],
                        timeout,
                        invocation_id,
                    },
                )
            })
            .collect()
    }

    /// Sends `request` with `send` to the first node that can serve it. Goes round the nodes until the deadline
    /// while they are unavailable, but only once if none can be reached at all.
    pub(crate) async fn call<Q, R>(
        &self,
        repeat: Repeat,
        request: Q,
        send: impl AsyncFn(Channel, Request<Q>) -> Result<Response<R>, Status>,
    ) -> Result<R, Failure>
    where
        Q: Clone,
    {
        let id = self
            .invocation_id
            .clone()
            .unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
        let deadline = Instant::now() + self.timeout;
        let mut pause = FIRST_PAUSE;
        let mut last_answer = None;
        loop {
            let mut round = Round::default();
            for (place, node) in self.nodes.iter().enumerate() {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                // Half of what is left for each node but the last, so that one that hangs does not use it all.
                let more = place + 1 < self.nodes.len() && repeat == Repeat::Safe;
                let share = if more { left / 2 } else { left };
                match node.attempt(share, &id, request.clone(), &send).await {
                    Ok(answer) => return Ok(answer),
                    Err(Attempt::Answered(status)) => {
                        let failure = Failure::from_status(&status, &node.url, &id);
                        let settled = repeat == Repeat::Unsafe && status.code() != Code::Unavailable;
                        if settled || !is_for_another_node(&failure) {
                            return Err(failure);
                        }
                        round.somebody_there = true;
                        last_answer = Some(failure);
                    }
                    Err(attempt) => {
                        let may_have_happened = attempt.may_have_happened();
                        round.note(&node.url, attempt);
                        if may_have_happened && repeat == Repeat::Unsafe {
                            return Err(self.timed_out(id));
                        }
                    }
                }
            }
            if !round.somebody_there && !round.attempts.is_empty() {
                return Err(self.unreachable(round));
            }
            if Instant::now() + pause >= deadline {
                return Err(last_answer.unwrap_or_else(|| self.timed_out(id)));
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn timed_out(&self, invocation_id: String) -> Failure {
        Failure::NoAnswer {
            timeout_ms: self.timeout.as_millis(),
            invocation_id,
        }
    }

    fn unreachable(&self, round: Round) -> Failure {
        Failure::Unreachable {
            context: self.context.clone(),
            attempts: round.attempts,
            certificate_refused: round.certificate_refused,
        }
    }
}

/// What one round over the nodes has shown.
#[derive(Default)]
struct Round {
    /// One line for each node that could not be reached.
    attempts: Vec<String>,
    certificate_refused: bool,
    /// Whether a node was reached, so that another round may help.
    somebody_there: bool,
}

impl Round {
    fn note(&mut self, url: &str, attempt: Attempt) {
        self.somebody_there |= attempt.may_have_happened();
        if let Attempt::NotSent {
            reason,
            certificate_refused,
        }
        | Attempt::Broken {
            reason,
            certificate_refused,
        } = attempt
        {
            self.attempts.push(format!("  {url}: {reason}"));
            self.certificate_refused |= certificate_refused;
        }
    }
}

impl Node {
    /// Tries a call once, for `share` at most.
    async fn attempt<Q, R>(
        &self,
        share: Duration,
        id: &str,
        message: Q,
        send: &impl AsyncFn(Channel, Request<Q>) -> Result<Response<R>, Status>,
    ) -> Result<R, Attempt> {
        let started = Instant::now();
        let connecting = self.channel.get_or_try_init(|| self.endpoint.connect());
        let channel = match timeout(share.min(CONNECT_TIMEOUT), connecting).await {
            Ok(Ok(channel)) => channel.clone(),
            Ok(Err(error)) => {
                return Err(Attempt::NotSent {
                    reason: chain(&error),
                    certificate_refused: is_about_certificates(&error),
                });
            }
            Err(_) => {
                let reason = "no connection in time".to_owned();
                return Err(Attempt::NotSent {
                    reason,
                    certificate_refused: false,
                });
            }
        };
        let left = share.saturating_sub(started.elapsed());
        let mut request = Request::new(message);
        request.set_timeout(left);
        let id = id
            .parse()
            .expect("request ids are checked to be visible ASCII when they are parsed");
        request.metadata_mut().insert(INVOCATION_ID, id);
        match timeout(left, send(channel, request)).await {
            Ok(Ok(response)) => Ok(response.into_inner()),
            Ok(Err(status)) => Err(self.remember(Attempt::from_status(status))),
            Err(_) => Err(Attempt::TimedOut),
        }
    }

    /// Adds to a broken try what earlier ones have shown.
    fn remember(&self, attempt: Attempt) -> Attempt {
        match attempt {
            Attempt::Broken {
                reason,
                certificate_refused,
            } => {
                let certificate_refused = self.certificate_refused.get() || certificate_refused;
                self.certificate_refused.set(certificate_refused);
                Attempt::Broken {
                    reason,
                    certificate_refused,
                }
            }
            other => other,
        }
    }
}

impl Attempt {
    /// Whether the node may have received the call, and done it. A refused certificate means that it has not.
    fn may_have_happened(&self) -> bool {
        match self {
            Self::NotSent { .. } => false,
            Self::Broken {
                certificate_refused, ..
            } => !certificate_refused,
            Self::TimedOut | Self::Answered(_) => true,
        }
    }

    /// Tells what the other side answered from what the transport made up.
    fn from_status(status: Status) -> Self {
        let Some(source) = status.source() else {
            return Self::Answered(status);
        };
        if in_chain(source, |error| error.is::<TimeoutExpired>()) {
            return Self::TimedOut;
        }
        Self::Broken {
            reason: chain(source),
            certificate_refused: is_about_certificates(source),
        }
    }
}

/// Whether another node, or the same one a little later, may be able to do what this one could not: it could not
/// serve, or does not know how the call ended, which repeating it with its request id finds out. A key that is
/// unavailable is so on all nodes.
fn is_for_another_node(failure: &Failure) -> bool {
    match failure {
        Failure::Service { exception, .. } if exception == "KeyUnavailableException" => false,
        Failure::Service { exception, code, .. } => {
            matches!(code, Code::Unavailable | Code::DeadlineExceeded)
                || exception == "DependencyTimeoutException"
        }
        _ => false,
    }
}

/// Whether TLS failed because one side does not accept the other's certificate. By rustls's own words: on their
/// way through hyper its errors become texts.
fn is_about_certificates(error: &(dyn Error + 'static)) -> bool {
    in_chain(error, |error| {
        let text = error.to_string();
        text.contains("received fatal alert") || text.contains("invalid peer certificate")
    })
}

/// Whether `wanted` holds for an error or one of its sources.
fn in_chain(error: &(dyn Error + 'static), wanted: impl Fn(&(dyn Error + 'static)) -> bool) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if wanted(error) {
            return true;
        }
        next = error.source();
    }
    false
}

/// An error and its sources on one line, each said once.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let part = error.to_string();
        if parts.last().is_none_or(|last| !last.contains(&part)) {
            parts.push(part);
        }
        next = error.source();
    }
    parts.join(": ")
}
