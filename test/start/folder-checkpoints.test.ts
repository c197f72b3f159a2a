/** Where checkpoints of a data folder are kept as well. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readAnchors } from '../../src/audit/checkpoints/verify-checkpoints.ts'
import { silentLog } from '../../src/base/log.ts'
import { dataFolder } from '../../src/start/data-folder.ts'
import { openFolderCheckpoints } from '../../src/start/folder-checkpoints.ts'

test('a line of --checkpoint-file that was cut does not spoil the next', async (t) => {
  const path = mkdtempSync(join(tmpdir(), 'keyhold-checkpoints-'))
  t.after(() => rmSync(path, { recursive: true }))
  const checkpointFile = join(path, 'copy')
  const run = async () => (await openFolderCheckpoints(dataFolder(path), { checkpointFile }, silentLog)).close()
  await run()
  const whole = readFileSync(checkpointFile, 'utf8')
  writeFileSync(checkpointFile, `${whole}${whole.slice(0, 100)}`)
  await run()
  const lines = readFileSync(checkpointFile, 'utf8').split('\n')
  const { anchors, others } = await readAnchors(lines)
  assert.deepEqual(others, [3])
  assert.deepEqual(
    anchors.map(({ number }) => number),
    [0, 1, 2, 3],
  )
})
