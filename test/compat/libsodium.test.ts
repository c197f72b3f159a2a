/** libsodium against the Ed25519 operations: it knows Ed25519ph, which few others do, and is written by others in another language. */
import assert from 'node:assert/strict'
import { hash, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import sodium, { type StateAddress } from 'libsodium-wrappers'
import { insertGivenKey } from '../support/given-key.ts'
import { createHarness, type Harness } from '../support/harness.ts'
import { nameOf, signWithEveryKey, withOneBitChanged } from '../support/signed-messages.ts'

const EDWARDS = { KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' } as const
/** RFC 8410: what stands before the 32 bytes of the key. */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex')

let harness: Harness
before(async () => {
  await sodium.ready
  harness = await createHarness()
})
after(() => harness.close())

/** Ed25519ph over the message. */
function prehashed(message: Uint8Array): StateAddress {
  const state = sodium.crypto_sign_init()
  sodium.crypto_sign_update(state, message)
  return state
}

function verifies(algorithm: string, signature: Buffer, message: Buffer, publicKey: Uint8Array): boolean {
  if (algorithm === 'ED25519_SHA_512') return sodium.crypto_sign_verify_detached(signature, message, publicKey)
  return sodium.crypto_sign_final_verify(prehashed(message), signature, publicKey)
}

test('libsodium verifies Ed25519 and Ed25519ph signatures', async () => {
  const known = (await signWithEveryKey(harness)).filter(({ spec }) => spec === EDWARDS.KeySpec)
  for (const signed of known) {
    const { algorithm, signature, message } = signed
    const publicKey = signed.publicKey.subarray(-32)
    assert.equal(verifies(algorithm, signature, message, publicKey), true, nameOf(signed))
    assert.equal(verifies(algorithm, signature, withOneBitChanged(message), publicKey), false, nameOf(signed))
    const other = algorithm === 'ED25519_SHA_512' ? 'ED25519_PH_SHA_512' : 'ED25519_SHA_512'
    assert.equal(verifies(other, signature, message, publicKey), false, `${nameOf(signed)} as ${other}`)
  }
  assert.equal(known.length, 2)
})

test('the same key signs the same in libsodium and in Sign, and Verify accepts it', async () => {
  const seed = randomBytes(32)
  const pair = sodium.crypto_sign_seed_keypair(seed)
  const { keyId: KeyId } = await insertGivenKey(harness, EDWARDS, Buffer.concat([PKCS8_HEAD, seed]))
  const message = randomBytes(300)
  // KMS takes the digest for the message of Ed25519ph and hashes it again (operations.md 4.3).
  const digest = hash('sha512', message, 'buffer')
  const cases = [
    ['ED25519_SHA_512', 'RAW', message, sodium.crypto_sign_detached(message, pair.privateKey)],
    ['ED25519_PH_SHA_512', 'DIGEST', digest, sodium.crypto_sign_final_create(prehashed(digest), pair.privateKey)],
  ] as const
  for (const [SigningAlgorithm, MessageType, Message, signature] of cases) {
    const request = { KeyId, SigningAlgorithm, MessageType, Message }
    const expected = Buffer.from(signature)
    assert.equal((await harness.call('Sign', request)).Signature, expected.toString('base64'), SigningAlgorithm)
    assert.equal((await harness.call('Verify', { ...request, Signature: expected })).SignatureValid, true)
  }
})
