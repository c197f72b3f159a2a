/** Posts a small JSON document to an address that the operator chose. */
import { type IncomingMessage, request as requestPlain } from 'node:http'
import { request as requestTls } from 'node:https'
import { EVENT_TIMEOUT_MS } from '../base/limits.ts'

/** @throws {Error} unless the answer's status is 2xx; redirects are not followed. The text does not show the address, which may be a secret. */
export function postJson(url: string, document: object): Promise<void> {
  const target = new URL(url)
  const body = JSON.stringify(document)
  return new Promise((resolve, reject) => {
    const request = target.protocol === 'https:' ? requestTls : requestPlain
    const sent = request(target, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'keyhold',
      },
      agent: false,
      signal: AbortSignal.timeout(EVENT_TIMEOUT_MS),
    })
    sent.once('error', reject)
    const take = (response: IncomingMessage) => {
      const { statusCode = 0 } = response
      response.resume()
      if (statusCode >= 200 && statusCode < 300) resolve()
      else reject(new Error(`${target.hostname} answered with status ${statusCode}`))
    }
    sent.once('response', take)
    // Another protocol (RFC 9110 7.8) that nobody asked for. Without a listener the end of the request would never be heard of.
    sent.once('upgrade', (response, socket) => {
      socket.destroy()
      take(response)
    })
    sent.end(body)
  })
}
