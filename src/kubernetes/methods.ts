/** The three methods of Kubernetes' KMS v2 API, by their paths. */
import type { Log } from '../base/log.ts'
import { GrpcError } from './grpc-error.ts'
import type { UnaryMethod } from './grpc-server.ts'
import type { KeyProvider } from './key-provider.ts'
import {
  readDecryptRequest,
  readEncryptRequest,
  writeDecryptResponse,
  writeEncryptResponse,
  writeStatusResponse,
} from './messages.ts'
import { MalformedMessage } from './protobuf.ts'

/** A UUID has 36. */
const UID_CHARS_MAX = 64

export function kubernetesMethods(provider: KeyProvider, log: Log): ReadonlyMap<string, UnaryMethod> {
  function noted(operation: string, uid: string, work: Promise<Buffer>): Promise<Buffer> {
    const fields = { operation, uid: uid.slice(0, UID_CHARS_MAX) }
    return work.then(
      (answer) => {
        log.debug?.(fields, 'a call of the API server')
        return answer
      },
      (error) => {
        const { code, message: reason } = error as Partial<GrpcError>
        log.warn({ ...fields, code, reason }, 'a call of the API server failed')
        throw error
      },
    )
  }

  return new Map<string, UnaryMethod>([
    [
      '/v2.KeyManagementService/Status',
      async (_request, signal) => {
        // A failure is an error here, not another healthz: beside a key_id that it knows, Kubernetes would go on writing under a seed that the key may
        // never give back (github.com/kubernetes/kubernetes/issues/138950).
        const keyId = await provider.currentKeyId(signal)
        return writeStatusResponse({ version: 'v2', healthz: 'ok', keyId })
      },
    ],
    [
      '/v2.KeyManagementService/Encrypt',
      async (request, signal) => {
        const { plaintext, uid } = parse(readEncryptRequest, request)
        return noted('Encrypt', uid, provider.encrypt(plaintext, signal).then(writeEncryptResponse))
      },
    ],
    [
      '/v2.KeyManagementService/Decrypt',
      async (request, signal) => {
        const { ciphertext, uid, keyId } = parse(readDecryptRequest, request)
        return noted('Decrypt', uid, provider.decrypt(ciphertext, keyId, signal).then(writeDecryptResponse))
      },
    ],
  ])
}

function parse<T>(read: (message: Buffer) => T, request: Buffer): T {
  try {
    return read(request)
  } catch (cause) {
    if (!(cause instanceof MalformedMessage)) throw cause
    throw new GrpcError('INVALID_ARGUMENT', `the request is no message of this method: ${cause.message}`, { cause })
  }
}
