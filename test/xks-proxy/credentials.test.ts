/** keystores.md XS-7 and XS-9: credentials come and go while the server runs, and are nobody else's to read. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Log } from '../../src/base/log.ts'
import { createRandomSource } from '../../src/crypto/random.ts'
import { credentialText, followCredentials, newCredential, readCredentials } from '../../src/xks-proxy/credentials.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'
import { TENANT_A, TENANT_B, writeCredential } from '../support/xks-server.ts'

const SECOND = { accessKeyId: 'XKSSECONDKEY23456723', secretAccessKey: 's'.repeat(43) }

function folderFor(context: TestContext): string {
  const folder = temporaryFolder('xks-credentials')
  context.after(() => folder.remove())
  return folder.path
}

function collected(): { log: Log; lines: string[] } {
  const lines: string[] = []
  const write = (fields: object, message: string) => void lines.push(`${message} ${JSON.stringify(fields)}`)
  return { log: { info: write, warn: write, error: write }, lines }
}

test('a new credential has the form that AWS asks for, 256 bits and more, and is read back as it was written', (context) => {
  const folder = folderFor(context)
  const random = createRandomSource()
  const made = Array.from({ length: 20 }, () => newCredential(random))
  for (const credential of made) {
    assert.match(credential.accessKeyId, /^[A-Z2-7]{20,30}$/)
    assert.match(credential.secretAccessKey, /^[a-zA-Z0-9/+=]{43,64}$/)
    assert.ok(Buffer.from(credential.secretAccessKey, 'base64').length >= 32)
    const text = credentialText('/tenant-a', credential)
    assert.deepEqual(JSON.parse(text), {
      XksProxyUriPath: '/tenant-a/kms/xks/v1',
      XksProxyAuthenticationCredential: {
        AccessKeyId: credential.accessKeyId,
        RawSecretAccessKey: credential.secretAccessKey,
      },
    })
    writeFileSync(join(folder, `${credential.accessKeyId}.json`), text, { mode: 0o600 })
  }
  assert.equal(new Set(made.map(({ secretAccessKey }) => secretAccessKey)).size, 20)
  const { secrets, problems } = readCredentials({ prefix: '/tenant-a', credentials: folder })
  assert.deepEqual(problems, [])
  for (const { accessKeyId, secretAccessKey } of made) {
    assert.equal(Buffer.from(secrets.get(accessKeyId)!).toString(), secretAccessKey)
  }
})

test('files that cannot be used are named, with the reason, and nothing of what is in them', (context) => {
  const folder = folderFor(context)
  writeCredential(folder, '/tenant-a', 'good', TENANT_A)
  writeCredential(folder, '/tenant-b', 'other-path', TENANT_B)
  writeCredential(folder, '/tenant-a', 'readable', SECOND, 0o640)
  writeCredential(folder, '/tenant-a', 'twice', TENANT_A)
  writeCredential(folder, '/tenant-a', 'id', { ...SECOND, accessKeyId: 'tooshort' })
  writeCredential(folder, '/tenant-a', 'secret', { ...SECOND, secretAccessKey: 'short-and-secret' })
  writeFileSync(join(folder, 'not.json'), 'TOPSECRET', { mode: 0o600 })
  writeFileSync(join(folder, 'long.json'), ' '.repeat(5000), { mode: 0o600 })
  writeFileSync(join(folder, 'ignored.txt'), 'x', { mode: 0o644 })
  mkdirSync(join(folder, 'folder.json'))
  const { secrets, problems } = readCredentials({ prefix: '/tenant-a', credentials: folder })
  assert.deepEqual([...secrets.keys()], [TENANT_A.accessKeyId])
  const reasonOf = (name: string) => problems.find((problem) => problem.startsWith(join(folder, name)))
  assert.match(reasonOf('other-path.json')!, /its XksProxyUriPath is not \/tenant-a\/kms\/xks\/v1$/)
  assert.match(reasonOf('readable.json')!, /mode 0600/)
  assert.match(reasonOf('twice.json')!, /another file has the same AccessKeyId/)
  assert.match(reasonOf('id.json')!, /AccessKeyId is not of 20 to 30 characters/)
  assert.match(reasonOf('secret.json')!, /RawSecretAccessKey is not of 43 to 64/)
  assert.match(reasonOf('not.json')!, /not JSON/)
  assert.match(reasonOf('long.json')!, /longer than/)
  assert.ok(reasonOf('folder.json'))
  assert.equal(problems.length, 8)
  for (const problem of problems) assert.doesNotMatch(problem, /TOPSECRET|short-and-secret/)
})

test('who comes is accepted, who goes no longer, beside one another; the log has ids and no secrets', (context) => {
  const folder = folderFor(context)
  const first = writeCredential(folder, '/tenant-a', 'first', TENANT_A)
  const { log, lines } = collected()
  const followed = followCredentials({ prefix: '/tenant-a', credentials: folder }, log)
  context.after(() => followed.stop())
  const isKnown = ({ accessKeyId }: { accessKeyId: string }) => followed.secretOf(accessKeyId) !== undefined
  assert.deepEqual([isKnown(TENANT_A), isKnown(SECOND)], [true, false])
  writeCredential(folder, '/tenant-a', 'second', SECOND)
  followed.look()
  assert.deepEqual([isKnown(TENANT_A), isKnown(SECOND)], [true, true])
  rmSync(first)
  followed.look()
  assert.deepEqual([isKnown(TENANT_A), isKnown(SECOND)], [false, true])
  chmodSync(join(folder, 'second.json'), 0o644)
  followed.look()
  assert.equal(isKnown(SECOND), false, 'what others can read is no secret')
  chmodSync(join(folder, 'second.json'), 0o600)
  followed.look()
  assert.equal(isKnown(SECOND), true)
  rmSync(folder, { recursive: true })
  followed.look()
  assert.equal(isKnown(SECOND), false, 'a folder that is gone lets nobody in')
  const text = lines.join('\n')
  assert.ok(text.includes(SECOND.accessKeyId))
  for (const { secretAccessKey } of [TENANT_A, SECOND]) assert.ok(!text.includes(secretAccessKey))
})

test('a folder that is not there yet is a problem, and lets nobody in', (context) => {
  const folder = join(folderFor(context), 'none')
  const { secrets, problems } = readCredentials({ prefix: '', credentials: folder })
  assert.equal(secrets.size, 0)
  assert.deepEqual(problems, [`${folder}: there is no such file or folder`])
})
