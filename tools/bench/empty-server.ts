/**
 * The reference of the benchmark: a process with a bare `node:http` server that reads each request to its end and sends one
 * fixed answer. What a request costs here, no server on `node:http` can save.
 *
 * Its only argument is the answer, an {@link Answer} in JSON; it prints `listening on http://HOST:PORT` and ends with SIGTERM.
 */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Answer } from './answer.ts'

const { headers, body } = JSON.parse(process.argv[2]!) as Answer

const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    response.writeHead(200, headers as string[])
    response.end(body)
  })
})

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
process.on('SIGTERM', () => process.exit(0))
