"""What earlier answers gave and later requests need, and how much a run may make."""

import threading
import time
from collections import Counter, defaultdict

# What is kept of each kind; more takes the place of one at random.
KEPT_MAX = 200

# What may be made in a whole run, spread over its time: what a node keeps for ever, or for long.
MADE_MAX = {
    "CreateKey": 150,
    "ReplicateKey": 15,
    "CreateAlias": 150,
    "GetParametersForImport": 120,
    "ImportKeyMaterial": 100,
    "RotateKeyOnDemand": 200,
    "UpdatePrimaryRegion": 10,
}
# How many of these may come at once, at the beginning.
MADE_AT_ONCE = 40

# RSA keys take up to seconds of a processor and give way to all other work: so many seconds lie between two that are asked
# for, and nothing else is asked meanwhile. One of RSA_4096 may take longer than a call, on an idle machine too: none is made.
RSA_EVERY_S = {b"RSA_2048": 3.0, b"RSA_3072": 30.0, b"RSA_4096": float("inf")}
MAKES_RSA = {"CreateKey", "GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext", "GetParametersForImport"}


class Pool:
    """What earlier answers gave, by kind. Shared by all threads."""

    def __init__(self, seconds):
        self.lock = threading.Lock()
        self.began, self.seconds = time.monotonic(), seconds
        self.kinds = defaultdict(list)
        self.made, self.made_rsa_at = Counter(), {}

    def add(self, rng, kind, value):
        with self.lock:
            kept = self.kinds[kind]
            if len(kept) < KEPT_MAX:
                kept.append(value)
            else:
                kept[rng.randrange(KEPT_MAX)] = value

    def any(self, rng, kind, default=None):
        with self.lock:
            kept = self.kinds[kind]
            return rng.choice(kept) if kept else default

    def take(self, rng, kind):
        """One that is good for one use."""
        with self.lock:
            kept = self.kinds[kind]
            return kept.pop(rng.randrange(len(kept))) if kept else None

    def note_made(self, operation):
        with self.lock:
            self.made[operation] += 1

    def may_make(self, operation):
        """Whether one more of what this operation makes is within its bound by now."""
        bound = MADE_MAX.get(operation)
        if bound is None:
            return True
        share = min(1.0, (time.monotonic() - self.began) / self.seconds)
        at_once = min(MADE_AT_ONCE, bound)
        with self.lock:
            return self.made[operation] < at_once + (bound - at_once) * share

    def may_make_rsa(self, operation, body):
        """Whether it is time for one more RSA key of the kinds that a body asks for, which is then noted."""
        now, kinds = time.monotonic(), asked_rsa(operation, body)
        with self.lock:
            if any(now - self.made_rsa_at.get(kind, self.began - 60) < rsa_every_s(*kind) for kind in kinds):
                return False
            self.made_rsa_at.update((kind, now) for kind in kinds)
            return True


def rsa_every_s(wraps, spec):
    # The node keeps some wrapping keys ready.
    return RSA_EVERY_S[spec] / 3 if wraps else RSA_EVERY_S[spec]


def asked_rsa(operation, body):
    """The kinds of RSA keys that a request may make. Wrapping keys are counted apart, so that there are some."""
    if operation not in MAKES_RSA:
        return []
    return [(operation == "GetParametersForImport", spec) for spec in RSA_EVERY_S if spec in body]


def learn(pool, rng, operation, asked, told):
    """Puts what an answer gives into the pool."""
    about = {name: asked[name] for name in ("EncryptionContext", "EncryptionAlgorithm") if name in asked}
    if operation == "CreateKey":
        learn_key(pool, rng, told["KeyMetadata"])
    elif operation == "ReplicateKey":
        pool.add(rng, "replicated", told["ReplicaKeyMetadata"])
    elif operation == "Encrypt":
        pool.add(rng, "ciphertext", {**about, "CiphertextBlob": told["CiphertextBlob"], "KeyId": told["KeyId"]})
    elif operation.startswith("GenerateDataKey"):
        sealed = told.get("CiphertextBlob") or told["PrivateKeyCiphertextBlob"]
        pool.add(rng, "ciphertext", {**about, "CiphertextBlob": sealed})
        if "PublicKey" in told:
            pool.add(rng, ("public", told["KeyPairSpec"]), told["PublicKey"])
    elif operation == "GetPublicKey":
        pool.add(rng, ("public", told["KeySpec"]), told["PublicKey"])
    elif operation == "Sign":
        pool.add(rng, "signature", {**asked, "Signature": told["Signature"]})
    elif operation == "GenerateMac":
        pool.add(rng, "mac", {**asked, "Mac": told["Mac"]})
    elif operation == "Encapsulate":
        pool.add(rng, "encapsulation", {**asked, "SharedSecretCiphertextBlob": told["SharedSecretCiphertextBlob"]})
    elif operation == "GetParametersForImport" and asked["WrappingAlgorithm"] == "RSAES_OAEP_SHA_256":
        pool.add(rng, "parameters", told)
    elif operation == "CreateAlias":
        pool.add(rng, "alias", asked["AliasName"])
    if "KeyMaterialId" in told:
        pool.add(rng, "material", told["KeyMaterialId"])
    if "NextMarker" in told:
        pool.add(rng, "marker", told["NextMarker"])
        pool.add(rng, ("marker", operation), told["NextMarker"])


def learn_key(pool, rng, key):
    # Every fourth key may be disabled, deleted and so on; so may those without material.
    imported = key["Origin"] == "EXTERNAL"
    wild = imported or rng.random() < 0.25
    pool.add(rng, ("key", key["KeyUsage"], key["KeySpec"], wild), key)
    if imported and key["KeySpec"] == "SYMMETRIC_DEFAULT":
        pool.add(rng, "external", key)
    if key["MultiRegion"] and not wild:
        pool.add(rng, "multi-region", key)
