/** The end of a connection whose client is told no more than a status. */
import { REFUSED_BODY_TIMEOUT_MS } from '../base/limits.ts'
import { STATUS_CODES } from './node-http.ts'
import type { Peer } from './peer.ts'

function bareResponse(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`
}

/** Says why and hangs up; a client that does not hang up too is cut off. */
export function hangUp(peer: Peer, status: number): void {
  const { socket } = peer
  peer.isEnding = true
  socket.end(bareResponse(status))
  const timer = setTimeout(() => socket.destroy(), REFUSED_BODY_TIMEOUT_MS).unref()
  socket.once('close', () => clearTimeout(timer))
}
