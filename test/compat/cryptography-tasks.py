"""Run by python-cryptography.test.ts: a JSON list of tasks on standard input, a JSON list of results on standard output.

Bytes are base64, keys DER (SubjectPublicKeyInfo, PKCS#8).
"""

import base64
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

try:
    from cryptography.hazmat.primitives.asymmetric import mldsa

    ML_DSA = {
        "ML_DSA_44": mldsa.MLDSA44PrivateKey,
        "ML_DSA_65": mldsa.MLDSA65PrivateKey,
        "ML_DSA_87": mldsa.MLDSA87PrivateKey,
    }
except ImportError:
    ML_DSA = {}

HASHES = {
    "SHA_1": hashes.SHA1,
    "SHA_224": hashes.SHA224,
    "SHA_256": hashes.SHA256,
    "SHA_384": hashes.SHA384,
    "SHA_512": hashes.SHA512,
}
CURVES = {
    "ECC_NIST_P256": ec.SECP256R1,
    "ECC_NIST_P384": ec.SECP384R1,
    "ECC_NIST_P521": ec.SECP521R1,
    "ECC_SECG_P256K1": ec.SECP256K1,
}


def hash_of(algorithm):
    return next(make() for name, make in HASHES.items() if algorithm.endswith(name))


def signature_padding(algorithm):
    if "PKCS1" in algorithm:
        return padding.PKCS1v15()
    return padding.PSS(mgf=padding.MGF1(hash_of(algorithm)), salt_length=hash_of(algorithm).digest_size)


def signature_arguments(algorithm):
    """What verify takes after the message, and sign too."""
    if algorithm.startswith("RSASSA"):
        return [signature_padding(algorithm), hash_of(algorithm)]
    return [ec.ECDSA(hash_of(algorithm))] if algorithm.startswith("ECDSA") else []


def oaep(algorithm):
    return padding.OAEP(mgf=padding.MGF1(hash_of(algorithm)), algorithm=hash_of(algorithm), label=None)


def public_key(der):
    return serialization.load_der_public_key(der)


def private_key(der):
    return serialization.load_der_private_key(der, None)


def spki(key):
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def pkcs8(key):
    return key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def generate(spec):
    if spec.startswith("RSA"):
        return rsa.generate_private_key(65537, int(spec[4:]))
    if spec in CURVES:
        return ec.generate_private_key(CURVES[spec]())
    return (ML_DSA.get(spec) or ed25519.Ed25519PrivateKey).generate()


def abilities():
    return {"mlDsa": bool(ML_DSA)}


def verify(algorithm, publicKey, message, signature):
    try:
        public_key(publicKey).verify(signature, message, *signature_arguments(algorithm))
        return True
    except InvalidSignature:
        return False


def key(spec):
    made = generate(spec)
    return {"privateKey": pkcs8(made), "publicKey": spki(made.public_key())}


def sign(algorithm, privateKey, message):
    return private_key(privateKey).sign(message, *signature_arguments(algorithm))


def public_half(privateKey):
    return spki(private_key(privateKey).public_key())


def encrypt(algorithm, publicKey, plaintext):
    return public_key(publicKey).encrypt(plaintext, oaep(algorithm))


def decrypt(algorithm, privateKey, ciphertext):
    return private_key(privateKey).decrypt(ciphertext, oaep(algorithm))


def agree(privateKey, publicKey):
    return private_key(privateKey).exchange(ec.ECDH(), public_key(publicKey))


def mac(algorithm, key, message):
    code = hmac.HMAC(key, hash_of(algorithm))
    code.update(message)
    return code.finalize()


TASKS = {task.__name__: task for task in (abilities, verify, key, sign, public_half, encrypt, decrypt, agree, mac)}
TEXTS = {"algorithm", "spec"}


def decoded(arguments):
    return {name: value if name in TEXTS else base64.b64decode(value) for name, value in arguments.items()}


def encoded(result):
    if isinstance(result, bytes):
        return base64.b64encode(result).decode()
    return {name: encoded(value) for name, value in result.items()} if isinstance(result, dict) else result


results = [encoded(TASKS[task.pop("task")](**decoded(task))) for task in json.load(sys.stdin)]
json.dump(results, sys.stdout)
