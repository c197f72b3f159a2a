/** An operator's address for events and alarms. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Answer } from './harness.ts'

export interface EventReceiver {
  readonly url: string
  readonly received: { readonly type: string | undefined; readonly event: Answer }[]
  /** What it answers. */
  status: number
  close(): void
}

export async function openEventReceiver(): Promise<EventReceiver> {
  const received: EventReceiver['received'] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({ type: request.headers['content-type'], event: JSON.parse(Buffer.concat(chunks).toString()) })
      response.writeHead(receiver.status).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const receiver = { url: `http://127.0.0.1:${port}/events`, received, status: 204, close: () => void server.close() }
  return receiver
}
