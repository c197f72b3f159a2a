import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readServiceSettings } from '../../src/start/service-settings.ts'

test('without files nothing is said of what is in them', async () => {
  const none = { identityProviders: undefined, hsmClusters: undefined, externalKeyStores: undefined }
  assert.deepEqual(await readServiceSettings({ ...none, externalAccounts: 'accept' }), {
    ...none,
    externalAccounts: 'accept',
  })
})
