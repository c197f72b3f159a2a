/** A KMS key of another Keyhold as root key (design.md section 4). */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import * as kms from '@aws-sdk/client-kms'
import { type Keyhold, startKeyhold } from '../../src/index.ts'
import { changeRootKey } from '../../src/start/change-root-key.ts'
import { openRootKeyAgain } from '../../src/start/root-key.ts'
import type { RootKeyChoice } from '../../src/start/root-key-choice.ts'
import { inFolder } from '../../src/start/store-place.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'
import { newFolder, open, start, use } from '../support/root-key-folder.ts'

const REGION = 'eu-west-1'
const AS_IT_IS: RootKeyChoice = { provider: undefined, passphrase: undefined }
const NOWHERE = 'http://127.0.0.1:1'

const shared = temporaryFolder('kms')
const credentialsFile = join(shared.path, 'credentials')
let other: Keyhold
let client: kms.KMSClient

before(async () => {
  other = await startKeyhold({ region: REGION })
  client = new kms.KMSClient({ endpoint: other.endpoint, region: REGION, credentials: other.credentials })
  writeFileSync(credentialsFile, '[default]\naws_access_key_id = test\naws_secret_access_key = test\n')
})

after(async () => {
  client.destroy()
  await other.stop()
  shared.remove()
})

const newKey = async () => (await client.send(new kms.CreateKeyCommand({}))).KeyMetadata!.Arn!

const choiceOf = (keyArn: string | undefined, endpoint: string | undefined = other.endpoint): RootKeyChoice => ({
  provider: keyArn === undefined ? undefined : 'kms',
  passphrase: undefined,
  kms: { keyArn, endpoint, credentialsFile },
})

test('from the first start on; afterwards the folder knows its key', async (context) => {
  const folder = newFolder(context)
  const keyArn = await newKey()
  await start(folder, choiceOf(keyArn))
  await use(folder, choiceOf(keyArn))
  await use(folder, choiceOf(undefined, undefined))
  await assert.rejects(start(folder, choiceOf(await newKey())), /the data folder is under arn:aws:kms:/)
  await assert.rejects(start(folder, { ...AS_IT_IS, provider: 'file' }), /was made with --root-key kms, not file/)
  assert.ok(!readFileSync(folder.rootKeyParameters, 'utf8').includes('aws_secret_access_key'))
})

test('what is wrapped opens for this installation and this domain key alone', async (context) => {
  const keyArn = await newKey()
  const folders = [newFolder(context), newFolder(context)]
  for (const folder of folders) await start(folder, choiceOf(keyArn))
  const [node, neighbour] = await Promise.all(folders.map((folder) => open(folder, choiceOf(keyArn))))
  assert.notEqual(node!.rootKey.id, neighbour!.rootKey.id)
  const aad = Buffer.from('aad')
  const wrapped = await node!.rootKey.wrap(Buffer.from('secret'), aad)
  assert.equal(String(await node!.rootKey.unwrap(wrapped, aad)), 'secret')
  await assert.rejects(node!.rootKey.unwrap(wrapped, Buffer.from('other')), /InvalidCiphertextException/)
  await assert.rejects(neighbour!.rootKey.unwrap(wrapped, aad), /InvalidCiphertextException/)
  // The encryption context that the documentation promises, by a client of AWS's.
  const { installation } = JSON.parse(readFileSync(folders[0]!.rootKeyParameters, 'utf8'))
  await assert.rejects(client.send(new kms.DecryptCommand({ CiphertextBlob: wrapped.subarray(1) })))
  const EncryptionContext = {
    'keyhold:installation': installation,
    // printf aad | sha256sum
    'keyhold:purpose': 'd0128e296de3da59e3848674f0699d139fa9eafa654b8bdac7c388e10aca33ba',
  }
  const opened = await client.send(new kms.DecryptCommand({ CiphertextBlob: wrapped.subarray(1), EncryptionContext }))
  assert.equal(String(Buffer.from(opened.Plaintext!)), 'secret')
  for (const each of [node, neighbour]) await each!.close()
})

test('from a file to a KMS key and back', async (context) => {
  const folder = newFolder(context)
  await start(folder, AS_IT_IS)
  const keyArn = await newKey()
  const node = await open(folder, AS_IT_IS)
  const kmsKey = { keyArn, endpoint: other.endpoint, credentialsFile }
  const { file, id } = await changeRootKey(node, folder, { provider: 'kms', kms: kmsKey })
  await node.close()
  assert.equal(file.path, join(folder.path, `root-key-${id}.json`))
  await use(folder, choiceOf(keyArn))
  const again = await open(folder, choiceOf(undefined, undefined))
  await changeRootKey(again, folder, { provider: 'file' })
  await again.close()
  await use(folder, AS_IT_IS)
})

test('a key that refuses binds nothing to it, and says why', async (context) => {
  const folder = newFolder(context)
  const keyArn = await newKey()
  await client.send(new kms.DisableKeyCommand({ KeyId: keyArn }))
  await assert.rejects(
    start(folder, choiceOf(keyArn)),
    /Cannot use the root key arn:.*DisabledException: .* is disabled/,
  )
  await assert.rejects(start(folder, choiceOf(keyArn, NOWHERE)), /127\.0\.0\.1:1 cannot be reached/)
  await assert.rejects(start(folder, { provider: 'kms', passphrase: undefined }), /needs the ARN of a KMS key/)
  await assert.rejects(
    start(folder, { ...choiceOf(keyArn), provider: undefined }),
    /there is --root-key-arn, but the root key is of the kind file/,
  )
  await start(folder, AS_IT_IS)
  const node = await open(folder, AS_IT_IS)
  const kmsKey = { keyArn, endpoint: other.endpoint, credentialsFile }
  await assert.rejects(changeRootKey(node, folder, { provider: 'kms', kms: kmsKey }), /is disabled/)
  await node.newServiceAccessKey('some.service')
  await node.close()
  await use(folder, AS_IT_IS)
})

test('a store cannot be under a key of its own', async (context) => {
  const folder = newFolder(context)
  const own = await startKeyhold({ region: REGION, data: folder.path })
  const ownClient = new kms.KMSClient({ endpoint: own.endpoint, region: REGION, credentials: own.credentials })
  const keyArn = (await ownClient.send(new kms.CreateKeyCommand({}))).KeyMetadata!.Arn!
  ownClient.destroy()
  const node = await open(folder, AS_IT_IS)
  await assert.rejects(
    changeRootKey(node, folder, { provider: 'kms', kms: { keyArn, endpoint: own.endpoint, credentialsFile } }),
    /is a key of this very server/,
  )
  await node.close()
  await own.stop()
})

test('a KMS that has moved is found where the operator says, if he says it of this key', async (context) => {
  const folder = newFolder(context)
  const keyArn = await newKey()
  await start(folder, choiceOf(keyArn))
  const path = folder.rootKeyParameters
  writeFileSync(path, readFileSync(path, 'utf8').replace(other.endpoint, NOWHERE), { mode: 0o600 })
  await assert.rejects(use(folder, choiceOf(undefined)), /cannot be reached/)
  await use(folder, choiceOf(keyArn))
  // A process of a server whose root key was changed to another KMS key: what was said of the old one is not of the new.
  const node = await open(folder, choiceOf(keyArn))
  const { rootKeyId } = (await node.store.newestDomainKey())!
  const stale = await openRootKeyAgain(folder, choiceOf(await newKey()), inFolder(folder), { rootKeyId })
  await assert.rejects(stale.wrap(Buffer.from('secret'), Buffer.from('aad')), /cannot be reached/)
  await node.close()
})

test('parameters that are cut or altered are refused', async (context) => {
  const folder = newFolder(context)
  await start(folder, choiceOf(await newKey()))
  const path = folder.rootKeyParameters
  const good = JSON.parse(readFileSync(path, 'utf8'))
  for (const changed of [{ keyArn: 'arn:aws:kms:x' }, { endpoint: 'http://example.com' }, { installation: 'short' }]) {
    writeFileSync(path, JSON.stringify({ ...good, ...changed }), { mode: 0o600 })
    await assert.rejects(use(folder, choiceOf(undefined)), /does not hold key, endpoint and installation/)
  }
  writeFileSync(path, JSON.stringify({ ...good, installation: '0'.repeat(32) }), { mode: 0o600 })
  await assert.rejects(use(folder, choiceOf(undefined)), /is not the root key that .*keyhold\.db is under/)
})
