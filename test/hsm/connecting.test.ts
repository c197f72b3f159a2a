/** What a connection needs, and what it leaves alone (keystores.md 2.2, 2.3), with SoftHSM2. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { silentLog } from '../../src/base/log.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'
import { softHsmMissing } from '../support/softhsm.ts'
import { createHsmHarness, type HsmHarness } from './support.ts'

const Plaintext = Buffer.from('hello')

async function withHsm(
  options: Parameters<typeof createHsmHarness>,
  work: (hsm: HsmHarness) => Promise<void>,
): Promise<void> {
  const hsm = await createHsmHarness(...options)
  try {
    await work(hsm)
  } finally {
    await hsm.close()
  }
}

describe('connecting', { skip: softHsmMissing }, () => {
  test('leaves the password as it is where the operator wants that (HU-5)', () =>
    withHsm([{ cluster: { rotatePin: false } }], async (hsm) => {
      const store = await hsm.connectedStore()
      assert.ok(hsm.hsm.accepts(hsm.hsm.pin))
      await hsm.disconnect(store)
      assert.equal((await hsm.connect(store)).ConnectionState, 'CONNECTED')
    }))

  test('is asked for again and again: each connection has another password, and keys go on working', () =>
    withHsm([], async (hsm) => {
      const store = await hsm.connectedStore()
      const { KeyId } = await hsm.createKey(store)
      const { CiphertextBlob } = await hsm.call('Encrypt', { KeyId, Plaintext })
      for (let count = 0; count < 3; count++) {
        await hsm.disconnect(store)
        assert.equal((await hsm.connect(store)).ConnectionState, 'CONNECTED')
        await hsm.call('Decrypt', { CiphertextBlob })
      }
    }))

  test('tells the operator of keys that are no longer in the HSM, and of no others', async () => {
    const warned: string[] = []
    const log = {
      ...silentLog,
      warn: (fields: object) => void warned.push((fields as { backingKeyId: string }).backingKeyId),
    }
    await withHsm([{ cluster: { rotatePin: false } }, { log }], async (hsm) => {
      const store = await hsm.connectedStore()
      const [lost] = [await hsm.createKey(store), await hsm.createKey(store)]
      const login = ['--login', '--pin', hsm.hsm.pin]
      const listed = hsm.hsm.tool(...login, '--list-objects', '--type', 'secrkey')
      const [, id] = new RegExp(`${lost!.Arn}\\s+ID:\\s+([0-9a-f]{64})`).exec(listed) ?? []
      hsm.hsm.tool(...login, '--delete-object', '--type', 'secrkey', '--label', lost!.Arn)
      await hsm.disconnect(store)
      assert.deepEqual(warned, [])
      assert.equal((await hsm.connect(store)).ConnectionState, 'CONNECTED')
      assert.deepEqual(warned, [id])
    })
  })

  test('that is taken back before it is done leaves the store disconnected', () =>
    withHsm([], async (hsm) => {
      const CustomKeyStoreId = await hsm.createStore()
      await hsm.call('ConnectCustomKeyStore', { CustomKeyStoreId })
      await hsm.call('DisconnectCustomKeyStore', { CustomKeyStoreId })
      await hsm.harness.service.keyStoreConnector.look()
      assert.equal((await hsm.describe(CustomKeyStoreId)).ConnectionState, 'DISCONNECTED')
      assert.equal((await hsm.connect(CustomKeyStoreId)).ConnectionState, 'CONNECTED')
    }))

  test('without the package pkcs11js a store cannot be made, and says why; everything else works', async () => {
    const folder = temporaryFolder('no-package')
    const hooks = join(folder.path, 'hooks.mjs')
    writeFileSync(
      hooks,
      `import { registerHooks } from 'node:module'
       registerHooks({ resolve(name, context, next) {
         if (name === 'pkcs11js') throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' })
         return next(name, context)
       } })`,
    )
    const environment = { NODE_OPTIONS: `--import=${pathToFileURL(hooks)}` }
    await withHsm([{ cluster: { environment } }], async (hsm) => {
      await assert.rejects(hsm.createStore(), {
        code: 'CloudHsmClusterInvalidConfigurationException',
        text: 'This server lacks the package pkcs11js, which CloudHSM key stores need.',
      })
      const { KeyMetadata } = await hsm.call('CreateKey')
      await hsm.call('Encrypt', { KeyId: KeyMetadata.KeyId, Plaintext })
    })
    folder.remove()
  })

  test('a warm Encrypt and Decrypt in an HSM do not touch the store', async () => {
    const calls: string[] = []
    await withHsm([{}, { onStoreCall: (method) => calls.push(method) }], async (hsm) => {
      const store = await hsm.connectedStore()
      const { KeyId } = await hsm.createKey(store)
      const round = async () => {
        const { CiphertextBlob } = await hsm.call('Encrypt', { KeyId, Plaintext })
        await hsm.call('Decrypt', { CiphertextBlob })
      }
      await round()
      calls.length = 0
      for (let count = 0; count < 10; count++) await round()
      assert.deepEqual(
        calls.filter((method) => method !== 'changesAfter'),
        [],
      )
    })
  })
})
