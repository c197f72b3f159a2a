/**
 * What a call uses, step by step (authorization.md section 0, steps 4 to 6): every resource is resolved before the first use is
 * authorised, and every use is authorised before the first thing is said about a key.
 */
import { aliasArn } from '../base/arn.ts'
import type { AttestedRecipient } from '../domain/attestation.ts'
import type { Key } from '../domain/keys/key.ts'
import {
  type LocatedKey,
  locateKey,
  locateKeyOfAlias,
  locateKeyOfCiphertext,
  locateReplica,
} from '../domain/keys/locate-key.ts'
import { type AuthorizedResource, authorize, type ConditionContext } from '../domain/policy/authorize.ts'
import type { Lookups } from '../domain/store.ts'
import type { Call } from './call.ts'
import { checkKeyRules } from './key-rules.ts'
import type { KeyLocator, Use, UsedAlias } from './operation.ts'

/** One for each use, in order; `undefined` where this request does not use it, or for the account. */
export type LocatedUses = readonly (LocatedKey | UsedAlias | undefined)[]

export interface UsesOfCall {
  readonly uses: readonly Use<unknown>[]
  readonly input: unknown
  readonly call: Call
  readonly recipient: AttestedRecipient | undefined
}

/** Step 4. @throws {KmsError} for names that mean nothing, whoever asks. */
export async function locateUses({ uses, input, call }: UsesOfCall, lookups: Lookups): Promise<LocatedUses> {
  const located: (LocatedKey | UsedAlias | undefined)[] = []
  for (const use of uses) located.push(await locate(use, input, call, lookups))
  return located
}

/** Steps 5 and 6. @throws {KmsError} `AccessDeniedException`, then what a caller who may know is told. */
export function checkUses(of: UsesOfCall, located: LocatedUses): void {
  const { uses, input, call } = of
  for (let index = 0; index < uses.length; index++) authorizeUse(of, uses[index]!, located[index], located)
  for (const found of located) if (found !== undefined && 'missing' in found && found.missing) throw found.missing
  for (let index = 0; index < uses.length; index++) {
    const use = uses[index]!
    const found = located[index]
    if (use.on === 'key' && found !== undefined && 'key' in found) checkKeyRules(use, found.key!, input, call.time)
  }
}

async function locate(
  use: Use<unknown>,
  input: unknown,
  call: Call,
  lookups: Lookups,
): Promise<LocatedKey | UsedAlias | undefined> {
  const { account } = call.principal
  if (use.on === 'account') return undefined
  if (use.on === 'alias') {
    const aliasName = use.aliasName(input)
    return { aliasName, arn: aliasArn(account, call.region, aliasName) }
  }
  const locator = use.locate(input)
  return locator && locateBy(locator, lookups, { account, region: call.region, time: call.time })
}

function locateBy(locator: KeyLocator, lookups: Lookups, here: { account: string; region: string; time: number }) {
  switch (locator.by) {
    case 'identifier':
      return locateKey(lookups, here, locator.identifier, locator.forms)
    case 'ciphertext':
      return locateKeyOfCiphertext(lookups, here, locator.blob, locator.identifier)
    case 'alias target':
      return locateKeyOfAlias(lookups, here, locator.aliasName)
    case 'replica':
      return locateReplica(lookups, here, locator.of, locator.region)
  }
}

const NO_TOKENS: readonly string[] = []

function conditionKeysOf(use: Use<unknown>, input: unknown, located: LocatedUses): ConditionContext | undefined {
  return use.on === 'alias' ? undefined : use.conditionKeys?.(input, keysOf(located))
}

/** Of each use; `undefined` where it has none, or none that exists. */
export function keysOf(located: LocatedUses): readonly (Key | undefined)[] {
  return located.map((found) => (found !== undefined && 'key' in found ? found.key : undefined))
}

function authorizeUse(
  { input, call, recipient }: UsesOfCall,
  use: Use<unknown>,
  found: LocatedKey | UsedAlias | undefined,
  located: LocatedUses,
): void {
  const resource = authorizedResource(use, input, call, found)
  if (resource === undefined) return
  authorize({
    principal: call.principal,
    action: use.permission,
    resource,
    crossAccount: use.on === 'key' && use.crossAccount === true,
    grantable: use.on === 'key' && use.grantable === true,
    grantTokens: (input as { GrantTokens?: readonly string[] }).GrantTokens ?? NO_TOKENS,
    context: () => ({ ...conditionKeysOf(use, input, located), ...recipient?.conditions }),
  })
}

function authorizedResource(
  use: Use<unknown>,
  input: unknown,
  { principal }: Call,
  found: LocatedKey | UsedAlias | undefined,
): AuthorizedResource | undefined {
  switch (use.on) {
    case 'account':
      return use.applies?.(input) === false ? undefined : { kind: 'account', arn: '*', account: principal.account }
    case 'alias':
      return { kind: 'alias', arn: found!.arn, account: principal.account }
    case 'key': {
      if (found === undefined) return undefined
      const { arn, account, key, foundByCiphertext } = found as LocatedKey
      return { kind: 'key', arn, account, key, foundByCiphertext: foundByCiphertext ?? false }
    }
  }
}
