/** From what a KMS refused, or failed at, to a status of gRPC. */
import { KmsCallError } from '../outgoing/kms-calls.ts'
import { type GrpcCode, GrpcError } from './grpc-error.ts'

/** By the names of AWS KMS's exceptions. */
const CODES: Readonly<Record<string, GrpcCode>> = {
  AccessDeniedException: 'PERMISSION_DENIED',
  ExpiredTokenException: 'UNAUTHENTICATED',
  IncompleteSignatureException: 'UNAUTHENTICATED',
  InvalidSignatureException: 'UNAUTHENTICATED',
  MissingAuthenticationTokenException: 'UNAUTHENTICATED',
  UnrecognizedClientException: 'UNAUTHENTICATED',
  DisabledException: 'FAILED_PRECONDITION',
  KMSInvalidStateException: 'FAILED_PRECONDITION',
  InvalidKeyUsageException: 'FAILED_PRECONDITION',
  NotFoundException: 'NOT_FOUND',
  IncorrectKeyException: 'INVALID_ARGUMENT',
  InvalidCiphertextException: 'INVALID_ARGUMENT',
  ValidationException: 'INVALID_ARGUMENT',
}

/** @returns what is no failure of a KMS as it is. */
export function grpcErrorOf(error: unknown): unknown {
  if (!(error instanceof KmsCallError)) return error
  return new GrpcError(codeOf(error), error.message, { cause: error })
}

function codeOf({ code, mayPass }: KmsCallError): GrpcCode {
  if (code !== undefined && /Throttling|LimitExceeded/.test(code)) return 'RESOURCE_EXHAUSTED'
  if (mayPass) return 'UNAVAILABLE'
  return (code !== undefined && Object.hasOwn(CODES, code) && CODES[code]) || 'UNKNOWN'
}
