/** YAML files in which the operator says what no flag could hold: read strictly, with the place of what cannot be used. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseDocument } from 'yaml'
import { UsageError } from '../config/operator-error.ts'

export type Mapping = Readonly<Record<string, unknown>>

/** All of them throw {@link UsageError}; `where` is the place that it names. */
export interface OperatorFile {
  /** What the file says by name; an empty file says nothing. */
  readonly contents: Mapping
  mapping(value: unknown, where: string): Mapping
  /** Refuses names that mean nothing. */
  checkNames(given: Mapping, known: readonly string[], where: string): void
  /** Relative paths start from the file that names them. */
  filePath(value: unknown, where: string): string
  readText(path: string, where: string): string
  unusable(where: string, why: string, cause?: unknown): UsageError
}

/** @param flag by which the file was given. @param hint where such a file is described. */
export function openOperatorFile(path: string, flag: string, hint: string): OperatorFile {
  function unusable(where: string, why: string, cause?: unknown): UsageError {
    return new UsageError(`${flag}: cannot use ${where}: ${why}`, { hint, cause })
  }

  function readText(path: string, where: string): string {
    try {
      return readFileSync(path, 'utf8')
    } catch (cause) {
      throw unusable(where, (cause as Error).message, cause)
    }
  }

  function mapping(value: unknown, where: string): Mapping {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Mapping
    throw unusable(where, 'expected names with values')
  }

  const document = parseDocument(readText(path, path))
  const [error] = document.errors
  if (error !== undefined) throw unusable(path, error.message.split('\n', 1)[0]!)

  return {
    contents: mapping(document.toJS() ?? {}, path),
    mapping,
    checkNames(given, known, where) {
      const unknown = Object.keys(given).find((name) => !known.includes(name))
      if (unknown !== undefined) throw unusable(where, `'${unknown}' is none of ${known.join(', ')}`)
    },
    filePath(value, where) {
      if (typeof value !== 'string' || value === '') throw unusable(where, 'expected the path of a file')
      return resolve(dirname(path), value)
    },
    readText,
    unusable,
  }
}
