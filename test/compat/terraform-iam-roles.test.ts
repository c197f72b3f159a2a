/**
 * Terraform's roles, policies and providers, unmodified: what changes in place (versions of policies, trust, boundaries,
 * client ids, tags), exclusive attachments and data sources.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startKeyholdProcess, temporaryFolder } from '../support/keyhold-process.ts'
import { reasonToSkipTerraform, terraformIn } from '../support/terraform.ts'

const skip = reasonToSkipTerraform()

interface Wanted {
  readonly stage: string
  readonly actions: readonly string[]
  readonly clients: readonly string[]
  /** One digit of it. */
  readonly thumbprint: string
  readonly seconds: number
  /** An expression of Terraform. */
  readonly boundary: string
}

const configuration = (endpoint: string, { stage, actions, clients, thumbprint, seconds, boundary }: Wanted) => `
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  region                  = "eu-west-1"
  access_key              = "test"
  secret_key              = "test"
  skip_metadata_api_check = true
  endpoints {
    iam = "${endpoint}"
    sts = "${endpoint}"
  }
}

resource "aws_iam_policy" "app" {
  name        = "app"
  path        = "/app/"
  description = "first words stay"
  policy      = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ${JSON.stringify(actions)}, Resource = "*" }]
  })
  tags = {
    stage = "${stage}"
  }
}

resource "aws_iam_policy" "boundary" {
  name   = "boundary"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["kms:*", "iam:*"], Resource = "*" }]
  })
}

resource "aws_iam_openid_connect_provider" "ci" {
  url             = "https://token.ci.example.com"
  client_id_list  = ${JSON.stringify(clients)}
  thumbprint_list = ["${thumbprint.repeat(40)}"]
  tags = {
    stage = "${stage}"
  }
}

resource "aws_iam_role" "app" {
  name                  = "app"
  description           = "in ${stage}"
  max_session_duration  = ${seconds}
  permissions_boundary  = ${boundary}
  force_detach_policies = true
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = aws_iam_openid_connect_provider.ci.arn }
      Condition = { StringLike = { "token.ci.example.com:sub" = "repo:${stage}:*" } }
    }]
  })
  tags = {
    stage = "${stage}"
  }
}

resource "aws_iam_role_policy" "app" {
  name   = "inline"
  role   = aws_iam_role.app.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Sid = "Inline", Effect = "Allow", Action = ${JSON.stringify(actions)}, Resource = "*" }]
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
  name_prefix        = "other-"
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
  name_regex = "^app$"
  depends_on = [aws_iam_role.app]
}

data "aws_iam_openid_connect_provider" "ci" {
  arn = aws_iam_openid_connect_provider.ci.arn
}

data "aws_iam_policy" "app" {
  arn = aws_iam_policy.app.arn
}

data "aws_iam_session_context" "role" {
  arn = "arn:aws:sts::\${data.aws_caller_identity.current.account_id}:assumed-role/\${aws_iam_role.app.name}/s1"
}

data "aws_caller_identity" "current" {}

output "seen" {
  value = "\${join(",", data.aws_iam_roles.all.names)} \${join(",", data.aws_iam_openid_connect_provider.ci.client_id_list)} \${data.aws_iam_session_context.role.issuer_arn == aws_iam_role.app.arn}"
}
`

const BEFORE: Wanted = {
  stage: 'test',
  actions: ['kms:Decrypt'],
  clients: ['a', 'b'],
  thumbprint: 'a',
  seconds: 3600,
  boundary: 'null',
}
const AFTER: Wanted = {
  stage: 'live',
  actions: ['kms:Encrypt', 'kms:Decrypt'],
  clients: ['b', 'c'],
  thumbprint: 'b',
  seconds: 7200,
  boundary: 'aws_iam_policy.boundary.arn',
}

test('roles, policies and providers change in place', { skip, timeout: 600_000 }, async (context) => {
  const folder = temporaryFolder('terraform-iam-roles')
  context.after(() => folder.remove())
  const keyhold = await startKeyholdProcess(['dev', '--port', '0'])
  context.after(() => keyhold.end())
  const { succeed } = terraformIn(folder.path, configuration(keyhold.endpoint, BEFORE))
  const made = succeed('apply', '-auto-approve')
  assert.match(made, /Apply complete! Resources: 9 added/)
  assert.match(made, /^seen = "app a,b true"$/m)
  // Exit code 2 would mean that there is something to change.
  succeed('plan', '-detailed-exitcode')
  writeFileSync(join(folder.path, 'main.tf'), configuration(keyhold.endpoint, AFTER))
  const changed = succeed('apply', '-auto-approve')
  assert.match(changed, /Apply complete! Resources: 0 added, 4 changed, 0 destroyed/)
  assert.match(changed, /^seen = "app b,c true"$/m)
  succeed('plan', '-detailed-exitcode')
  assert.match(succeed('destroy', '-auto-approve'), /Destroy complete! Resources: 9 destroyed/)
})
