/** Whose data folder it is, and whether all of it is there. */
import assert from 'node:assert/strict'
import { cpSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { OperatorError } from '../../src/config/operator-error.ts'
import { dataFolder, requireAuditFolder, requireDataFolder, requireOwner } from '../../src/start/data-folder.ts'
import { openOperatorNode } from '../../src/start/operator-node.ts'
import { prepareDataFolder } from '../../src/start/prepare.ts'
import { temporaryFolder } from '../support/keyhold-process.ts'

const ACCOUNT = '111122223333'
const CHOICE = { provider: undefined, passphrase: undefined } as const

async function start(path: string): Promise<void> {
  const what = { ...CHOICE, folder: dataFolder(path), account: ACCOUNT, region: 'us-east-1' }
  const { lock } = await prepareDataFolder({ ...what, mode: 'server', log: silentLog })
  lock.release()
}

/** The audit log has a record then. */
async function call(path: string): Promise<void> {
  const node = await openOperatorNode({
    ...CHOICE,
    folder: dataFolder(path),
    externalAccounts: 'reject',
    log: silentLog,
  })
  await node.iam(ACCOUNT, 'ListUsers', {})
  await node.close()
}

test('a command of another user is refused, because the server could not read what it writes', async (context) => {
  const folder = temporaryFolder('owner')
  context.after(() => folder.remove())
  await start(folder.path)
  const { uid } = statSync(join(folder.path, 'keyhold.db'))
  requireOwner(dataFolder(folder.path), uid)
  assert.throws(
    () => requireOwner(dataFolder(folder.path), uid + 1),
    (error) => error instanceof OperatorError && error.hint!.includes(`sudo -u '#${uid}'`),
  )
})

test('a folder whose database is gone is not taken for a new one once the audit log tells of calls', async (context) => {
  const folder = temporaryFolder('lost')
  context.after(() => folder.remove())
  await start(folder.path)
  rmSync(join(folder.path, 'keyhold.db'))
  // A first start that a crash interrupted: its credentials are there, and nobody has called yet.
  await start(folder.path)
  await call(folder.path)
  await start(folder.path)
  rmSync(join(folder.path, 'keyhold.db'))
  for (const attempt of [1, 2]) {
    await assert.rejects(start(folder.path), /the database was lost/, `attempt ${attempt}`)
  }
})

test('a copy of the audit log alone is enough for those who only read it', async (context) => {
  const folder = temporaryFolder('copied')
  context.after(() => folder.remove())
  const original = join(folder.path, 'original')
  await start(original)
  await call(original)
  const copy = join(folder.path, 'copy')
  cpSync(join(original, 'audit'), join(copy, 'audit'), { recursive: true })
  requireAuditFolder(dataFolder(copy))
  assert.throws(() => requireDataFolder(dataFolder(copy)), /there is no Keyhold data/)
})
