/** What keeps the proxy from starting, in a sentence for the operator. */
export class XksStartError extends Error {}

/** @param cause node's error. */
export function cannotListen(
  { host, port }: { readonly host: string; readonly port: number },
  cause: Error,
): XksStartError {
  const { code = cause.message } = cause as NodeJS.ErrnoException
  const reason = REASONS[code] ?? code
  return new XksStartError(`cannot listen on host ${host}, port ${port}: ${reason}`, { cause })
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something else listens there',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'this machine cannot resolve that name',
  EACCES: 'this user may not listen on that port',
}
