"""JSON as it is written, also where no serializer would write it so."""

import base64
import json

STRANGE_TEXTS = [
    "",
    " ",
    "\0",
    "a\0b",
    "\u2028",
    "ü",
    "\U0001f600" * 40,
    "\ufeff",
    "a" * 129,
    "a" * 2049,
    "x" * 70_000,
    "../..",
    "%00",
    "'",
    '"',
    "\\",
    "${jndi:ldap://x}",
    "arn:",
    "arn:aws:kms:::",
    "alias/",
    "alias/aws/x",
    "mrk-",
    "null",
    "\r\nx-injected: 1",
    "A" * 64,
    "<x>&amp;</x>",
    "\u202e",
    "e\u0301" * 60,
]


class Raw(bytes):
    """Written as it is."""


STRANGE_VALUES = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    -0.0,
    1e308,
    2**31,
    2**31 - 1,
    -(2**31) - 1,
    2**63,
    2**64,
    [],
    {},
    [[]],
    [None],
    [{}],
    {"": ""},
    {"a": {"b": {"c": {}}}},
    Raw(b"NaN"),
    Raw(b"Infinity"),
    Raw(b"-"),
    Raw(b"1e999"),
    Raw(b"01"),
    Raw(b"1" * 5_000),
    Raw(b"0." + b"1" * 5_000),
    Raw(b'"\\ud800"'),
    Raw(b'"\\udfff\\ud800"'),
    Raw(b'"\\x"'),
    Raw(b'"\xff\xfe"'),
    Raw(b'"\xed\xa0\x80"'),
    Raw(b"'a'"),
    Raw(b"undefined"),
    Raw(b"[" * 40 + b"]" * 40),
    Raw(b"[" * 20_000),
    Raw(b'{"a":' * 31 + b"1" + b"}" * 31),
    Raw(b'"' + b"\\u0041" * 1_000 + b'"'),
]


def written(value):
    """JSON, with what is raw as it is; a list of pairs is an object that may have a name twice."""
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, Pairs):
        return b"{" + b",".join(written(name) + b":" + written(v) for name, v in value.pairs) + b"}"
    if isinstance(value, dict):
        return b"{" + b",".join(written(name) + b":" + written(v) for name, v in value.items()) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(written(element) for element in value) + b"]"
    return json.dumps(value, ensure_ascii=isinstance(value, str) and len(value) % 2 == 0).encode(
        "utf-8", "surrogatepass"
    )


class Pairs:
    """An object as it is written."""

    def __init__(self, pairs):
        self.pairs = pairs


def blob(data):
    return base64.b64encode(data).decode()
