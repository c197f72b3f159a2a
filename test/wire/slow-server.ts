/** An HTTP server over operations that wait to be told to answer, to look at it while requests are under way. */
import { createDevelopmentAuthenticator } from '../../src/auth/development-authenticator.ts'
import { systemClock } from '../../src/base/clock.ts'
import { type Log, silentLog } from '../../src/base/log.ts'
import { structure } from '../../src/base/schema.ts'
import { createRandomSource } from '../../src/crypto/random.ts'
import type { Call } from '../../src/pipeline/call.ts'
import { defineOperation } from '../../src/pipeline/operation.ts'
import { createHttpServer, type HttpLimits, type HttpServer, type TlsFiles } from '../../src/wire/http-server.ts'
import { NO_SERVICES, NO_SESSIONS } from '../auth/no-sessions.ts'
import { HOST, signedRequest } from '../auth/signer.ts'
import { requestBytes } from './raw-client.ts'

export interface PendingCall {
  readonly body: unknown
  readonly call: Call
  answer(output: unknown): void
  fail(error: unknown): void
}

export interface SlowServer {
  readonly port: number
  readonly server: HttpServer
  /** The calls that have arrived, oldest first. */
  readonly calls: readonly PendingCall[]
  /** Resolves when `count` calls have arrived in all. */
  arrived(count: number): Promise<void>
  /** Resolves when everything is closed. */
  close(): Promise<void>
}

export interface SlowServerOptions {
  readonly limits?: Partial<HttpLimits>
  readonly log?: Log
  readonly tls?: TlsFiles
  readonly canServe?: boolean
}

/** The operation that every request of `echoRequest` names. */
const OPERATION = 'DescribeKey'
/** What it does is up to the test. */
const IDLE = defineOperation({
  name: OPERATION,
  input: structure({}),
  uses: [],
  audit: { readOnly: true },
  handler: () => ({}),
})

export async function startSlowServer(options: SlowServerOptions = {}): Promise<SlowServer> {
  const calls: PendingCall[] = []
  let onArrival: () => void = () => {}
  const server = createHttpServer({
    execute(_operation, body, call) {
      return new Promise((answer, fail) => {
        calls.push({ body, call, answer, fail })
        onArrival()
      })
    },
    authenticator: createDevelopmentAuthenticator({
      openAccount: async () => undefined,
      findCredential: async () => undefined,
      openSecret: () => Promise.reject(new Error('nothing is stored')),
      services: NO_SERVICES,
      sessions: NO_SESSIONS,
      clock: systemClock,
      sessionClock: systemClock,
    }),
    operations: { kms: new Map([[OPERATION, IDLE]]), sts: new Map(), iam: new Map(), cloudtrail: new Map() },
    clock: systemClock,
    uuid: createRandomSource().uuid,
    log: options.log ?? silentLog,
    ensureFresh: () => undefined,
    canServe: async () => options.canServe ?? true,
    tls: options.tls,
    limits: options.limits ?? {},
  })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  return {
    port,
    server,
    calls,
    arrived(count) {
      return new Promise((resolve) => {
        onArrival = () => {
          if (calls.length >= count) resolve()
        }
        onArrival()
      })
    },
    close: () => server.close(),
  }
}

/** Bytes of an acceptable request. */
export async function goodRequest(body: string | Buffer = '{}', headers: Record<string, string> = {}): Promise<Buffer> {
  const request = await signedRequest(
    { date: new Date(), accessKeyId: '123456789012' },
    {
      headers: {
        host: HOST,
        'content-type': 'application/x-amz-json-1.1',
        'x-amz-target': `TrentService.${OPERATION}`,
      },
      body,
    },
  )
  return requestBytes({ ...request, rawHeaders: [...request.rawHeaders, ...Object.entries(headers).flat()] })
}
