"""Run by iam-users.test.ts: boto3 on users, access keys, groups and policies; botocore's model checks every answer."""

import datetime
import json

import boto3
from client_checks import CONFIG, check, done
from iam_checks import ask, iam, refused


def policy(action):
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}


ALLOW_LIST = json.dumps(policy("iam:ListUsers"))
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}

user = ask("create_user", UserName="ben", Path="/staff/", Tags=[{"Key": "Team", "Value": "a b/ü+=@:"}])["User"]
check(isinstance(user["CreateDate"], datetime.datetime), "CreateDate")
check(ask("get_user", UserName="BEN")["User"] == user, "users are found ignoring case")
refused("EntityAlreadyExists", 409, "create_user", UserName="Ben")
refused("NoSuchEntity", 404, "get_user", UserName="nobody")
refused("ValidationError", 400, "create_user", UserName="a/b")
ask("update_user", UserName="ben", NewUserName="benjamin", NewPath="/")
check(ask("get_user", UserName="benjamin")["User"]["UserId"] == user["UserId"], "the id stays")

ask("tag_user", UserName="benjamin", Tags=[{"Key": "team", "Value": ""}, {"Key": "b", "Value": "2"}])
check(ask("list_user_tags", UserName="benjamin")["Tags"][0] == {"Key": "b", "Value": "2"}, "tags by key")
ask("untag_user", UserName="benjamin", TagKeys=["b"])
check(ask("list_user_tags", UserName="benjamin")["Tags"] == [{"Key": "team", "Value": ""}], "tags that are left")

key = ask("create_access_key", UserName="benjamin")["AccessKey"]
ben = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
as_ben = boto3.client("iam", config=CONFIG, **ben)
check(boto3.client("sts", config=CONFIG, **ben).get_caller_identity()["UserId"] == user["UserId"], "the key works")
refused("AccessDenied", 403, "list_users", client=as_ben)
ask("put_user_policy", UserName="benjamin", PolicyName="list", PolicyDocument=ALLOW_LIST)
check(len(ask("list_users", client=as_ben)["Users"]) == 2, "the policy counts")
document = ask("get_user_policy", UserName="benjamin", PolicyName="list")["PolicyDocument"]
check(document == policy("iam:ListUsers"), "botocore decodes the document")
check(ask("list_user_policies", UserName="benjamin")["PolicyNames"] == ["list"], "names of policies")
refused("MalformedPolicyDocument", 400, "put_user_policy", UserName="benjamin", PolicyName="x", PolicyDocument="{")
ask("update_access_key", UserName="benjamin", AccessKeyId=key["AccessKeyId"], Status="Inactive")
refused("InvalidClientTokenId", 403, "list_users", client=as_ben)
ask("update_access_key", UserName="benjamin", AccessKeyId=key["AccessKeyId"], Status="Active")
ask("list_users", client=as_ben)
check(ask("list_access_keys", UserName="benjamin")["AccessKeyMetadata"][0]["Status"] == "Active", "status")
used = ask("get_access_key_last_used", AccessKeyId=key["AccessKeyId"])
check(used["UserName"] == "benjamin" and used["AccessKeyLastUsed"]["Region"], "last use")
ask("create_access_key", UserName="benjamin")
refused("LimitExceeded", 409, "create_access_key", UserName="benjamin")

ask("create_group", GroupName="crew", Path="/ships/")
ask("add_user_to_group", GroupName="crew", UserName="benjamin")
check([u["UserName"] for u in ask("get_group", GroupName="crew")["Users"]] == ["benjamin"], "members")
check(ask("list_groups_for_user", UserName="benjamin")["Groups"][0]["Path"] == "/ships/", "groups of a user")
ask("put_group_policy", GroupName="crew", PolicyName="p", PolicyDocument=ALLOW_LIST)
check(ask("get_group_policy", GroupName="crew", PolicyName="p")["PolicyDocument"] == policy("iam:ListUsers"), "group")
check(ask("list_group_policies", GroupName="crew")["PolicyNames"] == ["p"], "policies of a group")
ask("update_group", GroupName="crew", NewGroupName="team")
check([g["GroupName"] for g in ask("list_groups", PathPrefix="/ships/")["Groups"]] == ["team"], "groups")

ask("create_role", RoleName="worker", AssumeRolePolicyDocument=json.dumps(TRUST))
ask("tag_role", RoleName="worker", Tags=[{"Key": "k", "Value": "v"}])
check(ask("list_role_tags", RoleName="worker")["Tags"] == [{"Key": "k", "Value": "v"}], "tags of a role")
ask("untag_role", RoleName="worker", TagKeys=["k"])
ask("put_role_policy", RoleName="worker", PolicyName="p", PolicyDocument=ALLOW_LIST)
check(ask("get_role_policy", RoleName="worker", PolicyName="p")["RoleName"] == "worker", "policy of a role")
check(ask("list_role_policies", RoleName="worker")["PolicyNames"] == ["p"], "policies of a role")
ask("put_role_permissions_boundary", RoleName="worker", PermissionsBoundary=READ_ONLY)
ask("delete_role_permissions_boundary", RoleName="worker")
check(ask("list_instance_profiles_for_role", RoleName="worker")["InstanceProfiles"] == [], "instance profiles")
ask("put_user_permissions_boundary", UserName="benjamin", PermissionsBoundary=READ_ONLY)
boundary = ask("get_user", UserName="benjamin")["User"]["PermissionsBoundary"]
check(boundary["PermissionsBoundaryArn"] == READ_ONLY, "boundary")
ask("delete_user_permissions_boundary", UserName="benjamin")

summary = ask("get_account_summary")["SummaryMap"]
check(summary["Users"] == 2 and summary["Groups"] == 1 and summary["UsersQuota"] == 5000, "summary")
ask("create_account_alias", AccountAlias="boto-3")
check(ask("list_account_aliases")["AccountAliases"] == ["boto-3"], "alias")
ask("delete_account_alias", AccountAlias="boto-3")
details = ask("get_account_authorization_details", Filter=["User", "Role"])
check(details["RoleDetailList"][0]["AssumeRolePolicyDocument"]["Statement"], "trust policy")
pages = iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 1})
check(len(pages.build_full_result()["UserDetailList"]) == 2, "pages of details")

ask("list_mfa_devices", UserName="benjamin")
ask("list_virtual_mfa_devices")
ask("list_signing_certificates", UserName="benjamin")
ask("list_ssh_public_keys", UserName="benjamin")
ask("list_service_specific_credentials", UserName="benjamin")
refused("NoSuchEntity", 404, "get_login_profile", UserName="benjamin")
refused("NoSuchEntity", 404, "delete_login_profile", UserName="benjamin")
for nothing in ("list_instance_profiles", "list_server_certificates", "list_saml_providers"):
    ask(nothing)
refused("NoSuchEntity", 404, "get_account_password_policy")
refused("InvalidAction", 400, "create_service_linked_role", AWSServiceName="autoscaling.amazonaws.com")
own_things = policy("iam:*")
own_things["Statement"][0]["Resource"] = "arn:aws:iam::*:user/${aws:username}"
keys = ask("get_context_keys_for_custom_policy", PolicyInputList=[json.dumps(own_things)])["ContextKeyNames"]
check(keys == ["aws:username"], "context keys")
ask("get_context_keys_for_principal_policy", PolicySourceArn=iam.get_user()["User"]["Arn"])

for number in range(5):
    ask("create_user", UserName=f"page-{number}", Path="/pages/")
pages = list(iam.get_paginator("list_users").paginate(PathPrefix="/pages/", PaginationConfig={"PageSize": 2}))
check([len(page["Users"]) for page in pages] == [2, 2, 1], "pages")

refused("DeleteConflict", 409, "delete_user", UserName="benjamin")
refused("DeleteConflict", 409, "delete_group", GroupName="team")
ask("remove_user_from_group", GroupName="team", UserName="benjamin")
ask("delete_group_policy", GroupName="team", PolicyName="p")
ask("delete_group", GroupName="team")
ask("delete_role_policy", RoleName="worker", PolicyName="p")
ask("delete_user_policy", UserName="benjamin", PolicyName="list")
for entry in ask("list_access_keys", UserName="benjamin")["AccessKeyMetadata"]:
    ask("delete_access_key", UserName="benjamin", AccessKeyId=entry["AccessKeyId"])
refused("InvalidClientTokenId", 403, "list_users", client=as_ben)
ask("delete_user", UserName="benjamin")
refused("NoSuchEntity", 404, "delete_user", UserName="benjamin")

done()
