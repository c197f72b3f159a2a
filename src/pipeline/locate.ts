/** Resolves what a request names (authorization.md section 0, step 4): keys, aliases, roles and other entities. */
import { aliasArn } from '../base/arn.ts'
import type { GrantTokens } from '../domain/grants/grant-tokens.ts'
import { type LocatedGrant, locateGrant } from '../domain/grants/locate-grant.ts'
import type { StoredRole } from '../domain/identity/entities.ts'
import { parseEntityArn } from '../domain/identity/entity-name.ts'
import type { IdentityReader } from '../domain/identity/identity-store.ts'
import {
  type LocatedKey,
  locateKey,
  locateKeyOfAlias,
  locateKeyOfCiphertext,
  locateReplica,
} from '../domain/keys/locate-key.ts'
import { orKeyToBe } from '../domain/managed-keys/managed-key.ts'
import type { RandomSource } from '../domain/services.ts'
import type { Lookups, MaybePromise } from '../domain/store.ts'
import type { Call } from './call.ts'
import type { KeyLocator, LocatedEntity, Use, UsedAlias } from './operation.ts'

/** The role that a request wants to assume; `role` is absent if there is none of that name. */
export interface LocatedRole {
  readonly arn: string
  readonly account: string
  readonly role: StoredRole | undefined
}

/** `undefined` where a request does not use the resource, and for the account. */
export type Located = LocatedKey | LocatedGrant | UsedAlias | LocatedEntity | LocatedRole | undefined

/** Where things are looked up. */
export interface Sources {
  readonly lookups: Lookups
  readonly store: IdentityReader
  readonly tokens: GrantTokens
  readonly random: RandomSource
}

/** @throws {KmsError} for names that mean nothing, whoever asks. */
export function locate(
  use: Use<unknown>,
  input: unknown,
  call: Call,
  { lookups, store, tokens, random }: Sources,
): MaybePromise<Located> {
  const { account } = call.principal
  switch (use.on) {
    case 'account':
      return undefined
    case 'alias': {
      const aliasName = use.aliasName(input)
      return { aliasName, arn: aliasArn(account, call.region, aliasName) }
    }
    case 'entity':
      return use.applies?.(input, call) === false ? undefined : use.locate(input, { call, store })
    case 'role':
      return use.applies?.(input, call) === false ? undefined : locateRole(use.roleArn(input), store)
    case 'key': {
      const locator = use.locate(input)
      const here = { account, region: call.region, time: call.time }
      if (locator === undefined) return undefined
      const found = locateBy(locator, lookups, here)
      const { makesManagedKey } = use
      const makes = makesManagedKey === 'by services' ? call.principal.invokedBy !== undefined : makesManagedKey
      return makes ? Promise.resolve(found).then((found) => found && orKeyToBe(found, here, random)) : found
    }
    case 'grant':
      return locateGrant(lookups, tokens, { account, region: call.region, time: call.time }, use.locate(input))
  }
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

/**
 * A role is named by its ARN with its path; one with another path is another role. It has this one ARN: policies compare it as
 * text, so a name in another partition or Region would get past those that deny the role.
 */
async function locateRole(arn: string, store: IdentityReader): Promise<LocatedRole> {
  const { account = '', kind, path, name = '' } = parseEntityArn(arn) ?? {}
  const role = kind === 'role' ? await store.findRole(account, name) : undefined
  return { arn, account, role: role?.path === path && role?.roleName === name ? role : undefined }
}
