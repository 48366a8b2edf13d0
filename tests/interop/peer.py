"""The other side of the interoperability tests: cryptography by implementations that share nothing with Concord KMS.

OpenSSL (through `cryptography`) does all but Ed25519ph, which is libsodium's (through `PyNaCl`), and ML-KEM-512, which
is kyber-py's. One JSON object a line is a request, and one a line its answer, in the same order:

    {"do": "sign", "private": "MIIE...", "algorithm": "ECDSA_SHA_256", "message": "aGk="}
    {"ok": true, "signature": "MEUC..."}

Bytes travel in base64; specs and algorithms have the names of AWS KMS. Private keys are DER of PKCS #8, public keys DER
of SubjectPublicKeyInfo, HMAC and AES keys their bytes. What fails, a check that does not hold among it, answers
{"ok": false, "error": ...}, and the next request is read. Signatures are over the message itself, whatever form of it
the KMS was given: hashing it is part of what is compared.
"""

import base64
import hashlib
import json
import os
import sys

import malformed
import ml_kem
from cryptography.hazmat.primitives import hashes, hmac, keywrap
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_der_public_key,
)
from nacl import bindings as sodium

# Request members that are text; numbers stay numbers, and everything else is bytes.
TEXT = {"do", "spec", "algorithm", "how"}

HASHES = {
    "SHA_1": hashes.SHA1(),
    "SHA_224": hashes.SHA224(),
    "SHA_256": hashes.SHA256(),
    "SHA_384": hashes.SHA384(),
    "SHA_512": hashes.SHA512(),
}
CURVES = {
    "ECC_NIST_P256": ec.SECP256R1(),
    "ECC_NIST_P384": ec.SECP384R1(),
    "ECC_NIST_P521": ec.SECP521R1(),
    "ECC_SECG_P256K1": ec.SECP256K1(),
}
HMAC_BYTES = {"HMAC_224": 28, "HMAC_256": 32, "HMAC_384": 48, "HMAC_512": 64}
MODULUS_BITS = {"RSA_2048": 2048, "RSA_3072": 3072, "RSA_4096": 4096}
MU_BYTES = 64


def hash_of(algorithm):
    """The hash function that an algorithm's name ends with."""
    return next(made for name, made in HASHES.items() if algorithm.endswith(name))


def private_der(key):
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def public_der(key):
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def generate(spec):
    """A key of a KMS key spec; with `public` where it has one."""
    if spec == "SYMMETRIC_DEFAULT":
        return {"private": os.urandom(32)}
    if spec in HMAC_BYTES:
        return {"private": os.urandom(HMAC_BYTES[spec])}
    if spec in MODULUS_BITS:
        key = rsa.generate_private_key(65537, MODULUS_BITS[spec])
    elif spec in CURVES:
        key = ec.generate_private_key(CURVES[spec])
    elif spec == "ECC_NIST_EDWARDS25519":
        key = ed25519.Ed25519PrivateKey.generate()
    else:
        raise ValueError(f"no key of {spec} is made here")
    return {"private": private_der(key), "public": public_der(key.public_key())}


def public(private):
    """The public half of a private key."""
    if ml_kem.is_512(private):
        return {"public": ml_kem.public_512(private)}
    return {"public": public_der(load_der_private_key(private, None).public_key())}


def rsa_padding(algorithm, salt_bytes):
    hashed = hash_of(algorithm)
    if algorithm.startswith("RSASSA_PKCS1_V1_5_"):
        return padding.PKCS1v15()
    # As long as the digest, neither read from the signature nor as long as there is room for.
    return padding.PSS(padding.MGF1(hashed), hashed.digest_size if salt_bytes is None else salt_bytes)


def sign(private, algorithm, message, salt_bytes=None):
    key = load_der_private_key(private, None)
    if algorithm.startswith("RSASSA_"):
        signature = key.sign(message, rsa_padding(algorithm, salt_bytes), hash_of(algorithm))
    elif algorithm.startswith("ECDSA_"):
        signature = key.sign(message, ec.ECDSA(hash_of(algorithm)))
    elif algorithm == "ED25519_SHA_512":
        signature = key.sign(message)
    elif algorithm == "ED25519_PH_SHA_512":
        secret = key.private_bytes_raw() + key.public_key().public_bytes_raw()
        signature = sodium.crypto_sign_ed25519ph_final_create(prehashed(message), secret)
    else:
        raise ValueError(f"{algorithm} does not sign here")
    return {"signature": signature}


def verify(public, algorithm, message, signature):
    key = load_der_public_key(public)
    if algorithm.startswith("RSASSA_"):
        key.verify(signature, message, rsa_padding(algorithm, None), hash_of(algorithm))
    elif algorithm.startswith("ECDSA_"):
        key.verify(signature, message, ec.ECDSA(hash_of(algorithm)))
    elif algorithm in ("ED25519_SHA_512", "ML_DSA_SHAKE_256"):
        key.verify(signature, message)
    elif algorithm == "ED25519_PH_SHA_512":
        raw = key.public_bytes_raw()
        sodium.crypto_sign_ed25519ph_final_verify(prehashed(message), signature, raw)
    else:
        raise ValueError(f"{algorithm} does not verify here")
    return {}


def prehashed(message):
    """The digest is the message of Ed25519ph, as AWS KMS documents: it is hashed twice."""
    state = sodium.crypto_sign_ed25519ph_state()
    sodium.crypto_sign_ed25519ph_update(state, hashlib.sha512(message).digest())
    return state


def mu(public, message):
    """The message representative of FIPS 204, algorithm 7, with an empty context."""
    key = load_der_public_key(public)
    key_hash = hashlib.shake_256(key.public_bytes_raw()).digest(MU_BYTES)
    computed = hashlib.shake_256(key_hash + b"\x00\x00" + message).digest(MU_BYTES)
    hasher = mldsa.MLDSAMuHasher(key)
    hasher.update(message)
    if hasher.finalize() != computed:
        raise ValueError("two ways to mu differ")
    return {"mu": computed}


def mac(private, algorithm, message):
    made = hmac.HMAC(private, hash_of(algorithm))
    made.update(message)
    return {"mac": made.finalize()}


def verify_mac(private, algorithm, message, mac):
    made = hmac.HMAC(private, hash_of(algorithm))
    made.update(message)
    made.verify(mac)
    return {}


def oaep(algorithm):
    hashed = hash_of(algorithm)
    return padding.OAEP(padding.MGF1(hashed), hashed, None)


def encrypt(public, algorithm, plaintext):
    return {"ciphertext": load_der_public_key(public).encrypt(plaintext, oaep(algorithm))}


def decrypt(private, algorithm, ciphertext):
    return {"plaintext": load_der_private_key(private, None).decrypt(ciphertext, oaep(algorithm))}


def agree(private, public):
    """The raw shared secret of ECDH."""
    key = load_der_private_key(private, None)
    return {"secret": key.exchange(ec.ECDH(), load_der_public_key(public))}


def encapsulate(public):
    if ml_kem.is_512(public):
        secret, ciphertext = ml_kem.encapsulate_512(public)
    else:
        secret, ciphertext = load_der_public_key(public).encapsulate()
    return {"secret": secret, "ciphertext": ciphertext}


def decapsulate(private, ciphertext):
    if ml_kem.is_512(private):
        return {"secret": ml_kem.decapsulate_512(private, ciphertext)}
    return {"secret": load_der_private_key(private, None).decapsulate(ciphertext)}


def wrap(public, algorithm, material):
    """Key material as ImportKeyMaterial takes it."""
    if algorithm.startswith("RSAES_OAEP_"):
        return {"wrapped": encrypt(public, algorithm, material)["ciphertext"]}
    if not algorithm.startswith("RSA_AES_KEY_WRAP_"):
        raise ValueError(f"{algorithm} does not wrap here")
    aes_key = os.urandom(32)
    wrapped_key = encrypt(public, algorithm, aes_key)["ciphertext"]
    return {"wrapped": wrapped_key + keywrap.aes_key_wrap_with_padding(aes_key, material)}


def malform(private, how):
    """Another private key or HMAC key made into what no KMS may take."""
    return {"private": malformed.KINDS[how](private)}


OPERATIONS = {
    "generate": generate,
    "public": public,
    "sign": sign,
    "verify": verify,
    "mu": mu,
    "mac": mac,
    "verify_mac": verify_mac,
    "encrypt": encrypt,
    "decrypt": decrypt,
    "agree": agree,
    "encapsulate": encapsulate,
    "decapsulate": decapsulate,
    "wrap": wrap,
    "malform": malform,
}


def parsed(name, value):
    return value if name in TEXT or isinstance(value, int) else base64.b64decode(value, validate=True)


def answer(line):
    try:
        request = {name: parsed(name, value) for name, value in json.loads(line).items()}
        done = OPERATIONS[request.pop("do")](**request)
        return {"ok": True} | {name: base64.b64encode(value).decode() for name, value in done.items()}
    except Exception as error:  # Whatever it is, the test that asked decides what it means.
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(answer(line)), flush=True)
