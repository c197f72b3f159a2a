/** What measures is loaded only where somebody wants to know: every server starts with what these files load. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { test } from 'node:test'

const SOURCE = join(import.meta.dirname, '..', '..', 'src')
/** Imports of types alone vanish; those of `import(…)` are loaded later. */
const LOADS = /(?:^|\n)(?:import|export)(?!\s+type\b)\s[^'"]*?from\s*'(\.[^']+)'|(?:^|\n)import\s*'(\.[^']+)'/g

function loadedBy(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  const text = readFileSync(join(SOURCE, file), 'utf8')
  for (const [, from, alone] of text.matchAll(LOADS)) loadedBy(posix.join(posix.dirname(file), (from ?? alone)!), seen)
  return seen
}

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
