/** Unwrapped material leaves memory when its key changes, and only then (lifecycle.md ENV-32). */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { newKey } from '../../operations/support.ts'
import { ACCOUNT, createHarness, type Harness, REGION } from '../../support/harness.ts'
import { importMaterial } from '../../support/imports.ts'

const Plaintext = Buffer.from('sealed')

let harness: Harness
let calls: string[] = []
before(async () => {
  harness = await createHarness({ onStoreCall: (method) => calls.push(method) })
})
after(() => harness.close())

/** How often the store was asked for a material. */
async function unwrappedBy(call: () => Promise<unknown>): Promise<number> {
  calls = []
  await call()
  return calls.filter((method) => method === 'findMaterial').length
}

test('a change of a key drops its material and no other', async () => {
  for (const options of [{}, { MultiRegion: true }]) {
    const [changed, other] = [await newKey(harness, options), await newKey(harness, options)]
    const encrypt = ({ KeyId }: { KeyId: string }) => unwrappedBy(() => harness.call('Encrypt', { KeyId, Plaintext }))
    for (const key of [changed, other]) assert.deepEqual([await encrypt(key), await encrypt(key)], [1, 0])
    await harness.call('UpdateKeyDescription', { KeyId: changed.KeyId, Description: 'another' })
    assert.deepEqual([await encrypt(other), await encrypt(changed), await encrypt(changed)], [0, 1, 0])
  }
})

test('older materials stay at hand beside the newest, and go with it', async () => {
  const { KeyId } = await newKey(harness)
  const blobs: string[] = []
  for (let rotations = 0; rotations < 3; rotations++) {
    if (rotations > 0) await harness.call('RotateKeyOnDemand', { KeyId })
    blobs.push((await harness.call('Encrypt', { KeyId, Plaintext })).CiphertextBlob)
  }
  const decryptAll = () =>
    unwrappedBy(async () => {
      for (const CiphertextBlob of blobs) {
        const { Plaintext: opened } = await harness.call('Decrypt', { CiphertextBlob })
        assert.equal(Buffer.from(opened, 'base64').toString(), 'sealed')
      }
    })
  await decryptAll()
  assert.equal(await decryptAll(), 0)
  await harness.call('UpdateKeyDescription', { KeyId, Description: 'another' })
  assert.deepEqual([await decryptAll(), await decryptAll()], [3, 0])
})

/** What a call holds that was let through before its key's material was deleted. */
async function keyThatLosesItsMaterial(members: object) {
  const { KeyId } = await newKey(harness, { Origin: 'EXTERNAL', ...members })
  await importMaterial(harness, KeyId, randomBytes(32))
  const key = await harness.store.findKey({ account: ACCOUNT, region: REGION, keyId: KeyId })
  await harness.call('DeleteImportedKeyMaterial', { KeyId })
  return key!
}

test('a call whose material goes after its state was looked at fails as that state does, not for a ciphertext (IMP-5)', async () => {
  const { keyMaterials } = harness.service
  const symmetric = await keyThatLosesItsMaterial({})
  const mac = await keyThatLosesItsMaterial({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
  const call = { requestId: 'r', principal: { arn: 'arn:aws:iam::111122223333:user/alice' } }
  const cipher = { algorithm: 'SYMMETRIC_DEFAULT', context: undefined, operation: 'GenerateDataKeyPair', call }
  for (const [{ arn }, use] of [
    [symmetric, () => keyMaterials.encrypt(symmetric, cipher, Plaintext)],
    [symmetric, () => keyMaterials.decrypt(symmetric, cipher, Buffer.alloc(200), symmetric.currentMaterialId)],
    [mac, () => keyMaterials.open(mac)],
  ] as const) {
    const pendingImport = { code: 'KMSInvalidStateException', text: `${arn} is pending import.` }
    await assert.rejects(async () => use(), pendingImport)
  }
})
