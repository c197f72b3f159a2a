/** A change of the root key that is killed before any of its durable steps is made or not made, and the store opens either way. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tryAll } from './kill-at-steps.ts'

interface Facts {
  readonly rootKeyId: string
  readonly blob: string
}

test('a change of the root key', { timeout: 600_000 }, async (context) => {
  await tryAll<Facts>(context, {
    async prepare(node) {
      const { KeyMetadata } = await node.call('CreateKey', {})
      const { CiphertextBlob } = await node.call('Encrypt', { KeyId: KeyMetadata.KeyId, Plaintext: 'aGVsbG8=' })
      return { rootKeyId: (await node.store.newestDomainKey())!.rootKeyId, blob: CiphertextBlob }
    },
    daysAhead: 0,
    step: () => ({ do: 'change root key' }),
    async look(node, { rootKeyId, blob }) {
      assert.equal((await node.call('Decrypt', { CiphertextBlob: blob })).Plaintext, 'aGVsbG8=')
      const domainKeys = await node.store.listDomainKeys()
      assert.equal(new Set(domainKeys.map((key) => key.rootKeyId)).size, 1, 'all are under the same root key')
      return [domainKeys[0]!.rootKeyId !== rootKeyId]
    },
    async finished(node) {
      await node.call('CreateKey', {})
    },
    recorded(records, { rootKeyId }) {
      const changes = records.filter(({ eventName }) => eventName === 'ChangeRootKey')
      assert.equal(changes.filter(({ serviceEventDetails }) => serviceEventDetails.from === rootKeyId).length, 1)
    },
  })
})
