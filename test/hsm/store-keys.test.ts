/** KMS keys whose material is in SoftHSM2 (keystores.md 2.8, tests 4 to 9 and 11). */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { assertFails } from '../operations/support.ts'
import { ACCOUNT, REGION } from '../support/harness.ts'
import { softHsmMissing } from '../support/softhsm.ts'
import { createHsmHarness, type HsmHarness } from './support.ts'

const skip = softHsmMissing
const DAY_MS = 86_400_000
const EncryptionContext = { tenant: 'blue' }

/** Blobs of a suite: its number, the length of its header, and what it adds to a plaintext (keystores.md 2.5). */
const SUITES = [
  { suite: 3, header: 68, overhead: 116, derivesKeys: true },
  // By choice of the operator, or where a token lacks the mechanism, the key in the token encrypts messages itself.
  { suite: 2, header: 52, overhead: 100, derivesKeys: false },
]

for (const { suite, header, overhead, derivesKeys } of SUITES) {
  describe(`a KMS key in SoftHSM2, ciphertext suite 0x0${suite}`, { skip }, () => {
    let hsm: HsmHarness
    let store: string
    let key: { KeyId: string; Arn: string }
    const Plaintext = Buffer.from('hello').toString('base64')

    before(async () => {
      hsm = await createHsmHarness({ cluster: { derivesKeys } })
      store = await hsm.connectedStore()
      key = await hsm.createKey(store)
    })
    after(() => hsm.close())

    const passwordOf = async () => {
      const { keyStores } = hsm.harness.service
      const stored = await hsm.harness.store.findKeyStore({ account: ACCOUNT, region: REGION, storeId: store })
      return (await keyStores.secrets.open(stored!)).toString()
    }
    const objects = async () => hsm.hsm.tool('--login', '--pin', await passwordOf(), '--list-objects')

    test('says where it is, and not which material it has', async () => {
      const { KeyMetadata } = await hsm.call('DescribeKey', { KeyId: key.KeyId })
      const { Origin, CustomKeyStoreId, CloudHsmClusterId, KeyState, KeySpec, MultiRegion } = KeyMetadata
      assert.deepEqual(
        { Origin, CustomKeyStoreId, CloudHsmClusterId, KeyState, KeySpec, MultiRegion },
        {
          Origin: 'AWS_CLOUDHSM',
          CustomKeyStoreId: store,
          CloudHsmClusterId: hsm.hsm.clusterId,
          KeyState: 'Enabled',
          KeySpec: 'SYMMETRIC_DEFAULT',
          MultiRegion: false,
        },
      )
      assert.equal(KeyMetadata.CurrentKeyMaterialId, undefined)
      assert.equal(KeyMetadata.XksKeyConfiguration, undefined)
    })

    test('records of its creation and of its planned deletion name the key in the HSM (ct-createkey, ct-schedule-key-deletion)', async () => {
      const doomed = await hsm.createKey(store)
      const recordOf = (name: string) => hsm.harness.auditRecords().findLast(({ eventName }) => eventName === name)
      const created = recordOf('CreateKey')
      const { origin, customKeyStoreId, cloudHsmClusterId } = created.responseElements.keyMetadata
      assert.deepEqual(
        { origin, customKeyStoreId, cloudHsmClusterId },
        { origin: 'AWS_CLOUDHSM', customKeyStoreId: store, cloudHsmClusterId: hsm.hsm.clusterId },
      )
      assert.deepEqual(Object.keys(created.additionalEventData), ['backingKey'])
      const { backingKeyId, ...more } = JSON.parse(created.additionalEventData.backingKey)
      assert.deepEqual(more, {})
      assert.match(await objects(), new RegExp(`ID:\\s+${backingKeyId}`))
      await hsm.call('ScheduleKeyDeletion', { KeyId: doomed.KeyId, PendingWindowInDays: 7 })
      assert.deepEqual(recordOf('ScheduleKeyDeletion').additionalEventData, {
        customKeyStoreId: store,
        clusterId: hsm.hsm.clusterId,
        backingKeys: JSON.stringify([{ backingKeyId }]),
      })
      await hsm.call('CancelKeyDeletion', { KeyId: doomed.KeyId })
    })

    test('is one AES key of the token, with its ARN as label, which cannot be read', async () => {
      const listed = await objects()
      assert.match(listed, /Secret Key Object; AES length 32/)
      assert.ok(listed.includes(key.Arn))
      assert.match(listed, /Access:\s+sensitive, always sensitive, never extractable, local/)
      assert.match(listed, suite === 3 ? /Usage:\s+derive/ : /Usage:\s+encrypt, decrypt/)
      assert.throws(() =>
        hsm.hsm.tool('--read-object', '--type', 'secrkey', '--label', key.Arn, '--login', '--pin', hsm.hsm.pin),
      )
    })

    test('encrypts, and Decrypt finds it by the ciphertext', async () => {
      const { CiphertextBlob, KeyId } = await hsm.call('Encrypt', { KeyId: key.KeyId, Plaintext, EncryptionContext })
      assert.equal(KeyId, key.Arn)
      const blob = Buffer.from(CiphertextBlob, 'base64')
      assert.equal(blob.toString('hex', 0, 8), `4b4d53010${suite}0000${header.toString(16)}`)
      assert.equal(blob.length, 5 + overhead)
      const answer = await hsm.call('Decrypt', { CiphertextBlob, EncryptionContext })
      assert.deepEqual(answer, {
        KeyId: key.Arn,
        Plaintext,
        EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
      })
      const other = { CiphertextBlob, EncryptionContext: { tenant: 'red' } }
      await assertFails(hsm.call('Decrypt', other), 'InvalidCiphertextException', undefined)
    })

    test('no changed byte of a ciphertext goes unnoticed', async () => {
      const { CiphertextBlob } = await hsm.call('Encrypt', { KeyId: key.KeyId, Plaintext })
      const blob = Buffer.from(CiphertextBlob, 'base64')
      for (let at = 0; at < blob.length; at++) {
        const changed = Buffer.from(blob)
        changed[at]! ^= 0x40
        const decrypting = hsm.call('Decrypt', { CiphertextBlob: changed, KeyId: key.KeyId })
        // Another material id is another key's, or nobody's.
        const code = at >= 8 && at < 40 ? 'IncorrectKeyException' : 'InvalidCiphertextException'
        await assert.rejects(decrypting, { code }, `byte ${at}`)
      }
      const cut = { CiphertextBlob: blob.subarray(0, overhead), KeyId: key.KeyId }
      await assertFails(hsm.call('Decrypt', cut), 'InvalidCiphertextException', undefined)
      await assertFails(
        hsm.call('Decrypt', { CiphertextBlob: Buffer.concat([blob, Buffer.of(0)]) }),
        'InvalidCiphertextException',
        undefined,
      )
    })

    test('encrypts 4096 bytes, and not one more', async () => {
      const large = Buffer.alloc(4096, 7)
      const { CiphertextBlob } = await hsm.call('Encrypt', { KeyId: key.KeyId, Plaintext: large })
      const { Plaintext: opened } = await hsm.call('Decrypt', { CiphertextBlob })
      assert.ok(Buffer.from(opened, 'base64').equals(large))
      await assert.rejects(hsm.call('Encrypt', { KeyId: key.KeyId, Plaintext: Buffer.alloc(4097) }), {
        code: 'ValidationException',
      })
    })

    test('makes data keys', async () => {
      const made = await hsm.call('GenerateDataKey', { KeyId: key.KeyId, KeySpec: 'AES_256', EncryptionContext })
      assert.equal(Buffer.from(made.Plaintext, 'base64').length, 32)
      assert.equal(made.KeyMaterialId, undefined)
      const { CiphertextBlob } = made
      const opened = await hsm.call('Decrypt', { CiphertextBlob, EncryptionContext })
      assert.equal(opened.Plaintext, made.Plaintext)
      const silent = await hsm.call('GenerateDataKeyWithoutPlaintext', { KeyId: key.KeyId, NumberOfBytes: 1024 })
      const { Plaintext: bytes } = await hsm.call('Decrypt', { CiphertextBlob: silent.CiphertextBlob })
      assert.equal(Buffer.from(bytes, 'base64').length, 1024)
    })

    test('re-encrypts to a key of this service and back', async () => {
      const ours = (await hsm.call('CreateKey')).KeyMetadata
      const { CiphertextBlob } = await hsm.call('Encrypt', { KeyId: key.KeyId, Plaintext })
      const there = await hsm.call('ReEncrypt', { CiphertextBlob, DestinationKeyId: ours.KeyId })
      assert.equal(there.SourceKeyMaterialId, undefined)
      assert.match(there.DestinationKeyMaterialId, /^[0-9a-f]{64}$/)
      const back = await hsm.call('ReEncrypt', { CiphertextBlob: there.CiphertextBlob, DestinationKeyId: key.KeyId })
      assert.equal((await hsm.call('Decrypt', { CiphertextBlob: back.CiphertextBlob })).Plaintext, Plaintext)
      const { additionalEventData } = hsm.harness.auditRecords().filter(({ eventName }) => eventName === 'ReEncrypt')[1]
      assert.equal(additionalEventData.destinationCustomKeyStoreId, store)
      assert.match(additionalEventData.destinationBackingKeyId, /^[0-9a-f]{64}$/)
      assert.equal(additionalEventData.sourceCustomKeyStoreId, undefined)
    })

    test('does many things at once, each with the right answer', async () => {
      const messages = Array.from({ length: 100 }, (_, index) => Buffer.from(`message ${index}`))
      const opened = await Promise.all(
        messages.map(async (Plaintext) => {
          const { CiphertextBlob } = await hsm.call('Encrypt', { KeyId: key.KeyId, Plaintext })
          return Buffer.from((await hsm.call('Decrypt', { CiphertextBlob })).Plaintext, 'base64').toString()
        }),
      )
      assert.deepEqual(opened, messages.map(String))
    })

    test('records name the store and the key in the HSM, also of a call that fails', async () => {
      await assert.rejects(
        hsm.call('Encrypt', { KeyId: key.KeyId, Plaintext, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256' }),
      )
      const { errorCode, additionalEventData } = hsm.harness.auditRecords().at(-1)
      assert.equal(errorCode, 'InvalidKeyUsageException')
      assert.equal(additionalEventData.customKeyStoreId, store)
      assert.match(await objects(), new RegExp(`ID:\\s+${additionalEventData.backingKeyId}`))
    })

    test('what keys in stores cannot do is unsupported, connected or not (KS-2)', async () => {
      const KeyId = key.KeyId
      const calls: readonly (readonly [string, object])[] = [
        ['GenerateDataKeyPair', { KeyId, KeyPairSpec: 'ECC_NIST_P256' }],
        ['GenerateDataKeyPairWithoutPlaintext', { KeyId, KeyPairSpec: 'ECC_NIST_P256' }],
        ['EnableKeyRotation', { KeyId }],
        ['DisableKeyRotation', { KeyId }],
        ['RotateKeyOnDemand', { KeyId }],
        ['GetParametersForImport', { KeyId, WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' }],
        ['ReplicateKey', { KeyId, ReplicaRegion: 'us-east-1' }],
      ]
      const refuseAll = async () => {
        for (const [operation, body] of calls) {
          await assert.rejects(hsm.call(operation, body), { code: 'UnsupportedOperationException' }, operation)
        }
      }
      await refuseAll()
      await hsm.disconnect(store)
      await refuseAll()
      assert.deepEqual(await hsm.call('GetKeyRotationStatus', { KeyId }), { KeyRotationEnabled: false, KeyId: key.Arn })
      const all = { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }
      assert.deepEqual(await hsm.call('ListKeyRotations', all), { Rotations: [], Truncated: false })
      await hsm.connect(store)
    })

    test('random bytes come from the HSM while it is connected', async () => {
      const request = { NumberOfBytes: 64, CustomKeyStoreId: store }
      const [one, other] = [await hsm.call('GenerateRandom', request), await hsm.call('GenerateRandom', request)]
      assert.equal(Buffer.from(one.Plaintext, 'base64').length, 64)
      assert.notEqual(one.Plaintext, other.Plaintext)
      assert.equal(hsm.harness.auditRecords().at(-1).additionalEventData.customKeyStoreId, store)
      await hsm.disconnect(store)
      const text = `Custom key store ${store} is DISCONNECTED, which is not valid for this operation.`
      await assertFails(hsm.call('GenerateRandom', request), 'CustomKeyStoreInvalidStateException', text)
      await hsm.connect(store)
    })

    test('while its store is disconnected it is Unavailable; what was switched meanwhile counts afterwards', async () => {
      const { KeyId } = await hsm.createKey(store)
      const { CiphertextBlob } = await hsm.call('Encrypt', { KeyId, Plaintext })
      const state = async () => (await hsm.call('DescribeKey', { KeyId })).KeyMetadata.KeyState
      await hsm.disconnect(store)
      assert.equal(await state(), 'Unavailable')
      const arn = (await hsm.call('DescribeKey', { KeyId })).KeyMetadata.Arn
      const unavailable = ['KMSInvalidStateException', `${arn} is unavailable.`] as const
      await assertFails(hsm.call('Encrypt', { KeyId, Plaintext }), ...unavailable)
      await assertFails(hsm.call('Decrypt', { CiphertextBlob }), ...unavailable)
      await hsm.call('DisableKey', { KeyId })
      assert.equal(await state(), 'Unavailable')
      const invalid = `Custom key store ${store} is DISCONNECTED, which is not valid for this operation.`
      await assertFails(hsm.createKey(store), 'CustomKeyStoreInvalidStateException', invalid)
      await hsm.connect(store)
      assert.equal(await state(), 'Disabled')
      await hsm.call('EnableKey', { KeyId })
      assert.equal((await hsm.call('Decrypt', { CiphertextBlob })).Plaintext, Plaintext)
    })

    test('a key that somebody destroyed in the HSM stays Enabled, and does nothing (ST-4)', async () => {
      const { KeyId, Arn } = await hsm.createKey(store)
      await hsm.call('Encrypt', { KeyId, Plaintext })
      hsm.hsm.tool('--login', '--pin', await passwordOf(), '--delete-object', '--type', 'secrkey', '--label', Arn)
      const text = `The key material of this KMS key is not in CloudHSM cluster ${hsm.hsm.clusterId}.`
      await assertFails(hsm.call('Encrypt', { KeyId, Plaintext }), 'KMSInvalidStateException', text)
      assert.equal((await hsm.call('DescribeKey', { KeyId })).KeyMetadata.KeyState, 'Enabled')
    })

    test('at the end of its waiting period the key in the HSM is destroyed, if the store is connected', async () => {
      const doomed = await hsm.createKey(store)
      const kept = await hsm.createKey(store)
      for (const { KeyId } of [doomed, kept]) await hsm.call('ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
      await hsm.call('CancelKeyDeletion', { KeyId: kept.KeyId })
      await hsm.harness.clock.advance(7 * DAY_MS)
      await hsm.harness.service.jobs.runAll()
      const listed = await objects()
      assert.ok(!listed.includes(doomed.Arn))
      assert.ok(listed.includes(kept.Arn))
      const event = deletionOf(doomed.Arn)
      assert.equal(event.additionalEventData.customKeyStoreId, store)
      assert.equal(event.additionalEventData.clusterId, hsm.hsm.clusterId)
      const [status] = JSON.parse(event.additionalEventData.backingKeysDeletionStatus)
      assert.equal(status.deletionStatus, 'SUCCESS')
      assert.match(status.backingKeyId, /^[0-9a-f]{64}$/)
      assert.match(status.keyHandle, /^\d+$/)
      const [backing] = JSON.parse(event.additionalEventData.backingKeys)
      assert.deepEqual(backing, { keyHandle: status.keyHandle, backingKeyId: status.backingKeyId })
    })

    test('a key whose store is disconnected by then is gone, and what it leaves in the HSM is told', async () => {
      const doomed = await hsm.createKey(store)
      await hsm.call('ScheduleKeyDeletion', { KeyId: doomed.KeyId, PendingWindowInDays: 7 })
      await hsm.disconnect(store)
      assert.equal((await hsm.call('DescribeKey', { KeyId: doomed.KeyId })).KeyMetadata.KeyState, 'PendingDeletion')
      await hsm.harness.clock.advance(7 * DAY_MS)
      await hsm.harness.service.jobs.runAll()
      const missing = `Key '${doomed.Arn}' does not exist`
      await assertFails(hsm.call('DescribeKey', { KeyId: doomed.KeyId }), 'NotFoundException', missing)
      const [status] = JSON.parse(deletionOf(doomed.Arn).additionalEventData.backingKeysDeletionStatus)
      assert.equal(status.deletionStatus, 'FAILURE')
      assert.ok((await objects()).includes(doomed.Arn))
      await hsm.connect(store)
    })

    const deletionOf = (arn: string) =>
      hsm.harness
        .auditRecords()
        .find(({ eventName, resources }) => eventName === 'DeleteKey' && resources[0].ARN === arn)
  })
}
