"""Walks every answer of KMS against botocore's service model, and remembers what was asked and answered.

It looks at the bytes of an answer rather than at what botocore's parser made of them: the parser forgives much.
"""

import base64
import binascii
import collections
import decimal
import json
import re
import uuid

FAULTS_OF_THE_SERVICE = {"DependencyTimeoutException", "KMSInternalException", "KeyUnavailableException"}
WITHOUT_MESSAGE = {
    "InvalidCiphertextException",
    "KMSInvalidSignatureException",
    "KMSInvalidMacException",
    "InvalidMarkerException",
}
# Rotation switches of an asymmetric key, where AWS sends no message.
MAY_LACK_A_MESSAGE = {"UnsupportedOperationException"}
# Those of every operation, which the service model lists for none.
OF_EVERY_OPERATION = {"ValidationException", "SerializationException", "AccessDeniedException"}

# What this service refuses in other words than the model's, and why.
BEYOND_THE_MODEL = {
    (operation, "UnsupportedOperationException"): "Recipient or DryRunModifiers are refused clearly until supported"
    for operation in ("Decrypt", "DeriveSharedSecret", "GenerateDataKey", "ReEncrypt")
}

_CONTENT_TYPE = "application/x-amz-json-1.1"


class Record:
    """What was asked and answered so far, and what was wrong with it."""

    def __init__(self, built):
        self.built = built
        self.faults = []
        self.succeeded = collections.defaultdict(list)
        self.refused = collections.defaultdict(list)
        self.answered = set()

    def watch(self, client):
        """Walks every answer that this client gets from now on."""
        client.meta.events.register("provide-client-params.kms", _remember_members)
        client.meta.events.register("after-call.kms", self._walk)

    def _walk(self, http_response, parsed, model, context, **_):
        faults = []
        members = frozenset(context.get("members", ()))
        _walk_headers(http_response.headers, faults)
        if http_response.status_code == 200:
            self.succeeded[model.name].append(members)
            self._walk_success(http_response.content, parsed, model, faults)
        else:
            code = parsed.get("Error", {}).get("Code")
            self.refused[model.name, code].append(members)
            self._walk_refusal(http_response, model, code, faults)
        self.faults += [f"{model.name}: {fault}" for fault in faults]

    def _walk_success(self, body, parsed, model, faults):
        if model.output_shape is None:
            if body:
                faults.append(f"has a body, and its model has no output: {body!r}")
            return
        answer = _read(body, faults)
        _walk(model.output_shape, answer, model.name, faults, self.answered)
        lost = set(answer) ^ (set(parsed) - {"ResponseMetadata"})
        if lost:
            faults.append(f"botocore's parser has other members than the answer: {sorted(lost)}")

    def _walk_refusal(self, http_response, model, code, faults):
        status, answer = http_response.status_code, _read(http_response.content, faults)
        if status != (500 if code in FAULTS_OF_THE_SERVICE else 400):
            faults.append(f"{code} has status {status}")
        if set(answer) - {"__type", "message"} or answer.get("__type") != code:
            faults.append(f"{code} has another form than __type and message: {answer}")
        message = answer.get("message")
        if code in WITHOUT_MESSAGE and message is not None:
            faults.append(f"{code} has a message: {message}")
        may_lack = code in WITHOUT_MESSAGE | MAY_LACK_A_MESSAGE and message is None
        if not may_lack and not (isinstance(message, str) and message):
            faults.append(f"{code} has no message")
        if code not in self._codes_of(model):
            faults.append(f"{code} is not among the errors of its model: {message}")

    def _codes_of(self, model):
        if model.name not in self.built:
            return {"UnsupportedOperationException"}
        beyond = {code for operation, code in BEYOND_THE_MODEL if operation == model.name}
        return {shape.name for shape in model.error_shapes} | OF_EVERY_OPERATION | beyond


def _remember_members(params, context, **_):
    context["members"] = set(params)


def _walk_headers(headers, faults):
    if headers.get("content-type") != _CONTENT_TYPE:
        faults.append(f"has content type {headers.get('content-type')}")
    try:
        uuid.UUID(headers.get("x-amzn-requestid", ""))
    except ValueError:
        faults.append(f"has request id {headers.get('x-amzn-requestid')}")


def _read(body, faults):
    def members(pairs):
        names = [name for name, _ in pairs]
        if len(set(names)) != len(names):
            faults.append(f"has a member twice: {names}")
        return dict(pairs)

    try:
        answer = json.loads(body, parse_float=decimal.Decimal, object_pairs_hook=members)
    except ValueError as error:
        faults.append(f"is no JSON: {error}")
        return {}
    if isinstance(answer, dict):
        return answer
    faults.append(f"is no JSON object: {answer}")
    return {}


def _walk(shape, value, path, faults, answered):
    """Finds what in `value` is not as its shape says, and notes which members are there."""
    if shape.type_name == "structure":
        _walk_structure(shape, value, path, faults, answered)
    elif shape.type_name == "list":
        if not isinstance(value, list):
            faults.append(f"{path} is no list: {value}")
            return
        _check_bounds(shape, len(value), path, faults)
        for position, element in enumerate(value):
            _walk(shape.member, element, f"{path}[{position}]", faults, answered)
    else:
        _SCALARS[shape.type_name](shape, value, path, faults)


def _walk_structure(shape, value, path, faults, answered):
    if not isinstance(value, dict):
        faults.append(f"{path} is no structure: {value}")
        return
    for name in set(shape.required_members) - set(value):
        faults.append(f"{path} lacks {name}")
    for name, member in value.items():
        if name not in shape.members:
            faults.append(f"{path} has {name}, which its model has not")
            continue
        answered.add((shape.name, name))
        _walk(shape.members[name], member, f"{path}.{name}", faults, answered)


def _walk_string(shape, value, path, faults):
    if not isinstance(value, str):
        faults.append(f"{path} is no string: {value}")
        return
    _check_bounds(shape, len(value), path, faults)
    if shape.enum and value not in shape.enum:
        faults.append(f"{path} is none of {shape.enum}: {value}")
    pattern = shape.metadata.get("pattern")
    if pattern and not re.search(pattern, value):
        faults.append(f"{path} does not match {pattern}: {value}")


def _walk_blob(shape, value, path, faults):
    try:
        decoded = base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError):
        faults.append(f"{path} is no base64")
        return
    _check_bounds(shape, len(decoded), path, faults)


def _walk_integer(shape, value, path, faults):
    if type(value) is not int:
        faults.append(f"{path} is no integer: {value}")
        return
    _check_bounds(shape, value, path, faults)


def _walk_boolean(_, value, path, faults):
    if not isinstance(value, bool):
        faults.append(f"{path} is no boolean: {value}")


def _walk_timestamp(_, value, path, faults):
    is_number = isinstance(value, decimal.Decimal)
    if not is_number or value.as_tuple().exponent != -3 or not 0 < value < 253_402_300_800:
        faults.append(f"{path} is no time in seconds with milliseconds: {value}")


_SCALARS = {
    "string": _walk_string,
    "blob": _walk_blob,
    "integer": _walk_integer,
    "boolean": _walk_boolean,
    "timestamp": _walk_timestamp,
}


def _check_bounds(shape, size, path, faults):
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least or most is not None and size > most:
        faults.append(f"{path} has size {size}, outside {least} to {most}")
