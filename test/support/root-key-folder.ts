/** Data folders of tests of root key providers: made, started, and used by a command that needs the root key. */
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { type DataFolder, dataFolder } from '../../src/start/data-folder.ts'
import { openOperatorNode } from '../../src/start/operator-node.ts'
import { prepareDataFolder } from '../../src/start/prepare.ts'
import type { RootKeyChoice } from '../../src/start/root-key-choice.ts'
import { temporaryFolder } from './keyhold-process.ts'

const ACCOUNT = '111122223333'
const REGION = 'eu-west-1'

export function newFolder(context: TestContext): DataFolder {
  const { path, remove } = temporaryFolder('root-key')
  context.after(remove)
  return dataFolder(join(path, 'data'))
}

export async function start(folder: DataFolder, choice: RootKeyChoice): Promise<void> {
  const what = { ...choice, folder, account: ACCOUNT, region: REGION, mode: 'server', log: silentLog } as const
  const { lock } = await prepareDataFolder(what)
  lock.release()
}

export function open(folder: DataFolder, choice: RootKeyChoice): ReturnType<typeof openOperatorNode> {
  return openOperatorNode({ ...choice, folder, externalAccounts: 'reject', log: silentLog })
}

/** Seals, so it has to unwrap a domain key. */
export async function use(folder: DataFolder, choice: RootKeyChoice): Promise<void> {
  const node = await open(folder, choice)
  try {
    await node.newServiceAccessKey('some.service')
  } finally {
    await node.close()
  }
}
