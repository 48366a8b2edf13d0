"""Private keys that must not be imported, each made of a good one that nothing is wrong with but this."""

from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# DER of the public exponent, with the octets of 65,537 and of another odd number.
EXPONENT_65537 = bytes.fromhex("0203010001")
EXPONENT_65539 = bytes.fromhex("0203010003")


def pkcs8(key):
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def replaced(private, old, new):
    """The encoding with some octets changed in place: OpenSSL would not write numbers that do not fit together."""
    if private.count(old) != 1 or len(old) != len(new):
        raise ValueError("the key is not encoded as expected")
    return private.replace(old, new)


def wrong_number(number_of):
    """One bit of a number of an RSA key is wrong, and not the last, so that it stays odd."""

    def made(private):
        number = number_of(load_der_private_key(private, None).private_numbers())
        length = (number.bit_length() + 7) // 8
        return replaced(private, number.to_bytes(length, "big"), (number ^ 2).to_bytes(length, "big"))

    return made


def exponent_3(private):
    bits = load_der_private_key(private, None).key_size
    return pkcs8(rsa.generate_private_key(3, bits))


def bits_1024(_):
    return pkcs8(rsa.generate_private_key(65537, 1024))


def scalar(private):
    key = load_der_private_key(private, None)
    return key.private_numbers().private_value.to_bytes((key.key_size + 7) // 8, "big")


def point(private):
    public = load_der_private_key(private, None).public_key()
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def off_the_curve(private):
    """The public half that stands beside the private one lies on no point of the curve."""
    old = point(private)
    return replaced(private, old, old[:-1] + bytes([old[-1] ^ 1]))


def another_point(private):
    """The public half that stands beside the private one is a point of the curve, but another's."""
    curve = load_der_private_key(private, None).curve
    return replaced(private, point(private), point(pkcs8(ec.generate_private_key(curve))))


def zero_scalar(private):
    old = scalar(private)
    return replaced(private, old, bytes(len(old)))


def scalar_of_the_order(private):
    return replaced(private, scalar(private), P256_ORDER.to_bytes(32, "big"))


def x25519_key(_):
    return pkcs8(x25519.X25519PrivateKey.generate())


def pkcs1(private):
    key = load_der_private_key(private, None)
    return key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def public_only(private):
    public = load_der_private_key(private, None).public_key()
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


KINDS = {
    "RSA exponent 3": exponent_3,
    "RSA 1024 bits": bits_1024,
    "RSA another exponent": lambda private: replaced(private, EXPONENT_65537, EXPONENT_65539),
    "RSA wrong modulus": wrong_number(lambda k: k.public_numbers.n),
    "RSA wrong private exponent": wrong_number(lambda k: k.d),
    "RSA wrong prime": wrong_number(lambda k: k.p),
    "RSA wrong d mod p - 1": wrong_number(lambda k: k.dmp1),
    "RSA wrong coefficient": wrong_number(lambda k: k.iqmp),
    "ECC off the curve": off_the_curve,
    "ECC another point": another_point,
    "ECC zero scalar": zero_scalar,
    "ECC scalar of the order": scalar_of_the_order,
    "X25519": x25519_key,
    "PKCS 1": pkcs1,
    "public key": public_only,
    "cut short": lambda private: private[:-1],
    "followed by a byte": lambda private: private + b"\x00",
    "not DER": lambda _: b"attack at dawn, thirty-two bytes",
}
