/** keystores.md 5.3, 5.4 and 1.4: what becomes of each failure of a proxy, in each kind of call. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, afterEach, before, test } from 'node:test'
import { KmsError } from '../../../../src/base/errors.ts'
import { ACCOUNT, userOf } from '../../../support/harness.ts'
import { errorAnswer, type Fault, type Json, type ProxyAnswer, storeOf } from '../../../support/xks-proxy.ts'
import { createHarnessWithProxy, type HarnessWithProxy } from './harness-with-proxy.ts'

let keyhold: HarnessWithProxy
let KeyId: string
let CiphertextBlob: string

before(async () => {
  keyhold = await createHarnessWithProxy()
  KeyId = (await keyhold.newKey('orders-2026')).KeyId
  ;({ CiphertextBlob } = await keyhold.call('Encrypt', { KeyId, Plaintext: Buffer.from('x') }))
})

after(() => keyhold.close())

afterEach(() => {
  keyhold.proxy.fault = undefined
  keyhold.proxy.alter = undefined
  keyhold.proxy.managers = ['ACTIVE']
})

async function codeOf(call: Promise<unknown>): Promise<{ code: string; text: string | undefined }> {
  try {
    await call
  } catch (error) {
    if (error instanceof KmsError) return { code: error.code, text: error.text }
    throw error
  }
  return { code: 'nothing', text: undefined }
}

/** The only property of which a new value is tried without another proxy. */
const update = () =>
  codeOf(
    keyhold.call('UpdateCustomKeyStore', {
      CustomKeyStoreId: keyhold.storeId,
      XksProxyAuthenticationCredential: storeOf('').XksProxyAuthenticationCredential,
    }),
  )
const createKey = () => {
  const where = { Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId: keyhold.storeId, XksKeyId: 'another' }
  return codeOf(keyhold.call('CreateKey', where))
}
const encrypt = () => codeOf(keyhold.call('Encrypt', { KeyId, Plaintext: Buffer.from('x') }))
const decrypt = () => codeOf(keyhold.call('Decrypt', { CiphertextBlob }))

/** @returns the connection error code. */
async function reconnect(): Promise<string> {
  const body = { CustomKeyStoreId: keyhold.storeId }
  await keyhold.call('DisconnectCustomKeyStore', body)
  await keyhold.settled()
  await keyhold.call('ConnectCustomKeyStore', body)
  const { ConnectionState, ConnectionErrorCode } = await keyhold.settled()
  assert.equal(ConnectionState, 'FAILED')
  // Back to how it was.
  await keyhold.call('DisconnectCustomKeyStore', body)
  await keyhold.settled()
  keyhold.proxy.fault = undefined
  keyhold.proxy.alter = undefined
  keyhold.proxy.managers = ['ACTIVE']
  await keyhold.call('ConnectCustomKeyStore', body)
  assert.equal((await keyhold.settled()).ConnectionState, 'CONNECTED')
  return ConnectionErrorCode
}

const hangUp: Fault = (_call, { request }) => {
  request.socket.destroy()
  return 'handled'
}
const answering =
  (answer: ProxyAnswer): Fault =>
  () =>
    answer

const RESPONSE = 'XksProxyInvalidResponseException'
const CONFIGURATION = 'XksProxyInvalidConfigurationException'
const UNREACHABLE = 'XksProxyUriUnreachableException'
const STATE = 'CustomKeyStoreInvalidStateException'
const KEY = 'XksKeyInvalidConfigurationException'

/** Failure, Create/UpdateCustomKeyStore, CreateKey, connection error code; cryptographic calls always fail alike. */
const ROWS: readonly (readonly [
  what: string,
  fault: Fault,
  configuring: string,
  creating: string,
  connecting: string,
])[] = [
  ['ValidationException', answering(errorAnswer('ValidationException')), RESPONSE, STATE, 'XKS_PROXY_INVALID_RESPONSE'],
  ['InternalException', answering(errorAnswer('InternalException')), RESPONSE, STATE, 'XKS_PROXY_INVALID_RESPONSE'],
  [
    'InvalidStateException',
    answering(errorAnswer('InvalidStateException')),
    RESPONSE,
    KEY,
    'XKS_PROXY_INVALID_RESPONSE',
  ],
  [
    'InvalidKeyUsageException',
    answering(errorAnswer('InvalidKeyUsageException')),
    RESPONSE,
    KEY,
    'XKS_PROXY_INVALID_RESPONSE',
  ],
  [
    'AuthenticationFailedException',
    answering(errorAnswer('AuthenticationFailedException')),
    'XksProxyIncorrectAuthenticationCredentialException',
    STATE,
    'INVALID_CREDENTIALS',
  ],
  [
    'AccessDeniedException',
    answering(errorAnswer('AccessDeniedException')),
    CONFIGURATION,
    STATE,
    'XKS_PROXY_ACCESS_DENIED',
  ],
  [
    'KeyNotFoundException',
    answering(errorAnswer('KeyNotFoundException')),
    RESPONSE,
    'XksKeyNotFoundException',
    'XKS_PROXY_INVALID_RESPONSE',
  ],
  [
    'InvalidUriPathException',
    answering(errorAnswer('InvalidUriPathException')),
    CONFIGURATION,
    STATE,
    'XKS_PROXY_INVALID_CONFIGURATION',
  ],
  [
    'UnsupportedOperationException',
    answering(errorAnswer('UnsupportedOperationException')),
    RESPONSE,
    'UnsupportedOperationException',
    'XKS_PROXY_INVALID_RESPONSE',
  ],
  ['ThrottlingException', answering(errorAnswer('ThrottlingException')), UNREACHABLE, STATE, 'XKS_PROXY_NOT_REACHABLE'],
  [
    'DependencyTimeoutException',
    answering(errorAnswer('DependencyTimeoutException')),
    UNREACHABLE,
    STATE,
    'XKS_PROXY_NOT_REACHABLE',
  ],
  [
    'an unknown error',
    answering({ status: 400, body: { errorName: 'OddException' } }),
    RESPONSE,
    STATE,
    'XKS_PROXY_INVALID_RESPONSE',
  ],
  ['503 of a gateway', answering({ status: 503, body: '<html>' }), RESPONSE, STATE, 'XKS_PROXY_INVALID_RESPONSE'],
  ['403 of a gateway', answering({ status: 403, body: '<html>' }), CONFIGURATION, STATE, 'XKS_PROXY_ACCESS_DENIED'],
  [
    '404 of a gateway',
    answering({ status: 404, body: '<html>' }),
    CONFIGURATION,
    STATE,
    'XKS_PROXY_INVALID_CONFIGURATION',
  ],
  ['a redirect', answering({ status: 302, headers: { location: '/' } }), RESPONSE, STATE, 'XKS_PROXY_INVALID_RESPONSE'],
  ['truncated JSON', answering({ body: '{"healthStatus":' }), RESPONSE, STATE, 'XKS_PROXY_INVALID_RESPONSE'],
  ['a list', answering({ body: [] }), RESPONSE, STATE, 'XKS_PROXY_INVALID_RESPONSE'],
  ['nothing in it', answering({ body: {} }), RESPONSE, STATE, 'XKS_PROXY_INVALID_RESPONSE'],
  [
    'a name twice',
    answering({ body: '{"plaintext":"AA==","plaintext":"AQ=="}' }),
    RESPONSE,
    STATE,
    'XKS_PROXY_INVALID_RESPONSE',
  ],
  [
    'an answer of a megabyte',
    answering({ body: ' '.repeat(1024 * 1024) }),
    RESPONSE,
    STATE,
    'XKS_PROXY_INVALID_RESPONSE',
  ],
  ['a connection that ends', hangUp, UNREACHABLE, STATE, 'XKS_PROXY_NOT_REACHABLE'],
]

for (const [what, fault, configuring, creating, connecting] of ROWS) {
  test(`${what}: ${configuring}, ${creating}, ${connecting}`, async () => {
    keyhold.proxy.fault = fault
    const outcomes = [await update(), await createKey(), await encrypt(), await decrypt()]
    assert.deepEqual(
      outcomes.map(({ code }) => code),
      [configuring, creating, 'KMSInvalidStateException', 'KMSInvalidStateException'],
    )
    // The same failure has the same words wherever it shows.
    assert.deepEqual(new Set(outcomes.map(({ text }) => text)).size, 1)
    assert.equal(await reconnect(), connecting)
  })
}

test('a service that calls for somebody is named to the proxy', async () => {
  const caller = { ...userOf(ACCOUNT), invokedBy: 's3.amazonaws.com' }
  await keyhold.callAs(caller, 'Encrypt', { KeyId, Plaintext: Buffer.from('x') })
  const { awsPrincipalArn, kmsViaService } = keyhold.proxy.calls.at(-1)!.body.requestMetadata
  assert.deepEqual([awsPrincipalArn, kmsViaService], [caller.arn, 's3'])
})

test('no answer in time: XksProxyUriUnreachableException, XKS_PROXY_TIMED_OUT; each call is tried twice', async () => {
  // Short for this test, long enough for a busy machine to connect.
  const impatient = await createHarnessWithProxy({ timeoutMs: 1_000 })
  try {
    const { KeyId } = await impatient.newKey('slow')
    const { proxy, storeId } = impatient
    proxy.fault = () => new Promise(() => {})
    const before = proxy.calls.length
    const body = { CustomKeyStoreId: storeId }
    const { XksProxyAuthenticationCredential } = storeOf('')
    const codes = await Promise.all([
      codeOf(impatient.call('Encrypt', { KeyId, Plaintext: Buffer.from('x') })),
      codeOf(impatient.call('UpdateCustomKeyStore', { ...body, XksProxyAuthenticationCredential })),
      codeOf(impatient.call('CreateKey', { Origin: 'EXTERNAL_KEY_STORE', ...body, XksKeyId: 'another' })),
    ])
    assert.deepEqual(
      codes.map(({ code }) => code),
      ['KMSInvalidStateException', UNREACHABLE, STATE],
    )
    assert.equal(proxy.calls.length - before, 6)
    await impatient.call('DisconnectCustomKeyStore', body)
    await impatient.settled()
    await impatient.call('ConnectCustomKeyStore', body)
    assert.equal((await impatient.settled()).ConnectionErrorCode, 'XKS_PROXY_TIMED_OUT')
  } finally {
    await impatient.close()
  }
})

test('what a proxy cannot decrypt is no fault of the caller', async () => {
  keyhold.proxy.fault = answering(errorAnswer('InvalidCiphertextException'))
  assert.equal((await decrypt()).code, 'KMSInvalidStateException')
})

test('another encryption context does not open a ciphertext', async () => {
  const EncryptionContext = { a: '1' }
  const made = await keyhold.call('Encrypt', { KeyId, Plaintext: Buffer.from('x'), EncryptionContext })
  const wrong = { CiphertextBlob: made.CiphertextBlob, EncryptionContext: { a: '2' } }
  assert.equal((await codeOf(keyhold.call('Decrypt', wrong))).code, 'KMSInvalidStateException')
  const right = await keyhold.call('Decrypt', { CiphertextBlob: made.CiphertextBlob, EncryptionContext })
  assert.equal(Buffer.from(right.Plaintext, 'base64').toString(), 'x')
})

test('all managers unavailable: not reachable; one that is left is enough', async () => {
  keyhold.proxy.managers = ['UNAVAILABLE', 'UNAVAILABLE']
  assert.equal((await update()).code, UNREACHABLE)
  assert.equal(await reconnect(), 'XKS_PROXY_NOT_REACHABLE')
  keyhold.proxy.managers = ['UNAVAILABLE', 'DEGRADED']
  assert.equal((await update()).code, 'nothing')
})

const base64 = (bytes: number, fill = 0) => Buffer.alloc(bytes, fill).toString('base64')

/** 5.3: what an answer to an encryption must not be. */
const WRONG_ENCRYPTIONS: Readonly<Record<string, (answer: Json) => Json>> = {
  'a short ciphertext': (answer) => ({ ...answer, ciphertext: base64(116) }),
  'a long ciphertext': (answer) => ({ ...answer, ciphertext: base64(118) }),
  'an IV of 13 bytes': (answer) => ({ ...answer, initializationVector: base64(13) }),
  'no IV': ({ initializationVector: _, ...answer }) => answer,
  'a tag of 12 bytes': (answer) => ({ ...answer, authenticationTag: base64(12) }),
  'another tag': (answer) => ({ ...answer, authenticationTag: base64(16) }),
  'metadata of 21 bytes': (answer) => ({ ...answer, ciphertextMetadata: base64(21) }),
  'other metadata': (answer) => ({ ...answer, ciphertextMetadata: base64(3) }),
  'no integrity value': ({ ciphertextDataIntegrityValue: _, ...answer }) => answer,
  'another integrity value': (answer) => ({ ...answer, ciphertextDataIntegrityValue: base64(32, 1) }),
  'base64 without padding': (answer) => ({ ...answer, authenticationTag: answer.authenticationTag.replace(/=+$/, '') }),
  'a number for a text': (answer) => ({ ...answer, ciphertext: 7 }),
}

for (const [what, alter] of Object.entries(WRONG_ENCRYPTIONS)) {
  test(`an encryption with ${what} is not believed`, async () => {
    keyhold.proxy.alter = alter
    const { code, text } = await encrypt()
    assert.equal(code, 'KMSInvalidStateException')
    assert.match(text!, /cannot be interpreted/)
  })
}

/** With an integrity value that fits whatever else is in it. */
function withIntegrity(answer: Json, aad: string): Json {
  const hash = createHash('sha256')
  const { ciphertextMetadata = '', initializationVector, ciphertext, authenticationTag } = answer
  for (const part of [aad, ciphertextMetadata, initializationVector, ciphertext, authenticationTag]) {
    hash.update(Buffer.from(part, 'base64'))
  }
  return { ...answer, ciphertextDataIntegrityValue: hash.digest('base64') }
}

/** What was sent has 117 bytes. */
const WRONG_LENGTHS = {
  ciphertext: [0, 116, 118],
  initializationVector: [0, 11, 13, 15, 17],
  authenticationTag: [12, 15, 17],
  ciphertextMetadata: [21],
}

for (const [member, lengths] of Object.entries(WRONG_LENGTHS)) {
  test(`an encryption with ${member} of a wrong length is not believed, even if its integrity value fits`, async () => {
    for (const length of lengths) {
      keyhold.proxy.alter = (answer, { body }) =>
        withIntegrity({ ...answer, [member]: base64(length) }, body.additionalAuthenticatedData)
      const { code, text } = await encrypt()
      assert.equal(code, 'KMSInvalidStateException', String(length))
      assert.match(text!, /cannot be interpreted/)
    }
  })
}

// keystores.md 3.5.
test('a health answer without all that it must have is not believed', async () => {
  const manager = { id: 'm', model: 'one', healthStatus: 'ACTIVE' }
  const without = (answer: Json, name: string): Json => ({ ...answer, [name]: undefined })
  const fleets = [[], Array(11).fill(manager), [null], [{ ...manager, healthStatus: 'WELL' }]]
  const partial = Object.keys(manager).map((name) => [without(manager, name)])
  const members = ['xksProxyFleetSize', 'xksProxyVendor', 'xksProxyModel', 'ekmVendor', 'ekmFleetDetails']
  const alterations: ((answer: Json) => Json)[] = [
    ...members.map((name) => (answer: Json) => without(answer, name)),
    ...[0, -1, 1.5, '2'].map((xksProxyFleetSize) => (answer: Json) => ({ ...answer, xksProxyFleetSize })),
    ...[...fleets, ...partial].map((ekmFleetDetails) => (answer: Json) => ({ ...answer, ekmFleetDetails })),
  ]
  for (const [index, alter] of alterations.entries()) {
    keyhold.proxy.alter = alter
    assert.equal((await update()).code, RESPONSE, String(index))
  }
})

test('a key whose usages are more than ten is not believed', async () => {
  keyhold.proxy.addKey('of-many-uses', { usage: ['ENCRYPT', 'DECRYPT', ...Array(9).fill('SIGN')] })
  const where = { Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId: keyhold.storeId, XksKeyId: 'of-many-uses' }
  assert.equal((await codeOf(keyhold.call('CreateKey', where))).code, STATE)
})

test('a decryption of another length, or to something that was never sealed here, is not believed', async () => {
  for (const plaintext of [base64(116), base64(118), base64(117)]) {
    keyhold.proxy.alter = (answer) => ({ ...answer, plaintext })
    assert.equal((await decrypt()).code, 'KMSInvalidStateException')
  }
})

test('a decryption to the inner ciphertext of another key is refused as the proxy’s fault (KS-5)', async () => {
  const other = (await keyhold.newKey('other-inner')).KeyId
  let stolen = ''
  keyhold.proxy.fault = (call) => {
    stolen = call.body.plaintext
    return undefined
  }
  await keyhold.call('Encrypt', { KeyId: other, Plaintext: Buffer.from('y') })
  keyhold.proxy.fault = undefined
  keyhold.proxy.alter = (answer) => ({ ...answer, plaintext: stolen })
  assert.equal((await decrypt()).code, 'KMSInvalidStateException')
})

test('a flipped bit anywhere in a ciphertext fails', async () => {
  const blob = Buffer.from(CiphertextBlob, 'base64')
  for (let at = 0; at < blob.length; at++) {
    const flipped = Buffer.from(blob)
    flipped[at]! ^= 1
    const { code } = await codeOf(keyhold.call('Decrypt', { CiphertextBlob: flipped }))
    const expected = at < 8 || at === 40 || at === 41 ? ['InvalidCiphertextException'] : FORGED
    assert.ok(expected.includes(code), `byte ${at}: ${code}`)
  }
})

/** What the proxy refuses; and what names no key of ours is a key that the caller has no access to. */
const FORGED = ['KMSInvalidStateException', 'AccessDeniedException', 'InvalidCiphertextException']

test('external keys that cannot be used', async () => {
  const { proxy, storeId } = keyhold
  const create = (XksKeyId: string) =>
    codeOf(keyhold.call('CreateKey', { Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId: storeId, XksKeyId }))
  proxy.addKey('spec', { spec: 'AES_128' })
  proxy.addKey('usage', { usage: ['ENCRYPT'] })
  proxy.addKey('disabled', { status: 'DISABLED' })
  for (const name of ['spec', 'usage', 'disabled']) assert.equal((await create(name)).code, KEY, name)
  assert.match((await create('disabled')).text!, /must be ENABLED.*is DISABLED/)
  assert.equal((await create('nowhere')).code, 'XksKeyNotFoundException')
  const before = proxy.calls.length
  assert.equal((await create('orders-2026')).code, 'XksKeyAlreadyInUseException')
  // No names of keys, but of folders: they are not even asked for.
  assert.equal((await create('..')).code, 'XksKeyNotFoundException')
  assert.equal((await create('.')).code, 'XksKeyNotFoundException')
  assert.equal(proxy.calls.length, before)
  assert.equal((await create('a/b')).code, 'ValidationException')
})

test('a key that the manager disables later: its state stays, calls fail and say why', async () => {
  const { KeyId: other } = await keyhold.newKey('disabled-later')
  keyhold.proxy.keys.get('disabled-later')!.status = 'DISABLED'
  const outcome = await codeOf(keyhold.call('Encrypt', { KeyId: other, Plaintext: Buffer.from('x') }))
  assert.equal(outcome.code, 'KMSInvalidStateException')
  assert.match(outcome.text!, /disabled or blocked/)
  assert.equal((await keyhold.call('DescribeKey', { KeyId: other })).KeyMetadata.KeyState, 'Enabled')
})
