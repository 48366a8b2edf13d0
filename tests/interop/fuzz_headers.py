"""Requests whose headers are not those of an SDK. Each changes a request and says whether HTTP itself may refuse it, or
end its connection, instead of an answer."""

import http_wire as wire

# What may be told of a request that is not signed rightly.
AUTHENTICATION = {
    "UnknownOperationException",
    "MissingAuthenticationTokenException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "UnrecognizedClientException",
    "ValidationException",
    "SerializationException",
}


def target(rng, request):
    request.set(
        "X-Amz-Target",
        rng.choice(
            [
                "TrentService.Nope",
                "TrentService.encrypt",
                "TrentService.",
                "",
                "Encrypt",
                "trentservice.Encrypt",
                "TrentService.Encrypt.",
                "TrentService.Encrypt,TrentService.Decrypt",
                "TrentService." + "x" * 2_000,
                b"TrentService.Encr\xffypt",
                "Other_20141101.Encrypt",
                "TrentService.Encrypt\tx",
            ]
        ),
    )


def no_target(rng, request):
    request.drop("X-Amz-Target")


def content_type(rng, request):
    request.set(
        "Content-Type",
        rng.choice(
            [
                "",
                "text/plain",
                "application/json",
                "application/x-amz-json-1.0",
                wire.JSON + "; charset=utf-16",
                wire.FORM,
                "application/x-www-form-urlencoded",
                "multipart/form-data; boundary=x",
                b"\xff\xfe",
                "a" * 4_000,
                ";;;",
                "application/cbor",
            ]
        ),
    )


def no_content_type(rng, request):
    request.drop("Content-Type")


def damaged_authorization(rng, request):
    text = request.sign().authorization
    place = rng.randrange(len(text))
    request.authorization = rng.choice(
        [
            text[:place],
            text[:place] + rng.choice("\t ,=;/x\xff\x80") + text[place:],
            text[:place] + text[place + 1 :],
            text.replace(", ", ","),
            text.replace("=", "==", 1),
            text + ", Signature=" + "0" * 64,
            text.lower(),
            text.upper(),
            text.replace("SignedHeaders=", "SignedHeaders=;"),
            text.replace("SignedHeaders=", "SignedHeaders=x-none;"),
            text.replace("host;", "host;host;"),
            text.replace("AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256\t"),
            " ",
            "Bearer x",
            text.replace("/kms/", "//kms/"),
            text.replace("Credential=", "Credential=/"),
            "AWS4-HMAC-SHA256 " + "," * 5_000,
            text.replace("Credential=AKIA", "Credential=ASIA"),
            "AWS4-HMAC-SHA256 " + "a=b," * 1_000,
        ]
    )


def no_authorization(rng, request):
    request.authorization = ""


def date(rng, request):
    request.date = rng.choice(
        [
            wire.utc_now(rng.choice([-301, -3_600, 301, 86_400])).strftime(wire.DATE_FORMAT),
            "20260101T000000Z",
            "now",
            "",
            "99991231T235959Z",
            "00000101T000000Z",
            "20261301T000000Z",
            "2026-11-27T00:00:00Z",
            "2" * 1_000,
            b"\xff\xff".decode("latin-1"),
            "19691231T235959Z",
            "20260229T000000Z",
            "20261127T235960Z",
        ]
    )
    request.day = request.date[:8]
    request.set("X-Amz-Date", request.date)


def another_date_header(rng, request):
    request.drop("X-Amz-Date").add("Date", rng.choice(["Fri, 27 Nov 2026 20:00:00 GMT", request.date, "x"]))


def session_token(rng, request):
    request.add("X-Amz-Security-Token", rng.choice(["t", "", "x" * 3_000]))


def payload_hash(rng, request):
    value = rng.choice(["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "0" * 64, "", "x"])
    request.payload = rng.choice([value, ""])
    request.add("X-Amz-Content-Sha256", value)


def invocation_id(rng, request):
    request.set(
        "amz-sdk-invocation-id",
        rng.choice(["", "x" * 128, "x" * 129, "two words", b"\xff", "same", "a,b", "x" * 9_000]),
    )


def twice(rng, request):
    name, value = rng.choice(request.headers)
    request.add(name, rng.choice([value, "other"]))


def unsigned(rng, request):
    request.sign().add(rng.choice(["X-Amz-Other", "X-Amz-Meta-A", "x-amz-"]), "1")


def too_little_signed(rng, request):
    names = ["content-type", "host", "x-amz-date", "x-amz-target"]
    names.remove(rng.choice(names))
    request.signed = rng.choice([names, ["host"], [""], names[::-1], ["Host", "X-Amz-Date"]])


def other_place(rng, request):
    where = rng.randrange(4)
    if where == 0:
        request.region = rng.choice(["eu-west-1", "", "us-east-1 ", "x" * 500])
    elif where == 1:
        request.service = rng.choice(["sts", "s3", "", "KMS"])
    elif where == 2:
        request.day = "20200101"
    else:
        request.caller = wire.Caller(
            request.caller.region,
            request.caller.host,
            request.caller.port,
            rng.choice(["AKIAAAAAAAAAAAAAAAAA", "x", "", request.caller.access_key]),
            "x" * 40,
        )


def host(rng, request):
    request.set(
        "Host",
        rng.choice(["", "other", "127.0.0.1:1", "a" * 5_000, "[::1]", "kms.us-east-1.amazonaws.com", "a b", "a@b"]),
    )


def many(rng, request):
    request.sign()
    for number in range(rng.choice([20, 85, 99, 100, 300])):
        request.add(f"X-{number}", "v")
    return True


def large(rng, request):
    request.add("X-Large", "v" * rng.choice([8_000, 15_000, 16_384, 17_000, 100_000]))
    return True


def strange_text(rng, request):
    request.add(
        rng.choice(["User-Agent", "X-Other", "X-Amz-Other"]),
        rng.choice([b"\x80\xff", b"a  b   c", b"\ta\t", b"", b"\xc3\xbc", b"a\x7fb"]),
    )
    return True


def strange_names(rng, request):
    request.sign().add(
        rng.choice(["X Y", "X\0", "", "X:", "\xff", "x" * 9_000, "Transfer-Encoding ", ":authority", "(x)"]), "1"
    )
    return True


HEADERS = {
    made.__name__: made
    for made in (
        target,
        no_target,
        content_type,
        no_content_type,
        damaged_authorization,
        no_authorization,
        date,
        another_date_header,
        session_token,
        payload_hash,
        invocation_id,
        twice,
        unsigned,
        too_little_signed,
        other_place,
        host,
        many,
        large,
        strange_text,
        strange_names,
    )
}
