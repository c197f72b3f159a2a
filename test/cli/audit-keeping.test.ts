/** Real servers whose settings bound their log: what is left, and what clients and commands say of it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import * as kms from '@aws-sdk/client-kms'
import { until } from '../audit/audit-folder.ts'
import { DAYS, RECORDS_A_DAY, writeOldLog } from '../audit/old-log.ts'
import { readCredentials, runKeyhold, startKeyholdProcess, temporaryFolder } from '../support/keyhold-process.ts'

const folder = temporaryFolder('audit-keeping')
after(() => folder.remove())
const data = join(folder.path, 'data')
const copy = join(folder.path, 'kept-elsewhere.jsonl')

function command(...args: string[]) {
  const { status, stdout, stderr } = runKeyhold(['audit', ...args, '--data', data])
  return { status, stdout, text: stdout + stderr }
}

async function aRun(...settings: string[]): Promise<void> {
  const checkpoints = ['--checkpoint-file', copy]
  const keyhold = await startKeyholdProcess(['start', '--port', '0', '--data', data, ...checkpoints, ...settings])
  const client = new kms.KMSClient({
    ...{ endpoint: keyhold.endpoint, region: 'eu-west-1', credentials: readCredentials(data) },
  })
  await client.send(new kms.CreateKeyCommand({}))
  client.destroy()
  if (settings.length > 0)
    await until(() => /removed the oldest segments of the audit log/.test(keyhold.output()), 60_000)
  assert.equal(await keyhold.end(), 0)
}

function segments(): readonly string[] {
  return readdirSync(join(data, 'audit')).filter((name) => /\.audit(\.zst)?$/.test(name))
}

test('a server with a retention removes what is older, and the log verifies against what was kept elsewhere', async () => {
  await aRun()
  for (const name of ['audit', 'audit-key']) rmSync(join(data, name), { recursive: true })
  rmSync(copy)
  await writeOldLog(data, { daysAgo: 100 })
  await aRun()
  const before = segments().length
  assert.equal(command('show', '--end-time', '2020-01-01').status, 0)
  // The old days are 100 to 91 days ago.
  await aRun('--audit-retention-days', '96', '--audit-compression', 'yes', '--workers', '2')
  assert.ok(segments().length < before)
  const { status, text } = command('verify', '--anchor', copy)
  assert.equal(status, 0, text)
  const [, records, gone] =
    /^ {2}removed on purpose: (\d+) records in (\d+) segments, the newest of \S+Z; last announced at \S+Z\n {2}none of them was younger than 96 days when/m.exec(
      text,
    )!
  assert.ok(Number(records) >= 3 * RECORDS_A_DAY && Number(gone) > 3)
  assert.match(text, /as kept elsewhere up to/)
  assert.match(
    readFileSync(copy, 'utf8'),
    /"reason":"removal".*"removed":\[\{"stream":"[0-9a-f-]{36}","node":"worker-[12]"/,
  )
})

test('what is left is compressed by the next round, and shown as before', async () => {
  const shown = () => command('show', '--event-name', 'CreateKey').stdout.split('\n').filter(Boolean)
  const before = shown()
  await aRun('--audit-retention-days', '94', '--audit-compression', 'yes')
  assert.ok(segments().filter((name) => name.endsWith('.zst')).length > 3)
  const after = shown()
  const left = after.filter((line) => before.includes(line))
  assert.ok(left.length < before.length && left.length > (DAYS - 8) * RECORDS_A_DAY)
  const { status, text } = command('verify', '--anchor', copy)
  assert.equal(status, 0, text)
})

test('a server that delivers has delivered everything when it has stopped, killed in between or not', async () => {
  const delivered = join(folder.path, 'delivered')
  const settings = ['--audit-files', delivered, '--workers', '2']
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    const keyhold = await startKeyholdProcess(['start', '--port', '0', '--data', data, ...settings])
    const client = new kms.KMSClient({
      ...{ endpoint: keyhold.endpoint, region: 'eu-west-1', credentials: readCredentials(data) },
    })
    await client.send(new kms.CreateKeyCommand({ Description: signal }))
    client.destroy()
    await keyhold.end(signal)
  }
  const files = globSync(join(delivered, 'AWSLogs', '*', 'CloudTrail', '*', '*', '*', '*', '*_CloudTrail_*.json.gz'))
  const pipe = spawnSync('sh', ['-c', 'zcat "$@" | jq -c ".Records[]"', 'sh', ...files], { encoding: 'utf8' })
  assert.equal(pipe.status, 0, pipe.stderr)
  const lines = (text: string) =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.stringify(JSON.parse(line)))
      .sort()
  assert.deepEqual(lines(pipe.stdout), lines(command('show').stdout))
  const { status, text } = command('verify', '--anchor', copy)
  assert.equal(status, 0, text)
})
