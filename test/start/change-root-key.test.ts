/** A root key that is changed: which one opens the store, what stays behind, and who is refused (design.md section 4). */
import assert from 'node:assert/strict'
import { chmodSync, copyFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { createDomainKey } from '../../src/crypto/domain-key.ts'
import { createRandomSource } from '../../src/crypto/random.ts'
import { changeRootKey } from '../../src/start/change-root-key.ts'
import { type DataFolder, dataFolder } from '../../src/start/data-folder.ts'
import { openOperatorNode } from '../../src/start/operator-node.ts'
import { prepareDataFolder } from '../../src/start/prepare.ts'
import { openRootKeyAgain } from '../../src/start/root-key.ts'
import type { RootKeyChoice } from '../../src/start/root-key-choice.ts'
import { storePlaceOf } from '../../src/start/store-place.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'

const ACCOUNT = '111122223333'
const AS_IT_IS: RootKeyChoice = { provider: undefined, passphrase: undefined }
const PASSPHRASE = 'correct horse battery staple'
const OTHER_PASSPHRASE = 'wrong horse battery staple'

async function start(folder: DataFolder, choice = AS_IT_IS): Promise<void> {
  const what = { ...choice, folder, account: ACCOUNT, region: 'us-east-1', mode: 'server', log: silentLog } as const
  const { lock } = await prepareDataFolder(what)
  lock.release()
}

async function newFolder(context: TestContext): Promise<DataFolder> {
  const { path, remove } = temporaryFolder('root-key')
  context.after(remove)
  const folder = dataFolder(join(path, 'data'))
  await start(folder)
  return folder
}

function open(folder: DataFolder, choice = AS_IT_IS) {
  return openOperatorNode({ ...choice, folder, externalAccounts: 'reject', log: silentLog })
}

async function change(folder: DataFolder, to: Parameters<typeof changeRootKey>[2], choice = AS_IT_IS) {
  const node = await open(folder, choice)
  try {
    return await changeRootKey(node, folder, to)
  } finally {
    await node.close()
  }
}

/** The administrator's secret opens: it is sealed under a domain key. */
async function assertOpens(folder: DataFolder, choice = AS_IT_IS): Promise<void> {
  await start(folder, choice)
  const node = await open(folder, choice)
  await node.newServiceAccessKey('some.service')
  await node.close()
}

const rootKeysIn = ({ path }: DataFolder) => readdirSync(path).filter((name) => name.startsWith('root-key'))

test('from a file to a passphrase, to another passphrase, to a file', async (context) => {
  const folder = await newFolder(context)
  const first = await change(folder, { provider: 'passphrase', passphrase: PASSPHRASE })
  assert.equal(first.file.path, join(folder.path, `root-key-${first.id}.json`))
  assert.equal(first.oldFile?.path, folder.rootKey)
  assert.equal(statSync(first.file.path).mode & 0o777, 0o600)
  rmSync(folder.rootKey)
  await assertOpens(folder, { provider: 'passphrase', passphrase: PASSPHRASE })
  await assert.rejects(start(folder), /the root key needs your passphrase/)
  await assert.rejects(
    start(folder, { provider: undefined, passphrase: OTHER_PASSPHRASE }),
    /the passphrase is not the one/,
  )
  await assert.rejects(
    start(folder, { provider: 'file', passphrase: undefined }),
    /with --root-key passphrase, not file/,
  )

  const second = await change(
    folder,
    { provider: 'passphrase', passphrase: OTHER_PASSPHRASE },
    { ...AS_IT_IS, passphrase: PASSPHRASE },
  )
  await assertOpens(folder, { provider: undefined, passphrase: OTHER_PASSPHRASE })
  await assert.rejects(start(folder, { provider: undefined, passphrase: PASSPHRASE }), /the passphrase is not the one/)

  const third = await change(folder, { provider: 'file' }, { ...AS_IT_IS, passphrase: OTHER_PASSPHRASE })
  for (const { file } of [first, second]) rmSync(file.path)
  assert.deepEqual(rootKeysIn(folder), [`root-key-${third.id}`])
  await assertOpens(folder)
})

test('a passphrase that is too short changes nothing and leaves nothing behind', async (context) => {
  const folder = await newFolder(context)
  await assert.rejects(change(folder, { provider: 'passphrase', passphrase: 'short' }), /fewer than 12 characters/)
  assert.deepEqual(rootKeysIn(folder), ['root-key'])
  await assertOpens(folder)
})

test('of two changes at once one is made, and the other says so and removes its root key', async (context) => {
  const folder = await newFolder(context)
  const nodes = [await open(folder), await open(folder)]
  const changes = await Promise.allSettled(nodes.map((node) => changeRootKey(node, folder, { provider: 'file' })))
  for (const node of nodes) await node.close()
  const [made] = changes.filter(({ status }) => status === 'fulfilled') as PromiseFulfilledResult<{ id: string }>[]
  const [refused, ...others] = changes.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
  assert.match(refused?.reason.message, /somebody else changed the root key meanwhile/)
  assert.deepEqual(others, [])
  assert.deepEqual(rootKeysIn(folder), ['root-key', `root-key-${made!.value.id}`])
  await assertOpens(folder)
})

test('a database that is lost while it commits, and shows the change later, finds its root key', async (context) => {
  const folder = await newFolder(context)
  const node = await open(folder)
  const lost = new Error('the connection was lost before the server said whether it committed')
  let commit: () => Promise<void> = async () => assert.fail('nothing was to be committed')
  const severed: typeof node = {
    ...node,
    change(work) {
      commit = () => node.change(work)
      return node.store.change(async (change) => {
        await work(change, 0)
        throw lost
      })
    },
  }
  await assert.rejects(changeRootKey(severed, folder, { provider: 'file' }), lost)
  await commit()
  await node.close()
  rmSync(folder.rootKey)
  await assertOpens(folder)
})

test('a domain key that comes while the others are wrapped anew is wrapped with them', async (context) => {
  const folder = await newFolder(context)
  const node = await open(folder)
  const late = await createDomainKey(node.rootKey, createRandomSource())
  let attempts = 0
  const { domainKeys } = await changeRootKey(
    {
      ...node,
      async change(work) {
        if (attempts++ === 0) {
          const { id, wrapped } = late
          const key = { id, wrapped, rootKeyId: node.rootKey.id, createdAt: 1 }
          await node.store.change((change) => change.insertDomainKey(key))
        }
        await node.change(work)
      },
    },
    folder,
    { provider: 'file' },
  )
  assert.equal(attempts, 2)
  const present = await node.store.listDomainKeys()
  assert.equal(present.length, domainKeys)
  assert.ok(present.some(({ id }) => id === late.id))
  assert.equal(new Set(present.map(({ rootKeyId }) => rootKeyId)).size, 1)
  await node.close()
  await assertOpens(folder)
})

test('a running node goes on: with what it had unwrapped, and with domain keys that come under the new root key', async (context) => {
  const folder = await newFolder(context)
  const running = await open(folder)
  await running.newServiceAccessKey('before.service')
  await change(folder, { provider: 'file' })
  rmSync(folder.rootKey)
  await running.newServiceAccessKey('after.service')
  // One that was open before the change cannot make another under the old root key.
  await assert.rejects(changeRootKey(running, folder, { provider: 'file' }), /somebody else changed the root key/)
  await running.close()
  await assertOpens(folder)
})

test('a running server that has another passphrase from its variable says that it is wrong, not that there is none', async (context) => {
  const folder = await newFolder(context)
  const { id: rootKeyId } = await change(folder, { provider: 'passphrase', passphrase: PASSPHRASE })
  const choice = { ...AS_IT_IS, passphrase: OTHER_PASSPHRASE }
  const place = storePlaceOf(folder, undefined)
  await assert.rejects(openRootKeyAgain(folder, choice, place, { rootKeyId }), /the passphrase is not the one that/)
})

test('the new root key is refused while others can read it', async (context) => {
  const folder = await newFolder(context)
  const { file } = await change(folder, { provider: 'file' })
  chmodSync(file.path, 0o644)
  await assert.rejects(start(folder), /Others can read the root key .*chmod 600/)
  chmodSync(file.path, 0o600)
  await assertOpens(folder)
})

test('a database and a root key of different times are refused, with the name of the file that fits', async (context) => {
  const folder = await newFolder(context)
  const backup = `${folder.path}-before`
  cpSync(folder.path, backup, { recursive: true })
  const { id, file } = await change(folder, { provider: 'file' })

  // The database of now with the root key of before.
  const newWithOld = dataFolder(`${folder.path}-mixed`)
  cpSync(folder.path, newWithOld.path, { recursive: true })
  rmSync(join(newWithOld.path, `root-key-${id}`))
  await assert.rejects(
    start(newWithOld),
    (error: Error & { hint?: string }) =>
      /root-key is not the root key that .*keyhold\.db is under/.test(error.message) &&
      error.hint!.includes(`the id ${id}`),
  )
  copyFileSync(file.path, join(newWithOld.path, 'root-key'))
  await assertOpens(newWithOld)

  // The database of before with the root key of now, and then with its own.
  const before = dataFolder(backup)
  const own = readFileSync(before.rootKey)
  copyFileSync(file.path, before.rootKey)
  await assert.rejects(start(before), /root-key is not the root key that .*keyhold\.db is under/)
  rmSync(before.rootKey)
  copyFileSync(file.path, join(before.path, `root-key-${id}`))
  await assert.rejects(start(before), /root-key .*is missing/)
  copyFileSync(folder.rootKey, before.rootKey)
  assert.deepEqual(readFileSync(before.rootKey), own)
  await assertOpens(before)
})

test('what the old root key wrapped is nowhere in the database any more', async (context) => {
  const folder = await newFolder(context)
  const node = await open(folder)
  const old = (await node.store.listDomainKeys()).map(({ wrapped }) => wrapped)
  const find = () => {
    const files = [folder.store, `${folder.store}-wal`].filter((path) => existsSync(path))
    const bytes = files.map((path) => readFileSync(path))
    return old.filter((wrapped) => bytes.some((file) => file.includes(wrapped))).length
  }
  assert.equal(find(), old.length)
  await changeRootKey(node, folder, { provider: 'file' })
  assert.equal(find(), 0)
  await node.close()
})
