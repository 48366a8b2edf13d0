"""Whether an answer is well-formed, and of a code that the service model or docs/HTTP.md has for its operation."""

import re
import uuid

import http_wire as wire
from aws_model.walk import BEYOND_THE_MODEL, FAULTS_OF_THE_SERVICE, OF_EVERY_OPERATION, WITHOUT_MESSAGE
from fuzz_inputs import MODEL

# What may be told of any request that is signed rightly.
OF_EVERY_REQUEST = OF_EVERY_OPERATION | {"ThrottlingException", "RequestEntityTooLarge"}
STATUSES = {"RequestEntityTooLarge": {413}, "RequestTimeout": {408}, "UnknownOperationException": {400, 404}}
STS_CODES = {
    "InvalidAction",
    "MissingAction",
    "MalformedQueryString",
    "RequestEntityTooLarge",
    "MissingAuthenticationToken",
    "IncompleteSignature",
    "SignatureDoesNotMatch",
    "InvalidClientTokenId",
}
STS_STATUSES = {"MissingAuthenticationToken": 403, "SignatureDoesNotMatch": 403, "InvalidClientTokenId": 403}

RSA_LATE = "rsa-generation: the work was not done within the deadline"


class Wrong(Exception):
    """An answer that is not as it must be."""


def codes_of(operation):
    """What an operation may answer, by the service model and docs/HTTP.md."""
    model = MODEL.operation_model(operation)
    beyond = {code for of, code in BEYOND_THE_MODEL if of == operation}
    # A few are not built yet.
    unbuilt = {"UnsupportedOperationException"} if re.search("Grant|KeyPolic|CustomKeyStore", operation) else set()
    return {shape.name for shape in model.error_shapes} | OF_EVERY_REQUEST | beyond | unbuilt


def check_headers(answer):
    try:
        uuid.UUID(answer.headers.get("x-amzn-requestid", ""))
    except ValueError:
        raise Wrong("no x-amzn-RequestId") from None
    if "content-type" not in answer.headers:
        raise Wrong("no content type")


def is_late_rsa(answer):
    return answer.status == 500 and answer.message == RSA_LATE


def check(answer, operation, codes):
    """An answer is well-formed, and of these codes."""
    if answer.status >= 500:
        raise Wrong(f"status {answer.status}: {answer.body[:300]!r}")
    check_headers(answer)
    if answer.headers["content-type"] == "text/xml":
        return check_xml(answer)
    if answer.headers["content-type"] != wire.JSON:
        raise Wrong(f"content type {answer.headers['content-type']}")
    try:
        told = answer.json()
    except ValueError:
        raise Wrong(f"no JSON: {answer.body[:300]!r}") from None
    if not isinstance(told, dict):
        raise Wrong("no JSON object")
    if answer.status == 200:
        check_members(told, operation)
    else:
        check_refusal(answer, told, codes)


def check_members(told, operation):
    output = MODEL.operation_model(operation).output_shape if operation else None
    known = set(output.members) if output else set()
    required = set(output.required_members) if output else set()
    if not required <= set(told) <= known:
        raise Wrong(f"other members than the model's: {sorted(told)}")


def check_refusal(answer, told, codes):
    code, message = told.get("__type"), told.get("message")
    if not isinstance(code, str) or set(told) - {"__type", "message"}:
        raise Wrong(f"another form than __type and message: {told}")
    if not isinstance(message, str | None) or (code in WITHOUT_MESSAGE and message is not None):
        raise Wrong(f"a message that is none, or where there must be none: {told}")
    if answer.status not in STATUSES.get(code, {400}) or code in FAULTS_OF_THE_SERVICE:
        raise Wrong(f"{code} with status {answer.status}")
    if code not in codes:
        raise Wrong(f"a code that its model has not: {told}")


def check_xml(answer):
    text = answer.body.decode()
    if answer.status == 200:
        if "<Arn>arn:aws:iam::" not in text:
            raise Wrong(f"no identity: {text}")
    elif answer.code not in STS_CODES:
        raise Wrong(f"a code that STS has not: {text}")
    elif answer.code == "InvalidAction":
        if answer.status not in {400, 404}:
            raise Wrong(f"InvalidAction with status {answer.status}")
    elif answer.status != STS_STATUSES.get(answer.code, 413 if "TooLarge" in answer.code else 400):
        raise Wrong(f"{answer.code} with status {answer.status}")
