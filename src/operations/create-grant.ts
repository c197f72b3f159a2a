/** Lets a principal use a key, apart from the key's policy (operations.md 3.5, authorization.md section 4). */
import { validationError } from '../base/errors.ts'
import { type Infer, list, optional, string, structure } from '../base/schema.ts'
import { covers } from '../domain/grants/child-grants.ts'
import type { GrantOperation } from '../domain/grants/grant.ts'
import { checkConstraints, checkConstraintsFit, constraintConditions } from '../domain/grants/grant-constraints.ts'
import { checkGrantOperations } from '../domain/grants/grant-operations.ts'
import { invalidArn, principalRef, serviceRef } from '../domain/grants/grant-principals.ts'
import { makeGrant } from '../domain/grants/new-grant.ts'
import type { IdentityServices } from '../domain/identity/identity-services.ts'
import type { ConditionValues } from '../domain/policy/condition-values.ts'
import type { Reader } from '../domain/store.ts'
import { defineChange, keyNamed } from '../pipeline/operation.ts'
import { constraintsOf, grantConstraints, grantOperation, principalId, servicePrincipal } from './shapes/grants.ts'
import { GRANTABLE } from './shapes/key-states.ts'
import { dryRun, grantTokens, keyId } from './shapes/members.ts'

const input = structure({
  KeyId: keyId,
  GranteePrincipal: optional(principalId),
  GranteeServicePrincipal: optional(servicePrincipal),
  RetiringPrincipal: optional(principalId),
  RetiringServicePrincipal: optional(servicePrincipal),
  Operations: list(grantOperation),
  Constraints: grantConstraints,
  GrantTokens: grantTokens,
  Name: optional(string({ min: 1, max: 256, pattern: '^[a-zA-Z0-9:/_-]+$' })),
  DryRun: dryRun,
})

type Input = Infer<typeof input>

export const CreateGrant = defineChange({
  name: 'CreateGrant',
  input,
  check(input) {
    checkPrincipalMembers(input)
    if (input.Operations.length === 0) throw validationError('At least one grant operation must be specified.')
    // Such a grant could pass on nothing but itself (GP-2).
    if (input.Operations.every((operation) => operation === 'CreateGrant')) {
      throw validationError('Grants must not contain only the CreateGrant operation.')
    }
    const constraints = constraintsOf(input.Constraints)
    if (constraints !== undefined) checkConstraints(constraints)
  },
  uses: [
    {
      on: 'key',
      locate: ({ KeyId }) => keyNamed(KeyId),
      permission: 'kms:CreateGrant',
      keyStates: GRANTABLE,
      crossAccount: true,
      grantable: true,
      acceptsGrant: (input) => {
        const child = { operations: operationsOf(input), constraints: constraintsOf(input.Constraints) }
        return (parent) => covers(parent, child)
      },
      managesGrants: true,
      conditionKeys: conditionsOf,
      principalKeys,
    },
  ],
  audit: {
    readOnly: false,
    parameters: (input) => ({
      keyId: input.KeyId,
      granteePrincipal: input.GranteePrincipal,
      granteeServicePrincipal: input.GranteeServicePrincipal,
      retiringPrincipal: input.RetiringPrincipal,
      retiringServicePrincipal: input.RetiringServicePrincipal,
      operations: input.Operations,
      constraints: constraintsOf(input.Constraints),
      name: input.Name,
    }),
    response: ({ GrantId }, keyArn) => ({ grantId: GrantId, keyId: keyArn }),
  },
  prepare: (_input, { grants }) => grants.tokens.issuer(),
  async handler(input, { resources: [{ key }], call, change, identity, random, quotas }, issueToken) {
    const operations = operationsOf(input)
    const constraints = constraintsOf(input.Constraints)
    checkGrantOperations(key, operations)
    checkConstraintsFit(key.spec, constraints)
    const wish = {
      name: input.Name,
      createdAt: call.time,
      grantee: await granteeOf(input, change, identity, key.region),
      retiring: await retiringOf(input, change, identity, key.region),
      // A service has no account of its own to issue from.
      issuingAccount: call.principal.account || key.account,
      operations,
      constraints,
    }
    const grant = await makeGrant(change, key, wish, { random, quotas })
    return { GrantToken: issueToken(grant), GrantId: grant.grantId }
  },
})

function operationsOf({ Operations }: Input): readonly GrantOperation[] {
  return [...new Set(Operations)]
}

/** authorization.md 4.1: a service acts for a resource, and somebody must be able to end that. */
function checkPrincipalMembers(input: Input): void {
  const { GranteePrincipal, GranteeServicePrincipal, RetiringPrincipal, RetiringServicePrincipal, Constraints } = input
  if (RetiringPrincipal !== undefined && RetiringServicePrincipal !== undefined) {
    throw validationError('You cannot specify both RetiringPrincipal and RetiringServicePrincipal.')
  }
  if (GranteeServicePrincipal === undefined) {
    if (GranteePrincipal !== undefined) return
    // As long as there was no other member it was a required one.
    throw validationError(
      "1 validation error detected: Value null at 'granteePrincipal' failed to satisfy constraint: Member must not be null",
    )
  }
  if (GranteePrincipal !== undefined) {
    throw validationError('You cannot specify both GranteePrincipal and GranteeServicePrincipal.')
  }
  const hasRetirer = RetiringPrincipal !== undefined || RetiringServicePrincipal !== undefined
  if (Constraints?.SourceArn !== undefined && hasRetirer) return
  throw validationError(
    'GranteeServicePrincipal requires a SourceArn constraint, and RetiringPrincipal or RetiringServicePrincipal.',
  )
}

/** authorization.md 3.2: principals in the form that the request used, but for unique ids. */
function conditionsOf(input: Input): ConditionValues {
  const constraints = constraintsOf(input.Constraints)
  return {
    'kms:GrantOperations': operationsOf(input),
    ...principalKeys(input),
    'kms:GranteeServicePrincipal': input.GranteeServicePrincipal,
    'kms:RetiringServicePrincipal': input.RetiringServicePrincipal,
    'kms:GrantConstraintSourceArn': constraints?.sourceArn,
    ...constraintConditions(constraints),
  }
}

function principalKeys({ GranteePrincipal, RetiringPrincipal }: Input) {
  return { 'kms:GranteePrincipal': GranteePrincipal, 'kms:RetiringPrincipal': RetiringPrincipal }
}

type Members = Pick<IdentityServices, 'externalAccounts'>

async function granteeOf(
  { GranteePrincipal, GranteeServicePrincipal }: Input,
  reader: Reader,
  { externalAccounts }: Members,
  region: string,
) {
  if (GranteeServicePrincipal !== undefined) return serviceRef(GranteeServicePrincipal, reader)
  const gone = invalidArn('GranteePrincipal does not refer to a valid principal.')
  return principalRef(GranteePrincipal!, reader, externalAccounts, region, gone)
}

async function retiringOf(
  { RetiringPrincipal, RetiringServicePrincipal }: Input,
  reader: Reader,
  { externalAccounts }: Members,
  region: string,
) {
  if (RetiringServicePrincipal !== undefined) return serviceRef(RetiringServicePrincipal, reader)
  if (RetiringPrincipal === undefined) return undefined
  const gone = invalidArn('RetiringPrincipal does not refer to a valid principal.')
  return principalRef(RetiringPrincipal, reader, externalAccounts, region, gone)
}
