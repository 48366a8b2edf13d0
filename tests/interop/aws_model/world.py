"""The two regions under test, and keys of every kind and state in them."""

import uuid

import boto3
import botocore.exceptions
from botocore.config import Config
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from waiting import until

ACCOUNT = "111122223333"
UNKNOWN_KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
WRAPPING = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}

_CLIENT = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=15)
# A busy machine makes RSA keys slowly: what should succeed is asked for again, as SDKs do. The last answer is walked.
_PATIENT = {"retries": {"mode": "standard", "total_max_attempts": 10}}
_OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)

# What CreateKey is asked for by the name of a kind.
KINDS = {
    "symmetric": {},
    "rsa encryption": {"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"},
    "signing": {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
    "mac": {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
    "agreement": {"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"},
    "encapsulation": {"KeySpec": "ML_KEM_512", "KeyUsage": "ENCAPSULATE_DECAPSULATE"},
    "external": {"Origin": "EXTERNAL"},
    "primary": {"MultiRegion": True},
}


class World:
    """Clients of both regions, and what is made through them."""

    def __init__(self, here, there, record):
        self.here, self.there = here, there
        self.record = record
        self.kms = self.client(here)
        self.patient = self.client(here, **_PATIENT)
        self.kms_there = self.client(there)
        self.unchecked = self.client(here, parameter_validation=False)

    def client(self, region, **settings):
        """A client whose every answer is walked."""
        session = boto3.Session(profile_name=f"concord-{region}")
        client = session.client("kms", config=_CLIENT.merge(Config(**settings)))
        self.record.watch(client)
        return client

    def make(self, kind):
        """A new key of this kind: its id."""
        return self.patient.create_key(**KINDS[kind])["KeyMetadata"]["KeyId"]

    def arn(self, key, region=None):
        return f"arn:aws:kms:{region or self.here}:{ACCOUNT}:key/{key}"

    def described(self, key, kms=None):
        return (kms or self.kms).describe_key(KeyId=key)["KeyMetadata"]

    def alias_of(self, key):
        """A new alias of the key."""
        alias = f"alias/{uuid.uuid4()}"
        self.kms.create_alias(AliasName=alias, TargetKeyId=key)
        return alias

    def wrapped(self, key, material):
        """The members of ImportKeyMaterial that carry the material."""
        parameters = self.patient.get_parameters_for_import(KeyId=key, **WRAPPING)
        wrapping_key = serialization.load_der_public_key(parameters["PublicKey"])
        return {
            "ImportToken": parameters["ImportToken"],
            "EncryptedKeyMaterial": wrapping_key.encrypt(material, _OAEP),
        }

    def import_for_good(self, key, material, **members):
        return self.kms.import_key_material(
            KeyId=key,
            ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
            **self.wrapped(key, material),
            **members,
        )

    def schedule_deletion(self, key):
        self.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)

    def wait_for_replica(self, key):
        """Waits until a replica can be used in the other region."""
        enabled = lambda: self.described(key, self.kms_there)["KeyState"] == "Enabled"
        until("the replica", enabled, botocore.exceptions.ClientError)

    def replicate(self, key):
        """Replicates the key, and waits until the replica can be used."""
        self.kms.replicate_key(KeyId=key, ReplicaRegion=self.there)
        self.wait_for_replica(key)


def refused(code, call, **parameters):
    """The call is refused with this code; answers the message. Its status and form are walked with all others."""
    try:
        call(**parameters)
    except botocore.exceptions.ClientError as error:
        told = error.response["Error"]
        assert told["Code"] == code, f"{told['Code']} instead of {code}: {told['Message']}"
        return told["Message"]
    raise AssertionError(f"not refused with {code}")
