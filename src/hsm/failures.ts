/** What failures of an HSM mean: for callers (KS-5, keystores.md 2.7) and for the state of a connection (1.4). */
import { KmsError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { CloudHsmKeyStore, ConnectionErrorCode } from '../domain/key-stores/custom-key-store.ts'
import { ConnectionError } from '../domain/key-stores/key-store-backend.ts'
import { HsmError } from './messages.ts'

/** The session or the login is gone, and a new one may do. */
const LOST_LOGIN: ReadonlySet<string> = new Set([
  'CKR_USER_NOT_LOGGED_IN',
  'CKR_SESSION_HANDLE_INVALID',
  'CKR_SESSION_CLOSED',
  'CKR_CRYPTOKI_NOT_INITIALIZED',
  'NOT_SENT',
])

export function isLostLogin(error: unknown): boolean {
  return error instanceof HsmError && LOST_LOGIN.has(error.code)
}

/** No token of the cluster works any more for the process that said so: it has left each out that failed. */
const LOST_TOKENS: ReadonlySet<string> = new Set([
  'NO_TOKEN',
  'CKR_DEVICE_ERROR',
  'CKR_DEVICE_REMOVED',
  'CKR_DEVICE_MEMORY',
  'CKR_TOKEN_NOT_PRESENT',
  'CKR_TOKEN_NOT_RECOGNIZED',
])

export function isLostTokens(error: unknown): error is HsmError {
  return error instanceof HsmError && LOST_TOKENS.has(error.code)
}

/** Nothing is wrong with key or store: the same call may succeed in a moment, and SDKs try it. */
const PASSING: ReadonlySet<string> = new Set(['NO_FREE_SESSION', 'CKR_SESSION_COUNT', 'CKR_HOST_MEMORY', 'CRASHED'])

const TEXTS: Readonly<Record<string, (store: CloudHsmKeyStore) => string>> = {
  KEY_MISSING: ({ clusterId }) => `The key material of this KMS key is not in CloudHSM cluster ${clusterId}.`,
  KEY_AMBIGUOUS: ({ clusterId }) =>
    `The key material of this KMS key is in CloudHSM cluster ${clusterId} several times.`,
  CKR_KEY_FUNCTION_NOT_PERMITTED: ({ clusterId }) =>
    `CloudHSM cluster ${clusterId} does not permit this use of the key material of this KMS key.`,
}

/** @returns what the caller is told; what is no error of an HSM is returned as it is. */
export function callFailure(error: unknown, store: CloudHsmKeyStore, log: Log): unknown {
  if (error instanceof ConnectionError) return unreachable(store, error)
  if (!(error instanceof HsmError) || error.code === 'INVALID_CIPHERTEXT') return error
  // As somebody wanted it: nothing that the log should tell of.
  if (error.code === 'DISCONNECTED') {
    const text = `Custom key store ${store.storeId} is disconnected.`
    return new KmsError('KMSInvalidStateException', text, { cause: error })
  }
  const where = { customKeyStoreId: store.storeId, clusterId: store.clusterId, code: error.code }
  log.error({ ...where, err: error }, 'a call to an HSM failed')
  if (error.code === 'BUG' || error.code === 'KEY_EXPOSED' || PASSING.has(error.code)) {
    return new KmsError('KMSInternalException', undefined, { cause: error })
  }
  const text = TEXTS[error.code]?.(store)
  return text === undefined
    ? unreachable(store, error)
    : new KmsError('KMSInvalidStateException', text, { cause: error })
}

function unreachable({ storeId, clusterId }: CloudHsmKeyStore, cause: Error): KmsError {
  const text = `CloudHSM cluster ${clusterId} of custom key store ${storeId} cannot be reached.`
  return new KmsError('KMSInvalidStateException', text, { cause })
}

const CONNECTION_CODES: Readonly<Record<string, ConnectionErrorCode>> = {
  CKR_PIN_INCORRECT: 'INVALID_CREDENTIALS',
  CKR_PIN_INVALID: 'INVALID_CREDENTIALS',
  CKR_PIN_LEN_RANGE: 'INVALID_CREDENTIALS',
  CKR_PIN_EXPIRED: 'INVALID_CREDENTIALS',
  CKR_PIN_LOCKED: 'USER_LOCKED_OUT',
  CKR_USER_PIN_NOT_INITIALIZED: 'USER_NOT_FOUND',
  CKR_USER_ALREADY_LOGGED_IN: 'USER_LOGGED_IN',
  CKR_USER_ANOTHER_ALREADY_LOGGED_IN: 'USER_LOGGED_IN',
  CKR_SESSION_COUNT: 'USER_LOGGED_IN',
  CKR_DEVICE_ERROR: 'NETWORK_ERRORS',
  CKR_DEVICE_REMOVED: 'NETWORK_ERRORS',
  CKR_DEVICE_MEMORY: 'NETWORK_ERRORS',
  CKR_TOKEN_NOT_PRESENT: 'NETWORK_ERRORS',
  TIMED_OUT: 'NETWORK_ERRORS',
  NO_TOKEN: 'INSUFFICIENT_CLOUDHSM_HSMS',
}

export function connectionError(error: unknown): ConnectionError {
  if (error instanceof ConnectionError) return error
  const code = error instanceof HsmError ? CONNECTION_CODES[error.code] : undefined
  return new ConnectionError(code ?? 'INTERNAL_ERROR', (error as Error).message, { cause: error })
}
