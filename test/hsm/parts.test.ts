/** Parts of the HSM backend that need no HSM: its sessions, its errors, its passwords. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { KmsError } from '../../src/base/errors.ts'
import { silentLog } from '../../src/base/log.ts'
import { createRandomSource } from '../../src/crypto/random.ts'
import type { ConnectionError } from '../../src/domain/key-stores/key-store-backend.ts'
import { callFailure, connectionError } from '../../src/hsm/failures.ts'
import { checkToken } from '../../src/hsm/login.ts'
import { HsmError } from '../../src/hsm/messages.ts'
import { newPassword } from '../../src/hsm/new-password.ts'
import { createSessionPool } from '../../src/hsm/session-pool.ts'
import { exampleHsmStore } from '../support/key-stores.ts'

describe('the session pool', () => {
  test('a session does one thing at a time, and waiting calls come in order', async () => {
    const pool = createSessionPool(['a', 'b'])
    const order: string[] = []
    const inUse = new Set<string>()
    const work = (name: string) =>
      pool.use(async (session) => {
        assert.ok(!inUse.has(session))
        inUse.add(session)
        await new Promise((resolve) => setTimeout(resolve, 10))
        inUse.delete(session)
        order.push(name)
      })
    await Promise.all(['1', '2', '3', '4', '5', '6'].map(work))
    assert.deepEqual(order, ['1', '2', '3', '4', '5', '6'])
  })

  test('who gets none within 200 ms is told so; a failure gives the session back', async () => {
    const pool = createSessionPool(['only'])
    let release = () => {}
    const holding = pool.use(() => new Promise<void>((resolve) => (release = resolve)))
    const startedAt = performance.now()
    await assert.rejects(
      pool.use(() => {}),
      { code: 'NO_FREE_SESSION' },
    )
    const waitedMs = performance.now() - startedAt
    assert.ok(waitedMs >= 190, `${waitedMs} ms`)
    release()
    await holding
    await assert.rejects(
      pool.use(() => Promise.reject(new Error('failed'))),
      /failed/,
    )
    assert.equal(await pool.use((session) => session), 'only')
  })
})

/** keystores.md 1.4. */
const CONNECTION_CODES: Readonly<Record<string, string>> = {
  CKR_PIN_INCORRECT: 'INVALID_CREDENTIALS',
  CKR_PIN_EXPIRED: 'INVALID_CREDENTIALS',
  CKR_PIN_LOCKED: 'USER_LOCKED_OUT',
  CKR_USER_PIN_NOT_INITIALIZED: 'USER_NOT_FOUND',
  CKR_USER_ALREADY_LOGGED_IN: 'USER_LOGGED_IN',
  CKR_USER_ANOTHER_ALREADY_LOGGED_IN: 'USER_LOGGED_IN',
  CKR_SESSION_COUNT: 'USER_LOGGED_IN',
  CKR_DEVICE_ERROR: 'NETWORK_ERRORS',
  CKR_DEVICE_REMOVED: 'NETWORK_ERRORS',
  CKR_FUNCTION_REJECTED: 'INTERNAL_ERROR',
  BUG: 'INTERNAL_ERROR',
}

test('what a token answers to a login becomes the connection error of keystores.md 1.4', () => {
  for (const [code, expected] of Object.entries(CONNECTION_CODES)) {
    assert.equal(connectionError(new HsmError(code)).code, expected, code)
  }
  assert.equal(connectionError(new Error('anything')).code, 'INTERNAL_ERROR')
})

/** keystores.md 2.7: KMSInvalidStateException, but for what SDKs shall try again. */
const CALL_CODES: Readonly<Record<string, string>> = {
  CKR_DEVICE_ERROR: 'KMSInvalidStateException',
  CKR_DEVICE_REMOVED: 'KMSInvalidStateException',
  CKR_TOKEN_NOT_PRESENT: 'KMSInvalidStateException',
  CKR_USER_NOT_LOGGED_IN: 'KMSInvalidStateException',
  CKR_KEY_FUNCTION_NOT_PERMITTED: 'KMSInvalidStateException',
  KEY_MISSING: 'KMSInvalidStateException',
  KEY_AMBIGUOUS: 'KMSInvalidStateException',
  TIMED_OUT: 'KMSInvalidStateException',
  CKR_SESSION_COUNT: 'KMSInternalException',
  CKR_HOST_MEMORY: 'KMSInternalException',
  NO_FREE_SESSION: 'KMSInternalException',
  CRASHED: 'KMSInternalException',
  // HK-2
  KEY_EXPOSED: 'KMSInternalException',
}

test('what fails below a call becomes the exception of keystores.md 2.7, and is logged with its cause', () => {
  for (const [code, expected] of Object.entries(CALL_CODES)) {
    const logged: unknown[] = []
    const log = { ...silentLog, error: (fields: object) => logged.push(fields) }
    const failure = callFailure(new HsmError(code), exampleHsmStore(), log)
    assert.ok(failure instanceof KmsError)
    assert.equal(failure.code, expected, code)
    assert.equal(failure.text !== undefined, expected === 'KMSInvalidStateException', code)
    assert.equal((logged[0] as { code: string }).code, code)
  }
})

test('a token is looked at before a login is tried, and the last attempt is not spent on a password that was wrong', () => {
  const good = {
    ...{ label: 'vault', serial: '1', manufacturer: 'somebody', isInitialized: true, hasUserPin: true },
    ...{ isPinLocked: false, isFinalTry: false, hasGcm: true, canDerive: true },
  }
  const untried = { isSecretRefused: false }
  const refused = { isSecretRefused: true }
  for (const store of [untried, refused]) checkToken(good, store)
  // HU-3: only a password that nobody has changed since.
  checkToken({ ...good, isFinalTry: true }, untried)
  const codeOf = (facts: object, store = untried) => {
    try {
      checkToken({ ...good, ...facts }, store)
    } catch (error) {
      return (error as ConnectionError).code
    }
    return 'accepted'
  }
  assert.equal(codeOf({ isFinalTry: true }, refused), 'INVALID_CREDENTIALS')
  assert.equal(codeOf({ isPinLocked: true }), 'USER_LOCKED_OUT')
  assert.equal(codeOf({ hasUserPin: false }), 'USER_NOT_FOUND')
  assert.equal(codeOf({ hasGcm: false }), 'INTERNAL_ERROR')
  // It then has keys of suite 0x02.
  assert.equal(codeOf({ canDerive: false }), 'accepted')
})

test('a new password has 32 letters and digits, all of them equally likely', () => {
  const random = createRandomSource()
  const counts = new Map<string, number>()
  for (let count = 0; count < 2_000; count++) {
    const password = newPassword(random)
    assert.match(password, /^[A-Za-z0-9]{32}$/)
    for (const character of password) counts.set(character, (counts.get(character) ?? 0) + 1)
  }
  assert.equal(counts.size, 62)
  // 64,000 draws: 1032 of each, with a standard deviation of 32; eight of them are beyond all chance.
  for (const [character, count] of counts) assert.ok(Math.abs(count - 1032) < 256, `${character} ${count}`)
})
