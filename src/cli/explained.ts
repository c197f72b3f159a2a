/** What `keyhold simulate` and `keyhold explain` have in common: a store to ask, and an outcome in words. */
import { KmsError } from '../base/errors.ts'
import { OperatorError } from '../config/operator-error.ts'
import type { Environment, Settings } from '../config/settings.ts'
import { storePasswordIn } from '../config/store-password.ts'
import { NothingToSimulate, type SimulatedCall, type SimulatedOutcome, simulateCall } from '../domain/simulated-call.ts'
import { operations } from '../operations/index.ts'
import type { DataFolder } from '../start/data-folder.ts'
import { guardPolicyIn } from '../start/guard-policy.ts'
import { storePlaceOf } from '../start/store-place.ts'
import { operatorGuards } from '../xks-proxy/operator-guards.ts'
import type { Terminal } from './terminal.ts'

export type AskedCall = Omit<SimulatedCall, 'crossAccount' | 'grantable' | 'extraGuards'>

/** Paths of those that the server was given. */
export type GuardFiles = Pick<Settings, 'guardPolicy' | 'xksProxy'>

/**
 * Only reads, so a server may be running.
 * @throws {OperatorError} for names that mean nothing.
 */
export async function simulateOn(
  folder: DataFolder,
  asked: AskedCall,
  { guardPolicy, xksProxy }: GuardFiles,
  env: Environment,
): Promise<SimulatedOutcome> {
  const extraGuards = await operatorGuards({
    guardPolicy: guardPolicyIn(guardPolicy),
    xksProxy: xksProxy === undefined ? undefined : (await import('../start/xks-proxy.ts')).readXksTenants(xksProxy),
  })
  const { reader, close } = await storePlaceOf(folder, storePasswordIn(env)).openSnapshot()
  try {
    return await simulateCall(reader, { ...asked, extraGuards, ...factsOf(asked.action) })
  } catch (error) {
    if (error instanceof NothingToSimulate) throw new OperatorError(error.message)
    if (error instanceof KmsError) throw new OperatorError(`--key ${asked.key}: ${error.message}`)
    throw error
  } finally {
    await close()
  }
}

/** What the permission is asked of, by the operations that ask for it: `key`, `alias`, `grant`; `account` is none of these. */
export function askedOf(action: string): ReadonlySet<string> {
  const found = new Set<string>()
  for (const { uses } of operations.values()) {
    for (const { on, permission } of uses) if (permission?.toLowerCase() === action.toLowerCase()) found.add(on)
  }
  return found
}

/** As the operation that asks for the permission declares it. */
function factsOf(action: string): Pick<SimulatedCall, 'crossAccount' | 'grantable'> {
  for (const { uses } of operations.values()) {
    for (const use of uses) {
      if (use.on !== 'key' || use.permission?.toLowerCase() !== action.toLowerCase()) continue
      return { crossAccount: use.crossAccount === true, grantable: use.grantable === true }
    }
  }
  return { crossAccount: false, grantable: false }
}

/** Permissions that operations of KMS ask for, as they are spelled. */
export function permissions(): readonly string[] {
  const found = new Set<string>()
  for (const { uses } of operations.values()) for (const { permission } of uses) if (permission) found.add(permission)
  return [...found].sort()
}

export function printOutcome({ print }: Terminal, outcome: SimulatedOutcome): void {
  const { allowed, verdict, nearMisses, remedies, warnings, request } = outcome
  print(allowed ? 'ALLOWED' : 'DENIED')
  print(verdict)
  for (const nearMiss of nearMisses) print(nearMiss)
  for (const warning of warnings) print(`Warning: ${warning}`)
  if (request.principal.session !== undefined) {
    print('A session may do less: its session policies and tags are in the session alone and were not looked at.')
  }
  if (remedies.length === 0) return
  print('To allow it:')
  for (const remedy of remedies) print(`  - ${remedy}`)
}
