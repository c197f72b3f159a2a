/** The libraries of the plugin are loaded by its command alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadedBy } from '../support/loaded-by.ts'

const isOfPlugin = (path: string) => path.startsWith('kubernetes/') || path === 'start/kubernetes-plugin.ts'

test('a server, a worker of one and the other commands load nothing of the plugin', () => {
  for (const file of ['cli/run.ts', 'cli/start.ts', 'start/primary.ts', 'start/worker.ts', 'index.ts']) {
    const loaded = [...loadedBy(file)]
    assert.ok(loaded.length > 1, `${file}: imports were followed`)
    assert.deepEqual(loaded.filter(isOfPlugin), [], file)
  }
  assert.ok(loadedBy('cli/kubernetes-plugin.ts').has('kubernetes/grpc-server.ts'), 'it is found where it is')
})
