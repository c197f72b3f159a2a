"""Run by boto3.test.ts: what a Python program does with a KMS, endpoint and credentials from the environment."""

import concurrent.futures
import datetime

import boto3
from client_checks import CONFIG, check, done, refused

kms = boto3.client("kms", config=CONFIG)


key = kms.create_key(Description="from boto3")["KeyMetadata"]
check(isinstance(key["CreationDate"], datetime.datetime), "CreationDate")
check(key["KeyState"] == "Enabled" and key["Enabled"] is True, "state")

kms.create_alias(AliasName="alias/boto3", TargetKeyId=key["KeyId"])
refused("AlreadyExistsException", kms.create_alias, AliasName="alias/boto3", TargetKeyId=key["KeyId"])

# Other connections may be served by the other worker: it must see the new key and alias at once or within the promised second.
with concurrent.futures.ThreadPoolExecutor(16) as pool:
    blobs = list(
        pool.map(
            lambda number: kms.encrypt(KeyId="alias/boto3", Plaintext=str(number).encode())["CiphertextBlob"], range(200)
        )
    )
    texts = list(pool.map(lambda blob: kms.decrypt(CiphertextBlob=blob)["Plaintext"], blobs))
check(texts == [str(number).encode() for number in range(200)], "200 round trips")
check(len(set(blobs)) == 200, "ciphertexts differ")

data_key = kms.generate_data_key(KeyId=key["Arn"], KeySpec="AES_128", EncryptionContext={"a": "b"})
check(len(data_key["Plaintext"]) == 16, "AES_128")
opened = kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"], EncryptionContext={"a": "b"}, KeyId="alias/boto3")
check(opened["Plaintext"] == data_key["Plaintext"], "data key")
refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=data_key["CiphertextBlob"])

other = kms.create_key()["KeyMetadata"]
refused("IncorrectKeyException", kms.decrypt, CiphertextBlob=blobs[0], KeyId=other["KeyId"])
refused("NotFoundException", kms.describe_key, KeyId="alias/none")
refused("ValidationException", kms.generate_data_key, KeyId=key["KeyId"])
refused("DryRunOperationException", kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x", DryRun=True)

pages = kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 1})
names = [alias["AliasName"] for page in pages for alias in page["Aliases"]]
check("alias/boto3" in names, "alias listed")

until = kms.schedule_key_deletion(KeyId=other["KeyId"], PendingWindowInDays=7)["DeletionDate"]
check(until > datetime.datetime.now(datetime.timezone.utc), "deletion date")
kms.cancel_key_deletion(KeyId=other["KeyId"])

done()
