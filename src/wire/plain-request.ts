/**
 * Reads the requests that nearly all clients send: a POST in one piece, or a head and then its body, with a Content-Length and
 * nothing else that decides where a request ends or what becomes of its connection. It does not judge: what it does not know for
 * sure is node's to parse, refuse or wait for (docs/decisions/0011-plain-requests-past-node-http.md).
 *
 * What it takes, node's parser reads as the same request, to the byte: `test/wire/plain-request.test.ts` compares the two.
 */
import { HeaderNames, RequestHeaders } from '../auth/request-headers.ts'

export interface PlainRequest {
  /** Path and query as sent. */
  readonly url: string
  readonly headers: RequestHeaders
  readonly body: Buffer
  readonly shape: PlainShape
}

/** Names of headers of a plain request. Most requests of a client have those of the one before. */
export interface PlainShape {
  readonly names: HeaderNames
  /** What each header's line begins with: its name, as sent, and {@link SEPARATOR}. */
  readonly starts: readonly string[]
  /** Which of them are Content-Length and Connection; the second may be absent. */
  readonly lengthPlace: number
  readonly connectionPlace: number | undefined
}

/** Longer heads and more headers are node's; its limits are far above. */
const HEAD_BYTES_MAX = 8 * 1024
const HEADERS_COUNT_MAX = 50
/** A longer body that has not come with its head is node's to collect. */
const AWAITED_BODY_BYTES_MAX = 64 * 1024
/** Shapes are forgotten when there are more: clients have few. */
const SHAPES_MAX = 100

const HEAD_END = '\r\n\r\n'
const LINE_END = '\r\n'
const SEPARATOR = ': '

/**
 * RFC 9112 sections 3 and 5, of which only the most usual form: one space after the colon, no blank at a value's end, no empty
 * value, no folded line, no control character but the tab.
 */
const PLAIN_HEAD =
  /^POST \/[!-~]* HTTP\/1\.1\r\n(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?\r\n)+$/

const URL_AT = 'POST '.length
const VERSION = ' HTTP/1.1\r\n'

/** One spelling for each number. The longest has seven digits, more than a piece can hold. */
const LENGTH = /^(?:0|[1-9][0-9]{0,6})$/

/** Besides Content-Length and Connection, what decides where a request ends and what becomes of its connection. */
const NEVER_PLAIN = [
  'expect',
  'http2-settings',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
] as const

/** Of one server: remembers the shapes of requests. */
export class PlainRequestReader {
  readonly #bodyBytesMax: number
  /** By the names, between them {@link LINE_END}. */
  readonly #shapes = new Map<string, PlainShape>()

  constructor(bodyBytesMax: number) {
    this.#bodyBytesMax = bodyBytesMax
  }

  /**
   * @param bytes all that has come of it.
   * @param likely shape of the connection's request before.
   * @returns `begun`: the head is whole and plain, the body is not all there; `undefined`: it is node's to read.
   */
  read(bytes: Buffer, likely: PlainShape | undefined): PlainRequest | 'begun' | undefined {
    const headEnd = bytes.indexOf(HEAD_END, 0, 'latin1')
    if (headEnd === -1 || headEnd > HEAD_BYTES_MAX) return undefined
    const head = bytes.toString('latin1', 0, headEnd + LINE_END.length)
    if (!PLAIN_HEAD.test(head)) return undefined
    const urlEnd = head.indexOf(VERSION)
    const fieldsAt = urlEnd + VERSION.length
    let shape = likely
    let values = shape && readValues(head, fieldsAt, shape)
    if (values === undefined) {
      shape = this.#shapeOf(head, fieldsAt)
      values = shape && readValues(head, fieldsAt, shape)
    }
    if (shape === undefined || values === undefined) return undefined
    const { names, lengthPlace, connectionPlace } = shape
    if (connectionPlace !== undefined && values[connectionPlace] !== 'keep-alive') return undefined
    const bodyAt = headEnd + HEAD_END.length
    const stated = values[lengthPlace]!
    if (!LENGTH.test(stated)) return undefined
    const length = Number(stated)
    const received = bytes.length - bodyAt
    if (received > length || length > this.#bodyBytesMax) return undefined
    if (received < length) return length <= AWAITED_BODY_BYTES_MAX ? 'begun' : undefined
    const headers = new RequestHeaders(names, values)
    return { url: head.slice(URL_AT, urlEnd), headers, body: bytes.subarray(bodyAt), shape }
  }

  /** @param head is a {@link PLAIN_HEAD}. */
  #shapeOf(head: string, fieldsAt: number): PlainShape | undefined {
    const lines = head.slice(fieldsAt, -LINE_END.length).split(LINE_END)
    if (lines.length > HEADERS_COUNT_MAX) return undefined
    const asSent = lines.map((line) => line.slice(0, line.indexOf(SEPARATOR)))
    const key = asSent.join(LINE_END)
    const known = this.#shapes.get(key)
    if (known !== undefined) return known
    const shape = plainShape(asSent)
    if (shape === undefined) return undefined
    if (this.#shapes.size >= SHAPES_MAX) this.#shapes.clear()
    this.#shapes.set(key, shape)
    return shape
  }
}

function plainShape(asSent: readonly string[]): PlainShape | undefined {
  const names = new HeaderNames(asSent)
  const lengthPlace = names.placesOf('content-length')
  const connectionPlace = names.placesOf('connection')
  if (typeof lengthPlace !== 'number' || typeof connectionPlace === 'object') return undefined
  if (NEVER_PLAIN.some((name) => names.placesOf(name) !== undefined)) return undefined
  return { names, starts: asSent.map((name) => name + SEPARATOR), lengthPlace, connectionPlace }
}

/** @returns `undefined` if the names are others. */
function readValues(head: string, fieldsAt: number, { starts }: PlainShape): string[] | undefined {
  const values: string[] = []
  let at = fieldsAt
  for (const start of starts) {
    if (!head.startsWith(start, at)) return undefined
    const valueAt = at + start.length
    const end = head.indexOf(LINE_END, valueAt)
    values.push(head.slice(valueAt, end))
    at = end + LINE_END.length
  }
  return at === head.length ? values : undefined
}
