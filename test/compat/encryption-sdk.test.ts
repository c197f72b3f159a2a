/** The AWS Encryption SDK for JavaScript with a KMS keyring: a stream through encrypt and decrypt, two wrapping keys. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { buildClient, CommitmentPolicy, KmsKeyringNode } from '@aws-crypto/client-node'
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

before(async () => {
  keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', '1', '--data', folder.path])
  client = new kms.KMS({
    endpoint: keyhold.endpoint,
    region: 'eu-west-1',
    credentials: readCredentials(folder.path),
  })
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
