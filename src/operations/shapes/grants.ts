/** Members that operations on grants share, and entries of their lists (operations.md 3.5, 3.33, 3.38, 3.42, 3.43). */
import { inPartitionOf, keyArn } from '../../base/arn.ts'
import { KmsError } from '../../base/errors.ts'
import { enumeration, optional, string, stringMap, structure } from '../../base/schema.ts'
import { GRANT_OPERATIONS, type Grant, type GrantConstraints } from '../../domain/grants/grant.ts'
import { isService } from '../../domain/grants/grant-principals.ts'
import { rootArn } from '../../domain/identity/entity-arns.ts'
import { type Principals, principalShownIn } from '../../domain/identity/resolve-principal.ts'

export const principalId = string({ min: 1, max: 256, pattern: '^[\\w+=,.@:/-]+$' })
export const servicePrincipal = string({ min: 1, max: 256, pattern: '^[\\w+=,.@:/-]+$' })
export const grantId = string({ min: 1, max: 128 })
export const grantOperation = enumeration(GRANT_OPERATIONS)

const constraintsMembers = structure({
  EncryptionContextSubset: optional(stringMap()),
  EncryptionContextEquals: optional(stringMap()),
  SourceArn: optional(string({ min: 1, max: 2048 })),
})

export const grantConstraints = optional(constraintsMembers)

type ConstraintsMember = ReturnType<typeof constraintsMembers.parse>

/** `undefined` where nothing is constrained. */
export function constraintsOf(member: ConstraintsMember | undefined): GrantConstraints | undefined {
  const { EncryptionContextSubset, EncryptionContextEquals, SourceArn } = member ?? {}
  if (EncryptionContextSubset === undefined && EncryptionContextEquals === undefined && SourceArn === undefined) {
    return undefined
  }
  return {
    ...meantContext(EncryptionContextSubset, EncryptionContextEquals),
    sourceArn: SourceArn,
  }
}

type Context = Readonly<Record<string, string>>

/**
 * Terraform sends both kinds, the one that its user did not ask for without pairs. Alone, `{}` keeps its meaning: an
 * encryption context that equals it is none.
 */
function meantContext(encryptionContextSubset: Context | undefined, encryptionContextEquals: Context | undefined) {
  const isGivenTwice = encryptionContextSubset !== undefined && encryptionContextEquals !== undefined
  if (isGivenTwice && isEmpty(encryptionContextSubset)) return { encryptionContextEquals }
  if (isGivenTwice && isEmpty(encryptionContextEquals)) return { encryptionContextSubset }
  return { encryptionContextSubset, encryptionContextEquals }
}

function isEmpty(context: Context): boolean {
  return Object.keys(context).length === 0
}

const GRANT_ID = /^[0-9a-f]{64}$/

/** @throws {KmsError} `InvalidGrantIdException` for text that can be no grant's. */
export function checkGrantId(text: string): void {
  if (!GRANT_ID.test(text)) throw new KmsError('InvalidGrantIdException')
}

/** Principals are shown as they are called now; those of one page are mostly the same few. @param region of all of them. */
export async function grantEntries(region: string, grants: readonly Grant[], principals: Principals) {
  const shown = new Map<string, string>()
  const show = async (ref: string) => {
    if (!shown.has(ref)) shown.set(ref, await principalShownIn(region, ref, principals))
    return shown.get(ref)!
  }
  const entries = []
  for (const grant of grants) {
    const retiring = grant.retiring === undefined ? undefined : await show(grant.retiring)
    entries.push(entryOf(grant, await show(grant.grantee), retiring))
  }
  return entries
}

function entryOf(grant: Grant, grantee: string, retiring: string | undefined) {
  const { account, region, keyId, grantId, name, createdAt, issuingAccount, operations, constraints } = grant
  return {
    KeyId: keyArn(account, region, keyId),
    GrantId: grantId,
    Name: name ?? '',
    CreationDate: Math.floor(createdAt / 1000),
    ...(isService(grantee) ? { GranteeServicePrincipal: grantee } : { GranteePrincipal: grantee }),
    ...(retiring && (isService(retiring) ? { RetiringServicePrincipal: retiring } : { RetiringPrincipal: retiring })),
    IssuingAccount: inPartitionOf(region, rootArn(issuingAccount)),
    // In the order of the service model, whatever order they were asked for in (recorded of ListGrants).
    Operations: GRANT_OPERATIONS.filter((operation) => operations.includes(operation)),
    Constraints: constraints && {
      EncryptionContextSubset: constraints.encryptionContextSubset,
      EncryptionContextEquals: constraints.encryptionContextEquals,
      SourceArn: constraints.sourceArn,
    },
  }
}
