/** `GET /health` of a whole service: docs/operating.md. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemFiles } from '../../src/audit/audit-files.ts'
import type { Log } from '../../src/base/log.ts'
import { openTestLog, temporaryFolder, until } from '../audit/audit-folder.ts'
import { startTestServer, type TestServer } from '../support/test-server.ts'
import { exchange } from './raw-client.ts'
import { startSlowServer } from './slow-server.ts'

async function ask({ port }: Pick<TestServer, 'port'>, path = '/health', method = 'GET') {
  const request = `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`
  const { answers } = await exchange(port, request, { answers: 1, isHead: method === 'HEAD' })
  return answers[0]!
}

test('a server that can serve says so to anybody, and records nothing of it', async () => {
  const warnings: object[] = []
  const log: Log = { info() {}, warn: (fields) => warnings.push(fields), error() {} }
  const server = await startTestServer({ log })
  for (const path of ['/health', '/health?from=balancer']) {
    const { status, headers, body } = await ask(server, path)
    assert.deepEqual([status, JSON.parse(body)], [200, { status: 'serving' }])
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(headers['cache-control'], 'no-store')
    assert.equal(headers['access-control-allow-origin'], undefined)
  }
  const head = await ask(server, '/health', 'HEAD')
  assert.deepEqual([head.status, Number(head.headers['content-length']) > 0], [200, true])
  assert.deepEqual(server.auditLines, [])
  await server.stop()
  // The log of refused requests is written at the end.
  assert.deepEqual(warnings, [])
})

test('only reading is health: everything else at that path, and every other path, is what it was', async (t) => {
  const server = await startTestServer()
  t.after(() => server.stop())
  for (const [method, path] of [
    ['PUT', '/health'],
    ['GET', '/health/'],
    ['GET', '/healthz'],
    ['GET', '/Health'],
    ['GET', '/'],
  ] as const) {
    const { status, body } = await ask(server, path, method)
    assert.deepEqual([status, body], [404, '<UnknownOperationException/>'], `${method} ${path}`)
  }
  const post = `POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Type: application/x-amz-json-1.1\r\n\r\n{}`
  assert.equal((await exchange(server.port, post, { answers: 1 })).answers[0]?.status, 403)
})

test('a server whose audit log cannot be written is unavailable until it can (audit.md G-3)', async (t) => {
  const folder = await temporaryFolder(t)
  let isBroken = false
  const writeDurably: typeof systemFiles.writeDurably = (file, bytes, position) =>
    isBroken ? Promise.reject(new Error('EIO')) : systemFiles.writeDurably(file, bytes, position)
  const auditLog = await openTestLog(folder, { files: { writeDurably } })
  const server = await startTestServer({ auditLog })
  t.after(() => server.stop())
  assert.equal((await ask(server)).status, 200)
  isBroken = true
  await auditLog.append('{}').catch(() => {})
  const { status, body } = await ask(server)
  assert.deepEqual([status, JSON.parse(body)], [503, { status: 'unavailable' }])
  isBroken = false
  await until(() => {
    try {
      auditLog.admit(false)
      return true
    } catch {
      return false
    }
  })
  assert.equal((await ask(server)).status, 200)
})

test('a server that may not answer calls is unavailable', async (t) => {
  const slow = await startSlowServer({ canServe: false })
  t.after(() => slow.close())
  assert.equal((await ask(slow)).status, 503)
  const head = await ask(slow, '/health', 'HEAD')
  assert.deepEqual([head.status, head.body], [503, ''])
})
