/**
 * The AWS SDK for JavaScript, unmodified, imports key material into `keyhold start`, as AWS's guide describes it. With two
 * workers, a token is often taken back by another than the one that gave it.
 */
import assert from 'node:assert/strict'
import { constants, createPublicKey, publicEncrypt, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import * as kms from '@aws-sdk/client-kms'
import {
  type KeyholdProcess,
  readCredentials,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'

const folder = temporaryFolder('sdk-import')
let keyhold: KeyholdProcess
let client: kms.KMSClient

before(async () => {
  keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', '2', '--data', folder.path])
  const credentials = readCredentials(folder.path)
  client = new kms.KMSClient({ endpoint: keyhold.endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 })
})

after(async () => {
  client?.destroy()
  await keyhold?.end()
  folder.remove()
})

const stateOf = async (KeyId: string) => (await client.send(new kms.DescribeKeyCommand({ KeyId }))).KeyMetadata!

async function parametersFor(KeyId: string) {
  const WrappingAlgorithm = kms.AlgorithmSpec.RSAES_OAEP_SHA_256
  const WrappingKeySpec = kms.WrappingKeySpec.RSA_3072
  return client.send(new kms.GetParametersForImportCommand({ KeyId, WrappingAlgorithm, WrappingKeySpec }))
}

async function importRequest(KeyId: string, material: Uint8Array) {
  const { ImportToken, PublicKey, ParametersValidTo } = await parametersFor(KeyId)
  assert.ok(Math.abs(ParametersValidTo!.getTime() - Date.now() - 86_400_000) < 60_000)
  const key = createPublicKey({ key: Buffer.from(PublicKey!), format: 'der', type: 'spki' })
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  return { KeyId, ImportToken, EncryptedKeyMaterial: publicEncrypt({ key, padding, oaepHash: 'sha256' }, material) }
}

test('created, imported, used, deleted, imported again', async () => {
  const created = await client.send(new kms.CreateKeyCommand({ Origin: 'EXTERNAL' }))
  const { KeyId, KeyState } = created.KeyMetadata!
  assert.equal(KeyState, 'PendingImport')
  const material = randomBytes(32)
  const ValidTo = new Date(Math.floor(Date.now() / 1000) * 1000 + 3_600_000)
  const imported = await client.send(
    new kms.ImportKeyMaterialCommand({
      ...(await importRequest(KeyId!, material)),
      ValidTo,
      KeyMaterialDescription: 'ours',
    }),
  )
  const metadata = await stateOf(KeyId!)
  assert.equal(metadata.KeyState, 'Enabled')
  assert.equal(metadata.CurrentKeyMaterialId, imported.KeyMaterialId)
  assert.deepEqual(metadata.ValidTo, ValidTo)

  const sealed = await client.send(new kms.EncryptCommand({ KeyId, Plaintext: Buffer.from('text') }))
  const { CiphertextBlob } = sealed
  const deleted = await client.send(new kms.DeleteImportedKeyMaterialCommand({ KeyId }))
  assert.equal(deleted.KeyMaterialId, imported.KeyMaterialId)
  await assert.rejects(client.send(new kms.DecryptCommand({ CiphertextBlob })), kms.KMSInvalidStateException)

  const again = { ...(await importRequest(KeyId!, material)), ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' } as const
  await client.send(new kms.ImportKeyMaterialCommand(again))
  const opened = await client.send(new kms.DecryptCommand({ CiphertextBlob }))
  assert.equal(Buffer.from(opened.Plaintext!).toString(), 'text')
  assert.equal((await stateOf(KeyId!)).ValidTo, undefined)
})

test("the errors are those of the SDK's model", async () => {
  const { KeyId } = (await client.send(new kms.CreateKeyCommand({ Origin: 'EXTERNAL' }))).KeyMetadata!
  const request = await importRequest(KeyId!, randomBytes(32))
  const send = (members: Partial<kms.ImportKeyMaterialCommandInput>) =>
    client.send(
      new kms.ImportKeyMaterialCommand({ ...request, ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE', ...members }),
    )
  await assert.rejects(send({ ImportToken: randomBytes(100) }), kms.InvalidImportTokenException)
  await assert.rejects(send({ EncryptedKeyMaterial: randomBytes(384) }), kms.InvalidCiphertextException)
  await send({})
  const other = await importRequest(KeyId!, randomBytes(32))
  await assert.rejects(send(other), kms.IncorrectKeyMaterialException)
  const made = (await client.send(new kms.CreateKeyCommand({}))).KeyMetadata!
  await assert.rejects(parametersFor(made.KeyId!), kms.UnsupportedOperationException)
})
