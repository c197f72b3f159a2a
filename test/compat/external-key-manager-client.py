"""Run by external-key-manager.test.ts: data under a key whose other half is in another Keyhold. Endpoint and key from the environment."""

import base64
import os
import sys

import boto3
from client_checks import CONFIG, check, done, refused

kms = boto3.client("kms", config=CONFIG)
key = os.environ["KEY_ID"]
context = {"tenant": "blue"}

if sys.argv[1] == "seal":
    blob = kms.encrypt(KeyId=key, Plaintext=b"twice sealed", EncryptionContext=context)["CiphertextBlob"]
    data_key = kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=context)
    opened = kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"], EncryptionContext=context)
    check(opened["Plaintext"] == data_key["Plaintext"], "data key")
    bare = kms.generate_data_key_without_plaintext(KeyId=key, KeySpec="AES_128")
    check(len(kms.decrypt(CiphertextBlob=bare["CiphertextBlob"])["Plaintext"]) == 16, "data key without plaintext")
    whole = kms.encrypt(KeyId=key, Plaintext=bytes(4096))["CiphertextBlob"]
    check(kms.decrypt(CiphertextBlob=whole)["Plaintext"] == bytes(4096), "the longest plaintext")
    other = kms.re_encrypt(
        CiphertextBlob=blob, SourceEncryptionContext=context, DestinationKeyId=key, DestinationEncryptionContext={"to": "x"}
    )
    check(
        kms.decrypt(CiphertextBlob=other["CiphertextBlob"], EncryptionContext={"to": "x"})["Plaintext"] == b"twice sealed",
        "re-encrypted",
    )
    print("sealed", base64.b64encode(blob).decode())
elif sys.argv[1] == "open":
    for text in sys.argv[2:]:
        blob = base64.b64decode(text)
        plaintext = kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"]
        check(plaintext == b"twice sealed", "opened")
        refused("KMSInvalidStateException", kms.decrypt, CiphertextBlob=blob, EncryptionContext={"tenant": "red"})
else:
    refused("KMSInvalidStateException", kms.encrypt, KeyId=key, Plaintext=b"x")
    refused("KMSInvalidStateException", kms.generate_data_key, KeyId=key, KeySpec="AES_256")
    for text in sys.argv[2:]:
        refused(
            "KMSInvalidStateException", kms.decrypt, CiphertextBlob=base64.b64decode(text), EncryptionContext=context
        )

done()
