/** What commands print goes to a person's terminal, and callers of the service have a hand in much of it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const MODULE = join(import.meta.dirname, '..', '..', 'src', 'cli', 'terminal.ts')

/** ECMA-48: ESC [ 2 J and its one-byte form clear the screen, BEL rings, CR goes back over the line, DEL. */
const STEERING = 'a\u001b[2J\u009b2J\u0007\r\u007fb'
const SPELLED = 'a\\u001b[2J\\u009b2J\\u0007\\u000d\\u007fb'

test('what would steer a terminal is spelled out, lines, tabs and other letters stay', () => {
  const text = `${STEERING}\tGröße 鍵\n{"a":1}`
  const code = `
    import { processTerminal } from ${JSON.stringify(MODULE)}
    const terminal = processTerminal()
    terminal.print(${JSON.stringify(text)})
    terminal.tell(${JSON.stringify(text)})`
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], {
    encoding: 'utf8',
  })
  assert.equal(status, 0, stderr)
  const expected = `${SPELLED}\tGröße 鍵\n{"a":1}\n`
  assert.deepEqual([stdout, stderr], [expected, expected])
})

test('a line of JSON says the same as before', () => {
  const value = { a: STEERING }
  const code = `
    import { processTerminal } from ${JSON.stringify(MODULE)}
    processTerminal().print(JSON.stringify(${JSON.stringify(value)}))`
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', code], { encoding: 'utf8' })
  assert.deepEqual(JSON.parse(stdout), value)
})
