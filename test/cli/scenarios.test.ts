/**
 * Scenarios in plain text, one file each in `scenarios/`:
 *
 *     # a comment
 *     $ VARIABLE=value keyhold command --flag 'value'
 *     a line of standard output
 *     ! a line of standard error
 *     = 2                                (exit code; 0 if there is no such line)
 *     & folder                           (a data folder as a server's first start makes it, for account 111122223333)
 *     -- path/of/file --                 (from here on: files to make beforehand)
 *     text of the file
 *
 * `…` in an expected line stands for anything, `$WORK` for the folder that the scenario runs in.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { runCli } from '../../src/cli/run.ts'
import type { Terminal } from '../../src/cli/terminal.ts'
import { dataFolder } from '../../src/start/data-folder.ts'
import { prepareDataFolder } from '../../src/start/prepare.ts'

interface Step {
  /** Number of its line, for messages. */
  readonly line: number
  readonly command: string
  readonly stdout: string[]
  readonly stderr: string[]
  exitCode: number
}

interface Scenario {
  readonly steps: readonly Step[]
  readonly files: ReadonlyMap<string, string>
  readonly dataFolders: readonly string[]
}

function parse(text: string): Scenario {
  const [script, ...parts] = text.split(/^-- (.+) --\n/m)
  const files = new Map<string, string>()
  for (let index = 0; index < parts.length; index += 2) files.set(parts[index]!, parts[index + 1]!)
  const steps: Step[] = []
  const dataFolders: string[] = []
  for (const [index, line] of script!.trimEnd().split('\n').entries()) {
    if (line.startsWith('#')) continue
    if (line.startsWith('& ')) dataFolders.push(line.slice(2))
    else if (line.startsWith('$ ')) {
      steps.push({ line: index + 1, command: line.slice(2), stdout: [], stderr: [], exitCode: 0 })
    } else if (steps.length > 0) expect(steps.at(-1)!, line)
  }
  // Empty lines between steps are for the reader.
  for (const { stdout } of steps) while (stdout.at(-1) === '') stdout.pop()
  return { steps, files, dataFolders }
}

function expect(step: Step, line: string): void {
  if (line.startsWith('= ')) step.exitCode = Number(line.slice(2))
  else if (line.startsWith('!')) step.stderr.push(line.slice(2))
  else step.stdout.push(line)
}

/** Words and leading variables of a command, with single quotes as in a shell. */
function words(command: string): { env: Record<string, string>; args: string[] } {
  const all = [...command.matchAll(/(?:[^\s']|'[^']*')+/g)].map(([word]) => word.replaceAll("'", ''))
  const start = all.indexOf('keyhold')
  const env = Object.fromEntries(all.slice(0, start).map((pair) => pair.split(/=(.*)/s).slice(0, 2)))
  return { env, args: all.slice(start + 1) }
}

async function run(step: Step, folder: string): Promise<void> {
  const { env, args } = words(step.command.replaceAll('$WORK', folder))
  const printed: string[] = []
  const told: string[] = []
  const terminal: Terminal = {
    env,
    folder,
    hasPerson: false,
    print(text) {
      printed.push(...text.split('\n'))
      return undefined
    },
    tell: (text) => void told.push(...text.split('\n')),
  }
  const exitCode = await runCli(args, terminal)
  const what = `line ${step.line}: ${step.command}`
  compare(told, step.stderr, folder, `${what}, standard error`)
  compare(printed, step.stdout, folder, `${what}, standard output`)
  assert.equal(exitCode, step.exitCode, `${what}, exit code`)
}

function compare(actual: readonly string[], expected: readonly string[], folder: string, what: string): void {
  const shown = actual.map((line) => line.replaceAll(folder, '$WORK'))
  const matches = expected.length === shown.length && expected.every((line, index) => pattern(line).test(shown[index]!))
  // deepEqual for its picture of the difference.
  if (!matches) assert.deepEqual(shown, expected, what)
}

function pattern(expected: string): RegExp {
  const parts = expected.split('…').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`)
}

async function startOnce(path: string): Promise<void> {
  const options = { provider: undefined, passphrase: undefined, account: '111122223333', region: 'us-east-1' } as const
  const prepared = await prepareDataFolder({ ...options, folder: dataFolder(path), mode: 'server', log: silentLog })
  prepared.lock.release()
}

const folder = join(import.meta.dirname, 'scenarios')
const names = readdirSync(folder).filter((name) => name.endsWith('.txt'))

test('there are scenarios', () => assert.ok(names.length > 0))

for (const name of names) {
  test(name, async (context) => {
    const { steps, files, dataFolders } = parse(readFileSync(join(folder, name), 'utf8'))
    assert.ok(steps.length > 0, 'a scenario without a command')
    const work = mkdtempSync(join(tmpdir(), 'keyhold-scenario-'))
    context.after(() => rmSync(work, { recursive: true }))
    for (const [path, text] of files) {
      mkdirSync(dirname(join(work, path)), { recursive: true })
      writeFileSync(join(work, path), text)
    }
    for (const path of dataFolders) await startOnce(join(work, path))
    for (const step of steps) await run(step, work)
  })
}
