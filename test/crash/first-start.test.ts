/** The first start makes everything, the next reuse it, and one that was killed at any step is completed by the next. */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { verifyAuditLog } from '../../src/audit/verify.ts'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { createRandomSource } from '../../src/crypto/random.ts'
import { openSecretAccessKey } from '../../src/domain/identity/access-key-secret.ts'
import { newAdministrator } from '../../src/domain/identity/administrator.ts'
import { createDomainKeys } from '../../src/domain/keys/domain-keys.ts'
import { readCredentials, writeCredentials } from '../../src/start/credentials-file.ts'
import { type DataFolder, dataFolder } from '../../src/start/data-folder.ts'
import { type PrepareOptions, prepareDataFolder } from '../../src/start/prepare.ts'
import { openRootKey } from '../../src/start/root-key.ts'
import { inFolder } from '../../src/start/store-place.ts'
import { openSqliteStore } from '../../src/store/sqlite-store.ts'
import { runUntilStep } from './run-until-step.ts'

const root = mkdtempSync(join(tmpdir(), 'keyhold-first-start-'))
after(() => rmSync(root, { recursive: true }))

const newFolder = () => dataFolder(join(mkdtempSync(join(root, 'x-')), 'data'))

const CHOICES = {
  provider: undefined,
  passphrase: undefined,
  account: undefined,
  region: 'eu-central-1',
  mode: 'server',
  log: silentLog,
} as const

async function prepare(folder: DataFolder, choices: Partial<PrepareOptions> = {}) {
  const prepared = await prepareDataFolder({ ...CHOICES, ...choices, folder })
  prepared.lock.release()
  return prepared
}

/** The administrator in the store is the one in the file, secret included. */
async function assertComplete(folder: DataFolder): Promise<void> {
  const store = await openSqliteStore({ path: folder.store, node: 'test', clock: systemClock })
  try {
    const inFile = readCredentials(folder.credentials)!
    assert.deepEqual(await store.listAccounts(), [inFile.account])
    const credential = await store.findCredential(inFile.accessKeyId)
    assert.equal(credential?.user?.userName, 'administrator')
    const rootKey = await openRootKey(folder, CHOICES, inFolder(folder), await store.newestDomainKey())
    const domainKeys = createDomainKeys(store, rootKey, systemClock, createRandomSource())
    assert.equal((await openSecretAccessKey(domainKeys, credential!)).toString(), inFile.secretAccessKey)
  } finally {
    await store.close()
  }
}

test('the first start makes folder, root key, store, account and administrator, for the owner only', async () => {
  const folder = newFolder()
  const { account, isFirstStart } = await prepare(folder)
  assert.match(account!, /^[1-9]\d{11}$/)
  assert.equal(isFirstStart, true)
  assert.equal(statSync(folder.path).mode & 0o777, 0o700)
  for (const name of readdirSync(folder.path)) {
    const { mode } = statSync(join(folder.path, name))
    assert.equal(mode & 0o077, 0, `${name} is closed to others`)
  }
  await assertComplete(folder)
})

test('the next start changes nothing', async () => {
  const folder = newFolder()
  const first = await prepare(folder)
  const files = () => [folder.credentials, folder.rootKey].map((path) => readFileSync(path, 'hex'))
  const before = files()
  const second = await prepare(folder)
  assert.equal(second.account, first.account)
  assert.equal(second.isFirstStart, false)
  assert.deepEqual(files(), before)
  await assertComplete(folder)
})

test('credentials that their owner moved away are not made again', async () => {
  const folder = newFolder()
  await prepare(folder)
  rmSync(folder.credentials)
  await prepare(folder)
  assert.equal(readCredentials(folder.credentials), undefined)
})

test('credentials that somebody puts into a folder with an account get nobody in', async () => {
  const folder = newFolder()
  const { account } = await prepare(folder)
  const forged = newAdministrator(account, createRandomSource())
  writeCredentials(folder.credentials, forged, 'eu-central-1')
  await prepare(folder)
  const store = await openSqliteStore({ path: folder.store, node: 'test', clock: systemClock })
  assert.equal(await store.findCredential(forged.accessKeyId), undefined)
  await store.close()
})

test('the account can be chosen once', async () => {
  const folder = newFolder()
  assert.equal((await prepare(folder, { account: '000000000012' })).account, '000000000012')
  assert.equal((await prepare(folder, { account: '000000000012' })).account, '000000000012')
  await assert.rejects(prepare(folder, { account: '111122223333' }), /was made for account 000000000012/)
})

test('development mode keeps out of the folder of a server', async () => {
  const folder = newFolder()
  await prepare(folder)
  await assert.rejects(prepare(folder, { mode: 'development' }), /development mode would let anybody use its keys/)
})

test('a folder of development mode stays one when a seed gave it users, and is closed to a server then', async () => {
  const folder = newFolder()
  await prepare(folder, { mode: 'development' })
  const store = await openSqliteStore({ path: folder.store, node: 'test', clock: systemClock })
  await store.change((change) => change.insertAccount('111122223333', 0))
  await store.close()
  await prepare(folder, { mode: 'development' })
  await assert.rejects(prepare(folder), /belongs to 'keyhold dev', which let everybody use what is in it/)
})

test('a folder of development mode without users becomes that of the server that is started on it', async () => {
  const folder = newFolder()
  await prepare(folder, { mode: 'development' })
  await prepare(folder)
  await assert.rejects(prepare(folder, { mode: 'development' }), /development mode would let anybody use its keys/)
})

test('with several accounts the one of the administrator is shown, and any of them may be named', async () => {
  const folder = newFolder()
  await prepare(folder, { account: '444455556666' })
  const store = await openSqliteStore({ path: folder.store, node: 'test', clock: systemClock })
  await store.change((change) => change.insertAccount('111122223333', 0))
  await store.close()
  assert.equal((await prepare(folder)).account, '444455556666')
  assert.equal((await prepare(folder, { account: '111122223333' })).account, '111122223333')
  await assert.rejects(prepare(folder, { account: '777788889999' }), /was made for account 111122223333, 444455556666/)
})

test('a missing root key is not replaced once something was sealed under it', async () => {
  const folder = newFolder()
  await prepare(folder)
  rmSync(folder.rootKey)
  await assert.rejects(prepare(folder), /root-key .*is missing, and this data folder was made with it/)
  assert.ok(!readdirSync(folder.path).includes('root-key'))
})

test('the root key of another folder is refused', async () => {
  const [folder, other] = [newFolder(), newFolder()]
  await prepare(folder)
  await prepare(other)
  rmSync(folder.rootKey)
  writeFileSync(folder.rootKey, readFileSync(other.rootKey), { mode: 0o600 })
  await assert.rejects(prepare(folder), /is not the root key that/)
})

test('a passphrase must be the same at every start, and the provider stays', async () => {
  const folder = newFolder()
  const choice = { provider: 'passphrase', passphrase: 'correct horse battery staple' } as const
  const { account } = await prepare(folder, choice)
  assert.equal((await prepare(folder, { ...choice, provider: undefined })).account, account)
  await assert.rejects(
    prepare(folder, { ...choice, passphrase: 'correct horse battery stable' }),
    /the passphrase is not/,
  )
  await assert.rejects(prepare(folder, { provider: 'file' }), /was made with --root-key passphrase, not file/)
  await assert.rejects(prepare(folder), /the root key needs your passphrase/)
  assert.equal(statSync(folder.rootKeyParameters).mode & 0o777, 0o600)
  rmSync(folder.rootKeyParameters)
  await assert.rejects(prepare(folder, choice), /is missing, and this data folder was made with it/)
})

const SOURCE = join(import.meta.dirname, '..', '..', 'src')

/** A first start in a process that kills itself before its step `dieAt`. @returns the number of steps if it got to the end. */
async function startAndDie(folder: DataFolder, dieAt: number): Promise<number | undefined> {
  const code = `
    import { prepareDataFolder } from ${JSON.stringify(join(SOURCE, 'start', 'prepare.ts'))}
    import { silentLog } from ${JSON.stringify(join(SOURCE, 'base', 'log.ts'))}
    await prepareDataFolder({ ...${JSON.stringify({ ...CHOICES, log: undefined, folder })}, log: silentLog })`
  return runUntilStep(code, dieAt)
}

test('killed before any of its steps, a first start is completed by the next', {
  timeout: 600_000,
}, async (context) => {
  const steps = await startAndDie(newFolder(), Number.POSITIVE_INFINITY)
  assert.ok(steps! > 20, 'the steps are counted')
  let next = 1
  const work = async () => {
    for (let dieAt = next++; dieAt <= steps!; dieAt = next++) {
      const folder = newFolder()
      assert.equal(await startAndDie(folder, dieAt), undefined, `step ${dieAt} is reached`)
      const written = readIfWritten(folder)
      await prepare(folder)
      await assertComplete(folder)
      assert.deepEqual((await verifyAuditLog(folder.audit)).problems, [], `step ${dieAt}`)
      // Credentials that a person may have seen already stay the ones that work.
      if (written !== undefined) assert.equal(readFileSync(folder.credentials, 'utf8'), written, `step ${dieAt}`)
      assert.deepEqual(
        readdirSync(folder.path).filter((name) => name.endsWith('.new')),
        [],
        `step ${dieAt}`,
      )
    }
  }
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work))
  context.diagnostic(`${steps} steps`)
})

function readIfWritten(folder: DataFolder): string | undefined {
  try {
    return readFileSync(folder.credentials, 'utf8')
  } catch {
    return undefined
  }
}
