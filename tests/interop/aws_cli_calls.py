"""An unmodified AWS CLI against a cluster of two regions: AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name its
profiles.

Usage: aws_cli_calls.py REGION OTHER_REGION
The program is the one beside this Python. Prints one line for each promise that was kept, and ends with an exception at
the first that was not.
"""

import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from waiting import until

HERE, THERE = sys.argv[1], sys.argv[2]
AWS = pathlib.Path(sys.executable).with_name("aws")
ENDS_WITHIN_S = 60

# How AWS CLI 1 ends when the service refuses; AWS CLI 2 ends with 254.
REFUSED = 255


class Refusal(Exception):
    """What a command that did not succeed wrote to standard error, and its exit code."""


def run(region, *arguments, account="", **environment):
    """Runs a command with a region's profile; answers what it prints."""
    named = {"AWS_PROFILE": f"concord{account}-{region}", "AWS_MAX_ATTEMPTS": "1", **environment}
    done = subprocess.run(
        [sys.executable, AWS, *arguments],
        env={**os.environ, **named},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=ENDS_WITHIN_S,
        check=False,
    )
    if done.returncode != 0:
        raise Refusal(done.stderr.strip(), done.returncode)
    assert done.stderr == "", done.stderr
    return done.stdout


def kms(region, operation, *arguments, **named):
    """The answer of an operation; a command of an operation without output prints nothing."""
    return json.loads(run(region, "kms", operation, "--output", "json", *arguments, **named) or "{}")


def text(region, operation, query, *arguments):
    """One member of an answer, as shell scripts get it."""
    return run(region, "kms", operation, "--output", "text", "--query", query, *arguments).strip()


def refused(code, operation, *arguments, **named):
    """The command is refused with this code, as the CLI words it; answers the message."""
    try:
        run(HERE, "kms", operation, *arguments, **named)
    except Refusal as refusal:
        told, status = refusal.args
        name = "".join(word.title() for word in operation.split("-"))
        head, found, message = told.partition(f"An error occurred ({code}) when calling the {name} operation:")
        assert found and status == REFUSED, refusal.args
        return message.strip()
    raise AssertionError(f"not refused with {code}")


def stored(folder, name, content):
    path = pathlib.Path(folder) / name
    path.write_bytes(content)
    return path


def a_profile_is_all_it_needs():
    listed = json.loads(run(HERE, "kms", "list-keys"))
    assert isinstance(listed["Keys"], list), listed


def callers_know_who_they_are():
    for account, number in (("", "111122223333"), ("-2", "444455556666")):
        identity = json.loads(run(THERE, "sts", "get-caller-identity", account=account))
        assert identity["Account"] == number, identity
        assert identity["Arn"] == f"arn:aws:iam::{number}:user/administrator", identity


def a_key_lives_its_life():
    made = kms(HERE, "create-key", "--description", "AWS CLI ü", "--tags", "TagKey=a,TagValue=1")["KeyMetadata"]
    key = made["KeyId"]
    assert made["Description"] == "AWS CLI ü" and made["MultiRegion"] is False, made
    naming = ("--alias-name", "alias/aws-cli", "--target-key-id", key)
    assert kms(HERE, "create-alias", *naming) == {}
    refused("AlreadyExistsException", "create-alias", *naming)
    assert kms(HERE, "describe-key", "--key-id", "alias/aws-cli")["KeyMetadata"] == made
    assert text(HERE, "list-resource-tags", "Tags[0].TagValue", "--key-id", key) == "1"
    assert text(HERE, "list-aliases", "Aliases[].AliasName", "--key-id", key) == "alias/aws-cli"
    kms(HERE, "enable-key-rotation", "--key-id", key, "--rotation-period-in-days", "90")
    assert text(HERE, "get-key-rotation-status", "RotationPeriodInDays", "--key-id", key) == "90"
    kms(HERE, "disable-key", "--key-id", key)
    message = refused("DisabledException", "encrypt", "--key-id", key, "--plaintext", "x")
    assert message == f"{made['Arn']} is disabled.", message
    kms(HERE, "enable-key", "--key-id", key)
    kms(HERE, "delete-alias", "--alias-name", "alias/aws-cli")
    deletion = kms(HERE, "schedule-key-deletion", "--key-id", key, "--pending-window-in-days", "7")
    assert deletion["KeyState"] == "PendingDeletion" and deletion["KeyId"] == made["Arn"], deletion


def what_one_region_encrypts_another_decrypts():
    key = text(HERE, "create-key", "KeyMetadata.KeyId", "--multi-region")
    replica = kms(HERE, "replicate-key", "--key-id", key, "--replica-region", THERE)["ReplicaKeyMetadata"]
    assert replica["KeyState"] == "Creating" and replica["Arn"].split(":")[3] == THERE, replica
    state = ("describe-key", "KeyMetadata.KeyState", "--key-id", key)
    until("the replica", lambda: text(THERE, *state) == "Enabled", Refusal)
    with tempfile.TemporaryDirectory() as folder:
        bytes_in = stored(folder, "bytes", b"\x00attack at dawn\xff")
        text_in = stored(folder, "text", "attack at dawn, ü\n".encode())
        context = f"file://{stored(folder, 'context.json', json.dumps({'b': '2', 'a': 'ü'}).encode())}"
        for plaintext in (f"fileb://{bytes_in}", f"file://{text_in}"):
            sealing = ("--key-id", key, "--plaintext", plaintext, "--encryption-context", context)
            sealed = base64.b64decode(text(HERE, "encrypt", "CiphertextBlob", *sealing))
            opening = ("--ciphertext-blob", f"fileb://{stored(folder, 'sealed', sealed)}")
            opened = kms(THERE, "decrypt", *opening, "--encryption-context", "a=ü,b=2")
            assert base64.b64decode(opened["Plaintext"]) == pathlib.Path(plaintext.split("://")[1]).read_bytes()
            assert opened["KeyId"] == replica["Arn"], opened["KeyId"]
        assert refused("InvalidCiphertextException", "decrypt", *opening) == ""


def signatures_verify():
    key = text(HERE, "create-key", "KeyMetadata.KeyId", "--key-spec", "ECC_NIST_P256", "--key-usage", "SIGN_VERIFY")
    with tempfile.TemporaryDirectory() as folder:
        message = f"fileb://{stored(folder, 'message', b'm' * 4096)}"
        signing = ("--key-id", key, "--message", message, "--signing-algorithm", "ECDSA_SHA_256")
        signature = stored(folder, "signature", base64.b64decode(text(HERE, "sign", "Signature", *signing)))
        assert kms(HERE, "verify", *signing, "--signature", f"fileb://{signature}")["SignatureValid"] is True


def lists_come_in_pages():
    keys = {text(HERE, "create-key", "KeyMetadata.KeyId") for _ in range(3)}
    everything = kms(HERE, "list-keys", "--page-size", "1")["Keys"]
    assert keys <= {entry["KeyId"] for entry in everything}, everything
    first = kms(HERE, "list-keys", "--page-size", "1", "--max-items", "2")
    rest = kms(HERE, "list-keys", "--starting-token", first["NextToken"])
    assert len(first["Keys"]) == 2 and first["Keys"] + rest["Keys"] == everything, (first, rest)
    page = kms(HERE, "list-keys", "--no-paginate", "--limit", "1")
    assert page["Truncated"] is True and page["Keys"] == everything[:1], page
    after = kms(HERE, "list-keys", "--no-paginate", "--limit", "1", "--marker", page["NextMarker"])
    assert after["Keys"] == everything[1:2], after
    refused("InvalidMarkerException", "list-keys", "--no-paginate", "--marker", "x")


def refusals_name_their_exception():
    message = refused("NotFoundException", "describe-key", "--key-id", "x")
    assert message == "Invalid keyId 'x'", message
    unknown = f"arn:aws:kms:{HERE}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    message = refused("NotFoundException", "describe-key", "--key-id", unknown)
    assert message == f"Key '{unknown}' does not exist", message
    key = text(HERE, "create-key", "KeyMetadata.KeyId")
    refused("DryRunOperationException", "encrypt", "--key-id", key, "--plaintext", "x", "--dry-run")
    stranger = {"AWS_ACCESS_KEY_ID": "AKIAAAAAAAAAAAAAAAAA", "AWS_SECRET_ACCESS_KEY": "x" * 40}
    message = refused("UnrecognizedClientException", "list-keys", **stranger)
    assert message == "The security token included in the request is invalid.", message


PROMISES = [
    a_profile_is_all_it_needs,
    callers_know_who_they_are,
    a_key_lives_its_life,
    what_one_region_encrypts_another_decrypts,
    signatures_verify,
    lists_come_in_pages,
    refusals_name_their_exception,
]

if __name__ == "__main__":
    for promise in PROMISES:
        promise()
        print(promise.__name__, flush=True)
