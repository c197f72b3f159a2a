/** `DIR/credentials` in AWS's shared credentials format, for the owner only. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { createRandomSource } from '../../src/crypto/random.ts'
import { newAdministrator } from '../../src/domain/identity/administrator.ts'
import { readCredentials, writeCredentials } from '../../src/start/credentials-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyhold-credentials-'))
after(() => rmSync(folder, { recursive: true }))
const path = join(folder, 'credentials')
const administrator = newAdministrator('111122223333', createRandomSource())

test('what is written is read again, mode 0600, and nothing else is left in the folder', () => {
  writeCredentials(path, administrator, 'eu-central-1')
  assert.deepEqual(readCredentials(path), administrator)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(folder), ['credentials'])
  const lines = readFileSync(path, 'utf8').split('\n')
  assert.deepEqual(lines.slice(1), [
    '[keyhold]',
    `aws_access_key_id = ${administrator.accessKeyId}`,
    `aws_secret_access_key = ${administrator.secretAccessKey}`,
    'region = eu-central-1',
    '',
  ])
})

test('an unfinished file of a crash is replaced, even one that others could read', () => {
  writeFileSync(`${path}.new`, 'half', { mode: 0o666 })
  writeCredentials(path, administrator, 'eu-central-1')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(folder), ['credentials'])
})

test('no file is no credentials; something else in its place is refused, not overwritten', () => {
  assert.equal(readCredentials(join(folder, 'nowhere')), undefined)
  for (const text of [
    '',
    '[default]\naws_access_key_id = x\n',
    '[keyhold]\naws_access_key_id = AKIARZPUZDIKGB2VALC4\n',
  ]) {
    writeFileSync(path, text)
    assert.throws(() => readCredentials(path), { name: 'OperatorError', message: /is not a credentials file/ })
    assert.equal(readFileSync(path, 'utf8'), text)
  }
})

test('profiles of other programs in the file are left alone', () => {
  const { accessKeyId, secretAccessKey } = administrator
  const own = `[keyhold]\naws_access_key_id=${accessKeyId}\r\naws_secret_access_key=${secretAccessKey}\r\n`
  writeFileSync(path, `[other]\naws_access_key_id = x\n${own}[more]\naws_secret_access_key = y\n`)
  assert.deepEqual(readCredentials(path), administrator)
})
