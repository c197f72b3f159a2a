/**
 * Fetches a small document over HTTPS from an address that somebody else chose. Whoever can register an identity provider
 * must not be able to make this machine talk to its neighbours: no private addresses unless the operator says so, no
 * redirects, no plain HTTP; the address that was checked is the one that is connected to.
 */
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { isIP } from 'node:net'
import { rootCertificates } from 'node:tls'
import { SECOND_MS } from '../base/clock.ts'
import { FETCH_TIMEOUT_MS, FETCHED_DOCUMENT_BYTES_MAX } from '../base/limits.ts'
import { checkedLookup } from './checked-lookup.ts'
import { isPublicAddress } from './public-addresses.ts'

export interface FetchOptions {
  /** It may be on a private address. */
  readonly isPrivate: boolean
  /** PEM certificates to trust beside those that come with Node. */
  readonly ca: string | undefined
}

export interface FetchedDocument {
  readonly text: string
  /** How long its server says that it stays fresh; `undefined`: it does not say. */
  readonly maxAgeMs: number | undefined
}

/** Why there is no document; for logs, not for clients. */
export class FetchError extends Error {}

/** @throws {FetchError} whatever goes wrong. */
export async function fetchDocument(url: string, options: FetchOptions): Promise<FetchedDocument> {
  const target = URL.parse(url)
  if (target?.protocol !== 'https:' || target.username !== '' || target.password !== '') {
    throw new FetchError('only https addresses without credentials are fetched')
  }
  const host = target.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0 && !options.isPrivate && !isPublicAddress(host)) throw privateAddress(host)
  try {
    return await get(target, options)
  } catch (cause) {
    throw cause instanceof FetchError ? cause : new FetchError(`cannot fetch ${url}`, { cause })
  }
}

function privateAddress(host: string): FetchError {
  return new FetchError(`${host} is on a private address, which nobody allowed`)
}

function get(target: URL, { isPrivate, ca }: FetchOptions): Promise<FetchedDocument> {
  return new Promise((resolve, reject) => {
    const sent = request(target, {
      headers: { accept: 'application/json', 'user-agent': 'keyhold' },
      agent: false,
      signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
      ...(isPrivate ? {} : { lookup: checkedLookup(isPublicAddress, privateAddress) }),
      ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }),
    })
    sent.once('error', reject)
    sent.once('response', (response) => read(response).then(resolve, reject))
    // Another protocol (RFC 9110 7.8) that nobody asked for. Without a listener the end of the request would never be heard of.
    sent.once('upgrade', (response, socket) => {
      socket.destroy()
      read(response).then(resolve, reject)
    })
    sent.end()
  })
}

async function read(response: IncomingMessage): Promise<FetchedDocument> {
  const { statusCode, headers } = response
  if (statusCode !== 200) {
    response.destroy()
    throw new FetchError(`the answer has status ${statusCode}`)
  }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > FETCHED_DOCUMENT_BYTES_MAX) throw new FetchError('the document is too large')
    chunks.push(chunk)
  }
  return { text: Buffer.concat(chunks).toString('utf8'), maxAgeMs: maxAgeOf(headers['cache-control']) }
}

function maxAgeOf(cacheControl: string | undefined): number | undefined {
  if (cacheControl === undefined) return undefined
  if (/\bno-(?:store|cache)\b/i.test(cacheControl)) return 0
  const seconds = /\bmax-age="?(\d{1,9})\b/i.exec(cacheControl)?.[1]
  return seconds === undefined ? undefined : Number(seconds) * SECOND_MS
}
