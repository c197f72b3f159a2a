/** ReplicateKey: operations.md 3.41, 6.1, 6.2; lifecycle.md 6.1, CRE-30; audit.md AU-7, AU-8, 4.3. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { KEYS_PER_ACCOUNT_AND_REGION_MAX } from '../../src/base/limits.ts'
import { ACCOUNT, createHarness, type Harness, OTHER_ACCOUNT } from '../support/harness.ts'
import {
  AWAY,
  decryptIn,
  encryptIn,
  FAR,
  HOME,
  metadataIn,
  newPrimary,
  newSet,
  replicate,
  setSeenFrom,
  stateIn,
  there,
} from './multi-region.ts'
import { NO_ALIAS, passDays } from './rotations.ts'
import { assertFails, assertValidation, constraint, keyArn, newKey, notVisible, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const awayArn = (keyId: string) => keyArn(keyId, ACCOUNT, AWAY)

const DEFAULT_POLICY = `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::${ACCOUNT}:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`

test('the answer shows the replica while it is made, with nothing of the primary that is not shared', async () => {
  const Tags = [{ TagKey: 'of', TagValue: 'the primary' }]
  const policy = '{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}'
  const { KeyId, Arn } = await newPrimary(harness, { Description: 'primary', Tags, Policy: policy })
  harness.clock.advance(5_000)
  const answer = await replicate(harness, KeyId, AWAY)
  assert.deepEqual(answer, {
    ReplicaKeyMetadata: {
      AWSAccountId: ACCOUNT,
      KeyId,
      Arn: awayArn(KeyId),
      CreationDate: harness.clock.now() / 1000,
      Enabled: false,
      Description: '',
      KeyUsage: 'ENCRYPT_DECRYPT',
      KeyState: 'Creating',
      Origin: 'AWS_KMS',
      KeyManager: 'CUSTOMER',
      CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
      KeySpec: 'SYMMETRIC_DEFAULT',
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      MultiRegion: true,
      MultiRegionConfiguration: {
        MultiRegionKeyType: 'REPLICA',
        PrimaryKey: { Arn, Region: HOME },
        ReplicaKeys: [{ Arn: awayArn(KeyId), Region: AWAY }],
      },
    },
    ReplicaPolicy: DEFAULT_POLICY,
  })
  assert.deepEqual((await harness.call('ListResourceTags', { KeyId }, there(AWAY))).Tags, [])
  assert.equal((await harness.call('GetKeyPolicy', { KeyId }, there(AWAY))).Policy, DEFAULT_POLICY)
})

test('a moment later it is an enabled key of its Region, with the material of its primary', async () => {
  const { KeyId, CurrentKeyMaterialId } = await newPrimary(harness)
  const { ReplicaKeyMetadata } = await replicate(harness, KeyId, AWAY)
  const made = { ...ReplicaKeyMetadata, KeyState: 'Enabled', Enabled: true, CurrentKeyMaterialId }
  assert.deepEqual(await metadataIn(harness, AWAY, KeyId), made)
  const { Keys } = await harness.call('ListKeys', { Limit: 1000 }, there(AWAY))
  assert.ok(Keys.some(({ KeyArn }: { KeyArn: string }) => KeyArn === awayArn(KeyId)))
})

test('a replica has the policy, the description and the tags that it was given, and keeps them for itself', async () => {
  const { KeyId } = await newPrimary(harness)
  const Policy =
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}]}'
  const Tags = [
    { TagKey: 'z', TagValue: '1' },
    { TagKey: 'a', TagValue: '' },
  ]
  const given = { Policy, Tags, Description: 'away', BypassPolicyLockoutSafetyCheck: true }
  const answer = await replicate(harness, KeyId, AWAY, given)
  assert.deepEqual(answer.ReplicaTags, Tags)
  assert.deepEqual(JSON.parse(answer.ReplicaPolicy), JSON.parse(Policy))
  assert.notEqual(answer.ReplicaPolicy, Policy, 'it is printed, not echoed')
  assert.equal(answer.ReplicaKeyMetadata.Description, 'away')
  assert.deepEqual((await harness.call('ListResourceTags', { KeyId }, there(AWAY))).Tags, Tags)
  assert.equal((await harness.call('GetKeyPolicy', { KeyId }, there(AWAY))).Policy, answer.ReplicaPolicy)
  assert.equal((await metadataIn(harness, HOME, KeyId)).Description, '')
  assert.deepEqual((await harness.call('ListResourceTags', { KeyId })).Tags, [])
})

test('an empty list of tags is no list', async () => {
  const { KeyId } = await newPrimary(harness)
  assert.equal('ReplicaTags' in (await replicate(harness, KeyId, AWAY, { Tags: [] })), false)
})

test('every member shows the same set, sorted by Region, and its own role', async () => {
  const KeyId = await newSet(harness, [AWAY, FAR, 'ca-central-1'])
  const replicas = [FAR, 'ca-central-1', AWAY]
  assert.deepEqual(await setSeenFrom(harness, HOME, KeyId), ['PRIMARY', HOME, replicas])
  for (const region of replicas)
    assert.deepEqual(await setSeenFrom(harness, region, KeyId), ['REPLICA', HOME, replicas])
})

test('keys of every kind work alike in all Regions', async () => {
  const Message = Buffer.from('x')
  const signing = { Message, SigningAlgorithm: 'ECDSA_SHA_256' }
  const signer = await newSet(harness, [AWAY], { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
  const { Signature } = await harness.call('Sign', { KeyId: signer, ...signing }, there(AWAY))
  assert.equal((await harness.call('Verify', { KeyId: signer, ...signing, Signature })).SignatureValid, true)
  const publicKeyIn = async (region: string) =>
    (await harness.call('GetPublicKey', { KeyId: signer }, there(region))).PublicKey
  assert.equal(await publicKeyIn(HOME), await publicKeyIn(AWAY))

  const mac = { Message, MacAlgorithm: 'HMAC_SHA_256' }
  const maker = await newSet(harness, [AWAY], { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
  const { Mac } = await harness.call('GenerateMac', { KeyId: maker, ...mac })
  assert.equal((await harness.call('VerifyMac', { KeyId: maker, ...mac, Mac }, there(AWAY))).MacValid, true)

  const rsa = { EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }
  const sealer = await newSet(harness, [AWAY], { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' })
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId: sealer, Plaintext: Message, ...rsa })
  const opened = await harness.call('Decrypt', { KeyId: sealer, CiphertextBlob, ...rsa }, there(AWAY))
  assert.equal(opened.Plaintext, Message.toString('base64'))
})

test('a replica has every material of its set, so it decrypts what is older than itself (MRK-16)', async () => {
  const { KeyId } = await newPrimary(harness)
  const blobs = [await encryptIn(harness, HOME, KeyId)]
  for (let rotation = 0; rotation < 2; rotation++) {
    await harness.call('RotateKeyOnDemand', { KeyId })
    blobs.push(await encryptIn(harness, HOME, KeyId))
  }
  await replicate(harness, KeyId, AWAY)
  for (const blob of blobs) assert.equal(await decryptIn(harness, AWAY, blob), HOME)
  const request = { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }
  const [ours, theirs] = [
    await harness.call('ListKeyRotations', request),
    await harness.call('ListKeyRotations', request, there(AWAY)),
  ]
  assert.equal(ours.Rotations.length, 3)
  const inAway = ours.Rotations.map((entry: object) => ({ ...entry, KeyId: awayArn(KeyId) }))
  assert.deepEqual(theirs.Rotations, inAway)
})

test('only a primary can be replicated, and that is looked at before its state (MRK-12)', async () => {
  const single = await newKey(harness)
  const refused = (arn: string) =>
    ['UnsupportedOperationException', `${arn} is not a multi-region primary key.`] as const
  await assertFails(replicate(harness, single.KeyId, AWAY), ...refused(single.Arn))
  const KeyId = await newSet(harness, [AWAY])
  // Into its own Region, into the primary's, and into a third one.
  for (const ReplicaRegion of [AWAY, HOME, FAR]) {
    const work = harness.call('ReplicateKey', { KeyId, ReplicaRegion }, there(AWAY))
    await assertFails(work, ...refused(awayArn(KeyId)))
  }
  await harness.call('DisableKey', { KeyId }, there(AWAY))
  const work = harness.call('ReplicateKey', { KeyId, ReplicaRegion: FAR }, there(AWAY))
  await assertFails(work, ...refused(awayArn(KeyId)))
})

test('a Region has one replica at most, even while it waits for its deletion (MRK-13)', async () => {
  const KeyId = await newSet(harness, [AWAY])
  const refused = [
    'AlreadyExistsException',
    'You can create only one replica of each primary key in each AWS Region.',
  ] as const
  await assertFails(replicate(harness, KeyId, AWAY), ...refused)
  await harness.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 }, there(AWAY))
  await assertFails(replicate(harness, KeyId, AWAY), ...refused)
  assert.equal(await stateIn(harness, AWAY, KeyId), 'PendingDeletion')
})

test('a replica whose time is over does not block its Region, whether or not the job has come by', async () => {
  for (const jobsRun of [true, false]) {
    const KeyId = await newSet(harness, [AWAY, FAR])
    const blob = await encryptIn(harness, AWAY, KeyId)
    await harness.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 }, there(AWAY))
    if (jobsRun) await passDays(harness, 7)
    else harness.clock.advance(7 * 86_400_000)
    await assert.rejects(decryptIn(harness, AWAY, blob), { code: 'AccessDeniedException' })
    await replicate(harness, KeyId, AWAY, { Description: 'again' })
    assert.equal((await metadataIn(harness, AWAY, KeyId)).Description, 'again')
    assert.equal(await decryptIn(harness, AWAY, blob), AWAY)
    assert.deepEqual(await setSeenFrom(harness, FAR, KeyId), ['REPLICA', HOME, [FAR, AWAY]])
    const deletions = harness
      .auditRecords()
      .filter(({ eventName, resources }) => eventName === 'DeleteKey' && resources[0].ARN === awayArn(KeyId))
    assert.equal(deletions.length, 1)
  }
})

test('Regions that cannot have a replica are refused', async () => {
  const { KeyId } = await newPrimary(harness)
  await assertValidation(
    replicate(harness, KeyId, HOME),
    `${HOME} cannot have a replica because it contains the primary.`,
  )
  for (const region of ['cn-north-1', 'us-gov-west-1']) {
    await assertValidation(
      replicate(harness, KeyId, region),
      'The replica key Region must be in the same AWS partition as the primary key Region.',
    )
  }
  for (const region of ['Frankfurt', 'eu-central', 'EU-CENTRAL-1', 'eu_west_1', 'eu-west-1b']) {
    await assertValidation(
      replicate(harness, KeyId, region),
      constraint(`'${region}'`, 'replicaRegion', 'satisfy regular expression pattern: ^([a-z]+-){2,3}\\d+$'),
    )
  }
  await assertValidation(
    harness.call('ReplicateKey', { KeyId }),
    constraint('', 'replicaRegion', 'not be null').replace('Value at', 'Value null at'),
  )
  assert.deepEqual(await setSeenFrom(harness, HOME, KeyId), ['PRIMARY', HOME, []])
})

test('policies and tags are checked as those of CreateKey, and nothing is made', async () => {
  const { KeyId } = await newPrimary(harness)
  const work = (more: object) => replicate(harness, KeyId, AWAY, more)
  await assert.rejects(work({ Policy: '{"Statement":[' }), { code: 'MalformedPolicyDocumentException' })
  await assert.rejects(work({ Policy: `{"Id":"${'x'.repeat(32_768)}"}` }), { code: 'LimitExceededException' })
  await assertFails(
    work({ Tags: [{ TagKey: 'aws:x', TagValue: '' }] }),
    'TagException',
    'Tags beginning with aws: are reserved',
  )
  await assert.rejects(harness.call('DescribeKey', { KeyId }, there(AWAY)), { code: 'NotFoundException' })
  assert.deepEqual(await setSeenFrom(harness, HOME, KeyId), ['PRIMARY', HOME, []])
})

test('the quota of keys is that of the replica’s Region (CRE-30)', async () => {
  const { KeyId } = await newPrimary(harness)
  // As many keys as there may be, without making them: the store is asked for their number.
  const counted = harness.store.change.bind(harness.store)
  harness.store.change = (work) =>
    counted((change) =>
      work({
        ...change,
        countKeys: async (_account, region) => (region === AWAY ? KEYS_PER_ACCOUNT_AND_REGION_MAX : 0),
      }),
    )
  try {
    await assert.rejects(replicate(harness, KeyId, AWAY), { code: 'LimitExceededException' })
    await replicate(harness, KeyId, FAR)
  } finally {
    harness.store.change = counted
  }
  assert.deepEqual(await setSeenFrom(harness, HOME, KeyId), ['PRIMARY', HOME, [FAR]])
})

test('keys are named by id or ARN in their own Region and account', async () => {
  const { KeyId, Arn } = await newPrimary(harness)
  await harness.call('CreateAlias', { AliasName: 'alias/primary', TargetKeyId: KeyId })
  await assertFails(replicate(harness, 'alias/primary', AWAY), ...NO_ALIAS)
  await assertFails(
    harness.call('ReplicateKey', { KeyId: Arn, ReplicaRegion: AWAY }, { account: OTHER_ACCOUNT }),
    'AccessDeniedException',
    notVisible('kms:ReplicateKey'),
  )
  const elsewhere = harness.call('ReplicateKey', { KeyId: Arn, ReplicaRegion: FAR }, there(AWAY))
  await assertFails(elsewhere, 'NotFoundException', `Invalid arn ${HOME}`)
  assert.equal((await replicate(harness, Arn, AWAY)).ReplicaKeyMetadata.KeyId, KeyId)
})

test('it is recorded in the primary’s Region, as a creation in the replica’s, and as a synchronisation', async () => {
  const { KeyId, Arn } = await newPrimary(harness)
  const Tags = [{ TagKey: 'team', TagValue: 'blue' }]
  await replicate(harness, KeyId, AWAY, { Tags, Description: 'away' })
  const [call, creation, synchronisation] = harness.auditRecords().slice(-3)
  const choices = {
    description: 'away',
    bypassPolicyLockoutSafetyCheck: false,
    tags: [{ tagKey: 'team', tagValue: 'blue' }],
  }
  const metadata = {
    aWSAccountId: ACCOUNT,
    keyId: KeyId,
    arn: awayArn(KeyId),
    creationDate: call.responseElements.replicaKeyMetadata.creationDate,
    enabled: false,
    description: 'away',
    keyUsage: 'ENCRYPT_DECRYPT',
    keyState: 'Creating',
    origin: 'AWS_KMS',
    keyManager: 'CUSTOMER',
    keySpec: 'SYMMETRIC_DEFAULT',
    customerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    encryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    multiRegion: true,
  }
  assert.equal(call.eventName, 'ReplicateKey')
  assert.equal(call.awsRegion, HOME)
  assert.deepEqual(call.requestParameters, { keyId: KeyId, replicaRegion: AWAY, ...choices })
  assert.deepEqual(call.responseElements, {
    replicaKeyMetadata: {
      ...metadata,
      multiRegionConfiguration: {
        multiRegionKeyType: 'REPLICA',
        primaryKey: { arn: Arn, region: HOME },
        replicaKeys: [{ arn: awayArn(KeyId), region: AWAY }],
      },
    },
    replicaPolicy: DEFAULT_POLICY,
  })
  assert.deepEqual(call.resources, [resource(Arn)])
  assert.equal(call.userIdentity.invokedBy, undefined)

  assert.equal(creation.eventName, 'CreateKey')
  assert.equal(creation.awsRegion, AWAY)
  assert.equal(creation.eventType, 'AwsApiCall')
  assert.equal(creation.readOnly, false)
  assert.deepEqual(creation.userIdentity, { ...call.userIdentity, invokedBy: 'kms.amazonaws.com' })
  assert.equal(creation.requestID, call.requestID)
  assert.notEqual(creation.eventID, call.eventID)
  assert.deepEqual(creation.requestParameters, {
    ...choices,
    keyUsage: 'ENCRYPT_DECRYPT',
    keySpec: 'SYMMETRIC_DEFAULT',
    customerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    origin: 'AWS_KMS',
    multiRegion: true,
  })
  assert.deepEqual(creation.responseElements, { keyMetadata: metadata })
  assert.deepEqual(creation.resources, [resource(awayArn(KeyId))])

  assert.equal(synchronisation.eventName, 'SynchronizeMultiRegionKey')
  assert.equal(synchronisation.eventType, 'AwsServiceEvent')
  assert.equal(synchronisation.awsRegion, HOME)
  assert.deepEqual(synchronisation.responseElements, { keyId: Arn })
  assert.deepEqual(synchronisation.resources, [resource(Arn)])
  assert.equal('serviceEventDetails' in synchronisation, false)
})

test('a refused replication has one record, in the Region of the call', async () => {
  const { KeyId, Arn } = await newPrimary(harness)
  const before = harness.auditRecords().length
  await assert.rejects(replicate(harness, KeyId, HOME))
  const [record, ...more] = harness.auditRecords().slice(before)
  assert.deepEqual(more, [])
  assert.equal(record.errorCode, 'ValidationException')
  assert.equal(record.awsRegion, HOME)
  assert.deepEqual(record.resources, [resource(Arn)])
})
