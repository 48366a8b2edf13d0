"""What AWS answers where servers that only follow the documentation answer something else, with its exact words."""

import datetime
import json
import os

from aws_model.world import UNKNOWN_KEY, refused

NOT_FOUND = "NotFoundException"
VALIDATION = "ValidationException"
UNSUPPORTED = "UnsupportedOperationException"


def _broken(value, member, constraint):
    broken = f"Value '{value}' at '{member}' failed to satisfy constraint: Member must {constraint}"
    return f"1 validation error detected: {broken}"


def _is(found, wanted):
    assert found == wanted, f"{found!r} instead of {wanted!r}"


def key_ids_of_bad_form_are_invalid_and_unknown_ones_do_not_exist(world):
    describe = world.kms.describe_key
    for bad in ("fake-key-id", "mrk-fake-key-id", "134f2428cec14b25a1ae9048164dba47"):
        _is(refused(NOT_FOUND, describe, KeyId=bad), f"Invalid keyId '{bad}'")
        _is(refused(NOT_FOUND, world.kms.encrypt, KeyId=bad, Plaintext=b"x"), f"Invalid keyId '{bad}'")
    for unknown in (UNKNOWN_KEY, "mrk-d3b95762d3b95762d3b95762d3b95762"):
        absent = f"Key '{world.arn(unknown)}' does not exist"
        _is(refused(NOT_FOUND, describe, KeyId=unknown), absent)
        _is(refused(NOT_FOUND, describe, KeyId=world.arn(unknown)), absent)


def an_arn_of_another_region_is_invalid(world):
    key = world.make("symmetric")
    foreign = world.arn(key, world.there)
    calls = [
        (world.kms.describe_key, {}),
        (world.kms.encrypt, {"Plaintext": b"x"}),
        (world.kms.enable_key, {}),
        (world.kms.get_key_rotation_status, {}),
    ]
    for call, members in calls:
        _is(refused(NOT_FOUND, call, KeyId=foreign, **members), f"Invalid arn {world.there}")
    told = refused(NOT_FOUND, world.kms_there.describe_key, KeyId=key)
    _is(told, f"Key '{foreign}' does not exist")


def an_arn_that_cannot_be_read_is_invalid_or_names_nothing(world):
    bad, message = {"KeyId": "arn:aws:s3:::bucket"}, "Invalid arn arn:aws:s3:::bucket"
    _is(refused("InvalidArnException", world.kms.describe_key, **bad), message)
    # Those whose model has no InvalidArnException.
    _is(refused(NOT_FOUND, world.kms.encrypt, Plaintext=b"x", **bad), message)
    _is(refused(NOT_FOUND, world.kms.generate_data_key, KeySpec="AES_256", **bad), message)
    alias = {"AliasName": "alias/x", "TargetKeyId": bad["KeyId"]}
    _is(refused(NOT_FOUND, world.kms.create_alias, **alias), message)


def a_new_replica_is_creating_and_then_has_the_material_of_its_primary(world):
    made = world.kms.create_key(MultiRegion=True, Description="the primary's own")["KeyMetadata"]
    key = made["KeyId"]
    answer = world.kms.replicate_key(KeyId=key, ReplicaRegion=world.there)
    replica = answer["ReplicaKeyMetadata"]
    shown = [replica[member] for member in ("KeyState", "Enabled", "Description", "Arn", "MultiRegion")]
    _is(shown, ["Creating", False, "", world.arn(key, world.there), True])
    assert "CurrentKeyMaterialId" not in replica, replica
    regions = {
        "MultiRegionKeyType": "REPLICA",
        "PrimaryKey": {"Arn": world.arn(key), "Region": world.here},
        "ReplicaKeys": [{"Arn": world.arn(key, world.there), "Region": world.there}],
    }
    _is(replica["MultiRegionConfiguration"], regions)
    _is(json.loads(answer["ReplicaPolicy"]), _default_policy(made["AWSAccountId"]))
    world.wait_for_replica(key)
    arrived = world.described(key, world.kms_there)
    _is(arrived["CurrentKeyMaterialId"], world.described(key)["CurrentKeyMaterialId"])
    _is((arrived["Enabled"], arrived["Description"]), (True, ""))
    _is(arrived["MultiRegionConfiguration"], regions)
    _is(world.described(key)["MultiRegionConfiguration"], {**regions, "MultiRegionKeyType": "PRIMARY"})


def _default_policy(account):
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return {"Version": "2012-10-17", "Id": "key-default-1", "Statement": [statement]}


def a_replica_cannot_be_replicated(world):
    key = world.make("primary")
    world.replicate(key)
    told = refused(UNSUPPORTED, world.kms_there.replicate_key, KeyId=key, ReplicaRegion=world.here)
    _is(told, f"{world.arn(key, world.there)} is not a multi-region primary key.")


def an_ordinary_key_says_that_it_is_not_multi_region(world):
    for kind in ("symmetric", "signing", "mac", "external"):
        key = world.described(world.make(kind))
        assert key["MultiRegion"] is False and "MultiRegionConfiguration" not in key, key


def only_symmetric_keys_that_had_material_show_its_id(world):
    for kind in ("signing", "mac", "agreement", "encapsulation", "rsa encryption"):
        key = world.described(world.make(kind))
        assert "CurrentKeyMaterialId" not in key, key
    assert len(world.described(world.make("symmetric"))["CurrentKeyMaterialId"]) == 64
    key = world.make("external")
    pending = world.described(key)
    _is((pending["KeyState"], pending["Enabled"]), ("PendingImport", False))
    assert not {"CurrentKeyMaterialId", "ExpirationModel", "ValidTo"} & set(pending), pending
    material = world.import_for_good(key, os.urandom(32))["KeyMaterialId"]
    held = world.described(key)
    _is(held["CurrentKeyMaterialId"], material)
    _is((held["KeyState"], held["ExpirationModel"]), ("Enabled", "KEY_MATERIAL_DOES_NOT_EXPIRE"))
    deleted = world.kms.delete_imported_key_material(KeyId=key)
    _is((deleted["KeyId"], deleted["KeyMaterialId"]), (world.arn(key), material))
    gone = world.described(key)
    _is((gone["KeyState"], gone["CurrentKeyMaterialId"]), ("PendingImport", material))
    assert "ExpirationModel" not in gone, gone
    told = refused("KMSInvalidStateException", world.kms.encrypt, KeyId=key, Plaintext=b"x")
    _is(told, f"{world.arn(key)} is pending import.")


def crypto_and_rotation_answer_the_key_by_its_arn(world):
    kms, key = world.kms, world.make("symmetric")
    arn, alias = world.arn(key), world.alias_of(key)
    sealed = kms.encrypt(KeyId=alias, Plaintext=b"x")
    again = kms.re_encrypt(CiphertextBlob=sealed["CiphertextBlob"], DestinationKeyId=alias)
    pair = {"KeyId": alias, "KeyPairSpec": "ECC_NIST_P256"}
    answers = [
        sealed,
        again,
        kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"]),
        kms.generate_data_key(KeyId=alias, KeySpec="AES_256"),
        kms.generate_data_key_without_plaintext(KeyId=alias, KeySpec="AES_256"),
        kms.generate_data_key_pair(**pair),
        kms.generate_data_key_pair_without_plaintext(**pair),
        kms.rotate_key_on_demand(KeyId=key),
        kms.get_key_rotation_status(KeyId=key),
        kms.list_key_rotations(KeyId=key)["Rotations"][0],
    ]
    _is([answer["KeyId"] for answer in answers], [arn] * len(answers))
    _is(again["SourceKeyId"], arn)
    signer = world.make("signing")
    signing = {"KeyId": signer, "Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256"}
    signed = kms.sign(**signing)
    verified = kms.verify(Signature=signed["Signature"], **signing)
    public = kms.get_public_key(KeyId=signer)
    _is([answer["KeyId"] for answer in (signed, verified, public)], [world.arn(signer)] * 3)
    coder = world.make("mac")
    coding = {"KeyId": coder, "Message": b"m", "MacAlgorithm": "HMAC_SHA_256"}
    coded = kms.generate_mac(**coding)
    _is([coded["KeyId"], kms.verify_mac(Mac=coded["Mac"], **coding)["KeyId"]], [world.arn(coder)] * 2)
    agreeing = world.make("agreement")
    public = kms.get_public_key(KeyId=agreeing)["PublicKey"]
    derived = kms.derive_shared_secret(KeyId=agreeing, PublicKey=public, KeyAgreementAlgorithm="ECDH")
    _is(derived["KeyId"], world.arn(agreeing))
    sealer = {"KeyId": world.make("encapsulation"), "EncapsulationAlgorithm": "ML_KEM"}
    shared = kms.encapsulate(**sealer)
    opened = kms.decapsulate(SharedSecretCiphertextBlob=shared["SharedSecretCiphertextBlob"], **sealer)
    _is([shared["KeyId"], opened["KeyId"]], [world.arn(sealer["KeyId"])] * 2)
    _is(opened["SharedSecret"], shared["SharedSecret"])


def a_rotation_on_demand_does_not_move_the_next_one(world):
    kms, key = world.kms, world.make("symmetric")
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    before, first = kms.get_key_rotation_status(KeyId=key), world.described(key)["CurrentKeyMaterialId"]
    _is((before["KeyRotationEnabled"], before["RotationPeriodInDays"]), (True, 90))
    kms.rotate_key_on_demand(KeyId=key)
    after = kms.get_key_rotation_status(KeyId=key)
    _is(after["NextRotationDate"], before["NextRotationDate"])
    assert world.described(key)["CurrentKeyMaterialId"] != first
    _is(kms.list_key_rotations(KeyId=key)["Rotations"][0]["RotationType"], "ON_DEMAND")


def rotation_of_an_asymmetric_key_carries_no_message(world):
    for kind in ("signing", "rsa encryption", "mac"):
        key = world.make(kind)
        for call in _rotation(world):
            _is(refused(UNSUPPORTED, call, KeyId=key), "")


def _rotation(world):
    kms = world.kms
    return [
        kms.enable_key_rotation,
        kms.disable_key_rotation,
        kms.rotate_key_on_demand,
        kms.get_key_rotation_status,
    ]


def what_does_not_verify_or_open_carries_no_message(world):
    kms, key = world.kms, world.make("symmetric")
    sealed = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"a": "b"})["CiphertextBlob"]
    altered = bytes([*sealed[:-1], sealed[-1] ^ 1])
    for members in (
        {"CiphertextBlob": sealed},
        {"CiphertextBlob": altered, "EncryptionContext": {"a": "b"}},
        {"CiphertextBlob": b"x"},
    ):
        _is(refused("InvalidCiphertextException", kms.decrypt, **members), "")
    signing = {"KeyId": world.make("signing"), "SigningAlgorithm": "ECDSA_SHA_256"}
    signature = kms.sign(Message=b"m", **signing)["Signature"]
    told = refused("KMSInvalidSignatureException", kms.verify, Message=b"n", Signature=signature, **signing)
    _is(told, "")
    coding = {"KeyId": world.make("mac"), "MacAlgorithm": "HMAC_SHA_256"}
    mac = kms.generate_mac(Message=b"m", **coding)["Mac"]
    _is(refused("KMSInvalidMacException", kms.verify_mac, Message=b"n", Mac=mac, **coding), "")


def a_disabled_rsa_key_is_disabled_before_it_is_unsupported(world):
    key = world.make("rsa encryption")
    world.kms.disable_key(KeyId=key)
    kms = world.kms
    for call in (kms.enable_key_rotation, kms.disable_key_rotation, kms.rotate_key_on_demand):
        _is(refused("DisabledException", call, KeyId=key), f"{world.arn(key)} is disabled.")


def a_mismatch_with_the_key_is_its_usage_and_at_its_creation_a_validation(world):
    kms, wrong = world.kms, "InvalidKeyUsageException"
    key = world.make("mac")
    told = refused(wrong, kms.generate_mac, KeyId=key, Message=b"m", MacAlgorithm="HMAC_SHA_512")
    _is(told, "Algorithm HMAC_SHA_512 is incompatible with key spec HMAC_256.")
    told = refused(wrong, kms.sign, KeyId=key, Message=b"m", SigningAlgorithm="ECDSA_SHA_256")
    _is(told, f"{world.arn(key)} key usage is GENERATE_VERIFY_MAC which is not valid for Sign.")
    refused(wrong, kms.sign, KeyId=world.make("signing"), Message=b"m", SigningAlgorithm="ECDSA_SHA_512")
    rsa = world.make("rsa encryption")
    refused(wrong, kms.encrypt, KeyId=rsa, Plaintext=b"x", EncryptionAlgorithm="SYMMETRIC_DEFAULT")
    told = refused(VALIDATION, kms.create_key, KeySpec="RSA_2048", KeyUsage="KEY_AGREEMENT")
    _is(told, "KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048")
    told = refused(VALIDATION, kms.create_key, KeySpec="HMAC_256")
    _is(told, "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")


def tag_problems_are_tag_exceptions_and_over_long_ones_validations(world):
    kms, key = world.kms, world.make("symmetric")
    many = [{"TagKey": f"k{n}", "TagValue": ""} for n in range(51)]
    twice = [{"TagKey": "k", "TagValue": ""}, {"TagKey": "k", "TagValue": "v"}]
    problems = [
        ("TagException", twice, "Duplicate tag keys"),
        ("TagException", many, "Too many tags"),
        ("TagException", [{"TagKey": "aws:k", "TagValue": ""}], "Tags beginning with aws: are reserved"),
        ("TagException", [{"TagKey": "AWS:k", "TagValue": ""}], "Tags beginning with aws: are reserved"),
        (
            VALIDATION,
            [{"TagKey": "k" * 129, "TagValue": ""}],
            _broken("k" * 129, "tags.1.member.tagKey", "have length less than or equal to 128"),
        ),
        (
            VALIDATION,
            [{"TagKey": "k", "TagValue": ""}, {"TagKey": "l", "TagValue": "v" * 257}],
            # No more than 256 characters of a value are shown.
            _broken("v" * 256, "tags.2.member.tagValue", "have length less than or equal to 256"),
        ),
    ]
    for code, tags, message in problems:
        _is(refused(code, kms.create_key, Tags=tags), message)
        _is(refused(code, kms.tag_resource, KeyId=key, Tags=tags), message)
    kms.tag_resource(KeyId=key, Tags=many[:50])
    told = refused("TagException", kms.tag_resource, KeyId=key, Tags=[{"TagKey": "one more", "TagValue": ""}])
    _is(told, "Too many tags")


def a_dry_run_that_would_succeed_is_an_exception(world):
    kms, message = world.kms, "The request would have succeeded, but the DryRun option is set."
    key = world.make("symmetric")
    dry = {"KeyId": key, "DryRun": True}
    _is(refused("DryRunOperationException", kms.encrypt, Plaintext=b"x", **dry), message)
    _is(refused("DryRunOperationException", kms.generate_data_key, KeySpec="AES_256", **dry), message)
    kms.disable_key(KeyId=key)
    refused("DisabledException", kms.encrypt, Plaintext=b"x", **dry)


def imported_material_expires_unless_told_otherwise(world):
    kms, key = world.kms, world.make("external")
    wrapped = world.wrapped(key, os.urandom(32))
    told = refused(VALIDATION, kms.import_key_material, KeyId=key, **wrapped)
    _is(told, "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES")
    end = _in_days(3)
    kms.import_key_material(KeyId=key, ValidTo=end, **wrapped)
    shown = world.described(key)
    _is((shown["ExpirationModel"], shown["ValidTo"]), ("KEY_MATERIAL_EXPIRES", end))


def validation_messages_are_those_that_clients_know(world):
    unchecked = world.unchecked
    cases = [
        (
            unchecked.generate_random,
            {"NumberOfBytes": 0},
            _broken(0, "numberOfBytes", "have value greater than or equal to 1"),
        ),
        (
            unchecked.generate_random,
            {"NumberOfBytes": 1025},
            _broken(1025, "numberOfBytes", "have value less than or equal to 1024"),
        ),
        (unchecked.generate_random, {}, "NumberOfBytes is required."),
        (
            unchecked.describe_key,
            {},
            "1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null",
        ),
        (
            unchecked.encrypt,
            {"KeyId": UNKNOWN_KEY, "Plaintext": b"x" * 4097},
            "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: "
            "Member must have length less than or equal to 4096",
        ),
        (
            unchecked.create_alias,
            {"AliasName": "no-prefix", "TargetKeyId": UNKNOWN_KEY},
            'Alias must start with the prefix "alias/". Please see '
            "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
        ),
    ]
    for call, members, message in cases:
        _is(refused(VALIDATION, call, **members), message)
    rsa = world.make("rsa encryption")
    sealing = {"KeyId": rsa, "Plaintext": b"x" * 191, "EncryptionAlgorithm": "RSAES_OAEP_SHA_256"}
    told = refused(VALIDATION, world.kms.encrypt, **sealing)
    _is(told, "Algorithm RSAES_OAEP_SHA_256 and key spec RSA_2048 cannot encrypt data larger than 190 bytes.")
    signing = {"KeyId": world.make("signing"), "SigningAlgorithm": "ECDSA_SHA_256"}
    told = refused(VALIDATION, world.kms.sign, Message=b"short", MessageType="DIGEST", **signing)
    _is(told, "Digest is invalid length for algorithm ECDSA_SHA_256.")


def one_imported_material_at_a_time_waits_for_a_rotation(world):
    kms, key = world.kms, world.make("external")
    first = world.import_for_good(key, b"1" * 32)["KeyMaterialId"]
    told = refused("KMSInvalidStateException", kms.rotate_key_on_demand, KeyId=key)
    _is(told, f"No available key material pending rotation for the key: {world.arn(key)}.")
    new = {"ImportType": "NEW_KEY_MATERIAL"}
    second = world.import_for_good(key, b"2" * 32, **new)["KeyMaterialId"]
    _is(world.described(key)["CurrentKeyMaterialId"], first)
    refused("KMSInvalidStateException", world.import_for_good, key=key, material=b"3" * 32, **new)
    kms.rotate_key_on_demand(KeyId=key)
    _is(world.described(key)["CurrentKeyMaterialId"], second)


def a_key_shows_its_end_its_last_use_and_its_imported_materials(world):
    kms, key = world.kms, world.make("symmetric")
    _is(kms.get_key_last_usage(KeyId=key)["KeyLastUsage"], {})
    kms.encrypt(KeyId=key, Plaintext=b"x")
    used = kms.get_key_last_usage(KeyId=key)
    _is((used["KeyId"], used["KeyLastUsage"]["Operation"]), (world.arn(key), "Encrypt"))
    assert used["KeyLastUsage"]["Timestamp"] >= used["TrackingStartDate"] == used["KeyCreationDate"], used
    scheduled = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    _is((scheduled["KeyId"], scheduled["KeyState"]), (world.arn(key), "PendingDeletion"))
    ending = world.described(key)
    _is((ending["KeyState"], ending["DeletionDate"]), ("PendingDeletion", scheduled["DeletionDate"]))
    _is(kms.cancel_key_deletion(KeyId=key)["KeyId"], world.arn(key))
    _is(world.described(key)["KeyState"], "Disabled")
    primary = world.make("primary")
    world.replicate(primary)
    waiting = kms.schedule_key_deletion(KeyId=primary, PendingWindowInDays=8)
    assert waiting["KeyState"] == "PendingReplicaDeletion" and "DeletionDate" not in waiting, waiting
    shown = world.described(primary)
    _is((shown["KeyState"], shown["PendingDeletionWindowInDays"]), ("PendingReplicaDeletion", 8))
    assert "DeletionDate" not in shown, shown
    imported, end = world.make("external"), _in_days(3)
    members = {"ValidTo": end, "KeyMaterialDescription": "from the vault"}
    kms.import_key_material(KeyId=imported, **members, **world.wrapped(imported, os.urandom(32)))
    listed = kms.list_key_rotations(KeyId=imported, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    told = {"KeyMaterialState": "CURRENT", "ImportState": "IMPORTED", "ExpirationModel": "KEY_MATERIAL_EXPIRES"}
    material = {"KeyMaterialDescription": "from the vault", "ValidTo": end, **told}
    _is({member: listed[0].get(member) for member in material}, material)


def a_public_key_tells_what_it_is_for(world):
    usages = [
        ("signing", "SIGN_VERIFY", "SigningAlgorithms"),
        ("rsa encryption", "ENCRYPT_DECRYPT", "EncryptionAlgorithms"),
        ("agreement", "KEY_AGREEMENT", "KeyAgreementAlgorithms"),
        ("encapsulation", "ENCAPSULATE_DECAPSULATE", "EncapsulationAlgorithms"),
    ]
    every = {algorithms for _, _, algorithms in usages}
    for kind, usage, algorithms in usages:
        key = world.make(kind)
        public, shown = world.kms.get_public_key(KeyId=key), world.described(key)
        _is((public["KeyUsage"], every & set(public)), (usage, {algorithms}))
        for member in ("KeySpec", "KeyUsage", algorithms):
            _is(public[member], shown[member])
        _is(public.get("CustomerMasterKeySpec"), shown.get("CustomerMasterKeySpec"))


def _in_days(days):
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    return now + datetime.timedelta(days=days)


ANSWERS = [
    key_ids_of_bad_form_are_invalid_and_unknown_ones_do_not_exist,
    an_arn_of_another_region_is_invalid,
    an_arn_that_cannot_be_read_is_invalid_or_names_nothing,
    a_new_replica_is_creating_and_then_has_the_material_of_its_primary,
    a_replica_cannot_be_replicated,
    an_ordinary_key_says_that_it_is_not_multi_region,
    only_symmetric_keys_that_had_material_show_its_id,
    crypto_and_rotation_answer_the_key_by_its_arn,
    a_rotation_on_demand_does_not_move_the_next_one,
    rotation_of_an_asymmetric_key_carries_no_message,
    what_does_not_verify_or_open_carries_no_message,
    a_disabled_rsa_key_is_disabled_before_it_is_unsupported,
    a_mismatch_with_the_key_is_its_usage_and_at_its_creation_a_validation,
    tag_problems_are_tag_exceptions_and_over_long_ones_validations,
    a_dry_run_that_would_succeed_is_an_exception,
    imported_material_expires_unless_told_otherwise,
    validation_messages_are_those_that_clients_know,
    one_imported_material_at_a_time_waits_for_a_rotation,
    a_key_shows_its_end_its_last_use_and_its_imported_materials,
    a_public_key_tells_what_it_is_for,
]
