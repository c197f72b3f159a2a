/** What a page in a browser on this machine can send to a development server, which believes everybody else. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Keyhold, startKeyhold } from '../../src/index.ts'
import { startTestServer } from '../support/test-server.ts'
import { exchange, type RawAnswer } from './raw-client.ts'

let keyhold: Keyhold
let port: number

before(async () => {
  keyhold = await startKeyhold()
  port = Number(new URL(keyhold.endpoint).port)
})

after(() => keyhold.stop())

type Headers = Readonly<Record<string, string>>

async function ask(to: number, start: string, headers: Headers, body = ''): Promise<RawAnswer> {
  const lines = Object.entries({ ...headers, 'Content-Length': body.length }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  const { answers } = await exchange(to, `${start} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`, { answers: 1 })
  return answers[0]!
}

const date = `${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
const scope = `${date.slice(0, 8)}/us-east-1`
const JSON_BODY = { 'Content-Type': 'application/x-amz-json-1.1' }

/** Signed by nobody, which development mode does not mind. */
const AUTHORIZATION = {
  'X-Amz-Date': date,
  'X-Amz-Target': 'TrentService.ListKeys',
  Authorization: `AWS4-HMAC-SHA256 Credential=000000000000/${scope}/kms/aws4_request, SignedHeaders=host;x-amz-date;x-amz-target, Signature=${'0'.repeat(64)}`,
}

function presigned(parameters: string): string {
  const credential = encodeURIComponent(`000000000000/${scope}/iam/aws4_request`)
  const terms = `X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${credential}&X-Amz-Date=${date}`
  return `/?${parameters}${terms}&X-Amz-SignedHeaders=host&X-Amz-Signature=00`
}

const listKeys = (to: number, headers: Headers) =>
  ask(to, 'POST /', { ...JSON_BODY, ...AUTHORIZATION, ...headers }, '{}')

/** What the Fetch standard and Fetch Metadata make browsers send, by whom shows the page. */
const FROM_ELSEWHERE: readonly { readonly name: string; headers(): Headers }[] = [
  {
    name: 'a name that somebody let lead here',
    headers: () => ({ Host: `rebound.example.com:${port}`, Origin: `http://rebound.example.com:${port}` }),
  },
  { name: 'such a name, where a page asks by GET', headers: () => ({ Host: 'rebound.example.com' }) },
  { name: 'such a name, spelled as a root name', headers: () => ({ Host: `rebound.example.com.:${port}` }) },
  { name: 'a name that begins like an address', headers: () => ({ Host: `127.0.0.1.example.com:${port}` }) },
  { name: 'a name that ends like one of AWS', headers: () => ({ Host: `evilamazonaws.com:${port}` }) },
  { name: 'a page of another host', headers: () => ({ Host: `127.0.0.1:${port}`, Origin: 'https://example.com' }) },
  { name: 'a page of another port', headers: () => ({ Host: `127.0.0.1:${port}`, Origin: 'http://127.0.0.1:1' }) },
  { name: 'a page in a sandbox', headers: () => ({ Host: `127.0.0.1:${port}`, Origin: 'null' }) },
  { name: 'an image or a form', headers: () => ({ Host: `localhost:${port}`, 'Sec-Fetch-Site': 'cross-site' }) },
  { name: 'the same of another port', headers: () => ({ Host: `localhost:${port}`, 'Sec-Fetch-Site': 'same-site' }) },
]

for (const { name, headers } of FROM_ELSEWHERE) {
  test(`development mode refuses ${name}`, async () => {
    const answers = [
      await listKeys(port, headers()),
      await ask(port, `GET ${presigned('Action=CreateUser&Version=2010-05-08&UserName=mallory&')}`, headers()),
      await ask(
        port,
        `POST ${presigned('')}`,
        { ...headers(), 'Content-Type': 'application/x-www-form-urlencoded' },
        'Action=CreateUser&Version=2010-05-08&UserName=mallory',
      ),
      await ask(
        port,
        'POST /_keyhold/clock',
        { ...headers(), 'Content-Type': 'application/json' },
        '{"advanceSeconds":1}',
      ),
    ]
    for (const { status, body } of answers) {
      assert.deepEqual([status, JSON.parse(body).__type], [400, 'AccessDeniedException'], body)
    }
  })
}

/** Programs send neither header; the web console is a page of this server. */
const WELCOME: readonly { readonly name: string; headers(): Headers }[] = [
  { name: 'an address', headers: () => ({ Host: `127.0.0.1:${port}` }) },
  { name: 'an address of IPv6', headers: () => ({ Host: `[::1]:${port}` }) },
  { name: 'localhost', headers: () => ({ Host: `LocalHost:${port}` }) },
  { name: 'a name below it', headers: () => ({ Host: `kms.localhost:${port}` }) },
  { name: 'the host of a container', headers: () => ({ Host: `host.docker.internal:${port}` }) },
  { name: 'a name of AWS that a hosts file leads here', headers: () => ({ Host: 'kms.eu-central-1.amazonaws.com' }) },
  { name: "the name of LocalStack's users", headers: () => ({ Host: `localhost.localstack.cloud:${port}` }) },
  { name: 'a name of a network of containers', headers: () => ({ Host: `keyhold:${port}` }) },
  {
    name: 'the web console',
    headers: () => ({
      Host: `localhost:${port}`,
      Origin: `http://localhost:${port}`,
      'Sec-Fetch-Site': 'same-origin',
    }),
  },
]

for (const { name, headers } of WELCOME) {
  test(`development mode answers requests for ${name}`, async () => {
    const { status, body } = await listKeys(port, headers())
    assert.deepEqual([status, Object.keys(JSON.parse(body))], [200, ['Keys', 'Truncated']], body)
  })
}

test('a server that believes nobody without a signature has any name', async (t) => {
  const server = await startTestServer()
  t.after(() => server.stop())
  const { body } = await listKeys(server.port, { Host: 'kms.example.com', 'Sec-Fetch-Site': 'cross-site' })
  assert.equal(JSON.parse(body).__type, 'UnrecognizedClientException')
})
