/** Listening, for the servers that every worker has. */
import type { Server, Socket } from 'node:net'
import { SHUTDOWN_HANDSHAKE_MS } from '../base/limits.ts'

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

/**
 * Connections to a TLS server that have not agreed on TLS yet: its end waits for them, and nobody else knows of them.
 * @returns what a server that stops calls: they have a moment more.
 */
export function followHandshakes(server: Server): () => void {
  const open = new Map<string, Socket>()
  server.on('connection', (socket: Socket) => {
    const peer = peerOf(socket)
    open.set(peer, socket)
    socket.once('close', () => {
      if (open.get(peer) === socket) open.delete(peer)
    })
  })
  server.on('secureConnection', (socket: Socket) => open.delete(peerOf(socket)))
  function endLate(): void {
    for (const socket of open.values()) socket.destroy()
  }
  return () => void setTimeout(endLate, SHUTDOWN_HANDSHAKE_MS).unref()
}

/** The same of a TLS socket and of the one below, which it does not name. */
function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
