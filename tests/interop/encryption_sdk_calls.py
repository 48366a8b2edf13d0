"""An unmodified AWS Encryption SDK for Python against a cluster of two regions: AWS_CONFIG_FILE and
AWS_SHARED_CREDENTIALS_FILE name its profiles.

Usage: encryption_sdk_calls.py REGION OTHER_REGION
Prints one line for each promise that was kept, and ends with an exception at the first that was not.
"""

import io
import logging
import sys

import boto3
import botocore.exceptions
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    CreateAwsKmsKeyringInput,
    CreateAwsKmsMrkDiscoveryKeyringInput,
    CreateAwsKmsMrkKeyringInput,
    CreateMultiKeyringInput,
    DiscoveryFilter,
)
from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient
from aws_encryption_sdk.exceptions import AWSEncryptionSDKClientError
from botocore.config import Config

from waiting import until

HERE, THERE = sys.argv[1], sys.argv[2]
ACCOUNT, OTHER_ACCOUNT = "111122223333", "444455556666"
SETTINGS = Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=15)
CONTEXT = {"purpose": "test", "ü": "2"}

# It logs each refusal that is expected here, with its stack.
logging.getLogger("aws_encryption_sdk").addHandler(logging.NullHandler())

SDK = EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
MATERIALS = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())


def kms(region):
    return boto3.Session(profile_name=f"concord-{region}").client("kms", config=SETTINGS)


def new_key(region, **parameters):
    return kms(region).create_key(**parameters)["KeyMetadata"]["Arn"]


def new_multi_region_key():
    """A key in both regions; answers its ARN here."""
    arn = new_key(HERE, MultiRegion=True)
    key = arn.split("/")[1]
    kms(HERE).replicate_key(KeyId=key, ReplicaRegion=THERE)

    def is_enabled():
        return kms(THERE).describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"

    until("the replica", is_enabled, botocore.exceptions.ClientError)
    return arn


def multi_region(arn, region):
    wanted = CreateAwsKmsMrkKeyringInput(kms_key_id=arn, kms_client=kms(region))
    return MATERIALS.create_aws_kms_mrk_keyring(input=wanted)


def single_region(arn, region):
    wanted = CreateAwsKmsKeyringInput(kms_key_id=arn, kms_client=kms(region))
    return MATERIALS.create_aws_kms_keyring(input=wanted)


def discovery(region, account=ACCOUNT):
    """Decrypts with whatever key of the account a message names, in this region."""
    wanted = CreateAwsKmsMrkDiscoveryKeyringInput(
        kms_client=kms(region),
        region=region,
        discovery_filter=DiscoveryFilter(account_ids=[account], partition="aws"),
    )
    return MATERIALS.create_aws_kms_mrk_discovery_keyring(input=wanted)


def encrypted(plaintext, keyring):
    return SDK.encrypt(source=plaintext, keyring=keyring, encryption_context=CONTEXT)[0]


def decrypted(message, keyring):
    plaintext, header = SDK.decrypt(source=message, keyring=keyring, encryption_context=CONTEXT)
    assert CONTEXT.items() <= header.encryption_context.items(), header.encryption_context
    return plaintext


def refused(why, message, keyring):
    """The message is not decrypted, and one of the errors that the SDK has collected says why."""
    try:
        SDK.decrypt(source=message, keyring=keyring)
    except AWSEncryptionSDKClientError as error:
        assert why in repr(error.args), error.args
        return
    raise AssertionError("it was decrypted")


def what_one_region_encrypts_another_decrypts_by_discovery():
    arn = new_multi_region_key()
    message = encrypted(b"attack at dawn", multi_region(arn, HERE))
    for region in (THERE, HERE):
        assert decrypted(message, discovery(region)) == b"attack at dawn"
    replica = arn.replace(HERE, THERE)
    assert decrypted(message, multi_region(replica, THERE)) == b"attack at dawn"
    back = encrypted(b"\x00\xff", multi_region(replica, THERE))
    assert decrypted(back, discovery(HERE)) == b"\x00\xff"


def streams_are_decrypted_in_the_other_region():
    arn = new_multi_region_key()
    plaintext = bytes(range(256)) * 4096
    sealing = {"mode": "e", "source": io.BytesIO(plaintext), "keyring": multi_region(arn, HERE)}
    with SDK.stream(**sealing, encryption_context=CONTEXT) as sealed:
        message = b"".join(sealed)
    with SDK.stream(mode="d", source=io.BytesIO(message), keyring=discovery(THERE)) as opened:
        assert b"".join(opened) == plaintext


def one_of_several_wrapping_keys_is_enough():
    here, there = new_key(HERE), new_key(THERE)
    both = CreateMultiKeyringInput(generator=single_region(here, HERE), child_keyrings=[single_region(there, THERE)])
    message = encrypted(b"either", MATERIALS.create_multi_keyring(input=both))
    assert decrypted(message, single_region(here, HERE)) == b"either"
    assert decrypted(message, discovery(THERE)) == b"either"
    kms(HERE).disable_key(KeyId=here)
    refused(f"{here} is disabled.", message, discovery(HERE))
    assert decrypted(message, discovery(THERE)) == b"either"


def discovery_finds_nothing_of_other_regions_and_accounts():
    message = encrypted(b"here", single_region(new_key(HERE), HERE))
    refused("No Encrypted Data Keys found to match", message, discovery(THERE))
    refused("No Encrypted Data Keys found to match", message, discovery(HERE, OTHER_ACCOUNT))
    assert decrypted(message, discovery(HERE)) == b"here"


PROMISES = [
    what_one_region_encrypts_another_decrypts_by_discovery,
    streams_are_decrypted_in_the_other_region,
    one_of_several_wrapping_keys_is_enough,
    discovery_finds_nothing_of_other_regions_and_accounts,
]

if __name__ == "__main__":
    for promise in PROMISES:
        promise()
        print(promise.__name__, flush=True)
