/** A node for development: in memory or on a folder of its own, seeded, letting everybody in. */

import type { Log } from '../base/log.ts'
import { type ClockControl, createMovableClock } from '../base/movable-clock.ts'
import { NITRO_ENCLAVES_ROOT } from '../crypto/attestation/nitro-root.ts'
import { operationsOf } from '../operations/index.ts'
import { createFaults, type Faults } from '../pipeline/faults.ts'
import { applySeed } from '../seed/apply-seed.ts'
import type { Seed } from '../seed/seed.ts'
import type { Address } from '../service.ts'
import { dataFolder } from './data-folder.ts'
import { type NodeOptions, type OpenNode, openDurableNode, openMemoryNode } from './node.ts'
import { prepareDataFolder } from './prepare.ts'
import type { ServiceSettings } from './service-settings.ts'

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
  /** PEM of roots that are trusted besides AWS's. */
  readonly attestationRoots: string | undefined
  readonly settings?: ServiceSettings | undefined
  readonly grantPropagationDelayMs?: number | undefined
  readonly log: Log
}

export interface DevelopmentNode {
  listen(address: Address): Promise<Address>
  readonly clock: ClockControl
  readonly faults: Faults
  stop(): Promise<void>
}

export async function openDevelopmentNode(options: DevelopmentOptions): Promise<DevelopmentNode> {
  const { data, seed, log, region, account = DEVELOPMENT_ACCOUNT } = options
  const attestationRoots = options.attestationRoots && NITRO_ENCLAVES_ROOT + options.attestationRoots
  const movableClock = createMovableClock()
  const faults = createFaults(Object.values(operationsOf).flatMap((ofService) => [...ofService.keys()]))
  const choice = {
    node: NODE,
    authentication: 'development',
    attestationRoots,
    ...options.settings,
    // What is tried here may name whomever it will meet elsewhere.
    externalAccounts: options.settings?.externalAccounts ?? 'accept',
    grantPropagationDelayMs: options.grantPropagationDelayMs,
    log,
    movableClock,
    faults,
  } as const
  const { release, ...node } = data === undefined ? await inMemory(choice) : await onFolder(data, region, choice)
  const { service, store } = node
  const stop = async () => {
    // Calls that wait on purpose do not hold up the end.
    faults.clear()
    await service.stop()
    await release()
  }
  try {
    const { keyMaterials, domainKeys, random } = service
    const { externalAccounts } = choice
    const services = { store, keyMaterials, domainKeys, random, clock: movableClock, externalAccounts }
    if (seed !== undefined) await applySeed(services, seed, { account, region })
    return { listen: (address) => service.listen(address), clock: service.clockControl!, faults, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

interface HeldNode extends OpenNode {
  release(): Promise<void>
}

async function inMemory(options: NodeOptions): Promise<HeldNode> {
  return { ...(await openMemoryNode(options)), async release() {} }
}

async function onFolder(path: string, region: string, options: NodeOptions): Promise<HeldNode> {
  const choice = { provider: undefined, passphrase: undefined }
  const folder = dataFolder(path)
  const { lock, checkpoints } = await prepareDataFolder({
    ...choice,
    folder,
    account: undefined,
    region,
    mode: 'development',
    log: options.log,
  })
  const release = async () => {
    await checkpoints.close()
    lock.release()
  }
  try {
    return { ...(await openDurableNode(path, choice, options)), release }
  } catch (error) {
    await release()
    throw error
  }
}
