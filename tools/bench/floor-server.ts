/**
 * What an Encrypt, a Decrypt or a GenerateDataKey costs on Node whoever writes it: bare sockets, Keyhold's reader of plain requests, each request's unavoidable work
 * with the primitives that Keyhold uses, and nothing else. It checks nothing and refuses nothing, so it is no server, only the line
 * between what Keyhold may still save and what it cannot.
 *
 * For each request: SHA-256 of the body, the canonical request and its hash, one HMAC for the signature; JSON in and out;
 * SHA-256 of an encryption context that it has; two HMACs of the key derivation, and AES-256-GCM that opens a blob of the server's own,
 * or seals what was sent or a data key; a request id and an event id; an audit line of about 1.2 KB. All lines that a turn of the event loop brought are written durably before the answers leave.
 *
 * Arguments: the answer, an {@link Answer} in JSON, and the folder for its log. Prints `listening on http://HOST:PORT` and
 * ends with SIGTERM.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  randomBytes,
  randomUUID,
  timingSafeEqual,
} from 'node:crypto'
import { constants, mkdtempSync, openSync, rmSync, write } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { answerText } from '../../src/wire/plain-answer.ts'
import { type PlainRequest, PlainRequestReader, type PlainShape } from '../../src/wire/plain-request.ts'
import type { Answer } from './answer.ts'

const { headers, body: answerBody } = JSON.parse(process.argv[2]!) as Answer
const contentType = headers[headers.indexOf('Content-Type') + 1]!
const answer = JSON.parse(answerBody) as Record<string, unknown>
const folder = mkdtempSync(join(process.argv[3]!, 'keyhold-floor-'))
const { O_CREAT, O_WRONLY } = constants
/** Linux writes durably in one call; elsewhere the floor is lower than it should be. */
const DSYNC = process.platform === 'linux' ? constants.O_DSYNC : 0
const file = openSync(join(folder, 'log'), O_CREAT | O_WRONLY | DSYNC, 0o600)

const KEEP_ALIVE = 'Connection: keep-alive\r\nKeep-Alive: timeout=75\r\n'
const PREALLOCATED_BYTES = 16 * 1024 * 1024
const HEADER_BYTES = 100
const TAG_BYTES = 16
const DERIVATION_BYTES = 200

const signingKey = createSecretKey(randomBytes(32))
const DATA_KEY_BYTES = 32
const hbk = createSecretKey(randomBytes(32))
const derivations = [Buffer.alloc(DERIVATION_BYTES, 1), Buffer.alloc(DERIVATION_BYTES, 2)] as const
const header = randomBytes(HEADER_BYTES)
const iv = randomBytes(12)
const sealed = seal(derive(0), randomBytes(DATA_KEY_BYTES))
const ending = `"eventSource":"kms.amazonaws.com","rest":"${'x'.repeat(900)}"}\n`

function derive(counter: 0 | 1): Buffer {
  return createHmac('sha256', hbk).update(derivations[counter]).digest()
}

function seal(messageKey: Buffer, plaintext: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', messageKey, iv)
  cipher.setAAD(header)
  const body = cipher.update(plaintext)
  cipher.final()
  return Buffer.concat([header, body, cipher.getAuthTag()])
}

/** Commitment and message key. */
function deriveBoth(): readonly [Buffer, Buffer] {
  return [derive(1), derive(0)]
}

function open(messageKey: Buffer): string {
  const decipher = createDecipheriv('aes-256-gcm', messageKey, iv, { authTagLength: TAG_BYTES })
  decipher.setAAD(header)
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
  const plaintext = decipher.update(sealed.subarray(HEADER_BYTES, -TAG_BYTES))
  decipher.final()
  return plaintext.toString('base64')
}

interface Input {
  readonly CiphertextBlob?: string
  readonly Plaintext?: string
  readonly EncryptionContext?: object
}

interface Outcome {
  readonly CiphertextBlob?: string
  readonly Plaintext?: string
}

/** What the request asks for goes into the answer. */
function cipher(input: Input, [commitment, messageKey]: readonly [Buffer, Buffer]): Outcome {
  if (input.CiphertextBlob !== undefined) {
    timingSafeEqual(commitment, commitment)
    return { Plaintext: open(messageKey) }
  }
  if (input.Plaintext !== undefined) {
    return { CiphertextBlob: seal(messageKey, Buffer.from(input.Plaintext, 'base64')).toString('base64') }
  }
  const dataKey = randomBytes(DATA_KEY_BYTES)
  return { Plaintext: dataKey.toString('base64'), CiphertextBlob: seal(messageKey, dataKey).toString('base64') }
}

function requestHash({ request: { headers, body } }: Work): string {
  let canonical = 'POST\n/\n\n'
  headers.names.asSent.forEach((name, place) => {
    canonical += `${name}:${headers.values[place]}\n`
  })
  return hash('sha256', `${canonical}\n${hash('sha256', body)}`)
}

function sign(hashOfRequest: string): string {
  return createHmac('sha256', signingKey).update(`AWS4-HMAC-SHA256\n\n\n${hashOfRequest}`).digest('hex')
}

interface Work {
  readonly socket: Socket
  readonly request: PlainRequest
}

interface Done {
  readonly socket: Socket
  readonly text: string
}

let arrived: Work[] = []
let done: Done[] = []
let lines = ''
let isWriting = false
let position = 0

/** Each step for all requests of the turn before the next step: a tenth faster than each request as a whole. */
function workTurn(): void {
  const turn = arrived
  arrived = []
  const inputs: Input[] = turn.map(({ request }) => JSON.parse(request.body.toString()))
  const signatures = turn.map(requestHash).map(sign)
  for (const { EncryptionContext } of inputs) {
    if (EncryptionContext !== undefined) hash('sha256', JSON.stringify(EncryptionContext))
  }
  const derived = turn.map(deriveBoth)
  const outcomes = inputs.map((input, index) => cipher(input, derived[index]!))
  turn.forEach(({ socket }, index) => {
    const requestId = randomUUID()
    Object.assign(answer, outcomes[index])
    lines += `{"requestID":"${requestId}","eventID":"${randomUUID()}","signature":"${signatures[index]}",${ending}`
    const body = JSON.stringify(answer)
    done.push({ socket, text: answerText({ status: 200, contentType, body, requestId }, body.length, KEEP_ALIVE) })
  })
  if (!isWriting) writeLines()
}

function writeLines(): void {
  const bytes = Buffer.from(lines)
  const leaving = done
  lines = ''
  done = []
  isWriting = true
  write(file, bytes, 0, bytes.length, position % PREALLOCATED_BYTES, (error) => {
    if (error) throw error
    isWriting = false
    if (done.length > 0) writeLines()
    for (const { socket, text } of leaving) socket.write(text, 'latin1')
  })
  position += bytes.length
}

const reader = new PlainRequestReader(Number.POSITIVE_INFINITY)

function takeConnection(socket: Socket): void {
  let shape: PlainShape | undefined
  socket.on('data', (bytes: Buffer) => {
    const request = reader.read(bytes, shape)
    if (request === undefined || request === 'begun') throw new Error('a request that is not plain')
    shape = request.shape
    if (arrived.length === 0) setImmediate(workTurn)
    arrived.push({ socket, request })
  })
}

write(file, Buffer.alloc(PREALLOCATED_BYTES + 1024 * 1024), () => {
  const server = createServer({ noDelay: true }, takeConnection)
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`listening on http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
  })
})
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
process.on('SIGTERM', () => process.exit(0))
