/** Refused calls between memory and store (lifecycle.md DEL-30). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { createDeletionAlarms, type RefusedCalls } from '../../src/domain/deletion-alarms.ts'
import { exampleKey, NOW } from '../contract/store/examples.ts'

const PRINCIPAL = 'arn:aws:iam::111122223333:user/alice'
const callAt = (time: number) => ({
  ...{ operation: 'Sign', time, eventId: `event ${time}`, requestId: `request ${time}` },
  ...{ principal: PRINCIPAL, sourceIp: '192.0.2.7' },
})

/** Fails as long as `fails`. */
function createRecorder() {
  const recorder = {
    fails: false,
    saved: [] as RefusedCalls[],
    async addRefusedCalls(calls: readonly RefusedCalls[]) {
      await undefined
      if (recorder.fails) throw new Error('no store')
      recorder.saved.push(...calls)
    },
  }
  return recorder
}

test('calls of one key are saved as one sum', async () => {
  const recorder = createRecorder()
  const alarms = createDeletionAlarms(recorder, silentLog)
  const [key, other] = [exampleKey(), exampleKey()]
  for (const time of [NOW, NOW + 1, NOW + 2]) alarms.note(key, callAt(time))
  alarms.note(other, callAt(NOW))
  await alarms.stop()
  const summary = recorder.saved.map(({ keyId, count, firstAt, last }) => [keyId, count, firstAt, last.time])
  assert.deepEqual(summary, [
    [key.keyId, 3, NOW, NOW + 2],
    [other.keyId, 1, NOW, NOW],
  ])
})

test('what a store could not take is counted once it can, with what came meanwhile', async () => {
  const recorder = createRecorder()
  const alarms = createDeletionAlarms(recorder, silentLog)
  const key = exampleKey()
  alarms.note(key, callAt(NOW))
  recorder.fails = true
  const failing = alarms.save()
  alarms.note(key, callAt(NOW + 1))
  await failing
  recorder.fails = false
  await alarms.stop()
  const [only, ...rest] = recorder.saved
  assert.deepEqual([only!.count, only!.firstAt, only!.last, rest], [2, NOW, callAt(NOW + 1), []])
})
