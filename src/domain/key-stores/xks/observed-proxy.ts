/** A proxy's client that tells how each of its calls ended, for operators who measure. */
import type { ManagerState } from './proxy-answers.ts'
import type { ProxyClient, RequestMetadata } from './proxy-client.ts'
import { ProxyError, type ProxyFailure } from './proxy-failure.ts'

export interface ProxyCall {
  readonly storeId: string
  /** As AWS names it: `Decrypt`, `KmsHealthCheck`. */
  readonly kmsOperation: string
  /** As the specification of proxies names it (keystores.md section 3). */
  readonly xksOperation: 'GetHealthStatus' | 'GetKeyMetadata' | 'Encrypt' | 'Decrypt'
  /** Of the KMS key; `None`: it is about no key, or about one that is not made yet. */
  readonly keySpec: 'SYMMETRIC_DEFAULT' | 'None'
}

/** Never fails, never waits. */
export interface ProxyObserver {
  /** @param failure `undefined`: it went well. */
  answered(call: ProxyCall, failure: ProxyFailure | undefined, ms: number): void
  managers(storeId: string, states: readonly ManagerState[]): void
  /** @param name that the certificate has to have. */
  certificate(storeId: string, name: string, timeLeftMs: number): void
}

/** @param host of the proxy's URI endpoint. */
export function observedProxy(
  client: ProxyClient,
  storeId: string,
  host: string,
  observer: ProxyObserver,
): ProxyClient {
  async function observed<T>(
    xksOperation: ProxyCall['xksOperation'],
    { kmsOperation, kmsKeyArn }: RequestMetadata,
    work: () => Promise<T>,
  ): Promise<T> {
    const keySpec = kmsKeyArn === undefined ? 'None' : 'SYMMETRIC_DEFAULT'
    const startedAt = performance.now()
    const tell = (failure: ProxyFailure | undefined) => {
      observer.answered({ storeId, kmsOperation, xksOperation, keySpec }, failure, performance.now() - startedAt)
      const left = client.certificateTimeLeft()
      if (left !== undefined) observer.certificate(storeId, host, left)
    }
    try {
      const result = await work()
      tell(undefined)
      return result
    } catch (error) {
      if (error instanceof ProxyError) tell(error.failure)
      throw error
    }
  }

  return {
    ...client,
    async health(about) {
      const states = await observed('GetHealthStatus', about, () => client.health(about))
      observer.managers(storeId, states)
      return states
    },
    keyMetadata: (externalId, about) => observed('GetKeyMetadata', about, () => client.keyMetadata(externalId, about)),
    encrypt: (externalId, about, plaintext, aad) =>
      observed('Encrypt', about, () => client.encrypt(externalId, about, plaintext, aad)),
    decrypt: (externalId, about, sealed, aad) =>
      observed('Decrypt', about, () => client.decrypt(externalId, about, sealed, aad)),
  }
}
