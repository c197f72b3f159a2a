# Users and groups that change in place, and data sources.

variable "stage" {
  description = "before or after"
}

locals {
  wanted = {
    before = { name = "visitor", path = "/ci/", group = "first", boundary = "ReadOnlyAccess", key = "Active" }
    after  = { name = "Visitor2", path = "/cd/", group = "First", boundary = "IAMFullAccess", key = "Inactive" }
  }[var.stage]
}

resource "aws_iam_account_alias" "alias" {
  account_alias = "terraform-users"
}

resource "aws_iam_user" "main" {
  name                 = local.wanted.name
  path                 = local.wanted.path
  permissions_boundary = "arn:aws:iam::aws:policy/${local.wanted.boundary}"
  force_destroy        = true
  tags = {
    Team = "blue"
  }
}

resource "aws_iam_access_key" "main" {
  user   = aws_iam_user.main.name
  status = local.wanted.key
}

resource "aws_iam_group" "first" {
  name = local.wanted.group
  path = "/groups/"
}

resource "aws_iam_group" "second" {
  name = "second"
}

resource "aws_iam_group_policy" "first" {
  name  = "look"
  group = aws_iam_group.first.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["iam:GetUser", "iam:ListUsers"]
      Resource = "*"
    }]
  })
}

resource "aws_iam_user_group_membership" "main" {
  user   = aws_iam_user.main.name
  groups = var.stage == "before" ? [aws_iam_group.first.name, aws_iam_group.second.name] : [aws_iam_group.first.name]
}

data "aws_iam_user" "main" {
  user_name = aws_iam_user.main.name
}

data "aws_iam_group" "first" {
  group_name = aws_iam_group.first.name
  depends_on = [aws_iam_user_group_membership.main]
}

data "aws_iam_users" "all" {
  name_regex = "(?i)^(administrator|visitor2?)$"
  depends_on = [aws_iam_user.main]
}

data "aws_iam_account_alias" "current" {
  depends_on = [aws_iam_account_alias.alias]
}

output "found" {
  value = join(" ", [
    data.aws_iam_account_alias.current.account_alias,
    data.aws_iam_user.main.arn,
    join(",", [for user in data.aws_iam_group.first.users : user.user_name]),
    length(data.aws_iam_users.all.names),
  ])
}
