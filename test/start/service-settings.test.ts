import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readServiceSettings } from '../../src/start/service-settings.ts'

test('without files nothing is said of what is in them', async () => {
  const files = {
    identityProviders: undefined,
    hsmClusters: undefined,
    externalKeyStores: undefined,
    guardPolicy: undefined,
    quotas: undefined,
  }
  const said = { ...files, externalAccounts: 'accept', verboseDenials: true, eventUrl: undefined } as const
  assert.deepEqual(await readServiceSettings({ ...said, console: false }), { ...said, consoleFolder: undefined })
})
