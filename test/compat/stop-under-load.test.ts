/** A server that is asked to stop while the AWS SDK calls it on connections that it keeps: no call that reached it fails. */
import assert from 'node:assert/strict'
import { Agent, type ClientRequest } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { CreateKeyCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { readCredentials, startKeyholdProcess, temporaryFolder } from '../support/keyhold-process.ts'

const CALLERS = 12
const STOPS = 2
/** docs/operating.md: for how long a stop keeps a connection on which nothing comes. */
const KEPT_MS = 200

/** Tells which requests went over a connection that had been quiet for longer than a stop waits: those are promised nothing. */
class ObservedAgent extends Agent {
  readonly #lastRequestAt = new WeakMap<Socket, number>()
  readonly tooLate = new WeakSet<Error>()

  override reuseSocket(socket: Socket, request: ClientRequest): void {
    super.reuseSocket(socket, request)
    const now = performance.now()
    // Since the request before this one: when it was answered is not to be seen on a machine that is too busy to read the answer.
    const wasQuietForMs = now - (this.#lastRequestAt.get(socket) ?? Number.NEGATIVE_INFINITY)
    this.#lastRequestAt.set(socket, now)
    request.once('error', (error) => {
      if (wasQuietForMs >= KEPT_MS) this.tooLate.add(error)
    })
  }

  override createConnection(...args: Parameters<Agent['createConnection']>): ReturnType<Agent['createConnection']> {
    const socket = super.createConnection(...args)
    this.#lastRequestAt.set(socket as Socket, performance.now())
    return socket
  }
}

for (const workers of ['1', '2']) {
  test(`stopped under load with ${workers} workers, every call that reached the server is answered`, async (t) => {
    for (let stop = 0; stop < STOPS; stop++) {
      const folder = temporaryFolder('stop')
      t.after(() => folder.remove())
      const data = join(folder.path, 'data')
      const keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', workers, '--data', data])
      t.after(() => keyhold.end('SIGKILL'))
      const credentials = readCredentials(data)
      const agent = new ObservedAgent({ keepAlive: true, maxSockets: 50 })
      const requestHandler = new NodeHttpHandler({ httpAgent: agent })
      const settings = { endpoint: keyhold.endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 }
      const client = new KMSClient({ ...settings, requestHandler })
      const { KeyMetadata } = await client.send(new CreateKeyCommand({}))
      const call = new EncryptCommand({ KeyId: KeyMetadata!.KeyId, Plaintext: Buffer.from('text') })
      let answered = 0
      let late = 0
      const failures: string[] = []

      /** Until nobody listens any more. */
      async function callOn(thinkMs: number): Promise<void> {
        for (;;) {
          try {
            await client.send(call)
            answered++
          } catch (error) {
            const { code, message } = error as NodeJS.ErrnoException
            if (agent.tooLate.has(error as Error)) {
              late++
              continue
            }
            if (code !== 'ECONNREFUSED') failures.push(`${code} ${message}`)
            return
          }
          if (thinkMs > 0) await pause(thinkMs)
        }
      }

      const callers = Array.from({ length: CALLERS }, (_, number) => callOn(number % 3 === 0 ? number : 0))
      await pause(300)
      assert.equal(await keyhold.end(), 0)
      assert.doesNotMatch(keyhold.output(), /still open at the end/, 'nothing had to be cut off')
      await Promise.all(callers)
      client.destroy()
      assert.deepEqual(failures, [])
      if (late > 0) t.diagnostic(`${late} calls came on connections that had been quiet for longer than ${KEPT_MS} ms`)
      assert.ok(answered >= CALLERS)
    }
  })
}
