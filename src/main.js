#!/usr/bin/env node
/**
 * The program `keyhold`. JavaScript, alone here: an older Node must be able to read it, and what Node strips types from before the
 * cache below is on, it strips at every start, for which it loads a stripper of 18 MiB.
 */
import { nodeFault } from './start/node-version.js'

const fault = nodeFault()

if (fault !== undefined) {
  // Before anything else is loaded: an older Node would fail on it with a message that helps nobody.
  process.stderr.write(`keyhold: error: ${fault}\n`)
  process.exitCode = 1
} else {
  const { turnOnCompileCache } = await import('./start/compile-cache.js')
  turnOnCompileCache()
  const [{ runCli }, { processTerminal }] = await Promise.all([import('./cli/run.ts'), import('./cli/terminal.ts')])
  process.exitCode = await runCli(process.argv.slice(2), processTerminal())
}
