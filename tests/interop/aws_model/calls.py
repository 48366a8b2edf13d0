"""For each operation that the service has: the minimal input, full inputs, and what of the model it refuses to take.

Every input is for a new key of the operation's kind, so that no call depends on what another has done.
"""

import dataclasses
import datetime
import os
import typing

from aws_model.world import WRAPPING, refused

POLICY = '{"Version":"2012-10-17","Statement":[]}'
RECIPIENT = {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": b"document"}
CONTEXT = {"department": "ü"}
TAGS = [{"TagKey": "b", "TagValue": "ü"}, {"TagKey": "a", "TagValue": ""}]
COMMON = {"GrantTokens": ["token"], "DryRun": False}
SIGNING = {"Message": b"message", "SigningAlgorithm": "ECDSA_SHA_256"}
MAC = {"Message": b"message", "MacAlgorithm": "HMAC_SHA_256"}
AGREEMENT = {"KeyAgreementAlgorithm": "ECDH"}
ENCAPSULATION = {"EncapsulationAlgorithm": "ML_KEM"}

UNSUPPORTED = "UnsupportedOperationException"


@dataclasses.dataclass(frozen=True)
class Calls:
    """The inputs of one operation."""

    # The kind of key that it is about, if it is about one.
    kind: str | None
    # From the world and a new key to an input without anything that can be left out.
    minimal: typing.Callable
    # From the same to inputs that together set every member that is not refused.
    full: typing.Callable
    # Members that the service refuses to take, with a value and the error.
    refuses: dict = dataclasses.field(default_factory=dict)
    # The member that names the key.
    key_member: str | None = "KeyId"

    def new_key(self, world):
        return world.make(self.kind) if self.kind else None


def method_of(client, operation):
    """boto3's method for an operation."""
    names = client.meta.method_to_api_mapping
    return getattr(client, next(method for method, name in names.items() if name == operation))


def _only(member="KeyId"):
    return lambda _, key: {member: key}


def _adding(minimal, **members):
    """One full input: the minimal one and these members."""
    return lambda world, key: [{**minimal(world, key), **members}]


def _same(minimal):
    """The minimal input is the full one."""
    return lambda world, key: [minimal(world, key)]


def _about_a_key(kind, **members):
    """An input that is only about a key."""
    return Calls(kind, _only(), _adding(_only(), **members))


def _nothing(*_):
    return {}


def _random(*_):
    return {"NumberOfBytes": 32}


def _describe(_, key):
    return {"KeyId": key, "Description": "ü"}


def _tag(_, key):
    return {"KeyId": key, "Tags": TAGS}


def _untag(_, key):
    return {"KeyId": key, "TagKeys": ["a", "b"]}


def _create_key_in_full(*_):
    every = {
        "Description": "ü",
        "KeyUsage": "SIGN_VERIFY",
        "Origin": "AWS_KMS",
        "BypassPolicyLockoutSafetyCheck": True,
        "Tags": TAGS,
        "MultiRegion": True,
    }
    return [{**every, "KeySpec": "ECC_NIST_P256"}, {**every, "CustomerMasterKeySpec": "ECC_NIST_P256"}]


def _encrypted(world, key, **context):
    return world.kms.encrypt(KeyId=key, Plaintext=b"plaintext", **context)["CiphertextBlob"]


def _decrypt(world, key):
    return {"CiphertextBlob": _encrypted(world, key)}


def _decrypt_in_full(world, key):
    return [
        {
            "CiphertextBlob": _encrypted(world, key, EncryptionContext=CONTEXT),
            "EncryptionContext": CONTEXT,
            "KeyId": key,
            "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
            **COMMON,
        }
    ]


def _re_encrypt(world, key):
    return {"CiphertextBlob": _encrypted(world, world.make("symmetric")), "DestinationKeyId": key}


def _re_encrypt_in_full(world, key):
    source = world.make("symmetric")
    return [
        {
            "CiphertextBlob": _encrypted(world, source, EncryptionContext=CONTEXT),
            "SourceEncryptionContext": CONTEXT,
            "SourceKeyId": source,
            "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "DestinationKeyId": key,
            "DestinationEncryptionContext": {"other": "context"},
            "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
            **COMMON,
        }
    ]


def _encrypt(_, key):
    return {"KeyId": key, "Plaintext": b"plaintext"}


def _data_key(_, key):
    return {"KeyId": key, "KeySpec": "AES_256"}


def _data_key_in_full(_, key):
    every = {"KeyId": key, "EncryptionContext": CONTEXT, **COMMON}
    return [{**every, "KeySpec": "AES_128"}, {**every, "NumberOfBytes": 1024}]


def _pair(_, key):
    return {"KeyId": key, "KeyPairSpec": "ECC_NIST_P256"}


def _sign(_, key):
    return {"KeyId": key, **SIGNING}


def _verify(world, key):
    return {**_sign(world, key), "Signature": world.kms.sign(**_sign(world, key))["Signature"]}


def _generate_mac(_, key):
    return {"KeyId": key, **MAC}


def _verify_mac(world, key):
    coding = _generate_mac(world, key)
    return {**coding, "Mac": world.kms.generate_mac(**coding)["Mac"]}


def _derive(world, key):
    public = world.kms.get_public_key(KeyId=world.make("agreement"))["PublicKey"]
    return {"KeyId": key, "PublicKey": public, **AGREEMENT}


def _encapsulate(_, key):
    return {"KeyId": key, **ENCAPSULATION}


def _decapsulate(world, key):
    sealed = world.kms.encapsulate(**_encapsulate(world, key))["SharedSecretCiphertextBlob"]
    return {**_encapsulate(world, key), "SharedSecretCiphertextBlob": sealed}


def _parameters(_, key):
    return {"KeyId": key, **WRAPPING}


def _in_days(days):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)


def _import(world, key):
    return {"KeyId": key, "ValidTo": _in_days(1), **world.wrapped(key, os.urandom(32))}


def _import_in_full(world, key):
    """As new material, and the same bytes again by their id."""
    material = os.urandom(32)
    new = {
        "KeyId": key,
        "ValidTo": _in_days(2),
        "ExpirationModel": "KEY_MATERIAL_EXPIRES",
        "ImportType": "NEW_KEY_MATERIAL",
        "KeyMaterialDescription": "from the vault",
    }
    held = world.make("external")
    existing = {
        **new,
        "KeyId": held,
        "ImportType": "EXISTING_KEY_MATERIAL",
        "KeyMaterialId": world.import_for_good(held, material)["KeyMaterialId"],
    }
    return [{**new, **world.wrapped(key, material)}, {**existing, **world.wrapped(held, material)}]


def _delete_imported(world, key):
    world.import_for_good(key, os.urandom(32))
    return {"KeyId": key}


def _delete_imported_in_full(world, key):
    material = world.import_for_good(key, os.urandom(32))["KeyMaterialId"]
    return [{"KeyId": key, "KeyMaterialId": material}]


def _cancel_deletion(world, key):
    world.schedule_deletion(key)
    return {"KeyId": key}


def _create_alias(_, key):
    return {"AliasName": f"alias/created/{key}", "TargetKeyId": key}


def _update_alias(world, key):
    return {"AliasName": world.alias_of(world.make("symmetric")), "TargetKeyId": key}


def _delete_alias(world, key):
    return {"AliasName": world.alias_of(key)}


def _second_page(method, prepare):
    """An input for the second page of one entry, after `prepare` has made at least two."""

    def full(world, key):
        asked = {**prepare(world, key), "Limit": 1}
        return [{**asked, "Marker": method(world.kms)(**asked)["NextMarker"]}]

    return full


def _with_two_keys(world, _):
    world.make("symmetric")
    world.make("symmetric")
    return {"ResourceOwners": ["SELF"]}


def _with_two_aliases(world, key):
    world.alias_of(key)
    world.alias_of(key)
    return {"KeyId": key}


def _with_two_tags(world, key):
    world.kms.tag_resource(KeyId=key, Tags=TAGS)
    return {"KeyId": key}


def _with_two_rotations(world, key):
    world.kms.rotate_key_on_demand(KeyId=key)
    world.kms.rotate_key_on_demand(KeyId=key)
    return {"KeyId": key, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"}


def _replicate(world, key):
    return {"KeyId": key, "ReplicaRegion": world.there}


def _update_primary(world, key):
    world.replicate(key)
    return {"KeyId": key, "PrimaryRegion": world.there}


_NO_RECIPIENT = {"Recipient": (RECIPIENT, UNSUPPORTED)}
_NO_MODIFIERS = {"DryRunModifiers": (["IGNORE_CIPHERTEXT"], UNSUPPORTED)}
_NO_POLICY = {"Policy": (POLICY, UNSUPPORTED)}
_NO_KEY_STORE = {"CustomKeyStoreId": ("cks-1234567890abcdef0", UNSUPPORTED)}
_SEALING = {"EncryptionContext": CONTEXT, **COMMON}

CALLS = {
    "CreateKey": Calls(
        None,
        _nothing,
        _create_key_in_full,
        {**_NO_POLICY, **_NO_KEY_STORE, "XksKeyId": ("x", UNSUPPORTED)},
        key_member=None,
    ),
    "DescribeKey": _about_a_key("symmetric", GrantTokens=["token"]),
    "ListKeys": Calls(
        None, _nothing, _second_page(lambda kms: kms.list_keys, _with_two_keys), key_member=None
    ),
    "EnableKey": _about_a_key("symmetric"),
    "DisableKey": _about_a_key("symmetric"),
    "UpdateKeyDescription": Calls("symmetric", _describe, _same(_describe)),
    "ScheduleKeyDeletion": _about_a_key("symmetric", PendingWindowInDays=7),
    "CancelKeyDeletion": Calls("symmetric", _cancel_deletion, _same(_cancel_deletion)),
    "Encrypt": Calls(
        "symmetric", _encrypt, _adding(_encrypt, EncryptionAlgorithm="SYMMETRIC_DEFAULT", **_SEALING)
    ),
    "Decrypt": Calls("symmetric", _decrypt, _decrypt_in_full, {**_NO_RECIPIENT, **_NO_MODIFIERS}),
    "ReEncrypt": Calls(
        "symmetric", _re_encrypt, _re_encrypt_in_full, _NO_MODIFIERS, key_member="DestinationKeyId"
    ),
    "GenerateDataKey": Calls("symmetric", _data_key, _data_key_in_full, _NO_RECIPIENT),
    "GenerateDataKeyWithoutPlaintext": Calls("symmetric", _data_key, _data_key_in_full),
    "GenerateDataKeyPair": Calls("symmetric", _pair, _adding(_pair, **_SEALING), _NO_RECIPIENT),
    "GenerateDataKeyPairWithoutPlaintext": Calls("symmetric", _pair, _adding(_pair, **_SEALING)),
    "Sign": Calls("signing", _sign, _adding(_sign, MessageType="RAW", **COMMON)),
    "Verify": Calls("signing", _verify, _adding(_verify, MessageType="RAW", **COMMON)),
    "GenerateMac": Calls("mac", _generate_mac, _adding(_generate_mac, **COMMON)),
    "VerifyMac": Calls("mac", _verify_mac, _adding(_verify_mac, **COMMON)),
    "DeriveSharedSecret": Calls("agreement", _derive, _adding(_derive, **COMMON), _NO_RECIPIENT),
    "Encapsulate": Calls("encapsulation", _encapsulate, _adding(_encapsulate, **COMMON)),
    "Decapsulate": Calls("encapsulation", _decapsulate, _adding(_decapsulate, **COMMON)),
    "GetPublicKey": _about_a_key("signing", GrantTokens=["token"]),
    "GetKeyLastUsage": _about_a_key("symmetric"),
    "GetParametersForImport": Calls("external", _parameters, _same(_parameters)),
    "ImportKeyMaterial": Calls("external", _import, _import_in_full),
    "DeleteImportedKeyMaterial": Calls("external", _delete_imported, _delete_imported_in_full),
    "GenerateRandom": Calls(
        None, _random, _same(_random), {**_NO_RECIPIENT, **_NO_KEY_STORE}, key_member=None
    ),
    "CreateAlias": Calls("symmetric", _create_alias, _same(_create_alias), key_member="TargetKeyId"),
    "UpdateAlias": Calls("symmetric", _update_alias, _same(_update_alias), key_member="TargetKeyId"),
    "DeleteAlias": Calls("symmetric", _delete_alias, _same(_delete_alias), key_member=None),
    "ListAliases": Calls(
        "symmetric", _nothing, _second_page(lambda kms: kms.list_aliases, _with_two_aliases)
    ),
    "TagResource": Calls("symmetric", _tag, _same(_tag)),
    "UntagResource": Calls("symmetric", _untag, _same(_untag)),
    "ListResourceTags": Calls(
        "symmetric", _only(), _second_page(lambda kms: kms.list_resource_tags, _with_two_tags)
    ),
    "EnableKeyRotation": _about_a_key("symmetric", RotationPeriodInDays=90),
    "DisableKeyRotation": _about_a_key("symmetric"),
    "GetKeyRotationStatus": _about_a_key("symmetric"),
    "RotateKeyOnDemand": _about_a_key("symmetric"),
    "ListKeyRotations": Calls(
        "symmetric", _only(), _second_page(lambda kms: kms.list_key_rotations, _with_two_rotations)
    ),
    "ReplicateKey": Calls(
        "primary",
        _replicate,
        _adding(_replicate, BypassPolicyLockoutSafetyCheck=True, Description="ü", Tags=TAGS),
        _NO_POLICY,
    ),
    "UpdatePrimaryRegion": Calls("primary", _update_primary, _same(_update_primary)),
}


def answers_minimal_and_full_input(world, operation):
    """The minimal and the full inputs succeed, and each member that is refused is refused for itself."""
    calls, method = CALLS[operation], method_of(world.patient, operation)
    key = calls.new_key(world)
    method(**calls.minimal(world, key))
    for full in calls.full(world, calls.new_key(world)):
        method(**full)
    for member, (value, code) in calls.refuses.items():
        full = calls.full(world, calls.new_key(world))[0]
        refused(code, method, **full, **{member: value})


def is_unsupported(world, operation):
    """An operation that is not built yet says so, whatever its input is."""
    message = refused(UNSUPPORTED, method_of(world.unchecked, operation))
    assert message == f"{operation} is not supported by this service.", message
