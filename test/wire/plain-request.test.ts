/**
 * What Keyhold's own reader takes for a whole request, node's parser must read as that request and nothing else: a difference
 * would let a proxy, a signature or a log see another request than the one that is obeyed.
 */
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { duplexPair } from 'node:stream'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type PlainRequest, PlainRequestReader, type PlainShape } from '../../src/wire/plain-request.ts'

const BODY_BYTES_MAX = 4096

interface Seen {
  readonly method: string
  readonly url: string
  readonly rawHeaders: readonly string[]
  readonly body: string
}

/** What node reads of the bytes: its requests, and whether it found anything wrong or missing. */
async function readByNode(bytes: Buffer): Promise<{ requests: Seen[]; isClean: boolean }> {
  const requests: Promise<Seen>[] = []
  let isClean = true
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    requests.push(bodyOf(request).then((body) => seenBy(request, body)))
    response.end()
  })
  server.maxHeadersCount = 0
  server.on('clientError', () => {
    isClean = false
  })
  server.on('checkContinue', () => {
    isClean = false
  })
  server.on('checkExpectation', () => {
    isClean = false
  })
  const [client, connection] = duplexPair()
  server.emit('connection', connection as Socket)
  client.resume()
  client.end(bytes)
  // Node says nothing when a request stays incomplete; its bodies then never end.
  const all = await Promise.race([
    new Promise((resolve) => connection.once('close', resolve)).then(() => Promise.all(requests)),
    new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 1_000)),
  ])
  connection.destroy()
  return all === undefined ? { requests: [], isClean: false } : { requests: all, isClean }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece)
  return Buffer.concat(pieces).toString('latin1')
}

function seenBy({ method, url, rawHeaders }: IncomingMessage, body: string): Seen {
  return { method: method!, url: url!, rawHeaders, body }
}

const reader = new PlainRequestReader(BODY_BYTES_MAX)

function readByUs(bytes: Buffer, likely?: PlainShape): Seen | undefined {
  const request = reader.read(bytes, likely)
  if (request === undefined || request === 'begun') return undefined
  const { names, values } = request.headers
  return {
    method: 'POST',
    url: request.url,
    rawHeaders: names.asSent.flatMap((name, index) => [name, values[index]!]),
    body: request.body.toString('latin1'),
  }
}

/** Of a request that is whole and plain. */
function plainly(bytes: Buffer): PlainRequest {
  const request = new PlainRequestReader(BODY_BYTES_MAX).read(bytes, undefined)
  assert.ok(request !== undefined && request !== 'begun')
  return request
}

function sent(...lines: readonly string[]): Buffer {
  return Buffer.from(lines.join('\r\n'), 'latin1')
}

const USUAL = ['Host: kms.test', 'X-Amz-Target: TrentService.Decrypt', 'Content-Length: 2'] as const

describe('a plain request', () => {
  const plain: Readonly<Record<string, Buffer>> = {
    'as the SDKs send it': sent('POST / HTTP/1.1', ...USUAL, '', '{}'),
    'with Connection: keep-alive': sent('POST / HTTP/1.1', 'connection: keep-alive', ...USUAL, '', '{}'),
    'without a body': sent('POST / HTTP/1.1', 'Content-Length: 0', '', ''),
    'with a query': sent('POST /?a=b&c=%20#d HTTP/1.1', ...USUAL, '', '{}'),
    'with a header twice': sent('POST / HTTP/1.1', 'X-A: 1', ...USUAL, 'x-a: 2', '', '{}'),
    'with tabs and bytes beyond ASCII in a value': sent('POST / HTTP/1.1', 'X-A: a\tb \xa0\xff', ...USUAL, '', '{}'),
    'with colons and blanks in a value': sent('POST / HTTP/1.1', 'X-A: :: a  b: c', ...USUAL, '', '{}'),
    'whose body looks like a head': sent('POST / HTTP/1.1', 'Content-Length: 8', '', '\r\n\r\nGET '),
    'with the longest body': sent(
      'POST / HTTP/1.1',
      `Content-Length: ${BODY_BYTES_MAX}`,
      '',
      'x'.repeat(BODY_BYTES_MAX),
    ),
    'with 50 headers': sent('POST / HTTP/1.1', ...Array(47).fill('X-A: 1'), ...USUAL, '', '{}'),
  }
  for (const [what, bytes] of Object.entries(plain)) {
    test(`${what} is read as node reads it`, async () => {
      const seen = readByUs(bytes)
      assert.notEqual(seen, undefined)
      assert.deepEqual(await readByNode(bytes), { requests: [seen], isClean: true })
    })
  }
})

describe("node's", () => {
  const others: Record<string, Buffer> = {
    'another method': sent('PUT / HTTP/1.1', ...USUAL, '', '{}'),
    'HTTP/1.0': sent('POST / HTTP/1.0', ...USUAL, '', '{}'),
    'a whole URL': sent('POST http://kms.test/ HTTP/1.1', ...USUAL, '', '{}'),
    'bytes beyond ASCII in the path': sent('POST /\xe9 HTTP/1.1', ...USUAL, '', '{}'),
    'two blanks in the request line': sent('POST  / HTTP/1.1', ...USUAL, '', '{}'),
    'an empty line before it': sent('', 'POST / HTTP/1.1', ...USUAL, '', '{}'),
    'line ends without CR': Buffer.from(`POST / HTTP/1.1\n${USUAL.join('\n')}\n\n{}`),
    'one line end without CR': sent('POST / HTTP/1.1', `X-A: 1\nX-B: 2`, ...USUAL, '', '{}'),
    'a CR within a value': sent('POST / HTTP/1.1', 'X-A: 1\r2', ...USUAL, '', '{}'),
    'a NUL within a value': sent('POST / HTTP/1.1', 'X-A: 1\x002', ...USUAL, '', '{}'),
    'a folded line': sent('POST / HTTP/1.1', 'X-A: 1', ' 2', ...USUAL, '', '{}'),
    'a blank before the colon': sent('POST / HTTP/1.1', 'X-A : 1', ...USUAL, '', '{}'),
    'no blank after the colon': sent('POST / HTTP/1.1', 'X-A:1', ...USUAL, '', '{}'),
    'a blank at the end of a value': sent('POST / HTTP/1.1', 'X-A: 1 ', ...USUAL, '', '{}'),
    'an empty value': sent('POST / HTTP/1.1', 'X-A: ', ...USUAL, '', '{}'),
    'a name that is no token': sent('POST / HTTP/1.1', 'X(A): 1', ...USUAL, '', '{}'),
    'no headers': sent('POST / HTTP/1.1', '', ''),
    'no Content-Length': sent('POST / HTTP/1.1', 'Host: kms.test', '', ''),
    'Content-Length twice': sent('POST / HTTP/1.1', 'content-length: 2', ...USUAL, '', '{}'),
    'a Content-Length with a sign': sent('POST / HTTP/1.1', 'Content-Length: +2', '', '{}'),
    'a Content-Length with a zero in front': sent('POST / HTTP/1.1', 'Content-Length: 02', '', '{}'),
    'a list of Content-Lengths': sent('POST / HTTP/1.1', 'Content-Length: 2, 2', '', '{}'),
    'more than one request': sent('POST / HTTP/1.1', ...USUAL, '', '{}POST / HTTP/1.1', ...USUAL, '', '{}'),
    'a body over the limit': sent(
      'POST / HTTP/1.1',
      `Content-Length: ${BODY_BYTES_MAX + 1}`,
      '',
      'x'.repeat(BODY_BYTES_MAX + 1),
    ),
    'more than 50 headers': sent('POST / HTTP/1.1', ...Array(48).fill('X-A: 1'), ...USUAL, '', '{}'),
    'a head over 8 KiB': sent('POST / HTTP/1.1', `X-A: ${'x'.repeat(8192)}`, ...USUAL, '', '{}'),
    'Connection: close': sent('POST / HTTP/1.1', 'Connection: close', ...USUAL, '', '{}'),
    'Connection twice': sent('POST / HTTP/1.1', 'Connection: keep-alive', 'connection: keep-alive', ...USUAL, '', '{}'),
    'Connection with another spelling': sent('POST / HTTP/1.1', 'Connection: Keep-Alive', ...USUAL, '', '{}'),
  }
  for (const name of [
    'Transfer-Encoding: chunked',
    'Expect: 100-continue',
    'Upgrade: h2c',
    'TE: trailers',
    'Trailer: x',
  ]) {
    others[name] = sent('POST / HTTP/1.1', name, ...USUAL, '', '{}')
    others[name.toUpperCase()] = sent('POST / HTTP/1.1', name.toUpperCase(), ...USUAL, '', '{}')
  }
  others['Proxy-Connection'] = sent('POST / HTTP/1.1', 'Proxy-Connection: keep-alive', ...USUAL, '', '{}')
  for (const [what, bytes] of Object.entries(others)) {
    test(what, () => assert.equal(readByUs(bytes), undefined))
  }

  test('whatever the connection sent before', () => {
    const { shape } = plainly(sent('POST / HTTP/1.1', ...USUAL, '', '{}'))
    for (const [what, bytes] of Object.entries(others)) assert.equal(readByUs(bytes, shape), undefined, what)
  })
})

test('a plain head whose body is still to come is waited for, wherever the body is cut, and a head is not', () => {
  const whole = sent('POST / HTTP/1.1', ...USUAL, '', '{}')
  for (let end = 0; end < whole.length; end++) {
    const expected = end < whole.length - '{}'.length ? undefined : 'begun'
    assert.equal(reader.read(whole.subarray(0, end), undefined), expected, `${end} of ${whole.length} bytes`)
  }
  const long = new PlainRequestReader(Number.POSITIVE_INFINITY)
  assert.equal(long.read(sent('POST / HTTP/1.1', 'Content-Length: 65536', '', ''), undefined), 'begun')
  assert.equal(long.read(sent('POST / HTTP/1.1', 'Content-Length: 65537', '', ''), undefined), undefined)
})

test('a request is read the same whatever the connection sent before', () => {
  const heads = [
    [...USUAL],
    [...USUAL].reverse(),
    [...USUAL, 'X-A: 1'],
    ['X-A: 1', ...USUAL],
    ['Host: Content-Length: 2', 'X-Amz-Target: a', 'Content-Length: 2'],
    ['Host: kms.test', 'X-Amz-Target: a', 'content-length: 2'],
  ]
  const all = heads.map((lines) => sent('POST / HTTP/1.1', ...lines, '', '{}'))
  const shapes = all.map((bytes) => plainly(bytes).shape)
  for (const bytes of all) {
    const expected = readByUs(bytes)
    for (const shape of shapes) assert.deepEqual(readByUs(bytes, shape), expected)
  }
})

/** Pieces of requests, mostly right, put together and sometimes damaged. */
function mostly<T>(right: fc.Arbitrary<T>, wrong: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: wrong })
}
const name = mostly(
  fc.constantFrom('Host', 'X-A', 'x-b', 'Cookie', 'X-Amz-Date', 'a'),
  fc.oneof(
    fc.constantFrom('content-length', 'Connection', 'Transfer-Encoding', 'Expect', 'TE'),
    fc.string({ maxLength: 6 }),
  ),
)
const value = mostly(
  fc.constantFrom('2', 'keep-alive', 'a b', 'a\tb', 'x: y', '\xe9', '2, 2'),
  fc.oneof(fc.constantFrom('close', 'chunked', '', ' x', 'x\t', '0x2', '-1'), fc.string({ maxLength: 8 })),
)
const colon = mostly(fc.constant(': '), fc.constantFrom(':', ' : ', ':  ', ''))
const lineEnd = mostly(fc.constant('\r\n'), fc.constantFrom('\n', '\r', '\r\n ', '\r\n\r\n'))
const line = fc.tuple(name, colon, value, lineEnd).map((parts) => parts.join(''))
const start = mostly(
  fc.constantFrom('POST / HTTP/1.1\r\n', 'POST /a?b HTTP/1.1\r\n'),
  fc.constantFrom('GET / HTTP/1.1\r\n', 'POST / HTTP/1.0\r\n', 'POST * HTTP/1.1\r\n', 'post / HTTP/1.1\r\n'),
)
const body = fc.constantFrom(
  '',
  '{}',
  '{}\r\n',
  '12345',
  '0\r\n\r\n',
  '2\r\n{}\r\n0\r\n\r\n',
  'POST / HTTP/1.1\r\n\r\n',
)
const wrongFraming = fc.constantFrom(
  '',
  'Content-Length: 1\r\n',
  'Content-Length: 2, 2\r\n',
  'Transfer-Encoding: chunked\r\n',
)
const framed = body.chain((content) =>
  fc.tuple(mostly(fc.constant(`Content-Length: ${content.length}\r\n`), wrongFraming), fc.constant(content)),
)
const damage = fc.record({
  at: fc.nat(),
  to: fc.constantFrom('', ' ', '\r', '\n', '\0', ':', '\t', '\x7f', '\xa0', 'é'),
})
const anyRequest = fc
  .tuple(start, fc.array(line, { maxLength: 4 }), framed, fc.option(damage, { freq: 1 }))
  .map(([first, lines, [framing, content], hit]) => {
    const text = `${first}${lines.join('')}${framing}\r\n${content}`
    if (hit === null) return Buffer.from(text, 'latin1')
    const at = hit.at % text.length
    return Buffer.from(text.slice(0, at) + hit.to + text.slice(at + 1), 'latin1')
  })

test('nothing is taken that node reads otherwise', async () => {
  let taken = 0
  await fc.assert(
    fc.asyncProperty(anyRequest, async (bytes) => {
      const seen = readByUs(bytes)
      if (seen === undefined) return
      taken++
      assert.deepEqual(await readByNode(bytes), { requests: [seen], isClean: true })
    }),
    { numRuns: 5_000 },
  )
  assert.ok(taken > 500, `only ${taken} requests were plain`)
})
