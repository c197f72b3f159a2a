/** What docs/clients.md gives to copy, as it stands there, with an address and an account of the test's own. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { reasonToSkipCurl } from '../support/curl.ts'
import { startKeyholdProcess, temporaryFolder } from '../support/keyhold-process.ts'

const PAGE = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'clients.md'), 'utf8')

function block(kind: 'ini' | 'sh', beginning: string): string {
  const blocks = [...PAGE.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
  const found = blocks.find(([, language, text]) => language === kind && text!.startsWith(beginning))
  assert.ok(found, `the page has a block that begins with ${beginning}`)
  return found[2]!
}

const isMissing = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0

test('the profiles: the administrator, and a role by way of him', async (context) => {
  if (isMissing('aws')) return context.skip('the AWS CLI is not installed here')
  const folder = temporaryFolder('clients')
  context.after(() => folder.remove())
  const account = '111122223333'
  const data = join(folder.path, 'data')
  const keyhold = await startKeyholdProcess([
    'start',
    '--port',
    '0',
    '--workers',
    '1',
    '--data',
    data,
    '--account',
    account,
  ])
  context.after(() => keyhold.end())
  const config = join(folder.path, 'config')
  writeFileSync(config, block('ini', '[profile keyhold]').replaceAll('http://127.0.0.1:4599', keyhold.endpoint))
  const AWS_SHARED_CREDENTIALS_FILE = join(data, 'credentials')
  // A home of its own: there the CLI keeps sessions of roles by their ARN, for an hour, those of other servers as well.
  const env = { PATH: process.env.PATH, HOME: folder.path, AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE }
  const aws = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('aws', [...args, '--output', 'text'], { encoding: 'utf8', env })
    assert.equal(status, 0, stderr)
    return stdout.trim()
  }
  const trust = { Effect: 'Allow', Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: 'sts:AssumeRole' }
  const policy = JSON.stringify({ Version: '2012-10-17', Statement: [trust] })
  const iam = ['--profile', 'keyhold', '--endpoint-url', keyhold.endpoint, 'iam']
  aws(...iam, 'create-role', '--role-name', 'deploy', '--assume-role-policy-document', policy)
  const rights = ['--role-name', 'deploy', '--policy-arn', 'arn:aws:iam::aws:policy/AdministratorAccess']
  aws(...iam, 'attach-role-policy', ...rights)
  const made = aws('--profile', 'keyhold', 'kms', 'create-key', '--query', 'KeyMetadata.Arn')
  assert.match(made, /^arn:aws:kms:/)
  const region = ['--region', made.split(':')[3]!]
  assert.equal(aws('--profile', 'deploy', ...region, 'kms', 'list-keys', '--query', 'Keys[].KeyArn'), made)
  const caller = aws('--profile', 'deploy', ...region, 'sts', 'get-caller-identity', '--query', 'Arn')
  assert.match(caller, /^arn:aws:sts::111122223333:assumed-role\/deploy\//)
})

test('the line for curl', { skip: reasonToSkipCurl() }, async (context) => {
  const keyhold = await startKeyholdProcess(['dev', '--port', '0'])
  context.after(() => keyhold.end())
  const line = block('sh', 'curl --aws-sigv4').replaceAll('http://127.0.0.1:4599', keyhold.endpoint)
  const { stdout, stderr } = spawnSync('sh', ['-c', line.replace('curl', 'curl -sS')], { encoding: 'utf8' })
  assert.deepEqual(JSON.parse(stdout || stderr), { Keys: [], Truncated: false })
})
