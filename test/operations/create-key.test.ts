/** operations.md 3.6, 4.1, section 6, 7.3; lifecycle.md section 1; audit.md 4.3. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ACCOUNT, createHarness, type Harness, REGION } from '../support/harness.ts'
import { PRINTED } from '../support/key-kinds.ts'
import { assertFails, assertValidation, constraint, keyArn, lastRecord, newKey, resource } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const create = (body: object) => harness.call('CreateKey', body)
const tagsOf = (count: number) => Array.from({ length: count }, (_, index) => ({ TagKey: `k${index}`, TagValue: 'v' }))

test('CreateKey without parameters makes an enabled symmetric key', async () => {
  const answer = await create({})
  const { KeyId, CurrentKeyMaterialId, ...rest } = answer.KeyMetadata
  assert.deepEqual(Object.keys(answer), ['KeyMetadata'])
  assert.match(KeyId, /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/)
  assert.match(CurrentKeyMaterialId, /^[0-9a-f]{64}$/)
  assert.deepEqual(rest, {
    AWSAccountId: ACCOUNT,
    Arn: keyArn(KeyId),
    CreationDate: 1772366400.123,
    Enabled: true,
    Description: '',
    KeyUsage: 'ENCRYPT_DECRYPT',
    KeyState: 'Enabled',
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    KeySpec: 'SYMMETRIC_DEFAULT',
    EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
    MultiRegion: false,
  })
})

test('members come in the order of the model', async () => {
  assert.deepEqual(Object.keys(await newKey(harness, { MultiRegion: true })), [
    'AWSAccountId',
    'KeyId',
    'Arn',
    'CreationDate',
    'Enabled',
    'Description',
    'KeyUsage',
    'KeyState',
    'Origin',
    'KeyManager',
    'CustomerMasterKeySpec',
    'KeySpec',
    'EncryptionAlgorithms',
    'MultiRegion',
    'MultiRegionConfiguration',
    'CurrentKeyMaterialId',
  ])
})

test('a multi-Region key is a primary without replicas, and its id says so', async () => {
  const { KeyId, Arn, MultiRegion, MultiRegionConfiguration } = await newKey(harness, { MultiRegion: true })
  assert.match(KeyId, /^mrk-[0-9a-f]{32}$/)
  assert.equal(MultiRegion, true)
  assert.deepEqual(MultiRegionConfiguration, {
    MultiRegionKeyType: 'PRIMARY',
    PrimaryKey: { Arn, Region: REGION },
    ReplicaKeys: [],
  })
  const { CiphertextBlob } = await harness.call('Encrypt', { KeyId, Plaintext: Buffer.from('x') })
  assert.equal((await harness.call('Decrypt', { CiphertextBlob, KeyId })).KeyId, Arn)
})

test('every call makes another key with another material', async () => {
  const keys = [await newKey(harness), await newKey(harness), await newKey(harness)]
  assert.equal(new Set(keys.map(({ KeyId }) => KeyId)).size, 3)
  assert.equal(new Set(keys.map(({ CurrentKeyMaterialId }) => CurrentKeyMaterialId)).size, 3)
})

test('what is given is kept: description, tags, policy', async () => {
  const Policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' },
  })
  const Tags = [
    { TagKey: 'b', TagValue: '1' },
    { TagKey: 'a', TagValue: '' },
  ]
  const { KeyId, Description } = await newKey(harness, { Description: 'für Tests', Tags, Policy })
  assert.equal(Description, 'für Tests')
  assert.deepEqual((await harness.call('ListResourceTags', { KeyId })).Tags, Tags)
  assert.deepEqual(JSON.parse((await harness.call('GetKeyPolicy', { KeyId })).Policy), JSON.parse(Policy))
})

test('the explicit defaults and the deprecated member make the same key', async () => {
  const explicit = { KeySpec: 'SYMMETRIC_DEFAULT', KeyUsage: 'ENCRYPT_DECRYPT', Origin: 'AWS_KMS', MultiRegion: false }
  assert.equal((await newKey(harness, explicit)).KeySpec, 'SYMMETRIC_DEFAULT')
  const deprecated = { CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT' }
  assert.equal((await newKey(harness, deprecated)).KeySpec, 'SYMMETRIC_DEFAULT')
})

describe('spec, usage and origin', () => {
  test('KeySpec and its deprecated twin exclude one another', async () => {
    await assertValidation(
      create({ KeySpec: 'SYMMETRIC_DEFAULT', CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT' }),
      'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.',
    )
  })

  test('every spec but the symmetric one needs a KeyUsage', async () => {
    const text = 'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.'
    for (const KeySpec of ['RSA_2048', 'ECC_NIST_P256', 'HMAC_256', 'ML_DSA_44', 'SM2']) {
      await assertValidation(create({ KeySpec }), text)
    }
    await assertValidation(create({ CustomerMasterKeySpec: 'RSA_2048' }), text)
  })

  // operations.md 4.1: spec → usages that it has.
  const USAGES: Readonly<Record<string, readonly string[]>> = {
    SYMMETRIC_DEFAULT: ['ENCRYPT_DECRYPT'],
    RSA_2048: ['ENCRYPT_DECRYPT', 'SIGN_VERIFY'],
    RSA_3072: ['ENCRYPT_DECRYPT', 'SIGN_VERIFY'],
    RSA_4096: ['ENCRYPT_DECRYPT', 'SIGN_VERIFY'],
    ECC_NIST_P256: ['SIGN_VERIFY', 'KEY_AGREEMENT'],
    ECC_NIST_P384: ['SIGN_VERIFY', 'KEY_AGREEMENT'],
    ECC_NIST_P521: ['SIGN_VERIFY', 'KEY_AGREEMENT'],
    ECC_SECG_P256K1: ['SIGN_VERIFY'],
    ECC_NIST_EDWARDS25519: ['SIGN_VERIFY'],
    ML_DSA_44: ['SIGN_VERIFY'],
    ML_DSA_65: ['SIGN_VERIFY'],
    ML_DSA_87: ['SIGN_VERIFY'],
    HMAC_224: ['GENERATE_VERIFY_MAC'],
    HMAC_256: ['GENERATE_VERIFY_MAC'],
    HMAC_384: ['GENERATE_VERIFY_MAC'],
    HMAC_512: ['GENERATE_VERIFY_MAC'],
    SM2: ['ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'KEY_AGREEMENT'],
  }

  test('a usage that the spec does not have is refused; every other pair makes an enabled key', async () => {
    for (const [KeySpec, usages] of Object.entries(USAGES)) {
      for (const KeyUsage of ['ENCRYPT_DECRYPT', 'SIGN_VERIFY', 'GENERATE_VERIFY_MAC', 'KEY_AGREEMENT']) {
        const work = create({ KeySpec, KeyUsage })
        if (!usages.includes(KeyUsage)) {
          await assertValidation(work, `KeyUsage ${KeyUsage} is not compatible with KeySpec ${KeySpec}`)
        } else {
          assert.equal((await work).KeyMetadata.KeyState, 'Enabled')
        }
      }
    }
  })

  test('ML-DSA keys cannot be imported', async () => {
    await assertValidation(
      create({ KeySpec: 'ML_DSA_44', KeyUsage: 'SIGN_VERIFY', Origin: 'EXTERNAL' }),
      'KeySpec ML_DSA_44 is not supported for Origin EXTERNAL',
    )
  })

  test('store and external key ids go with their origins only (CRE-15)', async () => {
    const store = { CustomKeyStoreId: 'cks-0123456789abcdef0' }
    const external = { ...store, XksKeyId: 'key-1' }
    const clashes = [
      [store, 'CustomKeyStoreId is not allowed for Origin AWS_KMS.'],
      [{ XksKeyId: 'key-1' }, 'XksKeyId is not allowed for Origin AWS_KMS.'],
      [{ Origin: 'EXTERNAL', ...store }, 'CustomKeyStoreId is not allowed for Origin EXTERNAL.'],
      [{ Origin: 'AWS_CLOUDHSM' }, 'CustomKeyStoreId is required for Origin AWS_CLOUDHSM.'],
      [{ Origin: 'AWS_CLOUDHSM', ...external }, 'XksKeyId is not allowed for Origin AWS_CLOUDHSM.'],
      [{ Origin: 'EXTERNAL_KEY_STORE', ...store }, 'XksKeyId is required for Origin EXTERNAL_KEY_STORE.'],
    ] as const
    for (const [body, text] of clashes) await assertValidation(create(body), text)
    const inStore = { Origin: 'EXTERNAL_KEY_STORE', ...external }
    await assertFails(
      create({ ...inStore, MultiRegion: true }),
      'UnsupportedOperationException',
      'Multi-Region keys are not supported in custom key stores.',
    )
    await assertFails(
      create({ ...inStore, KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }),
      'UnsupportedOperationException',
      'KeySpec RSA_2048 is not supported in custom key stores.',
    )
    const missing = 'Custom key store cks-0123456789abcdef0 is not found.'
    await assertFails(create(inStore), 'CustomKeyStoreNotFoundException', missing)
  })

  test('a key for imported material waits for it: no material, no expiration (CRE-11)', async () => {
    for (const [KeySpec, usages] of Object.entries(USAGES)) {
      if (KeySpec.startsWith('ML_DSA')) continue
      for (const KeyUsage of usages) {
        const { KeyMetadata } = await create({ KeySpec, KeyUsage, Origin: 'EXTERNAL' })
        const { KeyState, Enabled, Origin } = KeyMetadata
        assert.deepEqual(
          { KeyState, Enabled, Origin },
          { KeyState: 'PendingImport', Enabled: false, Origin: 'EXTERNAL' },
        )
        for (const member of ['CurrentKeyMaterialId', 'ExpirationModel', 'ValidTo']) assert.ok(!(member in KeyMetadata))
        const described = await harness.call('DescribeKey', { KeyId: KeyMetadata.KeyId })
        assert.deepEqual(described.KeyMetadata, KeyMetadata)
      }
    }
  })

  test('unknown values are refused with the lists that AWS prints (1.8)', async () => {
    const cases = [
      ['keySpec', { KeySpec: 'X' }, PRINTED.keySpec],
      [
        'customerMasterKeySpec',
        { CustomerMasterKeySpec: 'X' },
        'RSA_2048, ECC_NIST_P384, ECC_NIST_P256, ECC_NIST_P521, HMAC_384, RSA_3072, ECC_SECG_P256K1, RSA_4096, SYMMETRIC_DEFAULT, HMAC_256, HMAC_224, HMAC_512',
      ],
      ['keyUsage', { KeyUsage: 'X' }, 'ENCRYPT_DECRYPT, SIGN_VERIFY, GENERATE_VERIFY_MAC, KEY_AGREEMENT'],
      ['origin', { Origin: 'X' }, 'EXTERNAL, EXTERNAL_KEY_STORE, AWS_CLOUDHSM, AWS_KMS'],
    ] as const
    for (const [path, body, values] of cases) {
      await assertValidation(create(body), constraint("'X'", path, `satisfy enum value set: [${values}]`))
    }
    // The deprecated member never got the newer specs.
    const newer = create({ CustomerMasterKeySpec: 'ML_DSA_44', KeyUsage: 'SIGN_VERIFY' })
    await assert.rejects(newer, { code: 'ValidationException' })
  })
})

describe('tags', () => {
  test('50 tags are accepted, 51 are too many', async () => {
    const { KeyId } = await newKey(harness, { Tags: tagsOf(50) })
    assert.equal((await harness.call('ListResourceTags', { KeyId })).Tags.length, 50)
    await assertFails(create({ Tags: tagsOf(51) }), 'TagException', 'Too many tags')
  })

  test('names of AWS and duplicates are refused', async () => {
    for (const TagKey of ['aws:x', 'AWS:x', 'aWs:']) {
      const work = create({ Tags: [{ TagKey, TagValue: '' }] })
      await assertFails(work, 'TagException', 'Tags beginning with aws: are reserved')
    }
    const twice = { TagKey: 'k', TagValue: '' }
    await assertFails(create({ Tags: [twice, twice] }), 'TagException', 'Duplicate tag keys')
    await newKey(harness, { Tags: [twice, { TagKey: 'K', TagValue: '' }] })
  })

  test('keys have 1 to 128 characters and values up to 256', async () => {
    const long = 'x'.repeat(257)
    await assertValidation(
      create({ Tags: [{ TagKey: 'k', TagValue: long }] }),
      constraint(`'${long}'`, 'tags.1.member.tagValue', 'have length less than or equal to 256'),
    )
    const longKey = 'x'.repeat(129)
    await assertValidation(
      create({
        Tags: [
          { TagKey: 'k', TagValue: '' },
          { TagKey: longKey, TagValue: '' },
        ],
      }),
      constraint(`'${longKey}'`, 'tags.2.member.tagKey', 'have length less than or equal to 128'),
    )
  })
})

test('a malformed policy makes no key', async () => {
  const before = (await harness.call('ListKeys', { Limit: 1000 })).Keys.length
  await assertFails(create({ Policy: '{' }), 'MalformedPolicyDocumentException', 'The policy is not valid JSON.')
  await assertValidation(
    create({ Policy: '€' }),
    constraint("'€'", 'policy', 'satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u00FF]+'),
  )
  assert.equal((await harness.call('ListKeys', { Limit: 1000 })).Keys.length, before)
})

test('a description has at most 8192 characters', async () => {
  const longest = 'd'.repeat(8192)
  assert.equal((await newKey(harness, { Description: longest })).Description, longest)
  await assert.rejects(create({ Description: `${longest}d` }), { code: 'ValidationException' })
})

test('the audit record shows effective defaults and the metadata of the new key', async () => {
  const { KeyId, Arn } = await newKey(harness)
  assert.deepEqual(lastRecord(harness), {
    eventName: 'CreateKey',
    readOnly: false,
    requestParameters: {
      description: '',
      keyUsage: 'ENCRYPT_DECRYPT',
      keySpec: 'SYMMETRIC_DEFAULT',
      customerMasterKeySpec: 'SYMMETRIC_DEFAULT',
      origin: 'AWS_KMS',
      bypassPolicyLockoutSafetyCheck: false,
    },
    responseElements: {
      keyMetadata: {
        aWSAccountId: ACCOUNT,
        keyId: KeyId,
        arn: Arn,
        creationDate: 'Mar 1, 2026, 12:00:00 PM',
        enabled: true,
        description: '',
        keyUsage: 'ENCRYPT_DECRYPT',
        keyState: 'Enabled',
        origin: 'AWS_KMS',
        keyManager: 'CUSTOMER',
        keySpec: 'SYMMETRIC_DEFAULT',
        customerMasterKeySpec: 'SYMMETRIC_DEFAULT',
        encryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
        multiRegion: false,
      },
    },
    resources: [resource(Arn)],
  })
})

test('the audit record holds everything that was asked for', async () => {
  const Policy = '{"Statement":{"Effect":"Allow","Principal":"*"}}'
  const Tags = [{ TagKey: 'team', TagValue: 'blue' }]
  await create({ Description: 'd', MultiRegion: true, Policy, BypassPolicyLockoutSafetyCheck: true, Tags })
  assert.deepEqual(lastRecord(harness).requestParameters, {
    description: 'd',
    keyUsage: 'ENCRYPT_DECRYPT',
    keySpec: 'SYMMETRIC_DEFAULT',
    customerMasterKeySpec: 'SYMMETRIC_DEFAULT',
    origin: 'AWS_KMS',
    multiRegion: true,
    policy: Policy,
    bypassPolicyLockoutSafetyCheck: true,
    tags: [{ tagKey: 'team', tagValue: 'blue' }],
  })
})
