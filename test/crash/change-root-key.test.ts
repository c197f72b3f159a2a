/** A change of the root key that is killed before any of its durable steps is made or not made, and the store opens either way. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { NewRootKey } from '../../src/start/change-root-key.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'
import { createSoftHsm, softHsmMissing } from '../support/softhsm.ts'
import { tryAll } from './kill-at-steps.ts'
import { type Step, take } from './take-step.ts'

interface Facts {
  readonly rootKeyId: string
  readonly blob: string
}

const FILE: NewRootKey = { provider: 'file' }

type To = Extract<Step, { do: 'change root key' }>['to']

function tryChange(context: TestContext, from: To | undefined, to: To): Promise<void> {
  return tryAll<Facts>(context, {
    async prepare(node) {
      const { KeyMetadata } = await node.call('CreateKey', {})
      const { CiphertextBlob } = await node.call('Encrypt', { KeyId: KeyMetadata.KeyId, Plaintext: 'aGVsbG8=' })
      if (from !== undefined) await take(node, { do: 'change root key', to: from })
      return { rootKeyId: (await node.store.newestDomainKey())!.rootKeyId, blob: CiphertextBlob }
    },
    daysAhead: 0,
    step: () => ({ do: 'change root key', to }),
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
}

test('a change of the root key', { timeout: 600_000 }, (context) => tryChange(context, undefined, FILE))

test('to a key in an HSM, and from there to a file', { timeout: 600_000, skip: softHsmMissing }, async (context) => {
  const { cluster, pin, close } = createSoftHsm()
  context.after(close)
  // Of this process and of those that are killed.
  process.env.SOFTHSM2_CONF = cluster.environment.SOFTHSM2_CONF!
  process.env.KEYHOLD_ROOT_KEY_PIN = pin
  const { module, tokens } = cluster
  const toHsm: NewRootKey = {
    provider: 'pkcs11',
    hsm: { module, tokens, keyLabel: 'crash', pinFile: undefined, pin },
  }
  await tryChange(context, undefined, toHsm)
  await tryChange(context, toHsm, FILE)
})

test('to shares, to other shares, and from there to a file', { timeout: 900_000 }, async (context) => {
  const { path, remove } = temporaryFolder('crash-shares')
  context.after(remove)
  process.env.CRASH_SHARES = path
  const toShares = { provider: 'shares' } as const
  await tryChange(context, undefined, toShares)
  await tryChange(context, toShares, toShares)
  await tryChange(context, toShares, FILE)
})
