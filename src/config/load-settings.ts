/** Flags before environment before file before fallback → one frozen object. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import type { CommandFlags } from './command-flags.ts'
import { type ConfigFile, readConfigFile } from './config-file.ts'
import { closest } from './did-you-mean.ts'
import type { Kind } from './kinds.ts'
import { UsageError } from './operator-error.ts'
import { NEW_PASSPHRASE_VARIABLE, PASSPHRASE_VARIABLE } from './passphrase.ts'
import { NEW_ROOT_KEY_PIN_VARIABLE, ROOT_KEY_PIN_VARIABLE } from './root-key-pin.ts'
import {
  type Environment,
  flagOf,
  keyOf,
  SETTING_NAMES,
  SETTINGS,
  type SettingName,
  type Settings,
  VARIABLE_PREFIX,
  variableOf,
} from './settings.ts'
import { STORE_PASSWORD_VARIABLE } from './store-password.ts'

export interface Sources {
  /** What follows the command on the command line. */
  readonly args: readonly string[]
  readonly env: Environment
  /** What relative paths in flags and variables start from. */
  readonly folder: string
}

export interface CommandLine {
  readonly positionals: readonly string[]
  readonly help: boolean
  /** Flag texts by setting. */
  readonly flags: ReadonlyMap<SettingName, string>
  /** Texts of the command's own flags, by their names. */
  readonly own: ReadonlyMap<string, string>
}

export interface LoadedSettings<N extends SettingName> {
  readonly settings: Readonly<Pick<Settings, N>>
  /** For standard error: variables that look like settings and are none. */
  readonly warnings: readonly string[]
}

/**
 * @param names the settings that the command has; the flags of others are refused.
 * @param commandFlags what only this command has
 */
export function parseCommandLine(
  names: readonly SettingName[],
  args: readonly string[],
  commandFlags: CommandFlags = {},
): CommandLine {
  const byKey = new Map(names.map((name) => [keyOf(name), name]))
  const flags = new Map<SettingName, string>()
  const own = new Map<string, string>()
  const positionals: string[] = []
  let help = false
  for (const token of tokensOf(names, commandFlags, args)) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    if (token.name === 'help' || token.name === 'h') help = true
    else {
      const name = byKey.get(token.name)
      const flag = Object.hasOwn(commandFlags, token.name) ? commandFlags[token.name] : undefined
      const kind = flag?.kind ?? (name && SETTINGS[name].kind)
      if (kind === undefined || !token.rawName.startsWith('--')) throw unknownFlag(names, commandFlags, token.rawName)
      const text = flagText(token.rawName, kind, token.value, token.inlineValue ?? false)
      if (flag !== undefined) own.set(token.name, text)
      else flags.set(name!, text)
    }
  }
  return { positionals, help, flags, own }
}

function tokensOf(names: readonly SettingName[], commandFlags: CommandFlags, args: readonly string[]) {
  const options: ParseArgsOptionsConfig = {}
  for (const name of names) options[keyOf(name)] = optionOf(SETTINGS[name].kind)
  for (const [name, { kind }] of Object.entries(commandFlags)) options[name] = optionOf(kind)
  // Not strict: the parser's own messages know neither our settings nor what they expect.
  return parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true }).tokens
}

function optionOf({ placeholder }: Kind<unknown>): ParseArgsOptionsConfig[string] {
  return { type: placeholder === undefined ? 'boolean' : 'string' }
}

function flagText(flag: string, kind: Kind<unknown>, value: string | undefined, inline: boolean): string {
  if (kind.placeholder === undefined) return value ?? 'true'
  // `--host --port 1`: the value was forgotten, and the next flag is none.
  const forgotten = value === undefined || (!inline && /^-./.test(value))
  if (forgotten) throw new UsageError(`${flag}: a value is missing, expected ${kind.expected}`)
  return value
}

function unknownFlag(names: readonly SettingName[], commandFlags: CommandFlags, given: string): UsageError {
  const own = Object.keys(commandFlags).map((name) => `--${name}`)
  const near = closest(given, [...names.map(flagOf), ...own, '--help'])
  if (near !== undefined) return new UsageError(`there is no flag ${given}`, { hint: `did you mean ${near}?` })
  const elsewhere = SETTING_NAMES.some((name) => flagOf(name) === given)
  return new UsageError(elsewhere ? `this command has no flag ${given}` : `there is no flag ${given}`, {
    hint: 'add --help to see the flags',
  })
}

export function loadSettings<N extends SettingName>(
  names: readonly N[],
  { flags }: CommandLine,
  { env, folder }: Omit<Sources, 'args'>,
): LoadedSettings<N> {
  const given = (name: SettingName, file: ConfigFile | undefined) => {
    const flag = flags.get(name)
    if (flag !== undefined) return readValue(name, flag, flagOf(name), folder)
    const variable = env[variableOf(name)]
    if (variable) return readValue(name, variable, variableOf(name), folder)
    const text = file?.values.get(name)
    return text === undefined
      ? SETTINGS[name].fallback
      : readValue(name, text, `${file!.path}: ${keyOf(name)}`, file!.folder)
  }
  const path = (names as readonly SettingName[]).includes('config') ? given('config', undefined) : undefined
  const file = path === undefined ? undefined : readConfigFile(path as string)
  if (file !== undefined) checkFile(file)
  const settings = Object.fromEntries(names.map((name) => [name, name === 'config' ? path : given(name, file)]))
  return { settings: Object.freeze(settings) as Readonly<Pick<Settings, N>>, warnings: misspelledVariables(env) }
}

/** One file serves all commands: what this one does not use is checked all the same. */
function checkFile({ path, folder, values }: ConfigFile): void {
  for (const [name, text] of values) readValue(name, text, `${path}: ${keyOf(name)}`, folder)
}

function readValue(name: SettingName, text: string, source: string, folder: string): Settings[SettingName] {
  const { kind } = SETTINGS[name]
  const value = kind.read(text, folder)
  if (value !== undefined) return value
  if (kind.isSecret) throw new UsageError(`${source}: expected ${kind.expected}`)
  throw new UsageError(`${source}: expected ${kind.expected}, got '${text}'`, { hint: hintFor(source, text) })
}

/** Kubernetes gives every pod variables named after the services of its namespace. */
function hintFor(source: string, text: string): string | undefined {
  const fromKubernetes = source.startsWith(VARIABLE_PREFIX) && /^(tcp|udp):\/\//.test(text)
  return fromKubernetes
    ? 'Kubernetes sets this for a Service called keyhold; set enableServiceLinks: false in the pod, or rename the Service'
    : undefined
}

const OTHER_VARIABLES = [
  PASSPHRASE_VARIABLE,
  NEW_PASSPHRASE_VARIABLE,
  ROOT_KEY_PIN_VARIABLE,
  NEW_ROOT_KEY_PIN_VARIABLE,
  STORE_PASSWORD_VARIABLE,
]

/** Only near misses: an unknown variable with our prefix may be anybody's. */
function misspelledVariables(env: Environment): string[] {
  const known = [...SETTING_NAMES.map(variableOf), ...OTHER_VARIABLES]
  return Object.keys(env)
    .filter((name) => name.startsWith(VARIABLE_PREFIX) && !known.includes(name))
    .flatMap((name) => {
      const near = closest(
        name.slice(VARIABLE_PREFIX.length),
        known.map((full) => full.slice(VARIABLE_PREFIX.length)),
      )
      return near === undefined ? [] : [`${name} is not read; did you mean ${VARIABLE_PREFIX}${near}?`]
    })
}
