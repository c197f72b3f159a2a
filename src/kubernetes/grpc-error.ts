/** What a caller learns of a call that failed: a status of gRPC (grpc.io/docs/guides/status-codes) and a text, which Kubernetes logs and shows. */

export type GrpcCode =
  | 'CANCELLED'
  | 'UNKNOWN'
  | 'INVALID_ARGUMENT'
  | 'DEADLINE_EXCEEDED'
  | 'NOT_FOUND'
  | 'PERMISSION_DENIED'
  | 'RESOURCE_EXHAUSTED'
  | 'FAILED_PRECONDITION'
  | 'INTERNAL'
  | 'UNAVAILABLE'
  | 'UNAUTHENTICATED'

export class GrpcError extends Error {
  readonly code: GrpcCode

  constructor(code: GrpcCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'GrpcError'
    this.code = code
  }
}
