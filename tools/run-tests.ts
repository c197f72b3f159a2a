/**
 * Runs a suite with Node's test runner: `npm test` everything that needs nothing but this repository, `npm run test:compat`
 * real clients, `npm run test:crash` killed processes and full disks, `npm run test:browser` the console in a browser; `npm run test:all`
 * all of them as one, so that no processor waits for the longest file of each. A suite without a test file fails.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { kyselyInOneFile } from './kysely-in-one-file.ts'

/** Each with the files that belong to it. */
const SUITES: Readonly<Record<string, (file: string) => boolean>> = {
  unit: (file) => !/^test.(compat|crash|browser)\b/.test(file),
  compat: (file) => /^test.compat\b/.test(file),
  crash: (file) => /^test.crash\b/.test(file),
  browser: (file) => /^test.browser\b/.test(file),
}

/** That of the program (src/start/compile-cache.js). */
const COMPILE_CACHE = join(import.meta.dirname, '..', 'node_modules', '.cache', 'keyhold')

const UNTRACKED_PROMISES = new URL('untracked-promises.js', import.meta.url).href

const given = process.argv.slice(2)
const name = given[0] === undefined || given[0].startsWith('-') ? 'unit' : given.shift()!
const names = name === 'all' ? Object.keys(SUITES) : [name]
const all = globSync('test/**/*.test.ts')
const files = names.flatMap(filesOf)

// Flags of the runner may follow: npm test -- --test-name-pattern 'Decrypt'
// Node leaves one core idle by default, which is half of a small machine.
const runner = ['--test', `--test-concurrency=${availableParallelism()}`, ...given]
// Every test file is a process that loads much of the same sources: with Node's compile cache a quarter of the processor's time is saved.
const options = [process.env.NODE_OPTIONS, `--import=${UNTRACKED_PROMISES}`, await kyselyInOneFile()]
const env = { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env, NODE_OPTIONS: options.filter(Boolean).join(' ') }
const { status } = spawnSync(process.execPath, [...runner, ...files], { stdio: 'inherit', env })
process.exitCode = status ?? 1

function filesOf(name: string): string[] {
  const suite = SUITES[name]
  if (suite === undefined) fail(`unknown suite '${name}', expected one of: ${Object.keys(SUITES).join(', ')}, all`)
  const files = all.filter(suite)
  if (files.length === 0) fail(`no test files in suite '${name}'`)
  return files
}

function fail(message: string): never {
  console.error(message)
  process.exit(2)
}
