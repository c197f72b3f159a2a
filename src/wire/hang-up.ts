/** The end of a connection. */
import { REFUSED_BODY_TIMEOUT_MS } from '../base/limits.ts'
import { STATUS_CODES } from './node-http.ts'
import type { Peer } from './peer.ts'

export function bareResponse(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`
}

/** Tells a client no more than a status, and hangs up. */
export function hangUp(peer: Peer, status: number): void {
  endInOrder(peer, REFUSED_BODY_TIMEOUT_MS, bareResponse(status))
}

/**
 * Says the last words and hangs up. What the client still sends is read and thrown away: closing on unread bytes would reset the
 * connection, and an answer that has not been read by then would be lost. A client that does not hang up too is cut off.
 */
export function endInOrder(peer: Peer, lingerMs: number, lastWords = '', encoding?: BufferEncoding): void {
  const { socket } = peer
  peer.isEnding = true
  socket.end(lastWords, encoding)
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref()
  socket.once('close', () => clearTimeout(timer))
}
