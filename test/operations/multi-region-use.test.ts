/** What the members of a multi-Region set share in use, and what is each one's own: lifecycle.md MRK-3, MRK-5, MRK-30; DEL-31. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { TokenError } from '../../src/crypto/domain-key.ts'
import { ACCOUNT, createHarness, type Harness } from '../support/harness.ts'
import { AWAY, decryptIn, encryptIn, FAR, HOME, metadataIn, newSet, stateIn, there } from './multi-region.ts'
import { assertFails, keyArn, newKey } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const arnIn = (region: string, keyId: string) => keyArn(keyId, ACCOUNT, region)
const INCORRECT_KEY = [
  'IncorrectKeyException',
  'The key ID in the request does not identify a CMK that can perform this operation.',
] as const

test('a ciphertext opens in every Region, by the bare id, the ARN of that Region, or no name at all', async () => {
  const KeyId = await newSet(harness, [AWAY, FAR])
  const CiphertextBlob = await encryptIn(harness, AWAY, KeyId)
  for (const region of [HOME, AWAY, FAR]) {
    for (const name of [undefined, KeyId, arnIn(region, KeyId)]) {
      const answer = await harness.call('Decrypt', { CiphertextBlob, KeyId: name }, there(region))
      assert.equal(Buffer.from(answer.Plaintext, 'base64').toString(), AWAY)
      assert.equal(answer.KeyId, arnIn(region, KeyId))
    }
  }
})

test('the ARN of another Region is that of another key, even where the ciphertext was made', async () => {
  const KeyId = await newSet(harness, [AWAY])
  const CiphertextBlob = await encryptIn(harness, AWAY, KeyId)
  const reading = { CiphertextBlob, KeyId: arnIn(AWAY, KeyId) }
  await assertFails(harness.call('Decrypt', reading), ...INCORRECT_KEY)
  const { KeyId: other } = await newKey(harness)
  const moving = { CiphertextBlob, SourceKeyId: arnIn(AWAY, KeyId), DestinationKeyId: other }
  await assertFails(harness.call('ReEncrypt', moving), ...INCORRECT_KEY)
})

test('where the set has no member its ciphertexts mean nothing', async () => {
  const KeyId = await newSet(harness, [AWAY])
  const blob = await encryptIn(harness, HOME, KeyId)
  await assert.rejects(decryptIn(harness, FAR, blob), { code: 'AccessDeniedException' })
  await assert.rejects(metadataIn(harness, FAR, KeyId), { code: 'NotFoundException' })
})

test('a single-Region key opens nothing in another Region', async () => {
  const { KeyId } = await newKey(harness)
  await assert.rejects(decryptIn(harness, AWAY, await encryptIn(harness, HOME, KeyId)), {
    code: 'AccessDeniedException',
  })
})

test('data keys of one Region open in another, and so do ciphertexts that were moved there', async () => {
  const KeyId = await newSet(harness, [AWAY])
  const dataKey = await harness.call('GenerateDataKey', { KeyId, KeySpec: 'AES_256' })
  const opened = await harness.call('Decrypt', { CiphertextBlob: dataKey.CiphertextBlob }, there(AWAY))
  assert.equal(opened.Plaintext, dataKey.Plaintext)
  const moved = await harness.call(
    'ReEncrypt',
    { CiphertextBlob: await encryptIn(harness, HOME, KeyId), DestinationKeyId: KeyId },
    there(AWAY),
  )
  assert.deepEqual([moved.SourceKeyId, moved.KeyId], [arnIn(AWAY, KeyId), arnIn(AWAY, KeyId)])
  assert.equal(await decryptIn(harness, HOME, moved.CiphertextBlob), HOME)
})

test('a disabled member stops in its own Region only', async () => {
  const KeyId = await newSet(harness, [AWAY])
  const blob = await encryptIn(harness, HOME, KeyId)
  for (const [region, other] of [
    [AWAY, HOME],
    [HOME, AWAY],
  ] as const) {
    await harness.call('DisableKey', { KeyId }, there(region))
    await assertFails(decryptIn(harness, region, blob), 'DisabledException', `${arnIn(region, KeyId)} is disabled.`)
    assert.equal(await stateIn(harness, other, KeyId), 'Enabled')
    assert.equal(await decryptIn(harness, other, blob), HOME)
    await harness.call('EnableKey', { KeyId }, there(region))
  }
})

test('policy, tags, description and aliases of one member are not those of another', async () => {
  const KeyId = await newSet(harness, [AWAY])
  const facts = async (region: string) => {
    const { Description } = await metadataIn(harness, region, KeyId)
    const { Policy } = await harness.call('GetKeyPolicy', { KeyId }, there(region))
    const { Tags } = await harness.call('ListResourceTags', { KeyId }, there(region))
    const { Aliases } = await harness.call('ListAliases', { KeyId }, there(region))
    return { Description, Policy, Tags, Aliases }
  }
  const before = await facts(HOME)
  const Policy = '{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*"}}'
  await harness.call('PutKeyPolicy', { KeyId, Policy }, there(AWAY))
  await harness.call('TagResource', { KeyId, Tags: [{ TagKey: 'in', TagValue: AWAY }] }, there(AWAY))
  await harness.call('UpdateKeyDescription', { KeyId, Description: 'away' }, there(AWAY))
  await harness.call('CreateAlias', { AliasName: 'alias/away', TargetKeyId: KeyId }, there(AWAY))
  assert.deepEqual(await facts(HOME), before)
  const after = await facts(AWAY)
  assert.deepEqual(
    [after.Description, after.Tags.length, after.Aliases.length, JSON.parse(after.Policy)],
    ['away', 1, 1, JSON.parse(Policy)],
  )
  await assert.rejects(harness.call('DescribeKey', { KeyId: 'alias/away' }), { code: 'NotFoundException' })
  // They stay each one's own when the set changes around them.
  await harness.call('RotateKeyOnDemand', { KeyId })
  await harness.call('ReplicateKey', { KeyId, ReplicaRegion: FAR })
  await harness.call('UpdatePrimaryRegion', { KeyId, PrimaryRegion: AWAY })
  assert.deepEqual(await facts(HOME), before)
  assert.deepEqual(await facts(AWAY), after)
})

test('every Region remembers its own last use', async () => {
  const KeyId = await newSet(harness, [AWAY])
  await encryptIn(harness, AWAY, KeyId)
  const lastUse = async (region: string) =>
    (await harness.call('GetKeyLastUsage', { KeyId }, there(region))).KeyLastUsage
  assert.equal((await lastUse(AWAY)).Operation, 'Encrypt')
  assert.notEqual((await lastUse(HOME))?.Operation, 'Encrypt')
})

test('who writes to the database cannot carry a single-Region key into another Region (ENV-30)', async () => {
  for (const multiRegion of [false, true]) {
    const { KeyId } = await newKey(harness)
    const blob = await encryptIn(harness, HOME, KeyId)
    const name = { account: ACCOUNT, region: HOME, keyId: KeyId }
    const key = (await harness.store.findKey(name))!
    const material = (await harness.store.findMaterial(HOME, key.currentMaterialId!))!
    const copy = { ...key, region: AWAY, arn: arnIn(AWAY, KeyId), multiRegion }
    const set = { primaryRegion: HOME, replicaRegions: [AWAY] }
    await harness.store.change((change) =>
      change.insertKey({ ...copy, multiRegionSet: multiRegion ? set : undefined }, [{ ...material, region: AWAY }]),
    )
    // Not the client's mistake: he is told nothing, the operator everything.
    await assert.rejects(decryptIn(harness, AWAY, blob), TokenError)
    assert.equal(await decryptIn(harness, HOME, blob), HOME)
  }
})

test('a warm decryption in a replica asks the store nothing', async () => {
  const calls: string[] = []
  const watched = await createHarness({ onStoreCall: (method) => calls.push(method) })
  try {
    const KeyId = await newSet(watched, [AWAY])
    const blob = await encryptIn(watched, HOME, KeyId)
    await decryptIn(watched, AWAY, blob)
    calls.length = 0
    assert.equal(await decryptIn(watched, AWAY, blob), HOME)
    assert.deepEqual(calls, [])
  } finally {
    await watched.close()
  }
})
