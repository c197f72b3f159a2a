/**
 * What can go wrong between this service and the proxy of an external key store, and what becomes of it: one exception for those
 * who configure a store, one for CreateKey, one code for a store that does not connect (keystores.md 1.4, 5.4). The text is the same
 * in all of them: it says what failed and what to do, and never what the proxy said (XC-10).
 */
import { KmsError } from '../../../base/errors.ts'
import type { ConnectionErrorCode } from '../custom-key-store.ts'
import { ConnectionError } from '../key-store-backend.ts'

/** Errors that a proxy answers with, by name (keystores.md 3.7). */
export const PROXY_ERRORS = [
  'ValidationException',
  'InvalidStateException',
  'InvalidCiphertextException',
  'InvalidKeyUsageException',
  'AuthenticationFailedException',
  'AccessDeniedException',
  'KeyNotFoundException',
  'InvalidUriPathException',
  'ThrottlingException',
  'InternalException',
  'UnsupportedOperationException',
  'DependencyTimeoutException',
] as const
export type ProxyErrorName = (typeof PROXY_ERRORS)[number]

const UNREACHABLE = 'XksProxyUnreachableException'

export type ProxyFailure =
  | ProxyErrorName
  | 'malformed answer'
  | 'not reachable'
  | 'no address'
  | 'timed out'
  | 'tls'
  | 'all managers unavailable'
  | 'unknown service'
  | 'service without address'

interface Consequences {
  readonly text: string
  /** CreateCustomKeyStore, UpdateCustomKeyStore. */
  readonly configuring: string
  readonly creatingKey: string
  readonly connecting: ConnectionErrorCode
}

const PROXY = 'The external key store proxy'
const INVALID_STATE = 'CustomKeyStoreInvalidStateException'
const UNUSABLE_KEY = 'XksKeyInvalidConfigurationException'
const ASK_ADMINISTRATOR = 'If you see this error repeatedly, report it to the administrator of the proxy.'

const invalidResponse = {
  configuring: 'XksProxyInvalidResponseException',
  connecting: 'XKS_PROXY_INVALID_RESPONSE',
} as const
const unreachable = { configuring: 'XksProxyUriUnreachableException', connecting: 'XKS_PROXY_NOT_REACHABLE' } as const

const CONSEQUENCES: Readonly<Record<ProxyFailure, Consequences>> = {
  ValidationException: {
    text: `${PROXY} rejected the request as invalid. ${ASK_ADMINISTRATOR}`,
    ...invalidResponse,
    creatingKey: INVALID_STATE,
  },
  InternalException: {
    text: `${PROXY} had an internal error. Retry the request. ${ASK_ADMINISTRATOR}`,
    ...invalidResponse,
    creatingKey: INVALID_STATE,
  },
  'malformed answer': {
    text: `${PROXY} gave a response that cannot be interpreted. Retry the request. ${ASK_ADMINISTRATOR}`,
    ...invalidResponse,
    creatingKey: INVALID_STATE,
  },
  InvalidStateException: {
    text: `${PROXY} reports that the external key, or the key store that holds it, is disabled or blocked. Enable it in the external key manager.`,
    ...invalidResponse,
    creatingKey: UNUSABLE_KEY,
  },
  InvalidCiphertextException: {
    text: `${PROXY} could not decrypt the ciphertext with the external key. Verify that the external key still has the version of its material that encrypted it.`,
    ...invalidResponse,
    creatingKey: INVALID_STATE,
  },
  InvalidKeyUsageException: {
    text: 'The external key does not allow the operation. Its usage must include ENCRYPT and DECRYPT.',
    ...invalidResponse,
    creatingKey: UNUSABLE_KEY,
  },
  AuthenticationFailedException: {
    text: `${PROXY} did not accept the proxy authentication credential. Verify it, and correct it with UpdateCustomKeyStore.`,
    configuring: 'XksProxyIncorrectAuthenticationCredentialException',
    creatingKey: INVALID_STATE,
    connecting: 'INVALID_CREDENTIALS',
  },
  AccessDeniedException: {
    text: `${PROXY} denied access. Verify that it allows this caller, this operation and this key.`,
    configuring: 'XksProxyInvalidConfigurationException',
    creatingKey: INVALID_STATE,
    connecting: 'XKS_PROXY_ACCESS_DENIED',
  },
  KeyNotFoundException: {
    text: `${PROXY} could not find the external key. Verify the external key ID.`,
    ...invalidResponse,
    creatingKey: 'XksKeyNotFoundException',
  },
  InvalidUriPathException: {
    text: `${PROXY} does not know the URI path. Verify the URI path of the external key store.`,
    configuring: 'XksProxyInvalidConfigurationException',
    creatingKey: INVALID_STATE,
    connecting: 'XKS_PROXY_INVALID_CONFIGURATION',
  },
  UnsupportedOperationException: {
    text: `${PROXY} does not support the operation. ${ASK_ADMINISTRATOR}`,
    ...invalidResponse,
    creatingKey: 'UnsupportedOperationException',
  },
  ThrottlingException: {
    text: `${PROXY} rejected the request because of a high request rate. Reduce the rate of calls that use keys in this external key store.`,
    ...unreachable,
    creatingKey: INVALID_STATE,
  },
  DependencyTimeoutException: {
    text: `${PROXY} did not get an answer from the external key manager in time. Retry the request. ${ASK_ADMINISTRATOR}`,
    ...unreachable,
    creatingKey: INVALID_STATE,
  },
  'not reachable': {
    text: `${PROXY} cannot be reached. Verify that it is running, and that the network leads to it. ${ASK_ADMINISTRATOR}`,
    ...unreachable,
    creatingKey: INVALID_STATE,
  },
  'no address': {
    text: `${PROXY} cannot be reached: the domain name of its URI endpoint leads to no address that it may have.`,
    ...unreachable,
    creatingKey: INVALID_STATE,
  },
  'timed out': {
    text: `${PROXY} did not respond in the time allotted. Retry the request. ${ASK_ADMINISTRATOR}`,
    ...unreachable,
    creatingKey: INVALID_STATE,
    connecting: 'XKS_PROXY_TIMED_OUT',
  },
  tls: {
    text: `${PROXY} cannot be reached by TLS. Verify its TLS version, and that its certificate is valid, trusted, and names the domain of the URI endpoint.`,
    ...unreachable,
    creatingKey: INVALID_STATE,
    connecting: 'XKS_PROXY_INVALID_TLS_CONFIGURATION',
  },
  'all managers unavailable': {
    text: `${PROXY} reports that all external key managers are unavailable.`,
    ...unreachable,
    creatingKey: INVALID_STATE,
  },
  'unknown service': {
    text: 'The VPC endpoint service of the external key store proxy was not found. Verify its name.',
    configuring: 'XksProxyVpcEndpointServiceNotFoundException',
    creatingKey: INVALID_STATE,
    connecting: 'XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND',
  },
  'service without address': {
    text: 'The VPC endpoint service of the external key store proxy leads to no address.',
    configuring: 'XksProxyVpcEndpointServiceInvalidConfigurationException',
    creatingKey: INVALID_STATE,
    connecting: 'XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION',
  },
}

/** Thrown by whatever talks with a proxy; `detail` is for the log. */
export class ProxyError extends Error {
  readonly failure: ProxyFailure
  readonly detail: string

  constructor(failure: ProxyFailure, detail: string) {
    super(`${failure}: ${detail}`)
    this.name = 'ProxyError'
    this.failure = failure
    this.detail = detail
  }
}

/** For CreateCustomKeyStore and UpdateCustomKeyStore. */
export function configuringError(error: ProxyError): KmsError {
  const { configuring, text } = CONSEQUENCES[error.failure]
  return new KmsError(configuring, text, { cause: error })
}

export function creatingKeyError(error: ProxyError): KmsError {
  const { creatingKey, text } = CONSEQUENCES[error.failure]
  return new KmsError(creatingKey, text, { cause: error })
}

/** For cryptographic operations: one class for all that fails below (KS-5), never `InvalidCiphertextException`. */
export function cryptographicError(error: ProxyError): KmsError {
  return new KmsError('KMSInvalidStateException', CONSEQUENCES[error.failure].text, { cause: error })
}

export function connectionError(error: ProxyError): ConnectionError {
  const { connecting, text } = CONSEQUENCES[error.failure]
  return new ConnectionError(connecting, text, { cause: error })
}

const RETRYABLE: ReadonlySet<string> = new Set<ProxyErrorName | typeof UNREACHABLE>([
  'InternalException',
  'DependencyTimeoutException',
  'ThrottlingException',
  UNREACHABLE,
])

/** Of metrics (keystores.md 5.4): the proxy's own error, or the one name for all that is no usable connection or answer. */
export function exceptionNameOf(failure: ProxyFailure): string {
  return PROXY_ERRORS.find((name) => name === failure) ?? UNREACHABLE
}

/** keystores.md 5.4. */
export function isRetryable(failure: ProxyFailure): boolean {
  return RETRYABLE.has(exceptionNameOf(failure))
}
