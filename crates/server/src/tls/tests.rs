//! Who is let in, who is refused, and whom a node dares to dial.

use super::*;
use crate::config::{Limits, Mode};
use crate::identity::{self, Identity, IdentityError, Subject, node_dns_name, region_dns_name};
use crate::testing::{Authority, Issued, listener_files, write_key};
use kms_domain::vocabulary::{NodeId, RegionName};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::time::timeout;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

const NODE_1: &str = "spiffe://local/region/us-east-1/node/1";
const NODE_2: &str = "spiffe://local/region/us-east-1/node/2";

fn region() -> RegionName {
    "us-east-1".parse().unwrap()
}

fn node_certificate(authority: &Authority, node: NodeId) -> Issued {
    let uri = format!("spiffe://local/region/us-east-1/node/{node}");
    authority.issue(&node_dns_name("local", &region(), node), &[&uri])
}

fn loaded(folder: &Path, name: &str, issued: &Issued, ca_pem: &str) -> Arc<ReloadingTls> {
    let listener = listener_files(folder, name, issued, ca_pem);
    Arc::new(ReloadingTls::load("test", &listener, Mode::Development).unwrap())
}

/// Serves health to nodes of the cluster `local`; answers the address.
async fn serve(tls: Arc<ReloadingTls>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let identify: Identify<(RegionName, NodeId)> = Arc::new(|_, chain| identity::node("local", chain));
    let limits = Limits {
        handshake_ms_max: 500,
        ..Limits::default()
    };
    let connections = incoming("test", listener, tls, identify, &limits);
    let (reporter, health) = tonic_health::server::health_reporter();
    reporter
        .set_service_status("", tonic_health::ServingStatus::Serving)
        .await;
    tokio::spawn(
        http2_server(&limits)
            .add_service(health)
            .serve_with_incoming(connections),
    );
    address
}

/// Whether `dialler` reaches the node that it takes for node 1 at `address`.
async fn reaches(dialler: &Arc<ReloadingTls>, address: &str) -> bool {
    let dialler = NodeDialler::new(Arc::clone(dialler), "local", region());
    let channel = dialler.channel_to(1, address).unwrap();
    let check = HealthCheckRequest {
        service: String::new(),
    };
    timeout(Duration::from_secs(5), HealthClient::new(channel).check(check))
        .await
        .unwrap()
        .is_ok()
}

#[tokio::test]
async fn a_node_of_the_region_is_admitted_and_others_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, stranger) = (Authority::new("test"), Authority::new("stranger"));
    let pem = authority.pem();
    let server = loaded(folder.path(), "server", &node_certificate(&authority, 1), &pem);
    let address = serve(server).await;

    let member = loaded(folder.path(), "member", &node_certificate(&authority, 2), &pem);
    assert!(reaches(&member, &address).await);

    let wrong_ca = loaded(folder.path(), "wrong-ca", &node_certificate(&stranger, 2), &pem);
    assert!(!reaches(&wrong_ca, &address).await, "another CA's certificate");
    let dns = node_dns_name("local", &region(), 2);
    for (name, uris) in [
        (
            "other-cluster",
            &["spiffe://elsewhere/region/us-east-1/node/2"][..],
        ),
        ("caller", &["spiffe://local/account/111122223333/user/alice"][..]),
        ("operator", &["spiffe://local/operator/olga"][..]),
        ("two-uris", &[NODE_1, NODE_2][..]),
        ("no-uri", &[][..]),
    ] {
        let refused = loaded(folder.path(), name, &authority.issue(&dns, uris), &pem);
        assert!(!reaches(&refused, &address).await, "{name}");
    }
    assert!(reaches(&member, &address).await, "the listener goes on");
}

#[tokio::test]
async fn a_peer_without_a_certificate_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("test");
    let server = loaded(
        folder.path(),
        "server",
        &node_certificate(&authority, 1),
        &authority.pem(),
    );
    let address = serve(server).await;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let socket = tokio::net::TcpStream::connect(&address).await.unwrap();
    let name = node_dns_name("local", &region(), 1).try_into().unwrap();
    // With TLS 1.3 the client's handshake ends before the server has looked; the refusal is the first thing read.
    let stream = tokio_rustls::TlsConnector::from(Arc::new(config))
        .connect(name, socket)
        .await;
    if let Ok(mut stream) = stream {
        let mut buffer = [0; 64];
        let read = tokio::io::AsyncReadExt::read(&mut stream, &mut buffer);
        let answer = timeout(Duration::from_secs(5), read).await.unwrap();
        assert!(answer.is_err(), "{answer:?}");
    }
}

#[tokio::test]
async fn a_silent_connection_is_closed_when_the_handshake_takes_too_long() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("test");
    let issued = node_certificate(&authority, 1);
    let address = serve(loaded(folder.path(), "server", &issued, &authority.pem())).await;
    let mut socket = tokio::net::TcpStream::connect(&address).await.unwrap();
    let mut buffer = [0; 64];
    let read = tokio::io::AsyncReadExt::read(&mut socket, &mut buffer);
    let read = timeout(Duration::from_secs(5), read).await.unwrap();
    assert!(matches!(read, Ok(0) | Err(_)));
}

#[tokio::test]
async fn a_node_does_not_talk_to_another_node_in_the_right_ones_place() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("test");
    let pem = authority.pem();
    let member = loaded(folder.path(), "member", &node_certificate(&authority, 2), &pem);
    let dns_of_1 = node_dns_name("local", &region(), 1);
    for (name, dns, uri) in [
        (
            "name-of-3",
            node_dns_name("local", &region(), 3),
            "spiffe://local/region/us-east-1/node/3",
        ),
        (
            "uri-of-3",
            dns_of_1.clone(),
            "spiffe://local/region/us-east-1/node/3",
        ),
        ("other-region", dns_of_1, "spiffe://local/region/eu-west-1/node/1"),
    ] {
        let server = loaded(folder.path(), name, &authority.issue(&dns, &[uri]), &pem);
        let address = serve(server).await;
        assert!(!reaches(&member, &address).await, "{name}");
    }
}

#[tokio::test]
async fn changed_certificates_are_taken_over_and_unusable_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (Authority::new("old"), Authority::new("new"));
    let both = format!("{}{}", old.pem(), new.pem());
    let listener = listener_files(folder.path(), "server", &node_certificate(&old, 1), &both);
    let server = Arc::new(ReloadingTls::load("test", &listener, Mode::Development).unwrap());
    let address = serve(Arc::clone(&server)).await;
    let trusts_old = loaded(folder.path(), "a", &node_certificate(&old, 2), &old.pem());
    let trusts_new = loaded(folder.path(), "b", &node_certificate(&new, 2), &new.pem());
    assert!(reaches(&trusts_old, &address).await);
    assert!(!reaches(&trusts_new, &address).await);

    std::fs::write(&listener.certificate, "no certificate at all").unwrap();
    server.reload();
    assert!(reaches(&trusts_old, &address).await, "the old certificate stays");

    let renewed = node_certificate(&new, 1);
    std::fs::write(&listener.certificate, &renewed.certificate).unwrap();
    write_key(&listener.key, &renewed.key);
    server.reload();
    assert!(reaches(&trusts_new, &address).await);
    assert!(!reaches(&trusts_old, &address).await);
}

#[tokio::test]
async fn a_regions_certificate_counts_only_from_the_pinned_ca() {
    let folder = tempfile::tempdir().unwrap();
    let (pinned, other) = (Authority::new("eu-west-1"), Authority::new("ap-southeast-1"));
    let bundle = format!("{}{}", pinned.pem(), other.pem());
    let dns = region_dns_name("local", &region());
    // The other region's CA issues a certificate in the pinned region's name.
    let impostor = loaded(folder.path(), "impostor", &other.issue(&dns, &[NODE_1]), &bundle);
    let genuine = loaded(folder.path(), "genuine", &pinned.issue(&dns, &[NODE_1]), &bundle);
    let pin = genuine.own_issuer_spki_sha256().unwrap();
    assert_ne!(pin, impostor.own_issuer_spki_sha256().unwrap());

    let dialler = RegionDialler::new(Arc::clone(&genuine), "local");
    for (tls, admitted) in [(genuine, true), (impostor, false)] {
        let address = serve(tls).await;
        let channel = dialler.channel_to(&region(), pin, &address).unwrap();
        let check = HealthCheckRequest {
            service: String::new(),
        };
        let answer = timeout(Duration::from_secs(5), HealthClient::new(channel).check(check))
            .await
            .unwrap();
        assert_eq!(answer.is_ok(), admitted);
    }
}

#[test]
fn what_a_peer_sends_beside_its_certificate_proves_no_issuer() {
    let folder = tempfile::tempdir().unwrap();
    let (mine, other) = (Authority::new("a"), Authority::new("b"));
    let bundle = format!("{}{}", mine.pem(), other.pem());
    let tls = loaded(folder.path(), "server", &node_certificate(&mine, 1), &bundle);
    let chain = [node_certificate(&other, 2).der, mine.der()];
    let issuer = tls.issuer_spki_sha256(&chain).unwrap();
    assert_ne!(issuer, tls.own_issuer_spki_sha256().unwrap());
}

#[test]
fn a_private_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new("test");
    let issued = node_certificate(&authority, 1);
    let listener = listener_files(folder.path(), "server", &issued, &authority.pem());
    std::fs::set_permissions(&listener.key, std::fs::Permissions::from_mode(0o640)).unwrap();
    let refusal = ReloadingTls::load("test", &listener, Mode::Development)
        .err()
        .unwrap();
    assert!(refusal.to_string().contains("0640"), "{refusal}");
}

#[test]
fn production_refuses_a_ca_made_for_development() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(DEVELOPMENT_CA_ORGANIZATION);
    let issued = node_certificate(&authority, 1);
    let listener = listener_files(folder.path(), "server", &issued, &authority.pem());
    assert!(ReloadingTls::load("test", &listener, Mode::Development).is_ok());
    let refusal = ReloadingTls::load("test", &listener, Mode::Production).err();
    assert!(matches!(refusal, Some(TlsError::DevelopmentCa(_))));
}

#[test]
fn a_certificates_uri_names_a_node_a_user_or_an_operator() {
    let node: Identity = NODE_2.parse().unwrap();
    assert_eq!(node.cluster, "local");
    assert_eq!(
        node.subject,
        Subject::Node {
            region: region(),
            node_id: 2
        }
    );
    let user: Identity = "spiffe://local/account/111122223333/user/alice".parse().unwrap();
    let principal = "arn:aws:iam::111122223333:user/alice".parse().unwrap();
    assert_eq!(user.subject, Subject::User { principal });
    let operator: Identity = "spiffe://local/operator/olga".parse().unwrap();
    assert_eq!(
        operator.subject,
        Subject::Operator {
            name: "olga".to_owned()
        }
    );
}

#[test]
fn any_other_uri_names_nobody() {
    for uri in [
        "",
        "spiffe://",
        "spiffe://local",
        "https://local/operator/olga",
        "SPIFFE://local/operator/olga",
        "spiffe:///operator/olga",
        "spiffe://local/operator/",
        "spiffe://local/operator/olga/",
        "spiffe://local/operator/ol ga",
        "spiffe://local/operator/olga?x",
        "spiffe://local/account/11112222333/user/alice",
        "spiffe://local/account/11112222333a/user/alice",
        // Found by fuzzing: it was taken for the user "x:user/alice" of an account that the URI does not name.
        "spiffe://local/account/111122223333:x/user/alice",
        "spiffe://local/account/111122223333/user/",
        "spiffe://local/account/111122223333/role/alice",
        "spiffe://local/account/111122223333/user/a/b",
        "spiffe://local/region/us-east-1/node/0",
        "spiffe://local/region/us-east-1/node/01",
        "spiffe://local/region/us-east-1/node/+1",
        "spiffe://local/region/us-east-1/node/18446744073709551616",
        "spiffe://local/region/US/node/1",
        "spiffe://local/region/us-east-1/node/1/x",
    ] {
        let refused = uri.parse::<Identity>();
        assert!(
            matches!(refused, Err(IdentityError::Malformed(_))),
            "{uri:?}: {refused:?}"
        );
    }
}
