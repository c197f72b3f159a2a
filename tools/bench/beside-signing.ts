/** How long Decrypt takes at half load while slow cryptography runs, against the same load alone. */
import { setTimeout as sleep } from 'node:timers/promises'
import { GenerateDataKeyPairCommand, SignCommand } from '@aws-sdk/client-kms'
import { type CompareOptions, measure, type Spread, spread, startLoadClient } from './compare.ts'
import { createKey, type KeyholdServer, startKeyholdServer } from './keyhold-server.ts'
import { placement } from './processes.ts'
import { toBytes } from './signed-requests.ts'
import { requestsOf, WORKLOADS } from './workloads.ts'

export interface BesideSigningFigure {
  /** Half of what the closed loop found; requests are due at this rate. */
  readonly requestsPerSecond: number
  readonly aloneP99Ms: number
  readonly besideP99Ms: number
  /** p99 beside signing over p99 alone. */
  readonly ratio: Spread
  /** Signatures and key pairs meanwhile. */
  readonly slowPerSecond: number
  /** How server and clients shared the cores. */
  readonly described: string
}

/** Signatures and key pairs in turn. */
const SLOW_CONNECTIONS = 4
const SLOW_REQUESTS = 64
/** The slow work runs from before the measured load until after it. */
const SLOW_LEAD_MS = 300
const ROUNDS_SHARE = 0.6

export async function measureBesideSigning(folder: string, options: CompareOptions): Promise<BesideSigningFigure> {
  const cores = placement(1)
  const server = await startKeyholdServer({ folder, workers: 1, core: cores.server })
  const [client, slowClient] = [startLoadClient(cores.client), startLoadClient(cores.client)]
  const { connections, seconds, rounds, warmUpSeconds } = options
  try {
    const decrypt = WORKLOADS.find(({ name }) => name === 'decrypt')!
    const requests = (await requestsOf(decrypt, server, options.distinctRequests)).map(toBytes)
    const slowRequests = await requestsOfSlowWork(server)
    await measure(client, { server, requests }, connections, warmUpSeconds)
    const full = await measure(client, { server, requests }, connections, seconds)
    const requestsPerSecond = full.requestsPerSecond / 2
    const order = { port: server.port, connections, seconds, requests, requestsPerSecond }
    const slowOrder = {
      port: server.port,
      connections: SLOW_CONNECTIONS,
      seconds: seconds + (2 * SLOW_LEAD_MS) / 1000,
      requests: slowRequests,
    }
    const alone: number[] = []
    const beside: number[] = []
    const slow: number[] = []
    for (let round = 0; round < Math.ceil(rounds * ROUNDS_SHARE); round++) {
      alone.push((await client.run(order)).p99Ms)
      const slowRun = slowClient.run(slowOrder)
      await sleep(SLOW_LEAD_MS)
      const [fast, { requestsPerSecond: rate }] = await Promise.all([client.run(order), slowRun])
      beside.push(fast.p99Ms)
      slow.push(rate)
    }
    return {
      requestsPerSecond,
      aloneP99Ms: spread(alone).median,
      besideP99Ms: spread(beside).median,
      ratio: spread(beside.map((p99, round) => p99 / alone[round]!)),
      slowPerSecond: spread(slow).median,
      described: cores.described,
    }
  } finally {
    await client.stop()
    await slowClient.stop()
    await server.stop()
  }
}

/** RSA_4096 signatures and RSA_2048 key pairs in turn. */
async function requestsOfSlowWork(server: KeyholdServer): Promise<Uint8Array[]> {
  const signingKey = await createKey(server.client(), { KeySpec: 'RSA_4096', KeyUsage: 'SIGN_VERIFY' })
  const command = (KeyId: string, _client: unknown, index: number) =>
    index % 2 === 0
      ? new SignCommand({ KeyId: signingKey, Message: Buffer.from(`${index}`), SigningAlgorithm: 'RSASSA_PSS_SHA_256' })
      : new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec: 'RSA_2048', EncryptionContext: { pair: `${index}` } })
  return (await requestsOf({ command }, server, SLOW_REQUESTS)).map(toBytes)
}
