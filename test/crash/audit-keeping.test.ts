/**
 * Killed before any step of delivering the log and of keeping it in bounds, the log verifies as it is, nothing is gone that was to stay or was
 * not delivered, and the next run comes to the same end as one that was not killed.
 */
import assert from 'node:assert/strict'
import { cpSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { KeepingRules } from '../../src/audit/keeping/keep.ts'
import { readAuditLog } from '../../src/audit/read-log.ts'
import { keepingFrom, keepOnce, type OldLog, oldLogAt, verified, writeOldLog } from '../audit/old-log.ts'
import { stepsToTry } from './kill-at-steps.ts'
import { runUntilStep } from './run-until-step.ts'

const root = mkdtempSync(join(tmpdir(), 'keyhold-keeping-'))
after(() => rmSync(root, { recursive: true }))

const STEPS_TRIED = 30

/** Some batches to deliver, some segments to compress, the others to remove. */
function rulesOf(path: string): KeepingRules {
  const delivery = {
    target: join(path, 'delivered'),
    statePath: join(path, 'audit-delivery.json'),
    batchBytesMax: 20_000,
  }
  return { ...keepingFrom(9), compresses: true, delivery }
}

/** @returns the number of steps if it got to the end. */
async function runAndDie({ path, start }: OldLog, dieAt: number): Promise<number | undefined> {
  const code = `
    import { keepOnce, oldLogAt } from ${JSON.stringify(join(import.meta.dirname, '..', 'audit', 'old-log.ts'))}
    await keepOnce(oldLogAt(${JSON.stringify(path)}, ${start}), ${JSON.stringify(rulesOf(path))})`
  return runUntilStep(code, dieAt)
}

function filesOf({ audit }: OldLog): Record<string, string> {
  const names = readdirSync(audit).filter((name) => /\.audit(\.zst)?$/.test(name))
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(audit, name), 'base64')]))
}

/** Of all files that were delivered, each of which is whole. */
function deliveredFrom({ path }: OldLog): readonly string[] {
  const files = globSync(join(path, 'delivered', '**', '*.json.gz'))
  return files.flatMap((file) =>
    (JSON.parse(gunzipSync(readFileSync(file)).toString()).Records as object[]).map((record) => JSON.stringify(record)),
  )
}

async function linesOf({ audit }: OldLog): Promise<readonly string[]> {
  return (await Array.fromAsync(readAuditLog(audit))).map(({ line }) => line)
}

test('killed before any of its steps, keeping the log in bounds goes on where it was', {
  timeout: 300_000,
}, async (context) => {
  const base = await writeOldLog(mkdtempSync(join(root, 'base-')))
  const copyOf = () => {
    const path = join(mkdtempSync(join(root, 'x-')), 'data')
    cpSync(base.path, path, { recursive: true, preserveTimestamps: true })
    return oldLogAt(path, base.start)
  }
  const whole = copyOf()
  const steps = await runAndDie(whole, Number.POSITIVE_INFINITY)
  assert.ok(steps! > 10, 'the steps are counted')
  const all = await linesOf(base)
  const [kept, lines] = [filesOf(whole), await linesOf(whole)]
  assert.ok(Object.keys(kept).length < Object.keys(filesOf(base)).length)
  const queue = [...stepsToTry(context, steps!, STEPS_TRIED)]
  const work = async () => {
    for (let dieAt = queue.shift(); dieAt !== undefined; dieAt = queue.shift()) {
      const made = copyOf()
      assert.equal(await runAndDie(made, dieAt), undefined, `step ${dieAt} is reached`)
      assert.deepEqual((await verified(made)).problems, [], `as it is after step ${dieAt}`)
      const left = new Set(await linesOf(made))
      assert.ok(
        lines.every((line) => left.has(line)),
        `step ${dieAt} lost what was to stay`,
      )
      const delivered = new Set(deliveredFrom(made))
      assert.ok(
        all.every((line) => left.has(line) || delivered.has(line)),
        `step ${dieAt} lost what was not delivered`,
      )
      await keepOnce(made, rulesOf(made.path))
      assert.deepEqual(filesOf(made), kept, `step ${dieAt}`)
      assert.deepEqual([...deliveredFrom(made)].sort(), [...all].sort(), `step ${dieAt}: every record once`)
      assert.deepEqual((await verified(made)).problems, [], `step ${dieAt}`)
      rmSync(made.path, { recursive: true })
    }
  }
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work))
})
