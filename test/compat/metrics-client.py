"""Run by metrics.test.ts: known calls by boto3 at two workers, then what Prometheus's own library reads of them."""

import concurrent.futures
import os
import sys
import urllib.request

import boto3
import botocore.exceptions
from client_checks import CONFIG, check, done, refused

kms = boto3.client("kms", config=CONFIG)
iam = boto3.client("iam", config=CONFIG)
sts = boto3.client("sts", config=CONFIG)

key = kms.create_key()["KeyMetadata"]["KeyId"]
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    blobs = list(pool.map(lambda n: kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"], range(60)))
    list(pool.map(lambda blob: kms.decrypt(CiphertextBlob=blob), blobs[:25]))
for _ in range(3):
    refused("NotFoundException", kms.describe_key, KeyId="alias/none")
sts.get_caller_identity()
iam.list_users()
stranger = boto3.client("kms", config=CONFIG, aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="x")
for _ in range(2):
    refused("UnrecognizedClientException", stranger.list_keys)
forger = boto3.client("kms", config=CONFIG, aws_secret_access_key="x", aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"])
refused("InvalidSignatureException", forger.list_keys)

try:
    from prometheus_client.parser import text_string_to_metric_families
except ModuleNotFoundError:
    print("prometheus_client is not installed here: the page is read by the test alone")
    done()
    sys.exit(0)

with urllib.request.urlopen(os.environ["METRICS_URL"]) as page:
    text = page.read().decode()
values = {}
for family in text_string_to_metric_families(text):
    check(family.documentation != "", f"{family.name} has a help text")
    for sample in family.samples:
        values[(sample.name, tuple(sorted(sample.labels.items())))] = sample.value


def value(name, **labels):
    return values.get((name, tuple(sorted(labels.items()))))


def requests(operation, service="kms", exception_name="None"):
    return value("kms_requests_total", operation=operation, service=service, exception_name=exception_name)


check(requests("Encrypt") == 60, "encryptions")
check(requests("Decrypt") == 25, "decryptions")
check(requests("DescribeKey", exception_name="NotFoundException") == 3, "not found")
check(value("kms_request_duration_seconds_count", service="kms", operation="Encrypt") == 60, "durations")
check(value("kms_keys", key_state="Enabled") == 1, "keys")
print("read by prometheus_client")
done()
