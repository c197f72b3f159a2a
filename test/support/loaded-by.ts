/** What Node loads together with a file of `src/`. */
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

const SOURCE = join(import.meta.dirname, '..', '..', 'src')
/** Imports of types alone vanish; those of `import(…)` are loaded later. */
const LOADS = /(?:^|\n)(?:import|export)(?!\s+type\b)\s[^'"]*?from\s*'(\.[^']+)'|(?:^|\n)import\s*'(\.[^']+)'/g

/** @param file and each of the answer: its path below `src/` */
export function loadedBy(file: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  const text = readFileSync(join(SOURCE, file), 'utf8')
  for (const [, from, alone] of text.matchAll(LOADS)) loadedBy(posix.join(posix.dirname(file), (from ?? alone)!), seen)
  return seen
}
