/** When the keys of identity providers are fetched (authorization.md 6.5, 5). */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { exportJWK, type JWK } from 'jose'
import { KmsError } from '../../../src/base/errors.ts'
import { silentLog } from '../../../src/base/log.ts'
import { createProviderKeys } from '../../../src/domain/identity/provider-keys.ts'

const ISSUER = 'https://id.example'
const MINUTE = 60_000
const HOUR = 60 * MINUTE

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const jwk = await exportJWK(publicKey)

function setUp() {
  let now = 1_000_000
  const requests: string[] = []
  const state = { kids: ['a'], maxAgeMs: undefined as number | undefined, isDown: false }
  const keys = createProviderKeys({
    async fetchDocument(url) {
      requests.push(url)
      if (state.isDown) throw new Error('no answer')
      const published: JWK[] = state.kids.map((kid) => ({ ...jwk, kid, alg: 'ES256' }))
      const document = url.endsWith('/keys') ? { keys: published } : { issuer: ISSUER, jwks_uri: `${ISSUER}/keys` }
      return { text: JSON.stringify(document), maxAgeMs: state.maxAgeMs }
    },
    providers: [],
    monotonic: () => now,
    log: silentLog,
  })
  const find = (kid: string) => keys.find(ISSUER, { alg: 'ES256', kid }, { payload: '', signature: '' })
  /** How many fetches of the keys it took. */
  const fetches = () => requests.filter((url) => url.endsWith('/keys')).length
  const advance = (ms: number) => {
    now += ms
  }
  return { state, find, fetches, advance, requests }
}

async function codeOf(found: Promise<unknown>): Promise<string> {
  try {
    await found
  } catch (error) {
    assert.ok(error instanceof KmsError, String(error))
    return error.code
  }
  return 'found'
}

test('discovery says where the keys are', async () => {
  const { find, requests } = setUp()
  await find('a')
  assert.deepEqual(requests, [`${ISSUER}/.well-known/openid-configuration`, `${ISSUER}/keys`])
})

test('keys are kept for as long as their server says, but never under 5 minutes or over 24 hours', async () => {
  const cases: readonly (readonly [saysMs: number | undefined, keptMs: number])[] = [
    [undefined, 5 * MINUTE],
    [0, 5 * MINUTE],
    [HOUR, HOUR],
    [1_000 * HOUR, 24 * HOUR],
  ]
  for (const [maxAgeMs, keptMs] of cases) {
    const { state, find, fetches, advance } = setUp()
    state.maxAgeMs = maxAgeMs
    await find('a')
    advance(keptMs - 1)
    await find('a')
    assert.equal(fetches(), 1, `${maxAgeMs}`)
    advance(1)
    await find('a')
    assert.equal(fetches(), 2, `${maxAgeMs}`)
  }
})

test('an unknown key is asked for once, and then not again for 10 seconds', async () => {
  const { state, find, fetches, advance } = setUp()
  state.maxAgeMs = 24 * HOUR
  await find('a')
  state.kids = ['a', 'b']
  assert.equal(await codeOf(find('b')), 'InvalidIdentityToken')
  assert.equal(fetches(), 1)
  advance(10_000)
  await find('b')
  assert.equal(fetches(), 2)
  for (let count = 0; count < 20; count++) assert.equal(await codeOf(find(`made-up-${count}`)), 'InvalidIdentityToken')
  assert.equal(fetches(), 2)
})

test('a key that the provider took back is gone when its keys are fetched again', async () => {
  const { state, find, advance } = setUp()
  await find('a')
  state.kids = ['b']
  await find('a')
  advance(5 * MINUTE)
  assert.equal(await codeOf(find('a')), 'InvalidIdentityToken')
})

test('requests that come together fetch once', async () => {
  const { find, fetches } = setUp()
  await Promise.all([find('a'), find('a'), find('a')])
  assert.equal(fetches(), 1)
})

test('a provider that does not answer is asked again after 10 seconds, not before', async () => {
  const { state, find, requests, advance } = setUp()
  state.isDown = true
  assert.equal(await codeOf(find('a')), 'IDPCommunicationError')
  state.isDown = false
  assert.equal(await codeOf(find('a')), 'IDPCommunicationError')
  assert.equal(requests.length, 1)
  advance(10_000)
  assert.equal(await codeOf(find('a')), 'found')
})
