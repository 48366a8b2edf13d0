//! What a connection may do, and for how long.

use super::super::connection::Answer;
use super::*;
use crate::config::Mode;
use crate::testing::{Authority, listener_files};
use crate::tls::TlsFiles;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Longer than anything here takes, and shorter than a default.
const SOON: Duration = Duration::from_secs(5);
const POST: &[u8] = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi";

/// Sends the body back, once it may.
struct Echo {
    arrived: Arc<Notify>,
    may_answer: Option<Arc<Notify>>,
}

impl Answers for Echo {
    async fn answer(&self, request: Request<Incoming>) -> Answer {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        self.arrived.notify_one();
        if let Some(may_answer) = &self.may_answer {
            may_answer.notified().await;
        }
        Answer {
            response: Response::new(Full::new(body)),
            to_known: true,
        }
    }
}

/// A listener that serves, until `stop` is cancelled.
struct Serving {
    address: SocketAddr,
    stop: CancellationToken,
    ended: JoinHandle<()>,
    arrived: Arc<Notify>,
}

async fn serve(limits: &Limits, tls: Option<Arc<ReloadingTls>>, may_answer: Option<Arc<Notify>>) -> Serving {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, arrived) = (CancellationToken::new(), Arc::new(Notify::new()));
    let echo = Echo {
        arrived: Arc::clone(&arrived),
        may_answer,
    };
    let listening = Listening::new(echo, tls, limits);
    let ended = tokio::spawn(listening.serve(listener, stop.clone()));
    Serving {
        address,
        stop,
        ended,
        arrived,
    }
}

fn quick() -> Limits {
    Limits {
        http_header_ms_max: 100,
        http_idle_ms_max: 200,
        ..Limits::default()
    }
}

/// Reads until the answer is whole; its text.
async fn answer(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\nhi") {
        let mut chunk = [0; 1_024];
        let bytes = timeout(SOON, stream.read(&mut chunk)).await.unwrap().unwrap();
        assert_ne!(
            bytes,
            0,
            "the connection ended after {}",
            String::from_utf8_lossy(&read)
        );
        read.extend_from_slice(&chunk[..bytes]);
    }
    String::from_utf8(read).unwrap()
}

async fn post(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) {
    stream.write_all(POST).await.unwrap();
    let text = answer(stream).await;
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
}

/// Whether the other side ends the connection soon, whatever it says before.
async fn is_ended(stream: &mut (impl AsyncRead + Unpin)) -> bool {
    let mut said = Vec::new();
    // A reset is an end, too.
    timeout(SOON, stream.read_to_end(&mut said)).await.is_ok()
}

#[tokio::test]
async fn http_1_and_2_are_served_at_one_address() {
    let serving = serve(&Limits::default(), None, None).await;
    let mut http1 = TcpStream::connect(serving.address).await.unwrap();
    post(&mut http1).await;
    post(&mut http1).await;
    let mut http2 = TcpStream::connect(serving.address).await.unwrap();
    let empty_settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    http2
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .await
        .unwrap();
    http2.write_all(&empty_settings).await.unwrap();
    let mut frame = [0; 9];
    timeout(SOON, http2.read_exact(&mut frame))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(frame[3], 4, "the first frame is SETTINGS: {frame:?}");
}

#[tokio::test]
async fn whoever_sends_no_whole_headers_in_time_is_cut_off() {
    let serving = serve(&quick(), None, None).await;
    for begun in [
        &b""[..],
        b"P",
        b"POST / HTTP/1.1\r\nhost: a\r\nx-slow: ",
        b"PRI * HTTP/2.0\r\n",
    ] {
        let mut stream = TcpStream::connect(serving.address).await.unwrap();
        stream.write_all(begun).await.unwrap();
        assert!(is_ended(&mut stream).await, "{}", String::from_utf8_lossy(begun));
    }
}

#[tokio::test]
async fn a_connection_that_is_silent_after_an_answer_is_ended() {
    let serving = serve(&quick(), None, None).await;
    let mut stream = TcpStream::connect(serving.address).await.unwrap();
    post(&mut stream).await;
    assert!(is_ended(&mut stream).await);
}

#[tokio::test]
async fn headers_beyond_the_limit_are_refused() {
    let serving = serve(&Limits::default(), None, None).await;
    let mut stream = TcpStream::connect(serving.address).await.unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: a\r\nx-long: {}\r\n\r\n",
        "x".repeat(64 << 10)
    );
    // The other side may end it before all is written.
    let _ = stream.write_all(head.as_bytes()).await;
    let mut said = Vec::new();
    let _ = timeout(SOON, stream.read_to_end(&mut said)).await.unwrap();
    let said = String::from_utf8_lossy(&said);
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 431"), "{said}");
    let mut other = TcpStream::connect(serving.address).await.unwrap();
    post(&mut other).await;
}

#[tokio::test]
async fn newcomers_beyond_the_limit_make_the_oldest_go_and_not_those_who_are_known() {
    let limits = Limits {
        connections_max: 8,
        ..Limits::default()
    };
    let serving = serve(&limits, None, None).await;
    let mut known = TcpStream::connect(serving.address).await.unwrap();
    post(&mut known).await;
    // As many as there are places for newcomers.
    let mut oldest = TcpStream::connect(serving.address).await.unwrap();
    let mut old = TcpStream::connect(serving.address).await.unwrap();
    let mut newest = TcpStream::connect(serving.address).await.unwrap();
    assert!(is_ended(&mut oldest).await);
    let mut last = TcpStream::connect(serving.address).await.unwrap();
    assert!(is_ended(&mut old).await);
    for served in [&mut newest, &mut last, &mut known] {
        post(served).await;
    }
}

#[tokio::test]
async fn a_request_under_way_is_answered_although_the_listener_stops() {
    let may_answer = Arc::new(Notify::new());
    let serving = serve(&Limits::default(), None, Some(Arc::clone(&may_answer))).await;
    let mut busy = TcpStream::connect(serving.address).await.unwrap();
    let _idle = TcpStream::connect(serving.address).await.unwrap();
    busy.write_all(POST).await.unwrap();
    timeout(SOON, serving.arrived.notified()).await.unwrap();
    serving.stop.cancel();
    may_answer.notify_one();
    answer(&mut busy).await;
    timeout(SOON, serving.ended).await.unwrap().unwrap();
    assert!(TcpStream::connect(serving.address).await.is_err());
}

#[tokio::test]
async fn over_tls_no_certificate_is_asked_of_a_client_and_plain_bytes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("test");
    let issued = authority.issue("localhost", &[]);
    let files = listener_files(folder.path(), "http", &issued, &authority.pem());
    let files = TlsFiles {
        ca: None,
        ..TlsFiles::from(&files)
    };
    let tls = Arc::new(ReloadingTls::load("test", files, Mode::Development).unwrap());
    let serving = serve(&quick(), Some(tls), None).await;

    let mut roots = RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    let mut client = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    for protocol in [&b"http/1.1"[..], b"h2"] {
        client.alpn_protocols = vec![protocol.to_vec()];
        let socket = TcpStream::connect(serving.address).await.unwrap();
        let connector = TlsConnector::from(Arc::new(client.clone()));
        let mut stream = connector
            .connect("localhost".try_into().unwrap(), socket)
            .await
            .unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
        if protocol == b"http/1.1" {
            post(&mut stream).await;
        }
    }
    let mut plain = TcpStream::connect(serving.address).await.unwrap();
    plain.write_all(POST).await.unwrap();
    let mut said = Vec::new();
    let _ = timeout(SOON, plain.read_to_end(&mut said)).await.unwrap();
    assert!(!said.starts_with(b"HTTP"), "{}", String::from_utf8_lossy(&said));
}
