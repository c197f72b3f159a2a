/** Every operation on a key whose custom key store is not connected: the column "Unavailable" of operations.md 5.2, typed from there. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { CustomKeyStore } from '../../src/domain/key-stores/custom-key-store.ts'
import type { ConnectionState } from '../../src/domain/key-stores/key-store-place.ts'
import type { Key } from '../../src/domain/keys/key.ts'
import { defaultKeyPolicy } from '../../src/domain/policy/key-policy.ts'
import { ACCOUNT, createHarness, type Harness, REGION, START_TIME } from '../support/harness.ts'
import { exampleHsmStore, given } from '../support/key-stores.ts'
import { assertFails, keyArn, newKey } from './support.ts'

let harness: Harness
let store: CustomKeyStore
let spare: { KeyId: string; CiphertextBlob: string }
before(async () => {
  harness = await createHarness()
  store = await given(harness, exampleHsmStore())
  const { KeyId } = await newKey(harness)
  spare = await harness.call('Encrypt', { KeyId, Plaintext: Buffer.from('x') })
})
after(() => harness.close())

let made = 0

/** Its material is in an HSM that nobody asks. */
async function keyInStore(facts: Partial<Key> = {}): Promise<Key> {
  const keyId = `00000000-0000-4000-8000-${String(++made).padStart(12, '0')}`
  const materialId = made.toString(16).padStart(64, 'e')
  const { storeId, connectionState } = store
  const key: Key = {
    ...{ account: ACCOUNT, region: REGION, keyId, arn: keyArn(keyId), spec: 'SYMMETRIC_DEFAULT' },
    ...{ usage: 'ENCRYPT_DECRYPT', origin: 'AWS_CLOUDHSM', manager: 'CUSTOMER', description: '', tags: [] },
    ...{ multiRegion: false, multiRegionSet: undefined, createdAt: START_TIME, enabled: true, deletion: undefined },
    ...{ rotation: undefined, onDemandRotations: 0, importedMaterial: undefined, currentMaterialId: materialId },
    policy: defaultKeyPolicy(ACCOUNT, REGION),
    customKeyStore: { storeId, suite: 2, xksKeyId: undefined, clusterId: undefined, connectionState },
    ...facts,
  }
  const material = { materialId, token: undefined, createdAt: START_TIME, sealedIn: REGION, state: 'CURRENT' } as const
  const named = { account: ACCOUNT, region: REGION, keyId, ...material, rotation: undefined, imported: undefined }
  await harness.store.change((change) => change.insertKey(key, [named]))
  return key
}

/** A blob of suite 0x02 that names the key; nobody gets as far as to open it. */
function ciphertextOf({ currentMaterialId }: Key): Buffer {
  return Buffer.concat([Buffer.from(`4b4d530102000034${currentMaterialId}`, 'hex'), Buffer.alloc(12 + 32 + 1 + 16, 7)])
}

const Plaintext = Buffer.from('x')
const WRAPPING = { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }
const ROOT_ARN = `arn:aws:iam::${ACCOUNT}:root`
const id = ({ keyId }: Key) => ({ KeyId: keyId })

const UNAVAILABLE = 'unavailable'
const UNSUPPORTED = 'unsupported'
const OK = 'ok'

const TABLE: Readonly<Record<string, readonly [expected: string, request: (key: Key) => object]>> = {
  Decrypt: [UNAVAILABLE, (key) => ({ CiphertextBlob: ciphertextOf(key) })],
  Encrypt: [UNAVAILABLE, (key) => ({ ...id(key), Plaintext })],
  'ReEncrypt, source': [UNAVAILABLE, (key) => ({ CiphertextBlob: ciphertextOf(key), DestinationKeyId: spare.KeyId })],
  'ReEncrypt, destination': [
    UNAVAILABLE,
    ({ keyId }) => ({ CiphertextBlob: spare.CiphertextBlob, DestinationKeyId: keyId }),
  ],
  GenerateDataKey: [UNAVAILABLE, (key) => ({ ...id(key), KeySpec: 'AES_256' })],
  GenerateDataKeyWithoutPlaintext: [UNAVAILABLE, (key) => ({ ...id(key), KeySpec: 'AES_256' })],
  GenerateDataKeyPair: [UNSUPPORTED, (key) => ({ ...id(key), KeyPairSpec: 'ECC_NIST_P256' })],
  GenerateDataKeyPairWithoutPlaintext: [UNSUPPORTED, (key) => ({ ...id(key), KeyPairSpec: 'ECC_NIST_P256' })],
  EnableKeyRotation: [UNSUPPORTED, id],
  DisableKeyRotation: [UNSUPPORTED, id],
  RotateKeyOnDemand: [UNSUPPORTED, id],
  GetParametersForImport: [UNSUPPORTED, (key) => ({ ...id(key), ...WRAPPING })],
  DeleteImportedKeyMaterial: [UNSUPPORTED, id],
  CreateGrant: [OK, (key) => ({ ...id(key), GranteePrincipal: ROOT_ARN, Operations: ['Decrypt'] })],
  ListGrants: [OK, id],
  DescribeKey: [OK, id],
  GetKeyPolicy: [OK, id],
  ListKeyPolicies: [OK, id],
  PutKeyPolicy: [OK, (key) => ({ ...id(key), Policy: key.policy })],
  ListResourceTags: [OK, id],
  ListAliases: [OK, id],
  GetKeyLastUsage: [OK, id],
  ListKeyRotations: [OK, id],
  GetKeyRotationStatus: [OK, id],
  CreateAlias: [OK, ({ keyId }) => ({ AliasName: `alias/${keyId}`, TargetKeyId: keyId })],
  TagResource: [OK, (key) => ({ ...id(key), Tags: [{ TagKey: 'a', TagValue: 'b' }] })],
  UntagResource: [OK, (key) => ({ ...id(key), TagKeys: ['a'] })],
  UpdateKeyDescription: [OK, (key) => ({ ...id(key), Description: 'new' })],
  EnableKey: [OK, id],
  DisableKey: [OK, id],
  ScheduleKeyDeletion: [OK, id],
}

describe('on a key that is Unavailable', () => {
  for (const [row, [expected, request]] of Object.entries(TABLE)) {
    test(`${row}: ${expected}`, async () => {
      const key = await keyInStore()
      const calling = harness.call(row.split(',')[0]!, request(key))
      if (expected === UNAVAILABLE) {
        await assertFails(calling, 'KMSInvalidStateException', `${key.arn} is unavailable.`)
      } else if (expected === UNSUPPORTED) {
        const text = `${key.arn} origin is AWS_CLOUDHSM which is not valid for this operation.`
        await assertFails(calling, 'UnsupportedOperationException', text)
      } else await calling
    })
  }

  test('CancelKeyDeletion: it is not pending deletion', async () => {
    const key = await keyInStore()
    const cancelling = harness.call('CancelKeyDeletion', { KeyId: key.keyId })
    await assertFails(cancelling, 'KMSInvalidStateException', `${key.arn} is not pending deletion.`)
  })
})

describe('the state of a key in a store', () => {
  const stateOf = async ({ keyId }: Key) => (await harness.call('DescribeKey', { KeyId: keyId })).KeyMetadata

  test('is Unavailable in every state of the store but CONNECTED, and shows at once when that changes', async () => {
    const key = await keyInStore()
    const STATES: readonly ConnectionState[] = ['CONNECTING', 'FAILED', 'DISCONNECTING', 'CONNECTED', 'DISCONNECTED']
    for (const connectionState of STATES) {
      // Whoever serves stores would act on it; here only the record counts.
      await harness.store.change((change) => change.updateKeyStore({ ...store, connectionState }))
      const { KeyState, Enabled } = await stateOf(key)
      const isConnected = connectionState === 'CONNECTED'
      assert.deepEqual([KeyState, Enabled], isConnected ? ['Enabled', true] : ['Unavailable', false], connectionState)
    }
  })

  test('shows PendingDeletion through it, and Unavailable again once the deletion is cancelled (TR-13)', async () => {
    const key = await keyInStore()
    await harness.call('ScheduleKeyDeletion', { KeyId: key.keyId, PendingWindowInDays: 7 })
    assert.equal((await stateOf(key)).KeyState, 'PendingDeletion')
    const pairing = harness.call('GenerateDataKeyPair', { KeyId: key.keyId, KeyPairSpec: 'ECC_NIST_P256' })
    await assertFails(pairing, 'KMSInvalidStateException', `${key.arn} is pending deletion.`)
    await harness.call('CancelKeyDeletion', { KeyId: key.keyId })
    assert.equal((await stateOf(key)).KeyState, 'Unavailable')
  })
})

test('a blob of suite 0x01 that names material in an HSM opens nothing', async () => {
  await harness.store.change((change) => change.updateKeyStore({ ...store, connectionState: 'CONNECTED' }))
  const key = await keyInStore()
  const blob = Buffer.from(spare.CiphertextBlob, 'base64')
  Buffer.from(key.currentMaterialId!, 'hex').copy(blob, 8)
  await assertFails(harness.call('Decrypt', { CiphertextBlob: blob }), 'InvalidCiphertextException', undefined)
})
