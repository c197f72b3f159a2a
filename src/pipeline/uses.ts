/**
 * What a call uses, step by step (authorization.md section 0, steps 4 to 6): every resource is resolved before the first use is
 * authorised, and every use is authorised before the first thing is said about a key.
 */
import { aliasArn } from '../base/arn.ts'
import type { AttestedRecipient } from '../domain/attestation.ts'
import { type LocatedKey, locateKey, locateKeyOfAlias, locateKeyOfCiphertext } from '../domain/keys/locate-key.ts'
import { orKeyToBe } from '../domain/managed-keys/managed-key.ts'
import { checkManagedKeyAction } from '../domain/managed-keys/service-policy.ts'
import { type AuthorizedResource, authorize, type ConditionContext } from '../domain/policy/authorize.ts'
import type { RandomSource } from '../domain/services.ts'
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
  readonly random: RandomSource
}

/** Step 4. @throws {KmsError} for names that mean nothing, whoever asks. */
export async function locateUses({ uses, input, call, random }: UsesOfCall, lookups: Lookups): Promise<LocatedUses> {
  const located: (LocatedKey | UsedAlias | undefined)[] = []
  for (const use of uses) located.push(await locate(use, input, call, lookups, random))
  return located
}

/** Steps 5 and 6. @throws {KmsError} `AccessDeniedException`, then what a caller who may know is told. */
export function checkUses(of: UsesOfCall, located: LocatedUses): void {
  const { uses, input, call } = of
  for (let index = 0; index < uses.length; index++) authorizeUse(of, uses[index]!, located[index])
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
  random: RandomSource,
): Promise<LocatedKey | UsedAlias | undefined> {
  const { account } = call.principal
  if (use.on === 'account') return undefined
  if (use.on === 'alias') {
    const aliasName = use.aliasName(input)
    return { aliasName, arn: aliasArn(account, call.region, aliasName) }
  }
  const locator = use.locate(input)
  if (locator === undefined) return undefined
  const here = { account, region: call.region, time: call.time }
  const found = await locateBy(locator, lookups, here)
  return use.makesManagedKey ? orKeyToBe(found, here, random) : found
}

function locateBy(locator: KeyLocator, lookups: Lookups, here: { account: string; region: string; time: number }) {
  switch (locator.by) {
    case 'identifier':
      return locateKey(lookups, here, locator.identifier, locator.forms)
    case 'ciphertext':
      return locateKeyOfCiphertext(lookups, here, locator.blob, locator.identifier)
    case 'alias target':
      return locateKeyOfAlias(lookups, here, locator.aliasName)
  }
}

const NO_TOKENS: readonly string[] = []

function conditionKeysOf(use: Use<unknown>, input: unknown): ConditionContext | undefined {
  return use.on === 'alias' ? undefined : use.conditionKeys?.(input)
}

function authorizeUse(
  { input, call, recipient }: UsesOfCall,
  use: Use<unknown>,
  found: LocatedKey | UsedAlias | undefined,
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
    context: () => ({ ...conditionKeysOf(use, input), ...recipient?.conditions }),
  })
  if (resource.key !== undefined) checkManagedKeyAction(resource.key, call.principal, use.permission)
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
