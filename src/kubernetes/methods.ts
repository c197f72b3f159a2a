/** The three methods of Kubernetes' KMS v2 API. */
import type { ServiceImpl } from '@connectrpc/connect'
import type { Log } from '../base/log.ts'
import type { GrpcError } from './grpc-error.ts'
import type { KeyProvider } from './key-provider.ts'
import type { KeyManagementService } from './service.ts'

/** A UUID has 36. */
const UID_CHARS_MAX = 64

export function kubernetesMethods(provider: KeyProvider, log: Log): ServiceImpl<typeof KeyManagementService> {
  function noted<T>(operation: string, uid: string, work: Promise<T>): Promise<T> {
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

  return {
    async status(_request, { signal }) {
      // A failure is an error here, not another healthz: beside a key_id that it knows, Kubernetes would go on writing under a seed that the key may
      // never give back (github.com/kubernetes/kubernetes/issues/138950).
      return { version: 'v2', healthz: 'ok', keyId: await provider.currentKeyId(signal) }
    },
    encrypt({ plaintext, uid }, { signal }) {
      return noted('Encrypt', uid, provider.encrypt(Buffer.from(plaintext), signal))
    },
    decrypt({ ciphertext, uid, keyId }, { signal }) {
      const opened = provider.decrypt(Buffer.from(ciphertext), keyId, signal)
      return noted(
        'Decrypt',
        uid,
        opened.then((plaintext) => ({ plaintext })),
      )
    },
  }
}
