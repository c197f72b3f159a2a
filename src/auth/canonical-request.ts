/** The canonical request of SigV4: the text that both sides make of a request before it is hashed and signed. */
import { sha256Hex } from '../crypto/hash.ts'
import { canonicalQuery, encode, type QueryParameter } from './query-parameters.ts'
import type { SignatureTerms } from './signature-terms.ts'
import type { SignedRequest } from './signed-request.ts'

/** SHA-256 in lower-case hex. The payload is always hashed from the body: KMS has no UNSIGNED-PAYLOAD. */
export function canonicalRequestHash(
  { method, path, headers, body }: SignedRequest,
  { signedHeaders, signedHeadersText }: Pick<SignatureTerms, 'signedHeaders' | 'signedHeadersText'>,
  parameters: readonly QueryParameter[] | undefined,
): string {
  const query = parameters === undefined ? '' : canonicalQuery(parameters)
  const start = `${method}\n${path === '/' ? path : canonicalPath(path)}\n${query}\n`
  const end = `\n${signedHeadersText}\n${sha256Hex(body)}`
  let lines = ''
  for (const name of signedHeaders) lines += `${name}:${headers.get(name) ?? ''}\n`
  const text = start + lines + end
  return hashOfBytes(mayNeedTrimming(text) ? start + trimLines(lines) + end : text)
}

/** Most requests have nothing to trim, and one look at all of it is cheaper than one at each value. */
function mayNeedTrimming(text: string): boolean {
  return text.includes('  ') || text.includes('\t') || text.includes(': ') || text.includes(' \n')
}

/** Blanks of ASCII only: in Latin-1 the byte A0 of some letter looks like a space. */
function trimLines(lines: string): string {
  return lines
    .replaceAll(/[ \t]+/g, ' ')
    .replaceAll(/^([^:]*:) /gm, '$1')
    .replaceAll(/ $/gm, '')
}

/**
 * Node gives header values as Latin-1, one character for each byte sent, while a text is hashed as UTF-8: the two agree
 * as long as all of it is ASCII.
 */
function hashOfBytes(text: string): string {
  return sha256Hex(Buffer.byteLength(text) === text.length ? text : Buffer.from(text, 'latin1'))
}

/** Dot segments and empty segments removed, each remaining one encoded once more than it was sent. */
function canonicalPath(path: string): string {
  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') segments.pop()
    else if (segment !== '' && segment !== '.') segments.push(encode(segment))
  }
  const isFolder = path.endsWith('/') && segments.length > 0
  return `/${segments.join('/')}${isFolder ? '/' : ''}`
}
