/**
 * The errors that a client may see. Anything else that is thrown is a bug: the wire answers `KMSInternalException`
 * with no text and logs the cause.
 */

/** Exceptions that the service model flags as server faults; all others are HTTP 400 (operations.md 1.3). */
const SERVER_FAULTS: ReadonlySet<string> = new Set([
  'DependencyTimeoutException',
  'KeyUnavailableException',
  'KMSInternalException',
])

export class KmsError extends Error {
  /** AWS exception name, e.g. `NotFoundException`. */
  readonly code: string
  /** Text for the client; `undefined` where AWS sends no message member at all (operations.md 1.3). */
  readonly text: string | undefined
  /** What audit records have of the text: not what nobody but the caller may see. */
  readonly recordedText: string | undefined

  constructor(code: string, text?: string, options?: { cause?: unknown; recordedText?: string }) {
    super(text ?? code, options)
    this.name = 'KmsError'
    this.code = code
    this.text = text
    this.recordedText = options?.recordedText ?? text
  }

  /** HTTP status. */
  get status(): number {
    return SERVER_FAULTS.has(this.code) ? 500 : 400
  }
}

/** A client gets no answer: its connection ends. Only a development server does so on purpose (docs/faults.md). */
export class ConnectionDropped extends Error {}

/** One answer for every reason: what failed must not show (lifecycle.md CT-5). */
export function invalidCiphertext(cause?: unknown): KmsError {
  return new KmsError('InvalidCiphertextException', undefined, { cause })
}

export function validationError(message: string): KmsError {
  return new KmsError('ValidationException', message)
}

/** Unknown, inactive and deleted callers are told apart by nothing (authorization.md 5.4). */
export function unrecognizedClient(): KmsError {
  return new KmsError('UnrecognizedClientException', 'The security token included in the request is invalid.')
}

export function notFound(message: string): KmsError {
  return new KmsError('NotFoundException', message)
}
