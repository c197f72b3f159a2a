/** AWS managed keys as the AWS SDK meets them. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as kms from '@aws-sdk/client-kms'
import { type KeyholdProcess, startKeyholdProcess } from '../support/keyhold-process.ts'

let keyhold: KeyholdProcess
let client: kms.KMSClient
before(async () => {
  keyhold = await startKeyholdProcess(['dev', '--port', '0'])
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  client = new kms.KMSClient({ endpoint: keyhold.endpoint, region: 'eu-west-1', credentials, maxAttempts: 1 })
})
after(async () => {
  client.destroy()
  await keyhold.end()
})

async function aliases(): Promise<kms.AliasListEntry[]> {
  const all: kms.AliasListEntry[] = []
  for await (const page of kms.paginateListAliases({ client, pageSize: 7 }, {})) all.push(...page.Aliases!)
  return all
}

test('an alias without a key, its key on first use, and what may not be done with it', async () => {
  const before = (await aliases()).find(({ AliasName }) => AliasName === 'alias/aws/s3')!
  assert.deepEqual([before.TargetKeyId, before.CreationDate], [undefined, undefined])

  const { KeyMetadata } = await client.send(new kms.DescribeKeyCommand({ KeyId: before.AliasArn }))
  const { KeyId, KeyManager, KeyState } = KeyMetadata!
  assert.deepEqual([KeyManager, KeyState], ['AWS', 'Enabled'])
  const after = (await aliases()).find(({ AliasName }) => AliasName === 'alias/aws/s3')!
  assert.equal(after.TargetKeyId, KeyId)
  assert.ok(after.CreationDate instanceof Date)

  await assert.rejects(client.send(new kms.ScheduleKeyDeletionCommand({ KeyId })), { name: 'AccessDeniedException' })
  await assert.rejects(client.send(new kms.EncryptCommand({ KeyId, Plaintext: Buffer.from('x') })), {
    name: 'AccessDeniedException',
  })
})
