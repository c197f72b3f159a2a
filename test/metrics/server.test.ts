/** What a server shows of its connections, its certificate and its audit log. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import * as kms from '@aws-sdk/client-kms'
import { systemFiles } from '../../src/audit/audit-files.ts'
import { systemClock } from '../../src/base/clock.ts'
import { NodeMetrics } from '../../src/metrics/node-metrics.ts'
import { textOf } from '../../src/metrics/text.ts'
import { openTestLog, temporaryFolder, until } from '../audit/audit-folder.ts'
import { parseMetricsPage } from '../support/metrics-page.ts'
import { ACCESS_KEY_ID, SECRET_ACCESS_KEY, startTestServer, type TestServerOptions } from '../support/test-server.ts'
import { selfSigned } from '../wire/self-signed.ts'

async function setUp(t: TestContext, options: (metrics: NodeMetrics) => Promise<TestServerOptions>, ca?: string) {
  const metrics = new NodeMetrics({ node: 'test', clock: systemClock, byKey: false })
  const server = await startTestServer({ ...(await options(metrics)), metrics })
  const client = new kms.KMS({
    endpoint: server.endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET_ACCESS_KEY },
    maxAttempts: 1,
    requestHandler: { httpsAgent: { ca } },
  })
  t.after(async () => {
    client.destroy()
    await server.stop()
  })
  return { server, client, page: () => parseMetricsPage(textOf(metrics.samples())) }
}

test('days until the TLS certificate expires, and open connections', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'keyhold-metrics-tls-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const tls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') }
  const { cert, key } = selfSigned('metrics', { days: 25 })
  writeFileSync(tls.cert, cert)
  writeFileSync(tls.key, key)
  const { client, page } = await setUp(t, async () => ({ tls }), cert)
  await client.listKeys({})
  const shown = page()
  const days = shown.value('keyhold_tls_certificate_days_to_expire')!
  assert.ok(days > 24.9 && days <= 25, `${days}`)
  assert.equal(shown.value('keyhold_connections', { process: 'test' }), 1)
  assert.equal(shown.value('keyhold_requests_in_flight'), 0)
  assert.equal(shown.value('kms_requests_total', { operation: 'ListKeys', exception_name: 'None' }), 1)
})

test('a disk that cannot be written: calls are refused, and counted, until it can', async (t) => {
  const state = { isBroken: false }
  const files: Partial<typeof systemFiles> = {
    writeDurably: async (file, bytes, position) => {
      if (state.isBroken) throw Object.assign(new Error('broken'), { code: 'EIO' })
      return systemFiles.writeDurably(file, bytes, position)
    },
  }
  const folder = await temporaryFolder(t)
  const open = async ({ audit: observer }: NodeMetrics) => ({
    auditLog: await openTestLog(folder, { files, observer }),
  })
  const { client, page } = await setUp(t, open)
  for (let count = 0; count < 3; count++) await client.listKeys({})
  const before = page()
  assert.equal(before.value('keyhold_audit_batch_records_sum'), 3)
  assert.equal(before.value('keyhold_audit_batch_records_count'), 3, 'one after the other')
  assert.equal(before.value('keyhold_audit_sync_seconds_count'), 3)
  assert.equal(before.value('keyhold_audit_writable'), 1)
  assert.equal(before.value('keyhold_audit_refusals_total'), 0)
  assert.ok(before.value('keyhold_audit_free_bytes')! > 0)

  state.isBroken = true
  await assert.rejects(client.listKeys({}), { name: 'KMSInternalException' })
  await assert.rejects(client.listKeys({}), { name: 'KMSInternalException' })
  const broken = page()
  assert.equal(broken.value('keyhold_audit_writable'), 0)
  assert.equal(broken.value('keyhold_audit_refusals_total', { reason: 'unavailable' }), 2)
  const failed = { operation: 'ListKeys', exception_name: 'KMSInternalException' }
  assert.equal(broken.value('kms_requests_total', failed), 2)

  state.isBroken = false
  await until(() => page().value('keyhold_audit_writable') === 1)
  await client.listKeys({})
  assert.equal(page().value('keyhold_audit_batch_records_sum'), 4)
})
