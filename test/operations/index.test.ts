/** The list of operations (operations.md, "The 54 operations"), and those that are not built yet (docs/divergences.md). */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { operations } from '../../src/operations/index.ts'
import { createHarness, type Harness } from '../support/harness.ts'
import { assertFails, lastRecord } from './support.ts'

let harness: Harness
before(async () => {
  harness = await createHarness()
})
after(() => harness.close())

const BUILT = [
  ...['CancelKeyDeletion', 'CreateAlias', 'CreateKey', 'Decrypt', 'DeleteAlias', 'DescribeKey', 'DisableKey'],
  ...['EnableKey', 'Encrypt', 'GenerateDataKey', 'GenerateDataKeyWithoutPlaintext', 'GenerateRandom', 'GetKeyPolicy'],
  ...['ListAliases', 'ListKeyPolicies', 'ListKeys', 'ListResourceTags', 'PutKeyPolicy', 'ReEncrypt'],
  ...['ScheduleKeyDeletion', 'TagResource', 'UntagResource', 'UpdateAlias', 'UpdateKeyDescription'],
  ...[
    'DeriveSharedSecret',
    'GenerateDataKeyPair',
    'GenerateDataKeyPairWithoutPlaintext',
    'GenerateMac',
    'GetPublicKey',
  ],
  ...['Sign', 'Verify', 'VerifyMac'],
  ...[
    'DisableKeyRotation',
    'EnableKeyRotation',
    'GetKeyLastUsage',
    'GetKeyRotationStatus',
    'ListKeyRotations',
    'RotateKeyOnDemand',
  ],
  ...['CreateGrant', 'ListGrants', 'ListRetirableGrants', 'RetireGrant', 'RevokeGrant'],
  ...['DeleteImportedKeyMaterial', 'GetParametersForImport', 'ImportKeyMaterial'],
  ...['ReplicateKey', 'UpdatePrimaryRegion'],
]

/** audit.md 4.1 and 4.2; false for those of 4.3. */
const NOT_BUILT: Readonly<Record<string, boolean>> = {
  ConnectCustomKeyStore: false,
  CreateCustomKeyStore: false,
  DeleteCustomKeyStore: false,
  DescribeCustomKeyStores: true,
  DisconnectCustomKeyStore: false,
  UpdateCustomKeyStore: false,
}

test('the 54 operations are there under exactly their names, sorted', () => {
  const names = [...operations.keys()]
  assert.equal(names.length, 54)
  assert.deepEqual(names, [...BUILT, ...Object.keys(NOT_BUILT)].sort())
  for (const [name, operation] of operations) assert.equal(operation.name, name)
})

test('no other name finds anything', () => {
  for (const name of ['encrypt', 'ENCRYPT', 'Encrypt ', 'toString', '__proto__', 'constructor', '']) {
    assert.equal(operations.get(name), undefined)
  }
})

for (const [name, readOnly] of Object.entries(NOT_BUILT)) {
  test(`${name} is refused, whatever it is asked, and recorded`, async () => {
    for (const body of [{}, { KeyId: 'alias/x', Message: 'eA==', GrantId: 7 }]) {
      await assertFails(harness.call(name, body), 'UnsupportedOperationException', `${name} is not supported.`)
      assert.deepEqual(lastRecord(harness), {
        eventName: name,
        readOnly,
        errorCode: 'UnsupportedOperationException',
        errorMessage: `${name} is not supported.`,
        requestParameters: null,
        responseElements: null,
        resources: [],
      })
    }
  })
}

test('docs/divergences.md lists exactly the operations that are not built', () => {
  const page = readFileSync(new URL('../../docs/divergences.md', import.meta.url), 'utf8')
  const section = page.slice(page.indexOf('### Operations'), page.indexOf('### Parameters'))
  const listed = section.match(/\b[A-Z][a-z]+(?:[A-Z][a-z]+)*\b/g)!.filter((word) => operations.has(word))
  assert.deepEqual([...new Set(listed)].sort(), Object.keys(NOT_BUILT))
})
