/** A policy in a JSON file; whoever gets its text checks it. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileFault } from '../base/file-fault.ts'
import { OperatorError } from '../config/operator-error.ts'
import type { Terminal } from './terminal.ts'

export function readPolicyFile(path: string, { folder }: Terminal): string {
  try {
    return readFileSync(resolve(folder, path), 'utf8').trim()
  } catch (cause) {
    const { reason, hint } = fileFault(cause)
    throw new OperatorError(`cannot read ${path}: ${reason}`, { hint, cause })
  }
}
