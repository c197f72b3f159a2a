/** Checkpoints of a real server, kept elsewhere, and the command that compares them. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import * as kms from '@aws-sdk/client-kms'
import { openTestLog } from '../audit/audit-folder.ts'
import { openEventReceiver } from '../support/event-receiver.ts'
import { readCredentials, runKeyhold, startKeyholdProcess, temporaryFolder } from '../support/keyhold-process.ts'

const folder = temporaryFolder('checkpoints')
after(() => folder.remove())
const data = join(folder.path, 'data')
const copy = join(folder.path, 'kept-elsewhere.jsonl')

function verify(...args: string[]) {
  const { status, stdout, stderr } = runKeyhold(['audit', 'verify', '--data', data, ...args])
  return { status, text: stdout + stderr }
}

test('two runs of a server leave checkpoints in the log, in the file and at the address, and they agree', async () => {
  const receiver = await openEventReceiver()
  for (const workers of ['2', '1']) {
    const copies = ['--checkpoint-file', copy, '--checkpoint-url', receiver.url]
    const keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', workers, '--data', data, ...copies])
    const client = new kms.KMSClient({
      ...{ endpoint: keyhold.endpoint, region: 'eu-west-1', credentials: readCredentials(data) },
    })
    await client.send(new kms.CreateKeyCommand({}))
    client.destroy()
    assert.equal(await keyhold.end(), 0)
  }
  receiver.close()
  const lines = readFileSync(copy, 'utf8').trim().split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).reason),
    ['start', 'stop', 'start', 'stop'],
  )
  assert.deepEqual(
    receiver.received.map(({ event }) => JSON.stringify(event)),
    lines,
  )
  assert.equal(statSync(copy).mode & 0o777, 0o600)
  const { status, text } = verify('--anchor', copy)
  assert.equal(status, 0, text)
  assert.match(text, /4 checkpoints, .* signed with the key [0-9a-f]{16}\n {2}as kept elsewhere up to /)
})

test('what somebody has put into a log cannot pass for what the command says', async () => {
  const forged = join(folder.path, 'forged')
  const node = 'worker-1\n\nThe audit log is intact.\n\u001b[2J'
  const log = await openTestLog(join(forged, 'audit'), { node })
  await log.close()
  const { status, stdout } = runKeyhold(['audit', 'verify', '--data', forged])
  assert.equal(status, 0)
  assert.equal(stdout.split('\n').filter((line) => line === 'The audit log is intact.').length, 1)
  assert.match(stdout, /worker-1\\n\\nThe audit log is intact\.\\n\\u001b\[2J/)
})

test('what is no checkpoint is no anchor', () => {
  const bad = join(folder.path, 'bad')
  writeFileSync(bad, `${readFileSync(copy, 'utf8')}nonsense\n`)
  const partly = verify('--anchor', bad)
  assert.equal(partly.status, 0)
  assert.match(partly.text, /warnings:\n {2}.*bad: line 5 is not a signed checkpoint, and was left out/)
  writeFileSync(bad, '\n')
  assert.match(verify('--anchor', bad).text, /--anchor: there is no signed checkpoint in/)
  assert.match(verify('--anchor', join(bad, 'x')).text, /--anchor: cannot read/)
  assert.equal(verify('--anchor', bad).status, 2)
})

test('a log that was cut together with its checkpoints fails against those that were kept elsewhere', () => {
  const audit = join(data, 'audit')
  const file = join(audit, 'checkpoints-000000.jsonl')
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  // The second run never happened.
  writeFileSync(file, `${lines.slice(0, 2).join('\n')}\n`)
  const kept = new Set(
    lines.slice(0, 2).flatMap((line) => JSON.parse(line).streams.map((of: { stream: string }) => of.stream)),
  )
  for (const name of readdirSync(audit)) {
    if (name.endsWith('.audit') && !kept.has(name.slice(0, 36))) truncateSync(join(audit, name), 0)
  }
  assert.equal(verify().status, 0, verify().text)
  const { status, text } = verify('--anchor', copy)
  assert.equal(status, 1)
  assert.match(text, /does not have checkpoint 3 of .*, which was kept elsewhere/)
})
