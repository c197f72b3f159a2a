/** The log goes to standard error: JSON for programs, short lines for a person, nothing below its level. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLog } from '../../src/base/log.ts'

const MODULE = join(import.meta.dirname, '..', '..', 'src', 'start', 'logger.ts')

/** What three messages of rising level leave on standard error. */
function logged(options: object): string[] {
  const code = `
    import { createLogger } from ${JSON.stringify(MODULE)}
    const log = createLogger(${JSON.stringify(options)})
    log.info({ port: 1 }, 'one')
    log.warn({ err: new Error('broken') }, 'two')
    log.error({ err: new Error('lost') }, 'three')
    log.info({ name: 'a\\u001b[2J\\u009b2J' }, 'four')`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  assert.equal(stdout, '')
  return stderr.trimEnd().split('\n')
}

test('JSON lines have level, time, node, fields and the error', () => {
  const lines = logged({ level: 'info', node: 'worker-1', forPerson: false }).map((line) => JSON.parse(line))
  assert.deepEqual(
    lines.map(({ level, msg, node }) => [level, msg, node]),
    [
      ['info', 'one', 'worker-1'],
      ['warn', 'two', 'worker-1'],
      ['error', 'three', 'worker-1'],
      ['info', 'four', 'worker-1'],
    ],
  )
  assert.equal(lines[0].port, 1)
  assert.match(lines[0].time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  assert.equal(lines[1].err.message, 'broken')
  assert.match(lines[2].err.stack, /Error: lost\n/)
})

test('a person gets one short line, with the stack of errors only', () => {
  const [one, two, three, stack] = logged({ level: 'info', forPerson: true })
  assert.match(one!, /^\d\d:\d\d:\d\d info {2}one {2}port=1$/)
  assert.match(two!, /^\d\d:\d\d:\d\d warn {2}two: broken$/)
  assert.match(three!, /^\d\d:\d\d:\d\d error {2}three$/)
  assert.equal(stack, 'Error: lost')
})

test('nothing that is logged steers the terminal of a person (ECMA-48)', () => {
  assert.match(logged({ level: 'info', forPerson: true }).at(-1)!, / {2}four {2}name=a\\u001b\[2J\\u009b2J$/)
})

test('messages below the level are left out, silent leaves none', () => {
  assert.equal(logged({ level: 'error', forPerson: false }).length, 1)
  assert.deepEqual(logged({ level: 'silent', forPerson: false }), [''])
})

test('no field has the name of a member that each line has: JSON with two of one name means what its reader likes (RFC 8259, 4)', () => {
  // @ts-expect-error
  silentLog.warn({ level: 'low' }, 'refused by the compiler')
  silentLog.warn({ freeBytes: 1 }, 'and others are not')
})
