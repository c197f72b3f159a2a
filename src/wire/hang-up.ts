/** The end of a connection. */
import type { Socket } from 'node:net'
import { REFUSED_BODY_TIMEOUT_MS, SHUTDOWN_LINGER_MS } from '../base/limits.ts'
import { STATUS_CODES } from './node-http.ts'
import type { Peer } from './peer.ts'

function bareResponse(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`
}

/** Tells a client no more than a status, and hangs up; a client that does not hang up too is cut off. */
export function hangUp(peer: Peer, status: number): void {
  peer.isEnding = true
  peer.socket.end(bareResponse(status))
  cutOff(peer.socket, REFUSED_BODY_TIMEOUT_MS)
}

/**
 * Says the last words, as long as that takes, and hangs up. What the client still sends is read and thrown away: closing on unread
 * bytes would reset the connection, and an answer that has not been read by then would be lost.
 */
export function endInOrder(peer: Peer, lastWords = '', encoding?: BufferEncoding): void {
  const { socket } = peer
  peer.isEnding = true
  socket.end(lastWords, encoding, () => cutOff(socket, SHUTDOWN_LINGER_MS))
  socket.resume()
}

function cutOff(socket: Socket, afterMs: number): void {
  const timer = setTimeout(() => socket.destroy(), afterMs).unref()
  socket.once('close', () => clearTimeout(timer))
}
