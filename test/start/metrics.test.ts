/** What measures is loaded only where somebody wants to know: every server starts with what these files load. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadedBy } from '../support/loaded-by.ts'

test('a server that is not asked for metrics loads nothing of them', () => {
  for (const file of ['cli/start.ts', 'start/serve.ts', 'start/primary.ts', 'start/worker.ts', 'start/node.ts']) {
    const loaded = [...loadedBy(file)]
    assert.ok(loaded.length > 3, `${file}: imports were followed`)
    assert.deepEqual(
      loaded.filter(
        (path) => path.startsWith('metrics/') || /(metrics-listener|measured-workers|meter)\.ts$/.test(path),
      ),
      [],
      file,
    )
  }
  assert.ok(loadedBy('start/measured-workers.ts').has('metrics/catalog.ts'), 'they are found where they are')
})
