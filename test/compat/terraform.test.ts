/**
 * Terraform with the AWS provider, unmodified, with the credentials of a first start: apply, a plan that shows no change, changes in
 * place, forced deletion of a user who has keys and policies that Terraform did not make, destroy. All parts are one configuration,
 * because a command costs ten seconds, whatever is in it.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import * as iam from '@aws-sdk/client-iam'
import { readCredentials, startKeyholdProcess, temporaryFolder } from '../support/keyhold-process.ts'
import { reasonToSkipTerraform, terraformIn } from '../support/terraform.ts'

const skip = reasonToSkipTerraform()

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

/** What a plan says of the resources of a module, in the order of their names; data sources are only read. */
function changesOf(module: string, printed: string): readonly string[] {
  const lines = printed.matchAll(/^ {2}# module\.(\w+)\.(aws_\S+) (will be .+|must be .+)$/gm)
  return [...lines].filter((line) => line[1] === module).map((line) => `${line[2]} ${line[3]}`)
}

test('keys, identities, roles and users: apply, an empty second plan, changes in place, destroy', {
  skip,
  timeout: 900_000,
}, async (context) => {
  const data = temporaryFolder('terraform-data')
  const folder = temporaryFolder('terraform')
  context.after(() => data.remove())
  context.after(() => folder.remove())
  const keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', '2', '--data', data.path])
  context.after(() => keyhold.end())
  const credentials = readCredentials(data.path)
  // With retries: Terraform blocks this process for so long that connections are closed meanwhile.
  const client = new iam.IAMClient({ endpoint: keyhold.endpoint, region: 'eu-west-1', credentials })
  context.after(() => client.destroy())
  const { accessKeyId: access_key, secretAccessKey: secret_key } = credentials
  const given = { endpoint: keyhold.endpoint, access_key, secret_key }

  const terraform = terraformIn(folder.path, join(import.meta.dirname, 'terraform'))
  terraform.set({ ...given, stage: 'before' })
  const made = terraform.succeed('apply', '-auto-approve')
  assert.match(made, /Apply complete! Resources: 44 added, 0 changed, 0 destroyed/)
  assert.match(made, /^identities_allowed = true$/m)
  assert.match(made, /^roles_seen = "builder a,b true"$/m)
  assert.match(made, /^users_found = "terraform-users arn:aws:iam::\d{12}:user\/ci\/visitor visitor 2"$/m)
  const state = readFileSync(join(folder.path, 'terraform.tfstate'), 'utf8')
  assert.match(state, /"keys_opened": \{\s+"value": "a secret of Terraform"/)
  // Exit code 2 would mean that there is something to change.
  terraform.succeed('plan', '-detailed-exitcode')
  const before = (await client.send(new iam.GetUserCommand({ UserName: 'visitor' }))).User!

  terraform.set({ ...given, stage: 'after' })
  const changed = terraform.succeed('apply', '-auto-approve')
  assert.deepEqual(changesOf('keys', changed), [])
  assert.deepEqual(changesOf('identities', changed), [])
  assert.deepEqual(changesOf('roles', changed), [
    'aws_iam_openid_connect_provider.ci will be updated in-place',
    'aws_iam_policy.app will be updated in-place',
    'aws_iam_role.app will be updated in-place',
    'aws_iam_role_policy.app will be updated in-place',
  ])
  assert.match(changed, /^roles_seen = "builder b,c true"$/m)
  assert.match(changed, /^users_found = "terraform-users arn:aws:iam::\d{12}:user\/cd\/Visitor2 Visitor2 2"$/m)
  terraform.succeed('plan', '-detailed-exitcode')
  const now = (await client.send(new iam.GetUserCommand({ UserName: 'visitor2' }))).User!
  assert.equal(now.UserId, before.UserId)
  assert.equal(now.PermissionsBoundary!.PermissionsBoundaryArn, 'arn:aws:iam::aws:policy/IAMFullAccess')
  assert.deepEqual(now.Tags, [{ Key: 'Team', Value: 'blue' }])

  await leaveTraces(client, 'Visitor2')
  assert.match(terraform.succeed('destroy', '-auto-approve'), /Destroy complete! Resources: 44 destroyed/)
  await assert.rejects(client.send(new iam.GetUserCommand({ UserName: 'Visitor2' })), iam.NoSuchEntityException)
})
