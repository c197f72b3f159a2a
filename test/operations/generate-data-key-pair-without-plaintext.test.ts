/** operations.md 3.22, 4.5; audit.md 4.1. */
import { after, before } from 'node:test'
import { type Answer, createHarness, type Harness } from '../support/harness.ts'
import { testDataKeyPairs } from './data-key-pairs.ts'
import { newKey } from './support.ts'

let harness: Harness
let key: Answer
before(async () => {
  harness = await createHarness()
  key = await newKey(harness)
})
after(() => harness.close())

const MEMBERS = ['KeyId', 'KeyMaterialId', 'KeyPairSpec', 'PrivateKeyCiphertextBlob', 'PublicKey']

testDataKeyPairs(
  'GenerateDataKeyPairWithoutPlaintext',
  MEMBERS,
  () => harness,
  () => key,
)
