/** `keyhold start --metrics-port` with two workers: what is collected is what clients did, and no counter falls when a worker dies. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import * as kms from '@aws-sdk/client-kms'
import {
  type KeyholdProcess,
  readCredentials,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'
import { metricsUrlOf, scrape } from '../support/metrics-page.ts'

const noBoto3 = spawnSync('python3', ['-c', 'import boto3']).status === 0 ? false : 'boto3 is not installed here'

describe('a server with two workers that measures', { timeout: 180_000 }, () => {
  const folder = temporaryFolder('metrics')
  let keyhold: KeyholdProcess
  let url: string

  before(async () => {
    const args = ['--port', '0', '--workers', '2', '--metrics-port', '0', '--metrics-by-key', '--data', folder.path]
    keyhold = await startKeyholdProcess(['start', ...args])
    url = metricsUrlOf(keyhold.output())
  })
  after(async () => {
    await keyhold?.end()
    folder.remove()
  })

  function client(): kms.KMS {
    // Each connection may meet the other worker.
    const requestHandler = { httpAgent: { keepAlive: false } }
    const { endpoint } = keyhold
    return new kms.KMS({ endpoint, region: 'eu-central-1', credentials: readCredentials(folder.path), requestHandler })
  }

  test('calls of boto3 at both workers, counted by operation and outcome', { skip: noBoto3 }, async (context) => {
    const { accessKeyId, secretAccessKey } = readCredentials(folder.path)
    const { status, stdout, stderr } = spawnSync('python3', [join(import.meta.dirname, 'metrics-client.py')], {
      encoding: 'utf8',
      env: {
        ...process.env,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: secretAccessKey,
        AWS_DEFAULT_REGION: 'eu-central-1',
        AWS_ENDPOINT_URL: keyhold.endpoint,
        METRICS_URL: url,
      },
    })
    assert.equal(status, 0, `${stdout}\n${stderr}`)
    assert.match(stdout, /^(\d+) checks passed$/m)
    context.diagnostic(stdout.split('\n')[0]!)
    const page = await scrape(url)
    const requests = (operation: string, service: string, exception_name: string) =>
      page.value('kms_requests_total', { operation, service, exception_name })
    assert.equal(requests('Encrypt', 'kms', 'None'), 60)
    assert.equal(requests('Decrypt', 'kms', 'None'), 25)
    assert.equal(requests('DescribeKey', 'kms', 'NotFoundException'), 3)
    assert.equal(requests('GetCallerIdentity', 'sts', 'None'), 1)
    assert.equal(requests('ListUsers', 'iam', 'None'), 1)
    const failures = (exception_name: string) => page.value('kms_authentication_failures_total', { exception_name })
    assert.equal(failures('UnrecognizedClientException'), 2)
    assert.equal(failures('InvalidSignatureException'), 1)
    assert.equal(page.value('kms_successful_requests_total', { operation: 'Encrypt' }), 60)
    // Whatever was answered to somebody known is on record: 60 + 25 + 3, the key, STS and IAM.
    assert.equal(page.value('keyhold_audit_batch_records_sum'), 91)
    assert.equal(page.value('keyhold_workers'), 2)
    assert.equal(page.value('keyhold_metrics_unheard_processes'), 0)
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8'))
    assert.equal(page.value('keyhold_build_info', { version, node_version: process.version }), 1)
  })

  test('no counter falls when a worker dies, and the one in its place is counted', {
    skip: process.platform === 'linux' ? false : 'children are found in /proc',
  }, async () => {
    const aws = client()
    const { KeyId } = (await aws.createKey({})).KeyMetadata!
    await Promise.all(Array.from({ length: 40 }, () => aws.encrypt({ KeyId, Plaintext: Buffer.from('x') })))
    const before = await scrape(url)
    const encryptions = before.value('kms_requests_total', { operation: 'Encrypt' })!
    const children = readFileSync(`/proc/${keyhold.pid}/task/${keyhold.pid}/children`, 'utf8')
    process.kill(Number(children.split(' ')[0]), 'SIGKILL')

    let page = await scrape(url)
    while (page.value('keyhold_workers') !== 2 || page.value('keyhold_worker_restarts_total') !== 1) {
      assertNoCounterFell(before, page)
      page = await scrape(url)
    }
    assertNoCounterFell(before, page)
    await Promise.all(Array.from({ length: 40 }, () => aws.encrypt({ KeyId, Plaintext: Buffer.from('x') })))
    const now = await scrape(url)
    assertNoCounterFell(page, now)
    assert.equal(now.value('kms_requests_total', { operation: 'Encrypt' }), encryptions + 40)
    aws.destroy()
  })

  test('a worker that does not answer is shown as it was', {
    skip: process.platform === 'linux' ? false : 'children are found in /proc',
  }, async () => {
    const before = await scrape(url)
    const children = readFileSync(`/proc/${keyhold.pid}/task/${keyhold.pid}/children`, 'utf8')
    const pid = Number(children.split(' ')[0])
    process.kill(pid, 'SIGSTOP')
    const page = await scrape(url)
    process.kill(pid, 'SIGCONT')
    assert.equal(page.value('keyhold_metrics_unheard_processes'), 1)
    assertNoCounterFell(before, page)
    assert.notEqual(page.value('kms_requests_total'), undefined)
    assert.equal((await scrape(url)).value('keyhold_metrics_unheard_processes'), 0)
  })

  test('the port for keys has no metrics, and metrics have no keys', async () => {
    const answer = await fetch(new URL('/metrics', keyhold.endpoint))
    assert.equal(answer.status, 404)
    assert.ok(!(await answer.text()).includes('kms_'))
    const call = await fetch(url, { method: 'POST', headers: { 'X-Amz-Target': 'TrentService.ListKeys' }, body: '{}' })
    assert.equal(call.status, 405)
    const page = await scrape(url)
    assert.equal(page.value('keyhold_http_refusals_total', { status: '404' }), 1)
  })
})

type Page = Awaited<ReturnType<typeof scrape>>

function assertNoCounterFell(before: Page, now: Page): void {
  for (const [family, { type, samples }] of before.families) {
    if (type === 'gauge') continue
    for (const { name, labels, value } of samples) {
      const later = now.families.get(family)?.samples.find((sample) => {
        return sample.name === name && JSON.stringify(sample.labels) === JSON.stringify(labels)
      })
      assert.ok(
        later !== undefined && later.value >= value,
        `${name} ${JSON.stringify(labels)}: ${later?.value} < ${value}`,
      )
    }
  }
}

test('one process alone measures as well, and a port that is taken is told of before anybody is served', async (context) => {
  const folder = temporaryFolder('metrics-alone')
  context.after(() => folder.remove())
  const args = ['start', '--port', '0', '--workers', '1', '--data']
  const keyhold = await startKeyholdProcess([...args, join(folder.path, 'one'), '--metrics-port', '0'])
  context.after(() => keyhold.end('SIGKILL'))
  const url = metricsUrlOf(keyhold.output())
  const credentials = readCredentials(join(folder.path, 'one'))
  const aws = new kms.KMS({ endpoint: keyhold.endpoint, region: 'eu-central-1', credentials })
  await aws.createKey({})
  const page = await scrape(url)
  assert.equal(page.value('kms_requests_total', { operation: 'CreateKey', exception_name: 'None' }), 1)
  assert.equal(page.value('keyhold_workers'), 1)
  assert.equal(page.value('kms_successful_requests_total'), undefined, 'nobody asked for keys')
  const taken = startKeyholdProcess([...args, join(folder.path, 'two'), '--metrics-port', new URL(url).port])
  await assert.rejects(taken, /ended with 1:[\s\S]*choose another --metrics-port/)
  const beyond = startKeyholdProcess([
    ...args,
    join(folder.path, 'three'),
    '--metrics-port',
    '0',
    '--metrics-host',
    '::',
  ])
  await assert.rejects(beyond, /ended with 2:[\s\S]*--metrics-host :: would show metrics to other machines/)
  aws.destroy()
  assert.equal(await keyhold.end(), 0)
  await assert.rejects(fetch(url))
})
