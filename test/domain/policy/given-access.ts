/** Callers, policies and requests for tests of the policy engine: account A owns the key, B is another account (8). */
import type { NamedPolicy } from '../../../src/domain/identity/rights.ts'
import type { AccessRequest, AccessResource, ApplicableGrant } from '../../../src/domain/policy/access-request.ts'
import { compilePolicy } from '../../../src/domain/policy/compile-policy.ts'
import type { ConditionValues } from '../../../src/domain/policy/condition-values.ts'
import type { Principal, Session } from '../../../src/domain/principal.ts'

export const A = '111122223333'
export const B = '444455556666'
export const REGION = 'us-east-1'
export const KEY = `arn:aws:kms:${REGION}:${A}:key/1234abcd-12ab-34cd-56ef-1234567890ab`
export const ALIAS = `arn:aws:kms:${REGION}:${A}:alias/x`
export const ROLE = `arn:aws:iam::${A}:role/app/R`

export const ALICE_ID = 'AIDAALICE00000000001'
export const ROLE_ID = 'AROAR0000000000000001'

const SESSION: Session = {
  issuedAt: Date.UTC(2026, 0, 1),
  expiresAt: Date.UTC(2026, 0, 1, 1),
  name: 's1',
  roleName: 'R',
  tags: [],
  transitiveTagKeys: [],
  chainDepth: 1,
  policyArns: [],
}

export function user(name: string, account: string, id: string): Principal {
  const arn = `arn:aws:iam::${account}:user/${name}`
  return {
    type: 'IAMUser',
    account,
    arn,
    principalId: id,
    entityId: id,
    principalArn: arn,
    userName: name,
    accessKeyId: 'AKIAX',
  }
}

export function roleSession(name: string, account = A, id = ROLE_ID): Principal {
  return {
    type: 'AssumedRole',
    account,
    arn: `arn:aws:sts::${account}:assumed-role/R/${name}`,
    principalId: `${id}:${name}`,
    entityId: id,
    principalArn: `arn:aws:iam::${account}:role/app/R`,
    accessKeyId: 'ASIAX',
    session: { ...SESSION, name },
  }
}

/** @param vouching the unique id of a user, or an account: its root. */
export function federatedUser(name: string, vouching: string, account = A): Principal {
  const arn = `arn:aws:sts::${account}:federated-user/${name}`
  return {
    type: 'FederatedUser',
    account,
    arn,
    principalId: `${account}:${name}`,
    entityId: vouching,
    principalArn: arn,
    accessKeyId: 'ASIAX',
    session: { ...SESSION, name },
  }
}

export function root(account: string): Principal {
  const arn = `arn:aws:iam::${account}:root`
  return {
    type: 'Root',
    account,
    arn,
    principalId: account,
    entityId: account,
    principalArn: arn,
    accessKeyId: 'AKIAR',
  }
}

export const alice = user('alice', A, ALICE_ID)
export const bob = user('bob', A, 'AIDABOB000000000000001')
export const carol = user('carol', B, 'AIDACAROL0000000000001')
export const session1 = roleSession('s1')
export const session2 = roleSession('s2')
export const foreignSession = roleSession('s1', B, 'AROAFOREIGN00000000001')

/** A statement, or several, or a whole policy. */
export type Given = object | readonly object[]

export function policyText(given: Given): string {
  const isPolicy = 'Statement' in given
  return JSON.stringify(isPolicy ? given : { Version: '2012-10-17', Statement: given })
}

export function named(given: Given, name = 'p'): NamedPolicy {
  return { name, policy: compilePolicy(policyText(given)) }
}

export interface GivenAccess {
  readonly principal?: Principal
  readonly action?: string
  readonly keyPolicy?: Given | undefined
  readonly resource?: Partial<AccessResource>
  readonly identity?: Given | undefined
  readonly boundary?: Given | undefined
  readonly session?: Given | undefined
  /** Each is a guard of its own. */
  readonly guards?: readonly Given[]
  readonly grants?: readonly ApplicableGrant[]
  readonly crossAccount?: boolean
  readonly conditions?: ConditionValues
  readonly identityConditions?: ConditionValues
}

export function accessRequest(given: GivenAccess): AccessRequest {
  const { identity, boundary, session, keyPolicy } = given
  return {
    principal: given.principal ?? alice,
    rights: {
      identityPolicies: identity === undefined ? [] : [named(identity)],
      boundary: boundary === undefined ? undefined : named(boundary),
      sessionPolicies: session === undefined ? undefined : [named(session)],
      extraGuards: given.guards?.map((guard, index) => named(guard, `guard-${index}`)),
      tags: [],
    },
    action: given.action ?? 'kms:Decrypt',
    resource: {
      kind: 'key',
      arn: KEY,
      account: A,
      policy: keyPolicy === undefined ? undefined : compilePolicy(policyText(keyPolicy)),
      ...given.resource,
    },
    crossAccount: given.crossAccount ?? true,
    grants: given.grants ?? [],
    region: REGION,
    conditions: () => given.conditions ?? {},
    identityConditions: () => given.identityConditions ?? {},
  }
}

export function allow(action: string | readonly string[], resource: string | readonly string[] = '*'): object {
  return { Effect: 'Allow', Action: action, Resource: resource }
}

export function deny(action: string, resource = '*'): object {
  return { Effect: 'Deny', Action: action, Resource: resource }
}

/** With the principal that a statement of a resource's policy needs. */
export function to(principal: string | object, statement: object): object {
  return { ...statement, Principal: typeof principal === 'string' ? { AWS: principal } : principal }
}

export const DELEGATION = to(`arn:aws:iam::${A}:root`, allow('kms:*'))
export const NO_KMS = allow('s3:*')
