/** The errors of the protocol, and their HTTP statuses (keystores.md 3.7). */
import { KmsError } from '../base/errors.ts'

const STATUSES = {
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
} as const

export type XksErrorName = keyof typeof STATUSES

/** The text is for the other side's log: printable ASCII, less than 512 characters, with nothing of a request or a user in it (XP-8). */
export class XksError extends Error {
  readonly errorName: XksErrorName

  constructor(errorName: XksErrorName, text: string, options?: { cause?: unknown }) {
    super(text, options)
    this.name = 'XksError'
    this.errorName = errorName
  }

  get status(): number {
    return STATUSES[this.errorName]
  }
}

/** Of what the rest of Keyhold throws; whatever has no name here is an error within. */
export function xksErrorOf(error: unknown): XksError {
  if (error instanceof XksError) return error
  const code = error instanceof KmsError ? error.code : undefined
  if (code === 'InvalidCiphertextException') return invalidCiphertext(error)
  // Only where the key's material went after its state was looked at.
  if (code === 'KMSInvalidStateException') {
    return new XksError('InvalidStateException', 'The state of the external key is PendingImport.', { cause: error })
  }
  if (code === 'ThrottlingException') return new XksError('ThrottlingException', 'Too many calls.', { cause: error })
  return new XksError('InternalException', 'The call failed within the key manager. It can be repeated.', {
    cause: error,
  })
}

function invalidCiphertext(cause: unknown): XksError {
  const text = 'The ciphertext, its metadata, or the additional authenticated data is not what the key made.'
  return new XksError('InvalidCiphertextException', text, { cause })
}
