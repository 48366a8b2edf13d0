"""HTTP/1.1 byte by byte, and SigV4 in a few lines: what an SDK would never send has to be written by hand.

Shared by fuzz_http.py and raw_http.py. AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name a local cluster's profiles.
"""

import configparser
import datetime
import functools
import hashlib
import hmac
import json
import os
import re
import socket
import time
from dataclasses import dataclass, field

JSON = "application/x-amz-json-1.1"
FORM = "application/x-www-form-urlencoded; charset=utf-8"
TARGET = "TrentService."
DATE_FORMAT = "%Y%m%dT%H%M%SZ"
# An answer, or the end of the connection, is there within this time.
ANSWER_WITHIN_S = 15
# Far more than any answer.
ANSWER_BYTES_MAX = 4 << 20


@dataclass(frozen=True)
class Caller:
    """An access key, and where it is used."""

    region: str
    host: str
    port: int
    access_key: str
    secret: str

    @property
    def authority(self):
        return f"{self.host}:{self.port}"


def caller(region, account=""):
    """The administrator of an account, from the profiles that local-cluster writes."""
    config, credentials = configparser.ConfigParser(), configparser.ConfigParser()
    config.read(os.environ["AWS_CONFIG_FILE"])
    credentials.read(os.environ["AWS_SHARED_CREDENTIALS_FILE"])
    name = f"concord{account}-{region}"
    authority = config[f"profile {name}"]["endpoint_url"].removeprefix("http://")
    host, port = authority.rsplit(":", 1)
    keys = credentials[name]
    return Caller(region, host, int(port), keys["aws_access_key_id"], keys["aws_secret_access_key"])


def utc_now(later_s=0):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=later_s)


def _mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


@functools.lru_cache(maxsize=64)
def _signing_key(secret, day, region, service):
    key = f"AWS4{secret}".encode()
    for part in (day, region, service, "aws4_request"):
        key = _mac(key, part)
    return key


@dataclass
class Request:
    """A request and how it is signed; whatever is not set follows from the rest."""

    caller: Caller
    body: bytes = b"{}"
    operation: str = ""
    method: str = "POST"
    target: str = "/"
    version: str = "HTTP/1.1"
    # Name and value, in the order in which they are sent.
    headers: list = field(default_factory=list)
    service: str = "kms"
    region: str = ""
    date: str = ""
    day: str = ""
    # Names that are signed; all that SDKs sign if this is None.
    signed: list = None
    # What is signed in the place of the body's hash.
    payload: str = ""
    # The Authorization header; computed if this is None, left out if it is empty.
    authorization: str = None

    def __post_init__(self):
        self.region = self.region or self.caller.region
        self.date = self.date or utc_now().strftime(DATE_FORMAT)
        self.day = self.day or self.date[:8]
        if not self.headers:
            self.headers = [
                ("Host", self.caller.authority),
                ("Content-Type", JSON if self.service == "kms" else FORM),
                ("X-Amz-Date", self.date),
                ("amz-sdk-invocation-id", os.urandom(16).hex()),
            ]
            if self.operation:
                self.headers.append(("X-Amz-Target", TARGET + self.operation))

    def set(self, name, value):
        """Puts one header in the place of all of this name."""
        self.drop(name)
        self.headers.append((name, value))
        return self

    def drop(self, name):
        self.headers = [header for header in self.headers if header[0].lower() != name.lower()]
        return self

    def add(self, name, value):
        self.headers.append((name, value))
        return self

    def sign(self):
        """Computes the Authorization header of the request as it is now."""
        values = {}
        for name, value in self.headers:
            text = value.decode("latin-1") if isinstance(value, bytes) else value
            values.setdefault(name.lower(), []).append(re.sub(" +", " ", text).strip(" "))
        usual = {"host", "content-type", "amz-sdk-invocation-id"}
        signed = self.signed or sorted(name for name in values if name in usual or name.startswith("x-amz-"))
        lines = "".join(f"{name}:{','.join(values[name])}\n" for name in signed if name in values)
        path, _, query = self.target.partition("?")
        payload = self.payload or hashlib.sha256(self.body).hexdigest()
        names = ";".join(signed)
        canonical = f"{self.method}\n{path}\n{query}\n{lines}\n{names}\n{payload}".encode("latin-1", "replace")
        scope = f"{self.day}/{self.region}/{self.service}/aws4_request"
        to_sign = f"AWS4-HMAC-SHA256\n{self.date}\n{scope}\n{hashlib.sha256(canonical).hexdigest()}"
        key = _signing_key(self.caller.secret, self.day, self.region, self.service)
        self.authorization = (
            f"AWS4-HMAC-SHA256 Credential={self.caller.access_key}/{scope}, SignedHeaders={names}, "
            f"Signature={_mac(key, to_sign).hex()}"
        )
        return self

    def head(self, framing=True):
        """First line and headers, signed unless they are; `framing` adds the length of the body."""
        if self.authorization is None:
            self.sign()
        headers = list(self.headers)
        if self.authorization:
            headers.append(("Authorization", self.authorization))
        if framing:
            headers.append(("Content-Length", str(len(self.body))))
        lines = [f"{self.method} {self.target} {self.version}".encode("latin-1", "replace")]
        for name, value in headers:
            text = value if isinstance(value, bytes) else value.encode("latin-1", "replace")
            lines.append(name.encode("latin-1", "replace") + b": " + text)
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def bytes(self):
        return self.head() + self.body


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict
    body: bytes
    # Whether the other side ends the connection after it.
    closes: bool

    def json(self):
        return json.loads(self.body) if self.body else {}

    @property
    def code(self):
        """The error's code, in either protocol."""
        if self.headers.get("content-type") == "text/xml":
            return self.body.decode().partition("<Code>")[2].partition("</Code>")[0]
        return self.json().get("__type", "") if self.status != 200 else ""

    @property
    def message(self):
        return self.json().get("message", "")


class Hang(Exception):
    """Neither an answer nor an end of the connection in time."""


class Closed(Exception):
    """The connection ended where an answer was due."""


class Malformed(Exception):
    """What came back is not HTTP."""


class Connection:
    """One connection, kept alive as long as the other side keeps it."""

    def __init__(self, to, within_s=ANSWER_WITHIN_S):
        self.within_s = within_s
        self.socket = socket.create_connection((to.host, to.port), timeout=within_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        """Sends, as far as the other side takes it."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            # Why is in what it has sent, perhaps.
            pass
        except TimeoutError as error:
            raise Hang("the other side takes nothing more") from error

    def _more(self, end):
        """Reads on; false at the end of the connection."""
        left = end - time.monotonic()
        if left <= 0:
            raise Hang(f"no answer within {self.within_s} s, after {self.buffer[:200]!r}")
        self.socket.settimeout(left)
        try:
            chunk = self.socket.recv(65_536)
        except TimeoutError as error:
            raise Hang(f"no answer within {self.within_s} s, after {self.buffer[:200]!r}") from error
        except ConnectionResetError:
            return False
        finally:
            self.socket.settimeout(self.within_s)
        self.buffer += chunk
        if len(self.buffer) > ANSWER_BYTES_MAX:
            raise Malformed("an answer without end")
        return bool(chunk)

    def answer(self, head_only=False, interim=False):
        """The next answer; `interim` takes 100 Continue for one, `head_only` is for answers to HEAD."""
        end = time.monotonic() + self.within_s
        while True:
            while b"\r\n\r\n" not in self.buffer:
                if not self._more(end):
                    if self.buffer:
                        raise Malformed(f"the connection ended within an answer: {self.buffer[:200]!r}")
                    raise Closed
            head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
            status, headers = _parsed(head)
            if status >= 200 or interim:
                break
        closes = headers.get("connection", "close" if head.startswith(b"HTTP/1.0") else "").lower() == "close"
        if head_only or status < 200:
            return Answer(status, headers, b"", closes)
        if "content-length" not in headers:
            raise Malformed(f"an answer of unknown length: {head[:200]!r}")
        length = int(headers["content-length"])
        while len(self.buffer) < length:
            if not self._more(end):
                raise Malformed("the connection ended within an answer's body")
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return Answer(status, headers, body, closes)

    def finish(self):
        """Sends no more."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            # It has ended already.
            pass

    def ends(self):
        """Waits for the end of the connection; what came before."""
        end = time.monotonic() + self.within_s
        while self._more(end):
            pass
        return self.buffer


def _parsed(head):
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
        raise Malformed(f"not a status line: {first[:100]!r}")
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or name.lower() in headers:
            raise Malformed(f"a header that is none, or twice: {line[:100]!r}")
        headers[name.lower()] = value.strip()
    return int(words[1]), headers
