/** CloudTrail on the listener of KMS: its two targets, its signing name, its errors as JSON. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { signedRequest } from '../auth/signer.ts'
import { startTestServer, type TestServer } from '../support/test-server.ts'

let server: TestServer

before(async () => {
  server = await startTestServer()
})

after(() => server.stop())

async function send(target: string, body: string, service = 'cloudtrail') {
  const host = `127.0.0.1:${server.port}`
  const headers = { host, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target }
  const { rawHeaders } = await signedRequest({ service, date: new Date() }, { headers, body })
  const pairs = Array.from({ length: rawHeaders.length / 2 }, (_, index) => rawHeaders.slice(2 * index, 2 * index + 2))
  const sent = pairs.filter(([name]) => name !== 'host') as [string, string][]
  const response = await fetch(server.endpoint, { method: 'POST', headers: sent, body })
  const text = await response.text()
  return { status: response.status, type: response.headers.get('content-type'), answer: JSON.parse(text) }
}

const SHORT = 'CloudTrail_20131101.LookupEvents'
const LONG = `com.amazonaws.cloudtrail.v20131101.${SHORT}`

test('both forms of the target are the operation', async () => {
  for (const target of [SHORT, LONG]) {
    const { status, type, answer } = await send(target, '{}')
    assert.equal(status, 200, JSON.stringify(answer))
    assert.equal(type, 'application/x-amz-json-1.1')
    assert.ok(Array.isArray(answer.Events))
  }
})

test('it is signed for cloudtrail, and what is signed for another service is refused', async () => {
  for (const service of ['kms', 'iam', 'events']) {
    const { status, answer } = await send(LONG, '{}', service)
    assert.equal(status, 400)
    assert.equal(answer.__type, 'InvalidSignatureException')
    assert.match(answer.message, /Credential should be scoped to correct service: 'cloudtrail'/)
  }
  const { answer } = await send('TrentService.ListKeys', '{}', 'cloudtrail')
  assert.match(answer.message, /Credential should be scoped to correct service: 'kms'/)
})

test('other operations of CloudTrail, and other spellings, are unknown', async () => {
  for (const target of [
    LONG.replace('LookupEvents', 'DescribeTrails'),
    SHORT.toLowerCase(),
    'TrentService.LookupEvents',
    'LookupEvents',
  ]) {
    const { status, answer } = await send(target, '{}')
    assert.deepEqual({ status, type: answer.__type }, { status: 400, type: 'UnknownOperationException' }, target)
  }
})

test('hostile bodies are answered with an exception of the service', async () => {
  const cases = [
    ['{', 'SerializationException'],
    ['[]', 'SerializationException'],
    ['{"MaxResults":{}}', 'SerializationException'],
    ['{"MaxResults":1e999}', 'InvalidMaxResultsException'],
    ['{"LookupAttributes":[{},{}]}', 'InvalidLookupAttributesException'],
    ['{"LookupAttributes":[null]}', 'ValidationException'],
    [`{"LookupAttributes":[${'{},'.repeat(5000)}{}]}`, 'InvalidLookupAttributesException'],
    ['{"LookupAttributes":[{"AttributeKey":"constructor","AttributeValue":"x"}]}', 'InvalidLookupAttributesException'],
    ['{"StartTime":-1e308,"EndTime":1e308}', 'InvalidTimeRangeException'],
    ['{"NextToken":"eyJ"}', 'InvalidNextTokenException'],
    [`{"NextToken":${'['.repeat(60)}${']'.repeat(60)}}`, 'SerializationException'],
    ['{"EventCategory":"\\ud800"}', 'ValidationException'],
  ] as const
  for (const [body, code] of cases) {
    const { status, answer } = await send(SHORT, body)
    assert.deepEqual({ status, type: answer.__type }, { status: 400, type: code }, body.slice(0, 80))
  }
})
