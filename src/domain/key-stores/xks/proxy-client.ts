/** The four calls of an external key store proxy (keystores.md section 3), on a transport that signs and connects. */

import { dataIntegrityValue, type ExternalCiphertext } from '../../../crypto/external-blob.ts'
import { equalInConstantTime } from '../../../crypto/hash.ts'
import {
  type Answer,
  type ExternalKeyFacts,
  type ManagerState,
  type Members,
  readAnswer,
  readDecryption,
  readEncryption,
  readHealth,
  readKeyMetadata,
} from './proxy-answers.ts'
import { ProxyError, type ProxyFailure } from './proxy-failure.ts'

/** What `src/outgoing` offers; it never rejects. */
export interface ProxyTransport {
  post(path: string, body: string): Promise<Answer | { readonly failure: TransportFailure; readonly detail: string }>
  /** Of the proxy's certificate, in milliseconds; `undefined` before the first connection. */
  certificateTimeLeft(): number | undefined
  /** Ends connections, calls under way included. */
  close(): void
}

export type TransportFailure = 'no address' | 'not connected' | 'tls' | 'timed out' | 'broken off' | 'unreadable'

const FAILURES: Readonly<Record<TransportFailure, ProxyFailure>> = {
  'no address': 'no address',
  'not connected': 'not reachable',
  'broken off': 'not reachable',
  tls: 'tls',
  'timed out': 'timed out',
  unreadable: 'malformed answer',
}

/** `requestMetadata` of keystores.md 3.4. */
export interface RequestMetadata {
  readonly kmsRequestId: string
  readonly kmsOperation: string
  /** But for health. */
  readonly awsPrincipalArn?: string
  /** Of a key that exists. */
  readonly kmsKeyArn?: string
  /** Short: `s3`. */
  readonly kmsViaService?: string
}

/** Every method throws {ProxyError} for whatever goes wrong. */
export interface ProxyClient {
  /** @returns the states of its external key managers. */
  health(about: RequestMetadata): Promise<readonly ManagerState[]>
  keyMetadata(externalId: string, about: RequestMetadata): Promise<ExternalKeyFacts>
  /** @param aad up to 8192 bytes. */
  encrypt(externalId: string, about: RequestMetadata, plaintext: Buffer, aad: Buffer): Promise<ExternalCiphertext>
  decrypt(externalId: string, about: RequestMetadata, sealed: ExternalCiphertext, aad: Buffer): Promise<Buffer>
  certificateTimeLeft(): number | undefined
  close(): void
}

const ALGORITHM = { encryptionAlgorithm: 'AES_GCM' } as const

/** @param uriPath as in the store: `/prefix/kms/xks/v1`. */
export function createProxyClient(transport: ProxyTransport, uriPath: string): ProxyClient {
  async function ask(path: string, about: RequestMetadata, parameters: Members = {}): Promise<Members> {
    const answer = await transport.post(uriPath + path, JSON.stringify({ requestMetadata: about, ...parameters }))
    if ('failure' in answer) throw new ProxyError(FAILURES[answer.failure], answer.detail)
    return readAnswer(answer)
  }

  async function askKey(externalId: string, call: string, about: RequestMetadata, parameters?: Members) {
    // The API allows these two, and to a server they are no names but ways to another path.
    if (externalId === '.' || externalId === '..') throw new ProxyError('KeyNotFoundException', 'no name of a key')
    return ask(`/keys/${externalId}/${call}`, about, parameters)
  }

  return {
    health: async (about) => readHealth(await ask('/health', about)),
    keyMetadata: async (externalId, about) => readKeyMetadata(await askKey(externalId, 'metadata', about)),
    async encrypt(externalId, about, plaintext, aad) {
      const members = await askKey(externalId, 'encrypt', about, {
        ...ALGORITHM,
        plaintext: plaintext.toString('base64'),
        additionalAuthenticatedData: aad.toString('base64'),
        ciphertextDataIntegrityValueAlgorithm: 'SHA_256',
      })
      const { cdiv, ...sealed } = readEncryption(members, plaintext.length)
      if (equalInConstantTime(cdiv, dataIntegrityValue(aad, sealed))) return sealed
      throw new ProxyError('malformed answer', 'ciphertextDataIntegrityValue does not fit the ciphertext')
    },
    async decrypt(externalId, about, { ciphertext, iv, metadata, tag }, aad) {
      const members = await askKey(externalId, 'decrypt', about, {
        ...ALGORITHM,
        ciphertext: ciphertext.toString('base64'),
        ...(metadata.length === 0 ? {} : { ciphertextMetadata: metadata.toString('base64') }),
        additionalAuthenticatedData: aad.toString('base64'),
        initializationVector: iv.toString('base64'),
        authenticationTag: tag.toString('base64'),
      })
      return readDecryption(members, ciphertext.length)
    },
    certificateTimeLeft: transport.certificateTimeLeft,
    close: transport.close,
  }
}
