/**
 * Runs a suite with Node's test runner: `npm test` everything that needs nothing but this repository, `npm run test:compat`
 * real clients, `npm run test:crash` killed processes and full disks, `npm run test:browser` the console in a browser. A suite
 * without a test file fails.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

const SUITES: Readonly<Record<string, { readonly include: string; readonly exclude: readonly string[] }>> = {
  unit: { include: 'test/**/*.test.ts', exclude: ['test/compat/', 'test/crash/', 'test/browser/'] },
  compat: { include: 'test/compat/**/*.test.ts', exclude: [] },
  crash: { include: 'test/crash/**/*.test.ts', exclude: [] },
  browser: { include: 'test/browser/**/*.test.ts', exclude: [] },
}

/** That of the program (src/start/compile-cache.js). */
const COMPILE_CACHE = join(import.meta.dirname, '..', 'node_modules', '.cache', 'keyhold')

const UNTRACKED_PROMISES = new URL('untracked-promises.js', import.meta.url).href

const given = process.argv.slice(2)
const name = given[0] === undefined || given[0].startsWith('-') ? 'unit' : given.shift()!
const suite = SUITES[name]
if (suite === undefined) fail(`unknown suite '${name}', expected one of: ${Object.keys(SUITES).join(', ')}`)

const files = globSync(suite.include).filter((file) => !suite.exclude.some((folder) => file.startsWith(folder)))
if (files.length === 0) fail(`no test files in suite '${name}'`)

// Flags of the runner may follow: npm test -- --test-name-pattern 'Decrypt'
// Node leaves one core idle by default, which is half of a small machine.
const runner = ['--test', `--test-concurrency=${availableParallelism()}`, `--import=${UNTRACKED_PROMISES}`, ...given]
// Every test file is a process that loads much of the same sources: with Node's compile cache a quarter of the processor's time is saved.
const env = { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env }
const { status } = spawnSync(process.execPath, [...runner, ...files.sort()], { stdio: 'inherit', env })
process.exitCode = status ?? 1

function fail(message: string): never {
  console.error(message)
  process.exit(2)
}
