/** A node for development: in memory or on a folder of its own, seeded, letting everybody in. */

import { systemClock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { applySeed } from '../seed/apply-seed.ts'
import type { Seed } from '../seed/seed.ts'
import type { Address } from '../service.ts'
import { dataFolder } from './data-folder.ts'
import { type OpenNode, openDurableNode, openMemoryNode } from './node.ts'
import { prepareDataFolder } from './prepare.ts'

/** LocalStack's account for credentials that name none. */
export const DEVELOPMENT_ACCOUNT = '000000000000'
const NODE = 'dev'

export interface DevelopmentOptions {
  /** Path of a folder; `undefined`: in memory. */
  readonly data: string | undefined
  readonly seed: Seed | undefined
  /** Of seeded keys that name none. */
  readonly account: string | undefined
  readonly region: string
  readonly log: Log
}

export interface DevelopmentNode {
  listen(address: Address): Promise<Address>
  stop(): Promise<void>
}

export async function openDevelopmentNode(options: DevelopmentOptions): Promise<DevelopmentNode> {
  const { data, seed, log, region, account = DEVELOPMENT_ACCOUNT } = options
  const { release, ...node } = data === undefined ? await inMemory(log) : await onFolder(data, region, log)
  const { service, store } = node
  const stop = async () => {
    await service.stop()
    release()
  }
  try {
    const services = { store, keyMaterials: service.keyMaterials, clock: systemClock }
    if (seed !== undefined) await applySeed(services, seed, { account, region })
    return { listen: (address) => service.listen(address), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

interface HeldNode extends OpenNode {
  release(): void
}

async function inMemory(log: Log): Promise<HeldNode> {
  return { ...(await openMemoryNode({ node: NODE, authentication: 'development', log })), release() {} }
}

async function onFolder(path: string, region: string, log: Log): Promise<HeldNode> {
  const choice = { provider: undefined, passphrase: undefined }
  const folder = dataFolder(path)
  const { lock } = await prepareDataFolder({ ...choice, folder, account: undefined, region, mode: 'development', log })
  try {
    const options = { node: NODE, authentication: 'development', log } as const
    return { ...(await openDurableNode(path, choice, options)), release: lock.release }
  } catch (error) {
    lock.release()
    throw error
  }
}
