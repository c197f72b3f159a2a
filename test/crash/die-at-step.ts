/**
 * Loaded before a program (`--import`), kills it with SIGKILL just before its Nth step that changes something durable: N is in
 * DIE_AT_STEP. With COUNT_FROM_EVENT set, steps count from when the program emits `begin counting` on its process. Says how
 * many steps there were if the program gets to its end.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { DatabaseSync, StatementSync } from 'node:sqlite'

const dieAt = Number(process.env.DIE_AT_STEP)
let steps = process.env.COUNT_FROM_EVENT === undefined ? 0 : Number.NEGATIVE_INFINITY
process.on('begin counting', () => {
  steps = 0
})

function step(): void {
  steps++
  if (steps === dieAt) process.kill(process.pid, 'SIGKILL')
}

type Method = (...args: unknown[]) => unknown

/** Steps before the named methods, where `counts` says so. */
function patch(
  target: object,
  names: readonly string[],
  counts: (args: readonly unknown[], self: unknown) => boolean = () => true,
): void {
  const methods = target as Record<string, Method>
  for (const name of names) {
    const original = methods[name]!
    methods[name] = function (this: unknown, ...args: unknown[]) {
      if (counts(args, this)) step()
      return original.apply(this, args)
    }
  }
}

patch(fs, ['mkdirSync', 'writeFileSync', 'renameSync', 'linkSync', 'rmSync', 'writeSync', 'fsyncSync'])
patch(fs, ['openSync', 'open'], ([, flags]) => flags !== 'r' && flags !== fs.constants.O_RDONLY && flags !== undefined)
// Of the audit log, which writes without blocking.
patch(fs, ['write', 'ftruncate'])
syncBuiltinESMExports()
// Of its checkpoints, which are written through handles.
const handle = await fs.promises.open(import.meta.filename)
patch(Object.getPrototypeOf(handle), ['write', 'writeFile', 'truncate', 'sync'])
await handle.close()
patch(DatabaseSync.prototype, ['exec'])
patch(StatementSync.prototype, ['run'])
// INSERT … RETURNING
patch(
  StatementSync.prototype,
  ['all'],
  (_args, self) => !/^\s*(select|pragma)/i.test((self as StatementSync).sourceSQL),
)

process.on('exit', () => fs.writeSync(1, `steps ${steps}\n`))
