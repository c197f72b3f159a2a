/** The listener for metrics against whoever reaches it: nobody has credentials here. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { listenForCollectors, type MetricsListener, type MetricsPage } from '../../src/wire/metrics-listener.ts'

const LOOPBACK = { host: '127.0.0.1', port: 0 }

let collections = 0
let collect: () => Promise<MetricsPage>
let listener: MetricsListener
let url: string

before(async () => {
  listener = await listenForCollectors(LOOPBACK, true, () => collect(), silentLog)
  url = `http://127.0.0.1:${listener.address.port}`
})
after(() => listener.close())

function shows(text: string): void {
  collections = 0
  collect = async () => {
    collections++
    return { type: 'text/plain; version=0.0.4; charset=utf-8', text }
  }
}

/** Sends bytes as they are. @returns all that comes back until the connection ends. */
function exchange(bytes: string, port = listener.address.port): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect({ host: '127.0.0.1', port }, () => socket.write(bytes))
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('close', () => resolve(text))
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? resolve(text) : reject(error)))
  })
}

const request = (line: string, ...headers: string[]) =>
  [line, 'Host: 127.0.0.1', 'Connection: close', ...headers, '', ''].join('\r\n')

test('GET and HEAD, whatever the query says', async () => {
  shows('a 1\nGröße 2\n')
  for (const path of ['/metrics', '/metrics?name[]=a']) {
    const answer = await fetch(url + path)
    assert.equal(answer.status, 200)
    assert.equal(await answer.text(), 'a 1\nGröße 2\n')
    assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    assert.equal(answer.headers.get('cache-control'), 'no-store')
  }
  const head = await exchange(request('HEAD /metrics HTTP/1.1'))
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n[\s\S]*Content-Length: 14\r\n[\s\S]*\r\n\r\n$/)
})

test('nothing else is answered, and nothing is collected for it', async () => {
  shows('secret 1\n')
  for (const [line, status] of [
    ['GET / HTTP/1.1', 404],
    ['GET /metricsx HTTP/1.1', 404],
    ['GET /metrics/ HTTP/1.1', 404],
    ['GET /metrics/../metrics HTTP/1.1', 404],
    ['GET /%6detrics HTTP/1.1', 404],
    ['GET //metrics HTTP/1.1', 404],
    ['GET http://127.0.0.1/metrics HTTP/1.1', 404],
    ['GET /health HTTP/1.1', 404],
    ['POST /metrics HTTP/1.1', 405],
    ['DELETE /metrics HTTP/1.1', 405],
    ['OPTIONS /metrics HTTP/1.1', 405],
    ['BREW /metrics HTTP/1.1', 400],
    ['GET /metrics HTTP/9.9', 400],
    ['GET /me trics HTTP/1.1', 400],
    ['\0\0\0', 400],
  ] as const) {
    const answer = await exchange(request(line))
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), `${line}: ${answer}`)
    assert.ok(!answer.includes('secret'), line)
  }
  const head = request('POST / HTTP/1.1', 'X-Amz-Target: TrentService.Decrypt', 'Content-Length: 2')
  const call = await exchange(`${head}{}`)
  assert.match(call, /^HTTP\/1\.1 404 /, 'nobody is served here')
  assert.equal(collections, 0)
})

test('pages that a browser on this machine shows cannot read it', async () => {
  shows('secret 1\n')
  for (const headers of [['Origin: https://evil.example'], ['Sec-Fetch-Site: cross-site'], ['Origin: null']]) {
    const answer = await exchange(request('GET /metrics HTTP/1.1', ...headers))
    assert.match(answer, /^HTTP\/1\.1 403 /)
    assert.ok(!answer.includes('secret'))
  }
  const rebound = await exchange('GET /metrics HTTP/1.1\r\nHost: evil.example:80\r\nConnection: close\r\n\r\n')
  assert.match(rebound, /^HTTP\/1\.1 403 [\s\S]*is not to be reached by the name evil\.example/)
  const named = await exchange('GET /metrics HTTP/1.1\r\nHost: localhost:9464\r\nConnection: close\r\n\r\n')
  assert.match(named, /^HTTP\/1\.1 200 /)
  const open = await listenForCollectors(LOOPBACK, false, collect, silentLog)
  const beyond = 'GET /metrics HTTP/1.1\r\nHost: keyhold.example:9464\r\nConnection: close\r\n\r\n'
  assert.match(await exchange(beyond, open.address.port), /^HTTP\/1\.1 200 /)
  await open.close()
})

test('large headers, large bodies and many connections cost little, and the next collector is served', async () => {
  shows('a 1\n')
  const long = await exchange(request('GET /metrics HTTP/1.1', `X: ${'x'.repeat(20_000)}`))
  assert.match(long, /^HTTP\/1\.1 431 /)
  const head = request('GET /metrics HTTP/1.1', 'Content-Length: 100000')
  const body = await exchange(head + 'x'.repeat(100_000))
  assert.match(body, /^HTTP\/1\.1 200 /)
  const sockets = Array.from({ length: 40 }, () => connect({ host: '127.0.0.1', port: listener.address.port }))
  const refused = sockets.map((socket) => new Promise((resolve) => socket.on('error', () => {}).on('close', resolve)))
  await Promise.all(refused.slice(16).map((end) => end))
  for (const socket of sockets) socket.destroy()
  await Promise.all(refused)
  for (;;) {
    const answer = await fetch(`${url}/metrics`).catch(() => undefined)
    if (answer?.status === 200) break
  }
})

test('who sends a head without end, piece by piece, holds a connection for seconds', { timeout: 20_000 }, async () => {
  const socket = connect({ host: '127.0.0.1', port: listener.address.port })
  socket.write('GET /metrics HTTP/1.1\r\n')
  const trickle = setInterval(() => socket.write('x: y\r\n'), 500)
  let text = ''
  socket.on('data', (chunk) => {
    text += chunk
  })
  socket.on('error', () => {})
  await once(socket, 'close')
  clearInterval(trickle)
  assert.match(text, /^HTTP\/1\.1 408 /)
})

test('who asks while metrics are collected gets the same; a failure is told to nobody, and the next goes well', async () => {
  const started = Promise.withResolvers<void>()
  const finish = Promise.withResolvers<void>()
  collections = 0
  collect = async () => {
    collections++
    started.resolve()
    await finish.promise
    return { type: 'text/plain', text: `${collections}` }
  }
  const first = fetch(`${url}/metrics`)
  await started.promise
  const others = [fetch(`${url}/metrics`), fetch(`${url}/metrics`)]
  // A request that is answered later than these were made: it is known to have come after them.
  await exchange(request('GET /after HTTP/1.1'))
  finish.resolve()
  const texts = await Promise.all([first, ...others].map(async (answer) => (await answer).text()))
  assert.ok(
    texts.every((text) => text === '1' || text === '2'),
    `${texts}`,
  )
  collect = async () => {
    throw new Error('a secret reason')
  }
  const failed = await fetch(`${url}/metrics`)
  assert.equal(failed.status, 503)
  assert.equal(await failed.text(), '')
  shows('a 1\n')
  assert.equal(await (await fetch(`${url}/metrics`)).text(), 'a 1\n')
})
