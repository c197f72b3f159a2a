/** curl, which signs requests itself: what people reach for to see what a server says. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import { reasonToSkipCurl } from '../support/curl.ts'
import { type KeyholdProcess, startKeyholdProcess } from '../support/keyhold-process.ts'
import { runProgram } from '../support/run-program.ts'

const skip = reasonToSkipCurl()

let keyhold: KeyholdProcess

before(async () => {
  if (skip === false) keyhold = await startKeyholdProcess(['dev', '--port', '0'])
})

after(async () => {
  await keyhold?.end()
})

async function curl(service: string, ...args: string[]): Promise<{ body: string; status: number }> {
  const signed = ['--aws-sigv4', `aws:amz:eu-west-1:${service}`, '--user', 'test:test']
  const { status, stdout, stderr } = await runProgram('curl', ['-sS', '-w', '\n%{http_code}', ...signed, ...args])
  assert.equal(status, 0, stderr)
  const [, body, code] = /^([\s\S]*)\n(\d+)$/.exec(stdout.toString())!
  return { body: body!, status: Number(code) }
}

function kms(operation: string, input: object, ...args: string[]) {
  const headers = ['-H', `X-Amz-Target: TrentService.${operation}`, '-H', 'Content-Type: application/x-amz-json-1.1']
  return curl('kms', ...headers, '-d', JSON.stringify(input), ...args, keyhold.endpoint)
}

test('KMS: there and back, and a refusal', { skip }, async () => {
  const created = await kms('CreateKey', {})
  assert.equal(created.status, 200)
  const KeyId = JSON.parse(created.body).KeyMetadata.Arn
  const sealed = JSON.parse((await kms('Encrypt', { KeyId, Plaintext: btoa('hello') })).body)
  const opened = await kms('Decrypt', { CiphertextBlob: sealed.CiphertextBlob })
  assert.equal(atob(JSON.parse(opened.body).Plaintext), 'hello')
  const refused = await kms('DescribeKey', { KeyId: 'alias/none' })
  assert.equal(refused.status, 400)
  assert.equal(JSON.parse(refused.body).__type, 'NotFoundException')
})

/** What curl does beyond the SDKs: asks first, sends in pieces, speaks HTTP/1.0, offers HTTP/2. */
const WAYS = [['-H', 'Expect: 100-continue'], ['-H', 'Transfer-Encoding: chunked'], ['--http1.0'], ['--http2']]
const HAS_HTTP2 = spawnSync('curl', ['--version'], { encoding: 'utf8' }).stdout?.includes('HTTP2') === true

for (const way of WAYS) {
  const lacks = way[0] === '--http2' && !HAS_HTTP2 ? 'this curl was built without HTTP/2' : false
  test(`KMS with ${way.at(-1)}`, { skip: skip || lacks }, async () => {
    const { status, body } = await kms('ListAliases', {}, ...way)
    assert.deepEqual([status, JSON.parse(body).Truncated], [200, false])
  })
}

test('STS by POST and by GET', { skip }, async () => {
  const call = 'Action=GetCallerIdentity&Version=2011-06-15'
  for (const args of [['-d', call, keyhold.endpoint], [`${keyhold.endpoint}/?${call}`]]) {
    const { status, body } = await curl('sts', ...args)
    assert.equal(status, 200)
    assert.match(body, /<Arn>arn:aws:iam::000000000000:root<\/Arn>/)
  }
})
