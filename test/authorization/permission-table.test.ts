/**
 * For each operation of KMS: the named permission on the named resource is necessary and sufficient, for a user, the session
 * of a role, a role of another account and a grantee. The table is authorization.md 2.5 and 4.2, typed from there.
 */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, test } from 'node:test'
import { KmsError } from '../../src/base/errors.ts'
import type { Principal } from '../../src/domain/principal.ts'
import { operations } from '../../src/operations/index.ts'
import { ACCOUNT, type Answer, createHarness, type Harness, OTHER_ACCOUNT, REGION } from '../support/harness.ts'
import { givenRole, givenUser, policyOf } from '../support/identities.ts'
import { NEVER, parametersFor, wrap } from '../support/imports.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

/** `*` stands for the account; `alias`, `key` and `other key` for those of the request. */
type Resource = '*' | 'alias' | 'key' | 'other key'

interface Row {
  readonly needs: readonly (readonly [action: string, resource: Resource])[]
  /** Usable from another account, by the key's ARN. */
  readonly cross?: true
  /** The grant operations that make it possible. */
  readonly grant?: readonly string[]
  /** Of the key; SYMMETRIC_DEFAULT if left out. */
  readonly kind?: object
  readonly request: (subject: Subject) => object | Promise<object>
  readonly prepare?: (subject: Subject) => Promise<unknown>
  /** The other key is the key's replica in {@link ELSEWHERE}. */
  readonly hasReplica?: true
}

interface Subject {
  /** The key's ARN. */
  readonly KeyId: string
  readonly otherKey: string
  readonly aliasName: string
  readonly ciphertext: string
  readonly number: number
}

const HMAC = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }
const SIGNING = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }
const AGREEMENT = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }
const IMPORTED = { Origin: 'EXTERNAL' }
const MULTI_REGION = { MultiRegion: true }
const ELSEWHERE = 'us-east-1'
const Tags = [{ TagKey: 'a', TagValue: 'b' }]
const Message = Buffer.from('message').toString('base64')
const Plaintext = Message
const PEER = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .publicKey.export({ type: 'spki', format: 'der' })
  .toString('base64')

const onKey = (name: string): Row['needs'] => [[`kms:${name}`, 'key']]
const byId = ({ KeyId }: Subject) => ({ KeyId })

/** What a policy of the key itself allows and denies. */
const KEY_POLICY = policyOf({ Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'kms:*', Resource: '*' })

const administer = (operation: string, body: object, region = REGION) => harness.call(operation, body, { region })

async function signature({ KeyId }: Subject): Promise<string> {
  return (await administer('Sign', { KeyId, Message, SigningAlgorithm: 'ECDSA_SHA_256' }).then(toAnswer)).Signature
}

async function mac({ KeyId }: Subject): Promise<string> {
  return (await administer('GenerateMac', { KeyId, Message, MacAlgorithm: 'HMAC_SHA_256' }).then(toAnswer)).Mac
}

function toAnswer(answer: unknown): Answer {
  return answer
}

/** What stands behind a comma is a variant of the operation. */
const TABLE: Readonly<Record<string, Row>> = {
  CreateKey: { needs: [['kms:CreateKey', '*']], request: () => ({}) },
  'CreateKey, with tags': {
    needs: [
      ['kms:CreateKey', '*'],
      ['kms:TagResource', '*'],
    ],
    request: () => ({ Tags }),
  },
  ReplicateKey: {
    needs: [
      ['kms:ReplicateKey', 'key'],
      ['kms:CreateKey', '*'],
    ],
    kind: MULTI_REGION,
    request: ({ KeyId }) => ({ KeyId, ReplicaRegion: ELSEWHERE }),
  },
  'ReplicateKey, with tags': {
    needs: [
      ['kms:ReplicateKey', 'key'],
      ['kms:CreateKey', '*'],
      ['kms:TagResource', '*'],
    ],
    kind: MULTI_REGION,
    request: ({ KeyId }) => ({ KeyId, ReplicaRegion: ELSEWHERE, Tags }),
  },
  UpdatePrimaryRegion: {
    needs: [
      ['kms:UpdatePrimaryRegion', 'key'],
      ['kms:UpdatePrimaryRegion', 'other key'],
    ],
    kind: MULTI_REGION,
    hasReplica: true,
    request: ({ KeyId }) => ({ KeyId, PrimaryRegion: ELSEWHERE }),
  },
  ListKeys: { needs: [['kms:ListKeys', '*']], request: () => ({}) },
  ListAliases: { needs: [['kms:ListAliases', '*']], request: () => ({}) },
  GenerateRandom: { needs: [['kms:GenerateRandom', '*']], request: () => ({ NumberOfBytes: 8 }) },
  CreateAlias: {
    needs: [
      ['kms:CreateAlias', 'alias'],
      ['kms:CreateAlias', 'key'],
    ],
    request: ({ KeyId, aliasName }) => ({ AliasName: aliasName, TargetKeyId: KeyId }),
  },
  DeleteAlias: {
    needs: [
      ['kms:DeleteAlias', 'alias'],
      ['kms:DeleteAlias', 'key'],
    ],
    prepare: ({ KeyId, aliasName }) => administer('CreateAlias', { AliasName: aliasName, TargetKeyId: KeyId }),
    request: ({ aliasName }) => ({ AliasName: aliasName }),
  },
  UpdateAlias: {
    needs: [
      ['kms:UpdateAlias', 'alias'],
      ['kms:UpdateAlias', 'key'],
      ['kms:UpdateAlias', 'other key'],
    ],
    prepare: ({ KeyId, aliasName }) => administer('CreateAlias', { AliasName: aliasName, TargetKeyId: KeyId }),
    request: ({ otherKey, aliasName }) => ({ AliasName: aliasName, TargetKeyId: otherKey }),
  },
  ReEncrypt: {
    needs: [
      ['kms:ReEncryptFrom', 'key'],
      ['kms:ReEncryptTo', 'other key'],
    ],
    cross: true,
    grant: ['ReEncryptFrom', 'ReEncryptTo'],
    request: ({ ciphertext, otherKey }) => ({ CiphertextBlob: ciphertext, DestinationKeyId: otherKey }),
  },
  Decrypt: {
    needs: onKey('Decrypt'),
    cross: true,
    grant: ['Decrypt'],
    request: ({ ciphertext }) => ({ CiphertextBlob: ciphertext }),
  },
  Encrypt: {
    needs: onKey('Encrypt'),
    cross: true,
    grant: ['Encrypt'],
    request: ({ KeyId }) => ({ KeyId, Plaintext }),
  },
  GenerateDataKey: {
    needs: onKey('GenerateDataKey'),
    cross: true,
    grant: ['GenerateDataKey'],
    request: ({ KeyId }) => ({ KeyId, KeySpec: 'AES_256' }),
  },
  GenerateDataKeyWithoutPlaintext: {
    needs: onKey('GenerateDataKeyWithoutPlaintext'),
    cross: true,
    grant: ['GenerateDataKeyWithoutPlaintext'],
    request: ({ KeyId }) => ({ KeyId, KeySpec: 'AES_256' }),
  },
  GenerateDataKeyPair: {
    needs: onKey('GenerateDataKeyPair'),
    cross: true,
    grant: ['GenerateDataKeyPair'],
    request: ({ KeyId }) => ({ KeyId, KeyPairSpec: 'ECC_NIST_P256' }),
  },
  GenerateDataKeyPairWithoutPlaintext: {
    needs: onKey('GenerateDataKeyPairWithoutPlaintext'),
    cross: true,
    grant: ['GenerateDataKeyPairWithoutPlaintext'],
    request: ({ KeyId }) => ({ KeyId, KeyPairSpec: 'ECC_NIST_P256' }),
  },
  GenerateMac: {
    needs: onKey('GenerateMac'),
    cross: true,
    grant: ['GenerateMac'],
    kind: HMAC,
    request: ({ KeyId }) => ({ KeyId, Message, MacAlgorithm: 'HMAC_SHA_256' }),
  },
  VerifyMac: {
    needs: onKey('VerifyMac'),
    cross: true,
    grant: ['VerifyMac'],
    kind: HMAC,
    request: async (subject) => ({
      KeyId: subject.KeyId,
      Message,
      MacAlgorithm: 'HMAC_SHA_256',
      Mac: await mac(subject),
    }),
  },
  Sign: {
    needs: onKey('Sign'),
    cross: true,
    grant: ['Sign'],
    kind: SIGNING,
    request: ({ KeyId }) => ({ KeyId, Message, SigningAlgorithm: 'ECDSA_SHA_256' }),
  },
  Verify: {
    needs: onKey('Verify'),
    cross: true,
    grant: ['Verify'],
    kind: SIGNING,
    request: async (subject) => ({
      KeyId: subject.KeyId,
      Message,
      SigningAlgorithm: 'ECDSA_SHA_256',
      Signature: await signature(subject),
    }),
  },
  DeriveSharedSecret: {
    needs: onKey('DeriveSharedSecret'),
    cross: true,
    grant: ['DeriveSharedSecret'],
    kind: AGREEMENT,
    request: ({ KeyId }) => ({ KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey: PEER }),
  },
  DescribeKey: { needs: onKey('DescribeKey'), cross: true, grant: ['DescribeKey'], request: byId },
  GetPublicKey: { needs: onKey('GetPublicKey'), cross: true, grant: ['GetPublicKey'], kind: SIGNING, request: byId },
  GetKeyRotationStatus: { needs: onKey('GetKeyRotationStatus'), cross: true, request: byId },
  CreateGrant: {
    needs: onKey('CreateGrant'),
    cross: true,
    // What a child may do, its parent must be able to do (GP-2).
    grant: ['CreateGrant', 'Decrypt'],
    request: ({ KeyId }) => ({ KeyId, GranteePrincipal: `arn:aws:iam::${ACCOUNT}:root`, Operations: ['Decrypt'] }),
  },
  ListGrants: { needs: onKey('ListGrants'), cross: true, request: byId },
  RevokeGrant: {
    needs: onKey('RevokeGrant'),
    cross: true,
    request: async ({ KeyId }) => {
      const GranteePrincipal = `arn:aws:iam::${ACCOUNT}:root`
      const grant = toAnswer(await administer('CreateGrant', { KeyId, GranteePrincipal, Operations: ['Decrypt'] }))
      return { KeyId, GrantId: grant.GrantId }
    },
  },
  CancelKeyDeletion: {
    needs: onKey('CancelKeyDeletion'),
    prepare: ({ KeyId }) => administer('ScheduleKeyDeletion', { KeyId }),
    request: byId,
  },
  DeleteImportedKeyMaterial: { needs: onKey('DeleteImportedKeyMaterial'), kind: IMPORTED, request: byId },
  DisableKey: { needs: onKey('DisableKey'), request: byId },
  DisableKeyRotation: { needs: onKey('DisableKeyRotation'), request: byId },
  EnableKey: { needs: onKey('EnableKey'), request: byId },
  EnableKeyRotation: { needs: onKey('EnableKeyRotation'), request: byId },
  GetKeyLastUsage: { needs: onKey('GetKeyLastUsage'), request: byId },
  GetKeyPolicy: { needs: onKey('GetKeyPolicy'), request: byId },
  GetParametersForImport: {
    needs: onKey('GetParametersForImport'),
    kind: IMPORTED,
    request: ({ KeyId }) => ({ KeyId, WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }),
  },
  ImportKeyMaterial: {
    needs: onKey('ImportKeyMaterial'),
    kind: IMPORTED,
    request: async ({ KeyId }) => {
      const parameters = await parametersFor(harness, KeyId)
      return {
        KeyId,
        ImportToken: parameters.ImportToken,
        EncryptedKeyMaterial: wrap(parameters, Buffer.alloc(32, 7)),
        ...NEVER,
      }
    },
  },
  ListKeyPolicies: { needs: onKey('ListKeyPolicies'), request: byId },
  ListKeyRotations: { needs: onKey('ListKeyRotations'), request: byId },
  ListResourceTags: { needs: onKey('ListResourceTags'), request: byId },
  PutKeyPolicy: {
    needs: onKey('PutKeyPolicy'),
    request: ({ KeyId }) => ({ KeyId, Policy: KEY_POLICY, BypassPolicyLockoutSafetyCheck: true }),
  },
  RotateKeyOnDemand: { needs: onKey('RotateKeyOnDemand'), request: byId },
  ScheduleKeyDeletion: { needs: onKey('ScheduleKeyDeletion'), request: byId },
  TagResource: {
    needs: onKey('TagResource'),
    request: ({ KeyId }) => ({ KeyId, Tags }),
  },
  UntagResource: { needs: onKey('UntagResource'), request: ({ KeyId }) => ({ KeyId, TagKeys: ['a'] }) },
  UpdateKeyDescription: {
    needs: onKey('UpdateKeyDescription'),
    request: ({ KeyId }) => ({ KeyId, Description: 'new' }),
  },
}

/** Judged by rules of their own, or about custom key stores: tests of their own. */
const TESTED_ELSEWHERE = new Set([
  'RetireGrant',
  'ListRetirableGrants',
  'ConnectCustomKeyStore',
  'CreateCustomKeyStore',
  'DeleteCustomKeyStore',
  'DescribeCustomKeyStores',
  'DisconnectCustomKeyStore',
  'UpdateCustomKeyStore',
])

test('the table names every operation', () => {
  const named = new Set([...Object.keys(TABLE).map(operationOf), ...TESTED_ELSEWHERE])
  assert.deepEqual([...named].sort(), [...operations.keys()].sort())
})

function operationOf(row: string): string {
  return row.split(',')[0]!
}

let number = 0

async function givenSubject({ kind = {}, prepare, hasReplica }: Row): Promise<Subject> {
  number++
  const { Arn: KeyId } = toAnswer(await administer('CreateKey', kind)).KeyMetadata
  const otherKey = hasReplica ? await replicaOf(KeyId) : toAnswer(await administer('CreateKey', {})).KeyMetadata.Arn
  const isSymmetric = Object.keys(kind).length === 0
  const ciphertext = isSymmetric ? toAnswer(await administer('Encrypt', { KeyId, Plaintext })).CiphertextBlob : ''
  const subject = { KeyId, otherKey, aliasName: `alias/table-${number}`, ciphertext, number }
  if (kind === IMPORTED) {
    const parameters = await parametersFor(harness, KeyId)
    await administer('ImportKeyMaterial', {
      KeyId,
      ImportToken: parameters.ImportToken,
      EncryptedKeyMaterial: wrap(parameters, Buffer.alloc(32, 7)),
      ...NEVER,
    })
  }
  await prepare?.(subject)
  return subject
}

async function replicaOf(KeyId: string): Promise<string> {
  const { ReplicaKeyMetadata } = toAnswer(await administer('ReplicateKey', { KeyId, ReplicaRegion: ELSEWHERE }))
  return ReplicaKeyMetadata.Arn
}

function resourceArn(resource: Resource, { KeyId, otherKey, aliasName }: Subject): string {
  if (resource === '*') return '*'
  if (resource === 'alias') return `arn:aws:kms:${REGION}:${ACCOUNT}:${aliasName}`
  return resource === 'key' ? KeyId : otherKey
}

function statementsFor(needs: Row['needs'], subject: Subject): object[] {
  return needs.map(([Action, resource]) => ({ Effect: 'Allow', Action, Resource: resourceArn(resource, subject) }))
}

/** What a caller may do, but for one action on one resource, is everything. */
function allButOne([Action, resource]: Row['needs'][number], subject: Subject): object[] {
  return [
    { Effect: 'Allow', NotAction: Action, Resource: '*' },
    { Effect: 'Allow', Action, NotResource: resourceArn(resource, subject) },
  ]
}

async function outcome(caller: Principal, operation: string, body: object): Promise<'allowed' | string> {
  try {
    await harness.callAs(caller, operation, body)
    return 'allowed'
  } catch (error) {
    if (error instanceof KmsError && error.code === 'AccessDeniedException') return error.text!
    throw error
  }
}

const NO_IDENTITY_ALLOW = 'no identity-based policy allows the'
const NOT_VISIBLE =
  'because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access'

for (const [name, row] of Object.entries(TABLE)) {
  const operation = operationOf(name)

  test(`${name}: a user with exactly the permissions of the table may call it`, async () => {
    const subject = await givenSubject(row)
    const user = await givenUser(harness.store, ACCOUNT, `user-${number}`, statementsFor(row.needs, subject))
    assert.equal(await outcome(user.principal, operation, await row.request(subject)), 'allowed')
  })

  for (const need of row.needs) {
    test(`${name}: without ${need[0]} on the ${need[1]} a user and the session of a role may not`, async () => {
      const subject = await givenSubject(row)
      const request = await row.request(subject)
      const user = await givenUser(harness.store, ACCOUNT, `lacking-${number}`, allButOne(need, subject))
      const role = await givenRole(harness.store, ACCOUNT, `lacking-${number}`, allButOne(need, subject))
      for (const caller of [user.principal, role.session('s1')]) {
        const text = await outcome(caller, operation, request)
        const expected =
          `User: ${caller.arn} is not authorized to perform: ${need[0]} on resource: ` +
          `${resourceArn(need[1], subject)} because ${NO_IDENTITY_ALLOW} ${need[0]} action`
        assert.equal(text, expected)
      }
    })
  }

  test(`${name}: the session of a role with exactly the permissions may call it`, async () => {
    const subject = await givenSubject(row)
    const role = await givenRole(harness.store, ACCOUNT, `role-${number}`, statementsFor(row.needs, subject))
    assert.equal(await outcome(role.session('s1'), operation, await row.request(subject)), 'allowed')
  })

  const onKeysOnly = row.needs.every(([, resource]) => resource === 'key' || resource === 'other key')
  if (!onKeysOnly) continue

  test(`${name}: a role of another account ${row.cross ? 'may, if both accounts allow it' : 'never may'}`, async () => {
    const subject = await givenSubject(row)
    const request = await row.request(subject)
    for (const KeyId of [subject.KeyId, subject.otherKey]) {
      const Policy = policyOf([
        { Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'kms:*', Resource: '*' },
        { Effect: 'Allow', Principal: { AWS: OTHER_ACCOUNT }, Action: 'kms:*', Resource: '*' },
      ])
      await administer('PutKeyPolicy', { KeyId, Policy }, KeyId.split(':')[3])
    }
    const everything = { Effect: 'Allow', Action: '*', Resource: '*' }
    const role = await givenRole(harness.store, OTHER_ACCOUNT, `foreign-${number}`, everything)
    const powerless = await givenRole(harness.store, OTHER_ACCOUNT, `powerless-${number}`)
    const result = await outcome(role.session('s1'), operation, request)
    if (row.cross) {
      assert.match(await outcome(powerless.session('s1'), operation, request), new RegExp(NO_IDENTITY_ALLOW))
      assert.equal(result, 'allowed')
    } else {
      assert.ok(result.endsWith(NOT_VISIBLE), result)
    }
  })

  test(`${name}: a grantee ${row.grant ? 'may' : 'has no grant for it'}`, async () => {
    const subject = await givenSubject(row)
    const request = await row.request(subject)
    const user = await givenUser(harness.store, ACCOUNT, `grantee-${number}`)
    const grantTo = (KeyId: string, Operations: readonly string[]) =>
      administer('CreateGrant', { KeyId, GranteePrincipal: user.arn, Operations })
    assert.match(await outcome(user.principal, operation, request), new RegExp(NO_IDENTITY_ALLOW))
    if (row.grant === undefined) {
      await assert.rejects(grantTo(subject.KeyId, [operation]), { code: 'ValidationException' })
      return
    }
    const isReEncrypt = operation === 'ReEncrypt'
    await grantTo(subject.KeyId, isReEncrypt ? ['ReEncryptFrom'] : row.grant)
    if (isReEncrypt) await grantTo(subject.otherKey, ['ReEncryptTo'])
    assert.equal(await outcome(user.principal, operation, request), 'allowed')
  })
}
