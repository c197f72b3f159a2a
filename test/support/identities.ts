/** Users and roles in a test's store, and callers who are them. */
import type { Principal } from '../../src/domain/principal.ts'
import type { Store } from '../../src/domain/store.ts'
import { START_TIME } from './harness.ts'

let made = 0

/** 21 characters, never the same twice. */
function uniqueId(prefix: 'AIDA' | 'AROA'): string {
  made++
  return `${prefix}TEST${String(made).padStart(13, '0')}`
}

export interface TestUser {
  readonly principal: Principal
  readonly arn: string
}

/** One statement or several; `undefined`: no policy at all. */
export type Statements = object | readonly object[] | undefined

export function policyOf(statements: object | readonly object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements })
}

/** @param statements of its one inline policy. */
export async function givenUser(
  store: Store,
  account: string,
  userName: string,
  statements?: Statements,
  boundaryArn?: string,
): Promise<TestUser> {
  const userId = uniqueId('AIDA')
  const arn = `arn:aws:iam::${account}:user/${userName}`
  await store.change(async (change) => {
    const user = { account, userName, path: '/', userId, createdAt: START_TIME, tags: [], boundaryArn }
    await change.insertUser(user)
    if (statements !== undefined) {
      await change.putInlinePolicy({ account, ownerId: userId, policyName: 'rights', document: policyOf(statements) })
    }
  })
  const ids = { principalId: userId, entityId: userId }
  const principal = {
    type: 'IAMUser',
    account,
    arn,
    principalArn: arn,
    userName,
    accessKeyId: 'AKIATEST',
    ...ids,
  } as const
  return { principal, arn }
}

export interface TestRole {
  readonly arn: string
  readonly roleId: string
  /** Somebody who assumed it. */
  session(name: string, policyText?: string): Principal
}

export async function givenRole(
  store: Store,
  account: string,
  roleName: string,
  statements?: Statements,
  boundaryArn?: string,
): Promise<TestRole> {
  const roleId = uniqueId('AROA')
  const path = '/app/'
  const arn = `arn:aws:iam::${account}:role${path}${roleName}`
  await store.change(async (change) => {
    await change.insertRole({
      account,
      roleName,
      path,
      roleId,
      createdAt: START_TIME,
      description: undefined,
      maxSessionSeconds: 3600,
      trustPolicy: policyOf({ Effect: 'Allow', Principal: { AWS: account }, Action: 'sts:AssumeRole' }),
      tags: [],
      boundaryArn,
    })
    if (statements !== undefined) {
      await change.putInlinePolicy({ account, ownerId: roleId, policyName: 'rights', document: policyOf(statements) })
    }
  })
  return {
    arn,
    roleId,
    session(name, policyText) {
      return {
        type: 'AssumedRole',
        account,
        arn: `arn:aws:sts::${account}:assumed-role/${roleName}/${name}`,
        principalId: `${roleId}:${name}`,
        entityId: roleId,
        principalArn: arn,
        // Rights with session policies are kept by access key.
        accessKeyId: `ASIATEST${made++}`,
        session: {
          issuedAt: START_TIME,
          expiresAt: START_TIME + 3_600_000,
          name,
          roleName,
          tags: [],
          transitiveTagKeys: [],
          chainDepth: 1,
          policyArns: [],
          ...(policyText === undefined ? {} : { policyText }),
        },
      }
    },
  }
}
