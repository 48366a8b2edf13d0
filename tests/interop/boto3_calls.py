"""An unmodified boto3 against a cluster of two regions: AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name its profiles.

Usage: boto3_calls.py REGION OTHER_REGION
Prints one line for each promise that was kept, and ends with an exception at the first that was not.
"""

import datetime
import json
import sys
import urllib.error
import urllib.request

import boto3
import botocore.exceptions
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from waiting import until

HERE, THERE = sys.argv[1], sys.argv[2]
REFUSAL = botocore.exceptions.ClientError
CLIENT = Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=15)


def session(region, account=""):
    return boto3.Session(profile_name=f"concord{account}-{region}")


def kms(region, account="", **settings):
    return session(region, account).client("kms", config=CLIENT, **settings)


def refused(code, status, call, **parameters):
    """The call is refused with this code and status; answers the message."""
    try:
        call(**parameters)
    except botocore.exceptions.ClientError as error:
        told = error.response
        found = (told["Error"]["Code"], told["ResponseMetadata"]["HTTPStatusCode"])
        assert found == (code, status), (found, told)
        assert told["ResponseMetadata"]["RequestId"], told
        return told["Error"]["Message"]
    raise AssertionError(f"not refused with {code}")


def callers_know_who_they_are():
    for account, number in (("", "111122223333"), ("-2", "444455556666")):
        for region in (HERE, THERE):
            identity = session(region, account).client("sts", config=CLIENT).get_caller_identity()
            assert identity["Account"] == number, identity
            assert identity["Arn"] == f"arn:aws:iam::{number}:user/administrator", identity
            assert identity["UserId"], identity


def a_key_lives_its_life():
    client = kms(HERE)
    made = client.create_key(Description="boto3 ü", Tags=[{"TagKey": "a", "TagValue": ""}])["KeyMetadata"]
    assert made["AWSAccountId"] == "111122223333" and made["MultiRegion"] is False, made
    age = datetime.datetime.now(datetime.timezone.utc) - made["CreationDate"]
    assert abs(age.total_seconds()) < 60, made
    key = made["KeyId"]
    assert client.describe_key(KeyId=key)["KeyMetadata"] == made
    assert client.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "a", "TagValue": ""}]
    client.create_alias(AliasName="alias/boto3", TargetKeyId=key)
    context = {"b": "2", "a": "ü"}
    sealed = client.encrypt(KeyId="alias/boto3", Plaintext=b"\x00secret\xff", EncryptionContext=context)
    assert sealed["KeyId"] == made["Arn"], sealed
    opened = client.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext=context)
    assert opened["Plaintext"] == b"\x00secret\xff" and opened["KeyId"] == made["Arn"], opened["KeyId"]
    data_key = client.generate_data_key(KeyId=key, KeySpec="AES_256")
    assert client.decrypt(CiphertextBlob=data_key["CiphertextBlob"])["Plaintext"] == data_key["Plaintext"]
    client.disable_key(KeyId=key)
    refused("DisabledException", 400, client.encrypt, KeyId=key, Plaintext=b"x")
    client.enable_key(KeyId=key)
    pages = client.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 1})
    assert key in [entry["KeyId"] for page in pages for entry in page["Keys"]]
    deletion = client.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert deletion["KeyState"] == "PendingDeletion" and deletion["KeyId"] == made["Arn"], deletion


def what_one_region_encrypts_another_decrypts():
    here, there = kms(HERE), kms(THERE)
    key = here.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
    replica = here.replicate_key(KeyId=key, ReplicaRegion=THERE)
    assert replica["ReplicaKeyMetadata"]["KeyState"] == "Creating", replica
    assert replica["ReplicaTags"] == [], replica
    until("the replica", lambda: there.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled", REFUSAL)
    sealed = here.encrypt(KeyId=key, Plaintext=b"attack at dawn")["CiphertextBlob"]
    assert there.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"attack at dawn"


def signatures_and_macs_verify():
    client = kms(HERE)
    signer = client.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    signing = {"KeyId": signer, "Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256"}
    signature = client.sign(**signing)["Signature"]
    assert client.verify(Signature=signature, **signing)["SignatureValid"] is True
    message = refused("KMSInvalidSignatureException", 400, client.verify, Signature=b"\x30\x00", **signing)
    assert message == "", message
    code = client.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["KeyId"]
    coding = {"KeyId": code, "Message": b"m", "MacAlgorithm": "HMAC_SHA_256"}
    assert client.verify_mac(Mac=client.generate_mac(**coding)["Mac"], **coding)["MacValid"] is True
    assert refused("KMSInvalidMacException", 400, client.verify_mac, Mac=b"x" * 32, **coding) == ""


def refusals_are_those_of_aws():
    client = kms(HERE)
    key = client.create_key()["KeyMetadata"]["KeyId"]
    assert refused("NotFoundException", 400, client.describe_key, KeyId="x") == "Invalid keyId 'x'"
    unknown = "1234abcd-12ab-34cd-56ef-1234567890ab"
    arn = f"arn:aws:kms:{HERE}:111122223333:key/{unknown}"
    assert refused("NotFoundException", 400, client.describe_key, KeyId=unknown) == f"Key '{arn}' does not exist"
    assert refused("InvalidCiphertextException", 400, client.decrypt, CiphertextBlob=b"x" * 200) == ""
    refused("UnsupportedOperationException", 400, client.list_key_policies, KeyId=key)
    refused("DryRunOperationException", 400, client.encrypt, KeyId=key, Plaintext=b"x", DryRun=True)
    unchecked = session(HERE).client("kms", config=CLIENT.merge(Config(parameter_validation=False)))
    message = refused("ValidationException", 400, unchecked.describe_key)
    assert "Value null at 'keyId'" in message, message
    refused("SerializationException", 400, unchecked.generate_random, NumberOfBytes="x")
    theirs = client.describe_key(KeyId=key)["KeyMetadata"]["Arn"]
    refused("AccessDeniedException", 400, kms(HERE, "-2").describe_key, KeyId=theirs)


def signatures_of_others_are_refused():
    own = session(HERE).get_credentials().get_frozen_credentials()
    keys = {"aws_access_key_id": own.access_key, "aws_secret_access_key": own.secret_key}
    wrong = {**keys, "aws_secret_access_key": "x" * 40}
    refused("InvalidSignatureException", 400, kms(HERE, **wrong).list_keys)
    stranger = {**keys, "aws_access_key_id": "AKIAAAAAAAAAAAAAAAAA"}
    refused("UnrecognizedClientException", 400, kms(HERE, **stranger).list_keys)
    refused("UnrecognizedClientException", 400, kms(HERE, **keys, aws_session_token="t").list_keys)
    refused("InvalidSignatureException", 400, kms(HERE, region_name=THERE).list_keys)
    sts = session(HERE).client("sts", config=CLIENT, **stranger)
    refused("InvalidClientTokenId", 403, sts.get_caller_identity)


def send(url, headers, body):
    request = urllib.request.Request(url, data=body, headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def a_captured_change_cannot_be_repeated():
    client = kms(HERE)
    key = client.create_key()["KeyMetadata"]["KeyId"]
    url = client.meta.endpoint_url + "/"
    body = json.dumps({"KeyId": key}).encode()
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "TrentService.EnableKey",
        "Host": url.split("/")[2],
    }
    request = AWSRequest("POST", url, headers=headers, data=body)
    SigV4Auth(session(HERE).get_credentials(), "kms", HERE).add_auth(request)
    captured = dict(request.headers)
    client.disable_key(KeyId=key)
    assert send(url, captured, body) == (200, b"")
    client.disable_key(KeyId=key)

    def is_refused():
        status, answer = send(url, captured, body)
        return status == 400 and b"used before" in answer

    until("the captured request to be a replay", is_refused, REFUSAL)
    client.disable_key(KeyId=key)
    assert not send(url, captured, body)[0] == 200
    assert client.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
    other = dict(captured, **{"X-Amz-Target": "TrentService.ScheduleKeyDeletion"})
    status, answer = send(url, other, body)
    assert status == 400 and b"InvalidSignatureException" in answer, answer


PROMISES = [
    callers_know_who_they_are,
    a_key_lives_its_life,
    what_one_region_encrypts_another_decrypts,
    signatures_and_macs_verify,
    refusals_are_those_of_aws,
    signatures_of_others_are_refused,
    a_captured_change_cannot_be_repeated,
]

if __name__ == "__main__":
    for promise in PROMISES:
        promise()
        print(promise.__name__, flush=True)
