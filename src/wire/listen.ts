/** Listening, for the servers that every worker has. */
import type { Server } from 'node:net'

export interface Address {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
}

export interface ListenAddress extends Address {
  /** Other processes of this user listen there too; the system shares connections out among them (SO_REUSEPORT). */
  readonly isShared?: boolean
}

/**
 * @param onFailure told of failures once it listens.
 * @returns where it listens. Rejects with node's error if it cannot.
 */
export function listenOn(
  server: Server,
  { host, port, isShared = false }: ListenAddress,
  onFailure: (error: Error) => void,
): Promise<Address> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // Exclusive: in a worker of node:cluster the socket is its own, not the primary's.
    server.listen({ host, port, ...(isShared && { reusePort: true, exclusive: true }) }, () => {
      server.off('error', reject)
      server.on('error', onFailure)
      const bound = server.address() as { address: string; port: number }
      resolve({ host: bound.address, port: bound.port })
    })
  })
}
