/**
 * The AWS SDK for JavaScript and the AWS Encryption SDK's multi-Region keyrings, unmodified, with a set of keys in
 * `keyhold start` with two workers: what one worker copies, another has at once.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import {
  AwsKmsMrkAwareSymmetricDiscoveryKeyringNode,
  AwsKmsMrkAwareSymmetricKeyringNode,
  buildClient,
  CommitmentPolicy,
} from '@aws-crypto/client-node'
import * as kms from '@aws-sdk/client-kms'
import {
  type KeyholdProcess,
  readCredentials,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'

const [HOME, AWAY] = ['eu-west-1', 'us-east-1'] as const
/** The promise of design.md section 3, and a little. */
const CHANGE_IN_FORCE_MS = 1_200

const folder = temporaryFolder('sdk-multi-region')
let keyhold: KeyholdProcess
let home: kms.KMS
let away: kms.KMS

before(async () => {
  keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', '2', '--data', folder.path])
  const { endpoint } = keyhold
  const credentials = readCredentials(folder.path)
  home = new kms.KMS({ endpoint, region: HOME, credentials, maxAttempts: 1 })
  away = new kms.KMS({ endpoint, region: AWAY, credentials, maxAttempts: 1 })
})

after(async () => {
  home?.destroy()
  away?.destroy()
  await keyhold?.end()
  folder.remove()
})

async function newSet(): Promise<{ KeyId: string; arns: { home: string; away: string } }> {
  const { KeyMetadata } = await home.createKey({ MultiRegion: true })
  const { KeyId, Arn } = KeyMetadata!
  const { ReplicaKeyMetadata } = await home.replicateKey({ KeyId, ReplicaRegion: AWAY, Description: 'away' })
  return { KeyId: KeyId!, arns: { home: Arn!, away: ReplicaKeyMetadata!.Arn! } }
}

test('what is encrypted in one Region decrypts in the other, at whichever worker', async () => {
  const { KeyId, arns } = await newSet()
  const Plaintext = Buffer.from('between Regions')
  const { CiphertextBlob } = await home.encrypt({ KeyId, Plaintext })
  const opened = await Promise.all(Array.from({ length: 8 }, () => away.decrypt({ CiphertextBlob, KeyId })))
  for (const answer of opened) {
    assert.deepEqual(Buffer.from(answer.Plaintext!), Plaintext)
    assert.equal(answer.KeyId, arns.away)
  }
  const dataKey = await away.generateDataKey({ KeyId, KeySpec: 'AES_256' })
  const unsealed = await home.decrypt({ CiphertextBlob: dataKey.CiphertextBlob })
  assert.deepEqual(unsealed.Plaintext, dataKey.Plaintext)
})

test('rotated, handed over and deleted, as every worker sees within a second', async () => {
  const { KeyId } = await newSet()
  const { CiphertextBlob } = await away.encrypt({ KeyId, Plaintext: Buffer.from('x') })
  await home.rotateKeyOnDemand({ KeyId })
  await pause(CHANGE_IN_FORCE_MS)
  const seen = await Promise.all([home, away].map((client) => client.describeKey({ KeyId })))
  assert.equal(seen[0]!.KeyMetadata!.CurrentKeyMaterialId, seen[1]!.KeyMetadata!.CurrentKeyMaterialId)
  await home.updatePrimaryRegion({ KeyId, PrimaryRegion: AWAY })
  await pause(CHANGE_IN_FORCE_MS)
  for (const client of [home, away, home, away]) {
    const { KeyMetadata } = await client.describeKey({ KeyId })
    assert.equal(KeyMetadata!.KeyState, 'Enabled')
    assert.equal(KeyMetadata!.MultiRegionConfiguration!.PrimaryKey!.Region, AWAY)
    assert.deepEqual(Buffer.from((await client.decrypt({ CiphertextBlob })).Plaintext!).toString(), 'x')
  }
  assert.equal((await home.scheduleKeyDeletion({ KeyId })).KeyState, 'PendingDeletion')
  assert.equal((await away.scheduleKeyDeletion({ KeyId })).KeyState, 'PendingReplicaDeletion')
})

test("the errors are those of the SDK's model", async () => {
  const { KeyId } = await newSet()
  await assert.rejects(home.replicateKey({ KeyId, ReplicaRegion: AWAY }), kms.AlreadyExistsException)
  await assert.rejects(away.replicateKey({ KeyId, ReplicaRegion: HOME }), kms.UnsupportedOperationException)
  await assert.rejects(away.updatePrimaryRegion({ KeyId, PrimaryRegion: HOME }), kms.KMSInvalidStateException)
  await assert.rejects(away.rotateKeyOnDemand({ KeyId }), kms.UnsupportedOperationException)
  await assert.rejects(home.updatePrimaryRegion({ KeyId, PrimaryRegion: 'eu-north-1' }), {
    name: 'ValidationException',
  })
})

test('the Encryption SDK writes under the key of one Region and reads under that of another', async () => {
  const { arns } = await newSet()
  const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
  const message = randomBytes(10_000)
  const writing = new AwsKmsMrkAwareSymmetricKeyringNode({ client: home as never, keyId: arns.home })
  const { result } = await encrypt(writing, message, { encryptionContext: { purpose: 'compatibility' } })
  const readings = [
    new AwsKmsMrkAwareSymmetricKeyringNode({ client: away as never, keyId: arns.away }),
    new AwsKmsMrkAwareSymmetricDiscoveryKeyringNode({
      client: away as never,
      discoveryFilter: { partition: 'aws', accountIDs: [arns.home.split(':')[4]!] },
    }),
  ]
  for (const reading of readings) assert.deepEqual((await decrypt(reading, result)).plaintext, message)
})
