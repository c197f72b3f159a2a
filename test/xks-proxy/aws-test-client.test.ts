/**
 * What AWS's test client of external key store proxies checks (keystores.md 7.2), call by call: with curl, which it uses, and with AWS's
 * library for signatures.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import {
  type Answered,
  base64,
  curlClient,
  externalKey,
  integrityValue,
  requestMetadata,
  type SentCall,
  smithyClient,
  startXksServer,
  TENANT_A,
  whyNoCurl,
  type XksClient,
  type XksServer,
} from '../support/xks-server.ts'

const PATH = '/tenant-a/kms/xks/v1'
const WRONG_ID = { ...TENANT_A, accessKeyId: `Invalid${TENANT_A.accessKeyId}` }
const WRONG_SECRET = { ...TENANT_A, secretAccessKey: `Invalid${TENANT_A.secretAccessKey}` }
const WRONG_PREFIX = '/tenant-a/invalid/kms/xks/v1'
const AAD = base64('project=nile,department=marketing')

let xks: XksServer

before(async () => {
  xks = await startXksServer({
    keys: [
      externalKey('foo', 1),
      externalKey('encrypt_only_key', 2, { usages: ['ENCRYPT'] }),
      externalKey('decrypt_only_key', 3, { usages: ['DECRYPT'] }),
      externalKey('impotent_key', 4, { usages: [] }),
    ],
  })
})

after(() => xks?.stop())

const whyNot = await whyNoCurl()
if (whyNot !== undefined) console.log(`curl is left out: ${whyNot}`)

const clients: readonly { name: string; of(base: string): XksClient; skip: string | false }[] = [
  { name: 'curl', of: (base) => curlClient(base), skip: whyNot ?? false },
  { name: '@smithy/signature-v4', of: (base) => smithyClient(base), skip: false },
]

for (const { name, of, skip } of clients) {
  describe(`with ${name}`, { skip }, () => {
    const send = (call: SentCall) => of(`http://127.0.0.1:${xks.port}`).call(call)
    const on = (key: string, operation: string, body: object, more: Partial<SentCall> = {}) =>
      send({ path: `${PATH}/keys/${key}/${operation}`, body, ...more })

    /** The word anywhere in the answer, with the quotes directly behind the name: so the test client looks for it. */
    function has(answer: Answered, word: string): void {
      assert.ok(answer.text.includes(word), `expected ${word}, got ${answer.status} ${answer.text}`)
      assert.ok(!answer.text.includes('\n'), 'one line')
    }

    const health = { requestMetadata: { kmsRequestId: 'r-1', kmsOperation: 'KmsHealthCheck' } }

    test('H1 to H6: health', async () => {
      const path = `${PATH}/health`
      has(await send({ path, body: health }), '"healthStatus":')
      has(await send({ path, body: {} }), 'ValidationException')
      has(await send({ path, body: { requestMetadata: {} } }), 'ValidationException')
      has(await send({ path, body: health, credential: WRONG_ID }), 'AuthenticationFailedException')
      has(await send({ path, body: health, credential: WRONG_SECRET }), 'AuthenticationFailedException')
      has(await send({ path: `${WRONG_PREFIX}/health`, body: health }), 'InvalidUriPathException')
    })

    test('M1 to M8: metadata', async () => {
      const body = { requestMetadata: requestMetadata('DescribeKey') }
      has(await on('foo', 'metadata', body), '"keyStatus":')
      has(await on('foo', 'metadata', { requestMetadata: requestMetadata('CreateKey') }), '"keyStatus":')
      has(await on('foo', 'metadata', {}), 'ValidationException')
      has(await on('foo', 'metadata', { requestMetadata: {} }), 'ValidationException')
      has(await on('non_existing_key', 'metadata', body), 'KeyNotFoundException')
      has(await on('foo', 'metadata', body, { credential: WRONG_ID }), 'AuthenticationFailedException')
      has(await on('foo', 'metadata', body, { credential: WRONG_SECRET }), 'AuthenticationFailedException')
      has(await send({ path: `${WRONG_PREFIX}/keys/foo/metadata`, body }), 'InvalidUriPathException')
    })

    const encryption = (more: object = {}) => ({
      requestMetadata: requestMetadata('Encrypt'),
      plaintext: base64('hello world'),
      encryptionAlgorithm: 'AES_GCM',
      ...more,
    })
    const decryption = (encrypted: Answered, more: object = {}) => {
      const { ciphertextDataIntegrityValue: _, ...sealed } = encrypted.json
      return { requestMetadata: requestMetadata('Decrypt'), encryptionAlgorithm: 'AES_GCM', ...sealed, ...more }
    }
    const withAad = { additionalAuthenticatedData: AAD }
    const withCdiv = { ciphertextDataIntegrityValueAlgorithm: 'SHA_256' }

    async function encrypt(more: object = {}, key = 'foo'): Promise<Answered> {
      const answer = await on(key, 'encrypt', encryption(more))
      has(answer, '"ciphertext":')
      return answer
    }

    async function opens(encrypted: Answered, more: object = {}, plaintext = base64('hello world')): Promise<void> {
      const answer = await on('foo', 'decrypt', decryption(encrypted, more))
      has(answer, '"plaintext":')
      assert.deepEqual(answer.json, { plaintext })
    }

    test('E1 to E5: what Encrypt refuses', async () => {
      has(await on('non_existing_key', 'encrypt', encryption()), 'KeyNotFoundException')
      has(await on('foo', 'encrypt', encryption({ plaintext: undefined })), 'ValidationException')
      has(await on('foo', 'encrypt', encryption(), { credential: WRONG_ID }), 'AuthenticationFailedException')
      has(await on('foo', 'encrypt', encryption(), { credential: WRONG_SECRET }), 'AuthenticationFailedException')
      has(await send({ path: `${WRONG_PREFIX}/keys/foo/encrypt`, body: encryption() }), 'InvalidUriPathException')
    })

    test('E6 to E11: without its authenticated data, or with other, nothing opens', async () => {
      for (const other of [{}, {}, { additionalAuthenticatedData: base64('project=amazon') }]) {
        const encrypted = await encrypt(withAad)
        has(await on('foo', 'decrypt', decryption(encrypted, other)), 'InvalidCiphertextException')
      }
    })

    test('E12 to E15: there and back, without and with authenticated data', async () => {
      await opens(await encrypt())
      await opens(await encrypt(withAad), withAad)
    })

    test('E16 to E19: with a data integrity value, which the client computes again', async () => {
      for (const aad of [withAad, {}]) {
        const encrypted = await encrypt({ ...aad, ...withCdiv })
        has(encrypted, '"ciphertextDataIntegrityValue":')
        const expected = integrityValue('additionalAuthenticatedData' in aad ? AAD : '', encrypted.json)
        assert.equal(encrypted.json.ciphertextDataIntegrityValue, expected)
        await opens(encrypted, aad)
      }
    })

    test('E20 and E21: the longest plaintext with the longest authenticated data', async () => {
      const plaintext = base64(randomBytes(4096))
      const aad = { additionalAuthenticatedData: base64(randomBytes(8192)) }
      await opens(await encrypt({ plaintext, ...aad }), aad, plaintext)
    })

    test('K1 to K6: a key that only encrypts', async () => {
      const key = 'encrypt_only_key'
      for (const aad of [{}, withAad]) {
        const encrypted = await encrypt(aad, key)
        has(await on(key, 'decrypt', decryption(encrypted, aad)), 'InvalidKeyUsageException')
        has(await on(key, 'encrypt', encryption({ ...aad, ...withCdiv })), 'InvalidKeyUsageException')
      }
    })

    for (const [checks, key] of [
      ['D1 to D4: a key that only decrypts', 'decrypt_only_key'],
      ['I1 to I4: a key without usage', 'impotent_key'],
    ] as const) {
      test(checks, async () => {
        for (const more of [withAad, {}, { ...withAad, ...withCdiv }, withCdiv]) {
          has(await on(key, 'encrypt', encryption(more)), 'InvalidKeyUsageException')
        }
      })
    }
  })
}
