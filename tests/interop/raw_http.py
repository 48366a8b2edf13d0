"""What no SDK sends, byte by byte against a real node: signatures that do not hold, and hostile HTTP.

Usage: raw_http.py REGION OTHER_REGION [--long]
Prints one line for each promise that was kept, and ends with an exception at the first that was not. All the while a
well-behaved caller on a connection of its own gets its answers. With --long, the wait of a silent connection as well.
"""

import hashlib
import json
import os
import sys
import threading
import time
import uuid

import http_wire as wire
from http_wire import Caller, Connection, Request
from waiting import until

HERE, THERE = sys.argv[1], sys.argv[2]
LONG = "--long" in sys.argv[3:]
CALLER = wire.caller(HERE)

# The settings of limits.http_header_ms_max, http_body_ms_max and http_idle_ms_max, and how much later a busy machine and
# the farewell to a connection may make the end.
HEADER_S, BODY_S, IDLE_S = 10, 10, 60
LATER_S = 5
# Signatures are good for so long; a change's for another call only within the second time.
SKEW_S, SAME_CALL_S = 300, 2
# A decision on a view that is older than a second is made again.
DECISION_AGE_S = 1.1

GIB = 1 << 30
BODY_BYTES_MAX = 256 << 10
# What the system's own buffers may take of a body that nobody reads.
UNREAD_BYTES_MAX = 64 << 20
# "At once", on a busy machine.
AT_ONCE_S = 2
# A bystander's slowest answer.
BYSTANDER_S = 4


class Bystander:
    """A well-behaved caller that asks all the time."""

    def __init__(self):
        self.asked, self.slowest_s, self.fault = 0, 0.0, None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._ask, daemon=True)
        self.thread.start()

    def _ask(self):
        try:
            with Connection(CALLER) as connection:
                while not self.ended.wait(0.02):
                    began = time.monotonic()
                    request = Request(CALLER, b'{"NumberOfBytes":16}', "GenerateRandom")
                    connection.send(request.bytes())
                    answer = connection.answer()
                    assert answer.status == 200, (answer.status, answer.body)
                    self.slowest_s = max(self.slowest_s, time.monotonic() - began)
                    self.asked += 1
        except BaseException as error:
            self.fault = error

    def is_served_during(self, promise):
        before, self.slowest_s = self.asked, 0.0
        promise()
        until("the bystander to be answered", lambda: self.fault or self.asked > before, ())
        if self.fault:
            raise AssertionError("a well-behaved caller was not served") from self.fault
        assert self.slowest_s < BYSTANDER_S, f"a well-behaved caller waited {self.slowest_s} s"
        return self.slowest_s


def answer_to(data):
    """The answer to bytes on a new connection."""
    with Connection(CALLER) as connection:
        connection.send(data)
        return connection.answer()


def must_be(answer, status, code, about):
    """An answer is a refusal of this status and code, and well-formed."""
    assert (answer.status, answer.code) == (status, code), (about, answer)
    uuid.UUID(answer.headers["x-amzn-requestid"])
    if answer.headers["content-type"] == wire.JSON:
        assert answer.json().keys() <= {"__type", "message"}, (about, answer)
    else:
        assert answer.headers["content-type"] == "text/xml", (about, answer)
        assert answer.headers["x-amzn-requestid"].encode() in answer.body, (about, answer)


def describe():
    """What the tries below alter: a call that works."""
    return Request(CALLER, b'{"NumberOfBytes":32}', "GenerateRandom")


def identity():
    return Request(CALLER, b"Action=GetCallerIdentity&Version=2011-06-15", service="sts")


def set_field(name, value):
    return lambda request: setattr(request, name, value)


MISMATCH = (400, "InvalidSignatureException")
INCOMPLETE = (400, "IncompleteSignatureException")
UNKNOWN_OPERATION = (400, "UnknownOperationException")
ELSEWHERE = (404, "UnknownOperationException")
UNSIGNED = (400, "MissingAuthenticationTokenException")
UNKNOWN_CLIENT = (400, "UnrecognizedClientException")

# What is changed after a request was signed.
ALTERED = {
    "method": (set_field("method", "PUT"), ELSEWHERE),
    "path": (set_field("target", "/x"), ELSEWHERE),
    "query": (set_field("target", "/?a=b"), ELSEWHERE),
    "body": (set_field("body", b'{"NumberOfBytes":33}'), MISMATCH),
    "target": (lambda r: r.set("X-Amz-Target", "TrentService.ListKeys"), MISMATCH),
    "host": (lambda r: r.set("Host", "kms.example"), MISMATCH),
    "content type": (lambda r: r.set("Content-Type", "application/x-amz-json-1.0"), MISMATCH),
    "date": (lambda r: r.set("X-Amz-Date", wire.utc_now(-2).strftime(wire.DATE_FORMAT)), MISMATCH),
    "request id": (lambda r: r.set("amz-sdk-invocation-id", "other"), MISMATCH),
    "no target": (lambda r: r.drop("X-Amz-Target"), MISMATCH),
    "no date": (lambda r: r.drop("X-Amz-Date"), INCOMPLETE),
    "no host": (lambda r: r.drop("Host"), INCOMPLETE),
    "no content type": (lambda r: r.drop("Content-Type"), MISMATCH),
    "no authorization": (set_field("authorization", ""), UNSIGNED),
    "two authorizations": (lambda r: r.add("Authorization", r.authorization), INCOMPLETE),
    "two dates": (lambda r: r.add("X-Amz-Date", r.date), INCOMPLETE),
    "two targets": (lambda r: r.add("X-Amz-Target", "TrentService.GenerateRandom"), INCOMPLETE),
    "two hosts": (lambda r: r.add("Host", CALLER.authority), INCOMPLETE),
    "two content types": (lambda r: r.add("Content-Type", wire.JSON), INCOMPLETE),
    "two request ids": (lambda r: r.add("amz-sdk-invocation-id", "other"), INCOMPLETE),
    "two body hashes": (lambda r: r.add("X-Amz-Content-Sha256", "x").add("X-Amz-Content-Sha256", "x"), INCOMPLETE),
    "an unsigned x-amz header": (lambda r: r.add("X-Amz-Other", "1"), MISMATCH),
    "a session token": (lambda r: r.add("X-Amz-Security-Token", "t"), UNKNOWN_CLIENT),
    "another signature": (lambda r: setattr(r, "authorization", r.authorization[:-64] + "0" * 64), MISMATCH),
    "half an authorization": (lambda r: setattr(r, "authorization", r.authorization[:-10]), INCOMPLETE),
    "another algorithm": (
        lambda r: setattr(r, "authorization", r.authorization.replace("HMAC", "ECDSA-P256")),
        INCOMPLETE,
    ),
}


def unsigned_body(request):
    request.payload = "UNSIGNED-PAYLOAD"
    request.add("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")


def presigned(request):
    """The form that browsers are handed: everything in the query."""
    scope = f"{CALLER.access_key}%2F{request.day}%2F{HERE}%2Fkms%2Faws4_request"
    request.target = (
        f"/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={scope}&X-Amz-Date={request.date}&X-Amz-Expires=60"
        f"&X-Amz-SignedHeaders=host&X-Amz-Signature={'0' * 64}"
    )
    request.authorization = ""


def dated(later_s):
    def change(request):
        request.date = wire.utc_now(later_s).strftime(wire.DATE_FORMAT)
        request.day = request.date[:8]
        request.set("X-Amz-Date", request.date)

    return change


def holding(access_key, secret):
    return lambda r: setattr(r, "caller", Caller(HERE, CALLER.host, CALLER.port, access_key, secret))


# What a request is before it is signed: the signature is right, and yet not for this place, time or key.
SIGNED = {
    "another region": (set_field("region", THERE), MISMATCH),
    "another service": (set_field("service", "s3"), MISMATCH),
    "another day in the scope": (set_field("day", "20200101"), MISMATCH),
    "a day too old": (dated(-86_400), MISMATCH),
    "a little too old": (dated(-SKEW_S - 2), MISMATCH),
    "too new": (dated(SKEW_S + 5), MISMATCH),
    "a date of another form": (lambda r: r.set("X-Amz-Date", "2026-11-27T00:00:00Z"), INCOMPLETE),
    "the Date header alone": (lambda r: r.drop("X-Amz-Date").add("Date", r.date), INCOMPLETE),
    "another secret": (holding(CALLER.access_key, "x" * 40), MISMATCH),
    "an unknown key": (holding("AKIAAAAAAAAAAAAAAAAA", CALLER.secret), UNKNOWN_CLIENT),
    "a session's key": (holding("ASIAAAAAAAAAAAAAAAAA", CALLER.secret), UNKNOWN_CLIENT),
    "a session token": (lambda r: r.add("X-Amz-Security-Token", "t"), UNKNOWN_CLIENT),
    "an empty session token": (lambda r: r.add("X-Amz-Security-Token", ""), UNKNOWN_CLIENT),
    "an unsigned body": (unsigned_body, MISMATCH),
    "another body's hash": (lambda r: r.add("X-Amz-Content-Sha256", "0" * 64), MISMATCH),
    "the presigned form": (presigned, INCOMPLETE),
    "an unknown operation": (lambda r: r.set("X-Amz-Target", "TrentService.Nope"), UNKNOWN_OPERATION),
    "another method": (set_field("method", "GET"), ELSEWHERE),
    "another path": (set_field("target", "/kms"), ELSEWHERE),
    "target unsigned": (set_field("signed", ["content-type", "host", "x-amz-date"]), MISMATCH),
    "date unsigned": (set_field("signed", ["content-type", "host", "x-amz-target"]), MISMATCH),
    "host unsigned": (set_field("signed", ["content-type", "x-amz-date", "x-amz-target"]), MISMATCH),
    "content type unsigned": (set_field("signed", ["host", "x-amz-date", "x-amz-target"]), MISMATCH),
}

STS_ALTERED = {
    "method": (set_field("method", "GET"), (404, "InvalidAction")),
    "body": (set_field("body", b"Action=GetCallerIdentity&Version=2011-06-16"), (403, "SignatureDoesNotMatch")),
    "no authorization": (set_field("authorization", ""), (403, "MissingAuthenticationToken")),
    "two dates": (lambda r: r.add("X-Amz-Date", r.date), (400, "IncompleteSignature")),
    "a session token": (lambda r: r.add("X-Amz-Security-Token", "t"), (403, "InvalidClientTokenId")),
}

STS_SIGNED = {
    "the other protocol's service": (set_field("service", "kms"), (403, "SignatureDoesNotMatch")),
    "another region": (set_field("region", THERE), (403, "SignatureDoesNotMatch")),
    "too old": (dated(-SKEW_S - 2), (403, "SignatureDoesNotMatch")),
    "an unknown key": (holding("AKIAAAAAAAAAAAAAAAAA", CALLER.secret), (403, "InvalidClientTokenId")),
    "another action": (set_field("body", b"Action=AssumeRole"), (400, "InvalidAction")),
    "no action": (set_field("body", b"Version=2011-06-15"), (400, "MissingAction")),
    "no form": (set_field("body", b"Action=%zz"), (400, "MalformedQueryString")),
    "no text": (set_field("body", b"Action=\xff"), (400, "MalformedQueryString")),
}


def what_is_right_is_accepted():
    assert answer_to(describe().bytes()).status == 200
    assert b"<Arn>" in answer_to(identity().bytes()).body
    # As the JavaScript SDK signs, with the body's hash.
    with_hash = describe()
    with_hash.add("X-Amz-Content-Sha256", hashlib.sha256(with_hash.body).hexdigest())
    assert answer_to(with_hash.bytes()).status == 200


def what_is_altered_after_signing_is_refused_by_name():
    for make, altered in ((describe, ALTERED), (identity, STS_ALTERED)):
        for about, (alter, told) in altered.items():
            request = make().sign()
            alter(request)
            must_be(answer_to(request.bytes()), *told, about)


def what_is_signed_for_another_place_time_or_key_is_refused_by_name():
    for make, signed in ((describe, SIGNED), (identity, STS_SIGNED)):
        for about, (change, told) in signed.items():
            request = make()
            change(request)
            must_be(answer_to(request.bytes()), *told, about)


def a_signature_ends_with_its_window():
    request = describe()
    dated(-SKEW_S + 3)(request)
    data = request.bytes()
    assert answer_to(data).status == 200

    def has_ended():
        answer = answer_to(data)
        if answer.status == 200:
            return False
        must_be(answer, *MISMATCH, "replayed after its window")
        return b"Signature expired" in answer.body

    until("the signature to expire", has_ended, ())


def a_change_is_carried_out_once():
    made = answer_to(Request(CALLER, b"{}", "CreateKey").bytes()).json()["KeyMetadata"]["KeyId"]
    body = json.dumps({"KeyId": made}).encode()
    captured = Request(CALLER, body, "DisableKey")
    # As boto3 signs: the request id can be exchanged.
    captured.signed = ["content-type", "host", "x-amz-date", "x-amz-target"]
    first = captured.sign().bytes()
    assert answer_to(first).status == 200
    assert answer_to(first).status == 200, "a retry with the same request id"
    assert answer_to(Request(CALLER, body, "EnableKey").bytes()).status == 200

    def is_refused():
        answer = answer_to(captured.set("amz-sdk-invocation-id", os.urandom(8).hex()).bytes())
        return (answer.status, answer.code) == MISMATCH and "used before" in answer.message

    until("the captured change to be refused", is_refused, ())
    assert answer_to(Request(CALLER, body, "EnableKey").bytes()).status == 200
    assert is_refused()
    assert answer_to(captured.drop("amz-sdk-invocation-id").bytes()).code == MISMATCH[1]
    told = answer_to(Request(CALLER, body, "DescribeKey").bytes()).json()["KeyMetadata"]
    assert told["KeyState"] == "Enabled", told


def a_slow_call_is_decided_on_what_is_true_when_it_has_come():
    made = answer_to(Request(CALLER, b"{}", "CreateKey").bytes()).json()["KeyMetadata"]["KeyId"]
    body = json.dumps({"KeyId": made, "Plaintext": "AA=="}).encode()
    slow = Request(CALLER, body, "Encrypt").sign()
    slow.add("Content-Length", str(len(body)))
    with Connection(CALLER) as connection:
        connection.send(slow.head(framing=False) + body[:1])
        assert answer_to(describe().bytes()).status == 200, "meanwhile its caller has been found, in a view of then"
        disable = Request(CALLER, json.dumps({"KeyId": made}).encode(), "DisableKey")
        assert answer_to(disable.bytes()).status == 200
        time.sleep(DECISION_AGE_S)
        connection.send(body[1:])
        must_be(connection.answer(), 400, "DisabledException", "a key that was disabled before the body had come")


def a_body_announced_too_large_is_refused_at_once():
    for bytes_announced in (GIB, BODY_BYTES_MAX + 1, 1 << 62):
        for expect in (False, True):
            request = describe().sign()
            request.add("Content-Length", str(bytes_announced))
            if expect:
                request.add("Expect", "100-continue")
            began = time.monotonic()
            with Connection(CALLER) as connection:
                connection.send(request.head(framing=False))
                # Nobody is told to continue.
                answer = connection.answer(interim=True)
                must_be(answer, 413, "RequestEntityTooLarge", bytes_announced)
                assert time.monotonic() - began < AT_ONCE_S
                connection.ends()
    largest = describe()
    largest.body += b" " * (BODY_BYTES_MAX - len(largest.body))
    assert answer_to(largest.bytes()).status == 200


def a_chunked_body_without_end_is_cut_off():
    request = describe().sign().add("Transfer-Encoding", "chunked")
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    began, sent = time.monotonic(), 0
    with Connection(CALLER) as connection:
        connection.socket.sendall(request.head(framing=False))
        try:
            while sent < GIB:
                connection.socket.sendall(chunk)
                sent += len(chunk)
                if sent > UNREAD_BYTES_MAX:
                    raise AssertionError(f"{sent} bytes were taken")
        except (BrokenPipeError, ConnectionResetError, TimeoutError):
            pass
        try:
            must_be(connection.answer(), 413, "RequestEntityTooLarge", "chunked")
        except wire.Closed:
            # The reset may have come before the answer was read.
            pass
    assert time.monotonic() - began < BODY_S


def drip(connection, data):
    """Sends byte by byte until the other side has ended the connection; what it said, and after how long."""
    began = time.monotonic()
    connection.socket.settimeout(0.25)
    said = b""
    for place in range(len(data)):
        try:
            connection.socket.send(data[place : place + 1])
        except (BrokenPipeError, ConnectionResetError):
            return said, time.monotonic() - began
        try:
            while chunk := connection.socket.recv(65_536):
                said += chunk
            return said, time.monotonic() - began
        except TimeoutError:
            pass
        except ConnectionResetError:
            return said, time.monotonic() - began
    raise AssertionError(f"not ended within {time.monotonic() - began} s")


def ended_in(seconds, took, about):
    assert seconds - 1 <= took <= seconds + LATER_S, f"{about}: ended after {took} s"


def slow_headers():
    with Connection(CALLER) as connection:
        said, took = drip(connection, b"POST / HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"x" * 200)
    ended_in(HEADER_S, took, "slow headers")
    assert not said or said.startswith(b"HTTP/1.1 408"), said


def no_headers():
    began = time.monotonic()
    with Connection(CALLER, HEADER_S + LATER_S) as connection:
        assert connection.ends() == b""
    ended_in(HEADER_S, time.monotonic() - began, "no headers")


def slow_body(chunked):
    request = describe().sign()
    body = b" " * 200
    if chunked:
        request.add("Transfer-Encoding", "chunked")
        body = b"1\r\n \r\n" * 40
    else:
        request.add("Content-Length", "1000")
    with Connection(CALLER) as connection:
        connection.send(request.head(framing=False))
        said, took = drip(connection, body)
    ended_in(BODY_S, took, "a slow body")
    assert said.startswith(b"HTTP/1.1 408") and b"RequestTimeout" in said, said


def stopped_body():
    request = describe().sign().add("Content-Length", "1000")
    began = time.monotonic()
    with Connection(CALLER) as connection:
        connection.send(request.head(framing=False) + b"{")
        must_be(connection.answer(), 408, "RequestTimeout", "a body that stops")
        ended_in(BODY_S, time.monotonic() - began, "a body that stops")
        connection.ends()


def silence():
    """A connection that has been answered may be silent for longer."""
    with Connection(CALLER, IDLE_S + LATER_S) as connection:
        connection.send(describe().bytes())
        assert connection.answer().status == 200
        began = time.monotonic()
        assert connection.ends() == b""
    ended_in(IDLE_S, time.monotonic() - began, "silence")


def kept_alive():
    """Short of that, it is kept for the next request."""
    with Connection(CALLER) as connection:
        for _ in range(2):
            connection.send(describe().bytes())
            assert connection.answer().status == 200
            time.sleep(HEADER_S + LATER_S)


def what_is_slow_is_ended_in_its_time():
    waits = [slow_headers, no_headers, lambda: slow_body(False), lambda: slow_body(True), stopped_body, kept_alive]
    waits += [silence] if LONG else []
    faults = []

    def watched(wait):
        try:
            wait()
        except BaseException as error:
            faults.append(error)

    threads = [threading.Thread(target=watched, args=(wait,)) for wait in waits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


def bodies_that_never_come_keep_nobody_out():
    """Together they announce more than all bodies may have in memory, by those who do not know the secret of any key."""
    for access_key in ("AKIAAAAAAAAAAAAAAAAA", CALLER.access_key):
        connections = []
        try:
            for _ in range(300):
                request = describe()
                holding(access_key, "x" * 40)(request)
                request.sign().add("Content-Length", str(BODY_BYTES_MAX))
                connections.append(Connection(CALLER))
                connections[-1].send(request.head(framing=False) + b"{")
            for _ in range(10):
                began = time.monotonic()
                assert answer_to(describe().bytes()).status == 200
                took = time.monotonic() - began
                assert took < AT_ONCE_S, f"answered after {took} s"
        finally:
            for connection in connections:
                connection.close()


def levels(count):
    return b'{"NumberOfBytes":1,"Unknown":' + b"[" * count + b"]" * count + b"}"


def deep_json_and_broken_text_are_refused():
    told = (400, "SerializationException")
    for about, body in {
        "33 levels": levels(32),
        "100,000 levels": levels(100_000),
        "objects without end": b'{"a":' * 50_000,
        "lists without end": b"[" * BODY_BYTES_MAX,
        "invalid UTF-8": b'{"NumberOfBytes":1,"\xff":1}',
        "an overlong NUL": b'{"CustomKeyStoreId":"\xc0\x80"}',
        "a surrogate in UTF-8": b'{"CustomKeyStoreId":"\xed\xa0\x80"}',
        "half a surrogate pair": b'{"CustomKeyStoreId":"\\ud800"}',
        "a byte order mark": b"\xef\xbb\xbf{}",
        "UTF-16": '{"NumberOfBytes":1}'.encode("utf-16"),
        "a member twice": b'{"NumberOfBytes":1,"NumberOfBytes":1}',
        "NaN": b'{"NumberOfBytes":NaN}',
        "no object": b"[]",
        "nothing": b"",
    }.items():
        must_be(answer_to(Request(CALLER, body, "GenerateRandom").bytes()), *told, about)
    assert answer_to(Request(CALLER, levels(31), "GenerateRandom").bytes()).status == 200


def headers_too_large_or_too_many_end_the_connection():
    for about, add in {
        "one of 20 KiB": lambda r: r.add("X-Large", "x" * (20 << 10)),
        "one of 1 MiB": lambda r: r.add("X-Large", "x" * (1 << 20)),
        "a name of 64 KiB": lambda r: r.add("x" * (64 << 10), "x"),
        "101 of them": lambda r: [r.add(f"X-{n}", "x") for n in range(101)],
        "a first line of 64 KiB": set_field("target", "/" + "x" * (64 << 10)),
    }.items():
        request = describe().sign()
        add(request)
        with Connection(CALLER) as connection:
            connection.send(request.bytes())
            try:
                answer = connection.answer()
                assert answer.status in {414, 431} and not answer.body, (about, answer)
            except wire.Closed:
                pass
            connection.ends()
    request = describe().add("User-Agent", "x" * (12 << 10))
    assert answer_to(request.bytes()).status == 200


def what_is_no_http_ends_the_connection():
    data = describe().bytes()
    for about, sent in {
        "two lengths": data.replace(b"Content-Length:", b"Content-Length: 1\r\nContent-Length:"),
        "a negative length": data.replace(b"Content-Length: ", b"Content-Length: -"),
        "an encoding that is none": data.replace(b"Content-Length: ", b"Transfer-Encoding: x"),
        "a space before a colon": data.replace(b"Host:", b"Host :"),
        "NUL in a header": data.replace(b"Host: ", b"Host: \0"),
        "a folded header": data.replace(b"\r\nX-Amz-Date", b"\r\n X-Amz-Date"),
        "another version": data.replace(b"HTTP/1.1", b"HTTP/3.0"),
        "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 600 + b"\r\n\r\n",
    }.items():
        with Connection(CALLER) as connection:
            connection.send(sent)
            try:
                answer = connection.answer()
                assert answer.status in {400, 505} and not answer.body, (about, answer)
            except wire.Closed:
                pass
            connection.ends()


PROMISES = [
    what_is_right_is_accepted,
    what_is_altered_after_signing_is_refused_by_name,
    what_is_signed_for_another_place_time_or_key_is_refused_by_name,
    a_signature_ends_with_its_window,
    a_change_is_carried_out_once,
    a_slow_call_is_decided_on_what_is_true_when_it_has_come,
    a_body_announced_too_large_is_refused_at_once,
    a_chunked_body_without_end_is_cut_off,
    what_is_slow_is_ended_in_its_time,
    bodies_that_never_come_keep_nobody_out,
    deep_json_and_broken_text_are_refused,
    headers_too_large_or_too_many_end_the_connection,
    what_is_no_http_ends_the_connection,
]

if __name__ == "__main__":
    bystander = Bystander()
    for promise in PROMISES:
        slowest_s = bystander.is_served_during(promise)
        print(f"{promise.__name__}, others answered within {slowest_s * 1_000:.0f} ms", flush=True)
    bystander.ended.set()
