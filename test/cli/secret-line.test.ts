/** A secret that a person types is not shown; behind a pseudo terminal of Python's. */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

const MODULE = join(import.meta.dirname, '..', '..', 'src', 'cli', 'secret-line.ts')
/** Reads two lines and says how long they are. */
const PROGRAM = `
  const { readSecretLine } = await import(${JSON.stringify(MODULE)})
  for (const prompt of ['first: ', 'second: ']) console.log('length ' + (await readSecretLine(prompt))?.length)`

/** Answers each prompt with the next of its arguments, and prints all that the terminal showed; ends as the program did. */
const TERMINAL = `
import os, pty, sys
pid, terminal = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:4])
shown, keys = b'', sys.argv[4:]
while True:
    try: chunk = os.read(terminal, 4096)
    except OSError: break
    if not chunk: break
    shown += chunk
    if keys and shown.endswith(b': '): os.write(terminal, keys.pop(0).encode())
print(shown.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`

const skip =
  spawnSync('python3', ['-c', 'import pty, os; os.waitstatus_to_exitcode']).status !== 0 &&
  'Python 3.9 with pseudo terminals is not installed here'

async function type(...keys: string[]): Promise<{ shown: string; code: number }> {
  const child = spawn('python3', ['-c', TERMINAL, process.execPath, '-e', PROGRAM, ...keys])
  const shown = text(child.stdout)
  const [code] = await once(child, 'close')
  return { shown: await shown, code }
}

test('what is typed is not shown, and can be corrected', { skip }, async () => {
  const { shown, code } = await type('hidden-one\r', 'hiddenX\x7f-2\r')
  assert.match(shown, /first: \r\nlength 10\r\nsecond: \r\nlength 8/)
  assert.ok(!shown.includes('hidden'))
  assert.equal(code, 0)
})

test('Ctrl-D ends the input, Ctrl-C the program', { skip }, async () => {
  assert.match((await type('\x04')).shown, /first: \r\nlength undefined\r\nsecond: \r\nlength undefined/)
  assert.equal((await type('hidden\x03')).code, 130)
})

test('a pipe is read line by line, and keeps nobody waiting who has what he wanted', async () => {
  const child = spawn(process.execPath, ['-e', PROGRAM])
  child.stdin.write('one\r\ntwenty\nmore')
  // The pipe stays open.
  assert.equal(await text(child.stdout), 'length 3\nlength 6\n')
  child.stdin.end()
})

test('a line that is too long is refused', async () => {
  const child = spawn(process.execPath, ['-e', PROGRAM])
  child.stdin.on('error', () => {})
  child.stdin.write('x'.repeat(5_000))
  assert.match(await text(child.stderr), /a line of the standard input is too long/)
})
