# Users, roles, groups, policies and providers, and keys whose policies and grants name them.

data "aws_caller_identity" "current" {}

locals {
  account = data.aws_caller_identity.current.account_id
}

data "aws_iam_policy_document" "use_key" {
  statement {
    sid       = "UseKey"
    actions   = ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*"]
    resources = ["arn:aws:kms:eu-west-1:${local.account}:key/*"]
    condition {
      test     = "StringEquals"
      variable = "kms:EncryptionContext:app"
      values   = ["billing"]
    }
  }
}

resource "aws_iam_policy" "use_key" {
  name        = "use-key"
  path        = "/app/"
  description = "may use keys for billing"
  policy      = data.aws_iam_policy_document.use_key.json
  tags = {
    team = "billing"
  }
}

resource "aws_iam_user" "deployer" {
  name                 = "deployer"
  path                 = "/ci/"
  permissions_boundary = aws_iam_policy.use_key.arn
  tags = {
    team = "billing"
  }
}

resource "aws_iam_access_key" "deployer" {
  user = aws_iam_user.deployer.name
}

resource "aws_iam_user_policy" "deployer" {
  name   = "inline"
  user   = aws_iam_user.deployer.name
  policy = data.aws_iam_policy_document.use_key.json
}

resource "aws_iam_user_policy_attachment" "deployer" {
  user       = aws_iam_user.deployer.name
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}

resource "aws_iam_group" "developers" {
  name = "developers"
}

resource "aws_iam_group_policy_attachment" "developers" {
  group      = aws_iam_group.developers.name
  policy_arn = aws_iam_policy.use_key.arn
}

resource "aws_iam_group_membership" "developers" {
  name  = "developers"
  group = aws_iam_group.developers.name
  users = [aws_iam_user.deployer.name]
}

resource "aws_iam_openid_connect_provider" "ci" {
  url             = "https://token.ci.example.com/app"
  client_id_list  = ["sts.amazonaws.com"]
  thumbprint_list = ["6938fd4d98bab03faadb97b34396831e3780aea1"]
  tags = {
    purpose = "ci"
  }
}

data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole", "sts:TagSession"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_user.deployer.arn]
    }
  }
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.ci.arn]
    }
    condition {
      test     = "StringEquals"
      variable = "token.ci.example.com/app:aud"
      values   = ["sts.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "app" {
  name                 = "app"
  path                 = "/app/"
  description          = "the application"
  assume_role_policy   = data.aws_iam_policy_document.trust.json
  max_session_duration = 7200
  permissions_boundary = aws_iam_policy.use_key.arn
  tags = {
    team = "billing"
  }
}

resource "aws_iam_role_policy" "app" {
  name   = "inline"
  role   = aws_iam_role.app.id
  policy = data.aws_iam_policy_document.use_key.json
}

resource "aws_iam_role_policy_attachment" "app" {
  role       = aws_iam_role.app.name
  policy_arn = aws_iam_policy.use_key.arn
}

data "aws_iam_policy_document" "key" {
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:aws:iam::${local.account}:root"]
    }
  }
  statement {
    sid       = "App"
    actions   = ["kms:Decrypt"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.app.arn, aws_iam_user.deployer.arn]
    }
  }
}

resource "aws_kms_key" "app" {
  description             = "of the application"
  policy                  = data.aws_iam_policy_document.key.json
  deletion_window_in_days = 7
}

resource "aws_kms_key" "other" {
  deletion_window_in_days = 7
}

resource "aws_kms_key_policy" "other" {
  key_id = aws_kms_key.other.id
  policy = data.aws_iam_policy_document.key.json
}

resource "aws_kms_grant" "app" {
  name              = "app"
  key_id            = aws_kms_key.app.key_id
  grantee_principal = aws_iam_role.app.arn
  operations        = ["Encrypt", "Decrypt", "GenerateDataKey"]
  constraints {
    encryption_context_subset = {
      app = "billing"
    }
  }
}

data "aws_iam_role" "app" {
  name = aws_iam_role.app.name
}

data "aws_iam_policy" "administrator" {
  name = "AdministratorAccess"
}

data "aws_iam_principal_policy_simulation" "app" {
  action_names      = ["kms:Decrypt"]
  policy_source_arn = aws_iam_role.app.arn
  resource_arns     = [aws_kms_key.app.arn]
  context {
    key    = "kms:EncryptionContext:app"
    type   = "string"
    values = ["billing"]
  }
  depends_on = [aws_iam_role_policy.app, aws_iam_role_policy_attachment.app]
}

output "found" {
  value = [local.account, data.aws_iam_role.app.unique_id, data.aws_iam_policy.administrator.arn]
}

output "allowed" {
  value = data.aws_iam_principal_policy_simulation.app.all_allowed
}
