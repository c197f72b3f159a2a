/** The AWS CLI with the credentials file that the first start wrote: envelope encryption of a file, as the README shows it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type KeyholdProcess, startKeyholdProcess, temporaryFolder } from '../support/keyhold-process.ts'

const installed = spawnSync('aws', ['--version']).status === 0
const skip = installed ? false : 'the AWS CLI is not installed here'

const folder = temporaryFolder('cli')
let keyhold: KeyholdProcess

before(async () => {
  if (installed) keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', '1', '--data', folder.path])
})

after(async () => {
  await keyhold?.end()
  folder.remove()
})

function run(command: string, args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _secret, AWS_SESSION_TOKEN: _token, ...rest } = process.env
  const env = { ...rest, AWS_SHARED_CREDENTIALS_FILE: join(folder.path, 'credentials'), AWS_PROFILE: 'keyhold' }
  return spawnSync(command, args, { encoding: 'utf8', env, cwd: folder.path })
}

function aws(...args: string[]) {
  return run('aws', ['--endpoint-url', keyhold.endpoint, '--region', 'eu-west-1', '--output', 'json', 'kms', ...args])
}

function answer(...args: string[]) {
  const { status, stdout, stderr } = aws(...args)
  assert.equal(status, 0, stderr)
  return stdout === '' ? undefined : JSON.parse(stdout)
}

test('create, alias, encrypt and decrypt with files', { skip }, () => {
  const { KeyMetadata } = answer('create-key', '--description', 'from the CLI')
  assert.equal(answer('create-alias', '--alias-name', 'alias/cli', '--target-key-id', KeyMetadata.KeyId), undefined)
  writeFileSync(join(folder.path, 'secret.txt'), 'a secret of the CLI')
  const context = ['--encryption-context', 'app=cli,stage=test']
  const sealed = answer('encrypt', '--key-id', 'alias/cli', '--plaintext', 'fileb://secret.txt', ...context)
  writeFileSync(join(folder.path, 'sealed'), Buffer.from(sealed.CiphertextBlob, 'base64'))
  const opened = answer('decrypt', '--ciphertext-blob', 'fileb://sealed', ...context)
  assert.equal(Buffer.from(opened.Plaintext, 'base64').toString(), 'a secret of the CLI')
  assert.equal(opened.KeyId, KeyMetadata.Arn)

  const refused = aws('decrypt', '--ciphertext-blob', 'fileb://sealed')
  assert.notEqual(refused.status, 0)
  assert.match(refused.stderr, /InvalidCiphertextException/)
})

test('envelope encryption of a file: data key from Keyhold, bulk encryption by OpenSSL', { skip }, () => {
  if (run('openssl', ['version']).status !== 0) return
  answer('create-alias', '--alias-name', 'alias/files', '--target-key-id', answer('create-key').KeyMetadata.KeyId)
  const message = 'line of a large file\n'.repeat(10_000)
  writeFileSync(join(folder.path, 'report.txt'), message)
  const dataKey = answer('generate-data-key', '--key-id', 'alias/files', '--key-spec', 'AES_256')
  const openssl = (key: string, ...args: string[]) => {
    const hex = Buffer.from(key, 'base64').toString('hex')
    const { status, stderr } = run('openssl', ['enc', '-aes-256-ctr', '-K', hex, '-iv', '0'.repeat(32), ...args])
    assert.equal(status, 0, stderr)
  }
  openssl(dataKey.Plaintext, '-in', 'report.txt', '-out', 'report.enc')
  writeFileSync(join(folder.path, 'report.key'), Buffer.from(dataKey.CiphertextBlob, 'base64'))
  const opened = answer('decrypt', '--ciphertext-blob', 'fileb://report.key')
  openssl(opened.Plaintext, '-d', '-in', 'report.enc', '-out', 'report.out')
  assert.equal(readFileSync(join(folder.path, 'report.out'), 'utf8'), message)
})

test('paging, key policy and deletion as the CLI prints them', { skip }, () => {
  const { KeyMetadata } = answer('create-key', '--tags', 'TagKey=a,TagValue=b')
  const { Policy } = answer('get-key-policy', '--key-id', KeyMetadata.KeyId, '--policy-name', 'default')
  assert.equal(JSON.parse(Policy).Id, 'key-default-1')
  writeFileSync(join(folder.path, 'policy.json'), Policy)
  answer('put-key-policy', '--key-id', KeyMetadata.KeyId, '--policy', 'file://policy.json')
  const all = answer('list-keys', '--page-size', '1').Keys
  assert.ok(all.length >= 1 && new Set(all.map((key: { KeyId: string }) => key.KeyId)).size === all.length)
  const scheduled = answer('schedule-key-deletion', '--key-id', KeyMetadata.KeyId, '--pending-window-in-days', '7')
  assert.equal(scheduled.KeyState, 'PendingDeletion')
  const missing = aws('describe-key', '--key-id', '00000000-0000-0000-0000-000000000000')
  assert.match(
    missing.stderr,
    /NotFoundException.*Key 'arn:aws:kms:eu-west-1:\d{12}:key\/0{8}-(0{4}-){3}0{12}' does not exist/,
  )
})
