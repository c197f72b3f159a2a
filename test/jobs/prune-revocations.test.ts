/** A revoked session stays revoked for as long as it could have lasted, and its entry goes by itself (authorization.md 6.7). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SESSION_REVOCATION_MS } from '../../src/base/limits.ts'
import { ACCOUNT, createHarness } from '../support/harness.ts'

/** STS: GetSessionToken, DurationSeconds at most 129,600. */
const LONGEST_SESSION_MS = 129_600_000
const MINUTE_MS = 60_000

test('the entry of a revoked session goes after the longest session, not before', async () => {
  const harness = await createHarness()
  const accessKeyId = 'ASIAREVOKED'
  const revokedAt = harness.clock.now()
  await harness.store.change((change) =>
    change.revokeSession({ accessKeyId, account: ACCOUNT, revokedAt, expiresAt: revokedAt + SESSION_REVOCATION_MS }),
  )
  await harness.service.jobs.runAll()
  harness.clock.advance(LONGEST_SESSION_MS)
  await harness.service.jobs.runAll()
  assert.equal(await harness.store.isSessionRevoked(accessKeyId), true)
  harness.clock.advance(20 * MINUTE_MS)
  await harness.service.jobs.runAll()
  assert.equal(await harness.store.isSessionRevoked(accessKeyId), false)
  await harness.close()
})
