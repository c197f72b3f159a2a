/** keystores.md 5.2: how a proxy is reached, and what becomes of one that is not. */
import assert from 'node:assert/strict'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { after, test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { createProxyTransport, type ProxyRoute } from '../../src/outgoing/proxy-transport.ts'
import { errorAnswer, PROXY_CREDENTIAL, PROXY_HOST, PROXY_PATH, startXksProxy } from '../support/xks-proxy.ts'
import { selfSigned } from '../wire/self-signed.ts'

const HEALTH = `${PROXY_PATH}/health`
const BODY = '{"requestMetadata":{"kmsRequestId":"r-1","kmsOperation":"KmsHealthCheck"}}'
const SIGNING = {
  accessKeyId: PROXY_CREDENTIAL.AccessKeyId,
  secretAccessKey: PROXY_CREDENTIAL.RawSecretAccessKey,
  region: 'eu-west-1',
  service: 'kms-xks-proxy',
}

const proxy = await startXksProxy()
const closing: (() => unknown)[] = [() => proxy.close()]
after(async () => {
  for (const close of closing.reverse()) await close()
})

/** Long enough for a busy machine; tests of time choose their own. */
const TIMEOUT_MS = 5_000

function transportTo(route: Partial<ProxyRoute>, signing = SIGNING, clock = systemClock) {
  const place = { host: PROXY_HOST, address: '127.0.0.1', port: proxy.port, isPrivate: false, timeoutMs: TIMEOUT_MS }
  const transport = createProxyTransport({ ...place, ca: proxy.ca, ...route }, signing, clock)
  closing.push(transport.close)
  return transport
}

async function statusOf(route: Partial<ProxyRoute>, signing = SIGNING, clock = systemClock): Promise<unknown> {
  const outcome = await transportTo(route, signing, clock).post(HEALTH, BODY)
  return 'failure' in outcome ? outcome.failure : outcome.status
}

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

test('a signed call is answered, on a connection that is kept', async () => {
  const transport = transportTo({})
  const before = proxy.connections
  for (let count = 0; count < 3; count++) {
    const outcome = await transport.post(HEALTH, BODY)
    assert.ok('status' in outcome && outcome.status === 200)
    assert.equal(JSON.parse(outcome.body.toString()).ekmVendor, 'Example Manager')
  }
  assert.equal(proxy.connections - before, 1)
  assert.deepEqual(
    proxy.calls.slice(-3).map(({ isReused }) => isReused),
    [false, true, true],
  )
})

test('many calls, one after another on few connections, leave nothing behind', async () => {
  const warnings: string[] = []
  const note = ({ name }: Error) => warnings.push(name)
  process.on('warning', note)
  const transport = transportTo({ timeoutMs: 20_000 })
  const before = proxy.connections
  for (let round = 0; round < 15; round++) {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => transport.post(HEALTH, BODY)))
    assert.ok(outcomes.every((outcome) => 'status' in outcome && outcome.status === 200))
  }
  await Promise.all(Array.from({ length: 400 }, () => transport.post(HEALTH, BODY)))
  assert.ok(proxy.connections - before <= 256, 'keystores.md XC-2')
  await new Promise(setImmediate)
  process.off('warning', note)
  assert.deepEqual(warnings, [])
})

test('whoever signs with something else is not let in: the proxy of these tests checks', async () => {
  assert.equal(await statusOf({}, { ...SIGNING, secretAccessKey: `${SIGNING.secretAccessKey}x` }), 401)
  assert.equal(await statusOf({}, { ...SIGNING, accessKeyId: 'XKSTESTACCESSKEY2346' }), 401)
  assert.equal(await statusOf({}, { ...SIGNING, service: 'kms' }), 401)
  assert.equal(await statusOf({}, SIGNING, { now: () => Date.now() - 6 * 60_000 }), 401)
  assert.equal(await statusOf({}, SIGNING, { now: () => Date.now() + 4 * 60_000 }), 200)
})

test('certificates of another name, of nobody that is trusted, or from the past are refused', async () => {
  assert.equal(await statusOf({ host: 'other.example.com' }), 'tls')
  assert.equal(await statusOf({ ca: selfSigned('somebody else').cert }), 'tls')
  assert.equal(await statusOf({ ca: undefined }), 'tls', 'public roots only')
  const expired = selfSigned('expired', { host: PROXY_HOST, isExpired: true })
  const server = createTlsServer({ cert: expired.cert, key: expired.key }, () => assert.fail('reached'))
  assert.equal(await statusOf({ port: await listening(server), ca: expired.cert }), 'tls')
})

test('how long the certificate of a proxy is still valid', async () => {
  const transport = transportTo({})
  assert.equal(transport.certificateTimeLeft(), undefined)
  await transport.post(HEALTH, BODY)
  const days = transport.certificateTimeLeft()! / 86_400_000
  assert.ok(days > 29.9 && days <= 30, `${days}`)
})

test('TLS 1.1 and weak ciphers are refused', async () => {
  for (const tls of [
    { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const,
    { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' } as const,
  ]) {
    const weak = await startXksProxy({ tls })
    closing.push(() => weak.close())
    assert.equal(await statusOf({ port: weak.port, ca: weak.ca }), 'tls')
  }
  const good = await startXksProxy({ tls: { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' } })
  closing.push(() => good.close())
  assert.equal(await statusOf({ port: good.port, ca: good.ca }), 200)
})

test('a proxy that asks for a client certificate gets the one that the operator gave', async () => {
  const own = selfSigned('client')
  const strict = await startXksProxy({ tls: { requestCert: true, rejectUnauthorized: true, ca: own.cert } })
  closing.push(() => strict.close())
  const route = { port: strict.port, ca: strict.ca }
  assert.equal(await statusOf({ ...route, certificate: { chain: own.cert, key: own.key } }), 200)
  assert.notEqual(await statusOf(route), 200)
})

test('private addresses are refused, whatever name leads to them, unless the operator gave the address', async () => {
  const port = proxy.port
  const before = proxy.connections
  for (const host of ['127.0.0.1', 'localhost', '127.1', '2130706433', '169.254.169.254', '10.0.0.1', '192.168.0.1']) {
    assert.equal(await statusOf({ host, address: undefined, port }), 'no address', host)
  }
  // A network of one's own is not this machine, nor its link.
  for (const host of ['127.0.0.1', 'localhost', '169.254.169.254', '100.100.100.200', '0.0.0.0']) {
    assert.equal(await statusOf({ host, address: undefined, port, isPrivate: true }), 'no address', host)
  }
  assert.equal(proxy.connections, before)
  assert.equal(await statusOf({ host: 'no-such-name.invalid', address: undefined }), 'no address')
})

test('nobody listens', async () => {
  const server = createServer()
  const port = await listening(server)
  await new Promise((resolve) => server.close(resolve))
  assert.equal(await statusOf({ port }), 'not connected')
})

test('an answer after 240 ms is in time, one after 260 ms is not; it is tried twice, and on another connection', async () => {
  // The times of the specification, stretched for a busy machine.
  const timeoutMs = 1_000
  const delays = [960]
  proxy.fault = async () => {
    await new Promise((resolve) => setTimeout(resolve, delays.shift() ?? 1_400))
    return undefined
  }
  const transport = transportTo({ timeoutMs })
  try {
    // Connects beforehand: what is measured is the answer.
    const slow = await transport.post(HEALTH, BODY)
    assert.ok('status' in slow ? slow.status === 200 : slow.failure === 'timed out')
    const before = proxy.calls.length
    const started = performance.now()
    const late = await transport.post(HEALTH, BODY)
    const elapsedMs = performance.now() - started
    assert.ok('failure' in late && late.failure === 'timed out')
    assert.equal(proxy.calls.length - before, 2)
    assert.equal(proxy.calls.at(-1)!.isReused, false)
    assert.ok(elapsedMs >= 2 * timeoutMs - 10 && elapsedMs < 4 * timeoutMs, `${elapsedMs} ms`)
  } finally {
    proxy.fault = undefined
  }
})

test('a second attempt after a connection that broke, none after an answer of any kind', async () => {
  const transport = transportTo({})
  let failures = 1
  proxy.fault = (_call, { request }) => {
    if (failures-- <= 0) return undefined
    request.socket.destroy()
    return 'handled'
  }
  try {
    const before = proxy.calls.length
    const second = await transport.post(HEALTH, BODY)
    assert.ok('status' in second && second.status === 200)
    assert.equal(proxy.calls.length - before, 2)

    for (const name of ['InternalException', 'ThrottlingException', 'DependencyTimeoutException']) {
      proxy.fault = () => errorAnswer(name)
      const asked = proxy.calls.length
      const outcome = await transport.post(HEALTH, BODY)
      assert.ok('status' in outcome && outcome.status >= 429)
      assert.equal(proxy.calls.length - asked, 1, name)
    }

    proxy.fault = (_call, { response }) => {
      response.writeHead(200, { 'content-length': 100 })
      response.write('{"half":')
      setTimeout(() => response.socket?.destroy(), 20)
      return 'handled'
    }
    const asked = proxy.calls.length
    const half = await transport.post(HEALTH, BODY)
    assert.ok('failure' in half && half.failure === 'broken off')
    assert.equal(proxy.calls.length - asked, 1)
  } finally {
    proxy.fault = undefined
  }
})

test('redirects are not followed, and an answer of a megabyte is not read', async () => {
  const transport = transportTo({})
  try {
    proxy.fault = () => ({ status: 307, headers: { location: `https://${PROXY_HOST}/elsewhere` } })
    const before = proxy.calls.length
    const redirect = await transport.post(HEALTH, BODY)
    assert.ok('status' in redirect && redirect.status === 307)
    assert.equal(proxy.calls.length - before, 1)

    proxy.fault = () => ({ body: 'x'.repeat(1024 * 1024) })
    const large = await transport.post(HEALTH, BODY)
    assert.ok('failure' in large && large.failure === 'unreadable')
  } finally {
    proxy.fault = undefined
  }
})

test('what is no HTTP, and what is no TLS, is told apart', async () => {
  const { cert, key } = selfSigned('no proxy', { host: PROXY_HOST })
  const { createServer: createRawTls } = await import('node:tls')
  const noHttp = createRawTls({ cert, key }, (socket) => {
    socket.on('error', () => {})
    socket.end('SSH-2.0-OpenSSH_9.6\r\n\r\n')
  })
  assert.equal(await statusOf({ port: await listening(noHttp), ca: cert }), 'unreadable')
  const noTls = createServer((socket) => {
    socket.on('error', () => {})
    socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n')
  })
  assert.equal(await statusOf({ port: await listening(noTls) }), 'tls')
})
