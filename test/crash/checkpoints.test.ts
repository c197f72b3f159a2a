/**
 * Killed before any step of making checkpoints and of replacing their key, the next run goes on with the row: no crash looks like
 * tampering, and nothing that was brought elsewhere is missing from the log.
 */
import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, utimesSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readAnchors } from '../../src/audit/checkpoints/verify-checkpoints.ts'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import { silentLog } from '../../src/base/log.ts'
import { dataFolder } from '../../src/start/data-folder.ts'
import { openFolderCheckpoints } from '../../src/start/folder-checkpoints.ts'
import { lineOf, openTestLog } from '../audit/audit-folder.ts'
import { runUntilStep } from './run-until-step.ts'

const root = mkdtempSync(join(tmpdir(), 'keyhold-checkpoints-'))
after(() => rmSync(root, { recursive: true }))

const SOURCE = join(import.meta.dirname, '..', '..', 'src')

/** A log with checkpoints, and more records since; its key is due to be replaced. */
async function makeInstallation(path: string): Promise<void> {
  const folder = dataFolder(path)
  await (await openFolderCheckpoints(folder, { checkpointFile: join(path, 'copy') }, silentLog)).close()
  const log = await openTestLog(folder.audit)
  for (let number = 0; number < 5; number++) await log.append(lineOf(number))
  await log.close()
  const longAgo = Date.now() / 1000 - 366 * 24 * 3600
  utimesSync(folder.auditKey, longAgo, longAgo)
}

/** @returns the number of steps if it got to the end. */
async function runAndDie(path: string, dieAt: number): Promise<number | undefined> {
  const code = `
    import { openFolderCheckpoints } from ${JSON.stringify(join(SOURCE, 'start', 'folder-checkpoints.ts'))}
    import { dataFolder } from ${JSON.stringify(join(SOURCE, 'start', 'data-folder.ts'))}
    import { silentLog } from ${JSON.stringify(join(SOURCE, 'base', 'log.ts'))}
    const path = ${JSON.stringify(path)}
    const checkpoints = await openFolderCheckpoints(dataFolder(path), { checkpointFile: path + '/copy' }, silentLog)
    await checkpoints.make('interval')
    await checkpoints.close()`
  return runUntilStep(code, dieAt)
}

test('killed before any of its steps, the row of checkpoints goes on and verifies', {
  timeout: 600_000,
}, async (context) => {
  const base = join(root, 'base')
  await makeInstallation(base)
  const copyOf = () => {
    const path = join(mkdtempSync(join(root, 'x-')), 'data')
    cpSync(base, path, { recursive: true, preserveTimestamps: true })
    return path
  }
  const steps = await runAndDie(copyOf(), Number.POSITIVE_INFINITY)
  assert.ok(steps! > 10, 'the steps are counted')
  let next = 1
  const work = async () => {
    for (let dieAt = next++; dieAt <= steps!; dieAt = next++) {
      const path = copyOf()
      assert.equal(await runAndDie(path, dieAt), undefined, `step ${dieAt} is reached`)
      await (await openFolderCheckpoints(dataFolder(path), {}, silentLog)).close()
      const { anchors } = await readAnchors(readFileSync(join(path, 'copy'), 'utf8').split('\n'))
      assert.ok(anchors.length > 0)
      const { problems, checkpoints } = await verifyAuditLog(join(path, 'audit'), { anchors })
      assert.deepEqual(problems, [], `step ${dieAt}`)
      assert.ok(checkpoints!.count >= 4, `step ${dieAt}`)
      assert.equal(existsSync(join(path, 'audit-key.next')), false, `step ${dieAt}`)
    }
  }
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work))
  context.diagnostic(`${steps} steps`)
})
