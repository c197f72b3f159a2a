"""Run by iam-roles.test.ts: boto3 on roles, managed policies and providers; botocore's model checks every answer."""

import datetime
import json
import os
import time

import boto3
from client_checks import CONFIG, check, done
from iam_checks import ask, iam, refused

ACCOUNT = os.environ["ACCOUNT"]
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def policy(action, **more):
    statement = {"Effect": "Allow", "Action": action, "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust(principal, action="sts:AssumeRole"):
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


TRUST = trust({"AWS": ACCOUNT})
TAGS = [{"Key": "team", "Value": "a b/ü+=@:"}]

# Policies and their versions.
made = ask("create_policy", PolicyName="decrypt", Path="/app/", PolicyDocument=policy("kms:Decrypt"), Tags=TAGS)["Policy"]
check(isinstance(made["CreateDate"], datetime.datetime), "CreateDate")
check(made["Arn"] == f"arn:aws:iam::{ACCOUNT}:policy/app/decrypt", "ARN")
arn = {"PolicyArn": made["Arn"]}
check(ask("get_policy", **arn)["Policy"]["Tags"] == TAGS, "tags of the policy")
refused("EntityAlreadyExists", 409, "create_policy", PolicyName="Decrypt", PolicyDocument=policy("kms:*"))
refused("MalformedPolicyDocument", 400, "create_policy", PolicyName="x", PolicyDocument="{}")
refused("NoSuchEntity", 404, "get_policy", PolicyArn=made["Arn"] + "x")
refused("ValidationError", 400, "get_policy", PolicyArn="nothing-like-an-arn-at-all")
version = ask("create_policy_version", **arn, PolicyDocument=policy(["kms:Decrypt", "kms:Encrypt"]), SetAsDefault=True)
check(version["PolicyVersion"]["VersionId"] == "v2", "second version")
document = ask("get_policy_version", **arn, VersionId="v2")["PolicyVersion"]["Document"]
check(document["Statement"][0]["Action"] == ["kms:Decrypt", "kms:Encrypt"], "botocore decodes the document")
check([v["VersionId"] for v in ask("list_policy_versions", **arn)["Versions"]] == ["v2", "v1"], "versions")
ask("set_default_policy_version", **arn, VersionId="v1")
ask("delete_policy_version", **arn, VersionId="v2")
refused("DeleteConflict", 409, "delete_policy_version", **arn, VersionId="v1")
ask("tag_policy", **arn, Tags=[{"Key": "b", "Value": ""}])
ask("untag_policy", **arn, TagKeys=["team"])
check(ask("list_policy_tags", **arn)["Tags"] == [{"Key": "b", "Value": ""}], "tags that are left")
names = [p["PolicyName"] for page in iam.get_paginator("list_policies").paginate(PaginationConfig={"PageSize": 2}) for p in page["Policies"]]
check(names[0] == "decrypt" and "AdministratorAccess" in names and len(names) == len(set(names)), "pages of policies")

# Roles.
role = ask(
    "create_role",
    RoleName="worker",
    Path="/app/",
    AssumeRolePolicyDocument=TRUST,
    Description="it's (so) *!",
    MaxSessionDuration=7200,
    PermissionsBoundary=made["Arn"],
    Tags=TAGS,
)["Role"]
check(role["AssumeRolePolicyDocument"] == json.loads(TRUST), "botocore decodes the trust policy")
named = {"RoleName": "worker"}
role = ask("get_role", **named)["Role"]
check(role["Description"] == "it's (so) *!" and role["MaxSessionDuration"] == 7200, "facts of the role")
check(role["RoleLastUsed"] == {}, "not used")
check(role["PermissionsBoundary"]["PermissionsBoundaryArn"] == made["Arn"], "boundary")
refused("EntityAlreadyExists", 409, "create_role", RoleName="WORKER", AssumeRolePolicyDocument=TRUST)
refused("MalformedPolicyDocument", 400, "create_role", RoleName="x", AssumeRolePolicyDocument="{")
unknown = trust({"AWS": f"arn:aws:iam::{ACCOUNT}:user/nobody"})
refused("MalformedPolicyDocument", 400, "update_assume_role_policy", **named, PolicyDocument=unknown)
refused("ValidationError", 400, "create_role", RoleName="a b", AssumeRolePolicyDocument=TRUST)
ask("update_role", **named, MaxSessionDuration=3600)
ask("update_role_description", **named, Description="d")
check([r["RoleName"] for r in ask("list_roles", PathPrefix="/app/")["Roles"]] == ["worker"], "roles of a path")
for number in range(5):
    ask("create_role", RoleName=f"page-{number}", Path="/pages/", AssumeRolePolicyDocument=TRUST)
pages = list(iam.get_paginator("list_roles").paginate(PathPrefix="/pages/", PaginationConfig={"PageSize": 2}))
check([len(page["Roles"]) for page in pages] == [2, 2, 1], "pages of roles")
check(iam.get_waiter("role_exists").wait(**named) is None, "waiter")

# Attachments.
ask("attach_role_policy", **named, PolicyArn=made["Arn"])
ask("attach_role_policy", **named, PolicyArn=READ_ONLY)
refused("NoSuchEntity", 404, "attach_role_policy", **named, PolicyArn=made["Arn"] + "x")
attached = ask("list_attached_role_policies", **named)["AttachedPolicies"]
check([p["PolicyName"] for p in attached] == ["ReadOnlyAccess", "decrypt"], "attached policies")
holders = ask("list_entities_for_policy", **arn)
check(holders["PolicyRoles"] == [{"RoleName": "worker", "RoleId": role["RoleId"]}], "holders")
refused("DeleteConflict", 409, "delete_policy", **arn)
refused("DeleteConflict", 409, "delete_role", **named)
users = [{"UserName": "attached"}, {"GroupName": "attached"}]
ask("create_user", **users[0])
ask("create_group", **users[1])
for kind, owner in zip(("user", "group"), users):
    ask(f"attach_{kind}_policy", **owner, **arn)
    check(ask(f"list_attached_{kind}_policies", **owner)["AttachedPolicies"][0]["PolicyArn"] == made["Arn"], kind)
    ask(f"detach_{kind}_policy", **owner, **arn)
    refused("NoSuchEntity", 404, f"detach_{kind}_policy", **owner, **arn)

# A session of the role has its rights, within its boundary.
session = boto3.client("sts", config=CONFIG).assume_role(RoleArn=role["Arn"], RoleSessionName="s1")["Credentials"]
as_worker = {
    "aws_access_key_id": session["AccessKeyId"],
    "aws_secret_access_key": session["SecretAccessKey"],
    "aws_session_token": session["SessionToken"],
}
identity = boto3.client("sts", config=CONFIG, **as_worker).get_caller_identity()
check(identity["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/s1", "session")
iam_of_worker = boto3.client("iam", config=CONFIG, **as_worker)
message = refused("AccessDenied", 403, "list_roles", client=iam_of_worker)
check("no permissions boundary allows the iam:ListRoles action" in message, message)
ask("delete_role_permissions_boundary", **named)
# Another worker process may hear of the change within the promised second.
time.sleep(1)
ask("list_roles", client=iam_of_worker)

# What the engine would say.
simulation = {"PolicySourceArn": role["Arn"], "ActionNames": ["kms:Decrypt", "kms:Sign"], "ResourceArns": ["*"]}
results = ask("simulate_principal_policy", **simulation)["EvaluationResults"]
check([r["EvalDecision"] for r in results] == ["allowed", "implicitDeny"], "simulation")
check(results[0]["MatchedStatements"][0]["SourcePolicyType"] == "user-managed", "source")
condition = {"NumericLessThan": {"kms:ScheduleKeyDeletionPendingWindowInDays": "10"}}
entry = {"ContextKeyName": "kms:ScheduleKeyDeletionPendingWindowInDays", "ContextKeyType": "numeric"}
for days, decision in (("7", "allowed"), ("30", "implicitDeny")):
    results = ask(
        "simulate_custom_policy",
        PolicyInputList=[policy("kms:ScheduleKeyDeletion", Condition=condition)],
        ActionNames=["kms:ScheduleKeyDeletion"],
        ContextEntries=[{**entry, "ContextKeyValues": [days]}],
    )["EvaluationResults"]
    check(results[0]["EvalDecision"] == decision, f"simulated {days} days")

# Providers.
provider = ask(
    "create_open_id_connect_provider",
    Url="https://token.example.com/x",
    ClientIDList=["a"],
    ThumbprintList=["a" * 40],
    Tags=TAGS,
)
arn_of_provider = {"OpenIDConnectProviderArn": provider["OpenIDConnectProviderArn"]}
ask("add_client_id_to_open_id_connect_provider", **arn_of_provider, ClientID="b")
ask("remove_client_id_from_open_id_connect_provider", **arn_of_provider, ClientID="a")
ask("update_open_id_connect_provider_thumbprint", **arn_of_provider, ThumbprintList=["b" * 40])
ask("tag_open_id_connect_provider", **arn_of_provider, Tags=[{"Key": "c", "Value": "d"}])
ask("untag_open_id_connect_provider", **arn_of_provider, TagKeys=["team"])
check(ask("list_open_id_connect_provider_tags", **arn_of_provider)["Tags"] == [{"Key": "c", "Value": "d"}], "tags")
got = ask("get_open_id_connect_provider", **arn_of_provider)
check(got["Url"] == "token.example.com/x" and got["ClientIDList"] == ["b"], "provider")
check(got["ThumbprintList"] == ["b" * 40], "thumbprints")
ask("list_open_id_connect_providers")
web = trust({"Federated": provider["OpenIDConnectProviderArn"]}, "sts:AssumeRoleWithWebIdentity")
ask("update_assume_role_policy", **named, PolicyDocument=web)
check(ask("get_role", **named)["Role"]["AssumeRolePolicyDocument"] == json.loads(web), "trust in a provider")
ask("delete_open_id_connect_provider", **arn_of_provider)
refused("NoSuchEntity", 404, "get_open_id_connect_provider", **arn_of_provider)

for attachment in ask("list_attached_role_policies", **named)["AttachedPolicies"]:
    ask("detach_role_policy", **named, PolicyArn=attachment["PolicyArn"])
ask("delete_role", **named)
ask("delete_policy", **arn)
refused("NoSuchEntity", 404, "get_role", **named)
refused("InvalidClientTokenId", 403, "list_roles", client=iam_of_worker)

done()
