/**
 * The wire of STS and IAM over a real socket, with real signatures, and with operations that the test defines: validation
 * and handlers run, resources and policies do not.
 */
import { createAuthenticator } from '../../../src/auth/authenticator.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { silentLog } from '../../../src/base/log.ts'
import { createRandomSource } from '../../../src/crypto/random.ts'
import type { Credential } from '../../../src/domain/identity/entities.ts'
import { operationsOf } from '../../../src/operations/index.ts'
import type { Call } from '../../../src/pipeline/call.ts'
import type { Operation } from '../../../src/pipeline/operation.ts'
import { createHttpServer } from '../../../src/wire/http-server.ts'
import { NO_SERVICES, NO_SESSIONS } from '../../auth/no-sessions.ts'
import { ACCESS_KEY_ID, HOST, SECRET_ACCESS_KEY, type Signing, signedRequest } from '../../auth/signer.ts'
import { ACCOUNT } from '../../support/harness.ts'
import { exchange, type RawAnswer, requestBytes } from '../raw-client.ts'

export interface SeenCall {
  readonly operation: string
  /** As the handler gets it. */
  readonly input: unknown
  readonly call: Call
}

export interface QueryServer {
  readonly port: number
  readonly endpoint: string
  readonly calls: readonly SeenCall[]
  /** A signed form, or whatever `change` makes of it. */
  send(body: string | Buffer, options?: SendOptions): Promise<RawAnswer>
  close(): Promise<void>
}

export interface SendOptions extends Partial<Signing> {
  readonly method?: string
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Without a signature. */
  readonly unsigned?: boolean
}

const FORM = 'application/x-www-form-urlencoded'
export const ALICE = `arn:aws:iam::${ACCOUNT}:user/alice`
export const ALICE_ID = 'AIDAEXAMPLEEXAMPLE001'

const alice: Credential = {
  accessKey: {
    accessKeyId: ACCESS_KEY_ID,
    account: ACCOUNT,
    userName: 'alice',
    active: true,
    token: Buffer.alloc(0),
    createdAt: 0,
  },
  user: {
    account: ACCOUNT,
    userName: 'alice',
    path: '/',
    userId: ALICE_ID,
    createdAt: 0,
    tags: [],
    boundaryArn: undefined,
  },
}

/** @param iam operations of the test; those of STS are the real ones. */
export async function startQueryServer(
  iam: readonly Operation[],
  sts: readonly Operation[] = [],
): Promise<QueryServer> {
  const calls: SeenCall[] = []
  const server = createHttpServer({
    ensureFresh: () => undefined,
    canServe: async () => true,
    async execute(operation, body, call) {
      const input = operation.input.parse(body)
      calls.push({ operation: operation.name, input, call })
      return operation.handler(input, { call } as Parameters<Operation['handler']>[1], undefined)
    },
    authenticator: createAuthenticator({
      clock: systemClock,
      findCredential: async (id) => (id === ACCESS_KEY_ID ? alice : undefined),
      openSecret: async () => Buffer.from(SECRET_ACCESS_KEY),
      services: NO_SERVICES,
      sessions: NO_SESSIONS,
      sessionClock: systemClock,
    }),
    operations: {
      kms: operationsOf.kms,
      sts: new Map([...operationsOf.sts, ...sts.map((operation) => [operation.name, operation] as const)]),
      iam: new Map(iam.map((operation) => [operation.name, operation])),
      cloudtrail: operationsOf.cloudtrail,
    },
    clock: systemClock,
    uuid: createRandomSource().uuid,
    log: silentLog,
  })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  return {
    port,
    endpoint: `http://127.0.0.1:${port}`,
    calls,
    async send(body, { method = 'POST', url = '/', headers, unsigned, ...signing } = {}) {
      const form = { host: HOST, 'content-type': `${FORM}; charset=utf-8`, ...headers }
      const given = { method, url, headers: form, body }
      const request = unsigned
        ? {
            ...given,
            path: '/',
            query: url.split('?')[1] ?? '',
            rawHeaders: Object.entries(form).flat(),
            body: Buffer.from(body),
          }
        : await signedRequest({ service: 'iam', region: 'us-east-1', date: new Date(), ...signing }, given)
      const { answers } = await exchange(port, requestBytes(request), { answers: 1 })
      return answers[0]!
    },
    close: () => server.close(),
  }
}
