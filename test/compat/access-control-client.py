"""Run by access-control.test.ts: who may do what with a key, as a Python program sets it up and finds it. Endpoint and
credentials of the administrator come from the environment; ACCOUNT is his account, FOREIGN_* are those of another account."""

import json
import os

import boto3
from botocore.exceptions import ClientError
from client_checks import CONFIG, check, done

ACCOUNT = os.environ["ACCOUNT"]
FOREIGN = os.environ["FOREIGN_ACCOUNT"]


def client(service, credentials=None):
    """`credentials`: what STS or CreateAccessKey answered; without them the administrator."""
    if credentials is None:
        return boto3.client(service, config=CONFIG)
    return boto3.client(
        service,
        config=CONFIG,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials.get("SessionToken"),
    )


def denied(call, *phrases, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        text = error.response["Error"]["Message"]
        check(error.response["Error"]["Code"] in ("AccessDeniedException", "AccessDenied"), f"{error} is no denial")
        for phrase in phrases:
            check(phrase in text, f"'{phrase}' is not in '{text}'")
        return
    raise AssertionError("a denial was expected")


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


kms, iam, sts = client("kms"), client("iam"), client("sts")


def user(name):
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    return arn, client("kms", iam.create_access_key(UserName=name)["AccessKey"])


# Administrators of a key and its users are two groups: neither can do what the other does.
keeper_arn, keeper = user("keeper")
app_arn, app = user("app")
policy = document(
    {
        "Sid": "Administration",
        "Effect": "Allow",
        "Principal": {"AWS": [keeper_arn, f"arn:aws:iam::{ACCOUNT}:user/administrator"]},
        "Action": ["kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Get*", "kms:Disable*",
                   "kms:TagResource", "kms:UntagResource", "kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion"],
        "Resource": "*",
    },
    {
        "Sid": "Use",
        "Effect": "Allow",
        "Principal": {"AWS": app_arn},
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
        "Resource": "*",
    },
)
key = kms.create_key(Description="split", Policy=policy)["KeyMetadata"]["Arn"]
blob = app.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
check(app.decrypt(CiphertextBlob=blob)["Plaintext"] == b"secret", "the user decrypts")
keeper.disable_key(KeyId=key)
keeper.enable_key(KeyId=key)
denied(keeper.decrypt, "no resource-based policy allows the kms:Decrypt action", CiphertextBlob=blob)
denied(app.disable_key, "no resource-based policy allows the kms:DisableKey action", KeyId=key)
denied(kms.encrypt, "no resource-based policy allows the kms:Encrypt action", KeyId=key, Plaintext=b"x")

# Identity policies decide where the key policy leaves it to the account: by encryption context and by alias.
shared = kms.create_key(Description="shared")["KeyMetadata"]["Arn"]
kms.create_alias(AliasName="alias/shared", TargetKeyId=shared)
iam.put_user_policy(
    UserName="app",
    PolicyName="tenant",
    PolicyDocument=document(
        {
            "Effect": "Allow",
            "Action": ["kms:Encrypt", "kms:Decrypt"],
            "Resource": shared,
            "Condition": {"StringEquals": {"kms:EncryptionContext:tenant": "t-17"}},
        },
        {
            "Effect": "Allow",
            "Action": "kms:GenerateDataKey",
            "Resource": f"arn:aws:kms:*:{ACCOUNT}:key/*",
            "Condition": {"StringEquals": {"kms:RequestAlias": "alias/shared"}},
        },
    ),
)
mine = app.encrypt(KeyId=shared, Plaintext=b"x", EncryptionContext={"tenant": "t-17"})["CiphertextBlob"]
theirs = kms.encrypt(KeyId=shared, Plaintext=b"y", EncryptionContext={"tenant": "t-18"})["CiphertextBlob"]
app.decrypt(CiphertextBlob=mine, EncryptionContext={"tenant": "t-17"})
denied(app.decrypt, "no identity-based policy", CiphertextBlob=theirs, EncryptionContext={"tenant": "t-18"})
denied(app.decrypt, CiphertextBlob=theirs)
app.generate_data_key(KeyId="alias/shared", KeySpec="AES_256")
denied(app.generate_data_key, KeyId=shared, KeySpec="AES_256")

# A role's session may do what the role may, and no more than its session policy.
trust = document({"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"})
role = iam.create_role(RoleName="batch", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
iam.put_role_policy(
    RoleName="batch",
    PolicyName="use",
    PolicyDocument=document({"Effect": "Allow", "Action": "kms:*", "Resource": "*"}),
)
only_encrypt = document({"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*"})
whole = client("kms", sts.assume_role(RoleArn=role, RoleSessionName="whole")["Credentials"])
narrow = client("kms", sts.assume_role(RoleArn=role, RoleSessionName="narrow", Policy=only_encrypt)["Credentials"])
sealed = narrow.encrypt(KeyId=shared, Plaintext=b"z")["CiphertextBlob"]
check(whole.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"z", "the whole session decrypts")
denied(narrow.decrypt, "no session policy allows the kms:Decrypt action", CiphertextBlob=sealed)
denied(client("sts", iam.create_access_key(UserName="keeper")["AccessKey"]).assume_role,
       "not authorized to perform: sts:AssumeRole", RoleArn=role, RoleSessionName="keeper")

# Another account: both sides must allow, by the key's ARN; and nothing tells whether a key exists.
foreign = client("kms", {"AccessKeyId": os.environ["FOREIGN_ID"], "SecretAccessKey": os.environ["FOREIGN_SECRET"]})
hidden = "the resource does not exist in this Region, no resource-based policies allow access"
denied(foreign.encrypt, hidden, KeyId=shared, Plaintext=b"x")
denied(foreign.encrypt, hidden, KeyId=shared[:-12] + "000000000000", Plaintext=b"x")
denied(foreign.decrypt, hidden, CiphertextBlob=sealed)
kms.put_key_policy(
    KeyId=shared,
    Policy=document(
        {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": FOREIGN}, "Action": ["kms:Encrypt", "kms:DisableKey"], "Resource": "*"},
    ),
)
foreign.encrypt(KeyId=shared, Plaintext=b"x")
denied(foreign.disable_key, hidden, KeyId=shared)
denied(foreign.describe_key, hidden, KeyId=shared)
check(all(entry["KeyArn"] != shared for entry in foreign.list_keys()["Keys"]), "foreign keys are not listed")
check(all(entry["AliasName"] != "alias/shared" for entry in foreign.list_aliases()["Aliases"]), "nor their aliases")

done()
