/**
 * What the operator says that no flag could hold, in YAML files and in process as objects: read strictly, with the place of what
 * cannot be used.
 */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileFault } from '../base/file-fault.ts'
import { UsageError } from '../config/operator-error.ts'
import { parseYaml, YamlFault } from '../config/yaml.ts'

export type Mapping = Readonly<Record<string, unknown>>

/** All of them throw {@link UsageError}; `where` is the place that it names. */
export interface OperatorValues {
  /** What was said by name. */
  readonly contents: Mapping
  mapping(value: unknown, where: string): Mapping
  /** Refuses names that mean nothing. */
  checkNames(given: Mapping, known: readonly string[], where: string): void
  unusable(where: string, why: string, cause?: unknown): UsageError
}

export interface OperatorFile extends OperatorValues {
  /** Relative paths start from the file that names them. */
  filePath(value: unknown, where: string): string
  readText(path: string, where: string): string
}

type Unusable = OperatorValues['unusable']

/** @param place of all of it. @param hint where such values are described. */
export function operatorValues(given: unknown, place: string, hint: string): OperatorValues {
  return valuesIn(given, place, (where, why, cause) => new UsageError(`${where}: ${why}`, { hint, cause }))
}

function valuesIn(given: unknown, place: string, unusable: Unusable): OperatorValues {
  function mapping(value: unknown, where: string): Mapping {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Mapping
    throw unusable(where, 'expected names with values')
  }

  return {
    contents: mapping(given, place),
    mapping,
    checkNames(given, known, where) {
      const unknown = Object.keys(given).find((name) => !known.includes(name))
      if (unknown !== undefined) throw unusable(where, `'${unknown}' is none of ${known.join(', ')}`)
    },
    unusable,
  }
}

/** An empty file says nothing. @param flag by which the file was given. @param hint where such a file is described. */
export function openOperatorFile(path: string, flag: string, hint: string): OperatorFile {
  function unusable(where: string, why: string, cause?: unknown): UsageError {
    return new UsageError(`${flag}: cannot use ${where}: ${why}`, { hint: fileFault(cause).hint ?? hint, cause })
  }

  function readText(path: string, where: string): string {
    try {
      return readFileSync(path, 'utf8')
    } catch (cause) {
      throw unusable(where, fileFault(cause).reason, cause)
    }
  }

  function parse(text: string): unknown {
    try {
      return parseYaml(text)
    } catch (error) {
      if (!(error instanceof YamlFault)) throw error
      throw unusable(path, error.message, error)
    }
  }

  return {
    ...valuesIn(parse(readText(path, path)) ?? {}, path, unusable),
    filePath(value, where) {
      if (typeof value !== 'string' || value === '') throw unusable(where, 'expected the path of a file')
      return resolve(dirname(path), value)
    },
    readText,
  }
}
