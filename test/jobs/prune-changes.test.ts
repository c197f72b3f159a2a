/** The changes table does not grow without end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHarness } from '../support/harness.ts'

const HOUR_MS = 3_600_000

test('changes are forgotten an hour after they were made, and not before', async () => {
  const harness = await createHarness()
  const start = await harness.store.changesPosition()
  await harness.call('CreateKey')
  await harness.service.jobs.runAll()
  harness.clock.advance(HOUR_MS / 2)
  await harness.service.jobs.runAll()
  assert.notEqual((await harness.store.changesAfter(start)).notices, undefined)
  // The eraser, the rotation and the pruning look at the same clock; a change after the pruning shows what is left.
  harness.clock.advance(HOUR_MS)
  await harness.service.jobs.runAll()
  await harness.call('CreateKey')
  const { notices } = await harness.store.changesAfter(start)
  assert.equal(notices, undefined, 'a node that is still at the start must trust nothing')
  await harness.close()
})
