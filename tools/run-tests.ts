/**
 * Runs a suite with Node's test runner: `npm test` everything that needs nothing but this repository, `npm run test:compat`
 * real clients, `npm run test:crash` killed processes and full disks, `npm run test:browser` the console in a browser. A suite
 * without a test file fails.
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'

const SUITES: Readonly<Record<string, { readonly include: string; readonly exclude: readonly string[] }>> = {
  unit: { include: 'test/**/*.test.ts', exclude: ['test/compat/', 'test/crash/', 'test/browser/'] },
  compat: { include: 'test/compat/**/*.test.ts', exclude: [] },
  crash: { include: 'test/crash/**/*.test.ts', exclude: [] },
  browser: { include: 'test/browser/**/*.test.ts', exclude: [] },
}

const [first, ...others] = process.argv.slice(2)
// Without a name it is the suite of `npm test`, whose flags follow at once.
const isNamed = first !== undefined && !first.startsWith('-')
const name = isNamed ? first : 'unit'
const flags = isNamed || first === undefined ? others : [first, ...others]
const suite = SUITES[name]
if (suite === undefined) fail(`unknown suite '${name}', expected one of: ${Object.keys(SUITES).join(', ')}`)

const files = globSync(suite.include).filter((file) => !suite.exclude.some((folder) => file.startsWith(folder)))
if (files.length === 0) fail(`no test files in suite '${name}'`)

// Flags of the runner may follow: npm test -- --test-name-pattern 'Decrypt'
// Node leaves one core idle by default, which is half of a small machine.
const runner = ['--test', `--test-concurrency=${availableParallelism()}`, ...flags]
const { status } = spawnSync(process.execPath, [...runner, ...files.sort()], { stdio: 'inherit' })
process.exitCode = status ?? 1

function fail(message: string): never {
  console.error(message)
  process.exit(2)
}
