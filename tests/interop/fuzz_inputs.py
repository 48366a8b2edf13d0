"""Inputs for every operation of the KMS service model: valid ones, ones at its bounds, and broken ones.

The model is botocore's. What operations need of each other (keys, ciphertexts, tokens) comes from a pool that earlier
answers have filled. A value is JSON as Python has it, or as fuzz_json.py writes it.
"""

import base64
import hashlib
import time

import botocore.session
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from fuzz_json import STRANGE_TEXTS, STRANGE_VALUES, Pairs, blob, written

MODEL = botocore.session.get_session().get_service_model("kms")
OPERATIONS = list(MODEL.operation_names)

# What ends a key's use: asked of every fourth key only, so that the others stay good for everything else.
ENDS_USE = {
    "DisableKey",
    "ScheduleKeyDeletion",
    "DeleteImportedKeyMaterial",
    "UpdatePrimaryRegion",
    "EnableKey",
    "CancelKeyDeletion",
    "RotateKeyOnDemand",
    "ImportKeyMaterial",
}

USAGES = {
    "SYMMETRIC_DEFAULT": ["ENCRYPT_DECRYPT"],
    "RSA": ["ENCRYPT_DECRYPT", "SIGN_VERIFY"],
    "ECC_NIST_P": ["SIGN_VERIFY", "KEY_AGREEMENT"],
    "ECC_SECG": ["SIGN_VERIFY"],
    "ECC_NIST_E": ["SIGN_VERIFY"],
    "HMAC": ["GENERATE_VERIFY_MAC"],
    "ML_DSA": ["SIGN_VERIFY"],
    "ML_KEM": ["ENCAPSULATE_DECAPSULATE"],
}
DIGEST_BYTES = {"256": 32, "384": 48, "512": 64}


class Inputs:
    """Makes the inputs of one request from a source of randomness of its own."""

    def __init__(self, rng, pool, region, other_region):
        self.rng, self.pool, self.region, self.other_region = rng, pool, region, other_region

    # The operations' own needs, so that calls succeed.

    def valid(self, operation):
        recipe = getattr(self, f"_{operation}", None)
        parameters = recipe() if recipe else None
        if parameters is None:
            parameters = self.of_shape(MODEL.operation_model(operation).input_shape, operation)
        if operation in {"Encrypt", "Decrypt", "Sign", "GenerateMac", "CreateGrant"} and self.rng.random() < 0.05:
            parameters["DryRun"] = True
        return parameters

    def key(self, usage=None, spec=None, operation="", named=True):
        """A key of the pool, by one of its names."""
        kinds = [kind for kind in self.pool.kinds if isinstance(kind, tuple) and kind[0] == "key"]
        kinds = [k for k in kinds if usage in (None, k[1]) and (spec is None or k[2].startswith(spec))]
        wild = operation in ENDS_USE and self.rng.random() < 0.95
        kinds = [kind for kind in kinds if kind[3] == wild] or kinds
        found = self.pool.any(self.rng, self.rng.choice(sorted(kinds))) if kinds else None
        if found is None:
            return None
        if not named:
            return found
        return {**found, "Name": self.rng.choice([found["KeyId"], found["KeyId"], found["Arn"]])}

    def context(self):
        rng = self.rng
        if rng.random() < 0.5:
            return {}
        return {
            rng.choice(["a", "b", "ü", "k" * 100]) + str(n): rng.choice(["", "v", "ü" * 50])
            for n in range(rng.randrange(1, 4))
        }

    def _CreateKey(self):
        rng = self.rng
        spec = rng.choice(["SYMMETRIC_DEFAULT"] * 4 + MODEL.shape_for("KeySpec").enum)
        usage = rng.choice(next((u for prefix, u in USAGES.items() if spec.startswith(prefix)), ["ENCRYPT_DECRYPT"]))
        parameters = {"KeySpec": spec, "KeyUsage": usage, "MultiRegion": rng.random() < 0.3}
        if rng.random() < 0.25:
            parameters["Origin"] = "EXTERNAL"
        if rng.random() < 0.3:
            parameters["Tags"] = self.tags()
        if rng.random() < 0.3:
            parameters["Description"] = self.text(0, rng.choice([10, 8192]))
        return parameters

    def _Encrypt(self):
        if (key := self.key("ENCRYPT_DECRYPT")) is None:
            return None
        parameters = {
            "KeyId": self.pool.any(self.rng, "alias", key["Name"]) if self.rng.random() < 0.1 else key["Name"]
        }
        parameters["Plaintext"] = blob(self.rng.randbytes(self.rng.choice([1, 16, 100, 190, 4096])))
        if key["KeySpec"].startswith("RSA"):
            parameters["EncryptionAlgorithm"] = self.rng.choice(key["EncryptionAlgorithms"])
        else:
            parameters["EncryptionContext"] = self.context()
        return parameters

    def _Decrypt(self):
        return self.sealed({})

    def sealed(self, names):
        """What a ciphertext of the pool needs to be opened, or a damaged one."""
        if (sealed := self.pool.any(self.rng, "ciphertext")) is None:
            return None
        sealed = dict(sealed)
        if self.rng.random() < 0.2:
            sealed["CiphertextBlob"] = blob(self.damaged(base64.b64decode(sealed["CiphertextBlob"])))
        return {names.get(name, name): value for name, value in sealed.items()}

    def _ReEncrypt(self):
        names = {
            "KeyId": "SourceKeyId",
            "EncryptionContext": "SourceEncryptionContext",
            "EncryptionAlgorithm": "SourceEncryptionAlgorithm",
        }
        key, sealed = self.key("ENCRYPT_DECRYPT", "SYMMETRIC"), self.sealed(names)
        if key is None or sealed is None:
            return None
        return {**sealed, "DestinationKeyId": key["Name"], "DestinationEncryptionContext": self.context()}

    def _GenerateDataKey(self):
        if (key := self.key("ENCRYPT_DECRYPT", "SYMMETRIC")) is None:
            return None
        parameters = {"KeyId": key["Name"], "EncryptionContext": self.context()}
        if self.rng.random() < 0.5:
            parameters["KeySpec"] = self.rng.choice(["AES_256", "AES_128"])
        else:
            parameters["NumberOfBytes"] = self.rng.choice([1, 32, 64, 1024])
        return parameters

    _GenerateDataKeyWithoutPlaintext = _GenerateDataKey

    def _GenerateDataKeyPair(self):
        if (key := self.key("ENCRYPT_DECRYPT", "SYMMETRIC")) is None:
            return None
        spec = self.rng.choice(MODEL.shape_for("DataKeyPairSpec").enum)
        return {"KeyId": key["Name"], "KeyPairSpec": spec, "EncryptionContext": self.context()}

    _GenerateDataKeyPairWithoutPlaintext = _GenerateDataKeyPair

    def _Sign(self):
        if (key := self.key("SIGN_VERIFY")) is None:
            return None
        algorithm = self.rng.choice(key["SigningAlgorithms"])
        parameters = {"KeyId": key["Name"], "SigningAlgorithm": algorithm}
        message = self.rng.randbytes(self.rng.choice([1, 32, 4096]))
        if self.rng.random() < 0.4 and algorithm[-3:] in DIGEST_BYTES:
            kind = "EXTERNAL_MU" if algorithm.startswith("ML_DSA") else "DIGEST"
            parameters["MessageType"] = kind
            message = self.rng.randbytes(64 if kind == "EXTERNAL_MU" else DIGEST_BYTES[algorithm[-3:]])
        return {**parameters, "Message": blob(message)}

    def _Verify(self):
        signed = self.pool.any(self.rng, "signature")
        return signed and self.perhaps_damaged(signed, "Signature")

    def _GenerateMac(self):
        if (key := self.key("GENERATE_VERIFY_MAC")) is None:
            return None
        message = blob(self.rng.randbytes(self.rng.choice([1, 32, 4096])))
        return {"KeyId": key["Name"], "MacAlgorithm": self.rng.choice(key["MacAlgorithms"]), "Message": message}

    def _VerifyMac(self):
        coded = self.pool.any(self.rng, "mac")
        return coded and self.perhaps_damaged(coded, "Mac")

    def _DeriveSharedSecret(self):
        if (key := self.key("KEY_AGREEMENT")) is None:
            return None
        public = self.pool.any(self.rng, ("public", key["KeySpec"]))
        parameters = {"KeyId": key["Name"], "KeyAgreementAlgorithm": "ECDH", "PublicKey": public}
        return public and self.perhaps_damaged(parameters, "PublicKey")

    def _Encapsulate(self):
        key = self.key("ENCAPSULATE_DECAPSULATE")
        return key and {"KeyId": key["Name"], "EncapsulationAlgorithm": "ML_KEM"}

    def _Decapsulate(self):
        sealed = self.pool.any(self.rng, "encapsulation")
        return sealed and self.perhaps_damaged(sealed, "SharedSecretCiphertextBlob")

    def _GetPublicKey(self):
        rng = self.rng
        key = self.key(rng.choice(["SIGN_VERIFY", "KEY_AGREEMENT", "ENCAPSULATE_DECAPSULATE", None]))
        return key and {"KeyId": key["Name"]}

    def _GetParametersForImport(self):
        if (key := self.pool.any(self.rng, "external")) is None:
            return None
        algorithm = (
            "RSAES_OAEP_SHA_256" if self.rng.random() < 0.7 else self.rng.choice(MODEL.shape_for("AlgorithmSpec").enum)
        )
        return {"KeyId": key["KeyId"], "WrappingAlgorithm": algorithm, "WrappingKeySpec": "RSA_2048"}

    def _ImportKeyMaterial(self):
        given = self.pool.take(self.rng, "parameters")
        if given is None and self.rng.random() < 0.2:
            given = self.pool.any(self.rng, "used parameters")
        if given is None:
            return None
        self.pool.add(self.rng, "used parameters", given)
        material = (
            hashlib.sha256(given["KeyId"].encode()).digest() if self.rng.random() < 0.7 else self.rng.randbytes(40)
        )
        public = serialization.load_der_public_key(base64.b64decode(given["PublicKey"]))
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        parameters = {
            "KeyId": given["KeyId"],
            "ImportToken": given["ImportToken"],
            "EncryptedKeyMaterial": blob(public.encrypt(material, oaep)),
        }
        if self.rng.random() < 0.5:
            parameters["ExpirationModel"] = "KEY_MATERIAL_DOES_NOT_EXPIRE"
        else:
            parameters["ValidTo"] = time.time() + self.rng.choice([1, 3_600, 86_400 * 364])
        return self.perhaps_damaged(parameters, self.rng.choice(["ImportToken", "EncryptedKeyMaterial"]))

    def _CreateAlias(self):
        key = self.key()
        return key and {"AliasName": f"alias/fuzz-{self.rng.getrandbits(60):x}", "TargetKeyId": key["Name"]}

    def _ReplicateKey(self):
        key = self.pool.any(self.rng, "multi-region")
        return key and {"KeyId": key["KeyId"], "ReplicaRegion": self.other_region}

    def _UpdatePrimaryRegion(self):
        key = self.pool.any(self.rng, "replicated")
        where = self.rng.choice([self.other_region, self.other_region, self.region, "ap-south-1"])
        return key and {"KeyId": key["KeyId"], "PrimaryRegion": where}

    def _RotateKeyOnDemand(self):
        key = self.key("ENCRYPT_DECRYPT", "SYMMETRIC", "RotateKeyOnDemand")
        return key and {"KeyId": key["KeyId"]}

    def _EnableKeyRotation(self):
        key = self.key("ENCRYPT_DECRYPT", "SYMMETRIC")
        return key and {"KeyId": key["KeyId"], "RotationPeriodInDays": self.rng.choice([90, 365, 2_560])}

    def _DisableKeyRotation(self):
        key = self.key("ENCRYPT_DECRYPT", "SYMMETRIC")
        return key and {"KeyId": key["KeyId"]}

    _GetKeyRotationStatus = _DisableKeyRotation

    def _ListKeyRotations(self):
        key = self.key("ENCRYPT_DECRYPT", "SYMMETRIC")
        return key and {"KeyId": key["KeyId"], "Limit": 1, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"}

    # Values from their shapes.

    def of_shape(self, shape, operation, name="", edge=False):
        """A value of a shape: within its bounds, or near them with `edge`."""
        rng, kind = self.rng, shape.type_name
        if kind == "structure":
            required = shape.required_members
            chosen = [
                m
                for m in shape.members
                if m in required or rng.random() < (0.15 if m in {"Recipient", "DryRun"} else 0.3)
            ]
            return {m: self.of_shape(shape.members[m], operation, m, edge) for m in chosen}
        low, high = shape.metadata.get("min", 0), shape.metadata.get("max")
        if kind == "list":
            length = self.length(low, high or 3, edge, most=3)
            return [
                self.of_shape(shape.member, operation, name, edge and length < 60) for _ in range(min(length, 1_100))
            ]
        if kind == "map":
            length = self.length(0, 3, edge, most=3)
            entries = [(self.text(1, 8) + str(n), self.of_shape(shape.value, operation, name)) for n in range(length)]
            return dict(entries)
        if kind == "boolean":
            return rng.random() < 0.5
        if kind == "timestamp":
            return rng.choice(
                [0, 1, time.time(), time.time() + 86_400, 253_402_300_799, -1, 0.0005, time.time() + 1e-4]
            )
        if kind in {"integer", "long"}:
            return (
                rng.choice([low - 1, low, (high or 100), (high or 100) + 1, 0, -1])
                if edge
                else rng.randint(low, high or 100)
            )
        if kind == "blob":
            return blob(rng.randbytes(self.length(low, high or 100, edge)))
        return self.string(shape, operation, name, low, high, edge)

    def string(self, shape, operation, name, low, high, edge):
        rng = self.rng
        if shape.enum:
            return (
                rng.choice(shape.enum)
                if not edge
                else rng.choice([*shape.enum, "", shape.enum[0].lower(), shape.enum[0] + " "])
            )
        if edge and rng.random() < 0.7:
            return self.text(*[self.length(low, high or 100, True)] * 2)
        if name in {"KeyId", "TargetKeyId", "SourceKeyId", "DestinationKeyId"}:
            key = self.key(operation=operation)
            other = (
                self.pool.any(rng, "alias", "alias/none")
                if rng.random() < 0.2
                else "1234abcd-12ab-34cd-56ef-1234567890ab"
            )
            return key["Name"] if key and rng.random() < 0.8 else other
        if name == "AliasName":
            return self.pool.any(rng, "alias", "alias/none")
        if name == "Marker":
            marker = self.pool.any(rng, ("marker", operation)) or self.pool.any(rng, "marker")
            return marker if marker and rng.random() < 0.8 else self.text(1, 40)
        if name in {"ReplicaRegion", "PrimaryRegion"}:
            return rng.choice([self.region, "ap-south-1"])
        if name == "KeyMaterialId":
            return self.pool.any(rng, "material", "0" * 64)
        if name == "Policy":
            return rng.choice(
                ['{"Version":"2012-10-17","Statement":[]}', "{}", "{", '{"Statement":' + "[" * 200 + "]" * 200 + "}"]
            )
        if name in {"GranteePrincipal", "RetiringPrincipal"}:
            return "arn:aws:iam::111122223333:user/administrator"
        if name in {"TagKey", "TagKeys"}:
            return rng.choice(["a", "b", "c d", "team", "ü", "aws:x"])
        return self.text(low, min(high or 40, max(low, 40)))

    def length(self, low, high, edge, most=40):
        if edge:
            return max(0, self.rng.choice([0, low - 1, low, low + 1, high - 1, high, high + 1]))
        return self.rng.randint(low, max(low, min(high, most)))

    def text(self, low, high):
        alphabet = self.rng.choice(["abcdefXYZ0189", "ab/_-:.", "äöü\u4e2d\U0001f511", "a b\t\n"])
        return "".join(self.rng.choices(alphabet, k=self.rng.randint(low, max(low, high))))

    def tags(self):
        return [{"TagKey": f"tag-{n}", "TagValue": self.text(0, 20)} for n in range(self.rng.choice([1, 2, 50, 51]))]

    # Breaking.

    def perhaps_damaged(self, parameters, name):
        if self.rng.random() < 0.25:
            return {**parameters, name: blob(self.damaged(base64.b64decode(parameters[name])))}
        return dict(parameters)

    def damaged(self, data):
        """Bytes with something wrong in them."""
        rng, data = self.rng, bytearray(data)
        if not data:
            return rng.randbytes(3)
        place = rng.randrange(len(data))
        how = rng.randrange(6)
        if how == 0:
            data[place] ^= 1 << rng.randrange(8)
        elif how == 1:
            del data[place:]
        elif how == 2:
            data[place:place] = rng.randbytes(rng.choice([1, 4, 200]))
        elif how == 3:
            del data[place : place + rng.choice([1, 4, 16])]
        elif how == 4:
            data += rng.choice([b"\0", b"}", b"\xff", bytes(data)])
        else:
            data[place : place + 4] = rng.choice([b"\0" * 4, b"\xff" * 4, b"\xed\xa0\x80", b"\xc0\xaf", b'"', b"\\u"])
        return bytes(data)

    def mutated(self, parameters):
        """JSON with one to three places that are not what the model says, written."""
        value = parameters
        for _ in range(self.rng.choice([1, 1, 2, 3])):
            value = self.changed(value)
        return written(value)

    def changed(self, value, depth=0):
        rng = self.rng
        if isinstance(value, dict) and value and (depth == 0 or rng.random() < 0.6):
            name = rng.choice(list(value))
            how = rng.randrange(8)
            if how == 0:
                return {n: v for n, v in value.items() if n != name}
            if how == 1:
                return Pairs([*value.items(), (name, value[name])])
            if how == 2:
                return {
                    **value,
                    rng.choice(["Unknown", "keyId", "", "__type", "-", "KeyID", "x" * 300]): rng.choice(STRANGE_VALUES),
                }
            if how == 3:
                return {n if n != name else rng.choice([n.lower(), n + "\0", n + " "]): v for n, v in value.items()}
            return {**value, name: self.changed(value[name], depth + 1)}
        if isinstance(value, list) and value and rng.random() < 0.6:
            place = rng.randrange(len(value))
            if rng.random() < 0.3:
                return value * rng.choice([2, 60])
            return [self.changed(v, depth + 1) if n == place else v for n, v in enumerate(value)]
        if depth == 0:
            return rng.choice(STRANGE_VALUES)
        if isinstance(value, str) and rng.random() < 0.5:
            return rng.choice(
                [value + "=", value + "\n", value.replace("A", "-"), value[:-1], value * 2, f" {value}", value.upper()]
            )
        return rng.choice([*STRANGE_VALUES, *STRANGE_TEXTS])

    def broken(self, body):
        """A body with something wrong in its bytes."""
        rng = self.rng
        how = rng.randrange(12)
        if how == 0:
            return b""
        if how == 1:
            return body[: rng.randrange(len(body) + 1)]
        if how == 2:
            return b"\xef\xbb\xbf" + body
        if how == 3:
            return body.decode("utf-8", "replace").encode(rng.choice(["utf-16", "utf-16-le", "utf-32"]))
        if how == 4:
            return rng.choice([b" ", b"\n\t\r ", b" " * 100_000]) + body + b" " * rng.choice([0, 1, 1_000])
        if how == 5:
            return body + rng.choice([b"{}", b",", b"\0", b"\xff", b"//", b"null"])
        if how == 6:
            return body + b" " * (rng.choice([(256 << 10) - 1, 256 << 10, (256 << 10) + 1, 300 << 10]) - len(body))
        if how == 7:
            return rng.choice(
                [b"null", b"[]", b"1", b'"x"', b"true", b"{", b"}", b"[" * 100_000, b'{"a":' * 40_000, b"<x/>", b"a=b"]
            )
        if how == 8:
            return b'{"Tags":[' + b",".join([b"{}"] * 20_000) + b"]}"
        if how == 9:
            return b"{" + b",".join(b'"%d":[{"":0}]' % n for n in range(9_000)) + b"}"
        return self.damaged(body)
