/**
 * Terraform's users and groups, unmodified: what changes in place (renames, paths, boundaries, memberships), data
 * sources, and the forced deletion of a user who has keys and policies that Terraform did not make.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import * as iam from '@aws-sdk/client-iam'
import { type Credentials, readCredentials, startKeyholdProcess, temporaryFolder } from '../support/keyhold-process.ts'
import { reasonToSkipTerraform, terraformIn } from '../support/terraform.ts'

const skip = reasonToSkipTerraform()

const provider = (endpoint: string, { accessKeyId, secretAccessKey }: Credentials) => `
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

provider "aws" {
  region                  = "eu-west-1"
  access_key              = "${accessKeyId}"
  secret_key              = "${secretAccessKey}"
  skip_metadata_api_check = true
  endpoints {
    iam = "${endpoint}"
    sts = "${endpoint}"
  }
}
`

interface Variant {
  readonly userName: string
  readonly path: string
  readonly groupName: string
  readonly boundary: string
  readonly keyStatus: string
  readonly memberships: string
}

const identities = ({ userName, path, groupName, boundary, keyStatus, memberships }: Variant) => `
resource "aws_iam_account_alias" "alias" {
  account_alias = "terraform-users"
}

resource "aws_iam_user" "main" {
  name                 = "${userName}"
  path                 = "${path}"
  permissions_boundary = "arn:aws:iam::aws:policy/${boundary}"
  force_destroy        = true
  tags = {
    Team = "blue"
  }
}

resource "aws_iam_access_key" "main" {
  user   = aws_iam_user.main.name
  status = "${keyStatus}"
}

resource "aws_iam_group" "first" {
  name = "${groupName}"
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
  groups = ${memberships}
}

data "aws_iam_user" "main" {
  user_name = aws_iam_user.main.name
}

data "aws_iam_group" "first" {
  group_name = aws_iam_group.first.name
  depends_on = [aws_iam_user_group_membership.main]
}

data "aws_iam_users" "all" {
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
`

const FIRST: Variant = {
  userName: 'deployer',
  path: '/ci/',
  groupName: 'first',
  boundary: 'ReadOnlyAccess',
  keyStatus: 'Active',
  memberships: '[aws_iam_group.first.name, aws_iam_group.second.name]',
}

const SECOND: Variant = {
  userName: 'Deployer2',
  path: '/cd/',
  groupName: 'First',
  boundary: 'IAMFullAccess',
  keyStatus: 'Inactive',
  memberships: '[aws_iam_group.first.name]',
}

/** What somebody else gave the user meanwhile: Terraform has to find and remove it. */
async function leaveTraces(client: iam.IAMClient, UserName: string): Promise<void> {
  await client.send(new iam.CreateAccessKeyCommand({ UserName }))
  const PolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Action: 'iam:GetUser', Resource: '*' },
  })
  await client.send(new iam.PutUserPolicyCommand({ UserName, PolicyName: 'by-hand', PolicyDocument }))
  const PolicyArn = 'arn:aws:iam::aws:policy/ReadOnlyAccess'
  await client.send(new iam.AttachUserPolicyCommand({ UserName, PolicyArn }))
  await client.send(new iam.CreateGroupCommand({ GroupName: 'by-hand' }))
  await client.send(new iam.AddUserToGroupCommand({ UserName, GroupName: 'by-hand' }))
}

test('users and groups: apply, change in place, forced deletion', { skip, timeout: 600_000 }, async (context) => {
  const data = temporaryFolder('terraform-users-data')
  const folder = temporaryFolder('terraform-users')
  context.after(() => data.remove())
  context.after(() => folder.remove())
  const keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', '1', '--data', data.path])
  context.after(() => keyhold.end())
  const credentials = readCredentials(data.path)
  // With retries: Terraform blocks this process for so long that connections are closed meanwhile.
  const client = new iam.IAMClient({ endpoint: keyhold.endpoint, region: 'eu-west-1', credentials })
  context.after(() => client.destroy())

  const start = provider(keyhold.endpoint, credentials)
  const { succeed } = terraformIn(folder.path, start + identities(FIRST))
  const applied = succeed('apply', '-auto-approve')
  assert.match(applied, /Apply complete! Resources: 7 added/)
  assert.match(applied, /^found = "terraform-users arn:aws:iam::\d{12}:user\/ci\/deployer deployer 2"$/m)
  succeed('plan', '-detailed-exitcode')
  const before = (await client.send(new iam.GetUserCommand({ UserName: 'deployer' }))).User!

  writeFileSync(join(folder.path, 'main.tf'), start + identities(SECOND))
  const changed = succeed('apply', '-auto-approve')
  assert.match(changed, /^found = "terraform-users arn:aws:iam::\d{12}:user\/cd\/Deployer2 Deployer2 2"$/m)
  succeed('plan', '-detailed-exitcode')
  const now = (await client.send(new iam.GetUserCommand({ UserName: 'deployer2' }))).User!
  assert.equal(now.UserId, before.UserId)
  assert.equal(now.PermissionsBoundary!.PermissionsBoundaryArn, 'arn:aws:iam::aws:policy/IAMFullAccess')
  assert.deepEqual(now.Tags, [{ Key: 'Team', Value: 'blue' }])

  await leaveTraces(client, 'Deployer2')
  assert.match(succeed('destroy', '-auto-approve'), /Destroy complete! Resources: 7 destroyed/)
  await assert.rejects(client.send(new iam.GetUserCommand({ UserName: 'Deployer2' })), iam.NoSuchEntityException)
})
