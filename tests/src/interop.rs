//! The other side of the interoperability tests, `tests/interop/peer.py`: cryptography that shares nothing with this
//! project, asked by one JSON line and answering by another. Bytes travel in base64.

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// The slowest answer is a new RSA-4096 key.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Names the Python that has the packages of `tests/interop/requirements.txt`; `scripts/test` installs them.
const PYTHON: &str = "CONCORD_PYTHON";

/// Names the folder with the packages of `tests/interop/javascript`; `scripts/test` installs them.
const NODE_MODULES: &str = "CONCORD_NODE_MODULES";

/// The Python that has the packages, if one is named.
pub fn python() -> Option<OsString> {
    std::env::var_os(PYTHON)
}

/// The `node_modules` that programs in JavaScript import from, if they are named.
pub fn node_modules() -> Option<OsString> {
    std::env::var_os(NODE_MODULES)
}

/// How `peer.py` calls a signature or a code that it does not accept.
const REFUSED: [&str; 2] = ["InvalidSignature", "BadSignatureError"];

/// A running `peer.py`; killed when it is dropped.
#[derive(Debug)]
pub struct Peer {
    _process: Child,
    requests: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

/// A key made there. Without a public half it is a symmetric or an HMAC key.
#[derive(Debug, Clone)]
pub struct PeerKey {
    /// DER of PKCS#8, or the bytes of a symmetric or HMAC key.
    pub private: Vec<u8>,
    /// DER of SubjectPublicKeyInfo; empty if there is none.
    pub public: Vec<u8>,
}

/// A shared secret, and its encapsulation.
#[derive(Debug, Clone)]
pub struct PeerEncapsulation {
    /// 32 bytes.
    pub secret: Vec<u8>,
    /// What decapsulates to it.
    pub ciphertext: Vec<u8>,
}

impl Peer {
    /// Starts it; `None` where no Python is named.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start() -> anyhow::Result<Option<Self>> {
        let Some(python) = python() else {
            return Ok(None);
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/peer.py");
        let mut process = Command::new(&python)
            // No compiled files beside the sources.
            .arg("-B")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", python.display()))?;
        let requests = process.stdin.take().context("its input is piped")?;
        let answers = process.stdout.take().context("its output is piped")?;
        Ok(Some(Self {
            _process: process,
            requests,
            answers: BufReader::new(answers).lines(),
        }))
    }

    /// A new key of a KMS key spec.
    ///
    /// # Errors
    /// What the peer says.
    pub async fn generate(&mut self, spec: &str) -> anyhow::Result<PeerKey> {
        let answer = self.ask(Request::to("generate").text("spec", spec)).await?;
        Ok(PeerKey {
            private: answer.bytes("private")?,
            public: answer.bytes("public").unwrap_or_default(),
        })
    }

    /// The public half of a private key.
    ///
    /// # Errors
    /// When the private key does not load there.
    pub async fn public(&mut self, private: &[u8]) -> anyhow::Result<Vec<u8>> {
        let request = Request::to("public").bytes("private", private);
        self.ask(request).await?.bytes("public")
    }

    /// A signature over a message, which is hashed there.
    ///
    /// # Errors
    /// What the peer says.
    pub async fn sign(&mut self, private: &[u8], algorithm: &str, message: &[u8]) -> anyhow::Result<Vec<u8>> {
        self.ask(signing(private, algorithm, message))
            .await?
            .bytes("signature")
    }

    /// A signature of RSASSA-PSS with a salt of another length than the digest's.
    ///
    /// # Errors
    /// What the peer says.
    pub async fn sign_with_salt(
        &mut self,
        private: &[u8],
        algorithm: &str,
        message: &[u8],
        salt_bytes: u32,
    ) -> anyhow::Result<Vec<u8>> {
        let request = signing(private, algorithm, message).number("salt_bytes", salt_bytes);
        self.ask(request).await?.bytes("signature")
    }

    /// Whether a signature over a message, which is hashed there, is accepted.
    ///
    /// # Errors
    /// When that is not what the answer tells.
    pub async fn accepts_signature(
        &mut self,
        public: &[u8],
        algorithm: &str,
        message: &[u8],
        signature: &[u8],
    ) -> anyhow::Result<bool> {
        let request = Request::to("verify")
            .bytes("public", public)
            .text("algorithm", algorithm)
            .bytes("message", message)
            .bytes("signature", signature);
        self.accepts(request).await
    }

    /// The message representative of ML-DSA.
    ///
    /// # Errors
    /// What the peer says.
    pub async fn mu(&mut self, public: &[u8], message: &[u8]) -> anyhow::Result<Vec<u8>> {
        let request = Request::to("mu")
            .bytes("public", public)
            .bytes("message", message);
        self.ask(request).await?.bytes("mu")
    }

    /// A message authentication code.
    ///
    /// # Errors
    /// What the peer says.
    pub async fn mac(&mut self, key: &[u8], algorithm: &str, message: &[u8]) -> anyhow::Result<Vec<u8>> {
        let request = Request::to("mac")
            .bytes("private", key)
            .text("algorithm", algorithm)
            .bytes("message", message);
        self.ask(request).await?.bytes("mac")
    }

    /// Whether a message authentication code is accepted.
    ///
    /// # Errors
    /// When that is not what the answer tells.
    pub async fn accepts_mac(
        &mut self,
        key: &[u8],
        algorithm: &str,
        message: &[u8],
        mac: &[u8],
    ) -> anyhow::Result<bool> {
        let request = Request::to("verify_mac")
            .bytes("private", key)
            .text("algorithm", algorithm)
            .bytes("message", message)
            .bytes("mac", mac);
        self.accepts(request).await
    }

    /// RSA-OAEP to a public key.
    ///
    /// # Errors
    /// What the peer says.
    pub async fn encrypt(
        &mut self,
        public: &[u8],
        algorithm: &str,
        plaintext: &[u8],
    ) -> anyhow::Result<Vec<u8>> {
        let request = Request::to("encrypt")
            .bytes("public", public)
            .text("algorithm", algorithm)
            .bytes("plaintext", plaintext);
        self.ask(request).await?.bytes("ciphertext")
    }

    /// Opens RSA-OAEP.
    ///
    /// # Errors
    /// What the peer says.
    pub async fn decrypt(
        &mut self,
        private: &[u8],
        algorithm: &str,
        ciphertext: &[u8],
    ) -> anyhow::Result<Vec<u8>> {
        let request = Request::to("decrypt")
            .bytes("private", private)
            .text("algorithm", algorithm)
            .bytes("ciphertext", ciphertext);
        self.ask(request).await?.bytes("plaintext")
    }

    /// The raw shared secret of ECDH.
    ///
    /// # Errors
    /// What the peer says.
    pub async fn agree(&mut self, private: &[u8], public: &[u8]) -> anyhow::Result<Vec<u8>> {
        let request = Request::to("agree")
            .bytes("private", private)
            .bytes("public", public);
        self.ask(request).await?.bytes("secret")
    }

    /// An ML-KEM encapsulation to a public key.
    ///
    /// # Errors
    /// What the peer says.
    pub async fn encapsulate(&mut self, public: &[u8]) -> anyhow::Result<PeerEncapsulation> {
        let answer = self
            .ask(Request::to("encapsulate").bytes("public", public))
            .await?;
        Ok(PeerEncapsulation {
            secret: answer.bytes("secret")?,
            ciphertext: answer.bytes("ciphertext")?,
        })
    }

    /// Opens an ML-KEM encapsulation.
    ///
    /// # Errors
    /// What the peer says.
    pub async fn decapsulate(&mut self, private: &[u8], ciphertext: &[u8]) -> anyhow::Result<Vec<u8>> {
        let request = Request::to("decapsulate")
            .bytes("private", private)
            .bytes("ciphertext", ciphertext);
        self.ask(request).await?.bytes("secret")
    }

    /// Key material as ImportKeyMaterial takes it, wrapped to a public key of GetParametersForImport.
    ///
    /// # Errors
    /// What the peer says.
    pub async fn wrap(&mut self, public: &[u8], algorithm: &str, material: &[u8]) -> anyhow::Result<Vec<u8>> {
        let request = Request::to("wrap")
            .bytes("public", public)
            .text("algorithm", algorithm)
            .bytes("material", material);
        self.ask(request).await?.bytes("wrapped")
    }

    /// A private key made into one that must not be imported, by a kind of `malformed.py`.
    ///
    /// # Errors
    /// What the peer says.
    pub async fn malform(&mut self, private: &[u8], how: &str) -> anyhow::Result<Vec<u8>> {
        let request = Request::to("malform").bytes("private", private).text("how", how);
        self.ask(request).await?.bytes("private")
    }

    async fn accepts(&mut self, request: Request) -> anyhow::Result<bool> {
        let answer = self.answer_to(request).await?;
        if answer.is_ok() {
            return Ok(true);
        }
        let error = answer.error();
        anyhow::ensure!(REFUSED.iter().any(|name| error.starts_with(name)), "{error}");
        Ok(false)
    }

    async fn ask(&mut self, request: Request) -> anyhow::Result<Answer> {
        let answer = self.answer_to(request).await?;
        anyhow::ensure!(answer.is_ok(), "{}", answer.error());
        Ok(answer)
    }

    async fn answer_to(&mut self, request: Request) -> anyhow::Result<Answer> {
        let mut line = serde_json::to_vec(&request.0)?;
        line.push(b'\n');
        self.requests.write_all(&line).await?;
        let answer = tokio::time::timeout(ANSWER_WITHIN, self.answers.next_line())
            .await
            .context("peer.py did not answer")??;
        let answer = answer.context("peer.py has ended")?;
        Ok(Answer(serde_json::from_str(&answer)?))
    }
}

fn signing(private: &[u8], algorithm: &str, message: &[u8]) -> Request {
    Request::to("sign")
        .bytes("private", private)
        .text("algorithm", algorithm)
        .bytes("message", message)
}

struct Request(Map<String, Value>);

impl Request {
    fn to(operation: &str) -> Self {
        Self(Map::new()).text("do", operation)
    }

    fn text(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    fn number(mut self, name: &str, value: u32) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    fn bytes(self, name: &str, value: &[u8]) -> Self {
        self.text(name, &STANDARD.encode(value))
    }
}

struct Answer(Map<String, Value>);

impl Answer {
    fn is_ok(&self) -> bool {
        self.0.get("ok") == Some(&Value::Bool(true))
    }

    fn error(&self) -> &str {
        self.0.get("error").and_then(Value::as_str).unwrap_or("no reason")
    }

    fn bytes(&self, name: &str) -> anyhow::Result<Vec<u8>> {
        let text = self.0.get(name).and_then(Value::as_str);
        let text = text.with_context(|| format!("peer.py did not answer {name}"))?;
        Ok(STANDARD.decode(text)?)
    }
}
