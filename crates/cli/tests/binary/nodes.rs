//! Nodes of a region that answer as they are told, behind real mutual TLS, and a configuration that names them.

use std::net::TcpListener as StdListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{fs, io::Write};

use kms_proto::admin::v1::admin_server::{Admin, AdminServer};
use kms_proto::admin::v1::{self as admin, RegionIdentity, RegionPair, SealingKey};
use kms_proto::kms::v1::kms_server::KmsServer;
use prost::Message;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tonic::{Code, Request, Response, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::certificates::Authority;
use crate::plain::plain;

/// What a node does with every call.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Behaviour {
    /// Answers.
    Serve,
    /// Fails with this code and AWS exception name; an empty name means no details.
    Fail(Code, &'static str),
    /// Never answers.
    Hang,
}

/// One node: what it does, and the calls it has seen.
pub(crate) struct Node {
    name: &'static str,
    behaviour: Behaviour,
    /// Operation, request id and grpc-timeout of each call.
    calls: Mutex<Vec<(&'static str, String, String)>>,
    /// What was asked for last, encoded.
    last_request: Mutex<Vec<u8>>,
    pinned: Mutex<Vec<String>>,
}

impl Node {
    /// Notes a call and does what the node does.
    pub(crate) async fn answer<Q: Message, R>(
        &self,
        operation: &'static str,
        request: &Request<Q>,
        answer: R,
    ) -> Result<Response<R>, Status> {
        let metadata = |name: &str| {
            request
                .metadata()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
                .unwrap_or_default()
        };
        let call = (
            operation,
            metadata("amz-sdk-invocation-id"),
            metadata("grpc-timeout"),
        );
        self.calls.lock().unwrap().push(call);
        *self.last_request.lock().unwrap() = request.get_ref().encode_to_vec();
        match self.behaviour {
            Behaviour::Serve => Ok(Response::new(answer)),
            Behaviour::Fail(code, "") => Err(Status::new(code, "told to fail")),
            Behaviour::Fail(code, name) => {
                let details = ErrorDetails::with_error_info(name, "kms.concord", []);
                Err(Status::with_error_details(code, "told to fail", details))
            }
            Behaviour::Hang => std::future::pending().await,
        }
    }

    pub(crate) fn calls(&self) -> Vec<(&'static str, String, String)> {
        self.calls.lock().unwrap().clone()
    }

    /// What the last call asked for, which was this operation.
    pub(crate) fn last_request<Q: Message + Default>(&self, operation: &str) -> Q {
        assert_eq!(self.calls().last().map(|call| call.0), Some(operation));
        Q::decode(self.last_request.lock().unwrap().as_slice()).unwrap()
    }

    pub(crate) fn pinned(&self) -> Vec<String> {
        self.pinned.lock().unwrap().clone()
    }
}

/// The service of a node.
pub(crate) struct Service(pub(crate) Arc<Node>);

#[tonic::async_trait]
impl Admin for Service {
    async fn get_region_identity(
        &self,
        request: Request<admin::GetRegionIdentityRequest>,
    ) -> Result<Response<admin::GetRegionIdentityResponse>, Status> {
        let identity = RegionIdentity {
            name: self.0.name.to_owned(),
            sealing_key: Some(SealingKey::default()),
            ..Default::default()
        };
        let endpoints = vec![format!("{}:7104", self.0.name)];
        let answer = admin::GetRegionIdentityResponse {
            identity: Some(identity),
            endpoints,
        };
        self.0.answer("get_region_identity", &request, answer).await
    }

    async fn pair_region(
        &self,
        request: Request<admin::PairRegionRequest>,
    ) -> Result<Response<admin::PairRegionResponse>, Status> {
        let admin::PairRegionRequest { identity, endpoints } = request.get_ref().clone();
        self.0.pinned.lock().unwrap().extend(endpoints.iter().cloned());
        let pair = RegionPair { identity, endpoints };
        self.0
            .answer(
                "pair_region",
                &request,
                admin::PairRegionResponse { pair: Some(pair) },
            )
            .await
    }

    plain! {
        bootstrap: admin::BootstrapRequest => admin::BootstrapResponse,
        region_status: admin::RegionStatusRequest => admin::RegionStatusResponse,
        add_node: admin::AddNodeRequest => admin::AddNodeResponse,
        remove_node: admin::RemoveNodeRequest => admin::RemoveNodeResponse,
        transfer_leader: admin::TransferLeaderRequest => admin::TransferLeaderResponse,
        trigger_snapshot: admin::TriggerSnapshotRequest => admin::TriggerSnapshotResponse,
        unpair_region: admin::UnpairRegionRequest => admin::UnpairRegionResponse,
        list_region_pairs: admin::ListRegionPairsRequest => admin::ListRegionPairsResponse,
        describe_replication: admin::DescribeReplicationRequest => admin::DescribeReplicationResponse,
        list_wrapping_keys: admin::ListWrappingKeysRequest => admin::ListWrappingKeysResponse,
        create_account: admin::CreateAccountRequest => admin::CreateAccountResponse {
            account: Some(account()),
        },
        list_accounts: admin::ListAccountsRequest => admin::ListAccountsResponse {
            accounts: vec![account()],
        },
        set_account_status: admin::SetAccountStatusRequest => admin::SetAccountStatusResponse {
            account: Some(account()),
        },
        delete_account: admin::DeleteAccountRequest => admin::DeleteAccountResponse {
            account: Some(account()),
        },
        create_access_key: admin::CreateAccessKeyRequest => admin::CreateAccessKeyResponse {
            access_key: Some(access_key()),
            secret_access_key: ACCESS_KEY_SECRET.to_owned(),
        },
        list_access_keys: admin::ListAccessKeysRequest => admin::ListAccessKeysResponse {
            access_keys: vec![access_key()],
        },
        set_access_key_status: admin::SetAccessKeyStatusRequest => admin::SetAccessKeyStatusResponse {
            access_key: Some(access_key()),
        },
        delete_access_key: admin::DeleteAccessKeyRequest => admin::DeleteAccessKeyResponse {
            access_key: Some(access_key()),
        },
    }
}

pub(crate) const ACCESS_KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
pub(crate) const ACCESS_KEY_SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

fn account() -> admin::Account {
    admin::Account {
        account_id: "111122223333".to_owned(),
        name: "Payroll".to_owned(),
        status: "Active".to_owned(),
        home_region: "us-east-1".to_owned(),
        revision: 1,
        ..Default::default()
    }
}

fn access_key() -> admin::AccessKey {
    admin::AccessKey {
        access_key_id: ACCESS_KEY_ID.to_owned(),
        principal: "arn:aws:iam::111122223333:user/app".to_owned(),
        status: "Active".to_owned(),
        home_region: "us-east-1".to_owned(),
        revision: 1,
        ..Default::default()
    }
}

/// Regions for one test: their nodes, and a folder with certificates and kmsctl.toml.
pub(crate) struct Regions {
    runtime: Runtime,
    folder: TempDir,
    authority: Authority,
    config: String,
}

impl Regions {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        let stranger = Authority::new();
        for (name, (certificate, key)) in [
            ("client", authority.issue("client")),
            ("stranger", stranger.issue("client")),
        ] {
            fs::write(folder.path().join(format!("{name}.pem")), certificate).unwrap();
            fs::write(folder.path().join(format!("{name}-key.pem")), key).unwrap();
        }
        fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        Self {
            runtime: Runtime::new().unwrap(),
            folder,
            authority,
            config: String::new(),
        }
    }

    /// Starts a node; its services, Kms and Admin, are on one listener. Gives the node and its URL.
    pub(crate) fn node(&self, name: &'static str, behaviour: Behaviour) -> (Arc<Node>, String) {
        let node = Arc::new(Node {
            name,
            behaviour,
            calls: Mutex::default(),
            last_request: Mutex::default(),
            pinned: Mutex::default(),
        });
        let (certificate, key) = self.authority.issue("localhost");
        let tls = ServerTlsConfig::new()
            .identity(Identity::from_pem(certificate, key))
            .client_ca_root(Certificate::from_pem(self.authority.pem()));
        let listener = self.runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let server = Server::builder()
            .tls_config(tls)
            .unwrap()
            .add_service(KmsServer::new(Service(node.clone())))
            .add_service(AdminServer::new(Service(node.clone())))
            .serve_with_incoming(TcpListenerStream::new(listener));
        self.runtime.spawn(server);
        (node, url)
    }

    /// A URL where nobody listens.
    pub(crate) fn nobody() -> String {
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        format!("https://localhost:{}", listener.local_addr().unwrap().port())
    }

    /// Adds a context of these nodes, with `client` or `stranger` as the caller.
    pub(crate) fn context(&mut self, name: &str, caller: &str, urls: &[&str]) {
        self.config.push_str(&format!(
            "[contexts.{name}]\nendpoints = {urls:?}\nadmin_endpoints = {urls:?}\n\
             server_ca = \"ca.pem\"\ncertificate = \"{caller}.pem\"\nkey = \"{caller}-key.pem\"\n\
             admin_server_ca = \"ca.pem\"\nadmin_certificate = \"{caller}.pem\"\nadmin_key = \"{caller}-key.pem\"\n"
        ));
        fs::write(self.config_path(), &self.config).unwrap();
    }

    /// Adds settings to the context that was added last.
    pub(crate) fn add_to_context(&mut self, settings: &str) {
        self.config.push_str(settings);
        fs::write(self.config_path(), &self.config).unwrap();
    }

    pub(crate) fn config_path(&self) -> PathBuf {
        self.folder.path().join("kmsctl.toml")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs kmsctl with `input` on its standard input.
    pub(crate) fn kmsctl(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kmsctl"))
            .args(arguments)
            .env("KMSCTL_CONFIG", self.config_path())
            .env_remove("KMSCTL_CONTEXT")
            .current_dir(self.folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A command that fails before it reads closes the pipe; that is not what these tests look at.
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    }
}

impl Drop for Regions {
    fn drop(&mut self) {
        // Nodes that hang must not hold up the end of the test.
        let runtime = std::mem::replace(&mut self.runtime, Runtime::new().unwrap());
        runtime.shutdown_timeout(Duration::from_millis(10));
    }
}
