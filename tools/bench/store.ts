/** A store of a million keys against one whose keys in use are few, and a key of a thousand materials against one of one. */
import { statSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { DecryptCommand } from '@aws-sdk/client-kms'
import { dataFolder } from '../../src/start/data-folder.ts'
import { type CompareOptions, type Comparison, compare, type LoadClient, startLoadClient } from './compare.ts'
import { fillWithKeys, fillWithMaterials, type SealedMessage } from './filled-folder.ts'
import { type RunningKeyhold, startOnFolder, temporaryData } from './keyhold-server.ts'
import { placement, processTree, residentMiB } from './processes.ts'
import { createRequestSigner, toBytes } from './signed-requests.ts'

export interface StoreSizes {
  readonly keys: number
  readonly hotKeys: number
  readonly materials: number
}

export interface ManyKeysFigure {
  readonly keys: number
  readonly hotKeys: number
  readonly fillSeconds: number
  readonly storeMiB: number
  /** From the start of the process to its `listening on` line. */
  readonly startMs: number
  /** All processes of the server together. */
  readonly idleMiB: number
  readonly busyMiB: number
  /** Decrypt on `hotKeys` keys against Decrypt on {@link FEW_KEYS}. */
  readonly comparison: Comparison
}

export const FEW_KEYS = 10
const SETTLE_MS = 1_000

export async function measureManyKeys(
  folder: string,
  { keys, hotKeys }: StoreSizes,
  options: CompareOptions,
): Promise<ManyKeysFigure> {
  const data = temporaryData(folder)
  const cores = placement(1)
  const client = startLoadClient(cores.client)
  let server: RunningKeyhold | undefined
  try {
    const before = performance.now()
    const messages = await fillWithKeys(data.path, keys, hotKeys)
    const fillSeconds = (performance.now() - before) / 1000
    const storeMiB = statSync(dataFolder(data.path).store).size / 2 ** 20
    server = await startOnFolder(data.path, { workers: 1, core: cores.server })
    const { startMs } = server
    await sleep(SETTLE_MS)
    const idleMiB = memoryOf(server)
    const comparison = await compareDecrypt(client, server, messages.slice(0, FEW_KEYS), messages, options)
    return { keys, hotKeys, fillSeconds, storeMiB, startMs, idleMiB, busyMiB: memoryOf(server), comparison }
  } finally {
    await client.stop()
    await server?.stop()
    data.remove()
  }
}

/** Decrypt of messages of all materials of a key, against those of one of them. */
export async function measureManyMaterials(
  folder: string,
  { materials }: StoreSizes,
  options: CompareOptions,
): Promise<Comparison> {
  const data = temporaryData(folder)
  const cores = placement(1)
  const client = startLoadClient(cores.client)
  let server: RunningKeyhold | undefined
  try {
    const messages = await fillWithMaterials(data.path, materials)
    server = await startOnFolder(data.path, { workers: 1, core: cores.server })
    return await compareDecrypt(client, server, messages.slice(0, 1), messages, options)
  } finally {
    await client.stop()
    await server?.stop()
    data.remove()
  }
}

/** Both sides send as many requests in turn, so that what the client does is the same. */
async function compareDecrypt(
  client: LoadClient,
  server: RunningKeyhold,
  few: readonly SealedMessage[],
  many: readonly SealedMessage[],
  options: CompareOptions,
): Promise<Comparison> {
  const sides = []
  for (const messages of [few, many]) {
    sides.push({ server, requests: await decryptRequests(server, messages, many.length) })
  }
  return compare(client, sides[0]!, sides[1]!, options)
}

async function decryptRequests(
  server: RunningKeyhold,
  messages: readonly SealedMessage[],
  count: number,
): Promise<Uint8Array[]> {
  const sign = createRequestSigner(server.client())
  const requests: Uint8Array[] = []
  for (let index = 0; index < count; index++) {
    const { blob } = messages[index % messages.length]!
    requests.push(toBytes(await sign(new DecryptCommand({ CiphertextBlob: blob }))))
  }
  return requests
}

function memoryOf({ pid }: RunningKeyhold): number {
  return processTree(pid).reduce((sum, member) => sum + (residentMiB(member) ?? 0), 0)
}
