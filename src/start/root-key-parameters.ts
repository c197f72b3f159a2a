/** `root-key.json`: what a root key needs besides its secret, for all providers but `file`. */
import { readFileSync } from 'node:fs'
import { fileFault } from '../base/file-fault.ts'
import { OperatorError } from '../config/operator-error.ts'
import { createRandomSource } from '../crypto/random.ts'
import { writeDurably } from './write-durably.ts'

interface Expected<T> {
  /** Follows "does not hold". */
  readonly what: string
  readonly hint?: string
  /** May throw; `undefined` is as good. */
  parse(parsed: Readonly<Record<string, unknown>>): T | undefined
}

/** @throws {OperatorError} */
export function readParameters<T>(
  path: string,
  { what, hint: restore = 'restore it from its backup', parse }: Expected<T>,
): T {
  let parameters: T | undefined
  try {
    parameters = parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch (cause) {
    const { reason, hint = restore } = fileFault(cause)
    throw new OperatorError(`cannot read ${path}: ${reason}`, { hint, cause })
  }
  if (parameters !== undefined) return parameters
  throw new OperatorError(`${path} does not hold ${what}`, { hint: restore })
}

export function writeParameters(path: string, parameters: object): void {
  writeDurably(path, `${JSON.stringify(parameters, undefined, 2)}\n`)
}

/** Whom the file says that it is of, if it says so. */
export function providerNamedIn(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).provider
  } catch {
    // Whoever reads all of it says what is wrong.
    return undefined
  }
}

const INSTALLATION_BYTES = 16

/** Random, 32 hex digits: two installations under one key elsewhere cannot open what is the other's. */
export function newInstallation(): string {
  return createRandomSource().nonce(INSTALLATION_BYTES).toString('hex')
}

export function installationIn({ installation }: Readonly<Record<string, unknown>>): string | undefined {
  return /^[0-9a-f]{32}$/.exec(String(installation))?.[0]
}
