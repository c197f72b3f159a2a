/** The operator's guard policy, in a file (docs/access-control.md). */
import { readFileSync } from 'node:fs'
import { KmsError } from '../base/errors.ts'
import { fileFault } from '../base/file-fault.ts'
import { UsageError } from '../config/operator-error.ts'
import { readGuardPolicy } from '../domain/policy/guard-policy.ts'

/** @param path `undefined`: there is none. @returns its text. @throws {UsageError} for what cannot be used. */
export function guardPolicyIn(path: string | undefined): string | undefined {
  if (path === undefined) return undefined
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    const { reason, hint } = fileFault(cause)
    throw new UsageError(`--guard-policy: cannot use ${path}: ${reason}`, { hint, cause })
  }
  return guardPolicyOf(text, `--guard-policy: cannot use ${path}`)
}

/** @param where it comes from, for the error. @throws {UsageError} */
export function guardPolicyOf(text: string, where: string): string {
  try {
    return readGuardPolicy(text)
  } catch (error) {
    if (!(error instanceof KmsError)) throw error
    throw unusable(where, error)
  }
}

function unusable(where: string, cause: Error): UsageError {
  const hint =
    'a policy in the form of a service control policy; everything that callers may do needs an Allow in it, ' +
    'as a rule {"Effect": "Allow", "Action": "*", "Resource": "*"} beside its Deny statements'
  return new UsageError(`${where}: ${cause.message}`, { hint, cause })
}
