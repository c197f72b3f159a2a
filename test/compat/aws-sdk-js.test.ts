/** The AWS SDK for JavaScript, unmodified, against `keyhold start`: every built operation once, and envelope encryption. */
import assert from 'node:assert/strict'
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import * as kms from '@aws-sdk/client-kms'
import {
  type KeyholdProcess,
  readCredentials,
  startKeyholdProcess,
  temporaryFolder,
} from '../support/keyhold-process.ts'

const folder = temporaryFolder('sdk')
let keyhold: KeyholdProcess
let client: kms.KMSClient

before(async () => {
  keyhold = await startKeyholdProcess(['start', '--port', '0', '--workers', '1', '--data', folder.path])
  const credentials = readCredentials(folder.path)
  client = new kms.KMSClient({ endpoint: keyhold.endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 })
})

after(async () => {
  client?.destroy()
  await keyhold?.end()
  folder.remove()
})

test('a key through its whole life', async () => {
  const created = await client.send(
    new kms.CreateKeyCommand({ Description: 'payroll', Tags: [{ TagKey: 'team', TagValue: 'hr' }] }),
  )
  const { KeyId, Arn } = created.KeyMetadata!
  assert.match(Arn!, /^arn:aws:kms:eu-west-1:\d{12}:key\/[0-9a-f-]{36}$/)
  assert.ok(created.KeyMetadata!.CreationDate instanceof Date)
  await client.send(new kms.CreateAliasCommand({ AliasName: 'alias/payroll', TargetKeyId: KeyId }))

  const described = await client.send(new kms.DescribeKeyCommand({ KeyId: 'alias/payroll' }))
  assert.deepEqual(described.KeyMetadata, created.KeyMetadata)

  await client.send(new kms.TagResourceCommand({ KeyId, Tags: [{ TagKey: 'cost', TagValue: '17' }] }))
  await client.send(new kms.UntagResourceCommand({ KeyId, TagKeys: ['team'] }))
  const tags = await client.send(new kms.ListResourceTagsCommand({ KeyId }))
  assert.deepEqual(tags.Tags, [{ TagKey: 'cost', TagValue: '17' }])

  await client.send(new kms.UpdateKeyDescriptionCommand({ KeyId, Description: 'wages' }))
  const policy = await client.send(new kms.GetKeyPolicyCommand({ KeyId }))
  await client.send(new kms.PutKeyPolicyCommand({ KeyId, Policy: policy.Policy }))
  assert.deepEqual((await client.send(new kms.ListKeyPoliciesCommand({ KeyId }))).PolicyNames, ['default'])

  const second = (await client.send(new kms.CreateKeyCommand({}))).KeyMetadata!
  await client.send(new kms.UpdateAliasCommand({ AliasName: 'alias/payroll', TargetKeyId: second.KeyId }))
  const aliases = await client.send(new kms.ListAliasesCommand({ KeyId: second.KeyId }))
  assert.deepEqual(
    aliases.Aliases!.map((alias) => [alias.AliasName, alias.TargetKeyId]),
    [['alias/payroll', second.KeyId]],
  )
  const listed = []
  for await (const page of kms.paginateListKeys({ client, pageSize: 1 }, {})) listed.push(...page.Keys!)
  assert.deepEqual(listed.map((key) => key.KeyId).sort(), [KeyId, second.KeyId].sort())

  await client.send(new kms.DisableKeyCommand({ KeyId }))
  await assert.rejects(
    client.send(new kms.EncryptCommand({ KeyId, Plaintext: Buffer.from('x') })),
    (error: Error) => error instanceof kms.DisabledException && error.message === `${Arn} is disabled.`,
  )
  await client.send(new kms.EnableKeyCommand({ KeyId }))
  const scheduled = await client.send(new kms.ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
  const wait = scheduled.DeletionDate!.getTime() - Date.now()
  assert.ok(Math.abs(wait - 7 * 86_400_000) < 60_000, `the wait is 7 days, got ${wait} ms`)
  await assert.rejects(
    client.send(new kms.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' })),
    kms.KMSInvalidStateException,
  )
  await client.send(new kms.CancelKeyDeletionCommand({ KeyId }))
  assert.equal((await client.send(new kms.DescribeKeyCommand({ KeyId }))).KeyMetadata!.KeyState, 'Disabled')
  await client.send(new kms.DeleteAliasCommand({ AliasName: 'alias/payroll' }))
})

test('envelope encryption of a large text under an encryption context', async () => {
  const { KeyId } = (await client.send(new kms.CreateKeyCommand({}))).KeyMetadata!
  const EncryptionContext = { tenant: 't-17', ünï: 'çödé' }
  const message = randomBytes(1 << 20)
  const dataKey = await client.send(new kms.GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }))
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', dataKey.Plaintext!, iv)
  const sealed = Buffer.concat([cipher.update(message), cipher.final()])

  const opened = await client.send(
    new kms.DecryptCommand({ CiphertextBlob: dataKey.CiphertextBlob, EncryptionContext }),
  )
  assert.deepEqual(opened.Plaintext, dataKey.Plaintext)
  assert.equal(opened.KeyMaterialId, dataKey.KeyMaterialId)
  const decipher = createDecipheriv('aes-256-gcm', opened.Plaintext!, iv).setAuthTag(cipher.getAuthTag())
  assert.ok(Buffer.concat([decipher.update(sealed), decipher.final()]).equals(message))

  await assert.rejects(
    client.send(
      new kms.DecryptCommand({ CiphertextBlob: dataKey.CiphertextBlob, EncryptionContext: { tenant: 't-18' } }),
    ),
    kms.InvalidCiphertextException,
  )
  const moved = await client.send(
    new kms.ReEncryptCommand({
      CiphertextBlob: dataKey.CiphertextBlob,
      SourceEncryptionContext: EncryptionContext,
      DestinationKeyId: KeyId,
      DestinationEncryptionContext: { tenant: 't-18' },
    }),
  )
  const again = await client.send(
    new kms.DecryptCommand({ CiphertextBlob: moved.CiphertextBlob, EncryptionContext: { tenant: 't-18' } }),
  )
  assert.deepEqual(again.Plaintext, dataKey.Plaintext)
})

test('encrypt, data keys without plaintext, random bytes, dry runs', async () => {
  const { KeyId } = (await client.send(new kms.CreateKeyCommand({}))).KeyMetadata!
  const Plaintext = randomBytes(4096)
  const { CiphertextBlob } = await client.send(new kms.EncryptCommand({ KeyId, Plaintext }))
  assert.deepEqual(Buffer.from((await client.send(new kms.DecryptCommand({ CiphertextBlob }))).Plaintext!), Plaintext)
  const hidden = await client.send(new kms.GenerateDataKeyWithoutPlaintextCommand({ KeyId, NumberOfBytes: 64 }))
  const shown = await client.send(new kms.DecryptCommand({ CiphertextBlob: hidden.CiphertextBlob }))
  assert.equal(shown.Plaintext!.length, 64)
  assert.equal((await client.send(new kms.GenerateRandomCommand({ NumberOfBytes: 1024 }))).Plaintext!.length, 1024)
  await assert.rejects(
    client.send(new kms.EncryptCommand({ KeyId, Plaintext, DryRun: true })),
    kms.DryRunOperationException,
  )
})

test('a custom key store that does not exist is not found', async () => {
  await assert.rejects(client.send(new kms.ConnectCustomKeyStoreCommand({ CustomKeyStoreId: 'cks-1' })), {
    name: 'CustomKeyStoreNotFoundException',
  })
})

test('a wrong secret and an unknown access key are refused', async () => {
  const { accessKeyId } = readCredentials(folder.path)
  for (const [credentials, name] of [
    [{ accessKeyId, secretAccessKey: 'wrong' }, 'InvalidSignatureException'],
    [{ accessKeyId: 'AKIAAAAAAAAAAAAAAAAA', secretAccessKey: 'wrong' }, 'UnrecognizedClientException'],
  ] as const) {
    const stranger = new kms.KMSClient({ endpoint: keyhold.endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 })
    await assert.rejects(stranger.send(new kms.ListKeysCommand({})), { name })
    stranger.destroy()
  }
})

test('any Region is a namespace of its own', async () => {
  const credentials = readCredentials(folder.path)
  const elsewhere = new kms.KMSClient({ endpoint: keyhold.endpoint, region: 'ap-southeast-2', credentials })
  assert.deepEqual((await elsewhere.send(new kms.ListKeysCommand({}))).Keys, [])
  elsewhere.destroy()
})
