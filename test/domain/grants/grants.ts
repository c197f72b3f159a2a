/** What tests of grants are made of. */
import type { Grant } from '../../../src/domain/grants/grant.ts'
import type { Principal } from '../../../src/domain/principal.ts'

export const ACCOUNT = '111122223333'
export const FOREIGN = '444455556666'

const SESSION = {
  issuedAt: 0,
  expiresAt: 1,
  tags: [],
  transitiveTagKeys: [],
  chainDepth: 1,
  policyArns: [],
} as const

export const root: Principal = Object.freeze({
  type: 'Root',
  account: ACCOUNT,
  arn: `arn:aws:iam::${ACCOUNT}:root`,
  principalId: ACCOUNT,
  entityId: ACCOUNT,
  principalArn: `arn:aws:iam::${ACCOUNT}:root`,
  accessKeyId: 'AKIA',
})

export const alice: Principal = Object.freeze({
  type: 'IAMUser',
  account: ACCOUNT,
  arn: `arn:aws:iam::${ACCOUNT}:user/alice`,
  principalId: 'AIDAALICE',
  entityId: 'AIDAALICE',
  principalArn: `arn:aws:iam::${ACCOUNT}:user/alice`,
  userName: 'alice',
  accessKeyId: 'AKIA',
})

export const sessionOf = (name: string): Principal =>
  Object.freeze({
    type: 'AssumedRole',
    account: ACCOUNT,
    arn: `arn:aws:sts::${ACCOUNT}:assumed-role/R/${name}`,
    principalId: `AROAROLE:${name}`,
    entityId: 'AROAROLE',
    principalArn: `arn:aws:iam::${ACCOUNT}:role/app/R`,
    accessKeyId: 'ASIA',
    session: { ...SESSION, name, roleName: 'R' },
  })

/** Somebody that alice vouches for. */
export const federated: Principal = Object.freeze({
  type: 'FederatedUser',
  account: ACCOUNT,
  arn: `arn:aws:sts::${ACCOUNT}:federated-user/bob`,
  principalId: `${ACCOUNT}:bob`,
  entityId: 'AIDAALICE',
  principalArn: `arn:aws:sts::${ACCOUNT}:federated-user/bob`,
  accessKeyId: 'ASIA',
  session: { ...SESSION, name: 'bob' },
})

let made = 0

export function grantOf(facts: Partial<Grant> = {}): Grant {
  return {
    account: ACCOUNT,
    region: 'eu-central-1',
    keyId: '00000000-0000-4000-8000-000000000000',
    grantId: (++made).toString(16).padStart(64, '0'),
    name: undefined,
    createdAt: 0,
    grantee: 'AIDAALICE',
    retiring: undefined,
    issuingAccount: ACCOUNT,
    operations: ['Decrypt'],
    constraints: undefined,
    retryDigest: undefined,
    ...facts,
  }
}
