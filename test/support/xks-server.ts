/** Keyhold as the proxy of external key stores on a loopback socket, with keys of known material, and clients that we did not write. */
import { createHash, createHmac } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { SignatureV4 } from '@smithy/signature-v4'
import { systemClock } from '../../src/base/clock.ts'
import type { Log } from '../../src/base/log.ts'
import { applySeed } from '../../src/seed/apply-seed.ts'
import { readSeed } from '../../src/seed/seed.ts'
import type { ExternalKey, SecondaryAuthorization, XksProxySettings, XksTenant } from '../../src/xks-proxy/settings.ts'
import { ACCOUNT, REGION } from './harness.ts'
import { temporaryFolder } from './keyhold-process.ts'
import { runProgram } from './run-program.ts'
import { startTestServer, type TestServer, type TestServerOptions } from './test-server.ts'

export interface XksCredential {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export const TENANT_A: XksCredential = {
  accessKeyId: 'XKSTESTACCESSKEY2345',
  secretAccessKey: 'xksSecretForTestingOnly0123456789abcdefghijklm',
}
export const TENANT_B: XksCredential = {
  accessKeyId: 'XKSTENANTBKEY2345672',
  secretAccessKey: 'another+Secret/ForTestingOnly0123456789abcdef=',
}

/** Material of the key with this number: what an independent implementation computes with. */
export function materialOf(number: number): Buffer {
  return Buffer.alloc(32, number)
}

export function keyIdOf(number: number): string {
  return `1234abcd-12ab-34cd-56ef-0000000000${String(number).padStart(2, '0')}`
}

const ALL: SecondaryAuthorization = {
  principals: undefined,
  kmsKeys: undefined,
  viaServices: undefined,
  operations: undefined,
}

/** One that the seeded key of this number serves. */
export function externalKey(externalId: string, number: number, changes: Partial<ExternalKey> = {}): ExternalKey {
  const keyId = keyIdOf(number)
  const arn = `arn:aws:kms:${REGION}:${ACCOUNT}:key/${keyId}`
  return {
    externalId,
    key: { arn, account: ACCOUNT, region: REGION, keyId },
    usages: ['ENCRYPT', 'DECRYPT'],
    allow: ALL,
    ...changes,
  }
}

export function onlyFor(allow: Partial<SecondaryAuthorization>): Partial<ExternalKey> {
  return { allow: { ...ALL, ...allow } }
}

export interface XksServer {
  readonly server: TestServer
  readonly port: number
  readonly settings: XksProxySettings
  /** Parsed audit records of uses of external keys, oldest first. */
  // biome-ignore lint/suspicious/noExplicitAny: records, checked where they are used
  records(): any[]
  stop(): Promise<void>
}

/** What AWS's console takes; 0600 unless told otherwise. */
export function writeCredential(
  folder: string,
  prefix: string,
  name: string,
  credential: XksCredential,
  mode = 0o600,
): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, `${name}.json`)
  const XksProxyAuthenticationCredential = {
    AccessKeyId: credential.accessKeyId,
    RawSecretAccessKey: credential.secretAccessKey,
  }
  const text = JSON.stringify({ XksProxyUriPath: `${prefix}/kms/xks/v1`, XksProxyAuthenticationCredential })
  writeFileSync(path, text, { mode })
  return path
}

export interface XksServerWishes extends TestServerOptions {
  readonly keys: readonly ExternalKey[]
  /** Changes of the tenant `/tenant-a`, which has the keys; `/tenant-b` has none. */
  readonly tenant?: Partial<XksTenant>
  readonly proxyTls?: XksProxySettings['tls']
  readonly log?: Log
}

export async function startXksServer({ keys, tenant, proxyTls, ...options }: XksServerWishes): Promise<XksServer> {
  const folder = temporaryFolder('xks-server')
  const [ofA, ofB] = [join(folder.path, 'a'), join(folder.path, 'b')]
  writeCredential(ofA, '/tenant-a', 'first', TENANT_A)
  writeCredential(ofB, '/tenant-b', 'first', TENANT_B)
  const common = { regions: undefined, callsPerSecondMax: 100_000 }
  const settings: XksProxySettings = {
    listen: { host: '127.0.0.1', port: 0 },
    tls: proxyTls,
    // Long enough for a busy machine; tests of time choose their own.
    timeoutMs: 10_000,
    tenants: [
      { prefix: '/tenant-a', credentials: ofA, keys, ...common, ...tenant },
      { prefix: '/tenant-b', credentials: ofB, keys: [], ...common },
    ],
  }
  const server = await startTestServer({ ...options, xksProxy: settings })
  const { keyMaterials, domainKeys, random } = server.service
  const numbers = [...new Set(keys.map(({ key }) => Number(key.keyId.slice(-2))))]
  const seed = numbers.map((number) => ({ id: keyIdOf(number), material: materialOf(number).toString('base64') }))
  const services = {
    store: server.store,
    keyMaterials,
    domainKeys,
    random,
    clock: systemClock,
    externalAccounts: 'reject' as const,
  }
  await applySeed(services, readSeed({ keys: seed }), { account: ACCOUNT, region: REGION })
  return {
    server,
    port: server.xksProxyPort!,
    settings,
    records: () =>
      server.auditLines
        .map((line) => JSON.parse(line))
        .filter(({ eventSource }) => eventSource === 'kms-xks-proxy.amazonaws.com'),
    async stop() {
      await server.stop()
      folder.remove()
    },
  }
}

export interface SentCall {
  /** Below the host. */
  readonly path: string
  readonly body: object | string
  readonly credential?: XksCredential
  readonly region?: string
}

export interface Answered {
  readonly status: number
  /** Parsed; empty if it was. */
  // biome-ignore lint/suspicious/noExplicitAny: answers, checked where they are used
  readonly json: any
  /** As it came. */
  readonly text: string
}

export interface XksClient {
  readonly name: string
  call(call: SentCall): Promise<Answered>
}

function answered(status: number, text: string): Answered {
  return { status, text, json: text === '' ? {} : JSON.parse(text) }
}

const textOf = (body: object | string) => (typeof body === 'string' ? body : JSON.stringify(body))

/** What AWS's test client of proxies uses. The last line of its output is the body (7.3). */
export function curlClient(base: string, more: readonly string[] = []): XksClient {
  return {
    name: 'curl',
    async call({ path, body, credential = TENANT_A, region = 'us-east-1' }) {
      const signing = [
        '--aws-sigv4',
        `aws:amz:${region}:kms-xks-proxy`,
        '--user',
        `${credential.accessKeyId}:${credential.secretAccessKey}`,
      ]
      const sending = ['-H', 'Content-Type:application/json', '-X', 'POST', '--data-binary', '@-', '--path-as-is']
      const args = ['-s', '-i', '--max-time', '30', ...signing, ...sending, ...more, `${base}${path}`]
      const { status, stdout, stderr } = await runProgram('curl', args, textOf(body))
      if (status !== 0) throw new Error(`curl ended with ${status}: ${stderr}`)
      const lines = stdout.toString().split('\n')
      return answered(Number(/^HTTP\/1\.1 (\d{3})/m.exec(stdout.toString())![1]), lines.at(-1)!)
    },
  }
}

/** @returns why curl cannot be used, `undefined` if it can. */
export async function whyNoCurl(): Promise<string | undefined> {
  const outcome = await runProgram('curl', ['--help', 'all']).catch(() => undefined)
  if (outcome === undefined) return 'curl is not installed'
  return outcome.stdout.includes('--aws-sigv4') ? undefined : 'curl is older than 7.75, which learned --aws-sigv4'
}

class Sha256 {
  readonly #hash
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', Buffer.from(secret as Buffer))
  }
  update(data: Uint8Array): void {
    this.#hash.update(data)
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }
  reset(): void {}
}

export interface RawRequest {
  method: string
  path: string
  headers: Record<string, string>
  body: string
}

export interface SigningWishes {
  readonly time?: number
  /** Of the request before it is signed, and after. */
  before?(request: RawRequest): void
  after?(request: RawRequest): void
  readonly ca?: string
}

/** AWS's own library for signatures, and a chance to meddle with what it made. */
export function smithyClient(base: string, wishes: SigningWishes = {}): XksClient {
  return {
    name: '@smithy/signature-v4',
    call: (call) => sendSigned(base, call, wishes),
  }
}

export async function sendSigned(
  base: string,
  { path, body, credential = TENANT_A, region = 'us-east-1' }: SentCall,
  { time = Date.now(), before, after, ca }: SigningWishes = {},
): Promise<Answered> {
  const url = new URL(base)
  const signer = new SignatureV4({
    service: 'kms-xks-proxy',
    region,
    credentials: credential,
    sha256: Sha256,
    applyChecksum: false,
  })
  const headers = { host: url.host, 'content-type': 'application/json' }
  const raw: RawRequest = { method: 'POST', path, headers, body: textOf(body) }
  before?.(raw)
  const toSign = { ...raw, protocol: url.protocol, hostname: url.hostname }
  const signed = await signer.sign(toSign, { signingDate: new Date(time) })
  raw.headers = { ...signed.headers } as Record<string, string>
  after?.(raw)
  return send(url, raw, ca)
}

export function send(url: URL, { method, path, headers, body }: RawRequest, ca?: string): Promise<Answered> {
  const isSecure = url.protocol === 'https:'
  const options = {
    host: url.hostname,
    port: url.port,
    method,
    path,
    headers,
    agent: false,
    ...(ca === undefined ? {} : { ca }),
  }
  return new Promise((resolve, reject) => {
    const sent = (isSecure ? httpsRequest : httpRequest)(options, async (response) => {
      resolve(answered(response.statusCode!, (await buffer(response)).toString()))
    })
    sent.once('error', reject)
    sent.end(body)
  })
}

/** As AWS's test client sends it, with its stray colon and fields that are not for every call (3.4). */
export function requestMetadata(kmsOperation: string, more: object = {}): object {
  return {
    awsPrincipalArn: 'arn:aws:iam::123456789012:user/Alice',
    kmsKeyArn: 'arn:aws:kms:us-east-1:123456789012:/key/1234abcd-12ab-34cd-56ef-1234567890ab',
    kmsOperation,
    kmsRequestId: '4112f4d6-db54-4af4-ae30-c55a22a8dfae',
    kmsViaService: 'ebs',
    ...more,
  }
}

export const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes).toString('base64')

/** XA-2, by this file alone. */
export function integrityValue(aad: string, answer: Record<string, string>): string {
  const parts = [
    aad,
    answer.ciphertextMetadata ?? '',
    answer.initializationVector!,
    answer.ciphertext!,
    answer.authenticationTag!,
  ]
  const hash = createHash('sha256')
  for (const part of parts) hash.update(Buffer.from(part, 'base64'))
  return hash.digest('base64')
}
