/**
 * What a person reads.
 *
 * Standard output is for what was asked for: help, records, the line that says where the server listens. Standard error is
 * for everything else. Errors begin with `keyhold: error:`, say which setting or file is meant and what was expected, end
 * without a full stop, and are followed by a hint where something can be done. No stack, unless the error is a bug of ours.
 */
import { once } from 'node:events'
import { isatty } from 'node:tty'
import { withoutControls } from '../base/terminal-text.ts'
import type { OperatorError } from '../config/operator-error.ts'

export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Working directory: where relative paths start. */
  readonly folder: string
  /** Standard output. The line end is added, and what would steer a terminal is spelled out. Who prints much waits for what this returns. */
  print(text: string): Promise<void> | undefined
  /** Nobody reads standard output any more: who prints much can stop. */
  readonly isUnread?: boolean
  /** Standard error, likewise. */
  tell(text: string): void
  /** Whether a person watches standard error. */
  readonly hasPerson: boolean
  /** A person types standard input, whoever watches: it is no pipe and no file. */
  readonly isTyped?: boolean
  /** A line of standard input, which a person types unseen after the prompt. @returns `undefined` at its end, and where there is none. */
  readSecret?(prompt: string): Promise<string | undefined>
}

export const EXIT_OK = 0
export const EXIT_FAILED = 1
export const EXIT_USAGE = 2

/** After the first signal. */
export const STOPPING = 'keyhold: stopping; once more to stop at once'

export function processTerminal(): Terminal {
  // A reader that closes its end early, `keyhold user list | head -1`, is no error, and ends no command halfway through its work.
  let isUnread = false
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') isUnread = true
    if (!isUnread) throw error
  })
  // Standard error goes with a terminal that is closed: nobody is left to be told, and a server stops in order all the same.
  process.stderr.on('error', () => {})
  return {
    env: process.env,
    folder: process.cwd(),
    print(text) {
      if (isUnread || process.stdout.write(`${withoutControls(text)}\n`)) return undefined
      return once(process.stdout, 'drain').then(
        () => {},
        () => {},
      )
    },
    get isUnread() {
      return isUnread
    },
    tell: (text) => void process.stderr.write(`${withoutControls(text)}\n`),
    hasPerson: process.stderr.isTTY === true,
    isTyped: isatty(0),
    async readSecret(prompt) {
      // Loaded where somebody is asked: standard input that nobody reads keeps no process.
      const { readSecretLine } = await import('./secret-line.ts')
      return readSecretLine(prompt)
    },
  }
}

export function tellError({ tell }: Terminal, { message, hint }: Pick<OperatorError, 'message' | 'hint'>): void {
  tell(`keyhold: error: ${message}`)
  if (hint !== undefined) tell(`keyhold: hint: ${hint}`)
}

export function tellWarning({ tell }: Terminal, message: string): void {
  tell(`keyhold: warning: ${message}`)
}

/** For messages: a path that a shell takes as one word. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** Columns, each as wide as its widest text. */
export function printTable(terminal: Terminal, rows: readonly (readonly string[])[]): void {
  const widths = rows.reduce<number[]>((most, row) => row.map((text, i) => Math.max(most[i] ?? 0, text.length)), [])
  for (const row of rows)
    terminal.print(
      row
        .map((text, i) => text.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
}
