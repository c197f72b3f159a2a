"""Run by services.test.ts: a service written in Python, which serves users who sign their requests with Keyhold's credentials.
Endpoint, Region and the administrator's credentials come from the environment, those of the service from SERVICE_ID and
SERVICE_SECRET; ACCOUNT is the administrator's account."""

import os

import boto3
from client_checks import CONFIG, check, done, refused

ACCOUNT = os.environ["ACCOUNT"]
REGION = os.environ["AWS_DEFAULT_REGION"]
kms = boto3.client("kms", config=CONFIG)
iam = boto3.client("iam", config=CONFIG)


def service(**headers):
    """The service, with headers of its own, which botocore signs with all others."""
    client = boto3.client(
        "kms",
        config=CONFIG,
        aws_access_key_id=os.environ["SERVICE_ID"],
        aws_secret_access_key=os.environ["SERVICE_SECRET"],
    )

    def add(request, **_):
        for name, value in headers.items():
            request.headers[name.replace("_", "-")] = value

    client.meta.events.register("before-sign.kms", add)
    return client


iam.create_user(UserName="reader")
reader = iam.create_access_key(UserName="reader")["AccessKey"]["AccessKeyId"]

# For a user: an AWS managed key comes into being, is used, and cannot be used directly.
forwarding = service(X_Keyhold_On_Behalf_Of=reader)
sealed = forwarding.encrypt(KeyId="alias/aws/s3", Plaintext=b"object")
check(sealed["KeyId"].startswith(f"arn:aws:kms:{REGION}:{ACCOUNT}:key/"), "the key is the account's")
check(forwarding.decrypt(CiphertextBlob=sealed["CiphertextBlob"])["Plaintext"] == b"object", "round trip")
check(kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyManager"] == "AWS", "an AWS managed key")
message = refused("AccessDeniedException", kms.decrypt, CiphertextBlob=sealed["CiphertextBlob"])
check("no resource-based policy allows the kms:Decrypt action" in message, message)

# For itself: the key policy names it, and the resource that it serves.
policy = (
    '{"Version":"2012-10-17","Statement":['
    f'{{"Effect":"Allow","Principal":{{"AWS":"{ACCOUNT}"}},"Action":"kms:*","Resource":"*"}},'
    '{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"kms:GenerateDataKey","Resource":"*",'
    f'"Condition":{{"StringEquals":{{"aws:SourceAccount":"{ACCOUNT}"}}}}}}]}}'
)
key = kms.create_key(Policy=policy)["KeyMetadata"]["Arn"]
own = service(X_Amz_Source_Account=ACCOUNT, X_Amz_Source_Arn="arn:aws:s3:::bucket")
check(len(own.generate_data_key(KeyId=key, KeySpec="AES_256")["Plaintext"]) == 32, "a data key")
refused("AccessDeniedException", service().generate_data_key, KeyId=key, KeySpec="AES_256")
other = service(X_Amz_Source_Account="444455556666")
refused("AccessDeniedException", other.generate_data_key, KeyId=key, KeySpec="AES_256")
refused("AccessDeniedException", own.describe_key, KeyId=key)
done()
