/** Tells operators of key policies that open a key to everybody (authorization.md S-6); they are not refused. */
import type { Log } from '../base/log.ts'
import type { Key } from '../domain/keys/key.ts'
import { openStatements } from '../domain/policy/open-statements.ts'
import type { Call } from './call.ts'

/** @param keys whose policies the call has just written; as a rule there is none. */
export function warnOfOpenPolicies(keys: readonly Key[], { principal, requestId }: Call, log: Log): void {
  for (const { arn, policy } of keys) {
    const open = openStatements(policy)
    if (open.length === 0) continue
    const facts = { key: arn, statements: open.map((index) => index + 1), by: principal.arn, requestId }
    log.warn(
      facts,
      'a key policy allows everybody: all principals of its account, and those of every other account whose own policies allow it',
    )
  }
}
