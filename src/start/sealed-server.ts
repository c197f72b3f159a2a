/**
 * What listens while the root key is sealed: the server of the API as it is, with nobody behind it. Each call is answered as where the store
 * cannot be read, with an error that clients try again, and GET /health says `sealed`.
 */
import { systemClock } from '../base/clock.ts'
import { KmsError } from '../base/errors.ts'
import { silentLog } from '../base/log.ts'
import { createRandomSource } from '../crypto/random.ts'
import { operationsOf } from '../operations/index.ts'
import { type Address, createHttpServer, type HttpServer, type HttpServerOptions } from '../wire/http-server.ts'
import { createTrustedProxies } from '../wire/trusted-proxies.ts'

export interface SealedServer {
  readonly address: Address
  close(): Promise<void>
}

export interface SealedServerOptions extends Address, Pick<HttpServerOptions, 'tls'> {
  readonly trustedProxies: readonly string[] | undefined
}

const SEALED = new KmsError('KMSInternalException', 'Keyhold is sealed: its root key has not been opened yet.')

export async function listenSealed({ host, port, tls, trustedProxies }: SealedServerOptions): Promise<SealedServer> {
  const refuse = async () => {
    throw SEALED
  }
  const server: HttpServer = createHttpServer({
    // Before it looks whose a request is, and what it is about.
    ensureFresh: refuse,
    execute: refuse,
    authenticator: { authenticate: refuse, drop() {}, clear() {} },
    operations: operationsOf,
    clock: systemClock,
    uuid: createRandomSource().uuid,
    // A line for each call that is refused would say no more than the one that says that it is sealed.
    log: silentLog,
    canServe: async () => false,
    isSealed: true,
    tls,
    trustedProxies: trustedProxies && createTrustedProxies(trustedProxies),
  })
  return { address: await server.listen({ host, port }), close: () => server.close() }
}
