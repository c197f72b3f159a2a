/**
 * What is noted at every call and saved once in a while: the newest use of each thing, or what all of them come to. Noting costs one
 * write to a map; a process that is killed forgets the uses since it last saved, never older ones.
 */
import type { Log } from '../base/log.ts'

export interface NotedUses<T> {
  /** Never fails, never waits. */
  note(id: string, use: T): void
  /** What is not in the store yet, or on its way there. */
  peek(id: string): T | undefined
  /** Saves what was noted. Never fails: what could not be saved is kept. */
  save(): Promise<void>
  /** Saves for the last time. */
  stop(): Promise<void>
}

export interface NotedUsesOptions<T> {
  saveAll(uses: readonly T[]): Promise<void>
  /** What two of the same thing come to; if not given, the newer counts alone. */
  add?(older: T, newer: T): T
  readonly intervalMs: number
  /** So many are saved at once, however early it is. */
  readonly heldMax: number
  readonly log: Log
  /** Of the warning when they cannot be saved: `when access keys were last used`. */
  readonly what: string
}

export function createNotedUses<T>({
  saveAll,
  add,
  intervalMs,
  heldMax,
  log,
  what,
}: NotedUsesOptions<T>): NotedUses<T> {
  let noted = new Map<string, T>()
  /** What is on its way into the store, so that it can be seen meanwhile. */
  let saving = new Map<string, T>()
  let underWay: Promise<void> | undefined

  async function saveNoted(): Promise<void> {
    saving = noted
    noted = new Map()
    try {
      await saveAll([...saving.values()])
    } catch (error) {
      log.warn({ err: error }, `cannot save ${what}; will try again`)
      for (const [id, use] of saving) keep(id, use)
    }
    saving = new Map()
  }

  /** What could not be saved, beside what was noted meanwhile. */
  function keep(id: string, older: T): void {
    const newer = noted.get(id)
    if (newer !== undefined) noted.set(id, add === undefined ? newer : add(older, newer))
    else if (noted.size < heldMax) noted.set(id, older)
  }

  function save(): Promise<void> {
    underWay ??= saveNoted().finally(() => {
      underWay = undefined
    })
    return underWay
  }

  const timer = setInterval(save, intervalMs).unref()
  return {
    note(id, use) {
      const older = add && noted.get(id)
      noted.set(id, older === undefined ? use : add!(older, use))
      if (noted.size >= heldMax && underWay === undefined) void save()
    },
    peek: (id) => noted.get(id) ?? saving.get(id),
    save,
    async stop() {
      clearInterval(timer)
      await underWay
      await save()
    },
  }
}
