"""Requests that are framed as no SDK frames them. Each makes bytes of up to three signed requests, sent in these parts."""


def chunks(body, sizes):
    """A chunked body."""
    framed, place = [], 0
    while place < len(body):
        size = next(sizes)
        piece = body[place : place + size]
        framed.append(b"%x\r\n%s\r\n" % (len(piece), piece))
        place += size
    return b"".join(framed) + b"0\r\n\r\n"


def forever(number):
    while True:
        yield number


def chunked(rng, requests):
    request = requests[0].add("Transfer-Encoding", rng.choice(["chunked", "Chunked", " chunked "]))
    return [request.head(framing=False) + chunks(request.body, forever(rng.choice([1, 3, 1_000])))]


def chunked_strangely(rng, requests):
    request = requests[0].add("Transfer-Encoding", "chunked")
    body = chunks(request.body, forever(50))
    body = rng.choice(
        [
            body.replace(b"\r\n", b";ext=1\r\n", 1),
            body.replace(b"\r\n", b";" + b"e" * 20_000 + b"\r\n", 1),
            b"ffffffffffffffff\r\nx",
            b"fffffffffffffffff\r\nx",
            b"-1\r\nx\r\n",
            b"0x2\r\n{}\r\n0\r\n\r\n",
            b"2\r\n{}0\r\n\r\n",
            b"\r\n\r\n",
            b"2\n{}\n0\n\n",
            b"zz\r\n\r\n",
            body[:-2] + b"X-Trailer: 1\r\nAuthorization: x\r\n\r\n",
            body[:-2] + b"X-T: " + b"x" * 30_000 + b"\r\n\r\n",
            body[:-2] + b"".join(b"X-%d: 1\r\n" % n for n in range(300)) + b"\r\n",
            b"000000002\r\n{}\r\n0\r\n\r\n",
        ]
    )
    # What does not end by itself is ended, so that there is something to answer.
    return [request.head(framing=False) + body + b"\r\n0\r\n\r\n"]


def both_lengths(rng, requests):
    first = requests[0].add("Transfer-Encoding", "chunked")
    smuggled = requests[1].bytes()
    body = rng.choice([b"0\r\n\r\n" + smuggled, chunks(first.body, forever(9)), first.body])
    first.add("Content-Length", rng.choice([str(len(body)), "0", "5", "1000000"]))
    return [first.head(framing=False) + body + b"\r\n0\r\n\r\n"]


def encodings(rng, requests):
    value = rng.choice(
        ["gzip", "chunked, gzip", "gzip, chunked", "identity", "chunked, chunked", "xchunked", "\x0bchunked", ""]
    )
    request = requests[0].add("Transfer-Encoding", value)
    return [request.head(framing=rng.random() < 0.5) + chunks(request.body, forever(10))]


def lengths(rng, requests):
    request = requests[0].add(
        "Content-Length",
        rng.choice(["0", "-1", "+2", "2 ", "1e3", "0x10", "2,2", "2, 3", "18446744073709551616", "", "1.0"]),
    )
    head = request.head(framing=rng.random() < 0.3)
    return [head + request.body + b"\r\n\r\n"]


def expects(rng, requests):
    request = requests[0].add("Expect", rng.choice(["100-continue", "100-Continue", "200-ok", "100-continue, x"]))
    return [request.head(), request.body]


def pipelined(rng, requests):
    return [b"".join(request.bytes() for request in requests)]


def pipelined_in_pieces(rng, requests):
    data = b"".join(request.bytes() for request in requests)
    cuts = sorted(rng.sample(range(1, len(data)), 6))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)])]


def http_1_0(rng, requests):
    request = requests[0]
    request.version = "HTTP/1.0"
    if rng.random() < 0.5:
        request.add("Connection", "keep-alive")
    return [request.bytes()]


def versions(rng, requests):
    request = requests[0]
    request.version = rng.choice(
        ["HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/9.9", "http/1.1", "HTTP/1.1 ", "HTTP/1", "RTSP/1.0", ""]
    )
    return [request.bytes()]


def no_host(rng, requests):
    return [requests[0].drop("Host").bytes()]


def methods(rng, requests):
    request = requests[0]
    request.method = rng.choice(
        [
            "post",
            "GET",
            "PUT",
            "DELETE",
            "OPTIONS",
            "TRACE",
            "PATCH",
            "CONNECT",
            "PRI",
            "P" * 500,
            "P\0ST",
            "POST\t",
            "*",
        ]
    )
    return [request.bytes()]


def places(rng, requests):
    request = requests[0]
    request.target = rng.choice(
        [
            "*",
            "//",
            "/../",
            "/%2e%2e/",
            "/%",
            "/%zz",
            "?",
            "/?",
            "/?a",
            "/?X-Amz-Signature=00",
            "/#x",
            "http://other/",
            "http:/",
            "/\xff",
            f"http://{request.caller.authority}/",
            f"http://{request.caller.authority}",
            "/" + "a" * 7_000,
            "/ HTTP/1.1",
            "",
            "other:1",
            "/;a",
            "/\\",
        ]
    )
    return [request.bytes()]


def lines(rng, requests):
    data = requests[0].bytes()
    return [
        rng.choice(
            [
                data.replace(b"\r\n", b"\n"),
                b"\r\n" * 3 + data,
                b"\r\n" * 200 + data,
                b" " + data,
                b"\0" + data,
                data.replace(b"\r\n", b"\r", 1),
                data.replace(b"Host: ", b"Host : "),
                data.replace(b"\r\nX-Amz-Date", b"\r\n X-Amz-Date"),
                data.replace(b": ", b":", 3),
                data.replace(b"\r\n", b"\r\nX-Folded: a\r\n b\r\n", 1),
                data.replace(b"HTTP/1.1\r\n", b"HTTP/1.1 \r\n"),
                data.replace(b"POST ", b"POST  "),
            ]
        )
        + b"\r\n\r\n"
    ]


def not_http_1(rng, requests):
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    return [
        rng.choice(
            [
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"x" * 600,
                b"\0" * 5_000 + b"\r\n\r\n",
                b"GET\r\n\r\n",
                rng.randbytes(3_000) + b"\r\n\r\n",
                preface[:18] + b"XX\r\n\r\n" + b"x" * 100,
                b"SSH-2.0-x\r\n\r\n",
            ]
        )
    ]


FRAMES = {
    made.__name__: made
    for made in (
        chunked,
        chunked_strangely,
        both_lengths,
        encodings,
        lengths,
        expects,
        pipelined,
        pipelined_in_pieces,
        http_1_0,
        versions,
        no_host,
        methods,
        places,
        lines,
        not_http_1,
    )
}
# Those that send whole requests one after another, and get an answer to each.
SEVERAL = {"pipelined", "pipelined_in_pieces"}
