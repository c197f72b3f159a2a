/** AWS managed keys: lifecycle.md section 7 (MGD-*), authorization.md S-1, operations.md 3.13, 3.28, 3.32. */
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { KmsError } from '../../src/base/errors.ts'
import { ACCOUNT, type Answer, createHarness, type Harness, OTHER_ACCOUNT, REGION } from '../support/harness.ts'
import { DAY_MS, passDays, rotationsOf, serviceEvents, statusOf } from './rotations.ts'
import {
  aliasArn,
  assertFails,
  keyArn,
  lastRecord,
  memberNames,
  newKey,
  notVisible,
  OTHER_REGION,
  resource,
} from './support.ts'

let harness: Harness
/** Said by the audit log before it takes a record. */
let refuseChanges = false
before(async () => {
  harness = await createHarness({
    beforeAudit: (step, changes) => {
      if (step === 'admit' && changes && refuseChanges) throw new KmsError('KMSInternalException')
    },
  })
})
after(() => harness.close())
beforeEach(() => {
  refuseChanges = false
})

/** A Region for each test that needs one without keys. */
let regions = 0
const emptyRegion = () => ({ region: `eu-test-${++regions}` })

const describe = async (KeyId: string, caller?: object) =>
  (await harness.call('DescribeKey', { KeyId }, caller)).KeyMetadata
const aliasesIn = async (body: object, caller?: object) => (await harness.call('ListAliases', body, caller)).Aliases
const keysIn = async (caller?: object) => (await harness.call('ListKeys', {}, caller)).Keys

function refused(permission: string, arn: string): readonly ['AccessDeniedException', string] {
  const who = `User: arn:aws:iam::${ACCOUNT}:user/alice is not authorized to perform: ${permission}`
  return [
    'AccessDeniedException',
    `${who} on resource: ${arn} because no resource-based policy allows the ${permission} action`,
  ]
}

test('the first DescribeKey of a predefined alias makes the key, every further one finds it (MGD-1)', async () => {
  const caller = emptyRegion()
  assert.deepEqual(await keysIn(caller), [])
  const key = await describe('alias/aws/s3', caller)
  assert.deepEqual(key, {
    AWSAccountId: ACCOUNT,
    KeyId: key.KeyId,
    Arn: keyArn(key.KeyId, ACCOUNT, caller.region),
    CreationDate: harness.clock.now() / 1000,
    Enabled: true,
    Description: 'Default key that protects my S3 objects when no other key is defined',
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeyState: 'Enabled',
    Origin: 'AWS_KMS',
    KeyManager: 'AWS',
    CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    KeySpec: 'SYMMETRIC_DEFAULT',
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    MultiRegion: false,
    CurrentKeyMaterialId: key.CurrentKeyMaterialId,
  })
  assert.match(key.KeyId, /^[0-9a-f]{8}-[0-9a-f]{4}-/)
  assert.match(key.CurrentKeyMaterialId, /^[0-9a-f]{64}$/)
  for (const name of ['alias/aws/s3', aliasArn('alias/aws/s3', ACCOUNT, caller.region), key.KeyId, key.Arn]) {
    assert.deepEqual(await describe(name, caller), key)
  }
  assert.deepEqual(await keysIn(caller), [{ KeyId: key.KeyId, KeyArn: key.Arn }])
})

test('its alias ARN makes it as well', async () => {
  const caller = emptyRegion()
  assert.equal((await describe(aliasArn('alias/aws/ebs', ACCOUNT, caller.region), caller)).KeyManager, 'AWS')
})

test('each account and Region has its own', async () => {
  const [one, other] = [emptyRegion(), emptyRegion()]
  const keys = [
    await describe('alias/aws/rds', one),
    await describe('alias/aws/rds', other),
    await describe('alias/aws/rds', { ...one, account: OTHER_ACCOUNT }),
  ]
  assert.equal(new Set(keys.map(({ Arn }) => Arn)).size, 3)
  assert.equal(keys[2].AWSAccountId, OTHER_ACCOUNT)
})

test('calls at the same time make one', async () => {
  const caller = emptyRegion()
  const keys = await Promise.all(Array.from({ length: 8 }, () => describe('alias/aws/sqs', caller)))
  assert.equal(new Set(keys.map(({ KeyId }) => KeyId)).size, 1)
  assert.equal((await keysIn(caller)).length, 1)
  const events = serviceEvents(harness, keys[0].Arn)
  assert.equal(events.length, 1)
})

test('its making is an event of its own, before the record of the call', async () => {
  const caller = emptyRegion()
  const { Arn } = await describe('alias/aws/ssm', caller)
  const [event, call] = harness.auditRecords().slice(-2)
  const { eventName, eventType, userIdentity, resources, responseElements, serviceEventDetails, readOnly } = event
  assert.deepEqual(
    { eventName, eventType, userIdentity, resources, responseElements, serviceEventDetails, readOnly },
    {
      eventName: 'CreateKey',
      eventType: 'AwsServiceEvent',
      userIdentity: { accountId: ACCOUNT, invokedBy: 'AWS Internal' },
      resources: [resource(Arn)],
      responseElements: { keyId: Arn },
      serviceEventDetails: { aliasName: 'alias/aws/ssm' },
      readOnly: false,
    },
  )
  assert.equal(call.eventName, 'DescribeKey')
  assert.deepEqual(call.requestParameters, { keyId: 'alias/aws/ssm' })
  assert.deepEqual(call.resources, [resource(Arn)])
})

test('where changes cannot be recorded none is made', async () => {
  const caller = emptyRegion()
  refuseChanges = true
  await assertFails(describe('alias/aws/glue', caller), 'KMSInternalException', undefined)
  assert.deepEqual(lastRecord(harness).resources, [], 'no key that never was is on record')
  refuseChanges = false
  assert.deepEqual(await keysIn(caller), [])
})

test('nothing else makes one', async () => {
  const caller = emptyRegion()
  const gone = (name: string) =>
    ['NotFoundException', `Alias ${aliasArn(name, ACCOUNT, caller.region)} is not found.`] as const
  await assertFails(describe('alias/aws/no-such-service', caller), ...gone('alias/aws/no-such-service'))
  await assertFails(describe('alias/aws/', caller), ...gone('alias/aws/'))
  await assertFails(describe('alias/s3', caller), ...gone('alias/s3'))
  const calls = {
    Encrypt: { Plaintext: 'eA==' },
    GenerateDataKey: { KeySpec: 'AES_256' },
    GetPublicKey: {},
  }
  for (const [operation, body] of Object.entries(calls)) {
    await assertFails(harness.call(operation, { KeyId: 'alias/aws/s3', ...body }, caller), ...gone('alias/aws/s3'))
  }
  assert.deepEqual(await keysIn(caller), [])
})

test('who may not describe it makes none', async () => {
  const owner = emptyRegion()
  const KeyId = aliasArn('alias/aws/s3', ACCOUNT, owner.region)
  const caller = { ...owner, account: OTHER_ACCOUNT }
  await assertFails(describe(KeyId, caller), 'AccessDeniedException', notVisible('kms:DescribeKey'))
  assert.deepEqual(await keysIn(owner), [])
  assert.deepEqual(await keysIn(caller), [])
})

test('ListAliases lists predefined aliases, with a target as soon as there is one (operations.md 3.32)', async () => {
  const caller = emptyRegion()
  const before = await aliasesIn({}, caller)
  assert.ok(before.length >= 14)
  const arn = aliasArn('alias/aws/s3', ACCOUNT, caller.region)
  assert.deepEqual(
    before.find(({ AliasName }: Answer) => AliasName === 'alias/aws/s3'),
    { AliasName: 'alias/aws/s3', AliasArn: arn },
  )
  for (const alias of before) assert.deepEqual(memberNames(alias), ['AliasArn', 'AliasName'])

  const { KeyId, CreationDate } = await describe('alias/aws/s3', caller)
  const after = await aliasesIn({}, caller)
  assert.deepEqual(
    after.map(({ AliasName }: Answer) => AliasName),
    before.map(({ AliasName }: Answer) => AliasName),
  )
  const entry = {
    AliasName: 'alias/aws/s3',
    AliasArn: arn,
    TargetKeyId: KeyId,
    CreationDate,
    LastUpdatedDate: CreationDate,
  }
  assert.deepEqual(
    after.find(({ AliasName }: Answer) => AliasName === 'alias/aws/s3'),
    entry,
  )
  assert.deepEqual(await aliasesIn({ KeyId }, caller), [entry])
})

test('pages of aliases go through predefined ones and others in order of name', async () => {
  const caller = emptyRegion()
  const { KeyId } = await newKey(harness, {}, caller)
  const own = ['alias/a', 'alias/aws-like', 'alias/awt', 'alias/z']
  for (const AliasName of own) await harness.call('CreateAlias', { AliasName, TargetKeyId: KeyId }, caller)
  await describe('alias/aws/lambda', caller)
  const all = await aliasesIn({}, caller)
  const names: string[] = all.map(({ AliasName }: Answer) => AliasName)
  assert.deepEqual(names, [...names].sort())
  assert.deepEqual(
    names.filter((name) => !name.startsWith('alias/aws/')),
    own,
  )
  for (const Limit of [1, 2, 3, 7]) {
    const paged: Answer[] = []
    let Marker: string | undefined
    do {
      const page = await harness.call('ListAliases', { Limit, ...(Marker && { Marker }) }, caller)
      assert.ok(page.Aliases.length === Limit || !page.Truncated)
      paged.push(...page.Aliases)
      Marker = page.NextMarker
    } while (Marker !== undefined)
    assert.deepEqual(paged, all)
  }
})

test('the policy is that of the service (MGD-6), word for word as recorded of the queue service', async () => {
  const { KeyId } = await describe('alias/aws/sqs')
  const { Policy } = await harness.call('GetKeyPolicy', { KeyId })
  assert.equal(
    Policy,
    `{
  "Version" : "2012-10-17",
  "Id" : "auto-sqs-1",
  "Statement" : [ {
    "Sid" : "Allow access through Simple Queue Service (SQS) for all principals in the account that are authorized to use SQS",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "*"
    },
    "Action" : [ "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant", "kms:DescribeKey" ],
    "Resource" : "*",
    "Condition" : {
      "StringEquals" : {
        "kms:ViaService" : "sqs.${REGION}.amazonaws.com",
        "kms:CallerAccount" : "${ACCOUNT}"
      }
    }
  }, {
    "Sid" : "Allow direct access to key metadata to the account",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::${ACCOUNT}:root"
    },
    "Action" : [ "kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant" ],
    "Resource" : "*"
  } ]
}`,
  )
})

test('EBS volumes are used through EC2', async () => {
  const { KeyId } = await describe('alias/aws/ebs')
  const { Policy } = await harness.call('GetKeyPolicy', { KeyId })
  const [{ Condition }] = JSON.parse(Policy).Statement
  assert.equal(Condition.StringEquals['kms:ViaService'], `ec2.${REGION}.amazonaws.com`)
})

test('it can be read (MGD-2)', async () => {
  const { KeyId, Arn } = await describe('alias/aws/acm')
  assert.deepEqual(await harness.call('ListKeyPolicies', { KeyId }), { PolicyNames: ['default'], Truncated: false })
  assert.deepEqual(await harness.call('ListResourceTags', { KeyId }), { Tags: [], Truncated: false })
  assert.deepEqual((await harness.call('GetKeyLastUsage', { KeyId })).KeyLastUsage, {})
  const { Rotations } = await harness.call('ListKeyRotations', { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' })
  assert.deepEqual(
    Rotations.map(({ KeyMaterialState }: Answer) => KeyMaterialState),
    ['CURRENT'],
  )
  await assertFails(harness.call('GetPublicKey', { KeyId }), 'UnsupportedOperationException', undefined)
  await assertFails(
    harness.call('GetParametersForImport', {
      KeyId,
      WrappingAlgorithm: 'RSAES_OAEP_SHA_256',
      WrappingKeySpec: 'RSA_2048',
    }),
    'UnsupportedOperationException',
    `${Arn} origin is AWS_KMS which is not valid for this operation.`,
  )
})

/** MGD-3: every operation on a key that changes or uses it, and the permission that is missing. */
const REFUSED: Readonly<Record<string, { readonly body: object; readonly permission?: string }>> = {
  CancelKeyDeletion: { body: {} },
  DeleteImportedKeyMaterial: { body: {} },
  DisableKey: { body: {} },
  DisableKeyRotation: { body: {} },
  EnableKey: { body: {} },
  EnableKeyRotation: { body: {} },
  Encrypt: { body: { Plaintext: 'eA==' } },
  GenerateDataKey: { body: { KeySpec: 'AES_256' } },
  GenerateDataKeyPair: { body: { KeyPairSpec: 'ECC_NIST_P256' } },
  GenerateDataKeyPairWithoutPlaintext: { body: { KeyPairSpec: 'ECC_NIST_P256' } },
  GenerateDataKeyWithoutPlaintext: { body: { KeySpec: 'AES_256' } },
  GenerateMac: { body: { Message: 'eA==', MacAlgorithm: 'HMAC_SHA_256' } },
  ImportKeyMaterial: {
    body: { ImportToken: 'eA==', EncryptedKeyMaterial: 'eA==', ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' },
  },
  PutKeyPolicy: {
    body: { Policy: '{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}' },
  },
  RotateKeyOnDemand: { body: {} },
  ScheduleKeyDeletion: { body: {} },
  Sign: { body: { Message: 'eA==', SigningAlgorithm: 'ECDSA_SHA_256' } },
  TagResource: { body: { Tags: [{ TagKey: 'a', TagValue: 'b' }] } },
  UntagResource: { body: { TagKeys: ['a'] } },
  UpdateKeyDescription: { body: { Description: 'mine' } },
  Verify: { body: { Message: 'eA==', Signature: 'eA==', SigningAlgorithm: 'ECDSA_SHA_256' } },
  VerifyMac: { body: { Message: 'eA==', Mac: 'eA==', MacAlgorithm: 'HMAC_SHA_256' } },
}

for (const [operation, { body }] of Object.entries(REFUSED)) {
  test(`${operation} is refused, and changes nothing`, async () => {
    const before = await describe('alias/aws/dynamodb')
    const { Policy } = await harness.call('GetKeyPolicy', { KeyId: before.KeyId })
    for (const KeyId of [before.KeyId, before.Arn]) {
      await assertFails(harness.call(operation, { KeyId, ...body }), ...refused(`kms:${operation}`, before.Arn))
    }
    assert.equal(lastRecord(harness).errorCode, 'AccessDenied')
    assert.deepEqual(await describe(before.KeyId), before)
    assert.equal((await harness.call('GetKeyPolicy', { KeyId: before.KeyId })).Policy, Policy)
    assert.deepEqual((await harness.call('ListResourceTags', { KeyId: before.KeyId })).Tags, [])
  })
}

test('a dry run is refused as well', async () => {
  const { Arn } = await describe('alias/aws/dynamodb')
  await assertFails(
    harness.call('Encrypt', { KeyId: 'alias/aws/dynamodb', Plaintext: 'eA==', DryRun: true }),
    ...refused('kms:Encrypt', Arn),
  )
})

test('its own ciphertexts cannot be decrypted directly, nor ciphertexts be moved to it', async () => {
  const managed = await describe('alias/aws/dynamodb')
  const stored = await harness.store.findKey({ account: ACCOUNT, region: REGION, keyId: managed.KeyId })
  const call = { principal: { arn: 'dynamodb.amazonaws.com' }, requestId: 'r-1' }
  const cipher = { algorithm: 'SYMMETRIC_DEFAULT', context: undefined, operation: 'Encrypt', call }
  // As its service would have made it.
  const CiphertextBlob = await harness.service.keyMaterials.encrypt(stored!, cipher, Buffer.from('x'))
  const { KeyId } = await newKey(harness)
  await assertFails(harness.call('Decrypt', { CiphertextBlob }), ...refused('kms:Decrypt', managed.Arn))
  await assertFails(
    harness.call('ReEncrypt', { CiphertextBlob, DestinationKeyId: KeyId }),
    ...refused('kms:ReEncryptFrom', managed.Arn),
  )
  const own = await harness.call('Encrypt', { KeyId, Plaintext: 'eA==' })
  await assertFails(
    harness.call('ReEncrypt', { CiphertextBlob: own.CiphertextBlob, DestinationKeyId: managed.KeyId }),
    ...refused('kms:ReEncryptTo', managed.Arn),
  )
})

test('no alias can be given to it or taken from it (operations.md 3.3)', async () => {
  const { KeyId: TargetKeyId, Arn } = await describe('alias/aws/xray')
  await assertFails(
    harness.call('CreateAlias', { AliasName: 'alias/mine', TargetKeyId }),
    ...refused('kms:CreateAlias', Arn),
  )
  const own = await newKey(harness)
  await harness.call('CreateAlias', { AliasName: 'alias/to-own', TargetKeyId: own.KeyId })
  await assertFails(
    harness.call('UpdateAlias', { AliasName: 'alias/to-own', TargetKeyId }),
    ...refused('kms:UpdateAlias', Arn),
  )
  const reserved = ['NotAuthorizedException', undefined] as const
  await assertFails(harness.call('UpdateAlias', { AliasName: 'alias/aws/xray', TargetKeyId: own.KeyId }), ...reserved)
  await assertFails(harness.call('DeleteAlias', { AliasName: 'alias/aws/xray' }), ...reserved)
  assert.equal((await describe('alias/to-own')).KeyId, own.KeyId)
})

test('another account does not see it', async () => {
  const { Arn } = await describe('alias/aws/kafka')
  for (const [operation, body] of [
    ['Encrypt', { Plaintext: 'eA==' }],
    ['DescribeKey', {}],
    ['DisableKey', {}],
  ] as const) {
    await assertFails(
      harness.call(operation, { KeyId: Arn, ...body }, { account: OTHER_ACCOUNT }),
      'AccessDeniedException',
      notVisible(`kms:${operation}`),
    )
  }
})

test('it rotates every 365 days, and tells of it from the first rotation on (MGD-4, ROT-20)', async () => {
  const aws = await createHarness()
  const { KeyId, Arn, CreationDate, CurrentKeyMaterialId } = (await aws.call('DescribeKey', { KeyId: 'alias/aws/s3' }))
    .KeyMetadata
  const created = CreationDate * 1000
  await passDays(aws, 364.9)
  assert.deepEqual(await statusOf(aws, KeyId), { KeyRotationEnabled: false, KeyId: Arn })
  assert.deepEqual(await rotationsOf(aws, KeyId), [])

  for (const year of [1, 2, 3]) {
    await passDays(aws, year === 1 ? 0.2 : 365)
    const rotations = await rotationsOf(aws, KeyId)
    assert.equal(rotations.length, year)
    assert.equal(rotations.at(-1).RotationType, 'AUTOMATIC')
    assert.deepEqual(await statusOf(aws, KeyId), {
      KeyRotationEnabled: true,
      KeyId: Arn,
      RotationPeriodInDays: 365,
      NextRotationDate: (created + (year + 1) * 365 * DAY_MS) / 1000,
    })
  }
  const metadata = (await aws.call('DescribeKey', { KeyId })).KeyMetadata
  assert.notEqual(metadata.CurrentKeyMaterialId, CurrentKeyMaterialId)
  assert.deepEqual(
    serviceEvents(aws, Arn).map(({ eventName }) => eventName),
    ['CreateKey', 'RotateKey', 'RotateKey', 'RotateKey'],
  )
  await aws.close()
})

test('it does not count against the quota of keys (MGD-5)', async () => {
  const caller = emptyRegion()
  await newKey(harness, {}, caller)
  for (const name of ['s3', 'ebs', 'rds']) await describe(`alias/aws/${name}`, caller)
  assert.equal((await keysIn(caller)).length, 4)
  assert.equal(await harness.store.countKeys(ACCOUNT, caller.region), 1)
})

test('what the server keeps for itself never shows in a list (MGD-8)', async () => {
  const caller = { region: OTHER_REGION }
  await newKey(harness, {}, caller)
  const { KeyId } = await newKey(harness, { Origin: 'EXTERNAL' }, caller)
  // Sealing and importing use keys of the server's own.
  await harness.call(
    'GetParametersForImport',
    { KeyId, WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' },
    caller,
  )
  assert.notEqual(await harness.store.newestDomainKey(), undefined)
  assert.equal((await keysIn(caller)).length, 2)
})
