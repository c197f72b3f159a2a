/** Flags that only one command has: they are no settings, so no variable and no file gives them. */
import { hangingEntry } from './help-text.ts'
import type { Kind } from './kinds.ts'
import { UsageError } from './operator-error.ts'

export interface CommandFlag<T> {
  readonly kind: Kind<T>
  readonly help: string
}

/** By name, without the dashes. */
export type CommandFlags = Readonly<Record<string, CommandFlag<unknown>>>

export type FlagValues<F extends CommandFlags> = {
  readonly [K in keyof F]: F[K] extends CommandFlag<infer T> ? T | undefined : never
}

export function flag<T>(kind: Kind<T>, help: string): CommandFlag<T> {
  return { kind, help }
}

/** @param texts as given on the command line. @param folder what relative paths start from. */
export function readFlags<F extends CommandFlags>(
  flags: F,
  texts: ReadonlyMap<string, string>,
  folder: string,
): FlagValues<F> {
  const values = Object.entries(flags).map(([name, { kind }]) => {
    const text = texts.get(name)
    const value = text === undefined ? undefined : kind.read(text, folder)
    if (text !== undefined && value === undefined) {
      throw new UsageError(`--${name}: expected ${kind.expected}, got '${text}'`)
    }
    return [name, value] as const
  })
  return Object.freeze(Object.fromEntries(values)) as FlagValues<F>
}

export function flagsHelp(flags: CommandFlags): string {
  return Object.entries(flags)
    .flatMap(([name, { kind, help }]) =>
      hangingEntry(kind.placeholder === undefined ? `--${name}` : `--${name} ${kind.placeholder}`, help),
    )
    .join('\n')
}
