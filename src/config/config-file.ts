/** The configuration file: one YAML mapping from setting to value, `port: 4599`. */
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileFault } from '../base/file-fault.ts'
import { closest } from './did-you-mean.ts'
import { UsageError } from './operator-error.ts'
import { keyOf, SETTING_NAMES, type SettingName } from './settings.ts'
import { parseYaml, YamlFault } from './yaml.ts'

export interface ConfigFile {
  readonly path: string
  /** What relative paths in the file start from. */
  readonly folder: string
  readonly values: ReadonlyMap<SettingName, string>
}

const NAMES: ReadonlyMap<string, SettingName> = new Map(
  SETTING_NAMES.filter((name) => name !== 'config').map((name) => [keyOf(name), name]),
)

export function readConfigFile(path: string): ConfigFile {
  const values = new Map<SettingName, string>()
  for (const [key, value] of Object.entries(parseMapping(path, readText(path)))) {
    const name = NAMES.get(key)
    if (name === undefined) throw unknownKey(path, key)
    // An empty value, `host:`, is one that is not given.
    if (value === '') continue
    if (typeof value !== 'string') throw new UsageError(`${path}: ${key}: expected one value, got a list or a mapping`)
    values.set(name, value)
  }
  return { path, folder: dirname(path), values }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const { reason, hint } = fileFault(cause)
    throw new UsageError(`--config: cannot read ${path}: ${reason}`, { hint, cause })
  }
}

/** The failsafe schema leaves every scalar the text it is: an account keeps its leading zeros. */
function parse(path: string, text: string): unknown {
  try {
    return parseYaml(text, { schema: 'failsafe' })
  } catch (error) {
    if (!(error instanceof YamlFault)) throw error
    throw new UsageError(`${path}: ${error.message}`, { cause: error })
  }
}

function parseMapping(path: string, text: string): object {
  const value = parse(path, text)
  if (value === null || value === '') return {}
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new UsageError(`${path}: expected settings, one a line`, { hint: 'write them like this: port: 4599' })
  }
  return value
}

function unknownKey(path: string, key: string): UsageError {
  const near = closest(key, [...NAMES.keys()])
  const hint = near === undefined ? `the settings are: ${[...NAMES.keys()].join(', ')}` : `did you mean '${near}'?`
  return new UsageError(`${path}: there is no setting '${key}'`, { hint })
}
