/** The shape of a command: which settings it has, what it does. */
import { type CommandFlags, type FlagValues, flagsHelp, readFlags } from '../config/command-flags.ts'
import { settingsHelp } from '../config/help-text.ts'
import { loadSettings, parseCommandLine } from '../config/load-settings.ts'
import { UsageError } from '../config/operator-error.ts'
import type { SettingName, Settings } from '../config/settings.ts'
import { EXIT_OK, type Terminal, tellWarning } from './terminal.ts'

export interface Command {
  /**
   * @param name as it is typed, for help and errors
   * @param args what follows the name
   * @returns the exit code
   */
  run(name: string, args: readonly string[], terminal: Terminal): Promise<number>
}

export interface Invocation<N extends SettingName, F extends CommandFlags = Record<never, never>> {
  readonly settings: Readonly<Pick<Settings, N>>
  /** `undefined` where one was not given. */
  readonly flags: FlagValues<F>
  /** One text for each of the declared arguments. */
  readonly args: readonly string[]
  readonly terminal: Terminal
}

interface Declaration<N extends SettingName, F extends CommandFlags> {
  /** Words after the command, each required: `FILE`. */
  readonly args?: readonly string[]
  /** What only this command has. */
  readonly flags?: F
  readonly settings: readonly N[]
  /** What the command does without a setting, where that differs from the table. */
  readonly fallbacks?: Readonly<Partial<Record<SettingName, string>>>
  /** What a setting means to this command, where the table speaks of others. */
  readonly meanings?: Readonly<Partial<Record<SettingName, string>>>
  /** Paragraphs for its help, below the usage line. */
  readonly description: string
  run(invocation: Invocation<N, F>): Promise<number>
}

export function defineCommand<const N extends SettingName, const F extends CommandFlags = Record<never, never>>(
  declaration: Declaration<N, F>,
): Command {
  const { settings, flags = {} as F, args: expected = [] } = declaration
  return Object.freeze({
    async run(name: string, args: readonly string[], terminal: Terminal) {
      const line = parseCommandLine(settings, args, flags)
      if (line.help) {
        terminal.print(helpOf(name, declaration))
        return EXIT_OK
      }
      checkArguments(name, expected, line.positionals)
      const loaded = loadSettings(settings, line, terminal)
      for (const warning of loaded.warnings) tellWarning(terminal, warning)
      return declaration.run({
        settings: loaded.settings,
        flags: readFlags(flags, line.own, terminal.folder),
        args: line.positionals,
        terminal,
      })
    },
  })
}

function checkArguments(name: string, expected: readonly string[], given: readonly string[]): void {
  const hint = `usage: ${usage(name, expected)}`
  const missing = expected[given.length]
  if (missing !== undefined) throw new UsageError(`${missing} is missing`, { hint })
  const extra = given[expected.length]
  if (extra !== undefined) throw new UsageError(`'${extra}' is one argument too many`, { hint })
}

function usage(name: string, args: readonly string[]): string {
  return ['keyhold', name, ...args, '[settings]'].join(' ')
}

function helpOf<N extends SettingName, F extends CommandFlags>(
  name: string,
  { args = [], description, settings, flags, fallbacks, meanings }: Declaration<N, F>,
): string {
  return `Usage: ${usage(name, args)}

${description.trim()}
${flags === undefined || Object.keys(flags).length === 0 ? '' : `\nFlags:\n${flagsHelp(flags)}\n`}
Settings (a flag wins over its [VARIABLE], and that over the file):
${settingsHelp(settings, fallbacks, meanings)}`
}
