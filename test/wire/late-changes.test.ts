/** A process that did not run for a while looks what others have changed before it answers (design.md section 3). */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Change } from '../../src/domain/store.ts'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'
import { ACCESS_KEY_ID, HOST, signedRequest } from '../auth/signer.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'
import { createTestClock } from '../support/test-clock.ts'
import { startTestServer } from '../support/test-server.ts'
import { exchange, requestBytes } from './raw-client.ts'

/** A server that sleeps after its first answer, while `change` is made by another process. @returns both its answers. */
async function sleepingDuring(t: TestContext, sleepMs: number, change: (change: Change) => Promise<void>) {
  const folder = temporaryFolder('late')
  const storePath = join(folder.path, 'a.db')
  const server = await startTestServer({ storePath })
  const other = await openSqliteStore({ path: storePath, node: 'other', clock: createTestClock(0) })
  t.after(async () => {
    await other.close()
    await server.stop()
    folder.remove()
  })
  const headers = { host: HOST, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'TrentService.ListKeys' }
  const kms = await signedRequest({ date: new Date() }, { headers })
  const url = '/?Action=GetCallerIdentity&Version=2011-06-15'
  const sts = await signedRequest({ date: new Date(), service: 'sts' }, { method: 'GET', url, headers: { host: HOST } })
  const answersOf = async () => {
    const requests = [requestBytes(kms), requestBytes(sts)]
    const { answers } = await exchange(server.port, Buffer.concat(requests), { answers: requests.length })
    return answers.map(({ status, body }) => `${status} ${/\w+(?=<\/Code>)|\w+(?=","message")/.exec(body)?.[0] ?? ''}`)
  }
  const before = await answersOf()
  // Its timer has no time to come by: the clock stands still, and then it is later.
  let now = performance.now()
  t.mock.method(performance, 'now', () => now)
  await other.change(change)
  now += sleepMs
  return { before, after: await answersOf() }
}

for (const sleepMs of [1_500, 60_000]) {
  test(`an access key that was made inactive within ${sleepMs} ms of sleep is not known afterwards`, async (t) => {
    const { before, after } = await sleepingDuring(t, sleepMs, async (change) => {
      const { accessKey } = (await change.findCredential(ACCESS_KEY_ID))!
      await change.updateAccessKey({ ...accessKey, active: false })
    })
    assert.deepEqual(before, ['200 ', '200 '])
    assert.deepEqual(after, ['400 UnrecognizedClientException', '403 InvalidClientTokenId'])
  })
}
