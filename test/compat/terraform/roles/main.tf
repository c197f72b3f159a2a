# Roles, policies and providers whose properties change in place, exclusive attachments and data sources.
variable "stage" {
  description = "before or after"
}

locals {
  wanted = {
    before = { name = "test", actions = ["kms:Decrypt"], clients = ["a", "b"], thumbprint = "a", seconds = 3600 }
    after  = { name = "live", actions = ["kms:Encrypt", "kms:Decrypt"], clients = ["b", "c"], thumbprint = "b", seconds = 7200 }
  }[var.stage]
}

resource "aws_iam_policy" "app" {
  name        = "app"
  path        = "/app/"
  description = "first words stay"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = local.wanted.actions, Resource = "*" }]
  })
  tags = {
    stage = local.wanted.name
  }
}

resource "aws_iam_policy" "boundary" {
  name = "boundary"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["kms:*", "iam:*"], Resource = "*" }]
  })
}

resource "aws_iam_openid_connect_provider" "ci" {
  url             = "https://token.ci.example.com"
  client_id_list  = local.wanted.clients
  thumbprint_list = [join("", [for digit in range(40) : local.wanted.thumbprint])]
  tags = {
    stage = local.wanted.name
  }
}

resource "aws_iam_role" "app" {
  name                  = "builder"
  description           = "in ${local.wanted.name}"
  max_session_duration  = local.wanted.seconds
  permissions_boundary  = var.stage == "after" ? aws_iam_policy.boundary.arn : null
  force_detach_policies = true
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = aws_iam_openid_connect_provider.ci.arn }
      Condition = { StringLike = { "token.ci.example.com:sub" = "repo:${local.wanted.name}:*" } }
    }]
  })
  tags = {
    stage = local.wanted.name
  }
}

resource "aws_iam_role_policy" "app" {
  name = "inline"
  role = aws_iam_role.app.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "Inline", Effect = "Allow", Action = local.wanted.actions, Resource = "*" }]
  })
}

resource "aws_iam_policy_attachment" "app" {
  name       = "app"
  roles      = [aws_iam_role.app.name]
  policy_arn = aws_iam_policy.app.arn
}

resource "aws_iam_role_policies_exclusive" "app" {
  role_name    = aws_iam_role.app.name
  policy_names = [aws_iam_role_policy.app.name]
}

resource "aws_iam_role" "other" {
  name_prefix = "other-"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = aws_iam_role.app.arn } }]
  })
}

resource "aws_iam_role_policy_attachments_exclusive" "other" {
  role_name   = aws_iam_role.other.name
  policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
}

data "aws_iam_roles" "all" {
  name_regex = "^builder$"
  depends_on = [aws_iam_role.app]
}

data "aws_iam_openid_connect_provider" "ci" {
  arn = aws_iam_openid_connect_provider.ci.arn
}

data "aws_iam_policy" "app" {
  arn = aws_iam_policy.app.arn
}

data "aws_iam_session_context" "role" {
  arn = "arn:aws:sts::${data.aws_caller_identity.current.account_id}:assumed-role/${aws_iam_role.app.name}/s1"
}

data "aws_caller_identity" "current" {}

output "seen" {
  value = "${join(",", data.aws_iam_roles.all.names)} ${join(",", data.aws_iam_openid_connect_provider.ci.client_id_list)} ${data.aws_iam_session_context.role.issuer_arn == aws_iam_role.app.arn}"
}
