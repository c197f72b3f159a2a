"""Run by grants.test.ts: temporary access by grants, as a Python program gives and takes it. Endpoint and credentials of the
administrator come from the environment; ACCOUNT is his account."""

import os

import boto3
from client_checks import CONFIG, check, done, refused

ACCOUNT = os.environ["ACCOUNT"]
kms = boto3.client("kms", config=CONFIG)
iam = boto3.client("iam", config=CONFIG)
sts = boto3.client("sts", config=CONFIG)


def client_of(credentials):
    """Of what STS or CreateAccessKey answered."""
    return boto3.client(
        "kms",
        config=CONFIG,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials.get("SessionToken"),
    )


trust = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",'
    f'"Principal":{{"AWS":"arn:aws:iam::{ACCOUNT}:root"}}}}}}'
)
role = iam.create_role(RoleName="worker", Path="/jobs/", AssumeRolePolicyDocument=trust)["Role"]
user_arn = iam.create_user(UserName="app")["User"]["Arn"]
app = client_of(iam.create_access_key(UserName="app")["AccessKey"])


def session(name):
    return client_of(sts.assume_role(RoleArn=role["Arn"], RoleSessionName=name)["Credentials"])


key = kms.create_key(Description="grants")["KeyMetadata"]
arn = key["Arn"]

# Temporary access: given, used, given up.
refused("AccessDeniedException", app.encrypt, KeyId=arn, Plaintext=b"x")
given = kms.create_grant(
    KeyId=arn, GranteePrincipal=user_arn, RetiringPrincipal=user_arn, Operations=["Encrypt", "Decrypt"]
)
check(len(given["GrantId"]) == 64, "GrantId")
blob = app.encrypt(KeyId=arn, Plaintext=b"x", GrantTokens=[given["GrantToken"]])["CiphertextBlob"]
check(app.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x", "decrypt")
refused("AccessDeniedException", app.describe_key, KeyId=arn)
refused("AccessDeniedException", app.list_grants, KeyId=arn)
refused("DryRunOperationException", app.retire_grant, GrantToken=given["GrantToken"], DryRun=True)
app.retire_grant(GrantToken=given["GrantToken"])
refused("AccessDeniedException", app.decrypt, CiphertextBlob=blob)
refused("InvalidGrantTokenException", app.retire_grant, GrantToken=given["GrantToken"])
refused("InvalidGrantTokenException", kms.encrypt, KeyId=arn, Plaintext=b"x", GrantTokens=["bm9uZQ=="])

# One session of a role, and not the other.
one, other = session("one"), session("other")
session_arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/one"
kms.create_grant(
    KeyId=arn,
    GranteePrincipal=session_arn,
    Operations=["Decrypt", "DescribeKey", "CreateGrant", "RetireGrant"],
    Constraints={"EncryptionContextSubset": {"app": "jobs"}},
)
blob = kms.encrypt(KeyId=arn, Plaintext=b"job", EncryptionContext={"app": "jobs", "n": "1"})["CiphertextBlob"]
bare = kms.encrypt(KeyId=arn, Plaintext=b"bare")["CiphertextBlob"]
context = {"app": "jobs", "n": "1"}
check(one.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"] == b"job", "session")
check(one.describe_key(KeyId=arn)["KeyMetadata"]["Arn"] == arn, "DescribeKey knows no context")
refused("AccessDeniedException", one.decrypt, CiphertextBlob=bare)
refused("AccessDeniedException", other.decrypt, CiphertextBlob=blob, EncryptionContext=context)

# A child is no wider than its parent.
refused("AccessDeniedException", one.create_grant, KeyId=arn, GranteePrincipal=user_arn, Operations=["Decrypt"])
child = one.create_grant(
    KeyId=arn,
    GranteePrincipal=user_arn,
    Operations=["Decrypt"],
    Constraints={"EncryptionContextEquals": {"app": "jobs", "n": "1"}},
)
check(app.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"] == b"job", "child")
refused("AccessDeniedException", app.decrypt, CiphertextBlob=bare)

# A retry finds its grant.
wish = dict(KeyId=arn, GranteePrincipal=role["Arn"], RetiringPrincipal=role["Arn"], Operations=["Verify"], Name="once")
refused("ValidationException", kms.create_grant, **wish)
wish["Operations"] = ["GenerateDataKey"]
first, again = kms.create_grant(**wish), kms.create_grant(**wish)
check(first["GrantId"] == again["GrantId"] and first["GrantToken"] != again["GrantToken"], "retry")
check(other.generate_data_key(KeyId=arn, KeySpec="AES_256")["KeyId"] == arn, "every session of the role")

# Lists.
pages = kms.get_paginator("list_grants").paginate(KeyId=arn, PaginationConfig={"PageSize": 1})
grants = {grant["GrantId"]: grant for page in pages for grant in page["Grants"]}
check(len(grants) == 3, f"{len(grants)} grants")
check(grants[first["GrantId"]]["Name"] == "once", "name")
check(grants[child["GrantId"]]["IssuingAccount"] == f"arn:aws:iam::{ACCOUNT}:root", "issuing account")
check(grants[child["GrantId"]]["Constraints"] == {"EncryptionContextEquals": context}, "constraints")
mine = kms.list_grants(KeyId=arn, GranteePrincipal=session_arn)["Grants"]
check([grant["GranteePrincipal"] for grant in mine] == [session_arn], "filter")
retirable = kms.list_retirable_grants(RetiringPrincipal=role["Arn"])["Grants"]
check([grant["GrantId"] for grant in retirable] == [first["GrantId"]], "retirable")
refused("InvalidArnException", kms.list_retirable_grants, RetiringPrincipal=f"{role['Arn']}x")

# Taken away, given up, and a role made anew has nothing of it.
kms.revoke_grant(KeyId=arn, GrantId=child["GrantId"])
refused("AccessDeniedException", app.decrypt, CiphertextBlob=blob, EncryptionContext=context)
refused("NotFoundException", kms.revoke_grant, KeyId=arn, GrantId=child["GrantId"])
refused("AccessDeniedException", app.retire_grant, KeyId=arn, GrantId=first["GrantId"])
iam.delete_role(RoleName="worker")
role = iam.create_role(RoleName="worker", Path="/jobs/", AssumeRolePolicyDocument=trust)["Role"]
anew = session("one")
refused("AccessDeniedException", anew.decrypt, CiphertextBlob=blob, EncryptionContext=context)
shown = {grant["GranteePrincipal"] for grant in kms.list_grants(KeyId=arn)["Grants"]}
check(session_arn not in shown and all(name.startswith("AROA") for name in shown), f"{shown}")

done()
