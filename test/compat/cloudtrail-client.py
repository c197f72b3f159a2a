"""Run by cloudtrail.test.ts: who did what, as a Python program asks CloudTrail. Endpoint and credentials of the administrator come
from the environment."""

import json
import time
from datetime import datetime, timedelta, timezone

import boto3
from botocore.config import Config
from client_checks import CONFIG, check, done, refused

kms = boto3.client("kms", config=CONFIG)
iam = boto3.client("iam", config=CONFIG)
# As it comes: it waits and asks again when it has asked too often.
cloudtrail = boto3.client("cloudtrail")
impatient = boto3.client("cloudtrail", config=CONFIG)

started = datetime.now(timezone.utc).replace(microsecond=0)
key = kms.create_key(Description="looked up")["KeyMetadata"]
for number in range(60):
    kms.encrypt(KeyId=key["KeyId"], Plaintext=b"x", EncryptionContext={"number": str(number)})
kms.disable_key(KeyId=key["KeyId"])
refused("DisabledException", kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x")


def by(name, value):
    return {"LookupAttributes": [{"AttributeKey": name, "AttributeValue": value}]}


def pages(**arguments):
    found = []
    for page in cloudtrail.get_paginator("lookup_events").paginate(StartTime=started, **arguments):
        check(len(page["Events"]) <= 50, "a page is short")
        found += page["Events"]
    return found


changes = pages(**by("ResourceName", key["Arn"]))
check([event["EventName"] for event in changes] == ["DisableKey", "CreateKey"], changes)
check(changes[0]["Resources"] == [{"ResourceType": "AWS::KMS::Key", "ResourceName": key["Arn"]}], changes)
check(changes[0]["EventTime"] >= started, "times are read as such")
record = json.loads(changes[0]["CloudTrailEvent"])
check(record["eventID"] == changes[0]["EventId"], record)

encrypted = pages(**by("EventName", "Encrypt"))
check(len(encrypted) == 61, len(encrypted))
check("errorCode" in json.loads(encrypted[0]["CloudTrailEvent"]), "the newest failed")
numbers = [json.loads(event["CloudTrailEvent"])["requestParameters"]["encryptionContext"]["number"] for event in encrypted[1:]]
check(sorted(numbers, key=int) == [str(number) for number in range(60)], numbers)
times = [event["EventTime"] for event in encrypted]
check(times == sorted(times, reverse=True), "newest first")

one = cloudtrail.lookup_events(**by("EventId", encrypted[30]["EventId"]))["Events"]
check(one == [encrypted[30]], one)

# IAM's events are in its one Region, as on AWS.
iam.create_user(UserName="looker")
looker = iam.create_access_key(UserName="looker")["AccessKey"]
in_virginia = boto3.client("cloudtrail", region_name="us-east-1")
made = in_virginia.lookup_events(**by("EventName", "CreateUser"))["Events"]
check(len(made) == 1 and made[0]["Username"] == "administrator", made)

time.sleep(1)
text = refused("InvalidTimeRangeException", impatient.lookup_events, StartTime=started, EndTime=started - timedelta(1))
check("end time" in text, text)
attributes = by("EventName", "a")["LookupAttributes"] * 2
refused("InvalidLookupAttributesException", impatient.lookup_events, LookupAttributes=attributes)
refused("InvalidNextTokenException", impatient.lookup_events, NextToken="x")
check(impatient.lookup_events(EventCategory="insight")["Events"] == [], "no insights")

nobody = boto3.client(
    "cloudtrail",
    config=CONFIG,
    aws_access_key_id=looker["AccessKeyId"],
    aws_secret_access_key=looker["SecretAccessKey"],
)
text = refused("AccessDeniedException", nobody.lookup_events)
check(text.endswith("because no identity-based policy allows the cloudtrail:LookupEvents action"), text)
statement = '{"Effect":"Allow","Action":"cloudtrail:LookupEvents","Resource":"*"}'
policy = f'{{"Version":"2012-10-17","Statement":{statement}}}'
iam.put_user_policy(UserName="looker", PolicyName="look", PolicyDocument=policy)
for attempt in range(20):
    try:
        found = nobody.lookup_events(**by("EventName", "DisableKey"))["Events"]
        break
    except nobody.exceptions.ClientError:
        time.sleep(0.2)
check([event["EventName"] for event in found] == ["DisableKey"], found)
done()
