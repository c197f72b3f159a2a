/** What a server answered, in the form in which the reference repeats it. */
import { request } from 'node:http'
import type { SignedRequest } from './signed-requests.ts'

export interface Answer {
  /** Names and values in turn, without those that Node writes by itself. */
  readonly headers: readonly string[]
  readonly body: string
}

const WRITTEN_BY_NODE: ReadonlySet<string> = new Set(['date', 'connection', 'keep-alive'])

/** Sends one request. @throws {Error} if the answer is not 200. */
export function answerTo(port: number, { method, path, headers, body }: SignedRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('error', reject)
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        if (response.statusCode !== 200) reject(new Error(`the server answered ${response.statusCode}: ${text}`))
        else resolve({ headers: withoutNodesOwn(response.rawHeaders), body: text })
      })
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

function withoutNodesOwn(rawHeaders: readonly string[]): string[] {
  const kept: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!
    if (!WRITTEN_BY_NODE.has(name.toLowerCase())) kept.push(name, rawHeaders[index + 1]!)
  }
  return kept
}
