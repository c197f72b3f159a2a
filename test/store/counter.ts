/** The key that writer processes count in, and what must hold of it. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Store } from '../../src/domain/store.ts'
import { exampleKey } from '../contract/store/examples.ts'

export const COUNTER = exampleKey({ keyId: 'counter', description: '0' })

const WRITER = fileURLToPath(new URL('./writer-process.ts', import.meta.url))

export interface WriterProcess {
  readonly process: ChildProcess
  /** The lines it printed so far. */
  readonly said: string[]
  /** Resolves once it has printed `lines` lines. */
  hasSaid(lines: number): Promise<void>
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>
  readonly complaints: () => string
}

/** @param mode see `writer-process.ts`. */
export function startWriter(path: string, node: string, mode: string, command: readonly string[] = []): WriterProcess {
  const [program, ...args] = [...command, process.execPath, WRITER, path, node, mode]
  const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const said: string[] = []
  let rest = ''
  let complaints = ''
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop()!
    said.push(...lines)
    child.emit('said')
  })
  child.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk
  })
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal)
  return {
    process: child,
    said,
    ended,
    complaints: () => complaints,
    async hasSaid(lines) {
      while (said.length < lines) {
        const event = await Promise.race([once(child, 'said'), ended])
        if (!Array.isArray(event) && said.length < lines) throw new Error(`the writer ended (${event}): ${complaints}`)
      }
    },
  }
}

/** All of every round up to the count is there, and nothing of any other. @returns the count. */
export async function assertWhole(store: Store): Promise<number> {
  const key = (await store.findKey(COUNTER))!
  const rounds = Number(key.description)
  const numbers = Array.from({ length: rounds }, (_, index) => String(index + 1))
  const aliases: string[] = []
  for (let after: string | undefined; ; after = aliases.at(-1)) {
    const page = await store.listAliases(key.account, key.region, key.keyId, { after, limit: 1000 }, 0)
    aliases.push(...page.map(({ aliasName }) => aliasName))
    if (page.length < 1000) break
  }
  assert.deepEqual(aliases, numbers.map((number) => `alias/${number}`).sort())
  assert.deepEqual(
    (await store.pendingAuditRecords()).map(({ eventId }) => eventId),
    numbers,
  )
  return rounds
}
