/**
 * No audit record holds a message, digest, signature, MAC, shared secret, public key, private key, plaintext or ciphertext of
 * the asymmetric and HMAC operations (audit.md section 3, "Never recorded"), whether they succeed or are refused.
 */
import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { after, before, test } from 'node:test'
import { insertGivenKey } from '../support/given-key.ts'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'
import { asMessageType, KEY_PAIR_SPECS, kindsFor, messageTypesOf } from '../support/key-kinds.ts'
import { newKey } from './support.ts'

const MARKER = Buffer.from('marker-6f1d0c9b5a-never-in-a-log')

/** What must not show, with what it is for the message of a failure. */
const secrets = new Map<string, Buffer>()

let harness: Harness
before(async () => {
  harness = await createHarness()
  secrets.set('the marker', MARKER)
})
after(() => harness.close())

function keep(what: string, base64: string): string {
  const bytes = Buffer.from(base64, 'base64')
  assert.ok(bytes.length >= 16, `${what}: too short to be told apart`)
  secrets.set(what, bytes)
  return base64
}

async function refused(work: Promise<Answer>, code: string): Promise<void> {
  await assert.rejects(work, { code })
}

async function publicKeyOf(KeyId: string, what: string): Promise<Buffer> {
  const { PublicKey } = await harness.call('GetPublicKey', { KeyId })
  return Buffer.from(keep(`public key of ${what}`, PublicKey), 'base64')
}

test('signatures, messages, digests and public keys', async () => {
  for (const { KeySpec, KeyUsage, algorithms } of kindsFor('SIGN_VERIFY')) {
    const { KeyId } = await newKey(harness, { KeySpec, KeyUsage })
    const publicKey = await publicKeyOf(KeyId, KeySpec)
    for (const SigningAlgorithm of algorithms) {
      for (const MessageType of messageTypesOf(SigningAlgorithm).keys()) {
        const what = `${SigningAlgorithm} of ${KeySpec}, ${MessageType}`
        const Message = asMessageType(SigningAlgorithm, MessageType, MARKER, publicKey)
        keep(`message of ${what}`, Message.toString('base64'))
        const request = { KeyId, Message, MessageType, SigningAlgorithm }
        const { Signature } = await harness.call('Sign', request)
        keep(`signature of ${what}`, Signature)
        await harness.call('Verify', { ...request, Signature })
        const changed = Buffer.from(Signature, 'base64')
        changed[9]! ^= 1
        keep(`changed signature of ${what}`, changed.toString('base64'))
        await refused(harness.call('Verify', { ...request, Signature: changed }), 'KMSInvalidSignatureException')
        await refused(harness.call('Sign', { ...request, DryRun: true }), 'DryRunOperationException')
      }
    }
  }
})

test('MACs', async () => {
  for (const { KeySpec, KeyUsage, algorithms } of kindsFor('GENERATE_VERIFY_MAC')) {
    const { KeyId } = await newKey(harness, { KeySpec, KeyUsage })
    const request = { KeyId, Message: MARKER, MacAlgorithm: algorithms[0] }
    const { Mac } = await harness.call('GenerateMac', request)
    keep(`MAC of ${KeySpec}`, Mac)
    await harness.call('VerifyMac', { ...request, Mac })
    await refused(harness.call('VerifyMac', { ...request, Mac: MARKER }), 'KMSInvalidMacException')
  }
})

test('shared secrets and both public keys', async () => {
  for (const { KeySpec, KeyUsage } of kindsFor('KEY_AGREEMENT')) {
    const [own, peer] = await Promise.all([
      newKey(harness, { KeySpec, KeyUsage }),
      newKey(harness, { KeySpec, KeyUsage }),
    ])
    await publicKeyOf(own.KeyId, `${KeySpec}, own`)
    const PublicKey = await publicKeyOf(peer.KeyId, `${KeySpec}, peer`)
    const request = { KeyId: own.KeyId, KeyAgreementAlgorithm: 'ECDH' }
    const { SharedSecret } = await harness.call('DeriveSharedSecret', { ...request, PublicKey })
    keep(`shared secret of ${KeySpec}`, SharedSecret)
    await refused(harness.call('DeriveSharedSecret', { ...request, PublicKey: MARKER }), 'ValidationException')
  }
})

test('plaintexts and ciphertexts', async () => {
  const symmetric = await newKey(harness)
  for (const { KeySpec, KeyUsage, algorithms } of kindsFor('ENCRYPT_DECRYPT')) {
    const { KeyId } = await newKey(harness, { KeySpec, KeyUsage })
    for (const EncryptionAlgorithm of algorithms) {
      const what = `${EncryptionAlgorithm} of ${KeySpec}`
      const { CiphertextBlob } = await harness.call('Encrypt', { KeyId, Plaintext: MARKER, EncryptionAlgorithm })
      keep(`ciphertext of ${what}`, CiphertextBlob)
      const opened = await harness.call('Decrypt', { KeyId, CiphertextBlob, EncryptionAlgorithm })
      assert.deepEqual(Buffer.from(opened.Plaintext, 'base64'), MARKER)
      const source = { CiphertextBlob, SourceKeyId: KeyId, SourceEncryptionAlgorithm: EncryptionAlgorithm }
      const moved = await harness.call('ReEncrypt', { ...source, DestinationKeyId: symmetric.KeyId })
      keep(`moved ciphertext of ${what}`, moved.CiphertextBlob)
    }
  }
})

test('private keys: of data key pairs, and of KMS keys themselves', async () => {
  const { KeyId } = await newKey(harness)
  for (const KeyPairSpec of KEY_PAIR_SPECS) {
    const pair = await harness.call('GenerateDataKeyPair', { KeyId, KeyPairSpec })
    keep(`private key of ${KeyPairSpec}`, pair.PrivateKeyPlaintext)
    keep(`sealed private key of ${KeyPairSpec}`, pair.PrivateKeyCiphertextBlob)
    keep(`public key of the pair ${KeyPairSpec}`, pair.PublicKey)
    const hidden = await harness.call('GenerateDataKeyPairWithoutPlaintext', { KeyId, KeyPairSpec })
    keep(`sealed private key of ${KeyPairSpec}, hidden`, hidden.PrivateKeyCiphertextBlob)
    keep(`public key of ${KeyPairSpec}, hidden`, hidden.PublicKey)
    if (KeyPairSpec !== 'ECC_NIST_P256') continue
    const material = Buffer.from(pair.PrivateKeyPlaintext, 'base64')
    const signer = await insertGivenKey(harness, { KeySpec: KeyPairSpec, KeyUsage: 'SIGN_VERIFY' }, material)
    const request = { KeyId: signer.keyId, Message: MARKER, SigningAlgorithm: 'ECDSA_SHA_256' }
    keep('signature of the given key', (await harness.call('Sign', request)).Signature)
    const { d } = createPrivateKey({ key: material, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' })
    keep('scalar of the given key', Buffer.from(d!, 'base64url').toString('base64'))
  }
})

test('blobs that are spelled wrong are not echoed into the record of their refusal', async () => {
  const { KeyId } = await newKey(harness, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
  const signing = { KeyId, SigningAlgorithm: 'ECDSA_SHA_256', Message: MARKER }
  const mac = { KeyId, MacAlgorithm: 'HMAC_SHA_256', Message: MARKER }
  const agreement = { KeyId, KeyAgreementAlgorithm: 'ECDH' }
  for (const wrong of [MARKER.toString(), `${MARKER.toString('base64')}=`, `${MARKER.toString('base64url')}!`]) {
    const calls = [
      harness.call('Sign', { ...signing, Message: wrong }),
      harness.call('Verify', { ...signing, Signature: wrong }),
      harness.call('GenerateMac', { ...mac, Message: wrong }),
      harness.call('VerifyMac', { ...mac, Mac: wrong }),
      harness.call('DeriveSharedSecret', { ...agreement, PublicKey: wrong }),
      harness.call('Decrypt', { CiphertextBlob: wrong }),
    ]
    for (const work of calls) await refused(work, 'SerializationException')
  }
})

test('none of it is in any record', () => {
  assert.ok(secrets.size > 200, `only ${secrets.size} secrets were made`)
  assert.ok(harness.auditLines.length > 300, `only ${harness.auditLines.length} records were written`)
  const log = harness.auditLines.join('\n')
  for (const [what, bytes] of secrets) {
    for (const encoding of ['latin1', 'base64', 'base64url', 'hex'] as const) {
      // Padding and the last, partly filled digit depend on what follows.
      const spelling = bytes.toString(encoding).replace(/.?=*$/, '')
      assert.ok(!log.includes(spelling), `${what} is in the audit log`)
    }
  }
})
