/** The AWS Encryption SDK for JavaScript with KMS keyrings: a stream through encrypt and decrypt, two wrapping keys, two Regions. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import {
  AwsKmsMrkAwareSymmetricDiscoveryKeyringNode,
  AwsKmsMrkAwareSymmetricKeyringNode,
  buildClient,
  CommitmentPolicy,
  KmsKeyringNode,
} from '@aws-crypto/client-node'
import * as kms from '@aws-sdk/client-kms'
import {
  type KeyholdProcess,
  readCredentials,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'

const folder = temporaryFolder('esdk')
let keyhold: KeyholdProcess
let client: kms.KMS

const clientOf = (region: string) =>
  new kms.KMS({ endpoint: keyhold.endpoint, region, credentials: readCredentials(folder.path) })

before(async () => {
  keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', '1', '--data', folder.path])
  client = clientOf('eu-west-1')
})

after(async () => {
  client?.destroy()
  await keyhold?.end()
  folder.remove()
})

test('a stream encrypted under a generator key and a second key opens under either', async () => {
  const arns = []
  for (let count = 0; count < 2; count++) {
    arns.push((await client.send(new kms.CreateKeyCommand({}))).KeyMetadata!.Arn!)
  }
  // The SDK asks for a client per Region; ours is one endpoint for all.
  const clientProvider = () => client as never
  const { encryptStream, decryptStream } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
  const [generatorKeyId, secondKeyId] = arns as [string, string]
  const writing = new KmsKeyringNode({ generatorKeyId, keyIds: [secondKeyId], clientProvider })
  const message = randomBytes(300_000)
  const context = { purpose: 'compatibility', origin: 'test' }

  const sealed = await buffer(
    Readable.from([message.subarray(0, 100_000), message.subarray(100_000)]).pipe(
      encryptStream(writing, { encryptionContext: context }),
    ),
  )
  assert.ok(sealed.length > message.length)
  for (const keyId of arns) {
    const reading = new KmsKeyringNode({ keyIds: [keyId], clientProvider })
    const opened = await buffer(Readable.from([sealed]).pipe(decryptStream(reading)))
    assert.ok(opened.equals(message))
  }

  const altered = Buffer.from(sealed)
  altered[altered.length - 200]! ^= 1
  await assert.rejects(buffer(Readable.from([altered]).pipe(decryptStream(writing))))
})

test('what a multi-Region key sealed opens with its related key elsewhere, also when the first is gone (MRK-30)', async (context) => {
  const away = clientOf('ap-south-1')
  context.after(() => away.destroy())
  const { Arn, KeyId, AWSAccountId } = (await client.createKey({ MultiRegion: true })).KeyMetadata!
  await client.replicateKey({ KeyId, ReplicaRegion: 'ap-south-1' })
  const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)
  const keyring = (keyId: string, client: kms.KMS) =>
    new AwsKmsMrkAwareSymmetricKeyringNode({ keyId, client: client as never })
  const message = randomBytes(1_000)
  const { result } = await encrypt(keyring(Arn!, client), message, { encryptionContext: { purpose: 'two Regions' } })

  await client.rotateKeyOnDemand({ KeyId })
  await client.updatePrimaryRegion({ KeyId, PrimaryRegion: 'ap-south-1' })
  const awayArn = Arn!.replace('eu-west-1', 'ap-south-1')
  assert.ok((await decrypt(keyring(Arn!, client), result)).plaintext.equals(message))
  await client.scheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 })
  await assert.rejects(decrypt(keyring(Arn!, client), result))
  assert.ok((await decrypt(keyring(awayArn, away), result)).plaintext.equals(message))
  const discoveryFilter = { accountIDs: [AWSAccountId!], partition: 'aws' }
  const discovery = new AwsKmsMrkAwareSymmetricDiscoveryKeyringNode({ client: away as never, discoveryFilter })
  assert.ok((await decrypt(discovery, result)).plaintext.equals(message))
  // A keyring that does not know of multi-Region keys takes the related key for another one.
  const unaware = new KmsKeyringNode({ keyIds: [awayArn], clientProvider: () => away as never })
  await assert.rejects(decrypt(unaware, result))
})
