/** A way to a PostgreSQL server that a test can cut at the moment when it matters. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** What becomes of a COMMIT: it arrives and its answer is lost, perhaps with the whole way, or it is lost itself. */
export type Cut = 'answer' | 'answer and way' | 'request'

export interface SeverableWay {
  readonly port: number
  /** Cuts the connection of the next COMMIT. */
  cutAtCommit(cut: Cut): void
  /** Ends all connections, and lets none through until it is opened again. */
  cut(): void
  open(): void
  /** From now on new connections are to that port of this machine, while old ones stay where they are. */
  leadTo(port: number): void
  /** As a server that was restarted by a power failure: whoever sends on a connection from before is told that there is none. */
  forget(): void
  /** For good. */
  close(): void
}

export async function severableWay(serverPort: number): Promise<SeverableWay> {
  let next: Cut | undefined
  let isOpen = true
  let destination = serverPort
  const sockets = new Set<Socket>()
  const forgotten = new WeakSet<Socket>()

  function cut(): void {
    isOpen = false
    for (const socket of sockets) socket.destroy()
  }

  const listener = createServer((near) => {
    if (!isOpen) {
      near.destroy()
      return
    }
    const far = connect(destination, '127.0.0.1')
    let atAnswer: Cut | undefined
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.on('data', (chunk) => {
      if (forgotten.has(near)) {
        near.resetAndDestroy()
        return
      }
      // In clear, which TLS would not let it be.
      if (next !== undefined && chunk.includes('; COMMIT')) {
        atAnswer = next
        next = undefined
      }
      if (atAnswer === 'request') near.destroy()
      else far.write(chunk)
    })
    far.on('data', (chunk) => {
      if (atAnswer === undefined) near.write(chunk)
      else if (atAnswer === 'answer and way') cut()
      else near.destroy()
    })
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  return {
    port: (listener.address() as AddressInfo).port,
    cutAtCommit(cut) {
      next = cut
    },
    cut,
    open() {
      isOpen = true
    },
    leadTo(port) {
      destination = port
    },
    forget() {
      for (const socket of sockets) forgotten.add(socket)
    },
    close() {
      cut()
      listener.close()
    },
  }
}
