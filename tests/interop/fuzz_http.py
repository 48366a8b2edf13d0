"""Fuzzing of the HTTP surface with inputs that are derived from botocore's model of KMS.

Usage: fuzz_http.py REGION OTHER_REGION --seconds N [--seed S] [--pid PID ...]

Each request is one of: valid, at the bounds of its shapes, with members of wrong types, of broken bytes, with strange
headers, framed in odd ways, or STS. Most are signed rightly, so that they come past authentication. A finding is: status
5xx; an answer that is not well-formed; a code that neither the service model nor docs/HTTP.md has for it; no answer and
no end of the connection within 15 s; a connection that ends where an answer was due; a process (--pid) that has ended or
grown too much; a panic in its log.

One 5xx is counted apart: RSA keys are made at the lowest priority, so that on a machine that others keep busy they may
not be ready in time, which is DependencyTimeoutException. It is a finding when that is more often so than not.

A finding is told with its seed, its index and its bytes, without the Authorization header. What a request was made of
depends on earlier answers, too: the bytes are what reproduces it, the index what it was meant to be.
"""

import argparse
import json
import random
import re
import sys
import threading
import time
import traceback
from collections import Counter, defaultdict

import http_wire as wire
from fuzz_checks import STS_CODES, Wrong, check, check_headers, codes_of, is_late_rsa
from fuzz_frames import FRAMES, SEVERAL
from fuzz_headers import AUTHENTICATION, HEADERS
from fuzz_inputs import MODEL, OPERATIONS, Inputs
from fuzz_json import written
from fuzz_node import Node
from fuzz_pool import Pool, asked_rsa, learn

THREADS = 6
WARM_UP_SHARE = 0.25
FINDINGS_SHOWN_MAX = 20
REQUEST_SHOWN_BYTES_MAX = 1_500
# Requests that are not whole are waited out in this share of all, and else cut short after a moment.
WAITED_OUT_SHARE = 0.03
MOMENT_S = 1
BODY_BYTES_MAX = 256 << 10

# How often each kind of request is made.
KINDS = {"valid": 40, "edge": 14, "mutated": 18, "broken": 10, "headers": 9, "framed": 7, "sts": 2}

# Operations whose keys others use are asked for more often.
WEIGHTS = {"CreateKey": 3, "Encrypt": 3, "Sign": 3, "GetPublicKey": 2, "ImportKeyMaterial": 2}


class Fuzzer:
    """All threads' common state."""

    def __init__(self, arguments):
        self.seed, self.seconds = arguments.seed, arguments.seconds
        self.region, self.other_region = arguments.region, arguments.other_region
        self.callers = [wire.caller(self.region), wire.caller(self.region, "-2")]
        self.pool = Pool(self.seconds)
        self.lock = threading.Lock()
        self.next_index, self.end = 0, time.monotonic() + self.seconds
        self.outcomes, self.kinds = defaultdict(Counter), Counter()
        self.findings, self.findings_count = [], Counter()
        self.stop = threading.Event()
        # Held while an RSA key is made.
        self.quiet = threading.Lock()

    def take_index(self):
        with self.lock:
            self.next_index += 1
            return self.next_index

    def count(self, operation, outcome):
        with self.lock:
            self.outcomes[operation][outcome] += 1

    def found(self, index, kind, operation, why, sent):
        with self.lock:
            # Many requests find the same; one of each is shown whole.
            about = (operation, re.sub(r"[0-9a-f-]{8,}|\d+|'[^']*'", "…", why)[:100])
            self.findings_count[about] += 1
            if self.findings_count[about] == 1:
                self.findings.append((index, kind, operation, why, sent))

    def work(self):
        connection = None
        while time.monotonic() < self.end and not self.stop.is_set():
            index = self.take_index()
            rng = random.Random(f"{self.seed}:{index}")
            connection = Attempt(self, index, rng).make(connection)
        if connection:
            connection.close()


class Attempt:
    """One request and its answer."""

    def __init__(self, fuzzer, index, rng):
        self.fuzzer, self.index, self.rng = fuzzer, index, rng
        self.inputs = Inputs(rng, fuzzer.pool, fuzzer.region, fuzzer.other_region)
        self.kind = rng.choices(list(KINDS), KINDS.values())[0]
        self.operation, self.sent = "-", b""
        self.parameters, self.caller_index, self.makes_rsa = None, 0, False

    def make(self, connection):
        """Sends one request over the connection, or over a new one; gives the one that can be used next."""
        self.fuzzer.kinds[self.kind] += 1
        try:
            return getattr(self, f"_{self.kind}")(connection)
        except Wrong as error:
            self.fuzzer.found(self.index, self.kind, self.operation, str(error), self.sent)
        except wire.Hang as error:
            self.fuzzer.found(self.index, self.kind, self.operation, f"hangs: {error}", self.sent)
        except wire.Closed:
            self.fuzzer.found(self.index, self.kind, self.operation, "ends the connection without an answer", self.sent)
        except (wire.Malformed, UnicodeDecodeError) as error:
            self.fuzzer.found(self.index, self.kind, self.operation, f"no HTTP: {error}", self.sent)
        except ConnectionRefusedError:
            self.fuzzer.found(self.index, self.kind, self.operation, "accepts no connections", b"")
            self.fuzzer.stop.set()
        return None

    def pick_operation(self):
        weights = [WEIGHTS.get(operation, 1) for operation in OPERATIONS]
        operation = self.rng.choices(OPERATIONS, weights)[0]
        return operation if self.fuzzer.pool.may_make(operation) else "Encrypt"

    def request(self, operation, body):
        """A request as an SDK sends it, of the first account in most cases."""
        if asked_rsa(operation, body):
            if self.fuzzer.pool.may_make_rsa(operation, body):
                self.makes_rsa = True
            else:
                body = re.sub(rb"RSA_[234]\d\d\d", b"ECC_NIST_P256", body)
                self.parameters = None
        self.caller_index = int(self.rng.random() < 0.04)
        return wire.Request(self.fuzzer.callers[self.caller_index], body=body, operation=operation)

    def exchange(self, connection, data):
        """Sends, and reads one answer. A kept connection may have been ended since; then there is a second try."""
        self.sent = data
        kept = connection is not None
        connection = connection or wire.Connection(self.fuzzer.callers[0])
        try:
            connection.send(data)
            return connection, connection.answer()
        except wire.Closed:
            connection.close()
            if not kept:
                raise
        self.fuzzer.count("-", "connection ended since")
        connection = wire.Connection(self.fuzzer.callers[0])
        connection.send(data)
        return connection, connection.answer()

    def send(self, connection, request, codes):
        try:
            with self.fuzzer.quiet:
                if self.makes_rsa:
                    connection, answer = self.exchange(connection, request.bytes())
            if not self.makes_rsa:
                connection, answer = self.exchange(connection, request.bytes())
        except wire.Closed:
            # A body that is too large is not read: its sender may see the reset before it sees the answer.
            if len(request.body) <= BODY_BYTES_MAX:
                raise
            self.fuzzer.count(self.operation, "ended while too much was sent")
            return None
        self.fuzzer.count(self.operation, f"{answer.status} {answer.code}".strip())
        if self.makes_rsa:
            self.fuzzer.count("RSA keys", "late" if is_late_rsa(answer) else "not late")
        if not (self.makes_rsa and is_late_rsa(answer)):
            check(answer, self.operation if self.operation in OPERATIONS else "", codes)
        if answer.status == 200:
            self.fuzzer.pool.note_made(self.operation)
            if self.parameters is not None and self.caller_index == 0:
                learn(self.fuzzer.pool, self.rng, self.operation, self.parameters, answer.json())
        if answer.closes:
            connection.close()
            return None
        return connection

    # The kinds.

    def _valid(self, connection):
        self.operation = self.pick_operation()
        self.parameters = self.inputs.valid(self.operation)
        request = self.request(self.operation, written(self.parameters))
        return self.send(connection, request, codes_of(self.operation))

    def _edge(self, connection):
        self.operation = self.pick_operation()
        shape = MODEL.operation_model(self.operation).input_shape
        self.parameters = self.inputs.of_shape(shape, self.operation, edge=True)
        if self.rng.random() < 0.5:
            # Most members valid, one at its bounds.
            valid = self.inputs.valid(self.operation)
            name = self.rng.choice(list(shape.members))
            self.parameters = {
                **valid,
                name: self.inputs.of_shape(shape.members[name], self.operation, name, edge=True),
            }
        request = self.request(self.operation, written(self.parameters))
        return self.send(connection, request, codes_of(self.operation))

    def _mutated(self, connection):
        self.operation = self.pick_operation()
        body = self.inputs.mutated(self.inputs.valid(self.operation))
        return self.send(connection, self.request(self.operation, body), codes_of(self.operation))

    def _broken(self, connection):
        self.operation = self.pick_operation()
        body = self.inputs.broken(written(self.inputs.valid(self.operation)))
        return self.send(connection, self.request(self.operation, body), codes_of(self.operation))

    def harmless(self):
        """A valid request of an operation that changes nothing much, for tries that are about something else."""
        operation = self.rng.choice(
            ["DescribeKey", "ListKeys", "GenerateRandom", "Encrypt", "TagResource", "ListAliases"]
        )
        return operation, self.request(operation, written(self.inputs.valid(operation)))

    def _headers(self, connection):
        name = self.rng.choice(list(HEADERS))
        operation, request = self.harmless()
        self.operation = f"headers {name}"
        plain = HEADERS[name](self.rng, request)
        codes = codes_of(operation) | AUTHENTICATION
        if plain:
            self.read_any(request.bytes(), codes, [operation])
            return connection
        connection, answer = self.exchange(connection, request.bytes())
        self.fuzzer.count(self.operation, f"{answer.status} {answer.code}".strip())
        check(answer, operation, codes)
        if answer.closes:
            connection.close()
            return None
        return connection

    def _framed(self, connection):
        name = self.rng.choice(list(FRAMES))
        self.operation = f"framed {name}"
        pairs = [self.harmless() for _ in range(3)]
        parts = FRAMES[name](self.rng, [request for _, request in pairs])
        operations = [operation for operation, _ in pairs]
        codes = set.union(*(codes_of(operation) for operation in operations)) | AUTHENTICATION | {"RequestTimeout"}
        self.read_any(parts, codes, operations if name in SEVERAL else operations[:1])
        return connection

    def read_any(self, parts, codes, operations):
        """Sends bytes over a connection of their own: what comes back is HTTP, and what is a KMS answer is well-formed."""
        parts = parts if isinstance(parts, list) else [parts]
        self.sent = b"".join(parts)
        outcomes = []
        with wire.Connection(self.fuzzer.callers[0]) as connection:
            for part in parts:
                connection.send(part)
            for operation in operations:
                if (answer := self.patiently(connection)) is None:
                    outcomes.append("closed")
                    break
                self.check_any(answer, operation, codes)
                outcomes.append(f"{answer.status} {answer.code}".strip() if answer.body else str(answer.status))
                if answer.closes:
                    break
            else:
                connection.finish()
            connection.ends()
        self.fuzzer.count(self.operation, ", ".join(outcomes))

    def patiently(self, connection):
        """The next answer; `None` for the end. What the node rightly waits for more of is ended after a moment, mostly."""
        if self.rng.random() > WAITED_OUT_SHARE:
            connection.within_s = MOMENT_S
        try:
            return connection.answer()
        except wire.Closed:
            return None
        except wire.Hang:
            if connection.within_s == wire.ANSWER_WITHIN_S:
                raise
        finally:
            connection.within_s = wire.ANSWER_WITHIN_S
        connection.finish()
        try:
            return connection.answer()
        except wire.Closed:
            return None

    def check_any(self, answer, operation, codes):
        # HTTP's own refusals have no body.
        if answer.status in {400, 431, 505, 414} and not answer.body:
            return
        if answer.status == 200:
            # Which of several is answered depends on where the frame broke.
            check_headers(answer)
            if answer.body and not isinstance(json.loads(answer.body), dict):
                raise Wrong("no JSON object")
            return
        check(answer, operation, codes)

    def _sts(self, connection):
        self.operation = "GetCallerIdentity"
        body = b"Action=GetCallerIdentity&Version=2011-06-15"
        if self.rng.random() < 0.7:
            body = self.rng.choice([self.inputs.damaged(body), self.inputs.broken(body), b"Action=" + b"%41" * 9_000])
        request = wire.Request(self.fuzzer.callers[0], body=body, service="sts")
        return self.send(connection, request, STS_CODES)


def without_credentials(data):
    kept = re.sub(rb"(?im)^authorization: .*\r\n", b"", data)
    return kept[:REQUEST_SHOWN_BYTES_MAX] + (b"..." if len(kept) > REQUEST_SHOWN_BYTES_MAX else b"")


def report(fuzzer, nodes):
    """Prints counts and findings; whether there were none."""
    requests = sum(fuzzer.kinds.values())
    print(f"seed {fuzzer.seed}: {requests} requests in {fuzzer.seconds} s; {dict(fuzzer.kinds)}")
    for operation, outcomes in sorted(fuzzer.outcomes.items()):
        print(f"  {operation}: " + ", ".join(f"{outcome} x{count}" for outcome, count in outcomes.most_common()))
    print(f"made: {dict(fuzzer.pool.made.most_common())}")
    findings = [finding for node in nodes for finding in node.findings()]
    for node in nodes:
        grown = f"{node.rss_kib()} KiB" if node.lives() else "gone"
        print(
            f"process {node.pid}: {node.start_kib} KiB at the start, {node.warm_kib} KiB when warm, {grown} at the end"
        )
    if (rsa := fuzzer.outcomes["RSA keys"])["late"] > rsa["not late"]:
        findings.append(f"RSA keys were not made in time: {dict(rsa)}")
    never = [operation for operation in OPERATIONS if operation not in fuzzer.outcomes]
    if never and fuzzer.seconds >= 10:
        findings.append(f"never asked: {never}")
    for finding in findings:
        print(f"FINDING: {finding}")
    for index, kind, operation, why, sent in fuzzer.findings[:FINDINGS_SHOWN_MAX]:
        print(
            f"FINDING: seed {fuzzer.seed} index {index} ({kind}, {operation}): {why}\n    {without_credentials(sent)!r}"
        )
    for about, count in fuzzer.findings_count.most_common():
        print(f"  found x{count}: {about}")
    succeeded = sum(count for o in fuzzer.outcomes.values() for outcome, count in o.items() if outcome == "200")
    print(
        f"{requests} requests, {succeeded} succeeded, {len(findings) + len(fuzzer.findings)} findings, "
        f"seed {fuzzer.seed}"
    )
    return not findings and not fuzzer.findings


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("region")
    parser.add_argument("other_region")
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    parser.add_argument("--pid", type=int, action="append", default=[])
    arguments = parser.parse_args()
    nodes = [Node(pid) for pid in arguments.pid]
    fuzzer = Fuzzer(arguments)
    threads = [threading.Thread(target=guarded, args=(fuzzer,)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    fuzzer.stop.wait(arguments.seconds * WARM_UP_SHARE)
    for node in nodes:
        node.warm_kib = node.rss_kib() if node.lives() else node.warm_kib
    for thread in threads:
        thread.join()
    sys.exit(0 if report(fuzzer, nodes) else 1)


def guarded(fuzzer):
    """A fault of the fuzzer itself must not look like a quiet server."""
    try:
        fuzzer.work()
    except BaseException:
        fuzzer.stop.set()
        fuzzer.found(fuzzer.next_index, "-", "fuzz_http.py", traceback.format_exc(), b"")


if __name__ == "__main__":
    main()
