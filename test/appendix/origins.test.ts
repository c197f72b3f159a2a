/** lifecycle.md appendix B: where key material comes from. That keys are made in an HSM is tested with SoftHSM2, where there is one. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createHarnessWithProxy, type HarnessWithProxy } from '../domain/key-stores/xks/harness-with-proxy.ts'
import { importMaterial } from '../support/imports.ts'

let harness: HarnessWithProxy
before(async () => {
  harness = await createHarnessWithProxy()
})
after(() => harness.close())

test('keys are made here, of imported material, or with a key of an external manager: B.4/5', async () => {
  const made = (await harness.call('CreateKey')).KeyMetadata
  const imported = (await harness.call('CreateKey', { Origin: 'EXTERNAL' })).KeyMetadata
  await importMaterial(harness, imported.KeyId, Buffer.alloc(32, 7))
  const external = await harness.newKey('orders-2026')
  const keys = [made, imported, external]
  assert.deepEqual(
    keys.map(({ Origin }) => Origin),
    ['AWS_KMS', 'EXTERNAL', 'EXTERNAL_KEY_STORE'],
  )
  for (const { KeyId } of keys) {
    const { CiphertextBlob } = await harness.call('Encrypt', { KeyId, Plaintext: Buffer.from('x') })
    const { Plaintext } = await harness.call('Decrypt', { CiphertextBlob, KeyId })
    assert.equal(Buffer.from(Plaintext, 'base64').toString(), 'x')
  }
})
