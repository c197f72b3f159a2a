/** What keeps the proxy from starting, in a sentence for the operator. */
import { OperatorError } from '../config/operator-error.ts'

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something else listens there',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'this machine cannot resolve that name',
  EACCES: 'this user may not listen on that port',
}

/** @param cause node's error. */
export function cannotListen(
  { host, port }: { readonly host: string; readonly port: number },
  cause: NodeJS.ErrnoException,
): OperatorError {
  const reason = REASONS[cause.code ?? ''] ?? cause.message
  return startError(`cannot listen on host ${host}, port ${port}: ${reason}`, cause)
}

export function startError(problem: string, cause?: unknown): OperatorError {
  return new OperatorError(`--xks-proxy: ${problem}`, { cause })
}
