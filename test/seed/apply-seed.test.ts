/** Applying a seed: docs/seed-file.md, "Applying it again". */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { applySeed } from '../../src/seed/apply-seed.ts'
import { readSeed } from '../../src/seed/seed.ts'
import type { SeedDocument, SeedKeyDocument } from '../../src/seed/seed-document.ts'
import { SeedError } from '../../src/seed/seed-error.ts'
import { ACCOUNT, createHarness, type Harness, OTHER_ACCOUNT, REGION } from '../support/harness.ts'

const ID = '1234abcd-12ab-34cd-56ef-1234567890ab'
const OTHER_ID = '0987dcba-09fe-87dc-65ba-ab0987654321'
const MATERIAL = Buffer.alloc(32, 7).toString('base64')

const KEY: SeedKeyDocument = {
  id: ID,
  description: 'Customer data',
  enabled: true,
  aliases: ['alias/app'],
  tags: { Stage: 'dev' },
  material: MATERIAL,
}

const DEFAULTS = { account: ACCOUNT, region: REGION }

async function harness(context: TestContext): Promise<Harness> {
  const made = await createHarness()
  context.after(() => made.close())
  return made
}

async function apply({ store, service, clock }: Harness, document: SeedDocument) {
  const { keyMaterials, domainKeys, random } = service
  const services = { store, keyMaterials, domainKeys, random, clock, externalAccounts: 'reject' as const }
  const { keysMade, aliasesMade, keysFound } = await applySeed(services, readSeed(document), DEFAULTS)
  return { keysMade, aliasesMade, keysFound }
}

test('a seeded key is like any other: it encrypts under its alias and shows what the seed says', async (context) => {
  const keyhold = await harness(context)
  assert.deepEqual(await apply(keyhold, { keys: [KEY] }), { keysMade: 1, aliasesMade: 1, keysFound: 0 })
  const { KeyMetadata } = await keyhold.call('DescribeKey', { KeyId: 'alias/app' })
  assert.equal(KeyMetadata.Arn, `arn:aws:kms:${REGION}:${ACCOUNT}:key/${ID}`)
  assert.equal(KeyMetadata.Description, 'Customer data')
  assert.equal(KeyMetadata.KeyState, 'Enabled')
  assert.equal(KeyMetadata.KeySpec, 'SYMMETRIC_DEFAULT')
  const { Tags } = await keyhold.call('ListResourceTags', { KeyId: ID })
  assert.deepEqual(Tags, [{ TagKey: 'Stage', TagValue: 'dev' }])
  const Plaintext = Buffer.from('hello').toString('base64')
  const { CiphertextBlob } = await keyhold.call('Encrypt', { KeyId: 'alias/app', Plaintext })
  const decrypted = await keyhold.call('Decrypt', { CiphertextBlob })
  assert.equal(decrypted.Plaintext, Plaintext)
})

test('a ciphertext travels between two Keyholds with the same id and material', async (context) => {
  const [here, there, elsewhere] = [await harness(context), await harness(context), await harness(context)]
  await apply(here, { keys: [KEY] })
  await apply(there, { keys: [KEY] })
  await apply(elsewhere, { keys: [{ ...KEY, material: Buffer.alloc(32, 8).toString('hex') }] })
  const Plaintext = Buffer.from('hello').toString('base64')
  const { CiphertextBlob } = await here.call('Encrypt', { KeyId: ID, Plaintext })
  assert.equal((await there.call('Decrypt', { CiphertextBlob })).Plaintext, Plaintext)
  await assert.rejects(elsewhere.call('Decrypt', { CiphertextBlob, KeyId: ID }), { code: 'IncorrectKeyException' })
})

test('what the seed leaves out has the defaults of CreateKey', async (context) => {
  const keyhold = await harness(context)
  await apply(keyhold, { keys: [{ id: ID }] })
  const { KeyMetadata } = await keyhold.call('DescribeKey', { KeyId: ID })
  assert.equal(KeyMetadata.Description, '')
  assert.equal(KeyMetadata.Enabled, true)
  const { Policy } = await keyhold.call('GetKeyPolicy', { KeyId: ID, PolicyName: 'default' })
  // lifecycle.md POL-1
  assert.equal(JSON.parse(Policy).Statement[0].Principal.AWS, `arn:aws:iam::${ACCOUNT}:root`)
})

test('account and Region come from the key, else from the file, else from the defaults', async (context) => {
  const keyhold = await harness(context)
  await apply(keyhold, {
    account: OTHER_ACCOUNT,
    region: 'us-east-1',
    keys: [{ id: ID }, { id: OTHER_ID, account: ACCOUNT, region: 'ap-south-1' }],
  })
  const first = await keyhold.call('DescribeKey', { KeyId: ID }, { account: OTHER_ACCOUNT, region: 'us-east-1' })
  assert.equal(first.KeyMetadata.Arn, `arn:aws:kms:us-east-1:${OTHER_ACCOUNT}:key/${ID}`)
  const second = await keyhold.call('DescribeKey', { KeyId: OTHER_ID }, { region: 'ap-south-1' })
  assert.equal(second.KeyMetadata.Arn, `arn:aws:kms:ap-south-1:${ACCOUNT}:key/${OTHER_ID}`)
})

test('the second time nothing changes, and what the seed does not say is not compared', async (context) => {
  const keyhold = await harness(context)
  await apply(keyhold, { keys: [KEY] })
  const before = await keyhold.call('DescribeKey', { KeyId: ID })
  assert.deepEqual(await apply(keyhold, { keys: [KEY] }), { keysMade: 0, aliasesMade: 0, keysFound: 1 })
  assert.deepEqual(await keyhold.call('DescribeKey', { KeyId: ID }), before)
  await keyhold.call('DisableKey', { KeyId: ID })
  await apply(keyhold, { keys: [{ id: ID }] })
  assert.equal((await keyhold.call('DescribeKey', { KeyId: ID })).KeyMetadata.Enabled, false)
})

test('a new alias of an existing key is made', async (context) => {
  const keyhold = await harness(context)
  await apply(keyhold, { keys: [KEY] })
  const outcome = await apply(keyhold, { keys: [{ ...KEY, aliases: ['alias/app', 'alias/more'] }] })
  assert.deepEqual(outcome, { keysMade: 0, aliasesMade: 1, keysFound: 1 })
  await keyhold.call('DescribeKey', { KeyId: 'alias/more' })
})

test('every contradiction is named, and nothing of the seed is applied', async (context) => {
  const keyhold = await harness(context)
  await apply(keyhold, { keys: [KEY] })
  const arn = `arn:aws:kms:${REGION}:${ACCOUNT}:key/${ID}`
  const contradiction: SeedDocument = {
    keys: [
      { id: OTHER_ID, aliases: ['alias/new', 'alias/app'] },
      {
        id: ID,
        description: 'Other',
        enabled: false,
        tags: { Stage: 'prod' },
        material: Buffer.alloc(32, 8).toString('base64'),
        policy: { Version: '2012-10-17', Statement: [] },
      },
    ],
  }
  const withPolicy = { Statement: [{ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }] }
  const seed = { keys: [contradiction.keys![0]!, { ...contradiction.keys![1]!, policy: withPolicy }] }
  await assert.rejects(apply(keyhold, seed), (error: Error) => {
    assert.ok(error instanceof SeedError)
    assert.deepEqual(error.message.split('\n  '), [
      'the seed contradicts the store:',
      `keys[0].aliases[1]: alias/app belongs to ${ID}`,
      `keys[1].material: ${arn} has another`,
      `keys[1].description: ${arn} has another`,
      `keys[1].enabled: ${arn} has another`,
      `keys[1].tags: ${arn} has another`,
      `keys[1].policy: ${arn} has another`,
    ])
    return true
  })
  await assert.rejects(keyhold.call('DescribeKey', { KeyId: OTHER_ID }), { code: 'NotFoundException' })
  await assert.rejects(keyhold.call('DescribeKey', { KeyId: 'alias/new' }), { code: 'NotFoundException' })
})

test('a key that is scheduled for deletion is a contradiction', async (context) => {
  const keyhold = await harness(context)
  await apply(keyhold, { keys: [KEY] })
  await keyhold.call('ScheduleKeyDeletion', { KeyId: ID, PendingWindowInDays: 7 })
  await assert.rejects(apply(keyhold, { keys: [{ id: ID }] }), /keys\[0\]: arn:.* is scheduled for deletion/)
})

test('the same key or alias twice in one seed is refused; in two Regions it is two', async (context) => {
  const keyhold = await harness(context)
  await assert.rejects(apply(keyhold, { keys: [{ id: ID }, { id: ID }] }), {
    message: `keys[1].id: the key ${ID} is also at keys[0].id`,
  })
  const twice = {
    keys: [
      { id: ID, aliases: ['alias/a'] },
      { id: OTHER_ID, aliases: ['alias/a'] },
    ],
  }
  await assert.rejects(apply(keyhold, twice), { message: 'keys[1].aliases[0]: alias/a is also at keys[0].aliases[0]' })
  const outcome = await apply(keyhold, { keys: [KEY, { ...KEY, region: 'us-east-1' }] })
  assert.equal(outcome.keysMade, 2)
})

test('more aliases than a key can have are refused with the place of the first', async (context) => {
  const keyhold = await harness(context)
  const aliases = Array.from({ length: 51 }, (_, index) => `alias/a${index}`)
  await assert.rejects(apply(keyhold, { keys: [{ id: ID, aliases }] }), /^Error: keys\[0\]\.aliases\[50\]: .*50/)
  await assert.rejects(keyhold.call('DescribeKey', { KeyId: ID }), { code: 'NotFoundException' })
})
