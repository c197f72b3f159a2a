/** A server that is asked to stop while the AWS SDK calls it on connections that it keeps: no call that reached it fails. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { CreateKeyCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { readCredentials, startKeyholdProcess, temporaryFolder } from '../support/keyhold-process.ts'

const CALLERS = 12
const STOPS = 2

for (const workers of ['1', '2']) {
  test(`stopped under load with ${workers} workers, every call that reached the server is answered`, async (t) => {
    for (let stop = 0; stop < STOPS; stop++) {
      const folder = temporaryFolder('stop')
      t.after(() => folder.remove())
      const data = join(folder.path, 'data')
      const keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', workers, '--data', data])
      t.after(() => keyhold.end('SIGKILL'))
      const credentials = readCredentials(data)
      const client = new KMSClient({ endpoint: keyhold.endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 })
      const { KeyMetadata } = await client.send(new CreateKeyCommand({}))
      const call = new EncryptCommand({ KeyId: KeyMetadata!.KeyId, Plaintext: Buffer.from('text') })
      let answered = 0
      const failures: string[] = []

      /** Until nobody listens any more. */
      async function callOn(thinkMs: number): Promise<void> {
        for (;;) {
          try {
            await client.send(call)
            answered++
          } catch (error) {
            const { code, message } = error as NodeJS.ErrnoException
            if (code !== 'ECONNREFUSED') failures.push(`${code} ${message}`)
            return
          }
          if (thinkMs > 0) await pause(thinkMs)
        }
      }

      const callers = Array.from({ length: CALLERS }, (_, number) => callOn(number % 3 === 0 ? number : 0))
      await pause(300)
      const startedAt = performance.now()
      assert.equal(await keyhold.end(), 0)
      assert.ok(performance.now() - startedAt < 5_000)
      await Promise.all(callers)
      client.destroy()
      assert.deepEqual(failures, [])
      assert.ok(answered >= CALLERS)
    }
  })
}
