import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { keySpec } from '../../../src/crypto/algorithms/index.ts'
import { offThread } from '../../../src/crypto/algorithms/off-thread.ts'

test('a job that throws rejects with its error, and the next job runs', async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  await assert.rejects(offThread('signRsaDigest', rsa, 1, Buffer.alloc(300)), /data too large/)
  const signature = await offThread('signRsaDigest', rsa, 1, Buffer.alloc(32))
  assert.ok(Buffer.isBuffer(signature))
  assert.equal(signature.length, 256)
})

test('many jobs at once each get their own answer', async () => {
  const spec = keySpec('ECC_NIST_P256')!
  const key = spec.open(await spec.generate())
  const digests = Array.from({ length: 50 }, () => randomBytes(32))
  const signatures = await Promise.all(digests.map((digest) => key.sign('ECDSA_SHA_256', 'DIGEST', digest)))
  for (const [index, digest] of digests.entries()) {
    assert.equal(await key.verify('ECDSA_SHA_256', 'DIGEST', digest, signatures[index]!), true)
    assert.equal(await key.verify('ECDSA_SHA_256', 'DIGEST', digest, signatures[(index + 1) % 50]!), false)
  }
})

test('the thread that is idle does not keep the process alive, one that works does', () => {
  const index = pathToFileURL(join(import.meta.dirname, '../../../src/crypto/algorithms/index.ts'))
  const script = `
    const { keySpec } = await import(${JSON.stringify(index)})
    const spec = keySpec('ECC_NIST_P256')
    const key = spec.open(await spec.generate())
    key.sign('ECDSA_SHA_256', 'DIGEST', Buffer.alloc(32)).then(() => process.stdout.write('signed'))
  `
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { timeout: 30_000 })
  assert.equal(output.toString(), 'signed')
})

test('SM2 with a key that is no PKCS#8 fails without harm', async () => {
  const key = createSecretKey(randomBytes(40))
  await assert.rejects(offThread('signSm2', key, Buffer.alloc(65), Buffer.of(1), true))
  assert.equal(await offThread('verifySm2', Buffer.alloc(65), Buffer.alloc(32), true, Buffer.alloc(70)), false)
})

test('slow work leaves the event loop free', async () => {
  const rsa = keySpec('RSA_4096')!
  const key = rsa.open(await rsa.generate())
  // Loads what is loaded once.
  await key.sign('RSASSA_PSS_SHA_512', 'DIGEST', randomBytes(64))
  await key.decrypt('RSAES_OAEP_SHA_256', await key.encrypt('RSAES_OAEP_SHA_256', Buffer.of(1)))
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  const signing = Array.from({ length: 40 }, () => key.sign('RSASSA_PSS_SHA_512', 'DIGEST', randomBytes(64)))
  const generating = Array.from({ length: 4 }, () => keySpec('RSA_2048')!.generate())
  await Promise.all([...signing, ...generating])
  clearInterval(timer)
  // Not a measurement: had the work been done here, there would have been next to no turns of the loop.
  assert.ok(turns > 20, `${turns} turns`)
})
