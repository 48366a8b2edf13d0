"""ML-KEM-512 (FIPS 203), which `cryptography` has not: kyber-py, with the encodings of the IETF's certificate drafts.

Private keys are read in the seed form alone, the one that RFC 9935 has implementations prefer.
"""

from kyber_py.ml_kem import ML_KEM_512

OID = bytes.fromhex("0609608648016503040401")
# SEQUENCE { SEQUENCE { OID }, BIT STRING without unused bits }, and the 800 bytes of the encapsulation key.
PUBLIC = bytes.fromhex("30820332300b") + OID + bytes.fromhex("0382032100")
PUBLIC_BYTES = 800
# SEQUENCE { INTEGER 0, SEQUENCE { OID }, OCTET STRING { [0] seed } }, and the 64 bytes d || z.
PRIVATE = bytes.fromhex("3054020100300b") + OID + bytes.fromhex("04428040")
SEED_BYTES = 64


def is_512(der):
    return OID in der[:32]


def body(der, head, length):
    if not der.startswith(head) or len(der) != len(head) + length:
        raise ValueError("not an ML-KEM-512 key in the expected encoding")
    return der[len(head):]


def keys(private):
    return ML_KEM_512.key_derive(body(private, PRIVATE, SEED_BYTES))


def public_512(private):
    return PUBLIC + keys(private)[0]


def encapsulate_512(public):
    return ML_KEM_512.encaps(body(public, PUBLIC, PUBLIC_BYTES))


def decapsulate_512(private, ciphertext):
    return ML_KEM_512.decaps(keys(private)[1], ciphertext)
