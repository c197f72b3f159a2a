/** What a caller learns of a call that failed: a status of gRPC (grpc.io/docs/guides/status-codes) and a text, which Kubernetes logs and shows. */

export const GRPC_CODES = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16,
} as const

export type GrpcCode = keyof typeof GRPC_CODES

export class GrpcError extends Error {
  readonly code: GrpcCode

  constructor(code: GrpcCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'GrpcError'
    this.code = code
  }
}
