/**
 * An external key store proxy on a loopback socket, with an external key manager inside: the other side of keystores.md section 3,
 * written from that section alone, and strict: whatever the section does not allow a client is refused. It can be told to fail.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { SecureContextOptions } from 'node:tls'
import type { ProxyPlace } from '../../src/domain/key-stores/xks/proxy-route.ts'
import { selfSigned } from '../wire/self-signed.ts'

export const PROXY_HOST = 'xks.example.com'
export const PROXY_ENDPOINT = `https://${PROXY_HOST}`
export const PROXY_PATH = '/tenant-a/kms/xks/v1'
export const PROXY_CREDENTIAL = {
  AccessKeyId: 'XKSTESTACCESSKEY2345',
  RawSecretAccessKey: 'xksSecretForTestingOnly0123456789abcdefghijklm',
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of requests and answers, checked where it is used
export type Json = any

export interface ProxyCall {
  /** Below the URI path of the store: `/health`, `/keys/<id>/encrypt`. */
  readonly path: string
  readonly body: Json
  /** Whether it came on a connection that had brought a call before. */
  readonly isReused: boolean
}

export interface ProxyAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is, if it is a text. */
  readonly body?: Json
}

export type Fault = (call: ProxyCall, io: Io) => ProxyAnswer | 'handled' | undefined | Promise<ProxyAnswer | undefined>

interface Io {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

export interface ExternalKey {
  spec: string
  usage: string[]
  status: string
  /** Newest last; ciphertexts name theirs in the metadata. */
  readonly versions: Buffer[]
  ivBytes: 12 | 16
  /** Always this one, of a manager whose random source is broken. */
  iv?: Buffer
  /** Without it, only the newest version decrypts. */
  hasMetadata: boolean
}

export interface XksProxy {
  readonly port: number
  /** PEM of its certificate. */
  readonly ca: string
  /** That were authenticated, oldest first. */
  readonly calls: readonly ProxyCall[]
  /** Connections that were made to it. */
  readonly connections: number
  /** Access key id → secret. */
  readonly credentials: Map<string, string>
  readonly keys: Map<string, ExternalKey>
  /** `ekmFleetDetails`. */
  managers: readonly string[]
  /** Asked before every call; `undefined`: the call goes its usual way. */
  fault: Fault | undefined
  /** Changes answers that went well. */
  alter: ((answer: Json, call: ProxyCall) => Json) | undefined
  addKey(id: string, facts?: Partial<ExternalKey>): ExternalKey
  /** As if the network were gone: connections end, new ones are refused. */
  close(): Promise<void>
}

export interface XksProxyOptions {
  /** That its certificate is for. */
  readonly host?: string
  /** How long that is valid; 30 if absent. */
  readonly days?: number
  /** By which the date of a signature is judged; the real time if absent. */
  readonly now?: () => number
  readonly port?: number
  readonly tls?: SecureContextOptions & { readonly requestCert?: boolean; readonly rejectUnauthorized?: boolean }
}

/** keystores.md 3.7. */
const STATUSES: Readonly<Record<string, number>> = {
  ValidationException: 400,
  InvalidStateException: 400,
  InvalidCiphertextException: 400,
  InvalidKeyUsageException: 400,
  AuthenticationFailedException: 401,
  AccessDeniedException: 403,
  KeyNotFoundException: 404,
  InvalidUriPathException: 404,
  ThrottlingException: 429,
  InternalException: 500,
  UnsupportedOperationException: 501,
  DependencyTimeoutException: 503,
}

class Refusal extends Error {}

/** An answer with an error, as {@link Fault} gives it. */
export function errorAnswer(errorName: string, errorMessage = 'as the test wishes'): ProxyAnswer {
  return { status: STATUSES[errorName]!, body: { errorName, errorMessage } }
}

export async function startXksProxy({
  host = PROXY_HOST,
  days = 30,
  now = Date.now,
  port = 0,
  tls,
}: XksProxyOptions = {}): Promise<XksProxy> {
  const { cert, key } = selfSigned('proxy', { host, days })
  const credentials = new Map([[PROXY_CREDENTIAL.AccessKeyId, PROXY_CREDENTIAL.RawSecretAccessKey]])
  const keys = new Map<string, ExternalKey>()
  const calls: ProxyCall[] = []
  const seen = new WeakSet<object>()
  let connections = 0

  const server = createServer({ cert, key, ...tls }, (request, response) => {
    handle(request, response).catch((error) => {
      if (!(error instanceof Refusal)) throw error
      send(response, errorAnswer(error.message))
    })
  })
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    connections++
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isReused = seen.has(request.socket)
    seen.add(request.socket)
    const raw = await buffer(request)
    const url = request.url!
    if (!url.startsWith(`${PROXY_PATH}/`) || !/^[A-Za-z0-9/._-]{1,256}$/.test(url) || /\/\.{0,2}(?:\/|$)/.test(url)) {
      throw new Refusal('InvalidUriPathException')
    }
    if (request.method !== 'POST') return send(response, { status: 405, body: '' })
    if (request.headers['content-type'] !== 'application/json') throw new Refusal('ValidationException')
    authenticate(request, raw, credentials, now())
    const body = parse(raw)
    const call = { path: url.slice(PROXY_PATH.length), body, isReused }
    calls.push(call)
    const given = await proxy.fault?.(call, { request, response })
    if (given === 'handled') return
    if (given !== undefined) return send(response, given)
    const answer = answerTo(call, keys, proxy.managers)
    send(response, { body: proxy.alter === undefined ? answer : proxy.alter(answer, call) })
  }

  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const proxy: XksProxy = {
    port: (server.address() as AddressInfo).port,
    ca: cert,
    calls,
    get connections() {
      return connections
    },
    credentials,
    keys,
    managers: ['ACTIVE'],
    fault: undefined,
    alter: undefined,
    addKey(id, facts = {}) {
      const added: ExternalKey = {
        spec: 'AES_256',
        usage: ['ENCRYPT', 'DECRYPT'],
        status: 'ENABLED',
        versions: [randomBytes(32)],
        ivBytes: 12,
        hasMetadata: true,
        ...facts,
      }
      keys.set(id, added)
      return added
    },
    close() {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return proxy
}

function send(response: ServerResponse, { status = 200, headers, body = {} }: ProxyAnswer): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(text)
}

function parse(raw: Buffer): Json {
  try {
    return JSON.parse(raw.toString())
  } catch {
    throw new Refusal('ValidationException')
  }
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([A-Z2-7]{20,30})\/(\d{8})\/([a-z0-9-]+)\/kms-xks-proxy\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/

/** XS-1 to XS-6. */
function authenticate(
  request: IncomingMessage,
  raw: Buffer,
  credentials: ReadonlyMap<string, string>,
  now: number,
): void {
  const failed = new Refusal('AuthenticationFailedException')
  const [, id, day, region, signedHeaders, signature] = AUTHORIZATION.exec(request.headers.authorization ?? '') ?? []
  const date = request.headers['x-amz-date']
  const secret = credentials.get(id ?? '')
  if (secret === undefined || typeof date !== 'string' || !/^\d{8}T\d{6}Z$/.test(date)) throw failed
  const names = signedHeaders!.split(';')
  if (!names.includes('host') || !names.includes('x-amz-date')) throw failed
  if (names.join() !== [...names].sort().join() || date.slice(0, 8) !== day) throw failed
  const time = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (Math.abs(now - time) > 5 * 60_000) throw failed
  const headers = names.map((name) => `${name}:${String(request.headers[name]).trim().replaceAll(/ +/g, ' ')}\n`)
  const canonical = ['POST', request.url, '', headers.join(''), signedHeaders, hex(raw)].join('\n')
  const scope = `${day}/${region}/kms-xks-proxy/aws4_request`
  const text = ['AWS4-HMAC-SHA256', date, scope, hex(canonical)].join('\n')
  const key = [day!, region!, 'kms-xks-proxy', 'aws4_request'].reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`))
  if (hmac(key, text).toString('hex') !== signature) throw failed
}

function hex(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(key: Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

const REQUIRED = { health: [], metadata: ['awsPrincipalArn'], encrypt: ['awsPrincipalArn', 'kmsKeyArn'] } as const
const OPERATIONS = {
  health: ['CreateCustomKeyStore', 'ConnectCustomKeyStore', 'UpdateCustomKeyStore', 'KmsHealthCheck'],
  metadata: ['CreateKey'],
  encrypt: ['Encrypt', 'GenerateDataKey', 'GenerateDataKeyWithoutPlaintext', 'ReEncrypt'],
  decrypt: ['Decrypt', 'ReEncrypt'],
} as const

/** keystores.md 3.4, with nothing that a client must not send. */
function checkMetadata(call: keyof typeof OPERATIONS, metadata: Json): void {
  const required = [...REQUIRED[call === 'decrypt' ? 'encrypt' : call], 'kmsOperation', 'kmsRequestId']
  if (metadata?.kmsViaService !== undefined && 'kmsKeyArn' in metadata) required.push('kmsViaService')
  const isGood =
    typeof metadata === 'object' &&
    metadata !== null &&
    Object.keys(metadata).sort().join() === required.sort().join() &&
    Object.values(metadata).every((value) => typeof value === 'string' && value !== '' && value.length <= 2048) &&
    (OPERATIONS[call] as readonly string[]).includes(metadata.kmsOperation)
  if (!isGood) throw new Refusal('ValidationException')
}

function answerTo(
  { path, body }: ProxyCall,
  keys: ReadonlyMap<string, ExternalKey>,
  managers: readonly string[],
): Json {
  if (path === '/health') {
    checkMetadata('health', body.requestMetadata)
    return {
      xksProxyFleetSize: 2,
      xksProxyVendor: 'Example Corp',
      xksProxyModel: 'Example Proxy 1',
      ekmVendor: 'Example Manager',
      ekmFleetDetails: managers.map((healthStatus, index) => ({ id: `m-${index}`, model: 'one', healthStatus })),
    }
  }
  const [, id, operation] = /^\/keys\/([A-Za-z0-9._-]{1,128})\/(metadata|encrypt|decrypt)$/.exec(path) ?? []
  if (id === undefined) throw new Refusal('InvalidUriPathException')
  checkMetadata(operation as 'metadata' | 'encrypt' | 'decrypt', body.requestMetadata)
  const key = keys.get(id)
  if (key === undefined) throw new Refusal('KeyNotFoundException')
  if (operation === 'metadata') return { keySpec: key.spec, keyUsage: key.usage, keyStatus: key.status }
  if (body.encryptionAlgorithm !== 'AES_GCM') throw new Refusal('ValidationException')
  if (!key.usage.includes(operation!.toUpperCase())) throw new Refusal('InvalidKeyUsageException')
  if (key.status !== 'ENABLED') throw new Refusal('InvalidStateException')
  return operation === 'encrypt' ? encrypt(key, body) : decrypt(key, body)
}

/** Standard base64 with padding (XT-6). */
function bytes(text: unknown, { max = 8192, lengths }: { max?: number; lengths?: readonly number[] } = {}): Buffer {
  if (typeof text !== 'string') throw new Refusal('ValidationException')
  const decoded = Buffer.from(text, 'base64')
  const isGood = decoded.toString('base64') === text && decoded.length <= max
  if (!isGood || lengths?.includes(decoded.length) === false) throw new Refusal('ValidationException')
  return decoded
}

/** XA-1. */
function gcmAad(aad: Buffer, metadata: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(aad.length)
  return Buffer.concat([length, aad, Buffer.of(metadata.length), metadata])
}

function encrypt(key: ExternalKey, body: Json): Json {
  const plaintext = bytes(body.plaintext, { max: 4300 })
  const aad = bytes(body.additionalAuthenticatedData ?? '')
  const metadata = key.hasMetadata ? Buffer.of(key.versions.length) : Buffer.alloc(0)
  const iv = key.iv ?? randomBytes(key.ivBytes)
  const cipher = createCipheriv('aes-256-gcm', key.versions.at(-1)!, iv)
  cipher.setAAD(gcmAad(aad, metadata))
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  const tag = cipher.getAuthTag()
  if (body.ciphertextDataIntegrityValueAlgorithm !== 'SHA_256') throw new Refusal('ValidationException')
  const cdiv = createHash('sha256').update(aad).update(metadata).update(iv).update(ciphertext).update(tag).digest()
  return {
    ciphertext: ciphertext.toString('base64'),
    initializationVector: iv.toString('base64'),
    authenticationTag: tag.toString('base64'),
    ...(key.hasMetadata ? { ciphertextMetadata: metadata.toString('base64') } : {}),
    ciphertextDataIntegrityValue: cdiv.toString('base64'),
  }
}

function decrypt(key: ExternalKey, body: Json): Json {
  const ciphertext = bytes(body.ciphertext, { max: 4300 })
  const metadata = body.ciphertextMetadata === undefined ? Buffer.alloc(0) : bytes(body.ciphertextMetadata, { max: 20 })
  const iv = bytes(body.initializationVector, { lengths: [12, 16] })
  const tag = bytes(body.authenticationTag, { lengths: [16] })
  const aad = bytes(body.additionalAuthenticatedData ?? '')
  const secret = key.hasMetadata ? key.versions[metadata[0]! - 1] : key.versions.at(-1)
  if (secret === undefined) throw new Refusal('InvalidCiphertextException')
  const decipher = createDecipheriv('aes-256-gcm', secret, iv)
  decipher.setAAD(gcmAad(aad, metadata))
  decipher.setAuthTag(tag)
  try {
    return { plaintext: Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('base64') }
  } catch {
    throw new Refusal('InvalidCiphertextException')
  }
}

/** What an operator says of this proxy. Long enough for a busy machine; tests of time choose their own. */
export function placeOf({ port, ca }: XksProxy, timeoutMs = 5_000): ProxyPlace {
  return { address: '127.0.0.1', port, isPrivate: false, ca, timeoutMs }
}

/** What CreateCustomKeyStore takes for it. */
export function storeOf(name: string, changes: object = {}) {
  return {
    CustomKeyStoreName: name,
    CustomKeyStoreType: 'EXTERNAL_KEY_STORE' as const,
    XksProxyUriEndpoint: PROXY_ENDPOINT,
    XksProxyUriPath: PROXY_PATH,
    XksProxyAuthenticationCredential: PROXY_CREDENTIAL,
    XksProxyConnectivity: 'PUBLIC_ENDPOINT' as const,
    ...changes,
  }
}
