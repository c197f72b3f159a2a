/**
 * Every built operation on a key in every state that a key can reach now. The table is operations.md 5.2, its messages 5.1;
 * it is typed from there, not read from our declarations.
 */
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { ACCOUNT, type Answer, createHarness, type Harness } from '../support/harness.ts'
import { NEVER, parametersFor, wrap } from '../support/imports.ts'
import { assertFails, DRY_RUN, moveTo, newKey, OTHER_REGION, type ReachableState } from './support.ts'

let harness: Harness
let spare: Answer
before(async () => {
  harness = await createHarness()
  spare = await newKey(harness)
})
after(() => harness.close())

const STATES = [
  'Enabled',
  'Disabled',
  'PendingDeletion',
  'PendingReplicaDeletion',
  'PendingImport',
] as const satisfies readonly ReachableState[]

/** EX: only PendingImport shows it, since the other states are tried on keys that are made here. */
type Outcome = 'ok' | 'D' | 'PD' | 'PR' | 'PI' | 'EX' | 'NP'

const USES_MATERIAL = ['ok', 'D', 'PD', 'PR', 'PI'] as const
const READS = ['ok', 'ok', 'ok', 'ok', 'ok'] as const
const WRITES = ['ok', 'ok', 'PD', 'PR', 'ok'] as const
const NEEDS_MATERIAL = ['ok', 'ok', 'PD', 'PR', 'PI'] as const
const ROTATION_SETTING = ['ok', 'D', 'PD', 'PR', 'EX'] as const

/** Columns as in STATES. */
const TABLE: Readonly<Record<string, readonly [Outcome, Outcome, Outcome, Outcome, Outcome]>> = {
  Decrypt: USES_MATERIAL,
  Encrypt: USES_MATERIAL,
  'ReEncrypt, source': USES_MATERIAL,
  'ReEncrypt, destination': USES_MATERIAL,
  GenerateDataKey: USES_MATERIAL,
  GenerateDataKeyWithoutPlaintext: USES_MATERIAL,
  GenerateDataKeyPair: USES_MATERIAL,
  GenerateDataKeyPairWithoutPlaintext: USES_MATERIAL,
  GenerateMac: USES_MATERIAL,
  VerifyMac: USES_MATERIAL,
  Sign: USES_MATERIAL,
  Verify: USES_MATERIAL,
  DeriveSharedSecret: USES_MATERIAL,
  GetPublicKey: NEEDS_MATERIAL,
  DescribeKey: READS,
  GetKeyPolicy: READS,
  ListKeyPolicies: READS,
  PutKeyPolicy: READS,
  ListResourceTags: READS,
  ListAliases: READS,
  CreateGrant: USES_MATERIAL,
  ListGrants: READS,
  RetireGrant: READS,
  RevokeGrant: READS,
  DeleteAlias: READS,
  CreateAlias: WRITES,
  'UpdateAlias, new target': WRITES,
  'UpdateAlias, old target': READS,
  TagResource: WRITES,
  UntagResource: WRITES,
  UpdateKeyDescription: WRITES,
  EnableKey: NEEDS_MATERIAL,
  DisableKey: NEEDS_MATERIAL,
  ScheduleKeyDeletion: WRITES,
  EnableKeyRotation: ROTATION_SETTING,
  DisableKeyRotation: ROTATION_SETTING,
  RotateKeyOnDemand: USES_MATERIAL,
  GetKeyLastUsage: READS,
  GetKeyRotationStatus: READS,
  ListKeyRotations: READS,
  CancelKeyDeletion: ['NP', 'NP', 'ok', 'ok', 'NP'],
  ReplicateKey: USES_MATERIAL,
  // Of the primary; its replica's state has a test in update-primary-region.test.ts.
  UpdatePrimaryRegion: USES_MATERIAL,
  GetParametersForImport: WRITES,
  ImportKeyMaterial: WRITES,
  DeleteImportedKeyMaterial: READS,
}

/** Rows that need another kind of key than CreateKey makes by default. */
const KINDS: Readonly<Record<string, object>> = {
  GenerateMac: { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
  VerifyMac: { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
  Sign: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
  Verify: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
  DeriveSharedSecret: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' },
  GetPublicKey: { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
  ReplicateKey: { MultiRegion: true },
  UpdatePrimaryRegion: { MultiRegion: true },
}

/** Rows about keys with imported material, in whatever state. */
const IMPORTING = new Set(['GetParametersForImport', 'ImportKeyMaterial', 'DeleteImportedKeyMaterial'])

interface Subject {
  readonly KeyId: string
  readonly Arn: string
  /** Ciphertext, MAC, signature or public key, as the key's kind has it; made while the key was enabled. */
  readonly ciphertext: string
  /** Points at the key. */
  readonly alias: string
  /** Points at a key that stays enabled. */
  readonly otherAlias: string
  readonly freeAlias: string
  readonly spareKeyId: string
  readonly spareCiphertext: string
  /** Of keys with imported material: a request that imports it again. */
  readonly importing: object
  /** A grant of the key. */
  readonly grantId: string
}

const ROOT_ARN = `arn:aws:iam::${ACCOUNT}:root`

const POLICY = '{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}'
const Plaintext = Buffer.from('x')
const THIRD_REGION = 'ap-south-1'
const MAC = { Message: Plaintext, MacAlgorithm: 'HMAC_SHA_256' }
const SIGNING = { Message: Plaintext, SigningAlgorithm: 'ECDSA_SHA_256' }

const REQUESTS: Readonly<Record<string, (subject: Subject) => object>> = {
  Decrypt: ({ ciphertext }) => ({ CiphertextBlob: ciphertext }),
  Encrypt: ({ KeyId }) => ({ KeyId, Plaintext }),
  'ReEncrypt, source': ({ ciphertext, spareKeyId }) => ({ CiphertextBlob: ciphertext, DestinationKeyId: spareKeyId }),
  'ReEncrypt, destination': ({ spareCiphertext, KeyId }) => ({
    CiphertextBlob: spareCiphertext,
    DestinationKeyId: KeyId,
  }),
  GenerateDataKey: ({ KeyId }) => ({ KeyId, KeySpec: 'AES_256' }),
  GenerateDataKeyWithoutPlaintext: ({ KeyId }) => ({ KeyId, KeySpec: 'AES_256' }),
  GenerateDataKeyPair: ({ KeyId }) => ({ KeyId, KeyPairSpec: 'ECC_NIST_P256' }),
  GenerateDataKeyPairWithoutPlaintext: ({ KeyId }) => ({ KeyId, KeyPairSpec: 'ECC_NIST_P256' }),
  GenerateMac: ({ KeyId }) => ({ KeyId, ...MAC }),
  VerifyMac: ({ KeyId, ciphertext }) => ({ KeyId, ...MAC, Mac: ciphertext }),
  Sign: ({ KeyId }) => ({ KeyId, ...SIGNING }),
  Verify: ({ KeyId, ciphertext }) => ({ KeyId, ...SIGNING, Signature: ciphertext }),
  DeriveSharedSecret: ({ KeyId, ciphertext }) => ({ KeyId, KeyAgreementAlgorithm: 'ECDH', PublicKey: ciphertext }),
  GetPublicKey: ({ KeyId }) => ({ KeyId }),
  DescribeKey: ({ KeyId }) => ({ KeyId }),
  GetKeyPolicy: ({ KeyId }) => ({ KeyId }),
  ListKeyPolicies: ({ KeyId }) => ({ KeyId }),
  PutKeyPolicy: ({ KeyId }) => ({ KeyId, Policy: POLICY }),
  ListResourceTags: ({ KeyId }) => ({ KeyId }),
  ListAliases: ({ KeyId }) => ({ KeyId }),
  CreateGrant: ({ KeyId }) => ({ KeyId, GranteePrincipal: ROOT_ARN, Operations: ['DescribeKey'] }),
  ListGrants: ({ KeyId }) => ({ KeyId }),
  RetireGrant: ({ KeyId, grantId }) => ({ KeyId, GrantId: grantId }),
  RevokeGrant: ({ KeyId, grantId }) => ({ KeyId, GrantId: grantId }),
  DeleteAlias: ({ alias }) => ({ AliasName: alias }),
  CreateAlias: ({ freeAlias, KeyId }) => ({ AliasName: freeAlias, TargetKeyId: KeyId }),
  'UpdateAlias, new target': ({ otherAlias, KeyId }) => ({ AliasName: otherAlias, TargetKeyId: KeyId }),
  'UpdateAlias, old target': ({ alias, spareKeyId }) => ({ AliasName: alias, TargetKeyId: spareKeyId }),
  TagResource: ({ KeyId }) => ({ KeyId, Tags: [{ TagKey: 'a', TagValue: 'b' }] }),
  UntagResource: ({ KeyId }) => ({ KeyId, TagKeys: ['a'] }),
  UpdateKeyDescription: ({ KeyId }) => ({ KeyId, Description: 'd' }),
  EnableKey: ({ KeyId }) => ({ KeyId }),
  DisableKey: ({ KeyId }) => ({ KeyId }),
  ScheduleKeyDeletion: ({ KeyId }) => ({ KeyId }),
  EnableKeyRotation: ({ KeyId }) => ({ KeyId }),
  DisableKeyRotation: ({ KeyId }) => ({ KeyId }),
  RotateKeyOnDemand: ({ KeyId }) => ({ KeyId }),
  GetKeyLastUsage: ({ KeyId }) => ({ KeyId }),
  GetKeyRotationStatus: ({ KeyId }) => ({ KeyId }),
  ListKeyRotations: ({ KeyId }) => ({ KeyId }),
  CancelKeyDeletion: ({ KeyId }) => ({ KeyId }),
  GetParametersForImport: ({ KeyId }) => ({
    KeyId,
    WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
    WrappingKeySpec: 'RSA_2048',
  }),
  ReplicateKey: ({ KeyId }) => ({ KeyId, ReplicaRegion: THIRD_REGION }),
  UpdatePrimaryRegion: ({ KeyId }) => ({ KeyId, PrimaryRegion: OTHER_REGION }),
  ImportKeyMaterial: ({ importing }) => importing,
  DeleteImportedKeyMaterial: ({ KeyId }) => ({ KeyId }),
}

/** What fits the kinds above: 32 bytes, or the private key of a curve. */
function materialFor(spec: string): Buffer {
  if (!spec.startsWith('ECC')) return randomBytes(32)
  return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'der', type: 'pkcs8' })
}

/** Imports material into a key that waits for it. @returns the request. */
async function importInto({ KeyId, KeySpec }: Answer): Promise<object> {
  const parameters = await parametersFor(harness, KeyId)
  const { ImportToken } = parameters
  const request = { KeyId, ImportToken, EncryptedKeyMaterial: wrap(parameters, materialFor(KeySpec)), ...NEVER }
  await harness.call('ImportKeyMaterial', request)
  return request
}

let made = 0

/** What a key of this kind makes while it is enabled. */
async function productOf({ KeyId, KeyUsage }: Answer): Promise<string> {
  switch (KeyUsage) {
    case 'GENERATE_VERIFY_MAC':
      return (await harness.call('GenerateMac', { KeyId, ...MAC })).Mac
    case 'SIGN_VERIFY':
      return (await harness.call('Sign', { KeyId, ...SIGNING })).Signature
    case 'KEY_AGREEMENT':
      return (await harness.call('GetPublicKey', { KeyId })).PublicKey
    default:
      return (await harness.call('Encrypt', { KeyId, Plaintext })).CiphertextBlob
  }
}

async function subjectIn(state: ReachableState, row = ''): Promise<Subject> {
  const isExternal = state === 'PendingImport' || IMPORTING.has(row)
  const isPrimary = state === 'PendingReplicaDeletion'
  const kind = { ...(isExternal && { Origin: 'EXTERNAL' }), ...(isPrimary && { MultiRegion: true }) }
  const key = await newKey(harness, { ...KINDS[row], ...kind })
  const importing = isExternal ? await importInto(key) : {}
  // A primary that is pending deletion has no replicas, and one that waits for them gets one on its way there.
  if (row === 'UpdatePrimaryRegion' && !state.endsWith('Deletion')) {
    await harness.call('ReplicateKey', { KeyId: key.KeyId, ReplicaRegion: OTHER_REGION })
  }
  const { KeyId, Arn } = key
  // The quota of 50 would be reached if all pointed at one key.
  const target = await newKey(harness)
  const names = { alias: `alias/own-${++made}`, otherAlias: `alias/other-${made}`, freeAlias: `alias/free-${made}` }
  await harness.call('CreateAlias', { AliasName: names.alias, TargetKeyId: KeyId })
  await harness.call('CreateAlias', { AliasName: names.otherAlias, TargetKeyId: target.KeyId })
  const grant = { KeyId, GranteePrincipal: ROOT_ARN, Operations: ['DescribeKey'] }
  const { GrantId } = await harness.call('CreateGrant', grant)
  const ciphertext = await productOf(key)
  const spareSealed = await harness.call('Encrypt', { KeyId: spare.KeyId, Plaintext })
  await moveTo(harness, KeyId, state)
  return {
    KeyId,
    Arn,
    ...names,
    ciphertext,
    spareKeyId: spare.KeyId,
    spareCiphertext: spareSealed.CiphertextBlob,
    importing,
    grantId: GrantId,
  }
}

const FAILURES = {
  D: ['DisabledException', 'is disabled.'],
  PD: ['KMSInvalidStateException', 'is pending deletion.'],
  PR: ['KMSInvalidStateException', 'is pending replica deletion.'],
  PI: ['KMSInvalidStateException', 'is pending import.'],
  EX: ['UnsupportedOperationException', 'origin is EXTERNAL which is not valid for this operation.'],
  NP: ['KMSInvalidStateException', 'is not pending deletion.'],
} as const

async function assertOutcome(row: string, subject: Subject, outcome: Outcome): Promise<void> {
  const operation = row.split(',')[0]!
  const work = harness.call(operation, REQUESTS[row]!(subject))
  if (outcome === 'ok') {
    await work
    return
  }
  const [code, text] = FAILURES[outcome]
  await assertFails(work, code, `${subject.Arn} ${text}`)
}

for (const [row, outcomes] of Object.entries(TABLE)) {
  for (const [index, state] of STATES.entries()) {
    const outcome = outcomes[index]!
    test(`${row} on a key that is ${state}: ${outcome}`, async () => {
      await assertOutcome(row, await subjectIn(state, row), outcome)
    })
  }
}

test('every row has a request, and every request a row', () => {
  assert.deepEqual(Object.keys(REQUESTS).sort(), Object.keys(TABLE).sort())
})

test('a refused call leaves the state as it was', async () => {
  for (const [operation, state] of [
    ['EnableKey', 'PendingDeletion'],
    ['DisableKey', 'PendingDeletion'],
    ['ScheduleKeyDeletion', 'PendingDeletion'],
    ['EnableKey', 'PendingReplicaDeletion'],
    ['ScheduleKeyDeletion', 'PendingReplicaDeletion'],
    ['CancelKeyDeletion', 'Enabled'],
    ['CancelKeyDeletion', 'Disabled'],
    ['CancelKeyDeletion', 'PendingImport'],
    ['EnableKey', 'PendingImport'],
    ['DisableKey', 'PendingImport'],
  ] as const) {
    const { KeyId } = await subjectIn(state)
    await assert.rejects(harness.call(operation, { KeyId }), { code: 'KMSInvalidStateException' })
    assert.equal((await harness.call('DescribeKey', { KeyId })).KeyMetadata.KeyState, state)
  }
})

test('the state is looked at before the algorithm, and by alias and ARN as by id', async () => {
  const { Arn, alias, KeyId } = await subjectIn('Disabled')
  for (const name of [KeyId, Arn, alias]) {
    await assertFails(
      harness.call('Encrypt', { KeyId: name, Plaintext, EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' }),
      'DisabledException',
      `${Arn} is disabled.`,
    )
  }
})

test('a dry run reports the state', async () => {
  const { KeyId, Arn } = await subjectIn('PendingDeletion')
  await assertFails(
    harness.call('GenerateDataKey', { KeyId, KeySpec: 'AES_256', DryRun: true }),
    'KMSInvalidStateException',
    `${Arn} is pending deletion.`,
  )
  await assertFails(
    harness.call('GenerateDataKey', { KeyId: spare.KeyId, KeySpec: 'AES_256', DryRun: true }),
    ...DRY_RUN,
  )
})
