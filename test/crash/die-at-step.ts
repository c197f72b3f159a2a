/**
 * Loaded before a program (`--import`), kills it with SIGKILL just before its Nth step that changes something durable: N is in
 * DIE_AT_STEP. Says how many steps there were if the program gets to its end.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { DatabaseSync, StatementSync } from 'node:sqlite'

const dieAt = Number(process.env.DIE_AT_STEP)
let steps = 0

function step(): void {
  steps++
  if (steps === dieAt) process.kill(process.pid, 'SIGKILL')
}

type Method = (...args: unknown[]) => unknown

/** Steps before the named methods, where `counts` says so. */
function patch(target: object, names: readonly string[], counts: (args: unknown[]) => boolean = () => true): void {
  const methods = target as Record<string, Method>
  for (const name of names) {
    const original = methods[name]!
    methods[name] = function (this: unknown, ...args: unknown[]) {
      if (counts(args)) step()
      return original.apply(this, args)
    }
  }
}

patch(fs, ['mkdirSync', 'writeFileSync', 'renameSync', 'linkSync', 'rmSync', 'writeSync', 'fsyncSync'])
patch(fs, ['openSync'], ([, flags]) => flags !== 'r' && flags !== fs.constants.O_RDONLY && flags !== undefined)
syncBuiltinESMExports()
patch(DatabaseSync.prototype, ['exec'])
patch(StatementSync.prototype, ['run'])

process.on('exit', () => fs.writeSync(1, `steps ${steps}\n`))
