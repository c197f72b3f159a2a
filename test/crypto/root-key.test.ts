/** Root key providers: design.md section 4; argon2id parameters of RFC 9106. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import {
  createDomainKey,
  domainKeyIdOf,
  openToken,
  sealToken,
  TokenError,
  unwrapDomainKey,
} from '../../src/crypto/domain-key.ts'
import { createRandomSource } from '../../src/crypto/random.ts'
import { newFileRootKey, openFileRootKey } from '../../src/crypto/root-key/file-root-key.ts'
import { localRootKey } from '../../src/crypto/root-key/local-root-key.ts'
import { openPassphraseRootKey } from '../../src/crypto/root-key/passphrase-root-key.ts'
import { RootKeyError } from '../../src/crypto/root-key/root-key.ts'

const folder = mkdtempSync(join(tmpdir(), 'keyhold-root-key-'))
after(() => rmSync(folder, { recursive: true }))

const random = createRandomSource()
const aad = Buffer.from('aad')
const FAST = { salt: Buffer.alloc(16, 7), memoryKib: 64, passes: 1, parallelism: 1 }

test('file: made once, mode 0600, the same key again at the next start', async () => {
  const path = join(folder, 'made-once')
  const { rootKey: first, save } = newFileRootKey()
  save(path)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const wrapped = await first.wrap(Buffer.from('secret'), aad)
  const again = openFileRootKey(path)
  assert.equal(again.id, first.id)
  assert.equal((await again.unwrap(wrapped, aad)).toString(), 'secret')
  assert.throws(() => newFileRootKey().save(path), { code: 'EEXIST' })
  assert.equal(openFileRootKey(path).id, first.id)
  assert.ok(!readFileSync(path).includes(Buffer.from(first.id, 'hex')), 'the public id is not part of the secret')
})

test('file: refused if others can read it, if it is missing or has another size', () => {
  const path = join(folder, 'open-to-others')
  newFileRootKey().save(path)
  for (const mode of [0o640, 0o604, 0o660]) {
    chmodSync(path, mode)
    assert.throws(() => openFileRootKey(path), /chmod 600/)
  }
  assert.throws(() => openFileRootKey(join(folder, 'missing')), /Restore it from its backup/)
  const short = join(folder, 'short')
  writeFileSync(short, 'x', { mode: 0o600 })
  assert.throws(() => openFileRootKey(short), RootKeyError)
})

test('passphrase: the same words and salt give the same key, others do not fit', async () => {
  const first = await openPassphraseRootKey('correct horse battery', FAST)
  const wrapped = await first.wrap(Buffer.from('secret'), aad)
  const again = await openPassphraseRootKey('correct horse battery', FAST)
  assert.equal((await again.unwrap(wrapped, aad)).toString(), 'secret')
  const wrong = await openPassphraseRootKey('correct horse batterz', FAST)
  await assert.rejects(wrong.unwrap(wrapped, aad), RootKeyError)
  const salted = await openPassphraseRootKey('correct horse battery', { ...FAST, salt: Buffer.alloc(16, 8) })
  await assert.rejects(salted.unwrap(wrapped, aad), RootKeyError)
  await assert.rejects(openPassphraseRootKey('short', FAST), RootKeyError)
})

test('passphrase: equal letters in another Unicode form are the same passphrase', async () => {
  const composed = await openPassphraseRootKey('café crème brûlée', FAST)
  const decomposed = await openPassphraseRootKey('café crème brûlée'.normalize('NFD'), FAST)
  assert.equal(composed.id, decomposed.id)
})

test('a wrapped secret opens for its root key and its purpose only', async () => {
  const root = localRootKey(random.keyBytes(32))
  const wrapped = await root.wrap(Buffer.from('secret'), aad)
  await assert.rejects(root.unwrap(wrapped, Buffer.from('other')), RootKeyError)
  for (let index = 0; index < wrapped.length; index++) {
    const altered = Buffer.from(wrapped)
    altered[index]! ^= 1
    await assert.rejects(root.unwrap(altered, aad), RootKeyError)
  }
  await assert.rejects(root.unwrap(Buffer.alloc(0), aad), RootKeyError)
})

test('a token opens for its subject only, and under no other domain key (ENV-30)', async () => {
  const root = localRootKey(random.keyBytes(32))
  const domain = await createDomainKey(root, random)
  const other = await createDomainKey(root, random)
  const token = sealToken(domain, random, ['purpose', 'a', 'b'], Buffer.from('secret'))
  assert.equal(domainKeyIdOf(token), domain.id)
  const reopened = await unwrapDomainKey(root, domain)
  assert.equal(openToken(reopened, ['purpose', 'a', 'b'], token).toString(), 'secret')
  for (const subject of [
    ['purpose', 'ab', ''],
    ['purpose', 'a'],
    ['other', 'a', 'b'],
    ['purpose', 'a', 'b', ''],
  ] as const) {
    assert.throws(() => openToken(domain, subject, token), TokenError)
  }
  assert.throws(() => openToken(other, ['purpose', 'a', 'b'], token), TokenError)
  for (let length = 0; length < token.length; length++) {
    assert.throws(() => openToken(domain, ['purpose', 'a', 'b'], token.subarray(0, length)), TokenError)
  }
  await assert.rejects(unwrapDomainKey(root, { id: other.id, wrapped: domain.wrapped }), RootKeyError)
})

test('argon2id agrees with the implementation behind the passphrase provider of Python', (context) => {
  const script =
    'from cryptography.hazmat.primitives.kdf.argon2 import Argon2id;import hmac,sys;' +
    "k=Argon2id(salt=bytes([7])*16,length=32,iterations=1,lanes=1,memory_cost=64).derive(b'correct horse battery');" +
    "print(hmac.new(k,b'kms:root-key-id:v1','sha256').hexdigest()[:32])"
  let expected: string
  try {
    expected = execFileSync('python3', ['-c', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  } catch {
    context.skip("Python's cryptography with Argon2id is not installed here")
    return
  }
  return openPassphraseRootKey('correct horse battery', FAST).then(({ id }) => assert.equal(id, expected))
})
