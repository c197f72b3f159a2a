/** An OpenID Connect provider on a loopback socket: discovery, keys that can change, and tokens that it signs. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { exportJWK, type JWK, SignJWT } from 'jose'
import { selfSigned } from '../wire/self-signed.ts'

export interface IdentityProvider {
  /** `https://localhost:<port>/<path>` */
  readonly issuer: string
  /** Host and path: what ARNs and condition keys have of it. */
  readonly name: string
  /** PEM of its certificate. */
  readonly ca: string
  /** Paths that were asked for, oldest first. */
  readonly requests: readonly string[]
  jwks(): Promise<{ keys: JWK[] }>
  /** Makes a key; tokens are signed with the newest. */
  addKey(algorithm: 'RS256' | 'ES256' | 'ES384', kid: string): void
  removeKey(kid: string): void
  /** Replaces what it answers for a path; `undefined`: as it was. */
  answerWith(path: string, answer: ProviderAnswer | undefined): void
  /** @param claims beside `iss` and `iat`. @param header beside `alg` and `kid`. */
  token(claims: Readonly<Record<string, unknown>>, header?: { readonly kid?: string }): Promise<string>
  close(): Promise<void>
}

export interface ProviderAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

interface Key {
  readonly kid: string
  readonly algorithm: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

export const DISCOVERY = '/tenant/.well-known/openid-configuration'
export const KEYS = '/tenant/keys'

export async function startIdentityProvider(now: () => number): Promise<IdentityProvider> {
  const { cert, key } = selfSigned('identity provider')
  const keys: Key[] = []
  const requests: string[] = []
  const answers = new Map<string, ProviderAnswer>()

  async function jwks(): Promise<{ keys: JWK[] }> {
    const published = keys.map(async ({ kid, algorithm, publicKey }) => ({
      ...(await exportJWK(publicKey)),
      kid,
      alg: algorithm,
      use: 'sig',
    }))
    return { keys: await Promise.all(published) }
  }

  const server = createServer({ cert, key }, async (request, response) => {
    const path = request.url!
    requests.push(path)
    const usual =
      path === DISCOVERY ? { issuer, jwks_uri: `${origin}${KEYS}` } : path === KEYS ? await jwks() : undefined
    const { status, headers, body } = answers.get(path) ?? {}
    response.writeHead(status ?? (usual === undefined ? 404 : 200), { 'content-type': 'application/json', ...headers })
    response.end(body ?? JSON.stringify(usual ?? {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `https://localhost:${(server.address() as AddressInfo).port}`
  const issuer = `${origin}/tenant`

  return {
    issuer,
    name: issuer.slice('https://'.length),
    ca: cert,
    requests,
    jwks,
    addKey(algorithm, kid) {
      const pair =
        algorithm === 'RS256'
          ? generateKeyPairSync('rsa', { modulusLength: 2048 })
          : generateKeyPairSync('ec', { namedCurve: algorithm === 'ES256' ? 'P-256' : 'P-384' })
      keys.push({ kid, algorithm, ...pair })
    },
    removeKey(kid) {
      keys.splice(
        keys.findIndex((key) => key.kid === kid),
        1,
      )
    },
    answerWith(path, answer) {
      if (answer === undefined) answers.delete(path)
      else answers.set(path, answer)
    },
    token(claims, header = {}) {
      const { kid, algorithm, privateKey } = keys.at(-1)!
      const iat = Math.floor(now() / 1000)
      return new SignJWT({ iss: issuer, iat, exp: iat + 600, ...claims })
        .setProtectedHeader({ alg: algorithm, kid, ...header })
        .sign(privateKey)
    },
    close() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
