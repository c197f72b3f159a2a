/** A program that kills itself before one of its steps (`die-at-step.ts`). */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const PRELOAD = pathToFileURL(join(import.meta.dirname, 'die-at-step.ts')).href

/** @param code of a module. @returns the number of steps if it got to the end. */
export async function runUntilStep(code: string, dieAt: number): Promise<number | undefined> {
  const child = spawn(process.execPath, ['--import', PRELOAD, '--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, DIE_AT_STEP: String(dieAt) },
  })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  const [exitCode, signal] = await once(child, 'close')
  if (signal === 'SIGKILL') return undefined
  assert.equal(exitCode, 0)
  return Number(/^steps (\d+)$/m.exec(output)![1])
}
