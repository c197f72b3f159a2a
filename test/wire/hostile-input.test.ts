/**
 * Malformed requests over a real socket: each gets the answer that the specification has for it, and the server goes on
 * answering. The cases are data, in `hostile/`.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Log } from '../../src/base/log.ts'
import { HOST, presignedRequest, type Signing, signedRequest } from '../auth/signer.ts'
import { ACCESS_KEY_ID, SECRET_ACCESS_KEY, startTestServer, type TestServer } from '../support/test-server.ts'
import { bodies } from './hostile/bodies.ts'
import { framing } from './hostile/framing.ts'
import type { Expected, HostileCase, SignedCase } from './hostile/hostile-case.ts'
import { members } from './hostile/members.ts'
import { signatures } from './hostile/signatures.ts'
import { exchange, type RawAnswer, requestBytes } from './raw-client.ts'

const CASES: readonly HostileCase[] = [...bodies, ...members, ...signatures, ...framing]

const logged: { level: string; fields: object; message: string }[] = []
const note = (level: string) => (fields: object, message: string) => void logged.push({ level, fields, message })
const log: Log = { info: note('info'), warn: note('warn'), error: note('error') }

let server: TestServer
let tried = 0

before(async () => {
  server = await startTestServer({ log })
})

after(() => server.stop())

async function bytesOf(hostile: SignedCase): Promise<Buffer> {
  const {
    operation = 'GenerateRandom',
    body = '{"NumberOfBytes":32}',
    headers,
    method,
    url,
    spoil,
    presigned,
  } = hostile
  const signing: Signing = {
    accessKeyId: ACCESS_KEY_ID,
    secretAccessKey: SECRET_ACCESS_KEY,
    ...hostile.signing,
    date: new Date(Date.now() + (hostile.clockOffMs ?? 0)),
  }
  const unsigned = {
    headers: headers ?? {
      host: HOST,
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `TrentService.${operation}`,
    },
    body,
    ...(method === undefined ? {} : { method }),
    ...(url === undefined ? {} : { url }),
  }
  const signed = await (presigned ? presignedRequest : signedRequest)(signing, unsigned)
  return requestBytes(spoil?.(signed) ?? signed)
}

function check(answer: RawAnswer | undefined, { status, type, text, body }: Expected): void {
  assert.ok(answer !== undefined, 'there was no answer')
  assert.equal(answer.status, status, answer.body)
  if (type === undefined) {
    assert.equal(answer.body, body)
    return
  }
  assert.equal(answer.headers['content-type'], 'application/x-amz-json-1.1')
  const { __type, message, Message, ...others } = JSON.parse(answer.body)
  assert.equal(__type, type)
  assert.deepEqual(others, {})
  if (text === undefined) return
  // operations.md 1.3: one spelling or the other, by the exception.
  const isCapital = type === 'SerializationException' || type === 'AccessDeniedException'
  const [given, absent] = isCapital ? [Message, message] : [message, Message]
  assert.equal(absent, undefined)
  if (text === null) assert.equal(given, undefined)
  else if (typeof text === 'string') assert.equal(given, text)
  else assert.match(given, text)
}

async function checkServerAnswers(): Promise<void> {
  const { answers } = await exchange(server.port, await bytesOf({ name: 'good', expected: { status: 200 } }), {
    answers: 1,
  })
  assert.equal(answers[0]?.status, 200, String(answers[0]?.body))
  assert.equal(Buffer.from(JSON.parse(answers[0]!.body).Plaintext, 'base64').length, 32)
}

for (const hostile of CASES) {
  test(JSON.stringify(hostile.name).slice(1, -1), async () => {
    const bytes = 'bytes' in hostile ? Buffer.from(hostile.bytes, 'latin1') : await bytesOf(hostile)
    const isHead = 'method' in hostile && hostile.method === 'HEAD'
    const { answers } = await exchange(server.port, bytes, { answers: 1, isHead })
    check(answers[0], hostile.expected)
    await checkServerAnswers()
    tried++
  })
}

test('no request was let through by mistake, and none made the server fail', () => {
  assert.ok(tried >= 300, `only ${tried} hostile requests were tried`)
  assert.equal(new Set(CASES.map(({ name }) => name)).size, CASES.length, 'two cases have one name')
  assert.equal(tried, CASES.length)
  assert.deepEqual(
    logged.filter(({ level }) => level === 'error'),
    [],
  )
})

test('what was refused before authentication is in the security log, without anything secret (audit.md AU-3)', async () => {
  await server.stop()
  const refused = logged.filter(({ message }) => message === 'refused before authentication')
  assert.ok(refused.length > 0)
  const counts = refused.map(({ fields }) => (fields as { counts: Record<string, number> }).counts)
  for (const reason of [
    'SerializationException',
    'UnknownOperationException',
    'InvalidSignatureException',
    'HTTP 400',
  ]) {
    assert.ok(
      counts.some((count) => count[reason]! > 0),
      reason,
    )
  }
  const text = JSON.stringify(logged)
  assert.ok(!text.includes(SECRET_ACCESS_KEY))
  assert.doesNotMatch(text, /Signature=|Bearer|dGVzdDp0ZXN0/)
})
