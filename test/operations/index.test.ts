/** The list of operations (operations.md, "The 54 operations"). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { operations } from '../../src/operations/index.ts'

const NAMES = [
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
  ...['ConnectCustomKeyStore', 'CreateCustomKeyStore', 'DeleteCustomKeyStore'],
  ...['DescribeCustomKeyStores', 'DisconnectCustomKeyStore', 'UpdateCustomKeyStore'],
]

test('the 54 operations are there under exactly their names, sorted', () => {
  const names = [...operations.keys()]
  assert.equal(names.length, 54)
  assert.deepEqual(names, [...NAMES].sort())
  for (const [name, operation] of operations) assert.equal(operation.name, name)
})

test('no other name finds anything', () => {
  for (const name of ['encrypt', 'ENCRYPT', 'Encrypt ', 'toString', '__proto__', 'constructor', '']) {
    assert.equal(operations.get(name), undefined)
  }
})
