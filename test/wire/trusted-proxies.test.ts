/** Whose request a proxy forwards, and what it says of TLS (authorization.md 3.3); everybody can send the headers. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CreateUserCommand, IAMClient } from '@aws-sdk/client-iam'
import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms'
import { RequestHeaders } from '../../src/auth/request-headers.ts'
import { createTrustedProxies, forwardedClient } from '../../src/wire/trusted-proxies.ts'
import { ACCESS_KEY_ID, SECRET_ACCESS_KEY, startTestServer } from '../support/test-server.ts'

const PROXIES = createTrustedProxies(['10.0.0.0/8', '192.0.2.1', '2001:db8:1::/48'])

describe('the list of proxies', () => {
  test('has addresses and ranges of both versions, and nothing else', () => {
    for (const address of ['10.0.0.1', '10.255.255.255', '192.0.2.1', '2001:db8:1::5', '2001:0DB8:0001:0::9']) {
      assert.ok(PROXIES.has(address), address)
    }
    for (const address of [
      '11.0.0.1',
      '192.0.2.2',
      '2001:db8:2::5',
      '::1',
      '',
      'localhost',
      '10.0.0',
      '::ffff:9.9.9.9',
    ]) {
      assert.ok(!PROXIES.has(address), address)
    }
    assert.ok(!createTrustedProxies([]).has('127.0.0.1'))
  })

  test('refuses what is none', () => {
    for (const range of [
      '',
      'localhost',
      '10.0.0.0/33',
      '10.0.0/8',
      '300.0.0.1',
      '::1/129',
      '10.0.0.0/',
      '1:2/8',
      '*',
    ]) {
      assert.throws(() => createTrustedProxies(['10.0.0.1', range]), new RangeError(range))
    }
  })
})

describe('the client', () => {
  const of = (value: string | undefined, peer = '10.0.0.1') =>
    forwardedClient(peer, RequestHeaders.of(value === undefined ? [] : ['X-Forwarded-For', value]), PROXIES).sourceIp
  const cases: readonly (readonly [what: string, header: string | undefined, expected: string])[] = [
    ['is the proxy itself if it forwards for nobody', undefined, '10.0.0.1'],
    ['an empty list', '', '10.0.0.1'],
    ['one address', '198.51.100.7', '198.51.100.7'],
    ['through two proxies', '198.51.100.7, 10.9.9.9', '198.51.100.7'],
    ['what the client wrote before it does not count', '203.0.113.9, 198.51.100.7', '198.51.100.7'],
    ['nor the address of a proxy that the client wrote', '10.1.1.1, 198.51.100.7, 10.9.9.9', '198.51.100.7'],
    ['all are proxies: the first of them called', '10.1.1.1,10.2.2.2', '10.1.1.1'],
    ['IPv6', '2001:db8:2::1,2001:db8:1::1', '2001:db8:2::1'],
    ['with ports', '[2001:db8:2::1]:443, 10.2.2.2:8080', '2001:db8:2::1'],
    ['an IPv4 address with a port', '198.51.100.7:61000', '198.51.100.7'],
    ['a mapped IPv4 address is one', '::ffff:198.51.100.7, ::FFFF:10.2.2.2', '198.51.100.7'],
    ['what is no address hides all before it', '198.51.100.7, unknown, 10.2.2.2', '10.2.2.2'],
    ['nothing but nonsense', 'unknown', '10.0.0.1'],
    ['an address that is none', '300.1.1.1', '10.0.0.1'],
  ]
  for (const [what, header, expected] of cases) test(what, () => assert.equal(of(header), expected))

  test('of several headers of one name the last is the nearest', () => {
    const headers = RequestHeaders.of([
      'x-forwarded-for',
      '203.0.113.9',
      'Host',
      'x',
      'X-FORWARDED-FOR',
      '198.51.100.7',
    ])
    assert.equal(forwardedClient('10.0.0.1', headers, PROXIES).sourceIp, '198.51.100.7')
  })

  test('of a long list only the nearest are looked at', () => {
    assert.equal(of(`198.51.100.7${', 10.2.2.2'.repeat(15)}`), '198.51.100.7')
    assert.equal(of(`198.51.100.7${', 10.2.2.2'.repeat(16)}`), '10.2.2.2')
  })

  test('came over TLS if all proxies say so', () => {
    const isSecure = (value?: string) =>
      forwardedClient('10.0.0.1', RequestHeaders.of(value === undefined ? [] : ['X-Forwarded-Proto', value]), PROXIES)
        .isSecure
    assert.equal(isSecure(), undefined)
    for (const value of ['https', 'HTTPS', 'https, https']) assert.equal(isSecure(value), true, value)
    for (const value of ['http', 'https,http', 'http, https', '', 'wss', 'https;'])
      assert.equal(isSecure(value), false, value)
  })
})

/** @returns the address in the audit record, and what a call says to conditions. */
async function callThrough(t: { after(work: () => Promise<void>): void }, trustedProxies: readonly string[]) {
  const server = await startTestServer({ trustedProxies })
  t.after(() => server.stop())
  const credentials = { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET_ACCESS_KEY }
  const client = new KMSClient({ endpoint: server.endpoint, region: 'eu-central-1', credentials, maxAttempts: 1 })
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> }
      headers['x-forwarded-for'] = '203.0.113.9, 198.51.100.7'
      headers['x-forwarded-proto'] = 'https'
      return next(args)
    },
    // As a proxy would: after the client has signed.
    { step: 'finalizeRequest', priority: 'low' },
  )
  await client.send(new ListKeysCommand({}))
  const iam = new IAMClient({ endpoint: server.endpoint, region: 'us-east-1', credentials })
  await iam.send(new CreateUserCommand({ UserName: 'direct' }))
  for (const each of [client, iam]) each.destroy()
  const records = server.auditLines.map((line) => JSON.parse(line))
  const addressOf = (name: string) => records.find(({ eventName }) => eventName === name).sourceIPAddress
  return { forwarded: addressOf('ListKeys'), direct: addressOf('CreateUser') }
}

test('a trusted proxy is believed over the wire, and its own calls are its own', async (t) => {
  assert.deepEqual(await callThrough(t, ['127.0.0.0/8']), { forwarded: '198.51.100.7', direct: '127.0.0.1' })
})

test('anybody else is not', async (t) => {
  assert.deepEqual(await callThrough(t, ['10.0.0.0/8']), { forwarded: '127.0.0.1', direct: '127.0.0.1' })
})
