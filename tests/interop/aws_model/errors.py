"""For each operation and each error that the service model lists for it: a call that provokes it, or why there is none.

A rule provokes an error of any operation; what is special to one operation stands before the rules.
"""

from aws_model import calls
from aws_model.calls import CALLS
from aws_model.world import UNKNOWN_KEY, refused

DRY_RUN = "The request would have succeeded, but the DryRun option is set."
WRONG_KEY = "The key ID in the request does not identify a CMK that can perform this operation."
# Four bytes in UTF-8.
WIDE = "\U0001f511"
ALIASES_PER_KEY = 50
ROTATIONS_ON_DEMAND = 25

_NO_KEY_STORES = "custom key stores are not supported, so that every CustomKeyStoreId is refused as unsupported"

# Errors that no operation can be provoked to.
NOWHERE = {
    "DependencyTimeoutException": "needs a region without a quorum",
    "KMSInternalException": "is a defect, or a disk that fails",
    "KeyUnavailableException": "needs a key in a custom key store or a region that is fenced",
    "InvalidGrantTokenException": "grants do not exist yet, so that a token conveys nothing and is only bounded",
    "MalformedPolicyDocumentException": "policies cannot be given yet, so that every document is refused",
    "CustomKeyStoreNotFoundException": _NO_KEY_STORES,
    "CustomKeyStoreInvalidStateException": _NO_KEY_STORES,
    "CloudHsmClusterInvalidConfigurationException": _NO_KEY_STORES,
    "XksKeyInvalidConfigurationException": _NO_KEY_STORES,
    "XksKeyAlreadyInUseException": _NO_KEY_STORES,
    "XksKeyNotFoundException": _NO_KEY_STORES,
    "ExpiredImportTokenException": "needs a token of more than 24 hours",
    "ConflictException": "a rotation under way, as long as a message to the replicas, is KMSInvalidStateException",
}

# Errors that one operation cannot be provoked to, though others can.
NOT_HERE = {
    ("CreateKey", "InvalidArnException"): "is about an ARN in a policy, and policies cannot be given yet",
    ("EnableKey", "LimitExceededException"): "enabling a key counts against no quota",
    ("DeleteAlias", "KMSInvalidStateException"): "an alias of a key in any state can be deleted",
    ("ListKeyRotations", "KMSInvalidStateException"): "the rotations of a key in any state are listed",
    ("GetKeyRotationStatus", "KMSInvalidStateException"): "no state of a symmetric key forbids it",
    ("DeleteImportedKeyMaterial", "KMSInvalidStateException"): "only Creating and Updating forbid it, for a moment",
    ("GetPublicKey", "InvalidKeyUsageException"): "a key of any usage that has a public key shows it",
}


def provoke(world, operation, code):
    """Provokes the error and checks its message."""
    rule = SPECIAL.get((operation, code)) or RULES[code]
    parameters, message = rule(world, operation)
    told = refused(code, calls.method_of(world.kms, operation), **parameters)
    # None where this service's text is its own.
    assert message is None or told == message, f"{told!r} instead of {message!r}"


def is_provokable(operation, code):
    return code not in NOWHERE and (operation, code) not in NOT_HERE


def _input(world, operation):
    """A new key and the minimal input about it, with the key named where it can be."""
    made = CALLS[operation]
    key = made.new_key(world)
    parameters = REFUSED_EARLY.get(operation, made.minimal)(world, key)
    if made.key_member:
        parameters[made.key_member] = key
    return key, parameters


def _with(**members):
    """The minimal input with other members, where AWS has no text of its own."""
    return lambda world, operation: ({**_input(world, operation)[1], **members}, None)


def _unknown_key(world, operation):
    _, parameters = _input(world, operation)
    message = f"Key '{world.arn(UNKNOWN_KEY)}' does not exist"
    return {**parameters, CALLS[operation].key_member: UNKNOWN_KEY}, message


def _bad_arn(world, operation):
    _, parameters = _input(world, operation)
    return {**parameters, CALLS[operation].key_member: "arn:aws:s3:::bucket"}, None


def _disabled_key(world, operation):
    key, parameters = _input(world, operation)
    world.kms.disable_key(KeyId=key)
    return parameters, f"{world.arn(key)} is disabled."


def _key_pending_deletion(world, operation):
    key, parameters = _input(world, operation)
    world.schedule_deletion(key)
    return parameters, f"{world.arn(key)} is pending deletion."


def _key_pending_replica_deletion(world, operation):
    key, parameters = _input(world, operation)
    world.schedule_deletion(key)
    return parameters, f"{world.arn(key)} is pending replica deletion."


def _key_not_pending_deletion(world, _):
    key = world.make("symmetric")
    return {"KeyId": key}, f"{world.arn(key)} is not pending deletion."


def _dry_run(world, operation):
    return {**_input(world, operation)[1], "DryRun": True}, DRY_RUN


def _key_of_other_usage(world, operation):
    _, parameters = _input(world, operation)
    kind, usage = ("mac", "GENERATE_VERIFY_MAC")
    if operation in ("GenerateMac", "VerifyMac"):
        kind, usage = ("symmetric", "ENCRYPT_DECRYPT")
    other = world.make(kind)
    message = f"{world.arn(other)} key usage is {usage} which is not valid for {operation}."
    return {**parameters, CALLS[operation].key_member: other}, message


def _decrypt_with_key_of_other_usage(world, operation):
    parameters, message = _key_of_other_usage(world, operation)
    # A ciphertext that names no key: one that names another is an IncorrectKeyException first.
    return {**parameters, "CiphertextBlob": b"x"}, message


def _decrypt_with_another_key(world, _):
    parameters = calls.CALLS["Decrypt"].minimal(world, world.make("symmetric"))
    return {**parameters, "KeyId": world.make("symmetric")}, WRONG_KEY


def _re_encrypt_with_another_key(world, operation):
    _, parameters = _input(world, operation)
    return {**parameters, "SourceKeyId": world.make("symmetric")}, WRONG_KEY


def _unknown_alias(world, _):
    alias = f"alias/{UNKNOWN_KEY}"
    arn = world.arn(UNKNOWN_KEY).replace("key/", "alias/")
    return {"AliasName": alias}, f"Alias {arn} is not found."


def _alias_twice(world, operation):
    key, parameters = _input(world, operation)
    world.kms.create_alias(**parameters)
    arn = world.arn(key).replace(f"key/{key}", parameters["AliasName"])
    return parameters, f"An alias with the name {arn} already exists"


def _replica_twice(world, operation):
    _, parameters = _input(world, operation)
    world.kms.replicate_key(**parameters)
    return parameters, None


def _key_full_of_aliases(world, operation):
    key, parameters = _input(world, operation)
    for _ in range(ALIASES_PER_KEY):
        world.alias_of(key)
    return parameters, None


def _key_rotated_too_often(world, _):
    key = world.make("symmetric")
    for _ in range(ROTATIONS_ON_DEMAND):
        world.kms.rotate_key_on_demand(KeyId=key)
    message = (
        "The on-demand rotations limit has been reached for the given keyId. "
        f"No more on-demand rotations can be performed for this key: {world.arn(key)}"
    )
    return {"KeyId": key}, message


def _tags_of_more_bytes_than_a_key_holds(world, _):
    tags = [{"TagKey": f"{n:02}{WIDE * 126}", "TagValue": WIDE * 256} for n in range(50)]
    return {"KeyId": world.make("symmetric"), "Tags": tags}, None


def _wrong_origin(world, operation):
    _, parameters = _input(world, operation)
    key = world.make("symmetric")
    message = f"{world.arn(key)} origin is AWS_KMS which is not valid for this operation."
    return {**parameters, "KeyId": key}, message


def _asymmetric_key(world, _):
    # AWS sends no text.
    return {"KeyId": world.make("signing")}, ""


def _symmetric_key(world, _):
    return {"KeyId": world.make("symmetric")}, None


def _not_a_primary(world, operation):
    _, parameters = _input(world, operation)
    key = world.make("symmetric")
    return {**parameters, "KeyId": key}, f"{world.arn(key)} is not a multi-region primary key."


def _bytes_that_do_not_unwrap(world, operation):
    key, parameters = _input(world, operation)
    wrapped = world.wrapped(key, b"a" * 32)
    return {**parameters, **wrapped, "EncryptedKeyMaterial": b"x" * 256}, ""


def _other_bytes(world, operation):
    """Bytes that the key never had, where those that it has are asked for."""
    key, parameters = _input(world, operation)
    world.import_for_good(key, b"a" * 32)
    return {**parameters, **world.wrapped(key, b"b" * 32), "ImportType": "EXISTING_KEY_MATERIAL"}, None


def _silently(**members):
    """The minimal input with other members, where there is never a text."""
    return lambda world, operation: ({**_input(world, operation)[1], **members}, "")


# Inputs that are refused before it matters that nothing was wrapped for them: RSA keys to wrap with take their time.
REFUSED_EARLY = {
    "DeleteImportedKeyMaterial": lambda _, key: {"KeyId": key},
    "ImportKeyMaterial": lambda _, key: {
        "KeyId": key,
        "ImportToken": b"token",
        "EncryptedKeyMaterial": b"material",
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
    },
}

_RESERVED_TAG = [{"TagKey": "aws:x", "TagValue": ""}]
_LONG_POLICY = "x" * 32_769

RULES = {
    "NotFoundException": _unknown_key,
    "InvalidArnException": _bad_arn,
    "DisabledException": _disabled_key,
    "KMSInvalidStateException": _key_pending_deletion,
    "DryRunOperationException": _dry_run,
    "InvalidKeyUsageException": _key_of_other_usage,
    "InvalidMarkerException": _silently(Marker="marker"),
    "TagException": _with(Tags=_RESERVED_TAG),
}

SPECIAL = {
    ("CancelKeyDeletion", "KMSInvalidStateException"): _key_not_pending_deletion,
    ("CreateAlias", "AlreadyExistsException"): _alias_twice,
    ("CreateAlias", "InvalidAliasNameException"): _with(AliasName="alias/aws/service"),
    ("CreateAlias", "LimitExceededException"): _key_full_of_aliases,
    ("CreateKey", "LimitExceededException"): _with(Policy=_LONG_POLICY),
    ("CreateKey", "UnsupportedOperationException"): _with(KeySpec="SM2", KeyUsage="SIGN_VERIFY"),
    ("Decapsulate", "InvalidCiphertextException"): _silently(SharedSecretCiphertextBlob=b"x"),
    ("Decrypt", "IncorrectKeyException"): _decrypt_with_another_key,
    ("Decrypt", "InvalidCiphertextException"): _silently(CiphertextBlob=b"x" * 200),
    ("Decrypt", "InvalidKeyUsageException"): _decrypt_with_key_of_other_usage,
    ("DeleteAlias", "NotFoundException"): _unknown_alias,
    ("DeleteImportedKeyMaterial", "UnsupportedOperationException"): _wrong_origin,
    ("DisableKeyRotation", "UnsupportedOperationException"): _asymmetric_key,
    ("EnableKeyRotation", "UnsupportedOperationException"): _asymmetric_key,
    ("GenerateDataKeyPair", "UnsupportedOperationException"): _with(KeyPairSpec="SM2"),
    ("GenerateDataKeyPairWithoutPlaintext", "UnsupportedOperationException"): _with(KeyPairSpec="SM2"),
    ("GenerateRandom", "UnsupportedOperationException"): _with(CustomKeyStoreId="cks-1234567890abcdef0"),
    ("GetKeyRotationStatus", "UnsupportedOperationException"): _asymmetric_key,
    ("GetParametersForImport", "UnsupportedOperationException"): _wrong_origin,
    ("GetPublicKey", "UnsupportedOperationException"): _symmetric_key,
    ("ImportKeyMaterial", "IncorrectKeyMaterialException"): _other_bytes,
    ("ImportKeyMaterial", "InvalidCiphertextException"): _bytes_that_do_not_unwrap,
    # The token of REFUSED_EARLY is none.
    ("ImportKeyMaterial", "InvalidImportTokenException"): _with(),
    ("ImportKeyMaterial", "UnsupportedOperationException"): _wrong_origin,
    ("ListKeyRotations", "UnsupportedOperationException"): _asymmetric_key,
    ("ReEncrypt", "IncorrectKeyException"): _re_encrypt_with_another_key,
    ("ReEncrypt", "InvalidCiphertextException"): _silently(CiphertextBlob=b"x" * 200),
    ("ReplicateKey", "AlreadyExistsException"): _replica_twice,
    ("ReplicateKey", "LimitExceededException"): _with(Policy=_LONG_POLICY),
    ("ReplicateKey", "UnsupportedOperationException"): _not_a_primary,
    ("RotateKeyOnDemand", "LimitExceededException"): _key_rotated_too_often,
    ("RotateKeyOnDemand", "UnsupportedOperationException"): _asymmetric_key,
    ("TagResource", "LimitExceededException"): _tags_of_more_bytes_than_a_key_holds,
    ("UntagResource", "TagException"): _with(TagKeys=["aws:x"]),
    ("UpdateAlias", "LimitExceededException"): _key_full_of_aliases,
    ("UpdatePrimaryRegion", "KMSInvalidStateException"): _key_pending_replica_deletion,
    ("UpdatePrimaryRegion", "UnsupportedOperationException"): _not_a_primary,
    ("Verify", "KMSInvalidSignatureException"): _silently(Signature=b"\x30\x00"),
    ("VerifyMac", "KMSInvalidMacException"): _silently(Mac=b"x" * 32),
}
