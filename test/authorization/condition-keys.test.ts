/**
 * Which condition keys a request carries, and with which value: authorization.md 3.1 and 3.2, typed from there. A caller who is
 * allowed under a condition on each of the keys gets through; with another value of any one of them he does not.
 */
import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { after, before, test } from 'node:test'
import { KmsError } from '../../src/base/errors.ts'
import { ACCOUNT, type Answer, createHarness, type Harness, REGION } from '../support/harness.ts'
import { givenUser } from '../support/identities.ts'
import { NEVER, parametersFor, secondsFromNow, wrap } from '../support/imports.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

/** `undefined`: the request does not have the key. A list is a key with several values. */
type Values = Readonly<Record<string, string | readonly string[] | undefined>>

interface Subject {
  readonly KeyId: string
  readonly Arn: string
  readonly alias: string
  readonly otherKey: string
}

interface Row {
  /** `kms:ReEncryptFrom`; that of the operation's name if left out. */
  readonly action?: string
  /** Where an operation asks for the action on several resources: the one that is meant. */
  readonly resource?: (subject: Subject) => string
  /** Parameters of CreateKey. */
  readonly kind?: object
  readonly request: (subject: Subject) => object | Promise<object>
  readonly keys: Values | ((subject: Subject) => Values)
  /** Without those of 3.1 that say something about the key. */
  readonly isKeyless?: true
}

const HMAC = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }
const SIGNING = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }
const AGREEMENT = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' }
const RSA = { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }
const IMPORTED = { Origin: 'EXTERNAL' }
const MULTI_REGION = { MultiRegion: true }
const ELSEWHERE = 'us-east-1'
const TAGS = [{ TagKey: 'team', TagValue: 'pay' }]
const Message = Buffer.from('message').toString('base64')
const DIGEST = Buffer.alloc(32, 1).toString('base64')
const EncryptionContext = { tenant: 't-17', Purpose: 'test' }
const OF_CONTEXT: Values = {
  'kms:EncryptionContext:tenant': 't-17',
  'kms:EncryptionContext:Purpose': 'test',
  'kms:EncryptionContextKeys': ['tenant', 'Purpose'],
}
const NO_CONTEXT: Values = { 'kms:EncryptionContextKeys': undefined }
const DEFAULT_ALGORITHM = { 'kms:EncryptionAlgorithm': 'SYMMETRIC_DEFAULT' }
const GRANTEE = `arn:aws:iam::${ACCOUNT}:root`
const PEER = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .publicKey.export({ type: 'spki', format: 'der' })
  .toString('base64')

const byId = ({ KeyId }: Subject) => ({ KeyId })

async function encrypted({ KeyId }: Subject, context: object | undefined): Promise<string> {
  const body = { KeyId, Plaintext: Message, ...(context && { EncryptionContext: context }) }
  return (await harness.call('Encrypt', body)).CiphertextBlob
}

async function import_(KeyId: string, members: object): Promise<object> {
  const parameters = await parametersFor(harness, KeyId)
  const EncryptedKeyMaterial = wrap(parameters, Buffer.alloc(32, 7))
  return { KeyId, ImportToken: parameters.ImportToken, EncryptedKeyMaterial, ...members }
}

/** What stands behind a comma is a variant of the operation. */
const TABLE: Readonly<Record<string, Row>> = {
  'Encrypt, by alias and with a context': {
    request: ({ alias }) => ({ KeyId: alias, Plaintext: Message, EncryptionContext }),
    keys: ({ alias }) => ({ 'kms:RequestAlias': alias, ...OF_CONTEXT, ...DEFAULT_ALGORITHM }),
  },
  'Encrypt, by ARN of the alias': {
    request: ({ alias }) => ({ KeyId: `arn:aws:kms:${REGION}:${ACCOUNT}:${alias}`, Plaintext: Message }),
    keys: ({ alias }) => ({ 'kms:RequestAlias': alias, ...NO_CONTEXT }),
  },
  'Encrypt, by ARN': {
    request: ({ Arn }) => ({ KeyId: Arn, Plaintext: Message }),
    keys: { 'kms:RequestAlias': undefined, ...NO_CONTEXT, ...DEFAULT_ALGORITHM },
  },
  'Encrypt, with RSA': {
    kind: RSA,
    request: ({ KeyId }) => ({ KeyId, Plaintext: Message, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }),
    keys: { 'kms:EncryptionAlgorithm': 'RSAES_OAEP_SHA_256' },
  },
  Decrypt: {
    request: async (subject) => ({ CiphertextBlob: await encrypted(subject, EncryptionContext), EncryptionContext }),
    keys: { 'kms:RequestAlias': undefined, ...OF_CONTEXT, ...DEFAULT_ALGORITHM },
  },
  'Decrypt, by alias': {
    request: async (subject) => ({ KeyId: subject.alias, CiphertextBlob: await encrypted(subject, undefined) }),
    keys: ({ alias }) => ({ 'kms:RequestAlias': alias, ...NO_CONTEXT }),
  },
  GenerateDataKey: {
    request: ({ alias }) => ({ KeyId: alias, KeySpec: 'AES_256', EncryptionContext }),
    keys: ({ alias }) => ({ 'kms:RequestAlias': alias, ...OF_CONTEXT, ...DEFAULT_ALGORITHM }),
  },
  GenerateDataKeyWithoutPlaintext: {
    request: ({ KeyId }) => ({ KeyId, KeySpec: 'AES_256', EncryptionContext }),
    keys: { ...OF_CONTEXT, ...DEFAULT_ALGORITHM },
  },
  GenerateDataKeyPair: {
    request: ({ KeyId }) => ({ KeyId, KeyPairSpec: 'ECC_NIST_P256', EncryptionContext }),
    keys: { 'kms:DataKeyPairSpec': 'ECC_NIST_P256', ...OF_CONTEXT, ...DEFAULT_ALGORITHM },
  },
  GenerateDataKeyPairWithoutPlaintext: {
    request: ({ KeyId }) => ({ KeyId, KeyPairSpec: 'ECC_NIST_P384' }),
    keys: { 'kms:DataKeyPairSpec': 'ECC_NIST_P384', ...NO_CONTEXT, ...DEFAULT_ALGORITHM },
  },
  'ReEncrypt, the source': {
    action: 'kms:ReEncryptFrom',
    request: reEncryption,
    keys: { ...OF_CONTEXT, ...DEFAULT_ALGORITHM, 'kms:ReEncryptOnSameKey': 'false' },
  },
  'ReEncrypt, the destination': {
    action: 'kms:ReEncryptTo',
    request: reEncryption,
    isKeyless: true,
    keys: {
      'kms:EncryptionContext:to': 'there',
      'kms:EncryptionContext:tenant': undefined,
      'kms:EncryptionContextKeys': ['to'],
      ...DEFAULT_ALGORITHM,
      'kms:ReEncryptOnSameKey': 'false',
    },
  },
  'ReEncrypt, on the same key': {
    action: 'kms:ReEncryptTo',
    request: async (subject) => ({
      CiphertextBlob: await encrypted(subject, undefined),
      DestinationKeyId: subject.alias,
    }),
    keys: ({ alias }) => ({ 'kms:ReEncryptOnSameKey': 'true', 'kms:RequestAlias': alias, ...NO_CONTEXT }),
  },
  Sign: {
    kind: SIGNING,
    request: ({ alias }) => ({ KeyId: alias, Message, SigningAlgorithm: 'ECDSA_SHA_256' }),
    keys: ({ alias }) => ({
      'kms:SigningAlgorithm': 'ECDSA_SHA_256',
      'kms:MessageType': 'RAW',
      'kms:RequestAlias': alias,
    }),
  },
  'Sign, a digest': {
    kind: SIGNING,
    request: ({ KeyId }) => ({
      KeyId,
      Message: DIGEST,
      MessageType: 'DIGEST',
      SigningAlgorithm: 'ECDSA_SHA_256',
    }),
    keys: { 'kms:MessageType': 'DIGEST' },
  },
  Verify: {
    kind: SIGNING,
    request: async ({ KeyId }) => {
      const signing = { KeyId, Message, SigningAlgorithm: 'ECDSA_SHA_256' }
      return { ...signing, Signature: (await harness.call('Sign', signing)).Signature }
    },
    keys: { 'kms:SigningAlgorithm': 'ECDSA_SHA_256', 'kms:MessageType': 'RAW' },
  },
  GenerateMac: {
    kind: HMAC,
    request: ({ KeyId }) => ({ KeyId, Message, MacAlgorithm: 'HMAC_SHA_256' }),
    keys: { 'kms:MacAlgorithm': 'HMAC_SHA_256' },
  },
  VerifyMac: {
    kind: HMAC,
    request: async ({ KeyId }) => {
      const mac = { KeyId, Message, MacAlgorithm: 'HMAC_SHA_256' }
      return { ...mac, Mac: (await harness.call('GenerateMac', mac)).Mac }
    },
    keys: { 'kms:MacAlgorithm': 'HMAC_SHA_256' },
  },
  DeriveSharedSecret: {
    kind: AGREEMENT,
    request: ({ KeyId }) => ({ KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey: PEER }),
    keys: { 'kms:KeyAgreementAlgorithm': 'ECDH' },
  },
  'DescribeKey, by alias': {
    request: ({ alias }) => ({ KeyId: alias }),
    keys: ({ alias }) => ({ 'kms:RequestAlias': alias }),
  },
  GetPublicKey: {
    kind: SIGNING,
    request: ({ alias }) => ({ KeyId: alias }),
    keys: ({ alias }) => ({ 'kms:RequestAlias': alias }),
  },
  GetParametersForImport: {
    kind: IMPORTED,
    request: ({ KeyId }) => ({ KeyId, WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }),
    keys: { 'kms:WrappingAlgorithm': 'RSAES_OAEP_SHA_256', 'kms:WrappingKeySpec': 'RSA_2048' },
  },
  'ImportKeyMaterial, for good': {
    kind: IMPORTED,
    request: ({ KeyId }) => import_(KeyId, NEVER),
    keys: { 'kms:ExpirationModel': 'KEY_MATERIAL_DOES_NOT_EXPIRE', 'kms:ValidTo': undefined },
  },
  'ImportKeyMaterial, for a while': {
    kind: IMPORTED,
    request: ({ KeyId }) => import_(KeyId, { ValidTo: secondsFromNow(harness, 3600) }),
    keys: () => ({ 'kms:ExpirationModel': undefined, 'kms:ValidTo': String(secondsFromNow(harness, 3600)) }),
  },
  EnableKeyRotation: { request: byId, keys: { 'kms:RotationPeriodInDays': '365' } },
  'EnableKeyRotation, with a period': {
    request: ({ KeyId }) => ({ KeyId, RotationPeriodInDays: 180 }),
    keys: { 'kms:RotationPeriodInDays': '180' },
  },
  ScheduleKeyDeletion: {
    request: byId,
    keys: { 'kms:ScheduleKeyDeletionPendingWindowInDays': '30', 'kms:TrailingDaysWithoutKeyUsage': '0' },
  },
  'ScheduleKeyDeletion, with a window': {
    request: ({ KeyId }) => ({ KeyId, PendingWindowInDays: 7 }),
    keys: { 'kms:ScheduleKeyDeletionPendingWindowInDays': '7' },
  },
  DisableKey: { request: byId, keys: { 'kms:TrailingDaysWithoutKeyUsage': '0' } },
  ReplicateKey: {
    kind: MULTI_REGION,
    request: ({ KeyId }) => ({ KeyId, ReplicaRegion: ELSEWHERE }),
    keys: { 'kms:ReplicaRegion': ELSEWHERE },
  },
  'ReplicateKey, the key to be': {
    action: 'kms:CreateKey',
    kind: { ...MULTI_REGION, ...SIGNING },
    isKeyless: true,
    request: ({ KeyId }) => ({ KeyId, ReplicaRegion: ELSEWHERE }),
    keys: {
      'kms:KeySpec': 'ECC_NIST_P256',
      'kms:KeyUsage': 'SIGN_VERIFY',
      'kms:KeyOrigin': 'AWS_KMS',
      'kms:MultiRegion': 'true',
      'kms:CallerAccount': ACCOUNT,
      'aws:RequestedRegion': ELSEWHERE,
    },
  },
  UpdatePrimaryRegion: {
    kind: MULTI_REGION,
    resource: ({ Arn }) => Arn,
    request: async ({ KeyId }) => {
      await harness.call('ReplicateKey', { KeyId, ReplicaRegion: ELSEWHERE })
      return { KeyId, PrimaryRegion: ELSEWHERE }
    },
    keys: { 'kms:PrimaryRegion': ELSEWHERE },
  },
  PutKeyPolicy: {
    request: ({ KeyId }) => ({ KeyId, Policy: KEY_POLICY }),
    keys: { 'kms:BypassPolicyLockoutSafetyCheck': undefined },
  },
  'PutKeyPolicy, with the bypass': {
    request: ({ KeyId }) => ({ KeyId, Policy: KEY_POLICY, BypassPolicyLockoutSafetyCheck: true }),
    keys: { 'kms:BypassPolicyLockoutSafetyCheck': 'true' },
  },
  TagResource: {
    request: ({ KeyId }) => ({ KeyId, Tags: [{ TagKey: 'cost', TagValue: '7' }] }),
    keys: { 'aws:RequestTag/cost': '7', 'aws:RequestTag/team': undefined, 'aws:TagKeys': ['cost'] },
  },
  UntagResource: {
    request: ({ KeyId }) => ({ KeyId, TagKeys: ['team', 'cost'] }),
    keys: { 'aws:TagKeys': ['team', 'cost'] },
  },
  'CreateGrant, with a constraint and a retirer': {
    request: ({ KeyId }) => ({
      KeyId,
      GranteePrincipal: GRANTEE,
      RetiringPrincipal: GRANTEE,
      Operations: ['Decrypt', 'DescribeKey'],
      Constraints: { EncryptionContextSubset: EncryptionContext },
    }),
    keys: {
      'kms:GrantOperations': ['Decrypt', 'DescribeKey'],
      'kms:GranteePrincipal': GRANTEE,
      'kms:RetiringPrincipal': GRANTEE,
      'kms:GrantConstraintType': 'EncryptionContextSubset',
      'kms:GrantConstraintSourceArn': undefined,
      'kms:GrantIsForAWSResource': 'false',
      'kms:GranteeServicePrincipal': undefined,
      'kms:RetiringServicePrincipal': undefined,
      ...OF_CONTEXT,
    },
  },
  CreateGrant: {
    request: ({ KeyId }) => ({ KeyId, GranteePrincipal: GRANTEE, Operations: ['Decrypt'] }),
    keys: { 'kms:RetiringPrincipal': undefined, 'kms:GrantConstraintType': undefined, ...NO_CONTEXT },
  },
  ListGrants: { request: byId, keys: { 'kms:GrantIsForAWSResource': 'false' } },
  CreateKey: {
    isKeyless: true,
    request: () => ({}),
    keys: {
      'kms:CallerAccount': ACCOUNT,
      'kms:KeySpec': 'SYMMETRIC_DEFAULT',
      'kms:KeyUsage': 'ENCRYPT_DECRYPT',
      'kms:KeyOrigin': 'AWS_KMS',
      'kms:CustomerMasterKeySpec': 'SYMMETRIC_DEFAULT',
      'kms:CustomerMasterKeyUsage': 'ENCRYPT_DECRYPT',
      'kms:MultiRegion': 'false',
      'kms:MultiRegionKeyType': undefined,
      'kms:BypassPolicyLockoutSafetyCheck': undefined,
      'kms:ViaService': undefined,
      'aws:TagKeys': undefined,
      'aws:ResourceAccount': ACCOUNT,
    },
  },
  'CreateKey, of another kind and with tags': {
    isKeyless: true,
    request: () => ({ ...SIGNING, ...MULTI_REGION, Tags: TAGS, BypassPolicyLockoutSafetyCheck: false }),
    keys: {
      'kms:BypassPolicyLockoutSafetyCheck': 'false',
      'kms:KeySpec': 'ECC_NIST_P256',
      'kms:KeyUsage': 'SIGN_VERIFY',
      'kms:MultiRegion': 'true',
      'kms:MultiRegionKeyType': 'PRIMARY',
      'aws:RequestTag/team': 'pay',
      'aws:ResourceTag/team': 'pay',
      'aws:TagKeys': ['team'],
    },
  },
  'CreateAlias, the alias': {
    isKeyless: true,
    resource: () => `arn:aws:kms:${REGION}:${ACCOUNT}:alias/new-*`,
    request: ({ KeyId }) => ({ AliasName: `alias/new-${++number}`, TargetKeyId: KeyId }),
    keys: {
      'kms:CallerAccount': ACCOUNT,
      'kms:KeySpec': undefined,
      'kms:ResourceAliases': undefined,
      'aws:ResourceTag/team': undefined,
      'aws:ResourceAccount': ACCOUNT,
    },
  },
  'CreateAlias, the key': {
    resource: ({ Arn }) => Arn,
    request: ({ KeyId }) => ({ AliasName: `alias/new-${++number}`, TargetKeyId: KeyId }),
    keys: { 'kms:RequestAlias': undefined },
  },
  ListKeys: { isKeyless: true, request: () => ({}), keys: { 'kms:CallerAccount': undefined } },
  ListAliases: { isKeyless: true, request: () => ({}), keys: { 'kms:CallerAccount': undefined } },
  GenerateRandom: {
    isKeyless: true,
    request: () => ({ NumberOfBytes: 8 }),
    keys: { 'kms:CallerAccount': undefined, 'kms:RecipientAttestation:ImageSha384': undefined },
  },
  ListRetirableGrants: {
    isKeyless: true,
    request: () => ({ RetiringPrincipal: GRANTEE }),
    keys: { 'kms:CallerAccount': undefined },
  },
}

const KEY_POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'kms:*', Resource: '*' }],
})

async function reEncryption(subject: Subject): Promise<object> {
  return {
    CiphertextBlob: await encrypted(subject, EncryptionContext),
    SourceEncryptionContext: EncryptionContext,
    DestinationKeyId: subject.otherKey,
    DestinationEncryptionContext: { to: 'there' },
  }
}

let number = 0

async function givenSubject(kind: object): Promise<Subject> {
  const alias = `alias/subject-${++number}`
  const { KeyId, Arn } = (await harness.call('CreateKey', { ...kind, Tags: TAGS })).KeyMetadata as Answer
  const other = (await harness.call('CreateKey', {})).KeyMetadata
  await harness.call('CreateAlias', { AliasName: alias, TargetKeyId: KeyId })
  return { KeyId, Arn, alias, otherKey: other.KeyId }
}

/** 3.1 */
function ofEveryKey(
  kind: { KeySpec?: string; KeyUsage?: string; Origin?: string; MultiRegion?: boolean },
  subject: Subject,
): Values {
  const { KeySpec = 'SYMMETRIC_DEFAULT', KeyUsage = 'ENCRYPT_DECRYPT', Origin = 'AWS_KMS', MultiRegion = false } = kind
  return {
    'kms:CallerAccount': ACCOUNT,
    'kms:ViaService': undefined,
    'kms:KeySpec': KeySpec,
    'kms:CustomerMasterKeySpec': KeySpec,
    'kms:KeyUsage': KeyUsage,
    'kms:CustomerMasterKeyUsage': KeyUsage,
    'kms:KeyOrigin': Origin,
    'kms:MultiRegion': String(MultiRegion),
    'kms:MultiRegionKeyType': MultiRegion ? 'PRIMARY' : undefined,
    'kms:ResourceAliases': [subject.alias],
    'aws:ResourceTag/team': 'pay',
    'aws:ResourceTag/cost': undefined,
    'aws:ResourceAccount': ACCOUNT,
  }
}

/** Holds if the request has these values, and is so written that it does not if one differs. */
function conditionOf(values: Values): object {
  const condition: Record<string, Record<string, unknown>> = {
    Null: {},
    StringEquals: {},
    'ForAllValues:StringEquals': {},
  }
  for (const [key, value] of Object.entries(values)) {
    condition.Null![key] = value === undefined
    if (typeof value === 'string') condition.StringEquals![key] = value
    else if (value !== undefined) condition['ForAllValues:StringEquals']![key] = value
  }
  return Object.fromEntries(Object.entries(condition).filter(([, keys]) => Object.keys(keys).length > 0))
}

/** A condition on the same key that must not hold. */
function otherThan(value: Values[string]): Values[string] {
  if (value === undefined) return 'something'
  return typeof value === 'string' ? `${value}0` : value.slice(1).concat('something')
}

for (const [name, row] of Object.entries(TABLE)) {
  const operation = name.split(',')[0]!
  const action = row.action ?? `kms:${operation}`

  test(`${name}: the keys of ${action}`, async () => {
    const { kind = {}, request, isKeyless, keys, resource } = row
    const subject = await givenSubject(kind)
    const own = typeof keys === 'function' ? keys(subject) : keys
    const values = isKeyless ? own : { ...ofEveryKey(kind, subject), ...own }
    const body = await request(subject)
    const place = resource?.(subject) ?? '*'
    const outcome = async (condition: object) => {
      const user = await givenUser(harness.store, ACCOUNT, `user-${++number}`, [
        { Effect: 'Allow', NotAction: action, Resource: '*' },
        ...(place === '*' ? [] : [{ Effect: 'Allow', Action: action, NotResource: place }]),
        { Effect: 'Allow', Action: action, Resource: place, Condition: condition },
      ])
      try {
        await harness.callAs(user.principal, operation, body)
        return 'allowed'
      } catch (error) {
        if (error instanceof KmsError && error.code === 'AccessDeniedException') return 'denied'
        throw error
      }
    }
    for (const [key, value] of Object.entries(values)) {
      const wrong = conditionOf({ [key]: otherThan(value) })
      assert.equal(await outcome(wrong), 'denied', `${key} is not ${String(otherThan(value))}`)
    }
    assert.equal(await outcome(conditionOf(values)), 'allowed', JSON.stringify(values))
  })
}
