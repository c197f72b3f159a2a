/** The files of the web console over a socket, from a folder that stands for a build. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Log } from '../../src/base/log.ts'
import { startTestServer } from '../support/test-server.ts'
import { exchange, type RawAnswer } from './raw-client.ts'

const HTML = '<!doctype html><title>console</title>'
const SCRIPT = 'console.log("ä")'

function makeBuild(folder: string): void {
  mkdirSync(join(folder, 'assets'), { recursive: true })
  writeFileSync(join(folder, 'index.html'), HTML)
  writeFileSync(join(folder, 'assets', 'main-abc123.js'), SCRIPT)
  writeFileSync(join(folder, 'assets', 'main-abc123.js.gz'), gzipSync(SCRIPT))
  writeFileSync(join(folder, 'assets', 'main-abc123.css'), 'body{}')
  writeFileSync(join(folder, 'notes.txt'), 'not part of a build')
}

interface Site {
  readonly folder: string
  readonly port: number
  readonly errors: object[]
  ask(path: string, options?: { method?: string; headers?: string; body?: string }): Promise<RawAnswer>
}

async function openSite(t: TestContext, { build = true, isServed = true } = {}): Promise<Site> {
  const parent = mkdtempSync(join(tmpdir(), 'keyhold-console-'))
  const folder = join(parent, 'build')
  writeFileSync(join(parent, 'secret.js'), 'secret')
  if (build) makeBuild(folder)
  const errors: object[] = []
  const log: Log = { info() {}, warn() {}, error: (fields) => errors.push(fields) }
  const server = await startTestServer({ consoleFolder: isServed ? folder : undefined, log })
  t.after(async () => {
    await server.stop()
    rmSync(parent, { recursive: true, force: true })
  })
  return {
    folder,
    port: server.port,
    errors,
    async ask(path, { method = 'GET', headers = '', body = '' } = {}) {
      const length = body === '' ? '' : `Content-Length: ${body.length}\r\n`
      const request = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}${length}\r\n${body}`
      const { answers } = await exchange(server.port, request, { answers: 1, isHead: method === 'HEAD' })
      return answers[0]!
    },
  }
}

test('the page comes with headers that let nothing foreign in, and is asked for each time', async (t) => {
  const site = await openSite(t)
  for (const path of ['/console/', '/console/index.html', '/console/?region=eu-west-1']) {
    const { status, headers, body } = await site.ask(path)
    assert.deepEqual([status, headers['content-type'], body], [200, 'text/html; charset=utf-8', HTML], path)
    const policy = headers['content-security-policy']!.split('; ')
    for (const rule of ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]) {
      assert.ok(policy.includes(rule), rule)
    }
    assert.ok(!policy.some((rule) => rule.includes('unsafe')))
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['referrer-policy'], 'no-referrer')
    assert.equal(headers['cache-control'], 'no-cache')
  }
})

test('files whose names hold a hash are kept for ever, and come packed to whoever takes that', async (t) => {
  const site = await openSite(t)
  const plain = await site.ask('/console/assets/main-abc123.js')
  assert.equal(plain.body, SCRIPT)
  assert.equal(plain.headers['content-type'], 'text/javascript; charset=utf-8')
  assert.equal(plain.headers['cache-control'], 'public, max-age=31536000, immutable')
  assert.equal(plain.headers['x-content-type-options'], 'nosniff')
  assert.equal(plain.headers.vary, 'Accept-Encoding')

  const url = `http://127.0.0.1:${site.port}/console/assets/main-abc123.js`
  const packed = await fetch(url, { headers: { 'accept-encoding': 'deflate, gzip;q=0.5' } })
  assert.equal(packed.headers.get('content-encoding'), 'gzip')
  assert.equal(packed.headers.get('content-type'), 'text/javascript; charset=utf-8')
  assert.equal(Number(packed.headers.get('content-length')), gzipSync(SCRIPT).length)
  assert.equal(await packed.text(), gunzipSync(gzipSync(SCRIPT)).toString())
  const refused = await site.ask('/console/assets/main-abc123.js', { headers: 'Accept-Encoding: gzip;q=0, br\r\n' })
  assert.equal(refused.headers['content-encoding'], undefined)
  assert.equal((await site.ask('/console/assets/main-abc123.css')).headers['content-type'], 'text/css; charset=utf-8')
})

test('HEAD answers as GET, without the body', async (t) => {
  const site = await openSite(t)
  const { status, headers } = await site.ask('/console/', { method: 'HEAD' })
  assert.deepEqual([status, headers['content-length']], [200, String(HTML.length)])
  // Another request on the same connection shows that no body was sent.
  const request = (method: string) => `${method} /console/ HTTP/1.1\r\nHost: x\r\n\r\n`
  const { answers } = await exchange(site.port, request('HEAD') + request('HEAD'), { answers: 2, isHead: true })
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [200, 200],
  )
})

test('a browser at the root is led to the console; other clients see what they saw before', async (t) => {
  const site = await openSite(t)
  const browser = await site.ask('/', { headers: 'Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8\r\n' })
  assert.deepEqual([browser.status, browser.headers.location], [302, '/console/'])
  assert.equal(browser.headers.vary, 'Accept')
  assert.equal((await site.ask('/console')).headers.location, '/console/')
  // operations.md 1.4, row 2.
  for (const headers of ['', 'Accept: */*\r\n', 'Accept: application/json\r\n']) {
    const { status, body } = await site.ask('/', { headers })
    assert.deepEqual([status, body], [404, '<UnknownOperationException/>'], headers)
  }
  const query = await site.ask('/?Action=GetCallerIdentity&Version=2011-06-15', { headers: 'Accept: text/html\r\n' })
  assert.equal(query.status, 403)
  assert.match(query.body, /<ErrorResponse/)
})

test('no path leads out of the folder, and what is no part of a build is not served', async (t) => {
  const site = await openSite(t)
  symlinkSync(join(site.folder, '..', 'secret.js'), join(site.folder, 'assets', 'link.js'))
  const paths = [
    '/console/../secret.js',
    '/console/assets/../../secret.js',
    '/console/%2e%2e/secret.js',
    '/console/..%2fsecret.js',
    '/console/..\\secret.js',
    '/console/..%5csecret.js',
    '/console//etc/passwd',
    '/console/assets',
    '/console/assets/',
    '/console/assets/link.js',
    '/console/assets/main-abc123.js.gz',
    '/console/assets/main-abc123.js%00.html',
    '/console/index.html/',
    '/console/INDEX.HTML',
    '/console/notes.txt',
    '/console/__proto__',
    '/console/constructor',
  ]
  for (const path of paths) {
    const { status, body, headers } = await site.ask(path)
    assert.deepEqual([status, body], [404, 'The console has no such file.\n'], path)
    assert.equal(headers['x-content-type-options'], 'nosniff')
  }
  assert.equal((await site.ask('/consoles/')).body, '<UnknownOperationException/>')
})

test('the files can only be read; POST is the way of operations wherever it goes', async (t) => {
  const site = await openSite(t)
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']) {
    const { status, headers } = await site.ask('/console/', { method })
    assert.deepEqual([status, headers.allow], [405, 'GET, HEAD'], method)
  }
  const { status, body } = await site.ask('/console/', { method: 'POST' })
  assert.equal(status, 403)
  assert.match(body, /<AccessDeniedException>/)
})

test('without a build a text says which command makes it, and a build is found without a restart', async (t) => {
  const site = await openSite(t, { build: false })
  const missing = await site.ask('/console/')
  assert.equal(missing.status, 404)
  assert.equal(missing.headers['content-type'], 'text/plain; charset=utf-8')
  assert.match(missing.body, /npm run build:console/)
  assert.deepEqual(site.errors, [])
  makeBuild(site.folder)
  assert.equal((await site.ask('/console/')).body, HTML)
})

test('a build is read once: what becomes of it later changes nothing', async (t) => {
  const site = await openSite(t)
  assert.equal((await site.ask('/console/')).body, HTML)
  rmSync(site.folder, { recursive: true })
  assert.equal((await site.ask('/console/')).body, HTML)
  assert.equal((await site.ask('/console/assets/main-abc123.js')).body, SCRIPT)
})

test('a folder that is far too large is not read into memory', async (t) => {
  const site = await openSite(t)
  for (let index = 0; index < 501; index++) writeFileSync(join(site.folder, `${index}.js`), '')
  assert.equal((await site.ask('/console/')).status, 404)
  assert.equal(site.errors.length, 1)
})

test('where the console is off, its paths are like any others', async (t) => {
  const site = await openSite(t, { isServed: false })
  for (const path of ['/', '/console', '/console/', '/console/index.html']) {
    const { status, body } = await site.ask(path, { headers: 'Accept: text/html\r\n' })
    assert.deepEqual([status, body], [404, '<UnknownOperationException/>'], path)
  }
})
